#!/usr/bin/env python3
"""Writes json.json: the results of Python's json module for texts and strings.

    python3 Tests/References/json_reference.py > Tests/References/json.json

Made with Python 3.11. Hooks restrict Python to RFC 7493 (I-JSON): no NaN or
Infinity, no duplicate keys, no unpaired surrogates, no numbers beyond float64.
Each text is written as hexadecimal bytes, because some are not UTF-8.
"""

import json
import math
import random

ACCEPTED = r"""
null
true
false
0
-0
-0.0
1
-1
12345678901234567
9223372036854775807
9223372036854775808
-9223372036854775808
-9223372036854775809
123456789012345678901234567890
0.1
1.0
1e5
1E5
1e+5
1e-5
1.5e300
5e-324
2.2250738585072011e-308
1.7976931348623157e308
1e-400
0e999
0.30000000000000004
9007199254740993
""
"a"
"é€😀"
"\u0041\u00e9\u20ac\ud83d\ude00"
"\"\\\/\b\f\n\r\t"
"\u0000\u001f\u007f"
"a\u2028b"
[]
[ ]
[1]
[1, "two", null, true, [3.5, {}]]
{}
{"": 1}
{"a": {"b": {"c": [1, 2, {"d": null}]}}}
{"b": 1, "a": 2}
 [ 1 , 2 ] 
[[[[[[[[[[]]]]]]]]]]
"""

REJECTED = r"""
nul
nulll
True
NaN
Infinity
-Infinity
+1
01
-01
00
.5
5.
1.e5
1e
1e+
-
--1
0x10
1_000
1e999
-1e999
'a'
"a
"\x41"
"\u12"
"\u12G4"
"\ud83d"
"\ude00"
"\ud83d\u0041"
"\ude00\ude00"
"\ude00\ud83d"
"\ud83dx"
"\
[
]
[1
[1,
[1,]
[,1]
[1 2]
[1,,2]
{
{"a"
{"a":
{"a":1
{"a":1,
{"a":1,}
{"a" 1}
{"a":1 "b":2}
{a:1}
{1:2}
{"a":1,"a":2}
{"a":1,"\u0061":2}
1 2
[] []
// comment
[1] # comment
[1/**/]
"""

ACCEPTED_BYTES = [b"\t\r\n 1 \t\r\n", b'{\n"a"\n:\n1\n}']
REJECTED_BYTES = [
    b"", b" ", b"\xef\xbb\xbf1", b'"\x01"', b'"\n"', b'"\t"', b'"\x00"', b"\x0b1", b"\xc2\xa01",
    b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b"\x00", b"1\x00",
]


def strict(data):
    text = data.decode("utf-8")

    def members(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("duplicate key")
        return {"object": [[key, value] for key, value in pairs]}

    def number(text):
        value = float(text)
        if not math.isfinite(value):
            raise ValueError("beyond float64")
        return {"number": value.hex()}

    def integer(text):
        value = int(text)
        if -(2**63) <= value < 2**63 and text != "-0":
            return {"int": str(value)}
        return number(text)

    def constant(text):
        raise ValueError(text)

    value = json.loads(
        text, object_pairs_hook=members, parse_float=number, parse_int=integer,
        parse_constant=constant)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # unpaired surrogates fail here
    return value


def outcome(data):
    try:
        return {"bytes": data.hex(), "accepted": True, "value": strict(data)}
    except (ValueError, RecursionError):
        return {"bytes": data.hex(), "accepted": False}


def main():
    accepted = [line.encode() for line in ACCEPTED.split("\n")[1:-1]] + ACCEPTED_BYTES
    rejected = [line.encode() for line in REJECTED.split("\n")[1:-1]] + REJECTED_BYTES
    cases = [outcome(data) for data in accepted + rejected]
    assert [case["accepted"] for case in cases] == [True] * len(accepted) + [False] * len(rejected)

    # Valid texts with one byte changed, removed or inserted; Python decides whether they are valid.
    draw = random.Random(7)
    seeds = [data for data in accepted if len(data) > 3]
    for _ in range(600):
        data = bytearray(draw.choice(seeds))
        at = draw.randrange(len(data))
        byte = draw.choice(b'[]{}",:\\u0e-+. \n\x01\xc3n1')
        match draw.randrange(3):
            case 0: data[at] = byte
            case 1: del data[at]
            case 2: data.insert(at, byte)
        cases.append(outcome(bytes(data)))

    strings = ["", "plain", "é€😀", "\u2028\u2029", "\x7f\x80\x9f", '"quoted" \\ back/slash']
    strings += [chr(code) for code in range(0x20)]
    quoted = [[text.encode().hex(), json.dumps(text, ensure_ascii=False).encode().hex()] for text in strings]
    print("{")
    print('"texts": [')
    print(",\n".join(json.dumps(case) for case in cases))
    print('],\n"strings": ' + json.dumps(quoted) + "\n}")


main()
