"""The equations of the texts S0–S4 (experiments/seeds/README.md), corrected, in NumPy: every gradient
at the initial values.

    python3 seeds_numpy.py > seeds_numpy.json        # needs numpy and PyYAML

Data and initial values are read from experiments/seeds/*.yaml; the equations are written out here
from the sources (numbers in brackets are theirs), independently of nnexp. For the pooling behind
a linear layer the printed equation (33), which lacks the sign, is computed as well.
"""
import json
import os

import numpy as np
import yaml

SEEDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "experiments", "seeds")


def sigma(x):
    return 1 / (1 + np.exp(-x))


class Experiment:
    def __init__(self, name):
        with open(os.path.join(SEEDS, name + ".yaml")) as file:
            self.file = yaml.safe_load(file)
        if "csv" in self.file["data"]:
            # Standardized over all rows; the check's batch is the first ones.
            path = os.path.join(SEEDS, self.file["data"]["csv"]["path"])
            rows = np.loadtxt(path, delimiter=",", skiprows=1)
            x = rows[:, :-1]
            count = self.file["gradient_check"]["batch"]
            self.x = ((x - x.mean(0)) / x.std(0))[:count]
            self.t = rows[:count, -1:]
        else:
            data = self.file["data"]["inline"]
            self.x = np.array(data["inputs"], dtype=float)
            self.t = np.array(data["targets"], dtype=float)

    def __getitem__(self, key):
        """`rho.weight`: the initial values of a parameter."""
        node, parameter = key.split(".")
        for layer in self.file["model"]:
            if layer.get("name") == node:
                return np.array(layer["initial"][parameter]["values"], dtype=float)
        raise KeyError(key)


def tang():
    """S0 (9)-(14), (3), (4); rows of X are samples."""
    e = Experiment("tang_one_layer")
    w, b = e["rho.weight"].T, e["rho.bias"]
    y = sigma(e.x @ w + b)
    d = 2 * (y - e.t) * y * (1 - y)
    n = len(e.x)
    return {"rho.weight": (d * e.x).sum(0) / n, "rho.bias": d.sum(0) / n}


def chao():
    """S1 §3.1-3.6 with corrected indices: deltas from the output back, then the products."""
    e = Experiment("chao_mlp")
    w1, w2, w3 = e["z1.weight"], e["z2.weight"], e["z.weight"]
    g1, g2, g3 = np.zeros_like(w1), np.zeros_like(w2), np.zeros_like(w3)
    for x, y in zip(e.x, e.t[:, 0]):
        h1 = np.tanh(w1 @ x)
        h2 = np.tanh(w2 @ h1)
        g = sigma(w3 @ h2)
        # Loss = -(y ln g + (1 - y) ln(1 - g)), through g(z) as in 3.1.
        d3 = (g - y) / (g * (1 - g)) * g * (1 - g)
        d2 = (1 - h2**2) * (w3.T @ d3)
        d1 = (1 - h1**2) * (w2.T @ d2)
        g3 += np.outer(d3, h2)
        g2 += np.outer(d2, h1)
        g1 += np.outer(d1, x)
    n = len(e.x)
    return {"z1.weight": g1 / n, "z2.weight": g2 / n, "z.weight": g3 / n}


def two_layer():
    """S2 (18)-(31), sample by sample, with column vectors."""
    e = Experiment("tanaka_two_layer")
    w1, w2 = e["rho1.weight"], e["rho2.weight"]
    g1, g2 = np.zeros_like(w1), np.zeros_like(w2)
    for x, t in zip(e.x, e.t):
        x, t = x[:, None], t[:, None]
        y = sigma(w1 @ x)
        z = sigma(w2 @ y)
        delta_z = 2 * (z - t)
        delta_z_ = delta_z * z * (1 - z)
        delta_y = w2.T @ delta_z_
        delta_y_ = delta_y * y * (1 - y)
        g2 += delta_z_ @ y.T
        g1 += delta_y_ @ x.T
    return {"rho1.weight": g1, "rho2.weight": g2}


def lp(name, p, has_sigma, has_sign=True):
    """S2 (32)-(41) over groups of two features."""
    e = Experiment(name)
    w = e["rho.weight"]
    g = np.zeros_like(w)
    for x, t in zip(e.x, e.t):
        y_ = w @ x
        y = sigma(y_) if has_sigma else y_
        dy = np.zeros_like(y)
        for group in range(len(t)):
            part = slice(2 * group, 2 * group + 2)
            a = np.abs(y[part])
            if p == np.inf:
                z = a.max()
                slope = (np.arange(2) == a.argmax()).astype(float)
            else:
                z = (a**p).sum() ** (1 / p)
                slope = (a**p).sum() ** (1 / p - 1) * a ** (p - 1)
            if has_sign:
                slope = slope * np.sign(y[part])
            dy[part] = 2 * (z - t[group]) * slope
        dy_ = dy * y * (1 - y) if has_sigma else dy
        g += np.outer(dy_, x)
    return {"rho.weight": g}


def batch():
    """S3: matrices with one column per sample."""
    e = Experiment("backprop_batch")
    a0, y = e.x.T, e.t.T
    m = a0.shape[1]
    w = [e[f"Z{l}.weight"] for l in (1, 2, 3)]
    b = [e[f"Z{l}.bias"][:, None] for l in (1, 2, 3)]
    z1 = w[0] @ a0 + b[0]
    a1 = np.tanh(z1)
    z2 = w[1] @ a1 + b[1]
    a2 = sigma(z2)
    z3 = w[2] @ a2 + b[2]
    a3 = np.log(1 + np.exp(z3))
    d3 = (a3 - y) / m * sigma(z3)
    d2 = (w[2].T @ d3) * a2 * (1 - a2)
    d1 = (w[1].T @ d2) * (1 - a1**2)
    gradients = {}
    for l, (d, a) in enumerate([(d1, a0), (d2, a1), (d3, a2)], start=1):
        gradients[f"Z{l}.weight"] = d @ a.T
        gradients[f"Z{l}.bias"] = d.sum(1)
    return gradients


def jhunjunwala():
    """S4 §3, one sample, columns; C is Huber's cost with delta 1."""
    e = Experiment("nn_gradients")
    a0, t = e.x.T, e.t.T
    w1, b1 = e["u1.weight"], e["u1.bias"][:, None]
    w2, b2 = e["u2.weight"], e["u2.bias"][:, None]
    a1 = sigma(w1 @ a0 + b1)
    a2 = np.tanh(w2 @ a1 + b2)
    dc_da2 = np.clip(a2 - t, -1, 1)
    dc_db2 = dc_da2 * (1 - a2**2)
    dc_da1 = w2.T @ dc_db2
    dc_db1 = dc_da1 * a1 * (1 - a1)
    return {
        "u1.weight": dc_db1 @ a0.T, "u1.bias": dc_db1.ravel(),
        "u2.weight": dc_db2 @ a1.T, "u2.bias": dc_db2.ravel(),
    }


def main():
    gradients = {
        "tang_one_layer": tang(),
        "chao_mlp": chao(),
        "tanaka_two_layer": two_layer(),
        "tanaka_lp_pooling_p1": lp("tanaka_lp_pooling_p1", 1, True),
        "tanaka_lp_pooling_p2": lp("tanaka_lp_pooling_p2", 2, True),
        "tanaka_lp_pooling_p3": lp("tanaka_lp_pooling_p3", 3, True),
        "tanaka_lp_pooling_pinf": lp("tanaka_lp_pooling_pinf", np.inf, True),
        "tanaka_lp_pooling_signed": lp("tanaka_lp_pooling_signed", 3, False),
        "backprop_batch": batch(),
        "nn_gradients": jhunjunwala(),
    }
    plain = {
        name: {key: np.ravel(value).tolist() for key, value in tensors.items()}
        for name, tensors in gradients.items()
    }
    printed = lp("tanaka_lp_pooling_signed", 3, False, has_sign=False)["rho.weight"]
    print(json.dumps({
        "generator": {"script": "seeds_numpy.py", "numpy": np.__version__},
        "gradients": plain,
        "printedEquation33": np.ravel(printed).tolist(),
    }, indent=1))


main()
