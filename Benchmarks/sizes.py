"""Times layers and optimizers over their sizes, and compares them with PyTorch.

    make bench-scale                             # after scale.py; about ten minutes
    Benchmarks/.venv/bin/python Benchmarks/sizes.py [--only channels,width] [--rounds 3]

A point is the training of a small network on one thread, in float32: seconds per sample of one step with SGD.
Both programs train as long once before, so that their memory is in use.
Two bounds hold, which decide the exit code:

- The line: a point takes at most 1.5 times as long as the line through its neighbors says, on logarithmic axes.
- The peer: no point takes longer than PyTorch, eager or with `channels_last` images, whichever is faster.

The programs and the points of an axis take turns, and each figure is the median of the rounds', so that a slow
minute affects neighbors and peers alike. Writes results/sizes.csv.
"""
import argparse
import csv
import json
import math
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from suite import machine, measuring, peers

COLUMNS = ("axis", "value", "nnexp_seconds", "pytorch_seconds", "ratio", "above_line")
LINE, PEER = 1.5, 1.0
LEAST_SECONDS = 0.1  # of a measurement


class LpPool(nn.Module):
    def __init__(self, p, window, stride):
        super().__init__()
        self.p, self.window, self.stride = p, window, stride

    def forward(self, x):
        return F.lp_pool2d(x, self.p, self.window, self.stride)


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


class OfTwo(nn.Module):
    """A function of x and σ(x)."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x, torch.sigmoid(x))


def convolution(inputs, outputs, kernel=3, **more):
    ours = {"type": "convolution", "channels": outputs, "window": kernel, **more}
    theirs = {k: v for k, v in more.items() if k in ("stride", "padding", "groups", "dilation")}
    return ours, nn.Conv2d(inputs, outputs, kernel, **theirs)


def dense(inputs, outputs):
    return {"type": "dense", "units": outputs}, nn.Linear(inputs, outputs)


def layer(ours, theirs):
    return ({"type": ours} if isinstance(ours, str) else ours), theirs


# The first layer has a parameter, so that the gradient of its output is needed.
def slope():
    return {"type": "prelu"}, nn.PReLU()


def average():
    return {"type": "reduce", "by": "mean"}, Function(lambda x: x.flatten(1).mean(1, keepdim=True))


SHAPE, COUNT = (16, 32, 32), 16 * 32 * 32


def images(ours, theirs, shape=SHAPE, batch=16):
    return shape, batch, [slope(), layer(ours, theirs), average()], {}


def rows(ours, theirs, width, batch=64):
    return (width,), batch, [slope(), layer(ours, theirs), average()], {}


def of_two(ours, theirs, shape, batch=16):
    """A layer with the inputs x and σ(x); `ours` is its entry without the inputs."""
    first, module = slope()
    return shape, batch, [
        ({**first, "name": "x"}, module), ({"type": "sigmoid", "name": "gate"}, nn.Identity()),
        ({**ours, "inputs": ["x", "gate"]}, OfTwo(theirs)), average()], {}


def axes():
    """The axes by name: a list of values, and the function from a value to (input shape, batch, layers, and
    the optimizers or the number of indices)."""
    found = {
        "channels": ((1, 2, 4, 8, 16, 32, 64, 128, 256, 512), lambda c: (
            (c, 16, 16), 16, [convolution(c, c, padding=1), convolution(c, c, padding=1), average()], {})),
        "pixels": ((8, 16, 32, 64, 128, 256, 512), lambda n: (
            (4, n, n), 8, [convolution(4, 8, padding=1), convolution(8, 8, padding=1), average()], {})),
        "kernel": ((1, 3, 5, 7, 9, 11), lambda k: (
            (16, 32, 32), 8,
            [convolution(16, 16, k, padding=k // 2), convolution(16, 16, k, padding=k // 2), average()], {})),
        "stride": ((1, 2, 3, 4), lambda s: (
            (16, 32, 32), 8, [convolution(16, 16, padding=1), convolution(16, 16, stride=s), average()], {})),
        "groups": ((1, 2, 4, 8, 16, 32), lambda g: (
            (32, 16, 16), 16,
            [convolution(32, 32, padding=1, groups=g), convolution(32, 32, padding=1, groups=g), average()],
            {})),
        "batch": ((1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024), lambda n: (
            (256,), n, [dense(256, 256), layer("relu", nn.ReLU()), dense(256, 10)], {})),
        "batch, images": ((1, 4, 16, 64, 256, 1024), lambda n: (
            (3, 16, 16), n, [convolution(3, 16, padding=1), layer("relu", nn.ReLU()),
                             layer({"type": "max_pooling", "window": 2}, nn.MaxPool2d(2)),
                             convolution(16, 16, padding=1), average()], {})),
        "width": ((8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192), lambda n: (
            (n,), 32, [dense(n, n), dense(n, 1)], {})),
    }
    windows = (2, 3, 4, 5, 7, 9)
    for name, p in (("lp 2", 2), ("lp 2.5", 2.5), ("lp 3", 3)):
        found[f"window of {name}"] = (windows, lambda w, p=p: images(
            {"type": "lp_pooling", "p": p, "window": w, "stride": 2}, LpPool(p, w, 2)))
    found["window of max"] = (windows, lambda w: images(
        {"type": "max_pooling", "window": w, "stride": 2}, nn.MaxPool2d(w, 2)))
    found["window of average"] = (windows, lambda w: images(
        {"type": "average_pooling", "window": w, "stride": 2}, nn.AvgPool2d(w, 2)))
    numbers = (16, 64, 256, 1024, 4096, 16384)
    for name, theirs in (
            ("relu", nn.ReLU), ("sigmoid", nn.Sigmoid), ("tanh", nn.Tanh), ("gelu", nn.GELU),
            ("elu", nn.ELU), ("softplus", nn.Softplus), ("silu", nn.SiLU), ("mish", nn.Mish),
            ("hard_swish", nn.Hardswish), ("softmax", lambda: nn.Softmax(1)),
            ("log_softmax", lambda: nn.LogSoftmax(1)), ("leaky_relu", lambda: nn.LeakyReLU(0.01)),
            ("relu6", nn.ReLU6), ("selu", nn.SELU), ("softsign", nn.Softsign),
            ("hard_sigmoid", nn.Hardsigmoid), ("hard_tanh", nn.Hardtanh), ("log_sigmoid", nn.LogSigmoid),
            ("prelu", nn.PReLU), ("glu", lambda: nn.GLU(1))):
        found[name] = (numbers, lambda n, name=name, theirs=theirs: rows(name, theirs(), n))
    found["formula"] = (numbers, lambda n: rows(
        {"type": "formula", "y": "x·σ(x)"}, Function(lambda x: x * torch.sigmoid(x)), n))
    found["dropout"] = (numbers, lambda n: rows({"type": "dropout", "rate": 0.2}, nn.Dropout(0.2), n))
    found["gaussian_noise"] = (
        numbers, lambda n: rows("gaussian_noise", Function(lambda x: x + 0.1 * torch.randn_like(x)), n))
    found["layer_normalization"] = (
        numbers, lambda n: rows("layer_normalization", nn.LayerNorm(n), n))
    found["rms_normalization"] = (numbers, lambda n: rows("rms_normalization", nn.RMSNorm(n, 1e-5), n))
    found["maxout"] = ((16, 64, 256, 1024), lambda n: (
        (n,), 32, [slope(), ({"type": "maxout", "units": n, "pieces": 2}, nn.Sequential(
            nn.Linear(n, 2 * n), Function(lambda x: x.unflatten(1, (n, 2)).amax(2)))), average()], {}))
    found["embedding"] = ((16, 256, 4096, 65536), lambda n: (
        (32,), 64, [({"type": "embedding", "size": 16, "inputs": "words"}, nn.Embedding(n, 16)), average()],
        {"indices": n}))
    found["batch_normalization"] = (
        numbers, lambda n: rows("batch_normalization", nn.BatchNorm1d(n, momentum=0.1), n))
    sizes = (4, 8, 16, 32, 64)
    for name, ours, theirs in (
            ("batch normalization of images", "batch_normalization", lambda: nn.BatchNorm2d(16)),
            ("group normalization", {"type": "group_normalization", "groups": 4},
             lambda: nn.GroupNorm(4, 16)),
            ("instance normalization", "instance_normalization",
             lambda: nn.InstanceNorm2d(16, affine=True)),
            ("local response normalization", {"type": "local_response_normalization", "size": 5},
             lambda: nn.LocalResponseNorm(5)),
            ("softmax of channels", "softmax", lambda: nn.Softmax(1)),
            ("upsample", {"type": "upsample", "factor": 2}, lambda: nn.Upsample(scale_factor=2)),
            ("bilinear upsample", {"type": "upsample", "factor": 2, "mode": "bilinear"},
             lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
            ("pad", {"type": "pad", "padding": 2}, lambda: nn.ZeroPad2d(2)),
            ("global average", {"type": "average_pooling", "global": True},
             lambda: nn.AdaptiveAvgPool2d(1)),
            ("depthwise convolution", {"type": "depthwise_convolution", "window": 3, "padding": 1},
             lambda: nn.Conv2d(16, 16, 3, padding=1, groups=16)),
            ("transposed convolution",
             {"type": "transposed_convolution", "channels": 16, "window": 4, "stride": 2, "padding": 1},
             lambda: nn.ConvTranspose2d(16, 16, 4, 2, 1)),
            ("separable convolution",
             {"type": "separable_convolution", "channels": 16, "window": 3, "padding": 1},
             lambda: nn.Sequential(
                 nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), nn.Conv2d(16, 16, 1))),
            ("adaptive pooling", {"type": "adaptive_pooling", "output": 3},
             lambda: nn.AdaptiveAvgPool2d(3)),
            ("adaptive max pooling", {"type": "adaptive_pooling", "output": 3, "by": "max"},
             lambda: nn.AdaptiveMaxPool2d(3)),
            ("cubic resize", {"type": "resize", "factor": 2, "mode": "cubic"},
             lambda: nn.Upsample(scale_factor=2, mode="bicubic")),
            ("reflected padding", {"type": "pad", "padding": 2, "mode": "reflect"},
             lambda: nn.ReflectionPad2d(2)),
            ("crop", {"type": "crop", "cropping": 1}, lambda: Function(lambda x: x[:, :, 1:-1, 1:-1])),
            ("slice", {"type": "slice", "axis": 1, "start": 1, "step": 2},
             lambda: Function(lambda x: x[:, :, 1::2])),
            ("transpose", {"type": "transpose", "axes": [1, 2, 0]},
             lambda: Function(lambda x: x.permute(0, 2, 3, 1).contiguous())),
            ("sum over rows", {"type": "reduce", "by": "sum", "axes": [1]},
             lambda: Function(lambda x: x.sum(2))),
            ("maximum over channels", {"type": "reduce", "by": "max", "axes": [0]},
             lambda: Function(lambda x: x.amax(1))),
            ("flatten", "flatten", lambda: nn.Flatten()),
            ("spatial dropout", {"type": "spatial_dropout", "rate": 0.2}, lambda: nn.Dropout2d(0.2))):
        found[name] = (sizes, lambda n, ours=ours, theirs=theirs: images(ours, theirs(), (16, n, n), 16))
    found["split"] = (sizes, lambda n: (
        (16, n, n), 16,
        [slope(), ({"type": "split", "sizes": [8, 8]}, Function(lambda x: torch.split(x, 8, 1)[0])),
         ({**average()[0], "inputs": "split.part_1"}, average()[1])], {}))
    for name, function in (
            ("add", torch.add), ("subtract", torch.sub), ("multiply", torch.mul), ("divide", torch.div),
            ("maximum", torch.maximum), ("minimum", torch.minimum),
            ("concatenate", lambda x, gate: torch.cat((x, gate), 1))):
        found[name] = (sizes, lambda n, name=name, function=function: of_two(
            {"type": name}, function, (16, n, n)))
    found["add to every position"] = (sizes, lambda n: (
        (16, n, n), 16,
        [({"type": "prelu", "name": "x"}, nn.PReLU()),
         ({"type": "reduce", "by": "mean", "axes": [1, 2], "keep_axes": True}, nn.Identity()),
         ({"type": "sigmoid", "name": "gate"}, nn.Identity()),
         ({"type": "add", "inputs": ["x", "gate"]},
          Function(lambda x: x + torch.sigmoid(x.mean((2, 3), keepdim=True)))), average()], {}))
    found["matrix_product"] = ((8, 16, 32, 64, 128), lambda n: of_two(
        {"type": "matrix_product"}, torch.matmul, (n, n)))
    adam = {"betas": (0.9, 0.999)}
    for name, make in (
            ("sgd", lambda p: torch.optim.SGD(p, 1e-6, fused=True)),
            ("sgd with momentum", lambda p: torch.optim.SGD(p, 1e-6, momentum=0.9, fused=True)),
            ("adam", lambda p: torch.optim.Adam(p, 1e-6, **adam, fused=True)),
            ("adamw", lambda p: torch.optim.AdamW(p, 1e-6, **adam, fused=True)),
            ("nadam", lambda p: torch.optim.NAdam(p, 1e-6)),
            ("radam", lambda p: torch.optim.RAdam(p, 1e-6)),
            ("rmsprop", lambda p: torch.optim.RMSprop(p, 1e-6)),
            ("adagrad", lambda p: torch.optim.Adagrad(p, 1e-6)),
            ("adadelta", lambda p: torch.optim.Adadelta(p, 1e-6)),
            ("rprop", lambda p: torch.optim.Rprop(p, 1e-6))):
        ours = {"type": name.split(" ")[0], "learning_rate": 1e-6}
        if "momentum" in name:
            ours["momentum"] = 0.9
        found[f"optimizer {name}"] = ((16, 64, 256, 1024), lambda n, ours=ours, make=make: (
            (n,), 8, [dense(n, n), dense(n, 1)], {"ours": ours, "theirs": make}))
    return found


class Ours:
    """nnexp's training of a network, as a user runs it: the seconds of the last row of its timing.csv."""

    def __init__(self, folder, shape, batch, layers, more):
        self.folder, self.batch = folder, batch
        data = {"npy": {"inputs": "x.npy", "targets": "t.npy"}}
        if "indices" in more:
            data = {"npy": {"inputs": {"words": "x.npy"}, "targets": "t.npy"},
                    "indices": {"words": more["indices"]}}
        self.head = {
            "name": "sizes", "seed": 1, "dtype": "float32", "data": data,
            "model": [ours for ours, _ in layers], "loss": "squared_error", "metrics": [],
            "gradient_check": False}
        self.optimizer = more.get("ours") or {"type": "sgd", "learning_rate": 1e-6}
        self.shape, self.outputs = shape, 10 if layers[-1][0].get("units") == 10 else 1

    def write(self, x, t):
        np.save(self.folder / "x.npy", x)
        np.save(self.folder / "t.npy", t)

    def seconds(self, epochs):
        train = {"optimizer": self.optimizer, "epochs": 2 * epochs, "batch_size": self.batch,
                 "sampling": "sequential", "record_every": epochs}
        file = self.folder / "experiment.yaml"
        file.write_text(json.dumps({**self.head, "train": train}))
        output = self.folder / "run"
        measuring.launch(
            peers.LAUNCHER, [str(peers.OURS), "run", str(file), "--output", str(output), "--quiet"], 1)
        with open(output / "timing.csv") as rows:
            found = float(list(csv.DictReader(rows))[-1]["seconds"])
        shutil.rmtree(output)
        return found


class Theirs:
    """PyTorch's training of the same network."""

    def __init__(self, layers, optimizer, x, t, batch, channels_last):
        def formatted(tensor):
            if channels_last and tensor.ndim == 4:
                return tensor.contiguous(memory_format=torch.channels_last)
            return tensor

        self.model = nn.Sequential(*[theirs for _, theirs in layers]).train()
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        make = optimizer or (lambda p: torch.optim.SGD(p, 1e-6, fused=True))
        self.optimizer = make(self.model.parameters())
        self.batches = [
            (formatted(torch.from_numpy(x[i:i + batch])), torch.from_numpy(t[i:i + batch]))
            for i in range(0, len(x), batch)]

    def seconds(self, epochs):
        self.train(epochs)
        start = time.perf_counter()
        self.train(epochs)
        return time.perf_counter() - start

    def train(self, epochs):
        for _ in range(epochs):
            for x, t in self.batches:
                self.optimizer.zero_grad()
                F.mse_loss(self.model(x), t).backward()
                self.optimizer.step()


class Point:
    """The programs that train one network, each with enough epochs."""

    def __init__(self, folder, shape, batch, layers, more):
        folder.mkdir()
        count = int(np.prod(shape))
        samples = max(batch, min(1024, 1 << 18 >> max(0, count.bit_length() - 1)) // batch * batch)
        source = np.random.default_rng(1)
        if "indices" in more:
            x = source.integers(0, more["indices"], (samples, *shape))
        else:
            x = source.standard_normal((samples, *shape), dtype=np.float32)
        ours = Ours(folder, shape, batch, layers, more)
        t = source.standard_normal((samples, ours.outputs), dtype=np.float32)
        ours.write(x, t)
        self.sides = [ours] + [
            Theirs(layers, more.get("theirs"), x, t, batch, last)
            for last in ((False, True) if len(shape) == 3 else (False,))]
        self.epochs = [self.enough(side) for side in self.sides]
        self.samples = samples

    @staticmethod
    def enough(side):
        """The number of epochs that take long enough to be measured, after a first run."""
        side.seconds(1)
        epochs = 1
        while True:
            seconds = side.seconds(epochs)
            if seconds >= LEAST_SECONDS:
                return epochs
            epochs = math.ceil(epochs * min(20, 1.2 * LEAST_SECONDS / max(seconds, 1e-6)))

    def measure(self):
        """Seconds per sample: nnexp's, and those of PyTorch's faster form."""
        times = [
            side.seconds(epochs) / epochs / self.samples
            for side, epochs in zip(self.sides, self.epochs)]
        return times[0], min(times[1:])


def above_line(values, times, k):
    """The time at a point divided by that of the line through its neighbors."""
    low, at, high = (math.log(values[i]) for i in (k - 1, k, k + 1))
    share = (at - low) / (high - low)
    line = (1 - share) * math.log(times[k - 1]) + share * math.log(times[k + 1])
    return times[k] / math.exp(line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="axes, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", default=str(peers.HERE / "results"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    wanted = [name for name in arguments.only.split(",") if name]
    table, failures = [], []
    print("  ".join(COLUMNS))
    for axis, (values, network) in axes().items():
        if wanted and axis not in wanted:
            continue
        torch.manual_seed(1)
        with tempfile.TemporaryDirectory() as folder:
            points = [Point(pathlib.Path(folder) / str(value), *network(value)) for value in values]
            rounds = [[point.measure() for point in points] for _ in range(arguments.rounds)]
        for k, value in enumerate(values):
            ours, theirs = (statistics.median(round[k][side] for round in rounds) for side in (0, 1))
            ratio = statistics.median(round[k][0] / round[k][1] for round in rounds)
            line = None
            if 0 < k < len(values) - 1:
                line = statistics.median(
                    above_line(values, [ours for ours, _ in round], k) for round in rounds)
            table.append((axis, value, ours, theirs, ratio, line))
            marks = [f"above {bound}" for figure, bound in ((ratio, PEER), (line or 0, LINE))
                     if figure > bound]
            failures += [f"{axis} {value}: {mark}" for mark in marks]
            print("  ".join(
                [axis, str(value), f"{ours:.3g}", f"{theirs:.3g}", f"{ratio:.2f}",
                 "–" if line is None else f"{line:.2f}", *marks]), flush=True)
    output = pathlib.Path(arguments.output)
    output.mkdir(exist_ok=True)
    with open(output / "sizes.csv", "w", newline="") as file:
        for key, value in machine.describe().items():
            file.write(f"# {key}: {value}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for axis, value, ours, theirs, ratio, line in table:
            writer.writerow(
                [axis, value, f"{ours:.4g}", f"{theirs:.4g}", f"{ratio:.3f}",
                 "" if line is None else f"{line:.3f}"])
    print(f"\n{len(table)} points, {len(failures)} above a bound")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
