"""Writes lp_pooling.json: Lp norms of signed and extreme windows and their
derivatives, in 1000 digits, rounded once to the nearest float64.

    python3 lp_pooling_mpmath.py > lp_pooling.json

Made with mpmath 1.3.0, Python 3.11. Numbers are written as texts, so that
denormals, infinities and every digit survive any JSON reader.
"""

import json
import struct

from mpmath import inf, log, mp, mpf

mp.dps = 1000

# Windows of float64 entries, and of entries that float32 has exactly.
FLOAT64 = [
    [3.0, -4.0, 1.0, -0.5],
    [-3.0, -4.0],
    [-2.5],
    [0.0, 0.0, 0.0],
    [0.0, -1.5, 0.0, 0.25],
    [2.0, -2.0, 2.0],
    [1e-200, -2e-200, 3e-200],
    [1e300, -1e300, 1e300, 1e300],
    [1e300, -1e-200, 1.0],
    [5e-324, -5e-324, 0.0],
    [1e-320, -3e-321],
    [1.7e308, -1.7e308],
    [1.0, -0.9999999999999999],
    [0.1, 0.2, -0.3, 0.4, -0.5, 0.6, -0.7, 0.8, -0.9],
]
FLOAT32 = [
    [3.0, -2.5, 0.5],
    [0.0, 0.0],
    [-7.0, 7.0, 7.0],
    [1e-30, -2e-30],
    [1e30, -1e30, 3e29],
    [1e-45, -1e-45],
    [3e38, -3e38],
    [0.9, -0.8, 0.7, 1.1],
]
EXPONENTS = ["0.5", "1", "1.5", "2", "3", "81", "700", "inf"]


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def text(value):
    """The nearest float64, in its shortest form."""
    if value in (inf, -inf):
        return repr(float(value))
    try:
        return repr(float(value))
    except OverflowError:
        return "inf" if value > 0 else "-inf"


def sign(x):
    return (x > 0) - (x < 0)


def reference(dtype, p, normalize, window):
    x = [mpf(v) for v in window]
    size = [abs(v) for v in x]
    m = max(size)
    slopes = [mpf(0)] * len(x)
    p_slope = None
    if p == "inf":
        y = m
        slopes[size.index(m)] = mpf(sign(x[size.index(m)]))
    else:
        p_exact = mpf(p)
        n = len(x) if normalize else 1
        powers = [v**p_exact if v else mpf(0) for v in size]
        total = sum(powers)
        y = (total / n) ** (1 / p_exact) if total else mpf(0)
        if y:
            for i, v in enumerate(x):
                if v:
                    slopes[i] = sign(v) * (size[i] / y) ** (p_exact - 1) / n
            weighted = sum(w / total * log(v) for w, v in zip(powers, size) if v)
            p_slope = y / p_exact * (weighted - log(y))
        else:
            p_slope = mpf(0)
    case = {
        "dtype": dtype,
        "p": p,
        "normalize": normalize,
        "x": [repr(v) for v in window],
        "y": text(y),
        "slopes": [text(s) for s in slopes],
    }
    if p_slope is not None:
        case["pSlope"] = text(p_slope)
    return case


def main():
    cases = [
        reference(dtype, p, normalize, window)
        for dtype, windows in [
            ("float64", FLOAT64),
            ("float32", [[single(v) for v in w] for w in FLOAT32]),
        ]
        for window in windows
        for p in EXPONENTS
        for normalize in [False, True]
    ]
    print("[")
    print(",\n".join(json.dumps(case) for case in cases))
    print("]")


main()
