"""Forward values and all gradients of layers in one and three dimensions and of other blocks, by
PyTorch's autograd in float64. See `pytorch_layers.py`, which has the layers of images.
"""

import math

import torch
import torch.nn.functional as F

from reference import Draw, LayerCases, write

draw = Draw(20261128)
all_cases = LayerCases(draw)
case, cases = all_cases.add, all_cases.cases
CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def each(value, axes):
    return [value] * axes if isinstance(value, int) else list(value)


def listed(window, axes):
    """The window as the option: a list for one axis."""
    return [window] if axes == 1 else window


def margins(padding, lengths, window, stride, dilation):
    """[before, after] for each axis."""
    if padding in ("same", "same_lower"):
        pairs = []
        for n, w, s, d in zip(lengths, window, stride, dilation):
            total = max(0, (math.ceil(n / s) - 1) * s + (w - 1) * d + 1 - n)
            low, high = total // 2, total - total // 2
            pairs.append([high, low] if padding == "same_lower" else [low, high])
        return pairs
    if isinstance(padding, int):
        return [[padding, padding]] * len(lengths)
    return [[p, p] if isinstance(p, int) else p for p in padding]


def padded(x, pairs, value=0.0):
    return F.pad(x, [n for pair in reversed(pairs) for n in pair], value=value)


def stored(weight):
    """A weight of three dimensions as a tensor with four axes."""
    return weight.flatten(1, 2) if weight.dim() == 5 else weight


def convolution(name, shape, channels, window, layer="convolution", samples=3, bias=True, **options):
    axes = len(shape) - 1
    sizes = each(window, axes)
    stride = each(options.get("stride", 1), axes)
    dilation = each(options.get("dilation", 1), axes)
    groups = options.get("groups", 1)
    written = {"window": listed(window, axes), **options}
    if layer == "convolution":
        written["channels"] = channels
    if layer == "depthwise_convolution":
        groups = shape[0]
        channels = groups * options.get("multiplier", 1)
    pairs = margins(options.get("padding", 0), shape[1:], sizes, stride, dilation)
    kernel = [channels, shape[0] // groups, *sizes]
    parameters = [("weight", stored(draw.normal(*kernel)))]
    if bias:
        parameters.append(("bias", draw.normal(channels)))
    else:
        written["bias"] = False
    case(
        f"{layer}, {name}", layer, written, [draw.normal(samples, *shape)],
        lambda i, p, s: CONVOLUTIONS[axes](
            padded(i[0], pairs), p[0].reshape(kernel), p[1] if bias else None, stride=tuple(stride),
            dilation=tuple(dilation), groups=groups), parameters)


convolution("padding by side", (2, 5, 4), 3, 3, padding=[[0, 2], [1, 3]])
convolution("same", (2, 5, 4), 3, 4, padding="same")
convolution("same_lower", (2, 5, 4), 3, 4, padding="same_lower")
convolution("same, strided", (1, 8, 7), 2, 3, padding="same", stride=[2, 3])
convolution("same, dilated", (1, 6, 7), 2, [2, 3], padding="same_lower", dilation=2)
convolution("in 1-D", (2, 9), 3, 3)
convolution("in 1-D, all options", (4, 11), 6, 3, padding=[[1, 2]], stride=2, dilation=2, groups=2)
convolution("in 1-D, same", (2, 40), 4, 5, padding="same")
convolution("in 3-D", (2, 4, 3, 5), 3, 2)
convolution("in 3-D, strided and padded", (2, 5, 4, 4), 2, 3, stride=2, padding=1)
convolution(
    "in 3-D, all options", (4, 5, 6, 7), 6, [2, 3, 2], padding=[[1, 0], [0, 2], [1, 1]],
    stride=[1, 2, 1], dilation=[2, 1, 1], groups=2)
convolution("in 3-D, same", (1, 4, 5, 3), 2, 3, padding="same", bias=False)
convolution("plain", (3, 5, 4), 3, 3, "depthwise_convolution", padding="same")
convolution("multiplier 2", (2, 4, 4), 4, 2, "depthwise_convolution", multiplier=2, stride=2)
convolution("in 1-D", (3, 8), 3, 3, "depthwise_convolution", padding=1, bias=False)
convolution("in 3-D", (2, 3, 4, 3), 2, 2, "depthwise_convolution")


def separable(name, shape, channels, window, multiplier=1, bias=True, **options):
    axes = len(shape) - 1
    sizes = each(window, axes)
    middle = shape[0] * multiplier
    first = [middle, 1, *sizes]
    written = {"channels": channels, "window": listed(window, axes), **options}
    if multiplier != 1:
        written["multiplier"] = multiplier
    second = [channels, middle] + [1] * axes
    parameters = [
        ("depthwise_weight", stored(draw.normal(*first))),
        ("pointwise_weight", stored(draw.normal(*second)))]
    if bias:
        parameters.append(("bias", draw.normal(channels)))
    else:
        written["bias"] = False

    def function(i, p, s):
        z = CONVOLUTIONS[axes](i[0], p[0].reshape(first), groups=shape[0], **options)
        return CONVOLUTIONS[axes](z, p[1].reshape(second), p[2] if bias else None)

    case(f"separable_convolution, {name}", "separable_convolution", written,
         [draw.normal(3, *shape)], function, parameters)


separable("plain", (2, 5, 4), 3, 3, padding=1)
separable("multiplier 3, strided", (2, 6, 5), 4, 2, multiplier=3, stride=2, bias=False)
separable("in 1-D", (3, 7), 2, 3)
separable("in 3-D", (2, 3, 4, 3), 2, 2)


def transposed(name, shape, channels, window, bias=True, **options):
    axes = len(shape) - 1
    groups = options.get("groups", 1)
    kernel = [shape[0], channels // groups, *each(window, axes)]
    written = {"channels": channels, "window": listed(window, axes), **options}
    parameters = [("weight", stored(draw.normal(*kernel)))]
    if bias:
        parameters.append(("bias", draw.normal(channels)))
    else:
        written["bias"] = False
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}

    def function(i, p, s):
        b = p[1] if bias else None
        if options.get("padding") not in ("same", "same_lower"):
            return TRANSPOSED[axes](i[0], p[0].reshape(kernel), b, **settings)
        stride = each(options["stride"], axes)
        whole = TRANSPOSED[axes](i[0], p[0].reshape(kernel), b, stride=tuple(stride))
        for k, (n, st, w) in enumerate(zip(shape[1:], stride, each(window, axes))):
            total = max(0, (n - 1) * st + w - n * st)
            low = total // 2 if options["padding"] == "same" else total - total // 2
            missing = n * st - (whole.shape[k + 2] - low)
            assert missing <= 0
            whole = whole.narrow(k + 2, low, n * st)
        return whole

    case(f"transposed_convolution, {name}", "transposed_convolution", written,
         [draw.normal(3, *shape)], function, parameters)


transposed("plain", (2, 3, 4), 3, 3)
transposed("twice the size", (2, 3, 4), 3, 2, stride=2)
transposed("all options", (4, 3, 4), 6, [3, 2], stride=[2, 3], padding=[1, 0],
           output_padding=[1, 2], dilation=[2, 1], groups=2)
transposed("without bias", (2, 4, 3), 2, 3, padding=1, bias=False)
transposed("same", (2, 3, 4), 3, 3, stride=2, padding="same")
transposed("same_lower", (2, 3, 4), 3, 4, stride=[1, 2], padding="same_lower")
transposed("in 1-D", (2, 5), 3, 4, stride=2, padding=1)
transposed("in 3-D", (2, 2, 3, 2), 2, 2, stride=2)
transposed("in 3-D, padded", (2, 3, 3, 3), 2, 3, padding=1, stride=[2, 1, 1])

# Pooling

POOLS = {
    "max_pooling": {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d},
    "average_pooling": {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d},
}
SHAPES = {1: (2, 9), 2: (2, 5, 6), 3: (2, 5, 4, 6)}
for layer, functions in POOLS.items():
    for axes, function in functions.items():
        shape = SHAPES[axes]
        for name, options in [
            ("plain", {"window": 2}),
            ("overlapping and padded", {"window": 3, "stride": 2, "padding": 1}),
            ("ceil_mode", {"window": 3, "stride": 2, "ceil_mode": True}),
        ]:
            settings = {{"window": "kernel_size"}.get(k, k): v for k, v in options.items()}
            if layer == "average_pooling":
                settings["count_include_pad"] = False
            if axes == 2:
                continue
            options["window"] = listed(options["window"], axes)
            case(f"{layer} in {axes}-D, {name}", layer, options, [draw.distinct(3, *shape)],
                 lambda i, p, s: function(i[0], **settings))
    case(f"{layer} in 3-D, global", layer, {"global": True}, [draw.distinct(3, 2, 3, 2, 4)],
         lambda i, p, s: (i[0].amax((2, 3, 4), keepdim=True) if layer == "max_pooling"
                          else i[0].mean((2, 3, 4), keepdim=True)))
    case(f"{layer} in 1-D, global", layer, {"global": True}, [draw.distinct(3, 2, 7)],
         lambda i, p, s: (i[0].amax(2, keepdim=True) if layer == "max_pooling"
                          else i[0].mean(2, keepdim=True)))
    for options, pairs, stride in [
        ({"window": 3, "stride": 2, "padding": [[0, 1], [1, 2]]}, [[0, 1], [1, 2]], 2),
        ({"window": 3, "stride": 2, "padding": "same"}, [[1, 1], [0, 1]], 2),
        ({"window": 2, "stride": 1, "padding": "same_lower"}, [[1, 0], [1, 0]], 1),
    ]:
        window = options["window"]

        def pool(x):
            if layer == "max_pooling":
                return F.max_pool2d(padded(x, pairs, -math.inf), window, stride)
            ones = padded(torch.ones_like(x), pairs)
            return F.avg_pool2d(padded(x, pairs), window, stride) / F.avg_pool2d(ones, window, stride)

        case(f"{layer}, padding {options['padding']}", layer, options, [draw.distinct(3, 2, 5, 6)],
             lambda i, p, s: pool(i[0]))
case("max_pooling in 3-D, dilated", "max_pooling", {"window": [2, 2, 3], "stride": 1, "dilation": 2},
     [draw.distinct(2, 1, 4, 5, 6)], lambda i, p, s: F.max_pool3d(i[0], (2, 2, 3), 1, dilation=2))
case("average_pooling in 3-D, padding counted", "average_pooling",
     {"window": 2, "padding": 1, "count_padding": True}, [draw.distinct(2, 2, 3, 4, 4)],
     lambda i, p, s: F.avg_pool3d(i[0], 2, padding=1))
case("lp_pooling in 1-D", "lp_pooling", {"window": [3], "p": 3}, [draw.distinct(3, 2, 9)],
     lambda i, p, s: (F.avg_pool1d(i[0].abs() ** 3, 3) * 3) ** (1 / 3))

for name, options, function in [
    ("p 3", {"window": 2, "p": 3}, lambda a: (F.avg_pool3d(a**3, 2) * 8) ** (1 / 3)),
    ("p 1", {"window": 2, "p": 1}, lambda a: F.avg_pool3d(a, 2) * 8),
    ("unlike axes", {"window": [2, 1, 3], "stride": 1, "p": 2.5},
     lambda a: (F.avg_pool3d(a**2.5, (2, 1, 3), 1) * 6) ** (1 / 2.5)),
    ("padded", {"window": 3, "stride": 2, "padding": 1, "p": 2},
     lambda a: (F.avg_pool3d(a**2, 3, 2, 1) * 27).sqrt()),
    ("normalized", {"window": 3, "stride": 2, "padding": 1, "p": 3.5, "normalize": True},
     lambda a: F.avg_pool3d(a**3.5, 3, 2, 1, count_include_pad=False) ** (1 / 3.5)),
    ("ceil_mode", {"window": 2, "p": 4, "ceil_mode": True, "normalize": True},
     lambda a: F.avg_pool3d(a**4, 2, ceil_mode=True) ** (1 / 4)),
    ("global", {"global": True, "p": 3}, lambda a: (a**3).sum((2, 3, 4), keepdim=True) ** (1 / 3)),
    ("largest", {"window": 2, "dilation": 2, "stride": 1, "p": ".inf"},
     lambda a: F.max_pool3d(a, 2, 1, dilation=2)),
]:
    case(f"lp_pooling in 3-D, {name}", "lp_pooling", options, [draw.distinct(3, 2, 5, 4, 6)],
         lambda i, p, s: function(i[0].abs()))
for normalize in [False, True]:
    case(f"lp_pooling in 3-D, learned, normalize {normalize}", "lp_pooling",
         {"window": 2, "p": 3, "learned": True, "normalize": normalize},
         [draw.distinct(3, 2, 4, 4, 2)],
         lambda i, p, s: (F.avg_pool3d(i[0].abs() ** (1 + F.softplus(p[0])), 2)
                          * (1 if normalize else 8)) ** (1 / (1 + F.softplus(p[0]))),
         [("rho", draw.normal(1))])
case("formula over windows in 3-D", "formula",
     {"y": "(Σᵢ |xᵢ|^2.5)^0.4", "window": [2, 1, 3], "stride": 1}, [draw.distinct(3, 2, 3, 3, 4)],
     lambda i, p, s: (F.avg_pool3d(i[0].abs() ** 2.5, (2, 1, 3), 1) * 6) ** 0.4)
case("formula over padded windows in 3-D", "formula",
     {"y": "mean(xᵢ²)", "window": 2, "padding": 1}, [draw.distinct(3, 2, 3, 3, 4)],
     lambda i, p, s: F.avg_pool3d(i[0] ** 2, 2, padding=1, count_include_pad=False))

# Of several inputs

for layer, function in [("add", torch.add), ("multiply", torch.mul)]:
    for shape, other in [((2, 3, 4), (2, 1, 1)), ((3, 1), (1, 4)), ((4,), (3, 4)), ((1, 2, 3, 2), (2, 3, 1))]:
        rank = max(len(shape), len(other))
        view = lambda x: x.reshape(x.shape[0], *[1] * (rank + 1 - x.dim()), *x.shape[1:])
        case(f"{layer}, {list(shape)} and {list(other)}", layer, {},
             [draw.normal(3, *shape), draw.normal(3, *other)],
             lambda i, p, s: function(view(i[0]), view(i[1])))
case("multiply, three inputs", "multiply", {},
     [draw.normal(3, 2, 3), draw.normal(3, 2, 1), draw.normal(3, 3)],
     lambda i, p, s: i[0] * i[1] * i[2][:, None, :])
for transpose, first, second in [
    ("none", (2, 3), (3, 4)), ("first", (3, 2), (3, 4)), ("second", (2, 3), (4, 3)),
    ("both", (3, 2), (4, 3)), ("none", (2, 2, 3), (2, 3, 4)), ("second", (2, 5, 3), (2, 4, 3)),
]:
    turn = lambda x, names: x.transpose(-1, -2) if transpose in names else x
    case(f"matrix_product, {transpose}, {list(first)}", "matrix_product",
         {} if transpose == "none" else {"transpose": transpose},
         [draw.normal(3, *first), draw.normal(3, *second)],
         lambda i, p, s: turn(i[0], ("first", "both")) @ turn(i[1], ("second", "both")))

# Of one input

for by, function in [("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax)]:
    for shape, axes, keep in [
        ((4,), [], False), ((2, 3), [0], False), ((2, 3), [1], True), ((2, 3, 4), [0, 2], False),
        ((2, 3, 4), [1, 2], True), ((2, 3, 2, 3), [1, 3], False), ((2, 3, 4), [], False),
    ]:
        options = {"by": by, "axes": axes}
        if keep:
            options["keep_axes"] = True
        dims = [a + 1 for a in axes] or list(range(1, len(shape) + 1))

        def reduce(i, p, s):
            y = function(i[0], dim=dims, keepdim=keep)
            return y[:, None] if y.dim() == 1 else y

        case(f"reduce, {by} of {list(shape)} over {axes}", "reduce", options,
             [draw.distinct(3, *shape)], reduce)
for factor, shape, mode in [
    (3, (5,), "linear"), (2, (2, 4), "linear"), ([2, 3], (2, 3, 4), "bilinear"),
    (2, (1, 1, 3), "bilinear"), ([2, 1, 3], (2, 2, 3, 2), "trilinear"),
]:
    scale = tuple(float(f) for f in factor) if isinstance(factor, list) else float(factor)
    flat = len(shape) == 1
    case(f"upsample, {mode}, {list(shape)}", "upsample", {"factor": factor, "mode": "bilinear"},
         [draw.normal(3, *shape)],
         lambda i, p, s: F.interpolate(
             i[0][:, None] if flat else i[0], scale_factor=scale, mode=mode)[:, 0 if flat else slice(None)])
for shape in [(6,), (4, 3), (2, 3, 2)]:
    case(f"glu, {list(shape)}", "glu", {}, [draw.normal(3, *shape)], lambda i, p, s: F.glu(i[0], dim=1))
for units, pieces, shape in [(3, 2, (4,)), (1, 5, (2, 3)), (20, 3, (17,))]:
    count = torch.Size(shape).numel()
    case(f"maxout, {units} units of {pieces} pieces", "maxout", {"units": units, "pieces": pieces},
         [draw.normal(3, *shape)],
         lambda i, p, s: F.linear(i[0].flatten(1), p[0], p[1]).unflatten(1, (units, pieces)).amax(2),
         [("weight", draw.normal(units * pieces, count)), ("bias", draw.normal(units * pieces))])
case("split, the first part", "split", {"sizes": [2, 1, 3], "axis": 1}, [draw.normal(3, 2, 6, 2)],
     lambda i, p, s: i[0][:, :, :2])

# Normalization


def affine(shape, bias=True):
    return [("weight", draw.normal(*shape))] + ([("bias", draw.normal(*shape))] if bias else [])


def wide(t, axes, rank):
    """A weight over some axes of a sample, for products with a batch."""
    shape = [1] * (rank + 1)
    for k, axis in enumerate(axes):
        shape[axis + 1] = t.shape[k]
    return t.reshape(shape)


for groups, shape in [(2, (4, 2, 3)), (1, (3, 4)), (2, (6,)), (2, (4, 2, 2, 3))]:
    case(f"group_normalization, {groups} of {list(shape)}", "group_normalization",
         {"groups": groups}, [draw.normal(3, *shape)],
         lambda i, p, s: F.group_norm(i[0], groups, p[0], p[1]), affine([shape[0]]))
case("group_normalization, without weights", "group_normalization",
     {"groups": 2, "affine": False, "epsilon": 0.01}, [draw.normal(3, 4, 3)],
     lambda i, p, s: F.group_norm(i[0], 2, eps=0.01))
for shape in [(2, 5), (3, 2, 4), (2, 2, 3, 2)]:
    case(f"instance_normalization, {list(shape)}", "instance_normalization", {},
         [draw.normal(3, *shape)],
         lambda i, p, s: F.instance_norm(i[0], weight=p[0], bias=p[1]), affine([shape[0]]))
for shape, axes in [((3, 2, 4), [0]), ((3, 2, 4), [1, 2]), ((3, 4), [1]), ((2, 3, 2, 2), [1, 3])]:
    extents = [shape[a] for a in axes]
    dims = [a + 1 for a in axes]

    def layer(i, p, s):
        mean = i[0].mean(dims, keepdim=True)
        variance = i[0].var(dims, unbiased=False, keepdim=True)
        normal = (i[0] - mean) / (variance + 1e-5).sqrt()
        return normal * wide(p[0], axes, len(shape)) + wide(p[1], axes, len(shape))

    case(f"layer_normalization, axes {axes} of {list(shape)}", "layer_normalization",
         {"axes": axes}, [draw.normal(3, *shape)], layer, affine(extents))
    case(f"rms_normalization, axes {axes} of {list(shape)}", "rms_normalization", {"axes": axes},
         [draw.normal(3, *shape)],
         lambda i, p, s: i[0] / (i[0].square().mean(dims, keepdim=True) + 1e-5).sqrt()
         * wide(p[0], axes, len(shape)), affine(extents, False))
for shape in [(5,), (2, 3, 2)]:
    case(f"rms_normalization, {list(shape)}", "rms_normalization", {"epsilon": 0.01},
         [draw.normal(3, *shape)],
         lambda i, p, s: F.rms_norm(i[0], shape, p[0], eps=0.01), affine(shape, False))
case("rms_normalization, without weights", "rms_normalization", {"affine": False},
     [draw.normal(3, 4)], lambda i, p, s: F.rms_norm(i[0], (4,), eps=1e-5))
for shape, size, options in [
    ((5, 2, 3), 3, {"alpha": 0.7}), ((4, 3), 5, {"alpha": 0.5, "beta": 1.3, "k": 2}),
    ((3, 2, 2), 1, {}), ((2, 3, 3), 9, {"alpha": 2, "beta": 0.5}),
]:
    settings = {"alpha": 1e-4, "beta": 0.75, "k": 1, **options}
    case(f"local_response_normalization, {size} of {list(shape)}", "local_response_normalization",
         {"size": size, **options}, [draw.normal(3, *shape)],
         lambda i, p, s: F.local_response_norm(
             i[0], size, settings["alpha"], settings["beta"], settings["k"]))
for layer, function in [("softmax", F.softmax), ("log_softmax", F.log_softmax)]:
    for axis, shape in [(1, (2, 5)), (2, (2, 3, 4)), (1, (2, 3, 4)), (1, (2, 3, 2, 2))]:
        case(f"{layer}, axis {axis} of {list(shape)}", layer, {"axis": axis},
             [draw.normal(3, *shape, scale=2)], lambda i, p, s: function(i[0], dim=axis + 1))
for shape in [(2, 5), (2, 3, 2, 2)]:
    case(f"batch_normalization, {list(shape)}", "batch_normalization", {}, [draw.normal(3, *shape)],
         lambda i, p, s: F.batch_norm(i[0], s[0], s[1], p[0], p[1], training=True),
         affine([shape[0]]),
         [("running_mean", draw.normal(shape[0])), ("running_variance", draw.uniform(0.5, 2, shape[0]))])

# Windows whose number is given

for axes, shape, output in [
    (1, (2, 7), [3]), (2, (2, 5, 7), [2, 3]), (2, (1, 6, 4), 2), (2, (2, 2, 3), [4, 5]),
    (3, (2, 5, 4, 3), [2, 1, 2]),
]:
    size = tuple(each(output, axes))
    for by, function in [
        ("mean", {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[axes]),
        ("max", {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}[axes]),
    ]:
        case(f"adaptive_pooling, {by} of {list(shape)} to {output}", "adaptive_pooling",
             {"output": output, "by": by}, [draw.distinct(3, *shape)],
             lambda i, p, s: function(i[0], size))

# Images of other sizes

ALIGNED = {"coordinates": "align_corners"}
SMOOTH = {"antialias": True, "exclude_outside": True}


def resize(shape, mode, to, own, **theirs):
    """`to` is a list of extents, or a factor."""
    flat = len(shape) == 1
    written = {"mode": {"bilinear": "linear", "trilinear": "linear", "bicubic": "cubic"}.get(mode, mode)}
    written["mode"] = "nearest" if mode.startswith("nearest") else written["mode"]
    if isinstance(to, list):
        written["size"], theirs["size"] = to, tuple(to)
    else:
        written["factor"], theirs["scale_factor"] = to, to
    case(f"resize, {mode} of {list(shape)} to {to} {own}", "resize", {**written, **own},
         [draw.normal(3, *shape)],
         lambda i, p, s: F.interpolate(
             i[0][:, None] if flat else i[0], mode=mode, **theirs)[:, 0 if flat else slice(None)])


for shape, mode, to in [
    ((5,), "linear", [8]), ((2, 5), "linear", [3]), ((2, 4, 5), "bilinear", [7, 3]),
    ((1, 3, 4), "bilinear", [1, 9]), ((2, 3, 4, 2), "trilinear", [5, 2, 2]),
    ((2, 3, 4), "bilinear", 1.7), ((1, 7, 6), "bilinear", 0.6), ((2, 3, 4), "bicubic", [5, 7]),
    ((1, 8, 7), "bicubic", [3, 5]), ((2, 2, 3), "bicubic", 2.3), ((1, 5, 6), "bicubic", 0.7),
]:
    resize(shape, mode, to, {})
    if isinstance(to, list):
        resize(shape, mode, to, ALIGNED, align_corners=True)
for shape, mode, to in [
    ((2, 9, 7), "bilinear", [4, 3]), ((1, 9, 4), "bilinear", [2, 7]), ((1, 8, 8), "bilinear", 0.3),
]:
    resize(shape, mode, to, SMOOTH, antialias=True)
for shape, to in [((2, 9, 7), [4, 3]), ((1, 9, 4), [2, 7]), ((1, 8, 8), 0.4)]:
    resize(shape, "bicubic", to, {**SMOOTH, "coefficient": -0.5}, antialias=True)
for shape, to in [((5,), [8]), ((2, 7, 5), [4, 11]), ((1, 2, 3, 3), [5, 1, 2])]:
    resize(shape, "nearest", to, {"coordinates": "asymmetric", "rounding": "floor"})
    resize(shape, "nearest-exact", to, {"rounding": "round_prefer_ceil"})

# Backward and around the edge

for options, shape, function in [
    ({"step": -1}, (5,), lambda x: x.flip(1)),
    ({"axis": 1, "step": -2}, (2, 5, 3), lambda x: x.flip(2)[:, :, ::2]),
    ({"axis": 2, "start": 4, "end": 0, "step": -3}, (2, 2, 6), lambda x: x[:, :, :, [4, 1]]),
]:
    case(f"slice {options}", "slice", options, [draw.normal(3, *shape)], lambda i, p, s: function(i[0]))
for options, shape, amounts in [
    ({"padding": [[1, 3]], "mode": "wrap"}, (2, 4), (1, 3)),
    ({"padding": [[2, 1], [0, 3]], "mode": "wrap"}, (2, 3, 4), (0, 3, 2, 1)),
    ({"padding": 1, "mode": "wrap"}, (1, 2, 3, 2), (1, 1, 1, 1, 1, 1)),
]:
    case(f"pad {options}", "pad", options, [draw.normal(3, *shape)],
         lambda i, p, s: F.pad(i[0], amounts, "circular"))

# The running variance as in ONNX


def biased(i, p, s):
    axes = [0, *range(2, i[0].dim())]
    s[0].lerp_(i[0].detach().mean(axes), 0.3)
    s[1].lerp_(i[0].detach().var(axes, unbiased=False), 0.3)
    return F.batch_norm(i[0], None, None, p[0], p[1], training=True)


for shape in [(3,), (2, 3, 2)]:
    case(f"batch_normalization, biased, {list(shape)}", "batch_normalization",
         {"unbiased": False, "momentum": 0.3}, [draw.normal(4, *shape)], biased, affine([shape[0]]),
         [("running_mean", draw.normal(shape[0])), ("running_variance", draw.uniform(0.5, 2, shape[0]))])

write(__file__, {}, cases=cases)
