"""Runs one measurement: a new process each time, or a process that answers repeatedly."""
import dataclasses
import json
import os
import select
import subprocess

from suite import machine

LIMIT = 900  # seconds until an answer is overdue


class Missing(Exception):
    """The peer is not installed on this machine."""


class Failed(Exception):
    """The peer is installed but failed."""


@dataclasses.dataclass
class Measurement:
    seconds: float
    figure: float = float("nan")
    kilobytes: int = 0


def environment(threads):
    """The environment that limits every library to this number of threads.

    It replaces the shell's settings of these libraries. For an OpenBLAS that does not know the
    processor, it sets the instruction set, for nnexp, the limits and the peers.
    """
    libraries = ("OMP", "OPENBLAS", "MKL")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(libraries)}
    if machine.instruction_set() == "avx512f":
        clean["OPENBLAS_CORETYPE"] = "SkylakeX"
    return clean | {f"{name}_NUM_THREADS": str(threads) for name in libraries} | {
        "NNEXP_THREADS": str(threads)}


def launch(launcher, command, threads, folder=None):
    """Runs the command to its end. Returns what it printed and its process's Measurement."""
    done = subprocess.run(
        [launcher, *command], capture_output=True, text=True, cwd=folder, timeout=LIMIT,
        env=environment(threads), stdin=subprocess.DEVNULL)
    *complaints, last = done.stderr.strip().splitlines() or [""]
    fields = last.split()
    if done.returncode != 0 or len(fields) != 3 or fields[2] != "0":
        raise Failed("\n".join(complaints[-3:]) or f"{command[0]} ended with '{last}'")
    return done.stdout, Measurement(float(fields[0]), kilobytes=int(fields[1]))


class OneShot:
    """A program that does the work once and prints its answer; `whole` times the process."""

    def __init__(self, launcher, command, threads, whole=False, version=""):
        self.launcher, self.command, self.threads = launcher, command, threads
        self.whole, self.version = whole, version

    def measure(self):
        printed, process = launch(self.launcher, self.command, self.threads)
        try:
            found = json.loads(printed.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise Failed(f"{self.command[0]} printed '{printed.strip()[-200:]}'") from None
        seconds = process.seconds if self.whole else found["seconds"]
        return Measurement(seconds, found["figure"], process.kilobytes)

    def close(self):
        pass


class Resident:
    """A peer that stays in memory and repeats the work for every line that it receives."""

    def __init__(self, command, threads):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment(threads))
        self.version = self.answer()["version"]
        self.measure()  # compiles, and fills the caches

    def answer(self):
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.process.kill()
            complaint = self.process.stderr.read().strip().splitlines()[-1:]
            if complaint and "ModuleNotFoundError" in complaint[0]:
                raise Missing(complaint[0])
            raise Failed(complaint[0] if complaint else f"no answer in {LIMIT} s")
        return json.loads(line)

    def measure(self):
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        found = self.answer()
        return Measurement(found["seconds"], found["figure"])

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
