#!/usr/bin/env python3
"""Reads the output of `nnexp sweep --junit` with junitparser, and compares it with sweep.csv.

    python3 -m venv .build/python/Reports && .build/python/Reports/bin/pip install -r Tests/Reports/requirements.txt
    .build/python/Reports/bin/python Tests/Reports/junit.py .build/release/nnexp

`make test-reports` does so. The sweep has a trial that completes, one that falls short, one that
diverges and one that halving stops, and texts that XML must escape.
"""

import csv
import pathlib
import subprocess
import sys
import tempfile

from junitparser import Error, Failure, JUnitXml, Skipped

EXPERIMENT = """
name: reports
data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
model: [{type: dense, units: 2}, sigmoid, {type: dense, units: 1}]
loss: squared_error
train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 20, batch_size: full}
gradient_check: false
"""

# Each with the kinds of results that its trials and expectations have, in order.
SWEEPS = {
    "alone": (
        "expect: {train_loss: '< 0.3'}\n"
        "sweep: {grid: {train.optimizer.learning_rate: [0.2, 1e-9, 1e30]}}",
        [None, Failure, Error], 1),
    "expecting": (
        "sweep: {grid: {train.optimizer.learning_rate: [0.2, 1e-9, 1e30]},\n"
        "  expect: {best: {train_loss: '< 1e-9'}, fraction: {failed: '< 0.5'}}}",
        [None, None, None, Failure, None], 1),
    "halving": (
        "sweep: {grid: {train.optimizer.learning_rate: [1e-9, 0.2]}, halving: {first_rung: 5}}",
        [Skipped, None], 0),
}


def check(nnexp, folder, name, sweep, kinds, code):
    """Runs one sweep and reads its report."""
    file, report = folder / f"{name}.yaml", folder / f"{name}.xml"
    # The folder's name is a text that XML must escape.
    output = folder / f'{name} <&> "é"'
    file.write_text(EXPERIMENT + sweep + "\n")
    command = [nnexp, "sweep", str(file), "--output", str(output), "--junit", str(report), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{name}: exit code {done.returncode}: {done.stderr}"

    with open(output / "sweep.csv", newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    suites = list(JUnitXml.fromfile(str(report)))
    assert len(suites) == 1, f"{name}: {len(suites)} suites"
    suite = suites[0]
    cases = list(suite)
    found = [type(case.result[0]) if case.result else None for case in cases]
    assert found == kinds, f"{name}: {found}"
    assert suite.name == "reports", suite.name
    counts = [suite.tests, suite.failures, suite.errors, suite.skipped]
    assert counts == [len(cases), *(found.count(kind) for kind in (Failure, Error, Skipped))], counts
    for row, case in zip(rows, cases):
        rate = row["train.optimizer.learning_rate"]
        assert case.name == f"trial {row['trial']}: train.optimizer.learning_rate={rate}", case.name
        assert case.classname == suite.name
        assert abs(case.time - float(row["seconds"])) < 2e-6, case.time
        for result in case.result:
            assert result.message == (row["error"] or row["status"]), result.message
            if not isinstance(result, Skipped):
                assert result.type == row["status"] and result.text == row["run"]
    # What junitparser recounts must be what the file says.
    suite.update_statistics()
    assert counts == [suite.tests, suite.failures, suite.errors, suite.skipped]
    return len(cases)


def main():
    nnexp = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        cases = sum(
            check(nnexp, pathlib.Path(folder), name, *sweep) for name, sweep in SWEEPS.items())
    print(f"{cases} test cases of {len(SWEEPS)} sweeps, read back by junitparser")


main()
