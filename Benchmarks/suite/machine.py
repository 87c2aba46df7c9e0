"""Describes the machine, which every report names."""
import functools
import os
import platform
import re
import subprocess


def describe():
    """The first lines of every report."""
    model = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    compiler = first_line(["gcc", "--version"])
    return {
        "machine": platform.node(),
        "processor": model[1] if model else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "instruction set": instruction_set(),
        "memory": f"{memory:.0f} GB",
        "system": f"{system()}, Linux {platform.release()}",
        "commit": first_line(["git", "describe", "--always", "--dirty"]),
        "C compiler": compiler,
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


@functools.cache
def instruction_set():
    """The widest relevant instruction set."""
    flags = re.search(r"flags\s*:\s*(.*)", open("/proc/cpuinfo").read())
    flags = flags[1].split() if flags else []
    return next((name for name in ("avx512f", "avx2", "sse2") if name in flags), "?")


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return "?"
    return (done.stdout.splitlines() or ["?"])[0]
