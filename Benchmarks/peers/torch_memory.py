"""The bytes of PyTorch's tensors while it trains, or evaluates, one batch of a workload.

    python3 peers/torch_memory.py FOLDER train|evaluate [channels_last]

Prints the largest sum of all allocations that its profiler reports, in bytes: parameters, gradients,
momenta, activations and whatever the operators allocate, without the data. The second of two steps is
the largest, because it has the momenta.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

folder, use = pathlib.Path(sys.argv[1]), sys.argv[2]
sys.argv = [sys.argv[0], str(folder), "1", "--once", *sys.argv[3:]]
import torch_peer as peer  # noqa: E402  (reads sys.argv)


def peak(events):
    """The largest sum of the allocations and releases that the profiler saw."""
    total = most = 0
    for event in events:
        if event.name() == "[memory]":
            total += event.nbytes()
            most = max(most, total)
    return most


def main():
    x, t, initial = peer.load()
    x, t = peer.formatted(torch.from_numpy(x)), torch.from_numpy(t)
    if peer.spec["loss"] == "cross_entropy":
        t = t.long()
    parts = peer.batches()[:2]
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        parameters = peer.tensors(initial)
        if use == "evaluate":
            with torch.no_grad():
                for part in parts:
                    peer.loss_of(x[part], t[part], parameters)
        else:
            update = peer.optimizer(parameters)
            for part in parts:
                update.zero_grad(set_to_none=True)
                peer.loss_of(x[part], t[part], parameters).backward()
                update.step()
    print(peak(profiler.profiler.kineto_results.events()))


main()
