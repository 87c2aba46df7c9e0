#!/usr/bin/env python3
"""Writes sweeps_scipy.json: the samples of sweeps and the statistics of their trials, by SciPy.

    python3 -m venv /tmp/scipy && /tmp/scipy/bin/pip install scipy
    /tmp/scipy/bin/python Tests/References/sweeps_scipy.py > Tests/References/sweeps_scipy.json

sobol and halton are the unscrambled sequences in 13 dimensions, one point per row, Sobol's as integers
below 2^32; student the 0.975 quantiles of Student's t by degrees of freedom; spreads random samples
with their mean, standard deviation (n - 1) and 95% interval of the mean.
"""

import json
import sys

import numpy
import scipy
from scipy import stats
from scipy.stats import qmc

DIMENSIONS, POINTS = 13, 256


def spread(values):
    """One sample of at least two values."""
    mean, error = numpy.mean(values), stats.sem(values)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=error)
    return {"values": values, "mean": mean, "sd": numpy.std(values, ddof=1), "low": low, "high": high}


def samples():
    """Samples of few and of many values, near and far from zero, from one seed."""
    random = numpy.random.default_rng(1)
    for count in (2, 3, 4, 5, 8, 16, 31, 100):
        for center, scale in ((0, 1), (100, 1e-3), (-1e-6, 1e-8)):
            yield [round(x, 12) for x in random.normal(center, scale, count).tolist()]


def main():
    sobol = qmc.Sobol(DIMENSIONS, scramble=False, bits=32).random(POINTS)
    halton = qmc.Halton(DIMENSIONS, scramble=False).random(POINTS)
    degrees = [*range(1, 41), 60, 61, 100, 999, 1000, 10_000, 99_999]
    sections = {
        "generator": {"script": "sweeps_scipy.py", "scipy": scipy.__version__},
        "sobol": (sobol * 2**32).astype(int).tolist(),
        "halton": halton.tolist(),
        "student": [[n, stats.t.ppf(0.975, n)] for n in degrees],
        "spreads": [spread(values) for values in samples()],
    }
    lines = [f"{json.dumps(key)}: {rows(value)}" for key, value in sections.items()]
    sys.stdout.write("{" + ",\n".join(lines) + "}\n")


def rows(value):
    """A list with one element per line."""
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in value) + "\n]"


main()
