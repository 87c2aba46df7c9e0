"""Ridders' tableau in 60-digit arithmetic: reference for NumericDerivative.

Independent of the Swift code: written from Ridders 1982 with h halved from row to
row. For every function, the exact derivative, and for every row i and column j the
entry a, the truncation estimate t, and the round-off r carried through the tableau.

    python3 Tests/References/ridders_mpmath.py > Tests/References/ridders_mpmath.json

mpmath 1.3.0, Python 3.11.
"""
import json

from mpmath import mp, mpf

mp.dps = 60
EPSILON = mpf(2) ** -52
ROWS = 10


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def lp3(x):
    return (abs(x) ** 3 + mpf(2) ** 3) ** (mpf(1) / 3)


CASES = [
    ("exp", mp.exp, "0.5"),
    ("sin", mp.sin, "1.25"),
    ("sigmoid", sigmoid, "-0.75"),
    ("sigmoid", sigmoid, "6"),
    ("tanh", mp.tanh, "0.125"),
    ("log", mp.log, "3"),
    ("lp3", lp3, "-1.5"),
    ("reciprocal", lambda x: 1 / x, "-40"),
    ("exp", mp.exp, "-100"),
]


def tableau(f, x, h):
    a = {}
    r = {}
    t = {}
    for i in range(ROWS):
        left, right = f(x - h), f(x + h)
        a[i, 0] = (right - left) / (2 * h)
        r[i, 0] = EPSILON * (abs(right) + abs(left)) / (2 * h)
        for j in range(1, i + 1):
            k = mpf(4) ** j
            a[i, j] = (k * a[i, j - 1] - a[i - 1, j - 1]) / (k - 1)
            r[i, j] = (k * r[i, j - 1] + r[i - 1, j - 1]) / (k - 1)
            t[i, j] = max(abs(a[i, j] - a[i, j - 1]), abs(a[i, j] - a[i - 1, j - 1]))
        h = h / 2
    return [
        {"row": i, "column": j, "a": float(a[i, j]), "t": float(t[i, j]), "r": float(r[i, j])}
        for i in range(1, ROWS)
        for j in range(1, i + 1)
    ]


cases = []
for name, f, x in CASES:
    x = mpf(x)
    h = mpf(0.01) * max(1, abs(x))
    cases.append(
        {
            "function": name,
            "x": float(x),
            "h": float(h),
            "derivative": float(mp.diff(f, x)),
            "tableau": tableau(f, x, h),
        }
    )
print("[" + ",\n".join(json.dumps(case) for case in cases) + "]")
