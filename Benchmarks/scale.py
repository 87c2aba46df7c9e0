"""Times W2 with 1 to 64 times the samples, and with 1 to 64 times the hidden units.

    make bench-scale        # writes results/scale.csv and results/scale.svg

The base is a tenth of W2: 6,000 samples, 784-128-10, one epoch of batches of 64, one thread.
The results include the C limit, compiled for each width, and the memory that `nnexp validate`
forecasts next to the memory that nnexp used.
"""
import csv
import dataclasses
import pathlib
import re
import statistics
import subprocess
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "nnexp"
import matplotlib.pyplot as plt

from suite import inputs, machine, peers
from suite.measuring import OneShot
from suite.nnexp import NNExp
from suite.workloads import SIGMOID, dense, sgd, workloads

FACTORS = [1, 2, 4, 8, 16, 32, 64]
ROUNDS = 3
UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
COLUMNS = ("axis", "factor", "nnexp_seconds", "limit_seconds", "nnexp_bytes", "forecast_bytes",
           "limit_bytes")


def workload(axis, factor):
    base = workloads(quick=True)["W2"]
    name = f"scale-{axis}-{factor}"
    if axis == "samples":
        return dataclasses.replace(base, name=name, samples=base.samples * factor)
    # Steps are larger for more units: a lower learning rate keeps the loss finite.
    return dataclasses.replace(
        base, name=name, layers=(dense(128 * factor), SIGMOID, dense(10)),
        optimizer=sgd(0.1 / factor))


def limit(width):
    program = peers.BINARIES / f"dense_{width}"
    library = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "openblas"], capture_output=True, text=True,
        check=True).stdout.split()
    subprocess.run(
        ["cc", "-std=gnu11", "-O3", "-march=native", "-ffast-math", "-fopenmp",
         f"-DHIDDEN={width}", str(peers.HERE / "limits" / "dense.c"), "-o", str(program),
         *library, "-lm"], check=True)
    return program


def forecast(file):
    said = subprocess.run(
        [peers.OURS, "validate", file], capture_output=True, text=True, check=True).stdout
    number, unit = re.search(r"([\d.]+) ([kMG]?)B of memory", said).groups()
    return float(number) * UNITS[unit]


def measure(axis, factor):
    what = workload(axis, factor)
    folder = inputs.write(what, peers.HERE / ".work" / "inputs" / what.name)
    ours = NNExp(peers.OURS, peers.LAUNCHER, what, folder, 1)
    theirs = OneShot(
        peers.LAUNCHER, [str(limit(what.layers[0]["units"])), str(folder), str(what.samples), "64",
                         "1", "1", str(what.optimizer["learning_rate"])], 1)
    found = [(ours.measure(), theirs.measure()) for _ in range(ROUNDS)]
    ours.close()
    row = (axis, factor, statistics.median(a.seconds for a, _ in found),
           statistics.median(b.seconds for _, b in found),
           max(a.kilobytes for a, _ in found) * 1024,
           forecast(str(folder / "experiment.yaml")),
           max(b.kilobytes for _, b in found) * 1024)
    for file in folder.glob("*.npy"):
        file.unlink()  # the largest have gigabytes
    print("  ".join(f"{value:.4g}" if isinstance(value, float) else f"{value}" for value in row),
          flush=True)
    return dict(zip(COLUMNS, row))


def draw(path, about, rows):
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained", sharex=True)
    for column, axis in enumerate(("samples", "units")):
        part = [row for row in rows if row["axis"] == axis]
        at = [row["factor"] for row in part]
        time, memory = panels[0][column], panels[1][column]
        first = part[0]["nnexp_seconds"]
        time.plot(at, [first * f for f in at], color="#cccccc", linestyle="--", label="as the work")
        time.plot(at, [r["nnexp_seconds"] for r in part], "o-", color="#c1440e", label="nnexp")
        time.plot(at, [r["limit_seconds"] for r in part], "s-", color="#888888", label="limit, C")
        memory.plot(
            at, [r["forecast_bytes"] / 1e6 for r in part], "x:", color="black", label="validate said")
        memory.plot(
            at, [r["nnexp_bytes"] / 1e6 for r in part], "o-", color="#c1440e", label="nnexp")
        memory.plot(
            at, [r["limit_bytes"] / 1e6 for r in part], "s-", color="#888888", label="limit, C")
        time.set_title(f"W2/10 with more {axis}", loc="left", fontsize=10)
        for panel, unit in ((time, "seconds"), (memory, "MB")):
            panel.set_xscale("log", base=2)
            panel.set_yscale("log")
            panel.set_ylabel(unit)
            panel.spines[["top", "right"]].set_visible(False)
            panel.legend(fontsize=8, frameon=False)
        memory.set_xticks(at, [f"×{f}" for f in at])
    figure.supxlabel(f"one thread; {about['processor']}, {about['commit']}", fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main():
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else FACTORS[-1]
    about = machine.describe()
    print("  ".join(COLUMNS))
    rows = [measure(axis, factor) for axis in ("samples", "units") for factor in FACTORS
            if factor <= largest]
    output = peers.HERE / "results"
    output.mkdir(exist_ok=True)
    with open(output / "scale.csv", "w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    draw(output / "scale.svg", about, rows)


if __name__ == "__main__":
    main()
