#!/usr/bin/env python3
"""Writes the man pages: `python3 Packaging/man.py NNEXP FOLDER`; `make man` does so.

The texts are those of the program: a page per command from its help, and nnexp-experiment(5) from
`nnexp help TOPIC`.
"""

import json
import pathlib
import subprocess
import sys

NNEXP, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])


def output(*words):
    return subprocess.run([NNEXP, *words], capture_output=True, text=True, check=True).stdout


def text(words):
    """Text in which troff recognizes no request and no escape."""
    lines = words.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def option(argument):
    names = [("-" if n["kind"] == "short" else "--") + n["name"] for n in argument.get("names", [])]
    value = f" \\fI{text(argument['valueName'])}\\fR" if argument["kind"] != "flag" else ""
    if not names:
        return f"\\fI{text(argument['valueName'])}\\fR"
    return ", ".join(f"\\fB{text(name)}\\fR" for name in names) + value


def page(command, path, version):
    name = "-".join(path)
    shown = [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]
    lines = [
        f'.TH "{name.upper()}" 1 "" "nnexp {version}" "nnexp"', ".SH NAME",
        f"{text(name)} \\- {text(command['abstract']).rstrip('.')}", ".SH SYNOPSIS",
        f"\\fB{text(' '.join(path))}\\fR",
    ]
    for argument in shown:
        use = option(argument)
        if argument.get("isRepeating"):
            use += " ..."
        lines.append(f"[{use}]" if argument.get("isOptional") else use)
    if command.get("subcommands"):
        lines.append("\\fIcommand\\fR")
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", ".nf", text(command["discussion"]), ".fi"]
    if shown:
        lines.append(".SH OPTIONS")
    for argument in shown:
        meaning = argument.get("abstract", "")
        if argument.get("defaultValue"):
            meaning += f" (default: {argument['defaultValue']})"
        lines += [".TP", option(argument), text(meaning)]
    inner = [c for c in command.get("subcommands", []) if c.get("shouldDisplay", True) and c["commandName"] != "help"]
    if inner:
        lines.append(".SH COMMANDS")
        for c in inner:
            lines += [".TP", f"\\fB{text(c['commandName'])}\\fR", text(c["abstract"])]
    lines += [".SH SEE ALSO"]
    others = ["nnexp-experiment(5)"] + (["nnexp(1)"] if len(path) > 1 else [f"nnexp-{c['commandName']}(1)" for c in inner])
    lines.append(text(", ".join(others)))
    write(name, 1, lines)
    for c in inner:
        page(c, path + [c["commandName"]], version)


def experiment(version):
    lines = [
        f'.TH "NNEXP-EXPERIMENT" 5 "" "nnexp {version}" "nnexp"', ".SH NAME",
        "nnexp\\-experiment \\- the keys of an experiment file", ".SH DESCRIPTION",
        "An experiment is a YAML file (the core schema of YAML 1.2). It declares data, a graph of",
        "layers, a loss and the settings of training. Unknown keys are errors. \\fBnnexp types\\fR",
        "lists the layers and other types with their own keys.",
    ]
    topics = [line.split()[0] for line in output("help", "topics").splitlines() if line.startswith("  ")]
    for topic in topics:
        lines += [f'.SH "{topic.upper()}"', ".nf", text(output("help", topic).rstrip()), ".fi"]
    lines += [".SH SEE ALSO", text("nnexp(1), nnexp-types(1), nnexp-validate(1)")]
    write("nnexp-experiment", 5, lines)


def write(name, section, lines):
    (FOLDER / f"{name}.{section}").write_text("\n".join(lines) + "\n")


FOLDER.mkdir(parents=True, exist_ok=True)
version = output("--version").strip()
page(json.loads(output("--experimental-dump-help"))["command"], ["nnexp"], version)
experiment(version)
print(f"{len(list(FOLDER.iterdir()))} man pages in {FOLDER}")
