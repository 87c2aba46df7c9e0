#!/usr/bin/env python3
"""Measures the language server on a file of 200 nodes, and makes 100,000 random edits.

    python3 Tests/Editors/load.py .build/release/nnexp [EDITS]

`make test-editors` does so. Each answer must take less processor time than `nnexp validate` of the
same file, measured in the same run: about 15 ms on a machine of 2024, twice that on a busy one.
Other processes, which delay answers, do not count. The server must be alive and right after the edits.
"""

import pathlib
import random
import resource
import subprocess
import sys
import time

from client import Client

ROOT = pathlib.Path(__file__).resolve().parents[2]
NNEXP = str(pathlib.Path(sys.argv[1]).resolve())
EDITS = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
EXPERIMENTS = ROOT / "experiments"
URI = f"file://{EXPERIMENTS}/load.yaml"


def large(count):
    layers = "".join(
        f"  - {{type: dense, units: 8, name: layer_{i}, inputs: layer_{i - 1}}}\n"
        if i else "  - {type: dense, units: 8, name: layer_0}\n" for i in range(count - 1))
    return (
        "data: {csv: {path: data/iris.csv, targets: species}, scale: standardize}\nmodel:\n"
        + layers + "  - {type: dense, units: 3}\nloss: cross_entropy\ntrain: {epochs: 1}\n")


def validated(text, count=10):
    """The milliseconds of the processor that `nnexp validate` of a file takes."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    file = EXPERIMENTS / "load.yaml"
    try:
        file.write_text(text)
        before = used()
        for _ in range(count):
            subprocess.run([NNEXP, "validate", file], check=True, stdout=subprocess.DEVNULL)
        return (used() - before) / count * 1e3
    finally:
        file.unlink()


def measure(head=""):
    """Measures a file that begins with `head`."""
    text = head + large(200)
    most = validated(text)
    print(f"{'nnexp validate':<36}{most:6.1f} ms")
    client = Client([NNEXP, "lsp"], EXPERIMENTS)
    first = head.count("\n")
    assert client.open(URI, text) == []
    document = {"uri": URI}
    middle = {"line": first + 100, "character": 12}
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 999, "character": 0}}
    hints = client.request("textDocument/inlayHint", {"textDocument": document, "range": whole})
    assert len(hints) == 200, len(hints)

    def used():
        # A copy of the server's process loads plugins.
        own = client.process.pid
        children = pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return sum(
            int((task / "schedstat").read_text().split()[0])
            for process in (own, *children)
            for task in pathlib.Path(f"/proc/{process}/task").iterdir()) / 1e6

    def timed(name, make):
        before, count = used(), 40
        for k in range(count):
            make(k)
        mean = (used() - before) / count
        print(f"{name:<36}{mean:6.1f} ms")
        assert mean < most, f"{name} takes {mean} ms, and nnexp validate {most} ms"

    def edit(k):
        # The units of a layer, typed anew.
        line = first + 100
        client.change(URI, (line, 25), (line, 26), str(k % 8 + 1))

    def no_error(found):
        assert found == [], found

    def at(method):
        return lambda k: client.request(
            f"textDocument/{method}", {"textDocument": document, "position": middle})

    timed("hover", at("hover"))
    timed("completion", at("completion"))
    timed("definition", at("definition"))
    timed("an edit, then its errors", lambda k: (edit(k), no_error(client.checked(URI))))
    timed("an edit, then hover", lambda k: (edit(k), at("hover")(k)))
    timed("an edit, then completion", lambda k: (edit(k), at("completion")(k)))
    timed("an edit, then inlay hints", lambda k: (edit(k), client.request(
        "textDocument/inlayHint", {"textDocument": document, "range": whole})))
    assert client.close() == 0


PIECES = [
    "", "", "", "\n", "  ", "- ", "{", "}", "[", "]", ": ", ", ", "type: dense", "units: 4", "\"",
    "'", "#", "𝕏", "∂", "inputs: [a]", "1e999", ".inf", "&a ", "*a", "|\n", "\t", "loss: ", "csv: ",
    "model:\n  - ", "expect: {", "scale: log", "\r\n", "null", "name: a",
]


def edits():
    client = Client([NNEXP, "lsp"], EXPERIMENTS)
    generator = random.Random(1)
    sources = [(EXPERIMENTS / f"{name}.yaml").read_text() for name in ("xor", "iris", "cars", "spirals")]
    start = time.monotonic()
    for k in range(EDITS):
        if k % 200 == 0:
            client.open(URI, generator.choice(sources))
        line, character = generator.randrange(40), generator.randrange(80)
        end = line + generator.choice([0, 0, 0, 1]), character + generator.randrange(6)
        client.change(URI, (line, character), end, generator.choice(PIECES))
        if k % 10 == 0:
            position = {"line": generator.randrange(40), "character": generator.randrange(60)}
            method = generator.choice(["hover", "completion", "definition"])
            client.request(f"textDocument/{method}", {
                "textDocument": {"uri": URI}, "position": position})
        if k % 40 == 0:
            for method in ("inlayHint", "codeAction"):
                client.request(f"textDocument/{method}", {"textDocument": {"uri": URI}, "range": {
                    "start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}},
                    "context": {"diagnostics": []}})
    assert client.open(URI, sources[1]) == []
    status = pathlib.Path(f"/proc/{client.process.pid}/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(f"{EDITS} edits in {time.monotonic() - start:.0f} s; {int(peak) / 1024:.0f} MB at most")
    assert client.close() == 0


measure()
print("with a plugin:")
measure("plugins: [../plugins/Swish.c]\n")
edits()
