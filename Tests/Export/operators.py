#!/usr/bin/env python3
"""Writes ONNX's published operator tests as experiments, and compares the values.

    .build/python/Export/bin/python Tests/Export/operators.py .build/release/nnexp [PAGE]

`make test-operators` does so. Each test of an operator in `rules.py` becomes an experiment with
one sample or several, the published inputs as data and the published weights as starting weights.
The predictions must be the published outputs: in float64 within 2e-5 of the largest number,
because the published numbers are float32. A test that cannot be written needs a reason.

The table goes to the guide's page ONNXOperators.md, or to PAGE. The exit code is 1 if a value
differs, or if the page is not the one that is stored and `--check` is given.
"""

import csv
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

import rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "Sources/nnexp/Documentation.docc/ONNXOperators.md"

EXPERIMENT = """\
name: operator
dtype: float64
data:
  npz: {{path: data.npz, inputs: {inputs}, targets: {targets}}}
  target_kind: {kind}
{data}{start}model:
{model}
loss: {loss}
train: {{epochs: 1, batch_size: full, optimizer: {{type: sgd, learning_rate: 0}}}}
gradient_check: false
predictions: [train]
"""


class Node:
    """The operator of a test with its attributes, inputs and outputs."""

    def __init__(self, case):
        model = case.model
        (self.node,) = model.graph.node
        self.type = self.node.op_type
        self.attributes = {
            a.name: helper.get_attribute_value(a) for a in self.node.attribute}
        (inputs, outputs) = case.data_sets[0]
        names = [value.name for value in model.graph.input]
        known = dict(zip(names, inputs))
        known |= {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
        self.inputs = [known.get(name) if name else None for name in self.node.input]
        known = dict(zip((value.name for value in model.graph.output), outputs))
        self.outputs = [known.get(name) if name else None for name in self.node.output]
        self.version = model.opset_import[0].version

    def get(self, name, default=None):
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def input(self, k):
        return self.inputs[k] if k < len(self.inputs) else None


def outputs_of(nnexp, written, folder):
    """The predictions of an experiment, or the error."""
    arrays = {name: np.asarray(array) for name, array in written.inputs.items()}
    np.savez(folder / "data.npz", **written.target, **arrays)

    def ports(arrays):
        names = ", ".join(f"{name}: {name}" for name in arrays)
        return next(iter(arrays)) if len(arrays) == 1 else "{" + names + "}"

    kind = "classes" if written.has_classes else "values"
    if len(written.target) > 1:
        kind = "{" + ", ".join(f"{name}: {kind}" for name in written.target) + "}"
    start = ""
    if written.weights:
        np.savez(folder / "weights.npz", **{
            name: np.asarray(array, np.float64) for name, array in written.weights.items()})
        start = "start_from: {file: weights.npz}\n"
    (folder / "operator.yaml").write_text(EXPERIMENT.format(
        inputs=ports(arrays), targets=ports(written.target), kind=kind, start=start,
        data="".join(f"  {line}\n" for line in written.data),
        model="\n".join(f"  - {layer}" for layer in written.model), loss=written.loss))
    done = subprocess.run(
        [nnexp, "run", "operator.yaml", "--quiet", "--output", "run"], cwd=folder,
        capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr.strip().split("\n")[0]
    if written.losses:
        with open(folder / "run/metrics.csv") as file:
            row = next(csv.DictReader(file))
        return np.array([float(row[name]) for name in written.losses]), ""
    if written.tensor:
        subprocess.run(
            [nnexp, "export", "run", "--npz", "tensors.npz"], cwd=folder, check=True,
            capture_output=True)
        return np.load(folder / "tensors.npz")[written.tensor], ""
    with open(folder / "run/predictions.csv") as file:
        rows = list(csv.reader(file))
    columns = [k for k, name in enumerate(rows[0]) if name.startswith("prediction")]
    return np.array([[float(row[k]) for k in columns] for row in rows[1:]]), ""


def is_equal(found, expected):
    """True if the numbers agree to the precision of the published ones."""
    found, published = found.reshape(-1), np.asarray(expected, np.float64).reshape(-1)
    if found.shape != published.shape:
        return False
    bound = 2e-5 if expected.dtype in (np.float32, np.float64) or expected.dtype.kind in "iub" else 2e-3
    if np.allclose(published, published.round(4), rtol=0, atol=1e-7):
        bound = 1e-3  # Published with a few decimals.
    size = np.abs(published[np.isfinite(published)]).max(initial=1e-6)
    return np.allclose(found, published, rtol=bound, atol=bound * size, equal_nan=True)


def check(nnexp, node):
    """('same', ''), ('cannot', reason) or ('differs', what)."""
    rule = rules.RULES[node.type]
    try:
        several = rule(node)
    except rules.Cannot as reason:
        return "cannot", str(reason)
    for written in several if isinstance(several, list) else [several]:
        with tempfile.TemporaryDirectory() as folder:
            found, error = outputs_of(nnexp, written, pathlib.Path(folder))
        if found is None:
            return "differs", error
        if not is_equal(found, np.asarray(written.expected)):
            return "differs", f"{found.reshape(-1)[:4]} instead of {written.expected.reshape(-1)[:4]}"
    return "same", ""


def tests():
    """The tests of one operator that has a rule, by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    for case in cases:
        if case.model is None or len(case.model.graph.node) != 1:
            continue
        if case.model.graph.node[0].op_type in rules.RULES:
            yield case.name.removeprefix("test_"), Node(case)


def table(results):
    """A row per operator: written, and the tests that cannot be written, by reason."""
    lines = ["| operator | tests with the same values | tests that cannot be written |", "|---|---|---|"]
    for operator in sorted(rules.RULES):
        own = {name: result for name, (kind, result) in results.items() if kind == operator}
        if not own:
            continue
        same = sum(outcome == "same" for outcome, _ in own.values())
        reasons = {}
        for name, (outcome, reason) in own.items():
            if outcome != "same":
                reasons.setdefault(reason, []).append(name)
        text = "; ".join(f"{len(names)}: {reason}" for reason, names in sorted(reasons.items()))
        lines.append(f"| {operator} | {same} of {len(own)} | {text} |")
    return "\n".join(lines)


def main():
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    nnexp = pathlib.Path(arguments[0]).resolve()
    page = pathlib.Path(arguments[1]) if len(arguments) > 1 else PAGE
    results, wrong = {}, 0
    for name, node in tests():
        outcome = check(nnexp, node)
        results[name] = (node.type, outcome)
        if outcome[0] == "differs":
            wrong += 1
            print(f"{name}: {outcome[1]}")
    same = sum(outcome == "same" for _, (outcome, _) in results.values())
    print(f"{same} of {len(results)} tests of {len(rules.RULES)} operators have the same values; "
          f"{len(results) - same - wrong} cannot be written; {wrong} differ")
    text = page.read_text() if page.exists() else ""
    before, _, rest = text.partition("<!-- table -->")
    _, _, after = rest.partition("<!-- end -->")
    new = f"{before}<!-- table -->\n{table(results)}\n<!-- end -->{after}"
    if "--check" in sys.argv and new != text:
        wrong += 1
        print(f"{page.name} is not up to date: run make test-operators without --check")
    elif new != text:
        page.write_text(new)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
