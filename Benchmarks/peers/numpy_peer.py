"""The workloads in plain NumPy: each layer's forward and backward pass, written out."""
import protocol
from protocol import batch, batches, epochs, layers, load, momentum, rate, spec

import numpy as np


class Dense:
    """y = x Wᵀ + b"""

    def __init__(self, weight, bias):
        self.parameters = [weight, bias]

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        weight, bias = self.parameters
        return self.x @ weight.T + bias

    def backward(self, dy):
        self.gradients = [dy.T @ self.x, dy.sum(0)]
        return (dy @ self.parameters[0]).reshape(self.shape)


class Convolution:
    """A convolution as one matrix product with the windows as rows."""

    def __init__(self, weight, bias):
        self.parameters = [weight, bias]

    def forward(self, x):
        weight, bias = self.parameters
        self.size = weight.shape[-1]
        self.shape = x.shape
        windows = np.lib.stride_tricks.sliding_window_view(x, (self.size, self.size), (2, 3))
        n, _, r, c = windows.shape[:4]
        self.rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * r * c, -1)
        y = self.rows @ weight.reshape(len(weight), -1).T + bias
        return y.reshape(n, r, c, -1).transpose(0, 3, 1, 2)

    def backward(self, dy):
        weight = self.parameters[0]
        n, o, r, c = dy.shape
        flat = dy.transpose(0, 2, 3, 1).reshape(-1, o)
        self.gradients = [(flat.T @ self.rows).reshape(weight.shape), flat.sum(0)]
        windows = (flat @ weight.reshape(o, -1)).reshape(n, r, c, -1, self.size, self.size)
        dx = np.zeros(self.shape, dy.dtype)
        for u in range(self.size):
            for v in range(self.size):
                dx[:, :, u:u + r, v:v + c] += windows[..., u, v].transpose(0, 3, 1, 2)
        return dx


class Sigmoid:
    parameters = gradients = []

    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dy):
        return dy * self.y * (1 - self.y)


class Relu:
    parameters = gradients = []

    def forward(self, x):
        self.y = np.maximum(x, 0)
        return self.y

    def backward(self, dy):
        return dy * (self.y > 0)


class LpPooling:
    """y = (Σ |x|^p)^(1/p) over windows that do not overlap; x > 0 here."""

    parameters = gradients = []

    def __init__(self, p, window):
        self.p, self.window = p, window

    def forward(self, x):
        n, channels, r, c = x.shape
        k = self.window
        self.x = x.reshape(n, channels, r // k, k, c // k, k)
        self.y = (self.x ** self.p).sum((3, 5), keepdims=True) ** (1 / self.p)
        return self.y[:, :, :, 0, :, 0]

    def backward(self, dy):
        dy = dy[:, :, :, None, :, None]
        dx = dy * (self.x / self.y) ** (self.p - 1)
        n, channels, r, k, c, _ = dx.shape
        return dx.reshape(n, channels, r * k, c * k)


def squared_error(z, t):
    """Returns the mean loss over the batch, and its gradient."""
    return ((z - t) ** 2).sum() / len(z), 2 * (z - t) / len(z)


def cross_entropy(z, t):
    z = z - z.max(1, keepdims=True)
    power = np.exp(z)
    total = power.sum(1, keepdims=True)
    rows = np.arange(len(z))
    loss = (np.log(total[:, 0]) - z[rows, t]).mean()
    dz = power / total
    dz[rows, t] -= 1
    return loss, dz / len(z)


LOSS = {"squared_error": squared_error, "cross_entropy": cross_entropy}[spec["loss"]]


def build(parameters):
    parameters = iter(parameters)
    makers = {
        "dense": lambda layer: Dense(next(parameters), next(parameters)),
        "convolution": lambda layer: Convolution(next(parameters), next(parameters)),
        "sigmoid": lambda layer: Sigmoid(),
        "relu": lambda layer: Relu(),
        "lp_pooling": lambda layer: LpPooling(layer["p"], layer["window"]),
    }
    return [makers[layer["type"]](layer) for layer in layers]


def loss_of(network, x, t):
    for layer in network:
        x = layer.forward(x)
    return LOSS(x, t)


def gradients_of(network, x, t):
    loss, dy = loss_of(network, x, t)
    for layer in reversed(network):
        dy = layer.backward(dy)
    return loss, [g for layer in network for g in layer.gradients]


def sgd(parameters):
    velocity = [np.zeros_like(w) for w in parameters]

    def step(gradients):
        for w, v, g in zip(parameters, velocity, gradients):
            if momentum:
                v *= momentum
                v += g
                g = v
            w -= w.dtype.type(rate) * g

    return step


def adam(parameters):
    m = [np.zeros_like(w) for w in parameters]
    v = [np.zeros_like(w) for w in parameters]
    time = 0

    def step(gradients):
        nonlocal time
        time += 1
        scale = np.sqrt(1 - 0.999 ** time)
        for w, m_i, v_i, g in zip(parameters, m, v, gradients):
            m_i += 0.1 * (g - m_i)
            v_i += 0.001 * (g * g - v_i)
            w -= w.dtype.type(rate / (1 - 0.9 ** time)) * m_i / (np.sqrt(v_i) / w.dtype.type(scale) + 1e-8)

    return step


def train(x, t, initial):
    parameters = [w.copy() for w in initial]
    network = build(parameters)
    step = {"sgd": sgd, "adam": adam}[spec["optimizer"]["type"]](parameters)
    slices = batches()
    for _ in range(epochs):
        total = 0.0
        for part in slices:
            loss, gradients = gradients_of(network, x[part], t[part])
            step(gradients)
            total += loss * (part.stop - part.start)
    return total / len(x)


def check(x, t, initial):
    """Compares central differences of every parameter with the backward pass."""
    parameters = [w.copy() for w in initial]
    network = build(parameters)
    x, t = x[:batch], t[:batch]
    total, h = 0.0, 1e-5
    _, analytic = gradients_of(network, x, t)
    for w, g in zip(parameters, analytic):
        flat, g = w.reshape(-1), g.reshape(-1)
        for i in range(flat.size):
            kept = flat[i]
            flat[i] = kept + h
            above = loss_of(network, x, t)[0]
            flat[i] = kept - h
            numeric = (above - loss_of(network, x, t)[0]) / (2 * h)
            flat[i] = kept
            assert abs(numeric - g[i]) < 1e-6, (numeric, g[i])
            total += abs(g[i])
    return total


def main():
    data = load()
    work = check if spec["kind"] == "check" else train
    protocol.serve("NumPy " + np.__version__, lambda: work(*data))


main()
