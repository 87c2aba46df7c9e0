#!/usr/bin/env python3
"""Writes vector_math.json: functions of one number, to 50 digits and rounded.

    python3 -m venv /tmp/mpmath && /tmp/mpmath/bin/pip install mpmath
    /tmp/mpmath/bin/python Tests/References/vector_math.py > Tests/References/vector_math.json

Each case is [x, y, rest]: x is a number of the precision, y is f(x) rounded to float64 (nearest,
denormals too), rest is f(x) - y, so that errors far below a unit in the last place can be measured.
Infinities and NaN are texts. The numbers are the ends of every range, both sides of where a
function's value or formula changes, and random ones of all sizes.
"""

import json
import math
import random
import struct

import mpmath
from mpmath import mp, mpf

mp.prec = 2400  # e^x - 1 at 5e-324 needs 1,100 bits and more


def float32(x):
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


# Each with its limits at -inf and inf.
FUNCTIONS = {
    "exp": (mpmath.exp, 0.0, math.inf),
    "expm1": (mpmath.expm1, -1.0, math.inf),
    "log": (mpmath.log, math.nan, math.inf),
    "log1p": (mpmath.log1p, math.nan, math.inf),
    "tanh": (mpmath.tanh, -1.0, 1.0),
    "logistic": (lambda x: 1 / (1 + mpmath.exp(-x)), 0.0, 1.0),
    "gelu": (lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2, -0.0, math.inf),
    "geluTanh": (
        lambda x: x / (1 + mpmath.exp(-mpmath.sqrt(8 / mp.pi) * (x + mpf("0.044715") * x**3))),
        -0.0, math.inf),
}


def value(name, x):
    f, low, high = FUNCTIONS[name]
    if math.isnan(x):
        return math.nan, 0.0
    if math.isinf(x):
        return (low if x < 0 else high), 0.0
    if name in ("log", "log1p"):
        u = x if name == "log" else mpf(x) + 1
        if u <= 0:
            return (-math.inf if u == 0 else math.nan), 0.0
    if x == 0 and name in ("expm1", "log1p", "tanh", "gelu", "geluTanh"):
        return x, 0.0
    if name in ("gelu", "geluTanh") and abs(x) > 60:
        return (x if x > 0 else -0.0), 0.0
    if abs(x) > 2000 and name not in ("log", "log1p"):
        return value(name, math.copysign(math.inf, x))
    y = f(mpf(x))
    rounded = float(y)
    if math.isinf(rounded):
        return rounded, 0.0
    return rounded, float(y - mpf(rounded))


def numbers(precision, draw):
    """Numbers of one precision, without repetition, in order."""
    single = precision == "float32"
    bits, code = (23, "<f") if single else (52, "<d")
    least = 2.0 ** (-149) if single else 5e-324
    normal = 2.0 ** (-126) if single else 2.0 ** (-1022)
    largest = float32(3.4028234663852886e38) if single else 1.7976931348623157e308
    edges = [0.0, least, 3 * least, normal - least, normal, 1.5 * normal, largest, math.inf]
    edges += [2.0**-bits, 2.0 ** (-bits - 1), 1.0, 0.625, 22.0, 10.0, 2.0**-30, 1e-7, 1e-10]
    # Where e^x leaves the normal numbers, then all numbers, then underflows.
    edges += (
        [88.0, 88.72283, 88.72284, 87.33654, 87.3366, 103.2789, 103.97207, 103.97209, 104.5]
        if single
        else [709.78, 709.782712893384, 709.7827128933841, 708.3964185322641, 708.4, 744.44,
              745.1332191019411, 745.1332191019412, 746.5]
    )
    edges += [k * math.log(2) / 2 for k in range(1, 6)]
    edges += [math.sqrt(0.5), math.sqrt(2), math.sqrt(2) - 1, 1 - math.sqrt(0.5)]
    around = []
    for x in edges:
        x = float32(x) if single else x
        around.append(x)
        if 0 < x < largest:
            for away in (math.inf, 0.0):
                around.append(float(step(x, away, single)))
    chosen = [s * x for x in around for s in (1, -1)] + [math.nan]
    for _ in range(40):
        size = 2.0 ** draw.uniform(-150 if single else -1074, 128 if single else 1024)
        chosen.append(draw.choice([-1, 1]) * min(size * draw.uniform(0.5, 1), largest))
    for scale in (1, 10, 100 if single else 700):
        chosen += [draw.uniform(-scale, scale) for _ in range(30)]
    if single:
        chosen = [float32(x) for x in chosen]
    seen = {}
    for x in chosen:
        seen.setdefault(struct.pack("<d", x), x)
    return sorted(seen.values(), key=lambda x: (math.isnan(x), x, math.copysign(1, x)))


def step(x, towards, single):
    """The number next to x."""
    if not single:
        return math.nextafter(x, towards)
    n = struct.unpack("<i", struct.pack("<f", x))[0] + (1 if towards > x else -1)
    return struct.unpack("<f", struct.pack("<i", n))[0]


def plain(x):
    return repr(x) if math.isinf(x) or math.isnan(x) else x


EXPONENTS = [0.5, 1 / 3, 0.1, 1.0, 1.5, 2.0, 2.5, 3.0, 10.0, 100.0, 700.3, 1e15, 1e-5, 1e300,
             -0.5, -1.0, -2.7, math.inf, -math.inf, 0.0]


def power(x, p):
    if math.isnan(x) or x < 0:
        return math.nan, 0.0
    if p == 0 or x == 1:
        return 1.0, 0.0
    if x == 0 or math.isinf(x) or math.isinf(p):
        grows = (p > 0) == (x > 1)
        return (math.inf if grows else 0.0), 0.0
    logarithm = p * mpmath.log(mpf(x))
    if abs(logarithm) > 2000:
        return (math.inf if logarithm > 0 else 0.0), 0.0
    y = mpmath.exp(logarithm)
    rounded = float(y)
    return rounded, (0.0 if math.isinf(rounded) else float(y - mpf(rounded)))


def bases(precision, p, draw):
    """Numbers of all sizes, some whose power is one of all sizes, and the ends."""
    single = precision == "float32"
    chosen = [0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, -1.0, 2.0 ** (-149 if single else -1074)]
    chosen += [2.0 ** draw.uniform(-140, 120) for _ in range(12)]
    reach = 90 if single else 740
    if 0 < abs(p) < math.inf:
        logs = [draw.uniform(-reach, reach) / max(abs(p), 1 if abs(p) > 1 else 8) for _ in range(16)]
        chosen += [math.exp(x) for x in logs]
    chosen += [1 + draw.uniform(-1, 1) * 2.0 ** -draw.uniform(1, 20 if single else 50) for _ in range(8)]
    return [float32(x) if single else x for x in chosen]


def main():
    print("{")
    print(f'"generator": {json.dumps({"script": "vector_math.py", "mpmath": mpmath.__version__})},')
    sections = []
    for precision in ("float32", "float64"):
        for name in FUNCTIONS:
            draw = random.Random(f"{precision} {name}")
            cases = []
            for x in numbers(precision, draw):
                y, rest = value(name, x)
                cases.append(json.dumps([plain(x), plain(y), rest]))
            head = f'{{"function": "{name}", "precision": "{precision}", "cases": [\n'
            sections.append(head + ",\n".join(cases) + "]}")
    print('"functions": [\n' + ",\n".join(sections) + "],")
    sections = []
    for precision in ("float32", "float64"):
        for p in EXPONENTS:
            draw = random.Random(f"{precision} {p}")
            cases = []
            for x in bases(precision, p, draw):
                y, rest = power(x, p)
                cases.append(json.dumps([plain(x), plain(y), rest]))
            head = f'{{"exponent": {json.dumps(plain(p))}, "precision": "{precision}", "cases": [\n'
            sections.append(head + ",\n".join(cases) + "]}")
    print('"powers": [\n' + ",\n".join(sections) + "]}")


main()
