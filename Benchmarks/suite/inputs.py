"""Writes a workload's folder: data and initial weights as .npy, spec.json and experiment.yaml."""
import json
import pathlib
import zlib

import numpy as np

from .workloads import SIGMOID


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
        if weight == bias:  # a normalization
            np.save(folder / f"weight_{index}.npy", np.ones(weight, workload.dtype))
            np.save(folder / f"bias_{index}.npy", np.zeros(bias, workload.dtype))
            continue
        # Three times Glorot's: with less, sigmoid convolutions stall at ln 10.
        gain = 3 if len(weight) == 4 and SIGMOID in workload.layers else 1
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
    """XOR, samples that are one of a few prototypes with noise, or samples of few ones."""
    if workload.loss == "squared_error" and workload.data == "prototypes":
        x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
        return x, np.array([[0], [1], [1], [0]]).astype(workload.dtype)
    random = np.random.default_rng(0)
    t = random.integers(0, workload.classes, workload.samples)
    width = int(np.prod(workload.input))
    if workload.data == "sparse":
        # The class determines 15 columns in the first half; the others are in the second.
        x = np.zeros((workload.samples, width), np.float32)
        half = width // 2
        chosen = np.array([
            np.concatenate([
                random.choice(half // workload.classes, 15, False) * workload.classes + label,
                half + random.choice(half, 15, False)])
            for label in t])
        np.put_along_axis(x, chosen, 1, axis=1)
        return x, t.astype(np.int32)
    prototypes = random.random((workload.classes, width), np.float32)
    x = random.standard_normal((workload.samples, width), np.float32)
    x *= np.float32(0.5)
    x += prototypes[t]
    if workload.data == "autoencoder":
        return x, x
    return x.reshape((workload.samples, *workload.input)), t.astype(np.int32)


def parameter_shapes(workload):
    """The (weight, bias) of every layer with parameters, in order."""
    shape, found, named = workload.input, [], {}
    for layer in workload.layers:
        if "inputs" in layer:
            inputs = layer["inputs"]
            shape = named[inputs if isinstance(inputs, str) else inputs[0]]
        kind = layer["type"]
        if kind == "dense":
            found.append(((layer["units"], int(np.prod(shape))), (layer["units"],)))
            shape = (layer["units"],)
        elif kind == "convolution":
            window = layer["window"]
            found.append(
                ((layer["channels"], shape[0] // layer.get("groups", 1), window, window),
                 (layer["channels"],)))
            shape = (layer["channels"], *(extent(n, layer, 1) for n in shape[1:]))
        elif kind == "batch_normalization":
            found.append(((shape[0],), (shape[0],)))
        elif kind == "layer_normalization":
            found.append((shape, shape))
        elif kind.endswith("_pooling"):
            shape = (shape[0], *(
                1 if layer.get("global") else extent(n, layer, layer["window"]) for n in shape[1:]))
        if "name" in layer:
            named[layer["name"]] = shape
    return found


def extent(n, layer, stride):
    """The number of windows along an axis of n numbers."""
    return (n + 2 * layer.get("padding", 0) - layer["window"]) // layer.get("stride", stride) + 1


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
        if layer["type"].endswith("_normalization"):
            index += 1
        elif layer["type"] in ("dense", "convolution"):
            entry["initial"] = {
                name: initial(folder / f"{name}_{index}.npy") for name in ("weight", "bias")}
            index += 1
        model.append(entry)
    source = {"npy": {"inputs": "x.npy", "targets": "t.npy"}}
    if workload.loss == "cross_entropy":
        source["classes"] = workload.classes
    if workload.loss == "squared_error" and workload.data == "prototypes":
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
        "gradient_check": {
            "entries": workload.entries, "inputs": workload.entries != "all",
            "batch": workload.batch} if check else False,
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
