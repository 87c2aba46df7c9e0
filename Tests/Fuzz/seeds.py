#!/usr/bin/env python3
"""Makes the seeds that fuzzing starts from: `python3 Tests/Fuzz/seeds.py`.

Small inputs, one per feature of the format, from the standard library only.
YAML's are cases of every kind of event, scalar style, anchor and indentation;
those that nnexp refuses on purpose are among them.
"""
import gzip, io, json, pathlib, struct, zipfile, zlib

HERE = pathlib.Path(__file__).resolve().parent / "Seeds"


def put(target, name, content):
    folder = HERE / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def events(*messages):
    """An event file; see Sources/Tracking/EventFile.swift."""
    def masked(data):
        value = 0xFFFFFFFF
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        value ^= 0xFFFFFFFF
        return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    file = b""
    for message in messages:
        length = struct.pack("<Q", len(message))
        file += length + masked(length) + message + masked(message)
    return file


VERSION = b"\x09" + struct.pack("<d", 1) + b"\x1a\x0dbrain.Event:2"
ROW = b"\x09" + struct.pack("<d", 2) + b"\x10\x01\x2a\x0a\x0a\x08\x0a\x01a\x15\0\0\x80\x3f"
put("events", "whole", events(VERSION, ROW))
put("events", "message", ROW)
put("events", "cut", events(VERSION, ROW)[:-3])
put("events", "long", struct.pack("<Q", 2**63) + b"\0" * 12)

YAML = {
    "plain": "a: b\n",
    "single": "a: 'b ''c'''\n",
    "double": 'a: "\\x41\\u00e9\\n\\\n  b"\n',
    "literal": "a: |\n  b\n   c\n\nd: |-\n  e\nf: |+\n  g\n\n",
    "folded": "a: >\n  b\n  c\n\n  d\ne: >2-\n    f\n",
    "multiline-plain": "a: b\n  c\n d: e\n",
    "flow": "a: [1, {b: c, d}, [], {}, ]\n",
    "flow-lines": "a: [\n  1,\n  2 ]\nb: {c: d,\n    e: f}\n",
    "block-sequence": "- a\n-\n  - b\n  - c\n- - d\n",
    "sequence-in-map": "a:\n- b\n- c\nd:\n  - e\n",
    "explicit-key": "? a\n: b\n? [c]\n: d\n",
    "empty-values": "a:\nb: ~\nc: null\n",
    "documents": "---\na: b\n...\n---\nc: d\n",
    "directive": "%YAML 1.2\n---\na: b\n",
    "tag-directive": "%TAG ! tag:example.org,2000:\n---\na: !b c\n",
    "tag": "a: !!python/object:os.system b\n",
    "anchor": "a: &x [1, 2]\nb: *x\nc: &y {d: *x}\ne: *y\n",
    "alias-undefined": "a: *x\n",
    "alias-self": "a: &x [*x]\n",
    "alias-bomb": "a: &a [0,0]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n",
    "merge": "a: &x {b: 1}\nc:\n  <<: *x\n",
    "duplicate": "a: 1\na: 2\n",
    "comment": "# one\na: b # two\n#three\n",
    "tab": "a:\n\tb: c\n",
    "indentation": "a:\n    b:\n     c: d\n  e: f\n",
    "numbers": "[1, -0, +1, 010, 0x1F, 0o17, 1e-3, .5, 5., 1_000, .inf, -.Inf, .nan, 1e999]\n",
    "booleans": "[true, True, TRUE, yes, no, on, off, y]\n",
    "bom": b"\xef\xbb\xbfa: b\n",
    "utf16": "a: b\n".encode("utf-16"),
    "crlf": "a: b\r\nc: d\r\n",
    "nel": "a: b\u0085c: d\u2028e: f\n",
    "controls": b"a: \x00\x07\xff\n",
    "empty": "",
    "nested": "[" * 80 + "]" * 80 + "\n",
}
for name, text in YAML.items():
    put("yaml", name, text)

put("experiment", "inline", """name: xor
seed: 7
dtype: float64
data:
  inline: {inputs: [[0, 0], [1, 1]], targets: [[0], [1]]}
model:
  - {type: dense, units: 2, name: hidden}
  - sigmoid
loss: {type: squared_error, reduction: mean}
train: {optimizer: {type: adam}, epochs: 5, clip: {norm: 1}, early_stopping: {patience: 3}}
gradient_check: {at: [start, end]}
expect: {train_loss: "< 0.01", gradient_check: pass}
""")
put("experiment", "images", """data:
  idx: {inputs: x.idx, targets: y.idx}
  split: {validation: 0.2}
model:
  - {type: convolution, channels: 2, kernel: [3, 3]}
  - {type: lp_pooling, p: 3, window: [2, 2], stride: [2, 2]}
  - flatten
  - {type: dense, units: 10, frozen: true}
loss: cross_entropy
metrics: [accuracy]
train: {epochs: 2, batch_size: 64, schedule: {type: step, every: 1}, sampling: random}
""")

put("overrides", "values", "train.epochs=5\nmodel.hidden.units=4\nmodel.0.units=3\n+seed=7\n")
put("overrides", "flow", 'train={epochs: 3}\n+expect.train_loss="< 1"\nmodel=[sigmoid]\n')
put("overrides", "mistakes", "=\n+\na\na.b=1\nmodel.9=1\ntrain..epochs=1\nname='x\n")

for name, text in {
    "header": "\x00a,b,c\n1,2,x\n3,4,y\n",
    "quotes": '\x00"a ""b""","c\nd"\n"1","e,f"\n',
    "no-header": "\x041,2\n3,4\n",
    "semicolons": "\x01a;b\r\n1;2\r\n",
    "tabs": "\x02a\tb\n1\t2",
    "bars": "\x03a|b\n1|2\n",
    "old-ends": "\x00a,b\r1,2\r",
    "bom": b"\x00\xef\xbb\xbfa,b\n1,2\n",
    "ragged": "\x00a,b\n1\n",
    "unclosed": '\x00a\n"1\n',
    "not-finite": "\x00a\nnan\n1e999\n-inf\n",
    "numbers": "\x00a\n1e-3\n+.5\n-0\n123456789012345678901234567890\n4.9e-324\n",
    "blank": "\x00a\n1\n\n\n",
}.items():
    put("csv", name, text)


def idx(code, axes, body):
    return struct.pack(">BBBB", 0, 0, code, len(axes)) + struct.pack(f">{len(axes)}I", *axes) + body


put("idx", "bytes", idx(0x08, [2, 2], bytes(4)))
put("idx", "floats", idx(0x0D, [2], struct.pack(">2f", 1, float("inf"))))
put("idx", "shorts", idx(0x0B, [1, 3], bytes(6)))
put("idx", "doubles", idx(0x0E, [1], struct.pack(">d", 0.5)))
put("idx", "packed", gzip.compress(idx(0x08, [3], b"abc"), mtime=0))
put("idx", "hidden-overflow", idx(0x08, [0] + [0xFFFFFFFF] * 3, b""))
put("idx", "hollow", idx(0x0D, [0xFFFFFFFF, 0], b""))
put("idx", "huge", idx(0x08, [0xFFFFFFFF] * 4, b""))


def npy(descr, fortran, shape, body, version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + body


put("npy", "floats", npy("<f4", False, "(2, 2)", bytes(16)))
put("npy", "fortran", npy("<f8", True, "(2, 3)", bytes(48)))
put("npy", "big", npy(">i2", False, "(3,)", bytes(6), 2))
put("npy", "halves", npy("<f2", False, "(1, 1, 2)", b"\x00\x7c\x00\x3c", 3))
put("npy", "truths", npy("|b1", False, "(2,)", b"\x00\x01"))
put("npy", "object", npy("|O", False, "(1,)", b"\x80"))
put("npy", "scalar", npy("<f4", False, "()", bytes(4)))
put("npy", "hollow", npy("<f4", False, "(1099511627776, 0)", b""))
put("npy", "huge", npy("<f4", False, "(1099511627776, 1099511627776)", b""))

for name, method in {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED}.items():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for member in ["x.npy", "y.npy"]:
            archive.writestr(
                zipfile.ZipInfo(member), npy("<f4", False, "(2,)", bytes(8)), compress_type=method)
    put("npz", name, stream.getvalue())


def checkpoint(header, body):
    text = json.dumps(header).encode()
    text += b" " * (-(16 + len(text)) % 64)
    start = b"\x89NNX\r\n\x1a\n" + struct.pack("<II", 1, len(text)) + text + body
    return start + struct.pack("<I", zlib.crc32(start))


tensor = {"name": "a.b", "dtype": "float32", "shape": [2], "offset": 0, "bytes": 8}
put("checkpoint", "one", checkpoint({"info": {"epoch": 1}, "tensors": [tensor]}, bytes(8)))
put("checkpoint", "none", checkpoint({"info": {}, "tensors": []}, b""))
put("checkpoint", "kinds", checkpoint({"info": {"x": [None, True, 1e300, "é"]}, "tensors": [
    {"name": kind, "dtype": kind, "shape": [1, 1], "offset": offset, "bytes": size}
    for kind, offset, size in [("uint8", 0, 1), ("int64", 1, 8), ("float64", 9, 8)]]}, bytes(17)))
put("checkpoint", "overflow", checkpoint({"info": {}, "tensors": [
    {**tensor, "shape": [2**62, 4], "bytes": 0}]}, b""))

put("json", "all", '{"a": [1, -0.5e+3, true, false, null, "\\u00e9\\ud83d\\ude00\\n"], "b": {}}')
put("json", "deep", "[" * 100 + "]" * 100)
put("json", "mistakes", '{"a" 1,}')

# Records as nnexp writes them.
HASH = "0123456789abcdef" * 4
FILES = [{"path": "data/x.csv", "sha256": HASH}]
SWEEP = """name: xor
data: {inline: {inputs: [[0, 0], [1, 1]], targets: [[0], [1]]}}
model: [{type: dense, units: 1}]
loss: squared_error
train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 2}
sweep: {grid: {train.epochs: [1, 2]}}
"""
PLAN = {
    "name": "xor", "parameters": ["train.epochs"], "rising": ["train_accuracy"], "files": FILES,
    "trials": [
        {"trial": i, "hash": f"{i:032x}", "configuration": f"{i:032x}", "seed": 0, "values": [f"{i}"]}
        for i in (1, 2)],
}
put("plan", "whole", json.dumps(
    PLAN | {"combinations": [0, 1], "sources": {"arguments": [], "file": SWEEP, "base": None}}))
put("plan", "with-base", json.dumps(
    PLAN | {"combinations": [0, 1], "sources": {
        "arguments": ["train.epochs=1,2"], "file": "base: xor.yaml\n", "base": SWEEP}}))
put("plan", "earlier", json.dumps(PLAN))
put("plan", "path-for-hash", json.dumps(
    PLAN | {"trials": [PLAN["trials"][0] | {"hash": "../../x"}]}))
RUN = {
    "id": HASH[:32], "command": ["nnexp", "run", "xor.yaml"], "experiment": "/home/me/xor.yaml",
    "versions": {"nnexp": "0.1.0", "swift": "6.3"}, "build": HASH[:40], "configuration": HASH,
    "cpu": None, "blas": "OpenBLAS 0.3.26", "isa": "avx2", "threads": 2, "git_commit": None,
    "seed": 7, "data": FILES, "plugins": [], "started": "2025-11-21T04:18:09Z", "resumed": [],
    "finished": "2025-11-21T04:18:10Z", "seconds": 0.25,
}
put("run", "whole", json.dumps(RUN))
put("run", "large-seed", json.dumps(RUN | {"seed": str(2**64 - 1), "seconds": None}))
SUMMARY = {
    "status": "fell_short", "exit_status": 1, "reason": "the loss is nan", "epochs": 10,
    "steps": 40, "final": {"train_loss": 0.25, "validation_loss": None},
    "best": {"train_loss": {"value": 0.2, "epoch": 7}},
    "expectations": [{"name": "train_loss", "bound": "< 0.01", "found": 0.25, "met": False}],
    "parameters": {"total": 11, "trainable": 9, "frozen": 2},
}
put("summary", "whole", json.dumps(SUMMARY))
put("summary", "diverged", json.dumps(SUMMARY | {"final": {"train_loss": "nan"}}))
put("summary", "columns-twice", json.dumps(
    SUMMARY | {"final": {"best_a": 1, "seed": 2}, "best": {"a": {"value": 1, "epoch": 1}}}))
put("job", "whole", json.dumps({
    "job": "1234", "cluster": None, "settled": False,
    "tasks": [{"task": 1, "trials": [f"{1:032x}"]}, {"task": 2, "trials": [f"{2:032x}"]}]}))
put("job", "of-a-cluster", json.dumps({
    "job": "1", "cluster": "east", "settled": True, "tasks": []}))


def safetensors(header, data=b""):
    text = header if isinstance(header, str) else json.dumps(header)
    return struct.pack("<Q", len(text)) + text.encode() + data


def tensor(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


WEIGHT = {"dense.weight": tensor("F32", [1, 2], 0, 8)}
NUMBERS = struct.pack("<2f", 0.5, -1)
put("safetensors", "whole", safetensors(
    {"__metadata__": {"format": "pt"}} | WEIGHT | {"dense.bias": tensor("F64", [1], 8, 16)},
    NUMBERS + struct.pack("<d", 0.25)))
put("safetensors", "half", safetensors(
    {"dense.weight": tensor("F16", [1, 2], 2, 6), "dense.bias": tensor("BF16", [1], 0, 2)},
    b"\0\x3c\0\x3c\x80\x3f"))
put("safetensors", "integers", safetensors({"a": tensor("I64", [1], 0, 8)}, NUMBERS))
put("safetensors", "empty", safetensors({}))
put("safetensors", "no-numbers", safetensors({"a": tensor("F32", [0, 7], 0, 0)}))
put("safetensors", "spaces", safetensors(json.dumps(WEIGHT) + " " * 9, NUMBERS))
put("safetensors", "gap", safetensors(WEIGHT, b"\0" + NUMBERS))
put("safetensors", "overlap", safetensors(
    WEIGHT | {"b": tensor("F32", [1], 4, 8)}, NUMBERS))
put("safetensors", "too-large", safetensors({"a": tensor("F64", [2**31, 2**31], 0, 2**62)}))
put("safetensors", "overflow", safetensors({"a": tensor("F64", [2**62, 2**62], 0, 8)}, NUMBERS))
put("safetensors", "negative", safetensors({"a": tensor("F32", [-1, -2], 0, 8)}, NUMBERS))
put("safetensors", "long-header", struct.pack("<Q", 2**63) + b"{}")


def npz(*arrays, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, descr, shape, data in arrays:
            text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
            text += " " * (63 - (10 + len(text)) % 64) + "\n"
            head = b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()
            archive.writestr(zipfile.ZipInfo(name), head + data)
    return file.getvalue()


put("weights", "whole", npz(
    ("dense.weight.npy", "<f4", "(1, 2)", NUMBERS), ("dense.bias.npy", "<f4", "(1,)", NUMBERS[:4])))
put("weights", "packed", npz(("dense.weight.npy", ">f8", "(1, 2)", b"\0" * 16),
                             method=zipfile.ZIP_DEFLATED))
put("weights", "other-files", npz(("a.txt", "<f4", "(1,)", NUMBERS), ("b.npy", "<i2", "(4,)", NUMBERS)))
put("weights", "scalar", npz(("a.npy", "<f4", "()", NUMBERS[:4])))
put("weights", "too-large", npz(("a.npy", "<f4", "(1099511627776, 1099511627776)", NUMBERS)))

put("graph", "whole", json.dumps({
    "name": "xor", "version": "0.1.0", "precision": "float32", "metadata": [["run", "1"]],
    "inputs": [{"name": "input", "element": "float64", "shape": [2]}],
    "outputs": [{"name": "prediction", "element": "float32", "shape": []}],
    "constants": [{"name": "names", "texts": ["a", "b"]}],
    "operations": [{
        "name": "a", "type": "Cast", "domain": "", "inputs": ["input"], "outputs": ["prediction"],
        "attributes": {
            "to": {"integer": 1}, "b": {"integers": [1, 2]}, "c": {"number": 0.5},
            "d": {"text": "e"}, "f": {"texts": ["g"]}}}]}))


def messages(*values):
    bodies = [json.dumps({"jsonrpc": "2.0", **value}).encode() for value in values]
    return b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies)


LSP_URI = {"uri": "file:///nowhere/a.yaml"}
LSP_START = ({"id": 1, "method": "initialize", "params": {}},
             {"method": "textDocument/didOpen", "params": {"textDocument": {
                 **LSP_URI, "text": "model: [{type: dense, units: 2}, tanh]\nloss: \ntrain: {epochs: 1}\n"}}})
LSP_POSITION = {"textDocument": LSP_URI, "position": {"line": 0, "character": 15}}
for lsp_method in ("hover", "completion", "definition"):
    put("messages", lsp_method, messages(
        *LSP_START, {"id": 2, "method": f"textDocument/{lsp_method}", "params": LSP_POSITION}))
for lsp_method in ("inlayHint", "codeAction"):
    put("messages", lsp_method, messages(*LSP_START, {
        "id": 2, "method": f"textDocument/{lsp_method}", "params": {"textDocument": LSP_URI, "range": {
            "start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}}}))
put("messages", "change", messages(*LSP_START, {
    "method": "textDocument/didChange", "params": {"textDocument": LSP_URI, "contentChanges": [
        {"range": {"start": {"line": 1, "character": 6}, "end": {"line": 1, "character": 6}},
         "text": "\U0001d54f"}, {"text": "a: b\n"}]}}))
put("messages", "end", messages(*LSP_START, {"id": 2, "method": "shutdown"}, {"method": "exit"}))
put("messages", "too-long", b"Content-Length: 99999999999999999999\r\n\r\n{}")
put("messages", "no-length", b"Accept: x\r\n\r\n{}")
put("messages", "not-json", b"Content-Length: 2\r\n\r\n{]")
