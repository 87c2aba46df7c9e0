"""Random formulas with their values and derivatives by SymPy, evaluated with mpmath.

    python3 Tests/References/formulas_sympy.py > Tests/References/formulas.tsv

Each line has a formula of x and w, a point, the value, ∂/∂x and ∂/∂w, and the relative error that
float64 arithmetic makes when it evaluates SymPy's own expressions, which is the measure of the
comparison.
"""

import math
import random
import sys

import mpmath
import sympy
from sympy.printing.pycode import PythonCodePrinter

mpmath.mp.dps = 250
x, w = sympy.symbols("x w", real=True)

FUNCTIONS = [
    ("exp", sympy.exp), ("tanh", sympy.tanh), ("sin", sympy.sin), ("cos", sympy.cos),
    ("erf", sympy.erf), ("abs", sympy.Abs), ("σ", lambda u: 1 / (1 + sympy.exp(-u))),
]


def formula(random, depth):
    """Returns the text, its precedence (0: sum, 1: product, 2: operand) and SymPy's expression."""
    kind = random.random()
    if depth == 0 or kind < 0.15:
        choice = random.randrange(3)
        if choice == 0:
            number = random.choice([0.5, 1, 2, 3, 0.25, 1.5, 7, 10])
            return (f"{number:g}", 2, sympy.Rational(str(number)))
        return ("x", 2, x) if choice == 1 else ("w", 2, w)

    def operand(level):
        text, precedence, value = formula(random, depth - 1)
        return (f"({text})" if precedence < level else text), value

    if kind < 0.35:
        (a, u), (b, v) = operand(0), operand(1)
        sign = random.choice("+-")
        return f"{a} {sign} {b}", 0, u + v if sign == "+" else u - v
    if kind < 0.55:
        (a, u), (b, v) = operand(1), operand(2)
        return f"{a}{random.choice(['·', ' * ', '*'])}{b}", 1, u * v
    if kind < 0.65:
        (a, u), (b, v) = operand(1), operand(2)
        return f"{a}/(1 + {b}^2)", 1, u / (1 + v**2)
    if kind < 0.75:
        a, u = operand(2)
        n = random.choice([2, 3, 4, 5])
        raised = {2: "²", 3: "³", 4: "⁴", 5: "⁵"}[n]
        return (f"{a}^{n}" if random.random() < 0.5 else f"({a}){raised}"), 1, u**n
    if kind < 0.82:
        a, u = operand(0)
        p = random.choice([sympy.Rational(1, 2), sympy.Rational(3, 2), sympy.Rational(5, 2)])
        return f"(0.5 + |{a}|)^{float(p):g}", 1, (sympy.Rational(1, 2) + sympy.Abs(u)) ** p
    if kind < 0.86:
        a, u = operand(0)
        return f"log(1 + ({a})²)", 2, sympy.log(1 + u**2)
    if kind < 0.89:
        (a, u), (b, v) = operand(0), operand(0)
        name, function = random.choice([("max", sympy.Max), ("min", sympy.Min)])
        return f"{name}({a}, {b})", 2, function(u, v)
    name, function = random.choice(FUNCTIONS)
    a, u = operand(0)
    return f"{name}({a})", 2, function(u)


NAMES = {
    "Heaviside": lambda u, *_: 1 if u > 0 else 0 if u < 0 else float("nan"),
    "sign": lambda u: (u > 0) - (u < 0),
    "Derivative": None,
}


def functions(expression):
    precise = sympy.lambdify((x, w), expression, modules=[NAMES, "mpmath"])
    precise.is_zero = expression == 0
    rounded = sympy.lambdify((x, w), expression, modules=[NAMES, "math"])
    return precise, rounded


def main(count):
    generator = random.Random(1)
    written = 0
    seen = set()
    while written < count:
        text, _, value = formula(generator, generator.randrange(2, 5))
        if text in seen or len(text) > 160:
            continue
        if not (value.has(x) and value.has(w)) or "x" not in text or "w" not in text:
            continue
        # SymPy cancels such terms, arithmetic does not.
        if "x - x" in text or "w - w" in text:
            continue
        seen.add(text)
        try:
            expressions = [functions(e) for e in (value, value.diff(x), value.diff(w))]
            a, b = (round(generator.uniform(-3, 3), 3) for _ in range(2))
            results, error = [], 0.0
            for precise, rounded in expressions:
                # The formula reads float64 numbers.
                exact = precise(mpmath.mpf(a), mpmath.mpf(b))
                near = rounded(a, b)
                if not mpmath.isfinite(exact) or abs(exact) > 1e100:
                    raise ValueError
                results.append(float(exact))
                # A tiny sum of large terms that SymPy cancels is not compared.
                if abs(exact) < 1e-8 and (exact != 0 or near != 0 or not precise.is_zero):
                    raise ValueError
                if exact != 0:
                    error = max(error, float(abs((near - exact) / exact)))
            if not math.isfinite(error) or error > 1e-6:
                continue
        except (ValueError, OverflowError, ZeroDivisionError, TypeError, NameError, AttributeError):
            continue
        print("\t".join([text, repr(a), repr(b)] + [repr(r) for r in results] + [f"{error:.1e}"]))
        written += 1


main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
