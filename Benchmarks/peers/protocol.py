"""The protocol between a peer and the driver.

    python3 peers/torch_peer.py FOLDER THREADS [--once] [VARIANT]

A peer initializes itself and answers with one line of JSON that contains its version. Then, for every
line that it reads, it does the whole work once from the initial weights and answers with
`{"seconds": …, "figure": …}`. With `--once` it does the work once and ends: the driver times the
process. The figure must be the same for all peers: the last epoch's mean loss, or for a gradient check
the sum of the gradient's absolute values.
"""
import json
import os
import pathlib
import sys
import time

folder = pathlib.Path(sys.argv[1])
threads = int(sys.argv[2])
once = "--once" in sys.argv
variant = sys.argv[-1] if sys.argv[-1] not in ("--once", sys.argv[2]) else ""
for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[name + "_NUM_THREADS"] = str(threads)

spec = json.loads((folder / "spec.json").read_text())
layers = spec["layers"]
samples, batch, epochs = spec["samples"], spec["batch"], spec["epochs"]
rate = spec["optimizer"]["learning_rate"]
momentum = spec["optimizer"].get("momentum", 0.0)


def load():
    """The inputs, the targets and [weight, bias, weight, …] as NumPy arrays."""
    import numpy as np

    count = len(with_parameters())
    files = [f"{name}_{index}.npy" for index in range(count) for name in ("weight", "bias")]
    return (np.load(folder / "x.npy"), np.load(folder / "t.npy"),
            [np.load(folder / file) for file in files])


def with_parameters():
    """The layers with a weight and a bias."""
    return [
        layer for layer in layers
        if layer["type"] in ("dense", "convolution") or layer["type"].endswith("_normalization")]


def run_layers(x, compute):
    """The last layer's output; `compute(layer, inputs)` returns that of a layer. A layer with `inputs`
    reads the layers with these names instead of the layer before it."""
    named = {}
    for layer in layers:
        names = layer.get("inputs")
        inputs = [x] if names is None else [named[names]] if isinstance(names, str) else [
            named[name] for name in names]
        x = compute(layer, inputs)
        if "name" in layer:
            named[layer["name"]] = x
    return x


def batches():
    """The slices of one epoch."""
    return [slice(first, min(first + batch, samples)) for first in range(0, samples, batch)]


def serve(version, work):
    """Answers until the driver closes the pipe. `work()` returns the figure, or (seconds, figure)
    if a part of its time must not count."""

    def measured():
        start = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - start
        seconds, figure = result if isinstance(result, tuple) else (seconds, result)
        return json.dumps({"seconds": seconds, "figure": float(figure)})

    if once:
        print(measured())
        return
    print(json.dumps({"version": version}), flush=True)
    for _ in sys.stdin:
        print(measured(), flush=True)
