"""Writes a workload's folder: data and initial weights as .npy, spec.json and experiment.yaml."""
import json
import pathlib
import zlib

import numpy as np


def write(workload, folder):
    """Fills `folder`; the same workload gives the same bytes on any machine."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    x, t = data(workload)
    np.save(folder / "x.npy", x.astype(workload.dtype))
    np.save(folder / "t.npy", t)
    shapes = parameter_shapes(workload)
    random = np.random.default_rng(1)
    for index, (weight, bias) in enumerate(shapes):
        # Three times Glorot's: with less, sigmoid convolutions stall at ln 10.
        gain = 3 if len(weight) == 4 else 1
        np.save(folder / f"weight_{index}.npy", glorot(weight, gain, random).astype(workload.dtype))
        np.save(folder / f"bias_{index}.npy", np.zeros(bias, workload.dtype))
    (folder / "spec.json").write_text(json.dumps(workload.spec(), indent=2) + "\n")
    (folder / "experiment.yaml").write_text(experiment(workload, folder))
    if workload.kind == "sweep":
        (folder / "sweep.yaml").write_text(sweep(workload))
    return folder


def prepare(workload, root):
    """The workload's folder below `root`, which is written if it does not exist."""
    folder = pathlib.Path(root) / f"{workload.name}-{fingerprint(workload)}"
    if not (folder / "complete").exists():
        write(workload, folder)
        (folder / "complete").touch()
    return folder


def data(workload):
    """XOR, or samples that are one of ten prototypes with noise."""
    if workload.loss == "squared_error":
        x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
        return x, np.array([[0], [1], [1], [0]]).astype(workload.dtype)
    random = np.random.default_rng(0)
    t = random.integers(0, 10, workload.samples)
    prototypes = random.random((10, int(np.prod(workload.input))), np.float32)
    x = random.standard_normal((workload.samples, prototypes.shape[1]), np.float32)
    x *= np.float32(0.5)
    x += prototypes[t]
    return x.reshape((workload.samples, *workload.input)), t.astype(np.int32)


def parameter_shapes(workload):
    """The (weight, bias) of every layer with parameters, in order."""
    shape, found = workload.input, []
    for layer in workload.layers:
        if layer["type"] == "dense":
            found.append(((layer["units"], int(np.prod(shape))), (layer["units"],)))
            shape = (layer["units"],)
        elif layer["type"] == "convolution":
            window = layer["window"]
            found.append(((layer["channels"], shape[0], window, window), (layer["channels"],)))
            shape = (layer["channels"], shape[1] - window + 1, shape[2] - window + 1)
        elif layer["type"] == "lp_pooling":
            shape = (shape[0], shape[1] // layer["window"], shape[2] // layer["window"])
    return found


def glorot(shape, gain, random):
    field = int(np.prod(shape[2:]))
    limit = gain * np.sqrt(6 / ((shape[0] + shape[1]) * field))
    return random.uniform(-limit, limit, shape)


def initial(file):
    """Writes few values into the experiment itself, and many into a file next to it."""
    values = np.load(file)
    return {"values": values.tolist()} if values.size < 10 else {"file": file.name}


def experiment(workload, folder):
    """The experiment for `nnexp`, in flow style: JSON is valid YAML 1.2."""
    model, index = [], 0
    for layer in workload.layers:
        entry = dict(layer)
        if layer["type"] in ("dense", "convolution"):
            entry["initial"] = {
                name: initial(folder / f"{name}_{index}.npy") for name in ("weight", "bias")}
            index += 1
        model.append(entry)
    source = {"npy": {"inputs": "x.npy", "targets": "t.npy"}}
    if workload.loss == "cross_entropy":
        source["classes"] = 10
    if workload.loss == "squared_error":
        # A small example contains its data in the file, as a user would write it.
        x, t = data(workload)
        source = {"inline": {"inputs": x.astype(int).tolist(), "targets": t.astype(int).tolist()}}
    check = workload.kind == "check"
    sections = {
        "name": workload.name,
        "dtype": workload.dtype,
        "data": source,
        "loss": {"type": workload.loss, "reduction": "mean"},
        "metrics": [],
        "train": {
            "optimizer": workload.optimizer, "epochs": workload.epochs,
            "batch_size": workload.batch, "sampling": "sequential",
            "record_every": workload.record_every},
        "gradient_check": {"entries": "all", "inputs": False, "batch": workload.batch}
        if check else False,
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in sections.items()]
    lines.insert(3, "model:\n" + "\n".join(f"  - {json.dumps(entry)}" for entry in model))
    return "\n".join(lines) + "\n"


def sweep(workload):
    lines = [
        "base: experiment.yaml",
        "sweep:",
        "  grid:",
        f"    train.optimizer.learning_rate: {json.dumps(workload.rates)}",
    ]
    return "\n".join(lines) + "\n"


def fingerprint(workload):
    """Eight hexadecimal digits that change with the workload and with these scripts' sources."""
    sources = [pathlib.Path(__file__), pathlib.Path(__file__).with_name("workloads.py")]
    text = json.dumps(workload.spec()).encode() + b"".join(path.read_bytes() for path in sources)
    return f"{zlib.crc32(text):08x}"
