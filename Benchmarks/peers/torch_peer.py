"""The workloads in PyTorch: eager, or with `compiled` each step under torch.compile."""
import protocol
from protocol import batch, batches, epochs, layers, load, momentum, rate, spec, threads, variant

import torch
from torch.nn import functional as F

torch.set_num_threads(threads)


def forward(x, parameters):
    parameters = iter(parameters)
    for layer in layers:
        kind = layer["type"]
        if kind == "dense":
            x = F.linear(x.flatten(1), next(parameters), next(parameters))
        elif kind == "convolution":
            x = F.conv2d(x, next(parameters), next(parameters))
        elif kind == "sigmoid":
            x = torch.sigmoid(x)
        elif kind == "relu":
            x = torch.relu(x)
        elif kind == "lp_pooling":
            x = F.lp_pool2d(x, layer["p"], layer["window"])
    return x


def loss_of(x, t, parameters):
    z = forward(x, parameters)
    if spec["loss"] == "cross_entropy":
        return F.cross_entropy(z, t)
    return ((z - t) ** 2).sum() / len(z)


def optimizer(parameters):
    if spec["optimizer"]["type"] == "adam":
        return torch.optim.Adam(parameters, lr=rate, fused=True)
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, fused=True)


def tensors(initial):
    return [torch.from_numpy(w.copy()).requires_grad_() for w in initial]


if variant == "compiled":
    compiled = torch.compile(loss_of)
else:
    compiled = loss_of


def train(x, t, initial):
    parameters = tensors(initial)
    update = optimizer(parameters)
    slices = batches()
    for epoch in range(epochs):
        total = torch.zeros(())
        for part in slices:
            update.zero_grad(set_to_none=True)
            loss = compiled(x[part], t[part], parameters)
            loss.backward()
            update.step()
            if epoch == epochs - 1:
                total += loss.detach() * (part.stop - part.start)
    return total / len(x)


def check(x, t, initial):
    """PyTorch's own exhaustive check; the size of the gradient is computed outside the measured time."""
    parameters = tensors(initial)
    x, t = x[:batch], t[:batch]
    assert torch.autograd.gradcheck(lambda *w: loss_of(x, t, w), parameters)
    loss_of(x, t, parameters).backward()
    return sum(w.grad.abs().sum() for w in parameters)


def main():
    x, t, initial = load()
    x = torch.from_numpy(x)
    t = torch.from_numpy(t)
    if spec["loss"] == "cross_entropy":
        t = t.long()
    work = check if spec["kind"] == "check" else train
    protocol.serve("PyTorch " + torch.__version__, lambda: work(x, t, initial).item())


main()
