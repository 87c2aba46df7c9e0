#!/usr/bin/env python3
"""Checks the outputs of every shipped experiment with NumPy and pandas.

    python3 -m venv .build/python/Outputs && .build/python/Outputs/bin/pip install -r Tests/Outputs/requirements.txt
    .build/python/Outputs/bin/python Tests/Outputs/outputs.py .build/release/nnexp

`make test-outputs` does so. Each experiment runs with predictions of all its splits. Then only
the run's folder and the source table are read:

- metrics.csv: its delivered row is computed again from predictions.csv;
- predictions.csv: each row has the target and the ids of its row in the source; no row is in two
  splits; probabilities add up to 1, and the prediction is the class of the largest one;
- the delivered weights: a second implementation of the network (network.py) computes the
  predictions from them and from the source, encoded as columns.json says;
- resolved.yaml repeats the run from another folder, with the same bytes;
- confusion_<split>.csv, classes_<split>.csv and summary.json agree with predictions.csv and
  metrics.csv.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
import yaml

from metrics import METRICS
from network import Network, Unsupported, inputs_of, weights_of

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Loader(yaml.SafeLoader):
    """Reads 1e-08 as a number, as YAML 1.2 does."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$"), list("-+0123456789."))


def splits_of(experiment):
    data = experiment["data"]
    split = data.get("split") or {}
    held_out = [s for s in ("validation", "test") if split.get(s) or s in data]
    return ["train"] + held_out


class Run:
    def __init__(self, folder, data_folder):
        self.folder = folder
        self.data_folder = data_folder
        self.experiment = yaml.load((folder / "resolved.yaml").read_text(), Loader)
        self.summary = json.loads((folder / "summary.json").read_text())
        self.columns = json.loads((folder / "columns.json").read_text())
        self.metrics = pd.read_csv(folder / "metrics.csv", float_precision="round_trip")
        # The texts "NA" and "None" are texts; row and numbers are read as such.
        self.predictions = pd.read_csv(
            folder / "predictions.csv", keep_default_na=False, na_values=[""], dtype=str)
        self.predictions["row"] = self.predictions["row"].astype(int)
        self.is_double = self.experiment["dtype"] == "float64"
        self.tolerance = 1e-9 if self.is_double else 2e-4

    def row(self):
        """The row of metrics.csv of the delivered weights."""
        epoch = self.summary["delivered"]["epoch"]
        rows = self.metrics[self.metrics["epoch"] == epoch]
        assert len(rows) == 1, f"metrics.csv has {len(rows)} rows of the delivered epoch {epoch}"
        return rows.iloc[0]

    def heads(self):
        """Each head: its name or None, its loss, its target in columns.json."""
        loss = self.experiment["loss"]
        targets = {t["port"]: t for t in self.columns["targets"]}
        if "type" in loss:
            return [(None, loss, self.columns["targets"][0])]
        return [(node, own, targets[own.get("target") or node]) for node, own in loss.items()]

    def of_split(self, split):
        return self.predictions[self.predictions["split"] == split]

    # Claims

    def check_summary(self):
        for name, value in self.summary["final"].items():
            close(self.metrics.iloc[-1][name], value, 0, f"the last {name}")
        row, delivered = self.row(), self.summary["delivered"]
        if delivered["weights"] == "last":
            assert row["epoch"] == self.metrics["epoch"].iloc[-1], "the last row is delivered"
            return
        column = delivered["column"]
        values = self.metrics[column].to_numpy()
        rises = column.split("_", 1)[1] != "loss" and not column.endswith("_error")
        best = np.nanmax(values) if rises else np.nanmin(values)
        close(row[column], best, 0, f"the best {column}")
        for name, item in self.summary["best"].items():
            close(row[name], item["value"], 0, f"the best row's {name}")

    def check_counts(self):
        rows = {}
        for split, count in self.columns["samples"].items():
            own = self.of_split(split)
            assert len(own) == count, f"{len(own)} predictions of {count} {split} samples"
            assert own["row"].is_unique, f"a row is twice in {split}"
            rows[split] = set(own["row"])
        if "file" not in self.predictions:
            total = sum(len(own) for own in rows.values())
            assert len(set.union(*rows.values())) == total, "a row is in two splits"

    def check_source(self):
        """Joins each prediction to its row in the table."""
        csv = self.experiment["data"].get("csv")
        if csv is None or "file" in self.predictions:
            return False
        table = pd.read_csv(
            self.data_folder / csv["path"], dtype=str, keep_default_na=False,
            na_values=["", "NA", "?"])
        joined = table.iloc[self.predictions["row"] - 1].reset_index(drop=True)
        ids = [c["name"] for c in self.columns["columns"] if c["role"] == "id"]
        for name in ids:
            assert (joined[name] == self.predictions[name]).all(), f"the ids '{name}' differ"
        for head, _, target in self.heads():
            source, own = joined[target["numbers"][0]], self.predictions["target" + suffix(head)]
            if "classes" in target:
                same = (source == own).all()
            else:
                same = np.allclose(
                    source.astype(float), own.astype(float), rtol=1e-6, equal_nan=True)
            assert same, f"the targets of '{target['port']}' are not those of their rows"
        return True

    def check_probabilities(self):
        for head, _, target in self.heads():
            probabilities = self.outputs(head, "probability", target)
            if probabilities is None:
                continue
            total = probabilities.sum(axis=1)
            assert np.abs(total - 1).max() < 1e-5, f"probabilities add up to {total.max()}"
            classes = np.array(target["classes"])
            chosen = self.predictions["prediction" + suffix(head)].to_numpy()
            largest = probabilities.max(axis=1)
            of_chosen = probabilities[
                np.arange(len(chosen)), [list(classes).index(c) for c in chosen]]
            assert (of_chosen >= largest - 1e-6).all(), "another class is more probable"

    def outputs(self, head, kind, target, rows=None):
        """The columns `probability_…` or `score_…` of a head; None if there are none."""
        table = self.predictions if rows is None else rows
        names = [f"{kind}_{c}{suffix(head)}" for c in target.get("classes", [])]
        names = [name for name in names if name in table]
        return table[names].astype(float).to_numpy() if names else None

    def check_metrics(self):
        """Computes the delivered row again; train columns are means over an epoch's steps."""
        row, checked = self.row(), 0
        for split in self.columns["samples"]:
            if split == "train":
                continue
            rows = self.of_split(split)
            for head, loss, target in self.heads():
                column = f"{split}_{head}_" if head else f"{split}_"
                actual, chosen = (rows.get(c + suffix(head)) for c in ("target", "prediction"))
                for name, compute in METRICS.items():
                    if column + name in row.index:
                        value = compute(actual, chosen, target.get("classes"))
                        close(row[column + name], value, self.tolerance, column + name)
                        checked += 1
                p = self.outputs(head, "probability", target, rows)
                if loss["type"] in ("cross_entropy", "binary_cross_entropy") and p is not None:
                    smoothing, logs = loss.get("label_smoothing", 0), np.log(p)
                    of_target = logs[
                        np.arange(len(p)), [target["classes"].index(c) for c in actual]]
                    value = -((1 - smoothing) * of_target + smoothing * logs.mean(axis=1)).mean()
                    close(row[column + "loss"], value, self.tolerance, column + "loss")
                    checked += 1
        return checked

    def check_classes(self):
        for head, _, target in self.heads():
            if "classes" not in target:
                continue
            held_out = [s for s in self.columns["samples"] if s != "train"] or ["train"]
            classes = target["classes"]
            for split in held_out:
                rows = self.of_split(split)
                actual, chosen = (rows[c + suffix(head)] for c in ("target", "prediction"))
                counts = pd.crosstab(actual, chosen).reindex(
                    index=classes, columns=classes, fill_value=0).to_numpy()
                file = self.folder / f"confusion_{split}{suffix(head)}.csv"
                found = pd.read_csv(file, dtype={"target": str}).set_index("target").to_numpy()
                assert (found == counts).all(), f"{file.name} differs"
                table = pd.read_csv(
                    self.folder / f"classes_{split}{suffix(head)}.csv", dtype={"class": str},
                    float_precision="round_trip")
                right, size = np.diag(counts), counts.sum(axis=1)
                with np.errstate(invalid="ignore"):
                    precision = np.nan_to_num(right / counts.sum(axis=0))
                    recall = np.nan_to_num(right / size)
                    f1 = np.nan_to_num(2 * right / (size + counts.sum(axis=0)))
                k = len(classes)
                for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
                    close(table[name][:k], values, 1e-12, f"{name} of the classes of {split}")
                    weighted = (values * size).sum() / size.sum()
                    close(table[name].iloc[-1], weighted, 1e-12, f"the weighted mean of {name}")

    def check_weights(self):
        """Computes the predictions again from the weights; returns how many samples."""
        weights = weights_of(self.folder / "checkpoints", self.summary["delivered"]["weights"])
        network = Network(self.experiment["model"], weights)
        inputs, rows = inputs_of(self)
        if inputs is None:
            return 0
        values = network.forward(inputs)
        for head, loss, target in self.heads():
            z = values[head or network.last].reshape(len(rows), -1)
            if "classes" in target:
                self.compare_classes(head, loss, target, z, rows)
            else:
                names = ["prediction" + suffix(head)]
                if names[0] not in rows:
                    names = [f"prediction_{c}{suffix(head)}" for c in target["numbers"]]
                found = rows[names].astype(float).to_numpy()
                close(found, unscaled(self, target, z), self.tolerance, "the predictions")
        return len(rows)

    def compare_classes(self, head, loss, target, z, rows):
        found = self.outputs(head, "probability", target, rows)
        if found is None:
            found = self.outputs(head, "score", target, rows)
        elif loss.get("from") != "probabilities":
            if z.shape[1] == 1:
                p = 1 / (1 + np.exp(-z))
                z = np.hstack([1 - p, p])
            else:
                z = np.exp(z - z.max(axis=1, keepdims=True))
                z /= z.sum(axis=1, keepdims=True)
        elif z.shape[1] == 1:
            z = np.hstack([1 - z, z])
        close(found, z, self.tolerance, "the outputs")


def suffix(head):
    return f"_{head}" if head else ""


def unscaled(run, target, z):
    numbers = target.get("scale_numbers") or [
        c.get("scale_numbers") for c in run.columns["columns"]
        if c["role"] == "targets" and c.get("port", target["port"]) == target["port"]]
    z = z.astype(np.float64).copy()
    for i, scale in enumerate(numbers):
        if not scale:
            continue
        z[:, i] = np.exp(z[:, i]) if scale.get("log") else (
            z[:, i] * scale["spread"] + scale["shift"] + scale["origin"])
    return z


def close(found, expected, tolerance, subject):
    """Requires a small difference, relative to the largest number."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    scale = max(1.0, float(np.abs(np.nan_to_num(expected)).max()))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    same |= np.abs(found - expected) <= tolerance * scale
    if not same.all():
        index = int(np.argmin(same))
        raise AssertionError(
            f"{subject}: found {found.flat[index]}, expected {expected.flat[index]}")


def check(nnexp, file, folder):
    experiment = yaml.load(file.read_text(), Loader)
    splits = ", ".join(splits_of(experiment))
    output = folder / "runs" / file.stem
    plus = "" if "predictions" in experiment else "+"
    done = subprocess.run(
        [nnexp, "run", file, f"{plus}predictions=[{splits}]", "--quiet", "--output", output],
        cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = Run(output, file.parent)
    run.check_summary()
    run.check_counts()
    joined = run.check_source()
    run.check_probabilities()
    metrics = run.check_metrics()
    run.check_classes()
    try:
        samples = f"{run.check_weights()} predictions from the weights"
    except Unsupported as layer:
        samples = f"no predictions from the weights ({layer})"
    check_repetition(nnexp, output)
    print(
        f"{file.stem}: {len(run.predictions)} predictions"
        + (", joined to the source" if joined else "")
        + f"; {metrics} metrics; {samples}", flush=True)


def check_repetition(nnexp, run):
    """Runs resolved.yaml in an empty folder elsewhere."""
    with tempfile.TemporaryDirectory() as elsewhere:
        again = pathlib.Path(elsewhere) / "again"
        done = subprocess.run(
            [nnexp, "run", run / "resolved.yaml", "--quiet", "--output", again],
            cwd=elsewhere, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for name in (
                "metrics.csv", "predictions.csv", "columns.json", "checkpoints/last.nnx",
                "checkpoints/best.nnx", "checkpoints/samples.npz"):
            same = (again / name).read_bytes() == (run / name).read_bytes()
            assert same, f"{name} differs in a repetition of the run"


def main():
    nnexp = pathlib.Path(sys.argv[1]).resolve()
    started, wrong = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        for name in ("experiments", "plugins"):
            shutil.copytree(ROOT / name, folder / name)
        experiments = folder / "experiments"
        files = [
            *sorted(experiments.glob("*.yaml")), *sorted(experiments.glob("seeds/*.yaml")),
            *sorted(experiments.glob("plugins/*.yaml"))]
        for file in files:
            try:
                check(nnexp, file, folder)
            except AssertionError as error:
                wrong += 1
                print(f"{file.stem}: {error}", flush=True)
    print(f"{len(files)} experiments, {wrong} wrong, {time.monotonic() - started:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
