"""The workloads in JAX: a whole epoch as one compiled `scan`, or with `jit` one call per step."""
import functools
import os

import protocol
from protocol import batch, epochs, layers, load, momentum, rate, samples, spec, threads, variant

# XLA uses every core that is visible.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
import jax
import jax.flatten_util
import jax.numpy as jnp

if spec["dtype"] == "float64":
    jax.config.update("jax_enable_x64", True)


def forward(x, parameters):
    parameters = iter(parameters)
    for layer in layers:
        kind = layer["type"]
        if kind == "dense":
            x = x.reshape(len(x), -1) @ next(parameters).T + next(parameters)
        elif kind == "convolution":
            weight, bias = next(parameters), next(parameters)
            x = jax.lax.conv(x, weight, (1, 1), "VALID") + bias[:, None, None]
        elif kind == "sigmoid":
            x = jax.nn.sigmoid(x)
        elif kind == "relu":
            x = jax.nn.relu(x)
        elif kind == "lp_pooling":
            n, channels, r, c = x.shape
            k, p = layer["window"], layer["p"]
            windows = x.reshape(n, channels, r // k, k, c // k, k)
            x = (windows ** p).sum((3, 5)) ** (1 / p)
    return x


def loss_of(parameters, x, t):
    z = forward(x, parameters)
    if spec["loss"] == "cross_entropy":
        return -jnp.take_along_axis(jax.nn.log_softmax(z), t[:, None], 1).mean()
    return ((z - t) ** 2).sum() / len(z)


def start(parameters):
    zeros = [jnp.zeros_like(w) for w in parameters]
    return parameters, zeros, zeros, 0


def step(state, sample, learning_rate=rate):
    """Performs one update. Returns the loss before it."""
    w, m, v, time = state
    loss, g = jax.value_and_grad(loss_of)(w, *sample)
    if spec["optimizer"]["type"] == "adam":
        time = time + 1
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
        scale = learning_rate / (1 - 0.9 ** time)
        root = jnp.sqrt(1 - 0.999 ** time)
        w = [a - scale * b / (jnp.sqrt(c) / root + 1e-8) for a, b, c in zip(w, m, v)]
    else:
        m = [momentum * a + b for a, b in zip(m, g)] if momentum else g
        w = [a - learning_rate * b for a, b in zip(w, m)]
        m = m if momentum else v
    return (w, m, v, time), loss


def epoch(state, data, learning_rate=rate):
    """Trains on all batches in turn, including a smaller last one. Returns the mean loss."""
    x, t = data
    whole = samples // batch
    cut = [a[:whole * batch].reshape(whole, batch, *a.shape[1:]) for a in (x, t)]
    state, losses = jax.lax.scan(lambda s, b: step(s, b, learning_rate), state, tuple(cut))
    total = losses.sum() * batch
    if whole * batch < samples:
        state, loss = step(state, (x[whole * batch:], t[whole * batch:]), learning_rate)
        total += loss * (samples - whole * batch)
    return state, total / samples


def training(parameters, data, learning_rate=rate):
    if epochs == 1:
        return epoch(start(parameters), data, learning_rate)[1]
    body = lambda state, _: epoch(state, data, learning_rate)
    return jax.lax.scan(body, start(parameters), None, length=epochs)[1][-1]


def scan(parameters, data):
    return jitted(training)(parameters, data)


def a_call_a_step(parameters, data):
    state = start(parameters)
    x, t = data
    call = jitted(step)
    for _ in range(epochs):
        total = 0.0
        for first in range(0, samples, batch):
            part = slice(first, min(first + batch, samples))
            state, loss = call(state, (x[part], t[part]))
            total += loss * (part.stop - part.start)
    return total / samples


def sweep(parameters, data):
    """Trains all trials at once, along an additional axis."""
    rates = jnp.array(spec["rates"])
    return jax.jit(jax.vmap(training, (None, None, 0)))(parameters, data, rates).mean()


def check(parameters, data):
    return jitted(differences)(parameters, data)


def differences(parameters, data):
    """Central differences of every parameter, 64 at once."""
    x, t = data[0][:batch], data[1][:batch]
    flat, restore = jax.flatten_util.ravel_pytree(parameters)
    loss = lambda w: loss_of(restore(w), x, t)
    analytic = jax.grad(loss)(flat)
    h = 1e-5

    def numeric(i):
        return (loss(flat.at[i].add(h)) - loss(flat.at[i].add(-h))) / (2 * h)

    found = jax.lax.map(numeric, jnp.arange(flat.size), batch_size=64)
    worst = jnp.abs(found - analytic).max()
    return jnp.where(worst < 1e-6, jnp.abs(analytic).sum(), jnp.nan)


@functools.cache
def jitted(function):
    return jax.jit(function)


def main():
    x, t, initial = load()
    data = jnp.array(x), jnp.array(t)
    parameters = [jnp.array(w) for w in initial]
    work = {"check": check, "sweep": sweep}.get(
        spec["kind"], a_call_a_step if variant == "jit" else scan)
    protocol.serve("JAX " + jax.__version__, lambda: float(work(parameters, data)))


main()
