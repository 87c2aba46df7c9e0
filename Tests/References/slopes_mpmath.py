#!/usr/bin/env python3
"""Writes slopes.json: slopes where the plain formulas cancel, to 60 digits and rounded.

    python3 -m venv /tmp/mpmath && /tmp/mpmath/bin/pip install mpmath
    /tmp/mpmath/bin/python Tests/References/slopes_mpmath.py > Tests/References/slopes.json

A slope is [y, rest]: y is rounded to float64 and rest is what is missing from it. "functions" has
cases [x, slope] of one number; "vectors" has a row x, and the slopes of one output ("of") by every
input; "norms" has windows x with an exponent p, or with a learned one of parameter rho, the slopes
by x and the one by rho.
"""

import json
import random

import mpmath
from mpmath import mp, mpf

mp.dps = 60
DRAW = random.Random("slopes")


def pair(value):
    rounded = float(value)
    return [rounded, float(value - mpf(rounded))]


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def sigmoid_slope(x):
    return sigmoid(x) * sigmoid(-x)


def tanh_slope(x):
    return 1 / mpmath.cosh(x) ** 2


def gelu_slope(x):
    bell = mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mp.pi)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2 + x * bell


def gelu_tanh_slope(x):
    k = mpmath.sqrt(8 / mp.pi)
    c = mpf("0.044715")
    s = sigmoid(k * (x + c * x**3))
    return s + x * s * (1 - s) * k * (1 + 3 * c * x * x)


def spread(low, high, count=60):
    return sorted(DRAW.uniform(low, high) for _ in range(count))


def functions():
    both = [0.0, 1e-300, -1e-9, 0.5, -0.5, 1.0, 18.0, 20.0, 36.0, 37.0, 40.0, -40.0, 300.0, -300.0]
    cases = [
        ("sigmoid", {}, sigmoid_slope, both + [700.0, -700.0] + spread(-60, 60)),
        ("tanh", {}, tanh_slope, both + spread(-30, 30)),
        ("gelu", {}, gelu_slope, [-37.0, -20.0, -6.5, -2.0, 0.0, 3.0, 30.0] + spread(-37, -1.5)
         + spread(-0.5, 6)),
        ("gelu", {"approximation": "tanh"}, gelu_tanh_slope,
         [-20.0, -6.5, -2.0, 0.0, 3.0, 30.0] + spread(-20, -1.5) + spread(-0.5, 6)),
    ]
    for beta in (1.0, 20.0, 1000.0, 1e5):
        cases.append(
            ("softplus", {"beta": beta}, lambda x, b=beta: sigmoid(mpf(b) * x),
             [x / beta for x in spread(-700, 40) + spread(-10, 10, 20)]))
    return [
        {"type": kind, "options": options, "cases": [[x, pair(slope(mpf(x)))] for x in xs]}
        for kind, options, slope, xs in cases
    ]


def vectors():
    rows = [[0.0, 1.0], [50.0, 0.0, -3.0], [37.5, 0.1, -400.3], [800.25, 100.1, 99.9, 0.3],
            [2.0, 2.0, 2.0], [-700.1, 1.3, 40.7]]
    for size in (2, 5, 10):
        for scale in (1, 10, 100):
            rows.append([DRAW.gauss(0, scale) for _ in range(size)])
    cases = []
    for x in rows:
        e = [mpmath.exp(mpf(v)) for v in x]
        p = [v / sum(e) for v in e]
        # 1 - p from the others: 60 digits do not hold 1 - e^-800.
        others = [sum(w for j, w in enumerate(e) if j != i) / sum(e) for i in range(len(x))]
        top = max(range(len(x)), key=lambda i: x[i])
        for of in sorted({top, 0, len(x) - 1}):
            logs = [others[of] if i == of else -p[i] for i in range(len(x))]
            cases.append({"type": "log_softmax", "x": x, "of": of, "slopes": [pair(v) for v in logs]})
        cases.append({
            "type": "softmax", "x": x, "of": top,
            "slopes": [pair(p[top] * (others[top] if i == top else -p[i])) for i in range(len(x))]})
    return cases


def norm(x, p, normalize):
    sizes = [abs(mpf(v)) for v in x]
    n = len(x) if normalize else 1
    total = sum(v**p for v in sizes if v)
    y = (total / n) ** (1 / p)
    slopes = [mpmath.sign(mpf(v)) * (s / y) ** (p - 1) / n if s else mpf(0) for v, s in zip(x, sizes)]
    weighted = sum(v**p / total * mpmath.log(v) for v in sizes if v)
    return slopes, y / p * (weighted - mpmath.log(y))


def norms():
    windows = [[3.0, -4.0, 1.0, -0.5], [-3.0, 1e-3], [1.0, -1e-6, 2e-7], [5.0, -4.9999999, 5.0000001],
               [2.0, -2.0, 2.0], [1e-300, -3e-300, 2e-300], [0.0, 7.0, -1e-9, 0.0], [1e-320, -3e-321],
               [4e307, -5e307, 1e300]]
    windows += [[DRAW.gauss(0, 1) for _ in range(n)] for n in (2, 4, 4, 9, 9, 25, 100)]
    windows += [[DRAW.gauss(0, 1) * 10.0 ** DRAW.uniform(-8, 2) for _ in range(4)] for _ in range(4)]
    windows += [[1 + 1e-5 * DRAW.gauss(0, 1) for _ in range(4)] for _ in range(2)]
    cases = []
    for x in windows:
        for normalize in (False, True):
            for p in (1.25, 2.0, 3.0, 4.0, 5.5, 8.0, 30.0, 300.0):
                slopes, _ = norm(x, mpf(p), normalize)
                cases.append({"p": p, "normalize": normalize, "x": x, "slopes": [pair(v) for v in slopes]})
            for rho in (-5.0, 0.0, 0.5413248546129181, 6.5, 50.0):
                p = 1 + mpmath.log(1 + mpmath.exp(mpf(rho)))
                slopes, by_p = norm(x, p, normalize)
                cases.append({
                    "p": float(p), "rho": rho, "normalize": normalize, "x": x,
                    "slopes": [pair(v) for v in slopes], "by_rho": pair(by_p * sigmoid(mpf(rho)))})
    return cases


def main():
    mp.dps = 60
    sections = {"functions": functions(), "vectors": vectors()}
    # p-norms of entries 10^-300 apart, whose entropy is all in the smaller one.
    mp.dps = 700
    sections["norms"] = norms()
    print("{")
    print(f'"generator": {json.dumps({"script": "slopes_mpmath.py", "mpmath": mpmath.__version__})},')
    texts = []
    for name, cases in sections.items():
        texts.append(f'"{name}": [\n' + ",\n".join(json.dumps(c) for c in cases) + "]")
    print(",\n".join(texts) + "}")


main()
