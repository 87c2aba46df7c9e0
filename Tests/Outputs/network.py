"""A second implementation of the networks of the shipped experiments, for evaluation only."""

import gzip
import json
import re
import struct

import numpy as np
import pandas as pd


class Unsupported(Exception):
    """A layer or source that is not implemented here."""


def weights_of(folder, which):
    """The tensors of a checkpoint file by name, in float64."""
    data = (folder / f"{which}.nnx").read_bytes()
    _, length = struct.unpack("<II", data[8:16])
    header = json.loads(data[16:16 + length])
    tensors = {}
    for tensor in header["tensors"]:
        start = 16 + length + tensor["offset"]
        values = np.frombuffer(
            data[start:start + tensor["bytes"]], "<f4" if tensor["dtype"] == "float32" else "<f8")
        tensors[tensor["name"]] = values.reshape(tensor["shape"]).astype(np.float64)
    return tensors


def windows(x, size, stride, padding=0, fill=0.0):
    """[samples, channels, rows', columns', size, size] of images."""
    size = size if isinstance(size, list) else [size, size]
    stride = stride if isinstance(stride, list) else [stride, stride]
    if padding == "same":
        sums = [
            max(0, -(-n // st) * st - st + w - n) for n, w, st in zip(x.shape[2:], size, stride)]
        pads = [(n // 2, n - n // 2) for n in sums]
    else:
        pads = [(padding,) * 2] * 2
    x = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return view[:, :, ::stride[0], ::stride[1]]


def doubled(x, axis):
    """Twice as many numbers along an axis, linear between their centers."""
    before = np.concatenate([x.take([0], axis), x], axis).take(range(x.shape[axis]), axis)
    after = np.concatenate([x, x.take([-1], axis)], axis).take(range(1, x.shape[axis] + 1), axis)
    pair = np.stack([x * 0.75 + before * 0.25, x * 0.75 + after * 0.25], axis + 1)
    return pair.reshape(x.shape[:axis] + (-1,) + x.shape[axis + 1:])


FUNCTIONS = {
    "σ": lambda x: 1 / (1 + np.exp(-x)), "exp": np.exp, "log": np.log, "tanh": np.tanh,
    "sin": np.sin, "abs": np.abs, "sum": lambda x: x.sum(axis=-1, keepdims=True),
}


def identifier(name):
    return name.replace("′", "_")


def python_of(formula):
    """The notation of the shipped formulas in Python."""
    text = identifier(formula)
    for mark, meaning in {
            "·": "*", "⊗": "*", "−": "-", "^": "**", "²": "**2", "ᵢ": "", "ⱼ": "",
            "ₖ": ""}.items():
        text = text.replace(mark, meaning)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = re.sub(r"(?<![\w*])(\d+)([^\W\d])", r"\1*\2", text)
    while "Σ" in text:
        before, after = text.split("Σ", 1)
        depth = end = 0
        while end < len(after) and not (depth == 0 and after[end] in "+)"):
            depth += (after[end] == "(") - (after[end] == ")")
            end += 1
        text = f"{before}sum({after[:end].strip()}){after[end:]}"
    return text


class Network:
    def __init__(self, model, weights):
        self.model = model
        self.weights = weights
        self.last = model[-1]["name"]

    def tensor(self, node, name):
        shared = (node.get("parameters") or {}).get(name)
        return self.weights[
            shared if isinstance(shared, str) else f"{node['name']}.{name}"]

    def forward(self, inputs):
        """The output of every node, for the inputs by port."""
        values = dict(inputs)
        previous = next(iter(inputs))
        for node in self.model:
            sources = node.get("inputs") or previous
            sources = list(sources.values()) if isinstance(sources, dict) else sources
            sources = sources if isinstance(sources, list) else [sources]
            x = [values[source] for source in sources]
            values[node["name"]] = self.layer(node, x)
            previous = node["name"]
        return values

    def layer(self, node, xs):
        x, kind = xs[0], node["type"]
        if kind == "dense":
            y = x.reshape(len(x), -1) @ self.tensor(node, "weight").T
            return y + self.tensor(node, "bias") if node["bias"] else y
        if kind == "embedding" and node["padding"] is None:
            return self.tensor(node, "weight")[x[:, 0].astype(int)]
        if kind == "tanh":
            return np.tanh(x)
        if kind == "sigmoid":
            return 1 / (1 + np.exp(-x))
        if kind == "softplus":
            return np.logaddexp(0, x)
        if kind == "relu":
            return np.maximum(x, 0)
        if kind == "elu":
            return np.where(x > 0, x, node["alpha"] * np.expm1(np.minimum(x, 0)))
        if kind == "swish":
            return x / (1 + np.exp(-self.tensor(node, "beta") * x))
        if kind == "maxout":
            maps = x.reshape(len(x), -1) @ self.tensor(node, "weight").T + self.tensor(node, "bias")
            return maps.reshape(len(x), node["units"], node["pieces"]).max(axis=2)
        if kind == "radial_basis":
            squares = (x.reshape(len(x), 1, -1) - self.tensor(node, "center")) ** 2
            return np.exp(-np.exp(self.tensor(node, "beta")) * squares.sum(axis=2))
        if kind == "learned_norm":
            p = 1 + np.logaddexp(0, self.tensor(node, "rho"))[:, None]
            d = np.abs(x.reshape(len(x), -1) - self.tensor(node, "center"))
            groups = d.reshape(len(x), -1, node["size"])
            return (groups ** p).mean(axis=2) ** (1 / p[:, 0])
        if kind == "batch_normalization":
            shape = (-1,) + (1,) * (x.ndim - 2)
            mean, variance = (
                self.tensor(node, name).reshape(shape)
                for name in ("running_mean", "running_variance"))
            y = (x - mean) / np.sqrt(variance + node["epsilon"])
            if not node["affine"]:
                return y
            return self.tensor(node, "weight").reshape(shape) * y + self.tensor(
                node, "bias").reshape(shape)
        if kind == "group_normalization" and node["affine"]:
            sets = x.reshape(len(x), node["groups"], -1)
            y = sets - sets.mean(axis=2, keepdims=True)
            y = y / np.sqrt((y**2).mean(axis=2, keepdims=True) + node["epsilon"])
            shape = (-1,) + (1,) * (x.ndim - 2)
            return self.tensor(node, "weight").reshape(shape) * y.reshape(x.shape) + self.tensor(
                node, "bias").reshape(shape)
        if kind == "upsample" and node["mode"] == "bilinear" and node["factor"] == 2:
            return doubled(doubled(x, 2), 3)
        if kind == "reshape":
            return x.reshape(len(x), *node["shape"])
        if kind == "transposed_convolution" and node["window"] == node["stride"]:
            # The windows do not overlap.
            w = self.tensor(node, "weight")
            y = np.einsum("sirc,iouv->sorucv", x, w)
            samples, channels, rows, height, columns, width = y.shape
            y = y.reshape(samples, channels, rows * height, columns * width)
            return y + self.tensor(node, "bias")[:, None, None]
        if kind == "average_pooling" and node["global"]:
            return x.mean(axis=(2, 3), keepdims=True)
        if kind == "dropout":
            return x
        if kind == "flatten":
            return x.reshape(len(x), -1)
        if kind == "add":
            return sum(xs)
        if kind == "multiply":
            return np.prod(xs, axis=0)
        if kind == "concatenate":
            return np.concatenate(xs, axis=1)
        if kind == "convolution" and node["groups"] == 1 and node["dilation"] == 1:
            w = self.tensor(node, "weight")
            parts = [
                np.tensordot(seen, w, axes=([1, 4, 5], [1, 2, 3])) for seen in np.array_split(
                    windows(x, list(w.shape[2:]), node["stride"], node["padding"]),
                    max(1, len(x) // 500))]
            y = np.concatenate(parts).transpose(0, 3, 1, 2)
            return y + self.tensor(node, "bias")[:, None, None] if node["bias"] else y
        if kind == "max_pooling" and node["padding"] == 0:
            return windows(x, node["window"], node["stride"] or node["window"]).max(axis=(4, 5))
        if kind == "lp_pooling" and not node["learned"] and not node["normalize"]:
            return self.lp_pooling(node, x)
        if kind == "formula":
            return self.formula(node, xs)
        raise Unsupported(kind)

    def formula(self, node, xs):
        """Evaluates the equation as an expression of Python."""
        names = node["inputs"] if isinstance(node.get("inputs"), dict) else ["x"]
        scope = dict(FUNCTIONS, **(node.get("constants") or {}))
        for name, x in zip(names, xs):
            if node.get("window"):
                x = x.reshape(len(x), -1, node["window"])
            scope[identifier(name)] = x
        for name, declared in (node.get("parameters") or {}).items():
            bounds = declared.get("range") if isinstance(declared, dict) else None
            if not bounds:
                scope[identifier(name)] = self.tensor(node, name)
                continue
            share = 1 / (1 + np.exp(-self.tensor(node, f"{name}_raw")))
            scope[identifier(name)] = bounds[0] + (bounds[1] - bounds[0]) * share
        y = eval(python_of(node["y"]), {"__builtins__": {}}, scope)
        return y.reshape(len(xs[0]), -1)

    @staticmethod
    def lp_pooling(node, x):
        p = float(node["p"])
        if x.ndim == 2:
            groups = np.abs(x.reshape(len(x), -1, node["window"]))
            axes = 2
        else:
            groups = np.abs(windows(x, node["window"], node["stride"] or node["window"]))
            axes = (4, 5)
        if np.isinf(p):
            return groups.max(axis=axes)
        return (groups ** p).sum(axis=axes) ** (1 / p)


def scaled(values, scale):
    if not scale:
        return values
    if scale.get("log"):
        return np.log(values)
    if scale["spread"] == 0:
        return np.zeros_like(values)
    return ((values - scale["origin"]) - scale["shift"]) / scale["spread"]


def inputs_of(run):
    """The inputs by port, with the rows of predictions.csv that they belong to."""
    data, rows = run.experiment["data"], run.predictions
    if "file" in rows:
        return None, rows
    ports = run.columns["inputs"]
    if "csv" in data:
        table = pd.read_csv(
            run.data_folder / data["csv"]["path"], dtype=str, keep_default_na=False,
            na_values=["", "NA", "?"])
        table = table.iloc[rows["row"] - 1]
        arrays = [encoded(run, port, table) for port in ports]
    elif "inline" in data:
        arrays = [np.array(data["inline"]["inputs"], np.float64)[rows["row"] - 1]]
    elif "npz" in data:
        archive = np.load(run.data_folder / data["npz"]["path"])
        names = data["npz"]["inputs"]
        arrays = [
            of_array(archive[names[port["port"]] if isinstance(names, dict) else names], port, rows)
            for port in ports]
    elif "idx" in data:
        arrays = [of_array(idx(run.data_folder / data["idx"]["inputs"]), ports[0], rows)]
    else:
        # The samples that the run keeps are the first of the training data.
        archive = np.load(run.folder / "checkpoints/samples.npz")
        rows = rows[rows["split"] == "train"].sort_values("row").head(len(archive["inputs"]))
        arrays = [archive["inputs"].astype(np.float64)]
    shaped = [x.reshape([len(rows), *port["shape"]]) for x, port in zip(arrays, ports)]
    return {port["port"]: x for port, x in zip(ports, shaped)}, rows


def idx(path):
    """The array of a compressed IDX file of bytes."""
    data = gzip.decompress(path.read_bytes())
    assert data[2] == 8, "bytes"
    shape = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def of_array(x, port, rows):
    x = x.reshape(len(x), -1)[rows["row"] - 1].astype(np.float64)
    scales = port.get("scale_numbers") or [None] * x.shape[1]
    return np.stack([scaled(x[:, i], s) for i, s in enumerate(scales)], axis=1)


def encoded(run, port, table):
    """The numbers of a port of a table."""
    numbers = []
    for column in run.columns["columns"]:
        if column["role"] != "inputs" or column.get("port", port["port"]) != port["port"]:
            continue
        cells = table[column["name"]]
        missing = cells.isna().to_numpy()
        fill = column.get("fill_value")
        if "categories" in column:
            places = {c: i for i, c in enumerate(column["categories"])}
            codes = np.array([places.get(c, -1) for c in cells])
            if fill is not None and column.get("fill") != "indicator":
                codes[missing] = int(fill)
            if "indices" in port:
                numbers += [codes.astype(float)]
                continue
            numbers += [(codes == i).astype(float) for i in range(len(places))]
        else:
            if column["type"] == "date":
                days = (pd.to_datetime(cells) - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
                values = days.to_numpy().copy()
            else:
                values = cells.astype(float).to_numpy().copy()
            if fill is not None:
                values[missing] = fill
            numbers.append(scaled(values, column.get("scale_numbers")))
        if column.get("fill") == "indicator":
            numbers.append(missing.astype(float))
    return np.stack(numbers, axis=1)
