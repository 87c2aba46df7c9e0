"""Training with a weight per sample, by PyTorch in float64.

A network of 3 inputs, 4 tanh units and k linear outputs; seven samples, one of which has the
weight 0; batches of three in the order of the samples; four epochs of sgd. A batch has the loss
sum(w * l) / sum(w), sum(w * l), or half of the first. Each case holds the mean of the losses of
every epoch, weighted by the batches' weights, the loss over all samples after it, and the
parameters.
"""

import torch

from reference import Draw, numbers, write

draw = Draw(20261128)
count = 7
inputs = draw.normal(count, 3)
weights = torch.tensor([2, 0.5, 1, 0, 3, 0.25, 1.5])
values = draw.normal(count, 2)
classes = torch.tensor([0, 2, 1, 1, 0, 2, 2])


def squared_error(z, t):
    return ((z - t) ** 2).sum(1)


def cross_entropy(z, t):
    return torch.nn.functional.cross_entropy(z, t, reduction="none")


def reduced(reduction, losses, w):
    total = (w * losses).sum()
    scale = {"mean": 1 / w.sum(), "half_mean": 0.5 / w.sum(), "sum": 1}[reduction]
    return total * scale


cases = []
for name, loss, targets, outputs, declared in [
    ("squared_error", squared_error, values, 2, "squared_error"),
    ("cross_entropy", cross_entropy, classes, 3, "cross_entropy, from: logits"),
]:
    initial = [draw.normal(*s, scale=0.7) for s in [(4, 3), (4,), (outputs, 4), (outputs,)]]
    for reduction in ["mean", "half_mean", "sum"]:
        w = [p.clone().requires_grad_() for p in initial]

        def losses(rows):
            z = torch.tanh(inputs[rows] @ w[0].T + w[1]) @ w[2].T + w[3]
            return loss(z, targets[rows])

        rule = torch.optim.SGD(w, lr=0.05)
        trained, measured, parameters = [], [], []
        for _ in range(4):
            sum_of_losses = 0.0
            for first in range(0, count, 3):
                rows = slice(first, min(first + 3, count))
                rule.zero_grad()
                value = reduced(reduction, losses(rows), weights[rows])
                value.backward()
                rule.step()
                sum_of_losses += value.item() * weights[rows].sum().item()
            trained.append(sum_of_losses / weights.sum().item())
            measured.append(reduced(reduction, losses(slice(None)), weights).item())
            parameters.append(numbers(torch.cat([p.detach().reshape(-1) for p in w])))
        cases.append({
            "name": f"{name}, {reduction}",
            "loss": f"{declared}, reduction: {reduction}",
            "outputs": outputs,
            "initial": [numbers(p.reshape(-1)) for p in initial],
            "targets": numbers(targets.double().reshape(-1)),
            "train": trained,
            "measured": measured,
            "parameters": parameters,
        })

write(__file__, {"inputs": numbers(inputs), "weights": numbers(weights)}, cases=cases)
