#!/usr/bin/env python3
"""Checks `nnexp export` with ONNX, onnxruntime, safetensors and NumPy.

    .build/python/Export/bin/python Tests/Export/export.py .build/release/nnexp

`make test-export` does so. Each shipped experiment trains for a short time in float32 and in
float64. Then:

- onnx.checker accepts the model, with and without --bare;
- onnxruntime computes the outputs of `nnexp predict` in float32, within 1e-5 of the largest number
  of the tensor;
- ONNX's reference evaluator computes them in float64, within 1e-12;
- a second export has the same bytes;
- safetensors and NumPy read the weights, and training starts from them.

The inputs are the rows of the experiment's own source.
"""

import gzip
import io
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import safetensors.numpy
import yaml
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

import tables
from layers import networks, variances

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOUNDS = {"float32": 1e-5, "float64": 1e-12}
MOST_ROWS = 200

# The residual of the oscillator is a sum of terms up to 2x/h² with h = 0.02, which almost cancel.
# Its rounding errors are those of the terms, so that its bound is relative to the largest term.
TERMS = {("oscillator", "prediction_residual"): ("prediction_position", 2 / 0.02**2)}


def call(*words, code=0):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    assert done.returncode == code, f"exit code {done.returncode} of {words}:\n{done.stderr}"
    return done


class Source:
    """The rows of an experiment's source: a file for `nnexp predict`, and arrays for a model."""

    def __init__(self, experiment, columns, folder, scratch):
        data = experiment["data"]
        self.columns = {c["name"]: c for c in columns["columns"] if c["role"] == "inputs"}
        self.arrays = {}
        ports = columns["inputs"]
        if "csv" in data:
            path = folder / data["csv"]["path"]
            lines = path.read_text().splitlines()[:MOST_ROWS + 1]
            self.file = scratch / "rows.csv"
            self.file.write_text("\n".join(lines) + "\n")
            self.table = pd.read_csv(
                io.StringIO("\n".join(lines)), dtype=str, keep_default_na=False)
            self.arrays = {name: self.column(name) for name in self.columns}
        elif "npz" in data:
            self.file = folder / data["npz"]["path"]
            archive = np.load(self.file)
            names = data["npz"]["inputs"]
            for port in ports:
                name = names[port["port"]] if isinstance(names, dict) else names
                self.arrays[port["port"]] = self.shaped(archive[name], port)
        elif "idx" in data:
            self.file = folder / data["idx"]["inputs"]
            self.arrays[ports[0]["port"]] = self.shaped(idx(self.file), ports[0])
        else:
            if "inline" in data:
                x = np.array(data["inline"]["inputs"], np.float64).reshape([-1, *ports[0]["shape"]])
            else:
                x = np.random.default_rng(7).normal(size=[MOST_ROWS, *ports[0]["shape"]])
            self.file = scratch / "rows.csv"
            np.savetxt(self.file, x.reshape(len(x), -1), fmt="%.17g", delimiter=",")
            self.arrays[ports[0]["port"]] = x

    def feeds(self, model):
        """The first rows of each input, in its type."""
        arrays = {}
        for port in model.graph.input:
            array = self.arrays[port.name][:MOST_ROWS]
            is_index = port.type.tensor_type.elem_type == onnx.TensorProto.INT64
            arrays[port.name] = array.astype(np.int64) if is_index else array
        return arrays

    def shaped(self, array, port):
        kind = np.int64 if "indices" in port else np.float64
        return array.reshape([-1, *port["shape"]]).astype(kind)

    def column(self, name):
        """A column of a table, `[rows, 1]`: texts, or numbers with NaN for a missing cell."""
        cells, column = self.table[name], self.columns[name]
        missing = cells.isin(["", "NA", "?"]).to_numpy()
        if "categories" in column:
            texts = cells.to_numpy(dtype=object)
            texts[missing] = ""
            return texts.reshape(-1, 1)
        if column["type"] == "date":
            days = (pd.to_datetime(cells) - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
            return days.to_numpy().reshape(-1, 1)
        if column["type"] == "boolean":
            cells = cells.str.lower().isin(["true", "yes", "t", "y", "1"]).astype(float)
        return pd.to_numeric(cells, errors="coerce").to_numpy(np.float64).reshape(-1, 1)


def idx(path):
    data = gzip.decompress(path.read_bytes())
    shape = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


class Erf(OpRun):
    """The error function in float64; the evaluator's own rounds to float32."""

    op_domain = ""

    def _run(self, x):
        return (np.vectorize(math.erf, otypes=[x.dtype])(x),)


def outputs_of(model, dtype, feeds):
    """The outputs by name: of onnxruntime in float32, of the reference evaluator in float64."""
    names = [output.name for output in model.graph.output]
    if dtype == "float32":
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"])
        values = session.run(names, feeds)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = ReferenceEvaluator(model, new_ops=[Erf]).run(names, feeds)
    return dict(zip(names, values))


def compare(outputs, predicted, rows, dtype, experiment=None):
    """Compares the outputs with the table of `nnexp predict`. Returns the largest error relative
    to a tensor's largest number."""
    worst = 0.0
    for name, value in outputs.items():
        value = np.asarray(value)[rows]
        if value.dtype == object or value.dtype.kind in "US":
            same = predicted[name].to_numpy() == value.reshape(-1).astype(str)
            assert same.all(), f"'{name}' differs in {np.sum(~same)} rows"
            continue
        value = value.reshape(len(value), -1).astype(np.float64)
        kind, _, head = name.partition("_")
        if name.startswith("standard_deviation"):
            kind, head = "standard_deviation", name.removeprefix("standard_deviation").lstrip("_")
        columns = [c for c in predicted.columns if c == name]
        if kind in ("probability", "score") or not columns:
            columns = [
                c for c in predicted.columns if c.startswith(kind + "_") and c.endswith(head)]
        columns = columns[:value.shape[1]]
        expected = predicted[columns].astype(np.float64).to_numpy()
        assert expected.shape == value.shape, f"'{name}': {value.shape}, not {expected.shape}"
        missing = np.isnan(expected)
        assert (np.isnan(value) == missing).all(), f"'{name}' is NaN elsewhere than the predictions"
        scale = np.nanmax(np.abs(expected)) or 1
        if (experiment, name) in TERMS:
            other, factor = TERMS[experiment, name]
            scale = max(scale, factor * predicted[other].astype(np.float64).abs().max())
        worst = max(worst, float(np.nanmax(np.abs(value - expected))) / scale)
    assert worst <= BOUNDS[dtype], f"an error of {worst:.2g}"
    return worst


def check(model_path):
    model = onnx.load(model_path)
    onnx.checker.check_model(model, full_check=True)
    return model


def changes(file, dtype):
    """The overrides for a short run in a precision."""
    experiment = yaml.safe_load(file.read_text())
    plus = "" if "dtype" in experiment else "+"
    check = "" if "gradient_check" in experiment else "+"
    return [f"{plus}dtype={dtype}", "train.epochs=1", f"{check}gradient_check=false"] + (
        ["expect={}"] if "expect" in experiment else [])


def check_experiment(nnexp, file, dtype, folder, refuses):
    run = folder / f"{file.stem}-{dtype}"
    done = subprocess.run(
        [nnexp, "run", file, *changes(file, dtype), "--quiet", "--output", run],
        capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    model_path = folder / f"{file.stem}-{dtype}.onnx"
    if refuses:
        done = call(nnexp, "export", run, "--onnx", model_path, code=2)
        assert "cannot be exported: the layer does not say how" in done.stderr, done.stderr
        check_weights(nnexp, run, folder, file, dtype)
        return "refused by name"
    call(nnexp, "export", run, "--onnx", model_path)
    again = folder / "again.onnx"
    call(nnexp, "export", run, "--onnx", again, "--force")
    assert again.read_bytes() == model_path.read_bytes(), "another export has other bytes"
    model = check(model_path)
    experiment = yaml.safe_load((run / "resolved.yaml").read_text())
    columns = json.loads((run / "columns.json").read_text())
    source = Source(experiment, columns, file.parent, folder)
    predicted = pd.read_csv(
        io.StringIO(call(nnexp, "predict", run, "--input", source.file).stdout),
        keep_default_na=False, na_values=[""], dtype=str).head(MOST_ROWS)
    rows = predicted["row"].astype(int).to_numpy() - 1
    feeds = source.feeds(model)
    worst = compare(outputs_of(model, dtype, feeds), predicted, rows, dtype, file.stem)
    check_bare(nnexp, run, folder, model, dtype)
    check_weights(nnexp, run, folder, file, dtype)
    return f"{len(predicted)} rows within {worst:.1e}"


def check_bare(nnexp, run, folder, full, dtype):
    """The bare model computes its outputs from the samples that the run keeps."""
    path = folder / "bare.onnx"
    call(nnexp, "export", run, "--onnx", path, "--bare", "--force")
    model = check(path)
    archive = np.load(run / "checkpoints/samples.npz")
    feeds, start = {}, {"inputs": 0, "indices": 0}
    for port in model.graph.input:
        shape = [d.dim_value for d in port.type.tensor_type.shape.dim[1:]]
        half = (
            "indices" if port.type.tensor_type.elem_type == onnx.TensorProto.INT64 else "inputs")
        width = int(np.prod(shape))
        own = archive[half][:, start[half]:start[half] + width]
        start[half] += width
        feeds[port.name] = own.reshape([-1, *shape]).astype(
            np.int64 if half == "indices" else dtype)
    for name, value in outputs_of(model, dtype, feeds).items():
        assert np.isfinite(value).all(), f"'{name}' of the bare model is not finite"


def check_weights(nnexp, run, folder, file, dtype):
    """Both libraries read the same weights, and a run starts from either file."""
    paths = [folder / "weights.safetensors", folder / "weights.npz"]
    call(nnexp, "export", run, "--safetensors", paths[0], "--npz", paths[1], "--force")
    tensors, arrays = safetensors.numpy.load_file(paths[0]), np.load(paths[1])
    assert set(tensors) == set(arrays.files), "the files have different tensors"
    for name, tensor in tensors.items():
        assert tensor.dtype == dtype and arrays[name].dtype == dtype
        assert np.array_equal(tensor, arrays[name]), f"'{name}' differs"
    if not tensors:
        return
    # Training starts from the files that the libraries write.
    safetensors.numpy.save_file(tensors, paths[0])
    np.savez(paths[1], **tensors)
    for path in paths:
        start = folder / f"start-{path.suffix[1:]}"
        done = call(
            nnexp, "run", file, *changes(file, dtype), f"+start_from={{file: {path}}}",
            "--output", start)
        fact = f"{len(tensors)} of {len(tensors)} tensors start from '{path}'"
        assert fact in done.stderr, f"no '{fact}' in:\n{done.stderr}"


def check_layers(nnexp, dtype):
    """Each shipped layer with its options, in a small network. Returns the number of failures."""
    failures, count, worst = 0, 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        random = np.random.default_rng(3)
        data = {
            "image": random.normal(size=[12, 3, 8, 9]), "flat": random.normal(size=[12, 12]),
            "t": random.normal(size=[12, 2])}
        np.savez(folder / "data.npz", **data)
        for array, network, text in networks(folder / "data.npz", dtype):
            count += 1
            (folder / "layer.yaml").write_text(text)
            run, path = folder / f"run{count}", folder / "layer.onnx"
            try:
                call(nnexp, "run", folder / "layer.yaml", "--quiet", "--output", run)
                call(nnexp, "export", run, "--onnx", path, "--force")
                model = check(path)
                predicted = pd.read_csv(io.StringIO(
                    call(nnexp, "predict", run, "--input", folder / "data.npz").stdout), dtype=str)
                feeds = {model.graph.input[0].name: data[array]}
                outputs = outputs_of(model, dtype, feeds)
                worst = max(worst, compare(outputs, predicted, np.arange(12), dtype))
            except Exception as error:  # reported with the network
                failures += 1
                print(f"FAILED: {network}: {type(error).__name__}: {str(error)[-1500:]}")
    print(f"{count} networks of single layers {dtype}: within {worst:.1e}", flush=True)
    return failures


def check_variances(nnexp, dtype):
    """Means and standard deviations of gaussian_nll. Returns the number of failures."""
    failures, worst = 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        random = np.random.default_rng(4)
        x = random.normal(size=[40, 5])
        t = x[:, :2] * [30, 0.1] + random.normal(size=[40, 2]) + [500, 0]
        np.savez(folder / "data.npz", flat=x, t=t)
        for count, (network, text) in enumerate(variances(folder / "data.npz", dtype)):
            (folder / "variances.yaml").write_text(text)
            run, path = folder / f"run{count}", folder / f"{count}.onnx"
            try:
                call(nnexp, "run", folder / "variances.yaml", "--quiet", "--output", run)
                call(nnexp, "export", run, "--onnx", path)
                predicted = pd.read_csv(io.StringIO(
                    call(nnexp, "predict", run, "--input", folder / "data.npz").stdout), dtype=str)
                outputs = outputs_of(check(path), dtype, {"input": x})
                assert set(outputs) == {"prediction", "standard_deviation"}, list(outputs)
                assert (outputs["standard_deviation"] > 0).all()
                worst = max(worst, compare(outputs, predicted, np.arange(len(x)), dtype))
            except Exception as error:  # reported with the network
                failures += 1
                print(f"FAILED: {network}: {type(error).__name__}: {str(error)[-1500:]}")
    print(f"means and variances {dtype}: within {worst:.1e}", flush=True)
    return failures


def check_table(nnexp, dtype):
    """A table with every kind of column, and rows that the training data do not contain."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        frame = tables.table()
        frame.to_csv(folder / "table.csv", index=False)
        (folder / "table.yaml").write_text(
            tables.EXPERIMENT.format(path=folder / "table.csv", dtype=dtype))
        run, path = folder / "run", folder / "table.onnx"
        call(nnexp, "run", folder / "table.yaml", "--quiet", "--output", run)
        call(nnexp, "export", run, "--onnx", path)
        model = check(path)
        # A category for other texts.
        frame.loc[0, "size"] = "medium"
        frame.to_csv(folder / "new.csv", index=False)
        columns = json.loads((run / "columns.json").read_text())
        source = Source(
            {"data": {"csv": {"path": "new.csv"}}}, columns, folder, folder)
        feeds = source.feeds(model)
        predicted = pd.read_csv(
            io.StringIO(call(nnexp, "predict", run, "--input", source.file).stdout),
            keep_default_na=False, na_values=[""], dtype=str)
        outputs = outputs_of(model, dtype, feeds)
        # A row that `predict` leaves out has no class, but the model must name one.
        kept = predicted["prediction_price"].notna().to_numpy()
        assert np.isnan(outputs["prediction_price"][~kept]).all(), "a row without its cell"
        worst = compare(outputs, predicted[kept], np.flatnonzero(kept), dtype)
        # An unknown category makes the numbers of a row NaN.
        feeds["colour"] = feeds["colour"].copy()
        feeds["colour"][0, 0] = "violet"
        unknown = outputs_of(model, dtype, feeds)["prediction_price"]
        assert np.isnan(unknown[0]).all() and not np.isnan(unknown[kept][1:]).any()
    print(f"a table with every kind of column {dtype}: within {worst:.1e}", flush=True)


def main():
    nnexp = pathlib.Path(sys.argv[1]).resolve()
    names = sys.argv[2:]
    files = sorted(
        file for folder in ("experiments", "experiments/seeds", "experiments/plugins")
        for file in (ROOT / folder).glob("*.yaml") if not names or file.stem in names)
    failures = 0
    if not names or "layers" in names:
        failures += sum(check_layers(nnexp, dtype) for dtype in ("float32", "float64"))
    if not names or "variances" in names:
        failures += sum(check_variances(nnexp, dtype) for dtype in ("float32", "float64"))
    if not names or "table" in names:
        for dtype in ("float32", "float64"):
            check_table(nnexp, dtype)
    for file in files:
        # A plugin in C has no graph of operators.
        refuses = file.stem == "swish"
        for dtype in ("float32", "float64"):
            start = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                try:
                    fact = check_experiment(nnexp, file, dtype, pathlib.Path(folder), refuses)
                except Exception as error:  # reported with the experiment's name
                    failures += 1
                    fact = f"FAILED: {type(error).__name__}: {str(error)[-1500:]}"
            seconds = time.monotonic() - start
            print(f"{file.relative_to(ROOT)} {dtype}: {fact} ({seconds:.1f} s)", flush=True)
    if failures:
        sys.exit(f"{failures} failed")


if __name__ == "__main__":
    main()
