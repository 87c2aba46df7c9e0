"""Averages of weights, accumulated gradients, learning rates of nodes and largest norms, by PyTorch in float64.

A network of 3 inputs, 4 tanh units and 2 linear outputs; seven samples in order; batches of three; four
epochs. The loss is the mean of the samples' squared errors. Each case holds, for every epoch, the loss of the
weights that the results are computed with, over all samples, and the weights that training continues with; and
at last the weights of the results.
"""

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from reference import Draw, numbers, write

draw = Draw(20261128)
count = 7
inputs, targets = draw.normal(count, 3), draw.normal(count, 2)
initial = [draw.normal(*s, scale=0.7) for s in [(4, 3), (4,), (2, 4), (2,)]]


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.ParameterList([p.clone() for p in initial])

    def loss(self, rows):
        z = torch.tanh(inputs[rows] @ self.w[0].T + self.w[1]) @ self.w[2].T + self.w[3]
        return ((z - targets[rows]) ** 2).sum(1).mean()

    def numbers(self):
        return numbers(torch.cat([p.detach().reshape(-1) for p in self.w]))


cases = []


def case(name, train, hidden="", optimizer=None, average=None, average_steps=False, first=1, accumulate=1,
         limit=None):
    network = Network()
    rule = (optimizer or (lambda w: torch.optim.SGD(w, lr=0.05)))(network.w)
    averaged = average(network) if average else None
    measured, parameters = [], []
    for epoch in range(1, 5):
        for start in range(0, count, 3 * accumulate):
            rule.zero_grad()
            rows = range(start, min(start + 3 * accumulate, count))
            for part in range(start, rows.stop, 3):
                samples = slice(part, min(part + 3, rows.stop))
                (network.loss(samples) * (samples.stop - samples.start) / len(rows)).backward()
            rule.step()
            if limit:
                with torch.no_grad():
                    norms = network.w[0].norm(dim=1, keepdim=True)
                    network.w[0] *= (limit / norms).clamp(max=1)
            if average_steps:
                averaged.update_parameters(network)
        if averaged and not average_steps and epoch >= first:
            averaged.update_parameters(network)
        used = averaged.module if averaged and averaged.n_averaged > 0 else network
        measured.append(used.loss(slice(None)).item())
        parameters.append(network.numbers())
    cases.append({
        "name": name, "train": train, "hidden": hidden, "measured": measured, "parameters": parameters,
        "delivered": used.numbers()})


sgd = "optimizer: {type: sgd, learning_rate: 0.05}"
case("decay", f"{sgd}, average: {{decay: 0.9}}", average_steps=True,
     average=lambda n: AveragedModel(n, multi_avg_fn=get_ema_multi_avg_fn(0.9)))
case("from_epoch", f"{sgd}, average: {{from_epoch: 2}}", average=AveragedModel, first=2)
case("accumulate", f"{sgd}, accumulate: 2", accumulate=2)
case("groups", "optimizer: {type: adam, learning_rate: 0.05}, groups: [{nodes: out*, learning_rate: 0.01}]",
     optimizer=lambda w: torch.optim.Adam([{"params": list(w)[:2]}, {"params": list(w)[2:], "lr": 0.01}], lr=0.05))
case("groups of nadam", "optimizer: {type: nadam, learning_rate: 0.05}, groups: [{nodes: out*, learning_rate: 0.01}]",
     optimizer=lambda w: torch.optim.NAdam([{"params": list(w)[:2]}, {"params": list(w)[2:], "lr": 0.01}], lr=0.05))
case("a group that stands still", f"{sgd}, groups: [{{nodes: [hidden], learning_rate: 0}}]",
     optimizer=lambda w: torch.optim.SGD([{"params": list(w)[:2], "lr": 0.0}, {"params": list(w)[2:]}], lr=0.05))
case("max_norm", sgd, hidden="max_norm: 0.8", limit=0.8)

write(__file__, {"inputs": numbers(inputs), "targets": numbers(targets),
                 "initial": [numbers(p.reshape(-1)) for p in initial]}, cases=cases)
