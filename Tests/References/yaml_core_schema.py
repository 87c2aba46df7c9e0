"""Plain scalars and their values in YAML 1.2's core schema, to yaml_core_schema.json.

The patterns are those of the specification, YAML 1.2.2 section 10.3.2, word for word; the values
are Python's. Each case is [text, kind, value]: an integer's value is its digits, a float's its
float.hex(), a string's value is the text itself. Integers beyond 64 bits are floats here.

    python3 yaml_core_schema.py        (made with Python 3.11, standard library only)
"""

import json
import pathlib
import random
import re

SCHEMA = [
    ("null", r"null|Null|NULL|~|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+"),
    ("octal", r"0o[0-7]+"),
    ("hexadecimal", r"0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
    ("infinity", r"[-+]?(\.inf|\.Inf|\.INF)"),
    ("nan", r"\.nan|\.NaN|\.NAN"),
]


def integer(value):
    if -(2**63) <= value < 2**63:
        return ["int", str(value)]
    try:
        return ["float", float(value).hex()]
    except OverflowError:
        return ["float", "inf" if value > 0 else "-inf"]


def resolve(text):
    for kind, pattern in SCHEMA:
        if re.fullmatch(pattern, text, re.ASCII):
            break
    else:
        return ["string", text]
    if kind == "null":
        return ["null", ""]
    if kind == "bool":
        return ["bool", text.lower()]
    if kind == "int":
        return integer(int(text))
    if kind == "octal":
        return integer(int(text[2:], 8))
    if kind == "hexadecimal":
        return integer(int(text[2:], 16))
    if kind == "infinity":
        return ["float", "-inf" if text.startswith("-") else "inf"]
    if kind == "nan":
        return ["float", "nan"]
    return ["float", float(text).hex()]


WRITTEN = """
null Null NULL nULL ~ ~~ none None nil true True TRUE tRUE false False FALSE yes Yes no No on off y n
0 -0 +0 00 1 +1 -1 7 08 09 010 0011 -010 +010 1_000 1,000 1'000 0b1 0B1 --1 +-1 1- - + . .. ... -. +.
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
18446744073709551615 18446744073709551616 100000000000000000000000 9007199254740993
0o0 0o7 0o8 0o10 0o 0O7 -0o7 +0o7 0o777777777777777777777 0o1000000000000000000000
0o1777777777777777777777 0o2000000000000000000001 0o7777777777777777777777777
0x0 0x10 0xff 0xFF 0xfF 0x 0X10 0xg -0x10 +0x10 0x7fffffffffffffff 0x8000000000000000
0xffffffffffffffff 0x10000000000000000 0x20000000000001 0x1fffffffffffffffff 0x1000000000000080000001
0x100000000000008 0x1000000000000080000000 0xfffffffffffffbff 0xfffffffffffffc00 0xfffffffffffffc01
1. .5 -.5 +.5 1.5 -1.5 5.e3 .5e3 1e3 1E3 1e+3 1e-3 1e-4 -1e-4 +1e-4 1e 1e+ e3 .e3 1e3.5 1.2.3 1e1e1
1e308 1e309 -1e309 1e999 1e-323 1e-324 1e-999 4.9e-324 2.2250738585072011e-308 0.1 0.30000000000000004
0.1e1 00.5 001.23 -0.0 -0e0 1_0.5 1.5f 0x1p3 0x1.8p1 1d3 inf Inf nan NaN infinity
.inf .Inf .INF .iNF -.inf -.Inf -.INF +.inf +.Inf +.INF .nan .NaN .NAN .nAN -.nan +.nan .infinity .na
12:30 12:30:45 190:20:30 2024-01-01 1/2 50% 1e4x x1 a a.b a-b 1a 0a 0xx 0oo ١٢٣ １２ 1e１
""".split()


def random_texts(seed, count):
    generator = random.Random(seed)
    for _ in range(count):
        alphabet = generator.choice(["0123456789", "01.eE+-", "0x8fFo7.", ".infNaAFI+-", "0123456789.e-"])
        yield "".join(generator.choice(alphabet) for _ in range(generator.randint(1, 22)))


if __name__ == "__main__":
    texts = list(dict.fromkeys([""] + WRITTEN + list(random_texts(7, 1500))))
    lines = [json.dumps([text] + resolve(text), ensure_ascii=False) for text in texts]
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
