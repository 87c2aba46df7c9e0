"""Compares the memory of nnexp with what it forecast, and with the tensors of PyTorch.

    make bench-memory                 # W8, W8b, W8c; writes results/memory.csv

All numbers are in MB and do not include programs and data. The forecast is that of `nnexp validate`. The
measurement is the peak of a whole run less that of the same experiment with a network of one unit. The
evaluation is `nnexp evaluate` on the run's data, less the same for the network of one unit. PyTorch's
numbers are the peaks of its profiler (peers/torch_memory.py).
"""
import csv
import dataclasses
import pathlib
import re
import shutil
import subprocess
import sys

from suite import inputs, peers
from suite.measuring import launch
from suite.workloads import dense, workloads

UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
COLUMNS = ("workload", "use", "forecast", "measured", "pytorch", "pytorch_channels_last")
NAMES = ("W8", "W8b", "W8c")


def call(folder, *arguments):
    """Runs nnexp. Returns what it printed and its peak in bytes."""
    printed, process = launch(peers.LAUNCHER, [str(peers.OURS), *arguments], 2, folder)
    return printed, 1024 * process.kilobytes


def forecast(folder):
    """The bytes that `validate` forecasts for the model."""
    said = call(folder, "validate", "memory.yaml")[0]
    parts = re.search(r"^memory: .*?(parameters .*)$", said, re.MULTILINE).group(1)
    return sum(
        float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+) (bytes|.B)", parts))


def peaks(workload, root):
    """The folder, and the peaks of a run and of an evaluation of its weights."""
    folder = inputs.prepare(workload, root)
    # The initial values do not matter here.
    text = (folder / "experiment.yaml").read_text()
    (folder / "memory.yaml").write_text(re.sub(r', "initial": \{.*?\}\}', "", text))
    output = folder / "memory"
    shutil.rmtree(output, ignore_errors=True)
    run = call(folder, "run", "memory.yaml", "--output", str(output), "--quiet")[1]
    evaluated = call(folder, "evaluate", str(output))[1]
    shutil.rmtree(output)
    return folder, run, evaluated


def pytorch(folder, *arguments):
    script = pathlib.Path(__file__).with_name("peers") / "torch_memory.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder), *arguments], capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 else float("nan")


def measure(name, root):
    workload = dataclasses.replace(workloads(quick=True)[name], name=f"{name}-memory")
    smallest = dataclasses.replace(workload, name=f"{name}-no-network", layers=(dense(10),))
    folder, run, evaluated = peaks(workload, root)
    _, no_run, no_evaluation = peaks(smallest, root)
    for use, said, taken in (
            ("train", forecast(folder), run - no_run), ("evaluate", "", evaluated - no_evaluation)):
        theirs = [pytorch(folder, use), pytorch(folder, use, "channels_last")]
        yield name, use, *(
            number if number == "" else f"{number / 1e6:.1f}" for number in (said, taken, *theirs))


def main():
    root = peers.HERE / ".work" / "inputs"
    print("  ".join(COLUMNS))
    rows = []
    for name in sys.argv[1:] or NAMES:
        for row in measure(name, root):
            print("  ".join(row), flush=True)
            rows.append(row)
    if sys.argv[1:]:
        return
    with open(peers.HERE / "results" / "memory.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows)


if __name__ == "__main__":
    main()
