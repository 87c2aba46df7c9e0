"""What is measured: the networks, their sizes and the rules that train them.

A workload is one experiment. `nnexp` reads it as a YAML file, every peer as `spec.json`; both lie
in the workload's folder beside the data and the initial weights, which all peers start from.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    """One experiment, and how a measurement of it is taken.

    kind: 'train' times the training loop, 'check' the gradient check, 'process' a whole process
    with everything that it writes, 'sweep' a whole process with many trials.
    """

    name: str
    title: str
    kind: str
    input: tuple
    layers: tuple
    loss: str
    samples: int
    batch: int
    epochs: int
    optimizer: dict
    dtype: str = "float32"
    record_every: int = 1
    trials: int = 1
    threads: tuple = (1,)
    tolerance: float = 1e-4  # largest relative difference of two peers' losses

    @property
    def steps(self):
        return self.epochs * -(-self.samples // self.batch)

    @property
    def rates(self):
        """The learning rates of a sweep's trials."""
        return [round(0.1 + 0.05 * trial, 2) for trial in range(self.trials)]

    def spec(self):
        """What every peer reads."""
        return dataclasses.asdict(self) | {"rates": self.rates}


def dense(units):
    return {"type": "dense", "units": units}


def convolution(channels):
    return {"type": "convolution", "channels": channels, "window": 5}


def lp_pooling(p):
    return {"type": "lp_pooling", "p": p, "window": 2}


SIGMOID = {"type": "sigmoid"}
RELU = {"type": "relu"}
XOR = (dense(2), SIGMOID, dense(1), SIGMOID)


def images(p):
    """Two convolutions with Lp pooling, on 28 × 28."""
    return (convolution(8), SIGMOID, lp_pooling(p), convolution(16), SIGMOID, lp_pooling(p), dense(10))


def sgd(rate, momentum=0.0):
    return {"type": "sgd", "learning_rate": rate, "momentum": momentum}


def tiny(name, title, kind="train", batch=4, steps=10_000, **more):
    epochs = max(1, steps * batch // 4)
    return Workload(
        name, title, kind, (2,), XOR, "squared_error", 4, batch, epochs, sgd(0.5),
        record_every=max(1, 100 * batch // 4), tolerance=2e-3, **more)


def network(name, title, kind, input, layers, samples, batch, optimizer, **more):
    return Workload(
        name, title, kind, input, layers, "cross_entropy", samples, batch, 1, optimizer, **more)


def workloads(quick=False):
    """All of them, by name; `quick` shortens them to a look."""
    both = (1, 2)
    short = 10 if quick else 1
    momentum = sgd(0.05, 0.9)
    small = (dense(32), SIGMOID, dense(10))
    large = (dense(1024), RELU, dense(1024), RELU, dense(10))
    every = [
        tiny("W1", "XOR, full batch", steps=10_000 // short),
        tiny("W1b", "XOR, one sample a step", batch=1, steps=10_000 // short),
        tiny("W1-float64", "XOR, full batch, float64", steps=10_000 // short, dtype="float64"),
        network(
            "W2", "784-128-10, sigmoid, SGD", "train", (784,), (dense(128), SIGMOID, dense(10)),
            60_000 // short, 64, sgd(0.1), threads=both),
        network(
            "W3", "784-1024-1024-10, ReLU, Adam", "train", (784,), large, 20_000 // short, 256,
            {"type": "adam", "learning_rate": 0.001}, threads=both, tolerance=1e-3),
        network(
            "W4", "convolutions, Lp pooling p = 2", "train", (1, 28, 28), images(2),
            10_000 // short, 64, momentum, threads=both, tolerance=1e-3),
        network(
            "W4p3", "convolutions, Lp pooling p = 3", "train", (1, 28, 28), images(3),
            10_000 // short, 64, momentum, threads=both, tolerance=1e-3),
        network(
            "W5", "gradient check, 64-32-10", "check", (64,), small, 8, 8, sgd(0.1),
            dtype="float64", threads=both, tolerance=1e-6),
        network(
            "W5cnn", "gradient check, W4's network", "check", (1, 28, 28), images(2),
            *((1, 1) if quick else (4, 4)), sgd(0.1), dtype="float64", threads=both,
            tolerance=1e-6),
        tiny(
            "W6", "sweep: 64 trials of XOR", "sweep", steps=2000 // short, trials=64, threads=both),
        tiny("W7", "one step of XOR", "process", steps=1),
        tiny("W1-process", "W1, whole process", "process", steps=10_000 // short),
    ]
    return {workload.name: workload for workload in every}
