"""The workloads in PyTorch: eager, with `compiled` each step under torch.compile, or with
`channels_last` images and weights in that memory format."""
import protocol
from protocol import batch, batches, epochs, layers, load, momentum, rate, spec, threads, variant

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(threads)


def forward(x, parameters):
    parameters = iter(parameters)
    running = iter(statistics)

    def compute(layer, inputs):
        kind, x = layer["type"], inputs[0]
        if kind == "dense":
            weight, bias = next(parameters), next(parameters)
            if is_sparse and x is start:
                return F.embedding_bag(x, weight, mode="sum", sparse=True) + bias
            return F.linear(x.flatten(1), weight, bias)
        if kind == "convolution":
            return F.conv2d(
                x, next(parameters), next(parameters), layer.get("stride", 1),
                layer.get("padding", 0), groups=layer.get("groups", 1))
        if kind == "batch_normalization":
            weight, bias = next(parameters), next(parameters)
            return F.batch_norm(x, *next(running), weight, bias, training=True)
        if kind == "layer_normalization":
            weight, bias = next(parameters), next(parameters)
            return F.layer_norm(x, weight.shape, weight, bias)
        if kind == "sigmoid":
            return torch.sigmoid(x)
        if kind == "relu":
            return torch.relu(x)
        if kind == "gelu":
            return F.gelu(x)
        if kind == "dropout":
            return F.dropout(x, layer["rate"])
        if kind == "add":
            return inputs[0] + inputs[1]
        if layer.get("global"):
            return x.mean((2, 3))
        window, stride = layer["window"], layer.get("stride", layer["window"])
        if kind == "max_pooling":
            return F.max_pool2d(x, window, stride)
        y = F.lp_pool2d(x, layer["p"], window, stride)
        return y * window ** (-2 / layer["p"]) if layer.get("normalize") else y

    start = x
    return protocol.run_layers(x, compute)


def loss_of(x, t, parameters):
    z = forward(x, parameters)
    if spec["loss"] == "cross_entropy":
        return F.cross_entropy(z, t)
    return F.mse_loss(z, t, reduction="sum") / len(z)


def optimizer(parameters):
    if spec["optimizer"]["type"] == "adam":
        return torch.optim.Adam(parameters, lr=rate, fused=True)
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, fused=not is_sparse)


def formatted(tensor):
    """In the memory format of the variant."""
    if variant == "channels_last" and tensor.ndim == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor


def tensors(initial):
    statistics[:] = [
        (torch.zeros(len(w)), torch.ones(len(w)))
        for w, layer in zip(initial[::2], protocol.with_parameters())
        if layer["type"] == "batch_normalization"]
    if is_sparse:
        initial = [np.ascontiguousarray(initial[0].T), *initial[1:]]
    return [formatted(torch.from_numpy(w.copy())).requires_grad_() for w in initial]


# The first layer of a network on sparse data reads the positions of its ones, as embeddings.
is_sparse = spec["data"] == "sparse"
# The running means and variances of batch normalization.
statistics = []

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
    if is_sparse:
        x = np.nonzero(x)[1].reshape(len(x), -1)
    x = formatted(torch.from_numpy(x))
    t = torch.from_numpy(t)
    if spec["loss"] == "cross_entropy":
        t = t.long()
    work = check if spec["kind"] == "check" else train
    protocol.serve("PyTorch " + torch.__version__, lambda: work(x, t, initial).item())


if __name__ == "__main__":
    main()
