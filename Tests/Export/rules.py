"""The experiments that compute the published tests of ONNX's operators.

A rule takes the node of a test and returns what is written, a list if the outputs need one
experiment each. It raises `Cannot` with the reason if the test cannot be written.

Most operators have no batch. Their whole tensor is one sample, of up to four axes.
"""

from dataclasses import dataclass, field

import numpy as np


class Cannot(Exception):
    pass


@dataclass
class Written:
    inputs: dict
    model: list
    expected: np.ndarray
    weights: dict = field(default_factory=dict)
    loss: str = "squared_error"
    target: np.ndarray = None
    has_classes: bool = False
    reads_loss: bool = False
    data: list = field(default_factory=list)

    def __post_init__(self):
        if self.target is None:
            shape = self.expected.shape
            self.target = np.zeros((shape[0], int(np.prod(shape[1:]))))
            self.model = self.model + ["flatten"]


def numbers(array):
    """An input as data: finite numbers."""
    if not isinstance(array, (np.ndarray, np.generic)):
        raise Cannot("an optional input is missing" if array is None else "a sequence of tensors")
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise Cannot("the values are not numbers") from None
    if not np.isfinite(array.astype(np.float64)).all():
        raise Cannot("data must be finite")
    if array.size == 0:
        raise Cannot("a tensor without numbers")
    return array.astype(np.float64)


def whole(*arrays):
    """Tensors as one sample each; a scalar is a list of one number."""
    result = []
    for array in arrays:
        array = numbers(array)
        if array.ndim > 4:
            raise Cannot("more than four axes")
        result.append(array.reshape(1, *array.shape) if array.ndim else array.reshape(1, 1))
    return result


def one(node, layers, array=None, expected=None, weights=None):
    """Layers one after the other on a single sample."""
    (x,) = whole(node.input(0) if array is None else array)
    y = node.outputs[0] if expected is None else expected
    if y.size == 0:
        raise Cannot("a tensor without numbers")
    return Written({"x": x}, layers, y.reshape(1, -1), weights or {})


def batch(node, layer, weights=None, k=0):
    """A layer on a batch."""
    x = numbers(node.input(0))
    if x.ndim < 2 or x.ndim > 5:
        raise Cannot("more than four axes")
    return Written({"x": x}, [layer], node.outputs[k], weights or {})


def flow(value):
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        if np.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        return repr(float(value))
    return str(value)


def layer(kind, **options):
    """`{type: kind, …}`."""
    return "{type: " + ", ".join([kind] + [f"{k}: {flow(v)}" for k, v in options.items()]) + "}"


def formula(equation):
    return "{type: formula, y: \"" + equation + "\"}"


# Windows


def padding(node, axes):
    """The option `padding` of `pads` and `auto_pad`."""
    automatic = node.get("auto_pad", "NOTSET")
    if automatic == "SAME_UPPER":
        return "same"
    if automatic == "SAME_LOWER":
        return "same_lower"
    pads = node.get("pads") or [0] * (2 * axes)
    if automatic == "VALID":
        return 0
    return [[pads[k], pads[axes + k]] for k in range(axes)]


def windows(node, axes, kernel):
    return {
        "window": list(kernel), "stride": list(node.get("strides") or [1] * axes),
        "padding": padding(node, axes), "dilation": list(node.get("dilations") or [1] * axes)}


def stored(weight):
    """A weight with five axes as a tensor of four."""
    return weight.reshape(weight.shape[0], -1, *weight.shape[3:]) if weight.ndim == 5 else weight


def convolution(node):
    x, w = node.input(0), node.input(1)
    options = windows(node, x.ndim - 2, node.get("kernel_shape") or w.shape[2:])
    bias = node.input(2)
    weights = {"layer.weight": stored(w)} | ({} if bias is None else {"layer.bias": bias})
    return batch(
        node, layer("convolution", name="layer", channels=w.shape[0], bias=bias is not None,
                    groups=node.get("group", 1), **options), weights)


def transposed_convolution(node):
    x, w = node.input(0), node.input(1)
    axes = x.ndim - 2
    kernel = node.get("kernel_shape") or w.shape[2:]
    options = windows(node, axes, kernel)
    more = list(node.get("output_padding") or [0] * axes)
    groups = node.get("group", 1)
    shape = node.get("output_shape")
    automatic = node.get("auto_pad", "NOTSET")
    if shape is not None or automatic.startswith("SAME"):
        if shape is None:
            shape = [n * s for n, s in zip(x.shape[2:], options["stride"])]
        pairs = []
        for k, n in enumerate(shape[-axes:]):
            extent = (kernel[k] - 1) * options["dilation"][k] + 1
            total = options["stride"][k] * (x.shape[2 + k] - 1) + more[k] + extent - n
            if total < 0:
                more[k] -= total
                total = 0
            half = total // 2
            pairs.append(
                [total - half, half] if automatic != "SAME_UPPER" and total else [half, total - half])
        options["padding"] = pairs
    bias = node.input(2)
    weights = {"layer.weight": stored(w)} | ({} if bias is None else {"layer.bias": bias})
    return batch(
        node, layer("transposed_convolution", name="layer", channels=w.shape[1] * groups,
                    bias=bias is not None, groups=groups, output_padding=more, **options), weights)


def pooling(kind, **more):
    def rule(node):
        axes = node.input(0).ndim - 2
        options = windows(node, axes, node.get("kernel_shape")) | more
        options["ceil_mode"] = bool(node.get("ceil_mode", 0))
        if kind == "average_pooling":
            options["count_padding"] = bool(node.get("count_include_pad", 0))
        if kind == "lp_pooling":
            options["p"] = node.get("p", 2)
        return batch(node, layer(kind, **options))
    return rule


def max_pooling(node):
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        # The output of positions is no layer's.
        node.outputs = node.outputs[:1]
    return pooling("max_pooling")(node)


def global_pooling(kind):
    return lambda node: batch(node, layer(kind, **{"global": True}))


# Normalization


def batch_normalization(node):
    if node.get("training_mode", 0):
        raise Cannot("the outputs of a training step are not written")
    names = ["weight", "bias", "running_mean", "running_variance"]
    weights = {f"layer.{name}": node.input(k + 1) for k, name in enumerate(names)}
    return batch(
        node, layer("batch_normalization", name="layer", momentum=0, epsilon=node.get("epsilon", 1e-5)), weights)


def normalization(kind, **more):
    def rule(node):
        options = {"epsilon": node.get("epsilon", 1e-5)} | more
        if kind == "group_normalization":
            options["groups"] = node.get("num_groups")
        weights = {"layer.weight": node.input(1), "layer.bias": node.input(2)}
        if node.input(1).shape[0] != node.input(0).shape[1]:
            raise Cannot("one weight per group")
        return batch(node, layer(kind, name="layer", **options), weights)
    return rule


def layer_normalization(kind):
    def rule(node):
        x = node.input(0)
        axis = node.get("axis", -1) % x.ndim
        axes = list(range(axis, x.ndim))
        weights = {"layer.weight": node.input(1).reshape(x.shape[axis:])}
        if kind == "layer_normalization":
            bias = node.input(2)
            weights["layer.bias"] = np.zeros(x.shape[axis:]) if bias is None else bias
        return one(
            node, [layer(kind, name="layer", axes=axes, epsilon=node.get("epsilon", 1e-5))],
            weights=weights)
    return rule


def local_response_normalization(node):
    return batch(node, layer(
        "local_response_normalization", size=node.get("size"), alpha=node.get("alpha", 1e-4),
        beta=node.get("beta", 0.75), k=node.get("bias", 1.0)))


def mean_variance_normalization(node):
    if list(node.get("axes", [0, 2, 3])) != [0, 2, 3]:
        raise Cannot("no normalization over these axes")
    # The batch is one sample, with its channels first.
    x = node.input(0)
    order = np.moveaxis(x, 1, 0)
    y = np.moveaxis(node.outputs[0], 1, 0)
    return one(
        node, [layer("instance_normalization", affine=False, epsilon=1e-18)],
        order.reshape(x.shape[1], -1), y)


def axis_softmax(kind):
    def rule(node):
        x = node.input(0)
        axis = node.get("axis", -1 if node.version >= 13 else 1) % x.ndim
        if node.version < 13:
            raise Cannot("an earlier version, which flattens the axes")
        return one(node, [layer(kind, axis=axis)])
    return rule


def lp_normalization(node):
    x = node.input(0)
    axis, p = node.get("axis", -1) % x.ndim, node.get("p", 2)
    return one(node, [
        formula("x²" if p == 2 else "|x|"),
        layer("reduce", by="sum", axes=[axis], keep_axes=True),
        # The reciprocal of the norm; 0 for a vector of zeros.
        layer("formula", y='"' + ("1/sqrt(max(x, 1e-30))" if p == 2 else "1/max(x, 1e-30)") + '"', name="n"),
        "{type: multiply, inputs: [input, n]}",
    ])


# Shapes


def bounds(length, start, end, step):
    """A slice with positive step, as Python's."""
    if step <= 0:
        raise Cannot("a negative step")
    start, end, step = slice(int(start), int(end), int(step)).indices(length)
    if end <= start:
        raise Cannot("a tensor without numbers")
    return start, end, step


def slicing(node):
    x = node.input(0)
    if node.input(1) is not None:
        starts, ends = node.input(1), node.input(2)
        axes = node.input(3) if node.input(3) is not None else range(len(starts))
        steps = node.input(4) if node.input(4) is not None else [1] * len(starts)
    else:
        starts, ends = node.get("starts"), node.get("ends")
        axes, steps = node.get("axes", range(len(starts))), [1] * len(starts)
    layers = []
    for start, end, axis, step in zip(starts, ends, axes, steps):
        axis = int(axis) % x.ndim
        first, last, step = bounds(x.shape[axis], start, end, step)
        layers.append(layer("slice", axis=axis, start=first, end=last, step=step))
    return one(node, layers)


def splitting(node):
    x = node.input(0)
    axis = node.get("axis", 0) % x.ndim
    sizes = [y.shape[axis] for y in node.outputs]
    if 0 in sizes:
        raise Cannot("a tensor without numbers")
    if len(sizes) == 1:
        return one(node, [layer("slice", axis=axis)])
    return [
        one(node, [
            layer("split", axis=axis, sizes=sizes, name="parts"),
            "{type: flatten, inputs: parts.part_%d}" % (k + 1)], expected=y)
        for k, y in enumerate(node.outputs)]


def transposing(node):
    x = node.input(0)
    order = node.get("perm") or list(range(x.ndim))[::-1]
    return one(node, [layer("transpose", axes=list(order))])


def padding_layer(node):
    x = node.input(0)
    pads = node.input(1) if node.input(1) is not None else np.array(node.get("pads"))
    axes = node.input(3)
    axes = list(range(x.ndim)) if axes is None else [int(a) % x.ndim for a in axes]
    mode = node.get("mode", "constant")
    if mode == "wrap":
        raise Cannot("mode wrap")
    pairs = [[0, 0] for _ in range(x.ndim)]
    for k, axis in enumerate(axes):
        pairs[axis] = [int(pads[k]), int(pads[len(axes) + k])]
    value = node.input(2)
    value = 0 if value is None or value.size == 0 else float(np.asarray(value, np.float64).reshape(-1)[0])
    options = {"mode": {"edge": "replicate"}.get(mode, mode)}
    if mode == "constant":
        options["value"] = value
    cut = [[max(0, -n) for n in pair] for pair in pairs]
    pairs = [[max(0, n) for n in pair] for pair in pairs]
    # The first axis of an image does not grow.
    if x.ndim == 4:
        if pairs[0] != [0, 0] or cut[0] != [0, 0]:
            raise Cannot("padding of the first of four axes")
        pairs, cut, array = pairs[1:], cut[1:], x
    elif x.ndim == 1:
        array = x
    else:
        array = x.reshape(1, *x.shape)
    layers = []
    if any(pair != [0, 0] for pair in cut):
        layers.append(layer("crop", cropping=cut))
    layers.append(layer("pad", padding=pairs, **options))
    return one(node, layers, array)


def resizing(node):
    x, y = node.input(0), node.outputs[0]
    mode = node.get("mode", "nearest")
    coordinates = node.get("coordinate_transformation_mode", "half_pixel")
    if mode == "cubic":
        raise Cannot("mode cubic")
    if node.get("antialias", 0):
        raise Cannot("smaller images")
    if coordinates not in ("half_pixel", "asymmetric") and node.type == "Resize":
        raise Cannot(f"coordinates {coordinates}")
    if node.type == "Resize" and mode == "linear" and coordinates != "half_pixel":
        raise Cannot(f"coordinates {coordinates}")
    if node.get("nearest_mode", "round_prefer_floor") not in ("round_prefer_floor", "floor"):
        raise Cannot("another rounding than to the nearest")
    factors = []
    for n, m in zip(x.shape, y.shape):
        if m < n:
            raise Cannot("smaller images")
        if m % n:
            raise Cannot("a factor that is not a whole number")
        factors.append(m // n)
    scales = node.input(2) if node.type == "Resize" else node.input(1)
    if scales is not None and scales.size and not np.array_equal(
            scales, [factors[int(a)] for a in (node.get("axes") or range(x.ndim))]):
        raise Cannot("a factor that is not a whole number")
    if factors[:2] != [1, 1]:
        raise Cannot("more channels or samples")
    if node.type == "Upsample" and mode == "linear":
        raise Cannot("coordinates asymmetric")
    return batch(node, layer(
        "upsample", factor=factors[2:], mode={"linear": "bilinear"}.get(mode, mode)))


def concatenating(node):
    arrays = whole(*node.inputs)
    axis = node.get("axis") % (arrays[0].ndim - 1)
    names = ["a", "b", "c", "d", "e"][:len(arrays)]
    if len(arrays) == 1:
        return one(node, ["flatten"])
    if axis == 0:
        model = ["{type: concatenate, inputs: [%s]}" % ", ".join(names)]
    else:
        order = list(range(arrays[0].ndim - 1))
        order[0], order[axis] = order[axis], order[0]
        model = [layer("transpose", axes=order, name=f"t{n}", inputs=n) for n in names]
        model.append("{type: concatenate, inputs: [%s]}" % ", ".join(f"t{n}" for n in names))
        model.append(layer("transpose", axes=order))
    return Written(dict(zip(names, arrays)), model, node.outputs[0].reshape(1, -1))


def reshaping(node):
    return one(node, ["flatten"])


# Of several inputs


def merging(kind):
    def rule(node):
        if any(a.dtype.kind in "iu" for a in node.inputs) and kind == "divide":
            raise Cannot("integer division")
        if any(a.dtype.kind == "u" for a in node.inputs) and kind == "subtract":
            x = node.inputs
            if (x[0].astype(np.int64) - x[1].astype(np.int64) < 0).any():
                raise Cannot("unsigned numbers below 0")
        arrays = whole(*node.inputs)
        if len(arrays) == 1:
            return one(node, ["flatten"])
        if (node.outputs[0].dtype.kind in "iu" and not np.array_equal(
                node.outputs[0].astype(np.float64), expected_of(kind, node.inputs))):
            raise Cannot("integers that overflow")
        names = ["a", "b", "c", "d"][:len(arrays)]
        model = ["{type: %s, inputs: [%s]}" % (kind, ", ".join(names))]
        if kind == "mean":
            model = ["{type: add, inputs: [%s]}" % ", ".join(names), formula(f"x/{len(names)}")]
        elif kind in ("maximum", "minimum") and len(arrays) > 2:
            model, last = [], names[0]
            for k, name in enumerate(names[1:]):
                model.append("{type: %s, inputs: [%s, %s], name: m%d}" % (kind, last, name, k))
                last = f"m{k}"
        return Written(dict(zip(names, arrays)), model, node.outputs[0].reshape(1, -1))
    return rule


def expected_of(kind, inputs):
    a = [x.astype(np.float64) for x in inputs]
    return {
        "add": lambda: sum(a[1:], a[0]), "mean": lambda: sum(a[1:], a[0]) / len(a),
        "subtract": lambda: a[0] - a[1], "multiply": lambda: a[0] * a[1],
        "divide": lambda: a[0] / a[1], "maximum": lambda: np.maximum.reduce(np.broadcast_arrays(*a)),
        "minimum": lambda: np.minimum.reduce(np.broadcast_arrays(*a)),
    }[kind]()


def matrix_product(node):
    a, b = node.inputs
    if a.ndim == 1:
        a = a.reshape(1, -1)
    if b.ndim == 1:
        b = b.reshape(-1, 1)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    arrays, model = {}, []
    for name, array in (("a", a), ("b", b)):
        full = lead + array.shape[-2:]
        (arrays[name],) = whole(array)
        if array.shape != full:
            # Zeros with all axes repeat the matrices.
            (arrays[f"zeros_{name}"],) = whole(np.zeros(full))
            model.append("{type: add, inputs: [%s, zeros_%s], name: full_%s}" % (name, name, name))
        else:
            model.append("{type: formula, y: \"1·x\", inputs: %s, name: full_%s}" % (name, name))
        count = int(np.prod(lead))
        model.append(layer("reshape", shape=[count, *array.shape[-2:]], name=f"batch_{name}"))
    model.append("{type: matrix_product, inputs: [batch_a, batch_b]}")
    return Written(arrays, model, node.outputs[0].reshape(1, -1))


def gemm(node):
    a, b, c = node.input(0), node.input(1), node.input(2)
    first, second = node.get("transA", 0), node.get("transB", 0)
    kind = {(0, 0): "none", (1, 0): "first", (0, 1): "second", (1, 1): "both"}[first, second]
    arrays = dict(zip("ab", whole(a, b)))
    model = [
        "{type: matrix_product, inputs: [a, b], transpose: %s}" % kind,
        formula(f"{node.get('alpha', 1.0)!r}·x")[:-1] + ", name: product}"]
    if c is not None:
        (arrays["c"],) = whole(c)
        model.append(
            "{type: formula, y: \"%r·x\", inputs: c, name: scaled}" % node.get("beta", 1.0))
        model.append("{type: add, inputs: [product, scaled]}")
    return Written(arrays, model, node.outputs[0].reshape(1, -1))


# Reductions

BEFORE = {
    "ReduceL1": "|x|", "ReduceL2": "x²", "ReduceSumSquare": "x²", "ReduceMin": "−x",
    "ReduceLogSumExp": "exp(x)"}
AFTER = {
    "ReduceL2": "sqrt(x)", "ReduceMin": "−x", "ReduceLogSum": "log(x)",
    "ReduceLogSumExp": "log(x)"}


def reducing(by):
    def rule(node):
        x = node.input(0)
        axes = node.input(1)
        axes = node.get("axes") if axes is None else axes.tolist()
        if x.dtype.kind == "b":
            raise Cannot("the values are not numbers")
        if not axes and node.get("noop_with_empty_axes", 0):
            operation = BEFORE.get(node.type), AFTER.get(node.type)
            return one(node, [formula(y) for y in operation if y] or ["flatten"])
        axes = [a % x.ndim for a in axes] if axes else []
        if node.type == "ReduceProd":
            if not axes or len(axes) == x.ndim:
                return one(node, [formula("prod(x)")])
            # The numbers of a product are those of a row.
            order = [k for k in range(x.ndim) if k not in axes] + axes
            count = int(np.prod([x.shape[a] for a in axes]))
            return one(node, [
                layer("transpose", axes=order),
                layer("reshape", shape=[1, x.size // max(1, count), count]),
                layer("formula", y='"prod(x)"', window=[1, count])])
        layers = [layer("reduce", by=by, axes=axes)]
        if node.type in BEFORE:
            layers.insert(0, formula(BEFORE[node.type]))
        if node.type in AFTER:
            layers.append(formula(AFTER[node.type]))
        return one(node, layers)
    return rule


# Activations


def equation(text, **default):
    def rule(node):
        written = text
        for name, value in default.items():
            written = written.replace("%" + name, f"({float(node.get(name, value))!r})")
        return one(node, [formula(written)])
    return rule


def named(kind, **options):
    """A layer, whose options are attributes with defaults: `alpha=("slope", 0.01)`."""
    def rule(node):
        values = {option: float(node.get(name, default))
                  for name, (option, default) in options.items()}
        return one(node, [layer(kind, **values)])
    return rule


def gelu(node):
    return one(node, [layer("gelu", approximation=node.get("approximate", "none"))])


def selu(node):
    alpha, gamma = node.get("alpha", 1.6732632), node.get("gamma", 1.0507)
    if abs(alpha - 1.6732632) < 1e-6 and abs(gamma - 1.0507009) < 1e-6:
        return one(node, ["selu"])
    return equation("%gamma·(max(x, 0) + %alpha·expm1(min(x, 0)))", alpha=1.6732632, gamma=1.0507)(node)


def prelu(node):
    x, slope = node.input(0), node.input(1)
    full = np.broadcast_to(slope, x.shape)
    arrays = whole(x, full)
    return Written(
        {"a": arrays[0], "b": arrays[1]},
        ["{type: formula, y: \"max(a, 0) + b·min(a, 0)\", inputs: {a: a, b: b}}"],
        node.outputs[0].reshape(1, -1))


def clip(node):
    low, high = node.input(1), node.input(2)
    low = node.get("min") if low is None else low
    high = node.get("max") if high is None else high
    text = "x"
    if low is not None:
        text = f"max({text}, ({float(low)!r}))"
    if high is not None:
        text = f"min({text}, ({float(high)!r}))"
    return one(node, [formula(text if text != "x" else "1·x")])


def dropout(node):
    training = node.input(2)
    if training is not None and bool(training):
        if node.input(1) is None or float(node.input(1)) != 0:
            raise Cannot("random numbers")
    return one(node, [layer("dropout", rate=0.5)])


# Losses


def likelihood(node):
    z, t, w = node.input(0), node.input(1), node.input(2)
    classes = z.shape[1]
    ignored = node.get("ignore_index")
    reduction = node.get("reduction", "mean")
    if reduction == "none":
        raise Cannot("the losses of single samples are not written")
    # Each position of an image is a sample.
    z = numbers(np.moveaxis(z, 1, -1).reshape(-1, classes))
    t = t.reshape(-1)
    several = []
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        y = np.moveaxis(node.outputs[1], 1, -1).reshape(-1, classes)
        several.append(Written({"x": z}, ["log_softmax"], y))
    if ignored is not None:
        z, t = z[t != ignored], t[t != ignored]
    if w is not None and reduction == "mean":
        # The mean is by the weights of the samples' classes.
        w, reduction = w / w[t].sum(), "sum"
    if node.type == "NegativeLogLikelihoodLoss":
        z = z if w is None else z * w
        loss = "{type: formula, value: \"−t·z\", reduction: %s}" % reduction
    else:
        options = {} if w is None else {"class_weights": [float(x) for x in w]}
        loss = layer("cross_entropy", reduction=reduction, **options)
    return several + [Written(
        {"x": z}, [formula("1·x")], np.asarray(node.outputs[0]), loss=loss,
        target=t.astype(np.int64), has_classes=True, reads_loss=True,
        data=[f"classes: {classes}"])]


RULES = {
    "Conv": convolution, "ConvTranspose": transposed_convolution, "MaxPool": max_pooling,
    "AveragePool": pooling("average_pooling"), "LpPool": pooling("lp_pooling"),
    "GlobalAveragePool": global_pooling("average_pooling"),
    "GlobalMaxPool": global_pooling("max_pooling"),
    "GlobalLpPool": global_pooling("lp_pooling"),
    "BatchNormalization": batch_normalization,
    "InstanceNormalization": normalization("instance_normalization"),
    "GroupNormalization": normalization("group_normalization"),
    "LayerNormalization": layer_normalization("layer_normalization"),
    "RMSNormalization": layer_normalization("rms_normalization"),
    "LRN": local_response_normalization, "LpNormalization": lp_normalization,
    "MeanVarianceNormalization": mean_variance_normalization,
    "Softmax": axis_softmax("softmax"), "LogSoftmax": axis_softmax("log_softmax"),
    "Slice": slicing, "Split": splitting, "Transpose": transposing, "Pad": padding_layer,
    "Resize": resizing, "Upsample": resizing, "Concat": concatenating, "Reshape": reshaping,
    "Flatten": reshaping, "Squeeze": reshaping, "Unsqueeze": reshaping, "Identity": reshaping,
    "Add": merging("add"), "Sub": merging("subtract"), "Mul": merging("multiply"),
    "Div": merging("divide"), "Max": merging("maximum"), "Min": merging("minimum"),
    "Sum": merging("add"), "Mean": merging("mean"), "MatMul": matrix_product, "Gemm": gemm,
    "ReduceSum": reducing("sum"), "ReduceMean": reducing("mean"), "ReduceMax": reducing("max"),
    "ReduceMin": reducing("max"), "ReduceL1": reducing("sum"), "ReduceL2": reducing("sum"),
    "ReduceSumSquare": reducing("sum"), "ReduceLogSum": reducing("sum"),
    "ReduceLogSumExp": reducing("sum"), "ReduceProd": reducing("sum"),
    "Relu": named("relu"), "LeakyRelu": named("leaky_relu", alpha=("slope", 0.01)),
    "Elu": named("elu", alpha=("alpha", 1.0)), "Selu": selu, "Sigmoid": named("sigmoid"),
    "Celu": equation("max(x, 0) + %alpha·expm1(min(x, 0)/%alpha)", alpha=1),
    "Tanh": named("tanh"), "Softplus": named("softplus"), "Softsign": named("softsign"),
    "HardSigmoid": equation("max(0, min(1, %alpha·x + %beta))", alpha=0.2, beta=0.5),
    "HardSwish": named("hard_swish"), "Mish": named("mish"), "Gelu": gelu, "PRelu": prelu,
    "Swish": equation("x·σ(%alpha·x)", alpha=1),
    "ThresholdedRelu": equation("x·(x > %alpha)", alpha=1), "Clip": clip,
    "Exp": equation("exp(x)"), "Log": equation("log(x)"), "Sqrt": equation("sqrt(x)"),
    "Abs": equation("|x|"), "Neg": equation("−x"), "Reciprocal": equation("1/x"),
    "Erf": equation("erf(x)"), "Sin": equation("sin(x)"), "Cos": equation("cos(x)"),
    "Dropout": dropout, "NegativeLogLikelihoodLoss": likelihood,
    "SoftmaxCrossEntropyLoss": likelihood,
}
