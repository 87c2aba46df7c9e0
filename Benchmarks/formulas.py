"""Compares formulas with the built-in layers that compute the same.

    make bench-formulas                          # a few minutes
    python3 Benchmarks/formulas.py [NNEXP] [--rounds 7]

Three bounds hold for formulas in float32 on one thread:

- The layer: with a function such as exp, a formula takes at most 1.5 times as long as the built-in layer.
- The operations: a formula of additions and multiplications takes at most 0.03 ns per number and operation.
- The epoch: an experiment with the formula takes at most 1.2 times as long as with the layer.

The seconds are the processor's. The two sides take turns, and each ratio is the median of the rounds', so that
other work affects both sides. The time of a layer is the difference between a network with ten layer
normalizations, each followed by the layer, and the same network without the layers. It contains both passes.
The time of an epoch is the difference between a run with many epochs and a run with one.
Needs Python's standard library only.
"""
import argparse
import array
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

from instructions import write_npy

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = 10
FEATURES, SAMPLES, BATCH, EPOCHS = 1024, 256, 32, 20

# Name, built-in layer, formula.
FUNCTIONS = [
    ("sigmoid", "sigmoid", "1 / (1 + exp(−x))"),
    ("tanh", "tanh", "tanh(x)"),
    ("softplus", "softplus", "log(1 + exp(x))"),
    ("elu", "elu", "(x > 0)·x + (x ≤ 0)·(exp(x) − 1)"),
    ("gelu", "gelu", "½x·(1 + erf(x/√2))"),
    ("gelu, tanh", "{type: gelu, approximation: tanh}", "½x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))"),
    ("softmax", "softmax", "exp(xᵢ) / Σⱼ exp(xⱼ)"),
    ("log_softmax", "log_softmax", "log(exp(xᵢ) / Σⱼ exp(xⱼ))"),
]
CHEAP = [
    ("relu", "relu", "max(x, 0)"),
    ("leaky_relu", "{type: leaky_relu, slope: 0.1}", "max(x, 0) + 0.1·min(x, 0)"),
]
POOLING = [
    (f"lp_pooling, p = {p}", f"{{type: lp_pooling, window: 2, p: {p}}}",
     f'{{type: formula, y: "(Σᵢ |xᵢ|^p)^(1/p)", window: 2, constants: {{p: {p}}}}}')
    for p in ("1", "2", "2.5", "3")
] + [
    ("max_pooling", "{type: max_pooling, window: 2}", '{type: formula, y: "max(x)", window: 2}'),
    ("average_pooling", "{type: average_pooling, window: 2}", '{type: formula, y: "mean(x)", window: 2}'),
]


def chain(length):
    """A chain of multiplications and additions, and its number of operations in both passes."""
    text = "x"
    for k in range(length):
        text = f"({text})·{1.01 + k / 1000:g} + {0.1 + k / 100:g}"
    # Backward multiplies by one number, and adds.
    return text, 2 * length + 2


def formula(text):
    return f'{{type: formula, y: "{text}"}}'


def many(layer):
    """Ten normalizations, each followed by the layer if there is one."""
    return ["layer_normalization", *([layer] if layer else [])] * LAYERS + ["{type: dense, units: 1}"]


def epoch(layer):
    return ["{type: dense, units: 256}", layer, "{type: dense, units: 10}"]


def seconds(nnexp, folder, model, data, loss, epochs, batch):
    lines = "".join(f"  - {layer}\n" for layer in model)
    file = folder / "experiment.yaml"
    file.write_text(
        f"name: formulas\nseed: 1\ndata: {data}\nmodel:\n{lines}loss: {loss}\nmetrics: []\n"
        f"train: {{optimizer: {{type: sgd, learning_rate: 1e-9}}, epochs: {epochs}, batch_size: {batch}}}\n"
        "gradient_check: false\n")
    output = folder / "runs"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [nnexp, "run", str(file), "--quiet", "--output", str(output)], capture_output=True, text=True,
        env={**os.environ, "NNEXP_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        sys.exit(f"{model} ended with {done.returncode}:\n{done.stderr}")
    shutil.rmtree(output)
    return used


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nnexp", nargs="?", default=str(ROOT / ".build" / "release" / "nnexp"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="names that begin so")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source = random.Random(1)
        numbers = array.array("f", (source.gauss(0, 1) for _ in range(SAMPLES * FEATURES)))
        write_npy(folder / "x.npy", "f4", numbers, (SAMPLES, FEATURES))
        write_npy(folder / "t.npy", "f4", numbers[:SAMPLES], (SAMPLES, 1))
        digits = f'{{csv: {{path: {ROOT}/experiments/data/digits.csv, inputs: "pixel_*", targets: digit}}, target_kind: classes}}'

        def layers(layer):
            return seconds(arguments.nnexp, folder, many(layer), "{npy: {inputs: x.npy, targets: t.npy}}",
                           "squared_error", EPOCHS, BATCH)

        def epochs(layer):
            long, short = (seconds(arguments.nnexp, folder, epoch(layer), digits, "cross_entropy", count, 64)
                           for count in (31, 1))
            return long - short

        def rounds(*measures):
            found = [[measure() for measure in measures] for _ in range(arguments.rounds + 1)]
            return found[1:]

        def verdict(value, bound):
            nonlocal failed
            failed |= value > bound
            return f"{value:.2f}" + ("" if value <= bound else f" (above {bound})")

        per_number = 1e9 / (LAYERS * FEATURES * SAMPLES * EPOCHS)
        print("| layer | built in, ns per number | formula | ratio | epoch, ratio |")
        print("|---|---|---|---|---|")
        for name, layer, text in FUNCTIONS + CHEAP:
            if not name.startswith(arguments.only):
                continue
            found = rounds(lambda: layers(None), lambda: layers(layer), lambda: layers(formula(text)))
            ours = statistics.median(c - a for a, b, c in found)
            theirs = statistics.median(b - a for a, b, c in found)
            ratio = statistics.median((c - a) / max(b - a, 1e-9) for a, b, c in found)
            whole = statistics.median(b / a for a, b in rounds(lambda: epochs(layer), lambda: epochs(formula(text))))
            shown = verdict(ratio, 1.5) if (name, layer, text) in FUNCTIONS else f"{ratio:.2f}"
            print(f"| {name} | {theirs * per_number:.2f} | {ours * per_number:.2f} | {shown} | {verdict(whole, 1.2)} |",
                  flush=True)
        for name, layer, text in POOLING:
            if not name.startswith(arguments.only):
                continue
            whole = statistics.median(b / a for a, b in rounds(lambda: epochs(layer), lambda: epochs(text)))
            print(f"| {name} | | | | {verdict(whole, 1.2)} |", flush=True)
        print("\n| additions and multiplications | operations in both passes | ns per number and operation |")
        print("|---|---|---|")
        for length in (4, 16, 48):
            if not "chain".startswith(arguments.only):
                continue
            text, operations = chain(length)
            found = rounds(lambda: layers(None), lambda: layers(formula(text)))
            each = statistics.median(b - a for a, b in found) * per_number / operations
            shown = f"{each:.3f}" + ("" if each <= 0.03 else " (above 0.03)")
            failed |= each > 0.03
            print(f"| {2 * length} | {operations} | {shown} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
