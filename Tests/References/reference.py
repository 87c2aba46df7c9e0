"""The common part of the generators in this folder: fixed seeds, round inputs, and the file format.

Run any `pytorch_*.py` with Python 3 and `pip install torch numpy`; it overwrites the JSON of its
name. Everything is float64 on one thread. Inputs are rounded to four decimals, so that they read
well; results have all their digits (`repr`, which reads back as the same number).
"""

import json
import os
import platform

import numpy
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)


class Draw:
    """Random tensors from one seed."""

    def __init__(self, seed):
        self.random = numpy.random.RandomState(seed)

    def normal(self, *shape, scale=1.0):
        return self._tensor(self.random.standard_normal(shape) * scale)

    def uniform(self, low, high, *shape):
        return self._tensor(self.random.uniform(low, high, shape))

    def distinct(self, *shape):
        """Both signs, no two magnitudes the same, none below 0.01: no ties and no kinks."""
        count = int(numpy.prod(shape))
        sizes = numpy.arange(1, count + 1) * (4.0 / count)
        signs = self.random.choice([-1.0, 1.0], count)
        return self._tensor((self.random.permutation(sizes) * signs + 0).reshape(shape))

    @staticmethod
    def _tensor(array):
        return torch.tensor(numpy.round(array, 4) + 0.0)


def numbers(tensor):
    """A tensor's numbers, row-major, as Python floats."""
    return [plain(x) for x in tensor.detach().reshape(-1).tolist()]


def plain(x):
    """Integers without their `.0`: shorter, and the same number."""
    return int(x) if x == int(x) and abs(x) < 1e15 and str(x) != "-0.0" else x


def tensor(t, shape):
    return {"shape": list(shape), "values": numbers(t)}


class LayerCases:
    """The cases of a file of layers, each with random ∂L/∂y from `draw`."""

    def __init__(self, draw):
        self.draw, self.cases = draw, []

    def add(self, name, layer, options, inputs, function, parameters=(), state=(), training=True):
        """Adds a case. `function(inputs, parameters, state)` returns y, and may change the state."""
        inputs = [x.clone().requires_grad_() for x in inputs]
        values = [w.clone().requires_grad_() for _, w in parameters]
        after = [s.clone() for _, s in state]
        y = function(inputs, values, after)
        dy = self.draw.normal(*y.shape)
        gradients = torch.autograd.grad((y * dy).sum(), inputs + values)
        assert all(torch.isfinite(g).all() for g in gradients), name
        self.cases.append({
            "name": name,
            "type": layer,
            "options": options,
            "samples": inputs[0].shape[0],
            "training": training,
            "inputs": [tensor(x, x.shape[1:]) for x in inputs],
            "parameters": [{"name": n, **tensor(w, w.shape)} for n, w in parameters],
            "state": [
                {"name": n, "before": numbers(s), "after": numbers(a)}
                for (n, s), a in zip(state, after)
            ],
            "dy": numbers(dy),
            "y": tensor(y, y.shape[1:]),
            "dInputs": [numbers(g) for g in gradients[: len(inputs)]],
            "gradients": [numbers(g) for g in gradients[len(inputs) :]],
        })


def write(script, head, **sections):
    """One case per line, so that differences show which case has changed."""
    head = {
        "generator": {
            "script": os.path.basename(script),
            "torch": torch.__version__.split("+")[0],
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        },
        **head,
    }

    def compact(value):
        return json.dumps(value, separators=(",", ":"), allow_nan=False)

    entries = [f"{compact(key)}:{compact(value)}" for key, value in head.items()]
    for key, cases in sections.items():
        names = [case["name"] for case in cases]
        assert len(set(names)) == len(names), "every case has a name of its own"
        lines = ",\n".join(compact(case) for case in cases)
        entries.append(f"{compact(key)}:[\n{lines}\n]")
    path = os.path.splitext(script)[0] + ".json"
    with open(path, "w") as file:
        file.write("{" + ",\n".join(entries) + "}\n")
    print(f"{path}: {os.path.getsize(path)} bytes")
