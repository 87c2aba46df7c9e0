"""Writes the fixtures in Tests/References/datasets.

    python3 Tests/References/datasets_fixtures.py

Array files are written by NumPy, CSV texts are read by Python's csv module,
scaling and SHA-256 figures come from NumPy and hashlib. The output does not
change from run to run, but for the versions that it notes.
"""

import base64
import csv
import gzip
import hashlib
import io
import json
import math
import pathlib
import random
import struct
import sys
from fractions import Fraction

import numpy as np

OUT = pathlib.Path(__file__).parent / "datasets"
OUT.mkdir(parents=True, exist_ok=True)


def numbers(array):
    return [float(x) for x in np.asarray(array, dtype=np.float64).reshape(len(array), -1).ravel()]


def bytes_of(write):
    buffer = io.BytesIO()
    write(buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def npy():
    """Every dtype, both byte orders, both memory orders, all three versions."""
    cases = []
    rng = np.random.default_rng(7)
    for kind in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
        for order in "<>":
            for memory in "CF":
                for shape in [(5,), (4, 3), (3, 2, 2), (2, 3, 1, 2)]:
                    if kind[0] == "f":
                        array = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 3, size=shape)
                    elif kind == "b1":
                        array = rng.integers(0, 2, size=shape)
                    else:
                        info = np.iinfo(kind)
                        array = rng.integers(
                            info.min, info.max, size=shape, dtype=kind, endpoint=True)
                        array.flat[0] = info.max
                        array.flat[-1] = info.min
                    array = np.asarray(array.astype(order + kind), order=memory)
                    cases.append({
                        "name": f"{order}{kind} {memory} {list(shape)}",
                        "shape": list(shape),
                        "bytes": bytes_of(lambda f: np.lib.format.write_array(f, array)),
                        "values": numbers(array),
                    })
    array = np.arange(12, dtype="<f4").reshape(4, 3)
    for version in [(1, 0), (2, 0), (3, 0)]:
        cases.append({
            "name": f"version {version}",
            "shape": [4, 3],
            "bytes": bytes_of(lambda f: np.lib.format.write_array(f, array, version=version)),
            "values": numbers(array),
        })
    return cases


def npz():
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    y = np.array([0, 1, 1, 0], dtype=np.int64)
    big = np.tile(np.arange(10, dtype=np.float64), (70, 4))
    return [
        {"name": name, "bytes": bytes_of(lambda f: save(f, **arrays)),
         "values": numbers(arrays["inputs"]), "targets": numbers(arrays["targets"])}
        for name, save, arrays in [
            ("stored", np.savez, {"inputs": x, "targets": y}),
            ("deflated", np.savez_compressed, {"inputs": x, "targets": y}),
            ("large", np.savez_compressed,
             {"other": x, "inputs": big, "targets": np.arange(70) % 7}),
        ]
    ]


def idx():
    cases = []
    rng = np.random.default_rng(8)
    types = [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
    for code, dtype in types:
        for shape in [(6,), (3, 2, 2)]:
            array = (rng.normal(size=shape) * 40).astype(dtype)
            raw = (struct.pack(">HBB", 0, code, len(shape))
                   + struct.pack(f">{len(shape)}I", *shape) + array.tobytes())
            middle = len(raw) // 2
            for suffix, data in [
                ("", raw),
                (".gz", gzip.compress(raw, mtime=0)),
                (".gz in two members",
                 gzip.compress(raw[:middle], mtime=0) + gzip.compress(raw[middle:], mtime=0)),
            ]:
                cases.append({
                    "name": f"{dtype} {list(shape)}{suffix}", "shape": list(shape),
                    "bytes": base64.b64encode(data).decode(), "values": numbers(array)})
    return cases


def csv_texts():
    """Tables that csv.writer wrote and csv.reader read back."""
    cases = []
    rng = random.Random(9)
    pieces = ["a", "b", "ö", "日本", " ", "\t", ",", ";", '"', "\n", "\r\n", "'", "x y", "|", "1"]
    for seed in range(200):
        delimiter = rng.choice([",", ";", "\t", "|"])
        ending = rng.choice(["\n", "\r\n", "\r"])
        # The writer leaves a line feed bare where lines end in a carriage return.
        quoting = csv.QUOTE_ALL if ending == "\r" else rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
        columns = rng.randint(1, 5)
        rows = [[f"c{i}" for i in range(columns)]]
        for _ in range(rng.randint(1, 6)):
            # An x first, so that no field is a number or empty.
            rows.append(["x" + "".join(rng.choices(pieces, k=rng.randint(0, 6)))
                         for _ in range(columns)])
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=quoting).writerows(rows)
        text = text.getvalue()
        if rng.random() < 0.3:
            text = text[: -len(ending)]
        if rng.random() < 0.3:
            text = "\ufeff" + text
        # In quotes a lone CR is kept; outside it ends a line, as "\n" does.
        back = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter))
        assert back == rows, (text, back, rows)
        cases.append({"text": text, "delimiter": delimiter, "rows": rows})
    return cases


def decimals():
    """Decimal texts of every length and size, with the float64 that float() reads."""
    rng = random.Random(10)
    texts = ["0", "-0", "+1", "1.", ".5", "00012", "1e0", "1E+5", "9007199254740993",
             "9007199254740992", "1e22", "1e23", "123456789012345678901234567890",
             "0.000000000000000000000000000000000000001", "4.9e-324", "2.4703282292062327e-324",
             "1.7976931348623157e308", "2.2250738585072011e-308", "1e-400", "0e999",
             "0.1", "0.30000000000000004", "1e-5", "123e-22", "123e-23",
             "9007199254740991e22", "8.41e21", "6.02214076e23"]
    for _ in range(700):
        digits = "".join(rng.choices("0123456789", k=rng.randint(1, 24)))
        point = rng.randint(0, len(digits))
        text = rng.choice(["", "-", "+"]) + digits[:point] + rng.choice(["", "."]) + digits[point:]
        if rng.random() < 0.5:
            text += rng.choice("eE") + rng.choice(["", "+", "-"]) + str(rng.randint(0, 40))
        texts.append(text)
    for _ in range(200):
        texts.append(repr(struct.unpack("<d", struct.pack("<Q", rng.getrandbits(62)))[0]))
    return [{"text": t, "bits": str(struct.unpack("<Q", struct.pack("<d", float(t)))[0])}
            for t in texts]


def scaling():
    """Columns of every size, scaled in exact arithmetic; NumPy itself where it suffices."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(40, 6)) * np.array([1, 1e-8, 1e6, 1e-150, 3, 1e150])
    x += np.array([0, 5, 1.7e9, 0, -1000, 0])
    standardized = np.empty_like(x)
    for i in range(x.shape[1]):
        column = [Fraction(float(v)) for v in x[:, i]]
        mean = sum(column) / len(column)
        variance = sum((v - mean) ** 2 for v in column) / len(column)
        for row, v in enumerate(column):
            square = (v - mean) ** 2 / variance
            standardized[row, i] = math.copysign(math.sqrt(square), v - mean)
    plain = [0, 4]
    assert np.allclose(
        ((x - x.mean(axis=0)) / x.std(axis=0))[:, plain], standardized[:, plain], rtol=1e-12)
    low, high = x.min(axis=0), x.max(axis=0)
    return {
        "x": numbers(x), "width": 6,
        "standardize": numbers(standardized),
        "min_max": numbers((x - low) / (high - low)),
    }


def hashes():
    rng = random.Random(12)
    lengths = list(range(0, 130)) + [1000, 4096, 65_537]
    return [{"length": n, "sha256": hashlib.sha256(bytes(i * 7 % 251 for i in range(n))).hexdigest()}
            for n in lengths]


for name, cases in [
    ("npy", npy()), ("npz", npz()), ("idx", idx()), ("csv", csv_texts()), ("decimals", decimals()),
    ("scaling", scaling()), ("sha256", hashes()),
]:
    text = json.dumps(
        {"python": sys.version.split()[0], "numpy": np.__version__, "cases": cases},
        separators=(",", ":"))
    (OUT / f"{name}.json").write_text(text + "\n")
    print(f"{name}.json: {len(text)} bytes")
