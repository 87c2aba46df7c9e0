#!/usr/bin/env python3
"""Compares the cost of a pass in a plugin with the same layer linked into nnexp.

    python3 Benchmarks/plugin_cost.py [NNEXP]          (default .build/release/nnexp)

Each layer of plugins/Standard named below is copied into a plugin under another
type name, and one network is trained with either. It counts the difference in
instructions between a long and a short run (by valgrind's callgrind, on which other work
has no effect), which excludes starting, reading and checking; and measures seconds, in turns.
The ratio must stay within 5%.

Instructions per step on 2026-11-21 (the difference between 120 and 20 steps), for 20 layers in a
row and a batch of 16:

    layer                               linked in      loaded   ratio
    sigmoid, 1,024 features             4,360,641   4,338,027   0.995
    sigmoid, 8 features                    36,912      38,350   1.039
    dense, 8 features                     171,918     175,047   1.018
    layer_normalization, 256 features   4,923,611   4,925,861   1.000

About fifty instructions per pass record the plugin to name if the call does not return. A run
without plugins does not have them.
"""
import os, re, shutil, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NNEXP = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ROOT + "/.build/release/nnexp")

# File, type name, options, number of layers in a row, features.
LAYERS = [
    ("Sigmoid", "sigmoid", "", 20, 1024),
    ("Sigmoid", "sigmoid", "", 20, 8),
    ("Dense", "dense", ", units: 8", 20, 8),
    ("LayerNormalization", "layer_normalization", "", 20, 256),
]

EXPERIMENT = """
name: cost
seed: 1
{plugins}
data:
  inline:
    inputs: [{inputs}]
    targets: [{targets}]
model:
{layers}
  - {{type: dense, units: 1}}
loss: squared_error
train: {{epochs: {epochs}, batch_size: full, record_every: {epochs}, optimizer: {{type: sgd, learning_rate: 0.0001}}}}
gradient_check: false
"""


def without_debug_information(folder):
    """A copy of nnexp that valgrind can read, with the files that plugins need."""
    build = os.path.dirname(NNEXP)
    os.makedirs(folder + "/bin")
    os.makedirs(folder + "/lib/nnexp")
    subprocess.run(["strip", "-g", "-o", folder + "/bin/nnexp", NNEXP], check=True)
    shutil.copy(build + "/Modules/NNExp.swiftmodule", folder + "/lib/nnexp")
    shutil.copytree(ROOT + "/Sources/COpenBLAS", folder + "/lib/nnexp/COpenBLAS")
    shutil.copytree(ROOT + "/Sources/CKernels/include", folder + "/lib/nnexp/CKernels")
    return folder + "/bin/nnexp"


def write(folder, name, *, layer, options, count, features, epochs, plugin):
    samples = 16
    row = lambda s: "[" + ", ".join(f"{((s * 31 + j * 17) % 97) / 97 - 0.5:.3f}" for j in range(features)) + "]"
    text = EXPERIMENT.format(
        plugins=f"plugins: [{plugin}]" if plugin else "",
        inputs=", ".join(row(s) for s in range(samples)),
        targets=", ".join(f"[{s % 2}]" for s in range(samples)),
        layers="\n".join(f"  - {{type: {layer}{options}, name: n{i}}}" for i in range(count)),
        epochs=epochs)
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


def run(path, *prefix):
    with tempfile.TemporaryDirectory() as out:
        return subprocess.run(
            [*prefix, program, "run", path, "--quiet", "--output", out + "/r"],
            check=True, capture_output=True, text=True)


def instructions(path):
    with tempfile.TemporaryDirectory() as out:
        told = run(path, "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}/c").stderr
    return int(re.search(r"Collected : (\d+)", told).group(1))


def seconds(path):
    start = time.perf_counter()
    run(path)
    return time.perf_counter() - start


def main():
    global program
    copy = tempfile.TemporaryDirectory()
    program = without_debug_information(copy.name + "/nnexp")
    print("layer, features                     built in      plugin  ratio   seconds' ratio")
    for file, layer, options, count, features in LAYERS:
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{ROOT}/plugins/Standard/{file}.swift") as source:
                text = source.read()
            text = text.replace(f'static let typeName = "{layer}"', f'static let typeName = "{layer}_2"')
            text += f"\nfunc register(in registry: inout Registry) {{ registry.register({file}.self) }}\n"
            with open(f"{folder}/{file}.swift", "w") as plugin:
                plugin.write(text)
            paths = {}
            steps = (20, 120)
            for kind in ("linked", "loaded"):
                for epochs in (*steps, 20000 // max(1, features // 64)):
                    paths[kind, epochs] = write(
                        folder, f"{kind}{epochs}.yaml",
                        layer=layer + ("_2" if kind == "loaded" else ""), options=options,
                        count=count, features=features, epochs=epochs,
                        plugin=f"{file}.swift" if kind == "loaded" else None)
            run(paths["loaded", steps[0]])  # builds it
            cost = {
                kind: (instructions(paths[kind, steps[1]]) - instructions(paths[kind, steps[0]]))
                / (steps[1] - steps[0]) for kind in ("linked", "loaded")}
            long = max(epochs for _, epochs in paths)
            turns = [(seconds(paths["linked", long]), seconds(paths["loaded", long])) for _ in range(5)]
            ratio = statistics.median(b / a for a, b in turns)
            print(f"{layer + ', ' + str(features):32} {cost['linked']:11.0f} {cost['loaded']:11.0f}"
                  f"  {cost['loaded'] / cost['linked']:.3f}   {ratio:.3f}", flush=True)


main()
