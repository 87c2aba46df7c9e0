#!/usr/bin/env python3
"""Runs the commands that the documents show, and compares what they print.

    Tests/Documents/run_documents.py NNEXP [DOCUMENT…]

Without documents: README.md, plugins/README.md and each page of the guide.
CONTRIBUTING.md lists the conventions for the blocks. Needs only Python's standard library.
"""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "Sources" / "nnexp" / "Documentation.docc"
TIME_LIMIT = 300  # seconds per block

NAMED_BY_COMMENT = re.compile(r"(?:#|//) ([\w./-]+\.\w+)")
NAMED_BY_INFO = re.compile(r"[\w./-]+\.\w+")

# Durations and memory sizes differ from run to run; columns are padded to the widest number.
VARIABLE = [
    (re.compile(r"\d+(\.\d+)? (ms|s|min|h)\b"), "# s"),
    (re.compile(r"\d+(\.\d+)? (bytes|[kMG]B)\b"), "# MB"),
    (re.compile(r"[ \t]+"), " "),
]


class Failed(Exception):
    """The reason that a document fails, as the last lines of its report."""


@dataclass
class Block:
    """A fenced block: ```language words…"""

    line: int
    language: str
    words: list
    text: str

    @property
    def file(self):
        """The file that the block shows, and its contents; None if it shows no file."""
        first, _, rest = self.text.partition("\n")
        if named := NAMED_BY_COMMENT.fullmatch(first):
            return named[1], rest
        names = [word for word in self.words if NAMED_BY_INFO.fullmatch(word)]
        return (names[0], self.text) if names else None

    @property
    def exit_code(self):
        """2 for ```sh exits 2."""
        return int(self.words[1]) if self.words[:1] == ["exits"] else 0


def blocks(document):
    """The fenced blocks of a document, except those that are only shown."""
    found, block = [], None
    for number, line in enumerate(document.read_text().splitlines(), 1):
        fence = re.match(r"( *)```(.*)", line)
        if block is None and fence:
            indent, info = len(fence[1]), fence[2].split() or [""]
            block = Block(number, info[0], info[1:], "")
        elif fence:
            if "no-run" not in block.words:
                found.append(block)
            block = None
        elif block is not None:
            block.text += line[indent:] + "\n"
    return found


def normalized(output, folder):
    output = output.replace(f"{folder}/", "")
    for pattern, replacement in VARIABLE:
        output = pattern.sub(replacement, output)
    return [line.rstrip() for line in output.rstrip("\n").split("\n")]


def agree(shown, printed):
    """Whether the printed lines are those shown: … is any lines, or any part of a line."""
    pattern = ""
    for line in shown:
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += "[^\n]*".join(map(re.escape, line.split("…"))) + "\n"
    return re.fullmatch(pattern, "\n".join(printed) + "\n") is not None


def run(block, folder, environment):
    """Runs one block of commands; returns what it printed."""
    try:
        process = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise Failed(f"still running after {TIME_LIMIT} s:\n{block.text}") from None
    printed = process.stdout.decode(errors="replace")
    if process.returncode != block.exit_code:
        raise Failed(
            f"exit code {process.returncode}, expected {block.exit_code}:\n{block.text}{printed}")
    return printed


def compare(block, printed, folder):
    shown, printed = normalized(block.text, folder), normalized(printed, folder)
    if not agree(shown, printed):
        difference = difflib.unified_diff(shown, printed, "shown", "printed", lineterm="")
        raise Failed("the output differs from what the document shows:\n" + "\n".join(difference))


def follow(document, nnexp):
    """Does what a document says, in a folder of its own; returns the number of blocks run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        for shipped in ("experiments", "plugins"):
            shutil.copytree(ROOT / shipped, folder / shipped)
        environment = os.environ | {
            "PATH": f"{nnexp.parent}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(folder / ".cache"),
        }
        count, printed = 0, None
        for block in blocks(document):
            try:
                if block.language == "sh":
                    printed = run(block, folder, environment)
                    count += 1
                    continue
                if block.language in ("console", "text") and printed is not None:
                    compare(block, printed, folder)
                elif block.file:
                    path, contents = block.file
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_text(contents)
                printed = None
            except Failed as reason:
                raise Failed(f"{os.path.relpath(document)}:{block.line}: {reason}") from None
        return count


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    nnexp = pathlib.Path(sys.argv[1]).resolve()
    documents = [pathlib.Path(path).resolve() for path in sys.argv[2:]]
    if not documents:
        documents = [ROOT / "README.md", ROOT / "plugins" / "README.md", *sorted(GUIDE.rglob("*.md"))]
    failures = 0
    for document in documents:
        start = time.monotonic()
        try:
            count = follow(document, nnexp)
            seconds = time.monotonic() - start
            print(f"{seconds:6.1f} s  {count:2} blocks  {os.path.relpath(document)}")
        except Failed as reason:
            print(reason)
            failures += 1
    if failures:
        sys.exit(f"{failures} of {len(documents)} documents failed")


if __name__ == "__main__":
    main()
