"""Reads a CSV file with nnexp, pandas and polars in turns: see README.md in this folder.

    make bench-reading

Whole processes are measured, and the call that reads the file within the process. nnexp's process
also converts, checks and hashes the samples. Prints medians, and ratios as medians of rounds.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS, COLUMNS = 200_000, 30
EXPERIMENT = """\
seed: 0
data: {{csv: {{path: numbers.csv, targets: c29}}{split}}}
model: [{{type: dense, units: 1}}]
loss: squared_error
train: {{optimizer: {{type: sgd, learning_rate: 0.01}}, epochs: 1}}
"""
READER = """\
import time
import {library}
start = time.perf_counter()
{call}
print(time.perf_counter() - start)
"""
# The plans, and what reads the same data for one experiment.
PLANS = {"nnexp, 24 rates": "nnexp validate", "nnexp, 6 seeds": "nnexp, one split"}
READERS = {
    "pandas": "pandas.read_csv('numbers.csv', engine='c')",
    "polars": "polars.read_csv('numbers.csv')",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="rounds")
    parser.add_argument("--nnexp", default=ROOT / ".build/release/nnexp", type=pathlib.Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write(folder)
        rates = ",".join(f"{0.001 * trial:.3f}" for trial in range(1, 25))
        commands = {
            "nnexp validate": [chosen.nnexp, "validate", "plain.yaml"],
            "nnexp, 24 rates": [
                chosen.nnexp, "sweep", "plain.yaml", f"train.optimizer.learning_rate={rates}", "--dry-run"],
            "nnexp, one split": [chosen.nnexp, "validate", "split.yaml"],
            "nnexp, 6 seeds": [
                chosen.nnexp, "sweep", "split.yaml", "seed=range(0,6)", "--dry-run"],
        } | {
            name: [sys.executable, "-c", READER.format(library=name, call=call)]
            for name, call in READERS.items()}
        for threads in (2, 1):
            compare(commands, folder, threads, chosen.runs)


def write(folder):
    numbers = np.random.default_rng(1).normal(size=(ROWS, COLUMNS))
    names = ",".join(f"c{i}" for i in range(COLUMNS))
    np.savetxt(folder / "numbers.csv", numbers, "%.5f", ",", header=names, comments="")
    for name, split in (("plain", ""), ("split", ", split: {validation: 0.2}")):
        (folder / f"{name}.yaml").write_text(EXPERIMENT.format(split=split))


def compare(commands, folder, threads, runs):
    environment = os.environ | {
        "NNEXP_THREADS": str(threads), "POLARS_MAX_THREADS": str(threads)}
    wholes = {name: [] for name in commands}
    calls = {name: [] for name in READERS}
    for _ in range(runs + 1):  # the first round reads the programs and is not counted
        for name, command in commands.items():
            start = time.perf_counter()
            done = subprocess.run(
                command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
            wholes[name].append(time.perf_counter() - start)
            if name in calls:
                calls[name].append(float(done.stdout))
    print(f"{threads} thread{'s' if threads > 1 else ''}")
    ours = wholes["nnexp validate"][1:]
    for name, whole in wholes.items():
        whole = whole[1:]
        line = f"  {name:16} {statistics.median(whole):6.3f} s"
        if name in calls:
            call = calls[name][1:]
            line += f"  of which reading {statistics.median(call):6.3f} s"
            line += f"  ours ÷ theirs {statistics.median(a / b for a, b in zip(ours, whole)):.2f}"
            line += f", ÷ reading {statistics.median(a / b for a, b in zip(ours, call)):.2f}"
        if name in PLANS:
            once = wholes[PLANS[name]][1:]
            line += f"  ÷ one reading {statistics.median(b / a for a, b in zip(once, whole)):.2f}"
        print(line)


if __name__ == "__main__":
    main()
