"""Counts the instructions of fixed runs, and fails when they grow by more than 5%.

    make bench-instructions             # compares with instructions.csv
    make bench-instructions-record      # rewrites instructions.csv

Times depend on the machine and its other work; these counts do not. The release
build runs under valgrind's callgrind with AVX2 kernels in nnexp and in OpenBLAS, on one thread, so
that the counts are the same on any x86-64 machine of the last ten years. Needs Python's standard library only.
"""
import array
import csv
import math
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NNEXP = HERE.parent / ".build" / "release" / "nnexp"
RECORD = HERE / "instructions.csv"
ALLOWED = 1.05
PINNED = {
    # By default, OpenBLAS derives its block sizes from this processor's cache.
    "OPENBLAS_L2_SIZE": "512", "OPENBLAS_CORETYPE": "Haswell", "NNEXP_ISA": "avx2", "NNEXP_THREADS": "1",
    # Without this, Swift's hash tables have another order in every process.
    "SWIFT_DETERMINISTIC_HASHING": "1",
}

XOR = """
name: {name}
data:
  inline: {{inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
model: [{{type: dense, units: 2}}, sigmoid, {{type: dense, units: 1}}, sigmoid]
loss: {{type: squared_error, reduction: mean}}
train: {{optimizer: {{type: sgd, learning_rate: 0.5}}, epochs: {epochs}, record_every: 100}}
gradient_check: false
"""
DENSE = """
name: W2
data: {npy: {inputs: x.npy, targets: t.npy}, classes: 10}
model: [{type: dense, units: 128}, sigmoid, {type: dense, units: 10}]
loss: cross_entropy
metrics: []
train:
  optimizer: {type: sgd, learning_rate: 0.1}
  epochs: 4
  batch_size: 64
  checkpoint: {every: never}  # Checkpoints at intervals of time would make the count depend on the speed.
gradient_check: false
"""
NETWORK = """
name: {name}
data: {{npy: {{inputs: {name}_x.npy, targets: {name}_t.npy}}, classes: {classes}}}
model: [{model}, {{type: dense, units: {classes}}}]
loss: cross_entropy
metrics: []
train:
  optimizer: {optimizer}
  epochs: 1
  batch_size: {batch}
  checkpoint: {{every: never}}
gradient_check: false
"""
MOMENTUM = "{type: sgd, learning_rate: 0.01, momentum: 0.9}"
NORMALIZED = "{{type: convolution, channels: {0}, window: 3, padding: 1}}, batch_normalization, relu"
MAX_POOLING = "{type: max_pooling, window: 2}"
VGG = ", ".join(
    MAX_POOLING if width == 0 else NORMALIZED.format(width) for width in (32, 32, 0, 64, 64, 0, 128, 0))
GROUPS = (
    "{type: convolution, channels: 8, window: 3, groups: 2}, relu, "
    "{type: lp_pooling, window: 3, stride: 2, p: 2.5}, "
    "{type: convolution, channels: 16, window: 5, stride: 2}, relu")
TABLE = (
    "{type: dense, units: 256}, batch_normalization, gelu, {type: dropout, rate: 0.2}, "
    "{type: dense, units: 256}, layer_normalization, gelu")
# Name → (samples, shape of one, classes), for workloads with data of their own.
DATA = {"W8": (16, (3, 32, 32), 10), "W11": (320, (4, 24, 24), 10), "W12": (1280, (128,), 5)}
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{level}: &{level} [{', '.join(['*' + last] * 10)}]\n"
    for level, last in zip("bcdefghi", "abcdefgh"))
MANY = XOR.format(name="many", epochs=1).replace(
    "model: [", "model: [" + "tanh, " * 30_000)
RUNS = {  # name → (description, file, exit code)
    "W7": ("one step of XOR: start-up and files", XOR.format(name="W7", epochs=1), 0),
    "W1": ("10,000 steps of XOR", XOR.format(name="W1", epochs=10_000), 0),
    "W2": ("784-128-10, batch 64, 4 epochs of 1,280 samples", DENSE, 0),
    "W8": ("small VGG, batch normalization, one step of 16 samples",
           NETWORK.format(name="W8", classes=10, model=VGG, optimizer=MOMENTUM, batch=16), 0),
    "W11": ("Lp pooling p = 2.5 over overlapping windows, 10 steps of 32 samples",
            NETWORK.format(name="W11", classes=10, model=GROUPS, optimizer=MOMENTUM, batch=32), 0),
    "W12": ("GELU, dropout, batch and layer normalization, Adam, 20 steps of 64 samples",
            NETWORK.format(
                name="W12", classes=5, model=TABLE, optimizer="{type: adam, learning_rate: 0.001}",
                batch=64), 0),
    "nested": ("refusing 16,000 '['", "[" * 16_000, 2),
    "bomb": ("refusing nine levels of ten aliases each", BOMB, 2),
    "digits": ("refusing a seed of 100,000 digits", "seed: " + "7" * 100_000, 2),
    "unnamed": ("validating 30,000 unnamed layers", MANY, 0),
    "endless": ("refusing 128 KiB of '[x,x,x,'", "[" + "x," * (1 << 16), 2),
}


def write_npy(path, code, numbers, shape):
    """Version 1.0 of NumPy's format; its header ends at a multiple of 64 bytes."""
    header = f"{{'descr': '<{code}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    path.write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + numbers.tobytes())


def write_data(folder, samples=1280, width=784):
    source = random.Random(1)
    x = array.array("f", (source.random() for _ in range(samples * width)))
    t = array.array("i", (source.randrange(10) for _ in range(samples)))
    write_npy(folder / "x.npy", "f4", x, (samples, width))
    write_npy(folder / "t.npy", "i4", t, (samples,))
    for name, (samples, shape, classes) in DATA.items():
        count = samples * math.prod(shape)
        x = array.array("f", (source.gauss(0, 1) for _ in range(count)))
        t = array.array("i", (source.randrange(classes) for _ in range(samples)))
        write_npy(folder / f"{name}_x.npy", "f4", x, (samples, *shape))
        write_npy(folder / f"{name}_t.npy", "i4", t, (samples,))


def without_symbols(folder):
    """A copy that valgrind can read with the debug information of any compiler and linker."""
    bare = folder / "nnexp"
    subprocess.run(["strip", "-o", str(bare), str(NNEXP)], check=True)
    return bare


def count(name, nnexp, folder):
    """The instructions of one whole `nnexp run`."""
    _, text, code = RUNS[name]
    file = folder / f"{name}.yaml"
    file.write_text(text)
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(nnexp), "run",
         str(file), "--output", str(folder / f"{name}-output"), "--quiet"],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": "/", **PINNED})
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != code or not found:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr[-2000:]}")
    return int(found[1])


def recorded():
    if not RECORD.exists():
        return {}
    with open(RECORD) as file:
        return {row["workload"]: int(row["instructions"]) for row in csv.DictReader(file)}


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_data(folder)
        bare = without_symbols(folder)
        counts = {name: count(name, bare, folder) for name in RUNS}
    if "--record" in sys.argv:
        with open(RECORD, "w", newline="") as out:
            rows = csv.writer(out, lineterminator="\n")
            rows.writerow(["workload", "instructions", "what"])
            rows.writerows([name, counts[name], RUNS[name][0]] for name in RUNS)
        print(RECORD.read_text(), end="")
        return 0
    before, failed = recorded(), False
    for name, now in counts.items():
        if name not in before:
            print(f"{name}: {now:,} instructions; none recorded: make bench-instructions-record")
            failed = True
            continue
        ratio = now / before[name]
        print(f"{name}: {now:,} instructions, recorded {before[name]:,}: {ratio - 1:+.1%}")
        if ratio > ALLOWED:
            print(f"{name} takes more than {ALLOWED - 1:.0%} more than recorded; "
                  "if that is right: make bench-instructions-record, and commit instructions.csv")
            failed = True
        elif ratio < 1 / ALLOWED:
            print(f"{name} takes less: make bench-instructions-record keeps it so")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
