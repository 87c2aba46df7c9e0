"""W5: a gradient check of all 2,410 parameters of a 64-32-10 network (sigmoid, cross-entropy,
batch 8, float64) by nnexp and by torch.autograd.gradcheck, taking turns in one run.

    make build
    python3 Benchmarks/gradcheck.py            # needs torch (PyPI)

nnexp's time is that of `nnexp gradcheck` less that of `nnexp validate`, which does everything but
the check; torch's is that of the call alone. Medians of interleaved runs; trust the ratio.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

RUNS = 7
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NNEXP = os.path.join(ROOT, ".build", "release", "nnexp")
EXPERIMENT = f"""
name: w5
data:
  csv: {{path: {ROOT}/experiments/data/digits.csv, inputs: "pixel_*", targets: digit}}
  target_kind: classes
  scale: min_max
model: [{{type: dense, units: 32}}, sigmoid, {{type: dense, units: 10}}]
loss: cross_entropy
train: {{epochs: 1}}
gradient_check: {{entries: all, inputs: false, batch: 8}}
"""


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def nnexp(command, file):
    return lambda: subprocess.run([NNEXP, command, file], check=True, stdout=subprocess.DEVNULL)


def torch_check():
    torch.manual_seed(0)
    x = torch.rand(8, 64, dtype=torch.float64)
    t = torch.randint(0, 10, (8,))
    shapes = [(32, 64), (32,), (10, 32), (10,)]
    parameters = [(torch.randn(s, dtype=torch.float64) * 0.2).requires_grad_() for s in shapes]

    def loss(w1, b1, w2, b2):
        z = torch.sigmoid(x @ w1.T + b1) @ w2.T + b2
        return torch.nn.functional.cross_entropy(z, t)

    assert torch.autograd.gradcheck(loss, parameters)


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "w5.yaml")
        with open(file, "w") as out:
            out.write(EXPERIMENT)
        times = {"check": [], "rest": [], "torch": []}
        for run in range(RUNS + 1):
            found = {
                "check": seconds(nnexp("gradcheck", file)),
                "rest": seconds(nnexp("validate", file)),
                "torch": seconds(torch_check),
            }
            if run > 0:  # the first one warms up
                for name, value in found.items():
                    times[name].append(value)
    ours = statistics.median(a - b for a, b in zip(times["check"], times["rest"]))
    theirs = statistics.median(times["torch"])
    print(f"nnexp gradcheck, whole process  {statistics.median(times['check']):.4f} s")
    print(f"nnexp, the check alone          {ours:.4f} s")
    print(f"torch {torch.__version__} gradcheck         {theirs:.4f} s")
    print(f"ratio                           {theirs / ours:.1f}")


if __name__ == "__main__":
    sys.exit(main())
