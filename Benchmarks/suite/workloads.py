"""The workloads: the networks, their sizes and the rules that train them.

A workload is one experiment. `nnexp` reads it as a YAML file, every peer as `spec.json`; both are
in the workload's folder with the data and the initial weights, from which all peers start.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Workload:
    """One experiment, and how a measurement of it is taken.

    layers: as in an experiment file; a layer with `inputs` reads the layers with these names instead
    of the layer before it.
    data: 'prototypes' with noise, 'autoencoder' (targets that are the inputs), or 'sparse' (30 ones per
    sample; XOR has its own).
    entries: of a check, 'all' parameters by themselves; or 'automatic': parameters and inputs of
    layers, large tensors along random directions and at some entries.
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
    classes: int = 10
    data: str = "prototypes"
    entries: str = "all"

    @property
    def steps(self):
        return self.epochs * -(-self.samples // self.batch)

    @property
    def rates(self):
        """The learning rates of a sweep's trials."""
        return [round(0.1 + 0.05 * trial, 2) for trial in range(self.trials)]

    def spec(self):
        """The content of `spec.json`, which every peer reads."""
        return dataclasses.asdict(self) | {"rates": self.rates}


def dense(units):
    return {"type": "dense", "units": units}


def convolution(channels, window=5, **more):
    return {"type": "convolution", "channels": channels, "window": window, **more}


def lp_pooling(p, window=2, **more):
    return {"type": "lp_pooling", "p": p, "window": window, **more}


SIGMOID = {"type": "sigmoid"}
RELU = {"type": "relu"}
XOR = (dense(2), SIGMOID, dense(1), SIGMOID)
GELU = {"type": "gelu"}
BATCH_NORM = {"type": "batch_normalization"}
LAYER_NORM = {"type": "layer_normalization"}
MAX_POOLING = {"type": "max_pooling", "window": 2}


def images(p):
    """Two convolutions with Lp pooling, on 28 × 28."""
    return (convolution(8), SIGMOID, lp_pooling(p), convolution(16), SIGMOID, lp_pooling(p), dense(10))


def normalized(channels, stride=1):
    """A convolution 3 × 3 that keeps the size, batch normalization, ReLU."""
    return (convolution(channels, 3, padding=1, stride=stride), BATCH_NORM, RELU)


def vgg(pooling):
    return (
        *normalized(32), *normalized(32), pooling, *normalized(64), *normalized(64), pooling,
        *normalized(128), pooling, dense(10))


def residual():
    """Three stages of two residual blocks; the first convolution of a later stage halves the image."""
    layers = [*normalized(16)[:-1], {**RELU, "name": "stage_0"}]
    last, width = "stage_0", 16
    for stage, channels in enumerate((16, 32, 64)):
        for block in range(2):
            name, stride = f"block_{stage}_{block}", 2 if channels != width else 1
            inner = [dict(layer) for layer in (*normalized(channels, stride), *normalized(channels)[:-1])]
            inner[0]["inputs"] = last
            inner[-1]["name"] = name + "_sum"
            short = last
            if channels != width:
                short = name + "_short"
                inner.append(
                    {**convolution(channels, 1, stride=stride), "name": short, "inputs": last})
            layers += [
                *inner, {"type": "add", "inputs": [name + "_sum", short]}, {**RELU, "name": name}]
            last, width = name, channels
    return (*layers, {"type": "average_pooling", "global": True}, dense(10))


GROUPS = (
    convolution(8, 3, groups=2), RELU, lp_pooling(2.5, 3, stride=2), convolution(16, 5, stride=2), RELU,
    dense(10))
TABLE = (
    dense(256), BATCH_NORM, GELU, {"type": "dropout", "rate": 0.2}, dense(256), LAYER_NORM, GELU,
    dense(5))


def sgd(rate, momentum=0.0):
    return {"type": "sgd", "learning_rate": rate, "momentum": momentum}


def tiny(name, title, kind="train", batch=4, steps=10_000, **more):
    epochs = max(1, steps * batch // 4)
    return Workload(
        name, title, kind, (2,), XOR, "squared_error", 4, batch, epochs, sgd(0.5),
        record_every=max(1, 100 * batch // 4), tolerance=2e-3, **more)


def network(name, title, kind, input, layers, samples, batch, optimizer, epochs=1, **more):
    loss = "squared_error" if more.get("data") == "autoencoder" else "cross_entropy"
    return Workload(name, title, kind, input, layers, loss, samples, batch, epochs, optimizer, **more)


def workloads(quick=False):
    """All workloads by name; `quick` shortens them."""
    both = (1, 2)
    short = 10 if quick else 1
    momentum = sgd(0.05, 0.9)
    small = (dense(32), SIGMOID, dense(10))
    large = (dense(1024), RELU, dense(1024), RELU, dense(10))
    every = [
        tiny("W1", "XOR, full batch", steps=10_000 // short),
        tiny("W1b", "XOR, one sample per step", batch=1, steps=10_000 // short),
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
        network(
            "W5vgg", "gradient check, W8's network, inputs of layers too", "check", (3, 32, 32),
            vgg(MAX_POOLING), 4, 4, sgd(0.1), dtype="float64", threads=both, tolerance=1e-6,
            entries="automatic"),
        network(
            "W8", "small VGG, batch normalization, max pooling", "train", (3, 32, 32),
            vgg(MAX_POOLING), 2000 // short, 64, sgd(0.001, 0.9), threads=both, tolerance=2e-2),
        network(
            "W8b", "small VGG, average Lp pooling p = 2", "train", (3, 32, 32),
            vgg(lp_pooling(2, normalize=True)), 2000 // short, 64, sgd(0.01, 0.9), threads=both,
            tolerance=2e-2),
        network(
            "W8c", "residual network of three stages", "train", (1, 28, 28), residual(),
            2000 // short, 64, sgd(0.01, 0.9), threads=both, tolerance=5e-2),
        network(
            "W9", "autoencoder 512-2048-2048-512, Adam", "train", (512,),
            (dense(2048), RELU, dense(2048), RELU, dense(512)), 5120 // short, 128,
            {"type": "adam", "learning_rate": 0.0001}, threads=both, tolerance=1e-2,
            data="autoencoder"),
        network(
            "W10", "20,000 columns of which 30 are set", "train", (20_000,),
            (dense(64), RELU, dense(10)), 1024 // short, 64, sgd(0.1), epochs=10, threads=both,
            tolerance=1e-3, data="sparse"),
        network(
            "W11", "groups, strides, Lp pooling p = 2.5 over overlapping windows", "train",
            (4, 24, 24), GROUPS, 4096 // short, 32, sgd(0.005, 0.9), threads=both, tolerance=1e-3),
        # The peers drop different entries: their losses agree roughly.
        network(
            "W12", "table: batch and layer normalization, GELU, dropout, Adam", "train", (128,), TABLE,
            16_384 // short, 64, {"type": "adam", "learning_rate": 0.001}, threads=both,
            tolerance=0.2, classes=5),
        # W6 takes 49.9 ms on two cores and FANN's loop 62.5 in a whole run, where nnexp is ahead of
        # every peer; 53.1 and 59.8, 52.5 and 60.1, 53.6 and 58.8 in three more runs (`--runs 11
        # --only W6 --threads 2 --peers limit,FANN`), and 61.1 and 60.9 in a run just after many files
        # were removed (see the last point). The median ratio of 31 turns is 0.89 on the disk and
        # 0.84 in memory (`--output /dev/shm/…`). 10,000 trials of 20 steps take 2.0 s and 35 MB,
        # 1,000 take 0.22 s and 21 MB (`/usr/bin/time -v nnexp sweep`, in memory): 0.4 ms of a core
        # per trial. FANN's loop trains on one core, with a clipped slope, and writes nothing; nnexp
        # writes 64 folders with 11 names each. On one core FANN is ahead (60.5 and 72.2 ms).
        # - Of the two cores' 65 to 75 ms, training takes 17 (64 × 2,000 × 132 ns), the system 22 to
        #   30 (a C program that makes the same files takes 20 to 30), the start 7 on one core, the
        #   plan 8, and the table 3. The plan takes 0.56 million instructions per trial, before 1.2:
        #   it reuses sections, data, graph and the started hash of the previous trial.
        # - What helped, measured by turns of two programs: passing an experiment by reference
        #   instead of copying it (5 to 8%); reusing what is the same (7%); not freeing memory at
        #   the end (3%); sharing single trials among the cores (2 to 6%); giving workers a few
        #   trials at once, because with one at a time they waited a tenth of the time.
        # - What did not help: keeping the experiments that the plan prepares for the workers (the first
        #   write copies their pages, which takes as long as it saves), reading the workers' answers
        #   every two milliseconds instead of each at once, and reading rows of the table while
        #   others train.
        # - On ext4 without a journal, everything takes up to three times as long for minutes after
        #   many files were removed, because the system skips freed inodes one by one. The
        #   suite therefore removes nothing until all measurements are done.
        tiny(
            "W6", "sweep: 64 trials of XOR", "sweep", steps=2000 // short, trials=64, threads=both),
        # W7, and W1 as a process, which is W7 and 1.4 ms of training. The best of 30 runs took 7.6 ms
        # at 22 million instructions, of which 19 million are left; the program before took 8.4 ms at
        # 25 million, in turns. An empty Swift program takes 2.7 to 3.0 ms on the same machine, whose
        # slow minutes are 1.5 times as slow. In a whole run each turn comes after seconds of
        # PyTorch and JAX: 10 ms, 15 to 20 in a slow hour. `perf stat -r 20 nnexp run …` by itself gave
        # 7.0 ms, and 14 in a slow hour.
        # - 6 million instructions are the dynamic linker's: 0.8 million fewer since libstdc++, whose
        #   own symbols are a third of the lookups, is the first library linked, and libyaml the last.
        # - 6 million are Swift's search for conformances: 0.2 for each type when it is first asked
        #   for, nine times in ten by the parser of the command line. A third of what is searched is
        #   FoundationEssentials, which the parser links for its help as JSON and nothing else needs:
        #   0.7 ms to load. The linker cannot leave it out (`--as-needed` finds it needed), and
        #   Swift's runtime cannot be linked statically (1.2 ms less), because plugins share it.
        tiny("W7", "one step of XOR", "process", steps=1),
        tiny("W1-process", "W1, whole process", "process", steps=10_000 // short),
    ]
    return {workload.name: workload for workload in every}
