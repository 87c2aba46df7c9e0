"""The peers of each workload, and how each is started."""
import pathlib
import subprocess
import sys

from .measuring import Missing, OneShot, Resident
from .nnexp import NNExp

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "Benchmarks"
BINARIES = HERE / ".work" / "bin"
LAUNCHER = str(BINARIES / "launch")
OURS = ROOT / ".build" / "release" / "nnexp"

TINY = ("W1", "W1b", "W1-float64")
DENSE = ("W2", "W3")
IMAGES = ("W4", "W4p3")
NORMALIZED = ("W8", "W8b", "W8c")
LARGE = ("W9", "W10")
CHECKS = ("W5", "W5cnn")
TRAINED = TINY + DENSE + IMAGES
PROCESSES = ("W7", "W1-process")


# Name → (its workloads, how it is started). Python peers stay in memory, except for workloads
# that compare whole processes.
PEERS = {
    "limit": (TINY + ("W6",) + PROCESSES, "xor"),
    "limit, oneDNN": (("W2",), "dense_onednn"),
    "limit, OpenBLAS": (("W2",), "dense_openblas"),
    "limit, direct": (IMAGES, "images"),
    "limit, differences": (("W5",), "differences"),
    "FANN": (TINY + ("W6", "W7", "W1-process"), "fann"),
    "NumPy": (TRAINED + CHECKS + PROCESSES, ("numpy_peer.py",)),
    "JAX scan": (TRAINED + LARGE + CHECKS + ("W6",) + PROCESSES, ("jax_peer.py",)),
    "JAX jit": (("W1", "W2", "W3", "W4"), ("jax_peer.py", "jit")),
    "PyTorch": (TRAINED + NORMALIZED + LARGE + ("W11", "W12") + CHECKS + PROCESSES, ("torch_peer.py",)),
    "PyTorch compiled": (
        ("W1",) + DENSE + IMAGES + NORMALIZED + ("W9", "W11", "W12"), ("torch_peer.py", "compiled")),
    "PyTorch channels_last": (NORMALIZED + ("W11",), ("torch_peer.py", "channels_last")),
    "scikit-learn": (DENSE, ("sklearn_peer.py",)),
}

# FANN limits the slope of the sigmoid function, so that its losses are others.
DIFFERENT = {"FANN"}


def names():
    return ["nnexp", *PEERS]


def takes_part(peer, workload):
    return peer == "nnexp" or workload.name in PEERS[peer][0]


def start(peer, workload, folder, threads):
    """Prepares a peer for measurements. Throws `Missing` if it is not installed."""
    if peer == "nnexp":
        return NNExp(OURS, LAUNCHER, workload, folder, threads)
    whole = workload.kind in ("process", "sweep")
    how = PEERS[peer][1]
    if isinstance(how, tuple):
        script, *variant = how
        command = [sys.executable, str(HERE / "peers" / script), str(folder), str(threads)]
        if whole:
            return OneShot(LAUNCHER, [*command, "--once", *variant], threads, whole=True)
        return Resident([*command, *variant], threads)
    suffix = "64" if workload.dtype == "float64" and how in ("xor", "fann") else ""
    program = BINARIES / (how + suffix)
    if not program.exists():
        raise Missing(f"{program.name} was not built")
    arguments = [folder, workload.samples, workload.batch, workload.epochs, threads]
    arguments += workload.rates if workload.kind == "sweep" else [
        workload.optimizer["learning_rate"]]
    p = [layer["p"] for layer in workload.layers if layer["type"] == "lp_pooling"]
    command = [str(program), *map(str, arguments), *map(str, p[:1])]
    return OneShot(LAUNCHER, command, threads, whole=whole, version=built_with(how))


def built_with(program):
    return {"fann": "FANN " + package("libfann-dev"),
            "dense_onednn": "oneDNN " + package("libdnnl-dev"),
            "dense_openblas": "OpenBLAS " + package("libopenblas-dev")}.get(program, "C")


def package(name):
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True)
    return done.stdout or "?"
