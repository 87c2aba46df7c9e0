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
    target: dict = None  # By port.
    has_classes: bool = False
    losses: list = field(default_factory=list)  # Columns of metrics.csv that are compared.
    tensor: str = ""  # The name of the weights or state after training that are compared.
    data: list = field(default_factory=list)

    def __post_init__(self):
        if self.target is None:
            shape = self.expected.shape
            self.target = {"target": np.zeros((shape[0], int(np.prod(shape[1:]))))}
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
        # A loss needs a number: the sum of an output that has none is 0.
        layers, y = layers + [layer("reduce", by="sum")], np.zeros(1)
    loss = "squared_error"
    if not np.isfinite(y).all():
        # Of infinite outputs, this loss is finite.
        loss = "{type: formula, value: \"tanh(z − t)\"}"
    return Written({"x": x}, layers, y.reshape(1, -1), weights or {}, loss=loss)


def batch(node, layer, weights=None, k=0):
    """A layer on a batch."""
    x = numbers(node.input(0))
    if x.ndim < 2 or x.ndim > 5:
        raise Cannot("more than four axes")
    return Written({"x": x}, [layer], node.outputs[k], weights or {})


def flow(value):
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if value is None:
        return "null"
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
    names = ["weight", "bias", "running_mean", "running_variance"]
    weights = {f"layer.{name}": node.input(k + 1) for k, name in enumerate(names)}

    def written(momentum):
        return batch(node, layer(
            "batch_normalization", name="layer", momentum=momentum, unbiased=False,
            epsilon=node.get("epsilon", 1e-5)), weights)

    if not node.get("training_mode", 0):
        return written(0)
    # After a step with a momentum of 1, the running mean and variance are those of the batch, with
    # which the predictions are computed.
    several = [written(1)]
    for k, name in enumerate(names[2:]):
        state = written(1 - node.get("momentum", 0.9))
        state.tensor, state.expected = f"layer.{name}", np.asarray(node.outputs[k + 1])
        several.append(state)
    return several


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
    """A slice as Python's; None for an end before the first position."""
    start, end, step = slice(int(start), int(end), int(step)).indices(length)
    return start, None if end < 0 else end, step


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
    """Everything but the samples and channels is an axis of the image."""
    x, y = node.input(0), node.outputs[0]
    axes = [int(a) % x.ndim for a in (node.get("axes") or range(x.ndim))]

    def by_axis(values, default, count=1):
        """Values in the order of the axes, for each axis of the image."""
        own = dict(zip(axes, zip(*[iter(values)] * count) if count > 1 else values))
        return [own.get(k, default) for k in range(x.ndim)]

    if node.type == "Upsample":
        options = {"factor": by_axis([float(f) for f in node.input(1)], 1.0),
                   "coordinates": "asymmetric"}
        roi = None
    else:
        roi, scales, sizes = node.input(1), node.input(2), node.input(3)
        options = {"coordinates": node.get("coordinate_transformation_mode", "half_pixel")}
        if sizes is not None and sizes.size:
            options["size"] = by_axis([int(n) for n in sizes], None)
            options["aspect_ratio"] = node.get("keep_aspect_ratio_policy", "stretch")
            if options["aspect_ratio"] == "stretch":
                options["size"] = [n or m for n, m in zip(options["size"], x.shape)]
            elif None in options["size"][2:] or options["size"][:2] != [None, None]:
                raise Cannot("an aspect ratio of other axes than those of the image")
        else:
            options["factor"] = by_axis([float(f) for f in scales], 1.0)
    mode = node.get("mode", "nearest")
    options["mode"] = mode
    if mode == "nearest":
        default = "floor" if node.type == "Upsample" else "round_prefer_floor"
        options["rounding"] = node.get("nearest_mode", default)
    else:
        options["antialias"] = bool(node.get("antialias", 0))
        options["exclude_outside"] = bool(node.get("exclude_outside", 0))
    if mode == "cubic":
        options["coefficient"] = float(node.get("cubic_coeff_a", -0.75))
    if options["coordinates"] == "tf_crop_and_resize":
        half = len(axes)
        pairs = [[float(roi[k]), float(roi[half + k])] for k in range(half)]
        own = dict(zip(axes, pairs))
        options["region"] = [own.get(k, [0.0, 1.0]) for k in range(x.ndim)]
        options["extrapolation"] = float(node.get("extrapolation_value", 0.0))
    elif options["coordinates"] == "align_corners" and "factor" in options:
        # The corners are those of an image whose extents are not rounded.
        pairs = [
            [0.0, 1.0 if f * n == 1 else (np.floor(f * n) - 1) / (f * n - 1)]
            for f, n in zip(options["factor"], x.shape)]
        if any(pair[1] != 1 for pair in pairs):
            options |= {"coordinates": "tf_crop_and_resize", "region": pairs}
    for key, unchanged in (
            ("factor", [1.0, 1.0]), ("size", [*x.shape[:2]]), ("region", [[0.0, 1.0]] * 2)):
        if key not in options:
            continue
        if options[key][:2] not in (unchanged, [None, None]):
            raise Cannot("more channels or samples")
        options[key] = options[key][2:]
    return batch(node, layer("resize", **options))


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
    y = node.outputs[0]
    return one(node, ["flatten"] if y.size else [layer("reshape", shape=list(y.shape))])


def identity(node):
    """A sequence of tensors is an experiment each."""
    (x,), (y,) = node.inputs, node.outputs
    if not isinstance(x, list):
        return reshaping(node)
    return [one(node, ["flatten"], *pair) for pair in zip(x, y, strict=True)]


# Of several inputs


def merging(kind):
    def rule(node):
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
        if kind == "divide" and node.outputs[0].dtype.kind in "iu":
            # Quotients of integers are rounded toward zero.
            model.append(formula("sign(x)·floor(|x|)"))
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
        "divide": lambda: np.trunc(a[0] / a[1]), "maximum": lambda: np.maximum.reduce(np.broadcast_arrays(*a)),
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
        if not axes and node.get("noop_with_empty_axes", 0):
            operation = BEFORE.get(node.type), AFTER.get(node.type)
            return one(node, [formula(y) for y in operation if y] or ["flatten"])
        axes = [a % x.ndim for a in axes] if axes else []
        if node.type == "ReduceProd":
            if not axes or len(axes) == x.ndim:
                return one(node, [formula("prod(x)")])
            if x.size == 0:
                # The exponential of a sum of logarithms, because no number is negative.
                return one(node, [
                    formula("log(x)"), layer("reduce", by="sum", axes=axes), formula("exp(x)")])
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
        if x.dtype == bool and x.size == 0:
            # Booleans are 0 and 1, so that the largest of none is 0.
            layers.append(formula("max(x, 0)"))
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
    rate = 0.5 if node.input(1) is None else float(node.input(1))
    training = node.input(2)
    if training is None or not bool(training) or rate == 0:
        return one(node, [layer("dropout", rate=0.5)])
    # Libraries draw different numbers: the published mask is an input, or what it has left.
    mask = node.outputs[1] if len(node.outputs) > 1 else node.outputs[0] != 0
    x, mask = whole(node.input(0), mask)
    return Written(
        {"x": x, "m": mask}, [
            "{type: formula, y: \"m·x/(1 − %r)\", inputs: {x: x, m: m}}" % rate],
        node.outputs[0].reshape(1, -1))


# Losses


def likelihood(node):
    z, t, w = node.input(0), node.input(1), node.input(2)
    classes = z.shape[1]
    ignored = node.get("ignore_index")
    reduction = node.get("reduction", "mean")
    # Each position of an image is a sample.
    z = numbers(np.moveaxis(z, 1, -1).reshape(-1, classes))
    t = t.reshape(-1)
    several = []
    if len(node.outputs) > 1 and node.outputs[1] is not None:
        y = np.moveaxis(node.outputs[1], 1, -1).reshape(-1, classes)
        several.append(Written({"x": z}, ["log_softmax"], y))
    losses = np.asarray(node.outputs[0])
    if ignored is not None:
        # An ignored sample has no loss.
        kept = t != ignored
        z, t = z[kept], t[kept]
        if reduction == "none":
            losses = losses.reshape(-1)
            assert (losses[~kept] == 0).all()
            losses = losses[kept]
    if w is not None and reduction == "mean":
        # The mean is by the weights of the samples' classes.
        w, reduction = w / w[t].sum(), "sum"
    summed = "sum" if reduction == "none" else reduction
    if node.type == "NegativeLogLikelihoodLoss":
        z = z if w is None else z * w
        loss = "{type: formula, value: \"−t·z\", reduction: %s}" % summed
    else:
        options = {} if w is None else {"class_weights": [float(x) for x in w]}
        loss = layer("cross_entropy", reduction=summed, **options)

    t = t.astype(np.int64)
    if reduction == "none":
        losses = losses.reshape(-1)
        return several + [
            separate(z[part], t[part], losses[part], classes, loss)
            for part in np.array_split(np.arange(len(t)), -(-len(t) // 100))]
    return several + [Written(
        {"x": z}, [formula("1·x")], losses, loss=loss, target={"t": t}, has_classes=True,
        losses=["train_loss"], data=[f"classes: {classes}"])]


def separate(z, t, losses, classes, loss):
    """The loss of each sample by itself: of a head of its own."""
    names = range(len(t))
    return Written(
        {f"x{k}": z[k:k + 1] for k in names},
        [formula("1·x")[:-1] + f", name: h{k}, inputs: x{k}}}" for k in names], losses,
        loss="{" + ", ".join(f"h{k}: {loss[:-1]}, target: t{k}}}" for k in names) + "}",
        target={f"t{k}": t[k:k + 1] for k in names}, has_classes=True,
        losses=[f"train_h{k}_loss" for k in names],
        data=["classes: {" + ", ".join(f"t{k}: {classes}" for k in names) + "}"])


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
    "Flatten": reshaping, "Squeeze": reshaping, "Unsqueeze": reshaping, "Identity": identity,
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
