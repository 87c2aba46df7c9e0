"""Forward values and all gradients of every layer, by PyTorch's autograd in float64.

Each case holds a layer's type and options as an experiment file writes them, inputs, parameters,
a random upstream cotangent ∂L/∂y, and PyTorch's results: the output, the gradient of
Σ ∂y·y by every input and parameter, and the running statistics afterwards.

PyTorch's own operators are used if they compute the same function. Its Lp pooling is used only for
positive inputs and whole windows (it does not compute |·|, and scales windows that extend beyond the
edge); otherwise it is written as (Σ|x|^p)^(1/p) for autograd to differentiate.
"""

import math

import torch
import torch.nn.functional as F

from reference import Draw, LayerCases, write

draw = Draw(20260101)
all_cases = LayerCases(draw)
case, cases = all_cases.add, all_cases.cases


def elementwise(name, layer, options, function, inputs=None):
    """One case of ordinary numbers, and one with large numbers and zero."""
    x = draw.normal(4, 7, scale=2) if inputs is None else inputs
    case(name, layer, options, [x], lambda i, p, s: function(i[0]))


# Dense


def dense(x, w, b=None):
    return F.linear(x.reshape(x.shape[0], -1), w, b)


for name, samples, shape, units, bias in [
    ("small", 3, (2,), 3, True),
    ("without bias", 5, (4,), 3, False),
    ("one unit", 4, (6,), 1, True),
    ("of an image", 3, (2, 3, 4), 5, True),
    ("large enough for the BLAS", 5, (24,), 17, True),
]:
    count = math.prod(shape)
    parameters = [("weight", draw.normal(units, count))]
    if bias:
        parameters.append(("bias", draw.normal(units)))
    options = {"units": units} if bias else {"units": units, "bias": False}
    case(
        f"dense, {name}", "dense", options, [draw.normal(samples, *shape)],
        lambda i, p, s: dense(i[0], *p), parameters)


# Convolution


def convolution(name, shape, channels, window, samples=3, bias=True, **geometry):
    options = {"channels": channels, "window": window, **geometry}
    groups = geometry.get("groups", 1)
    rows, columns = (window, window) if isinstance(window, int) else window
    parameters = [("weight", draw.normal(channels, shape[0] // groups, rows, columns))]
    if bias:
        parameters.append(("bias", draw.normal(channels)))
    else:
        options["bias"] = False
    case(
        f"convolution, {name}", "convolution", options, [draw.normal(samples, *shape)],
        lambda i, p, s: F.conv2d(
            i[0], p[0], p[1] if bias else None,
            **{k: tuple(v) if isinstance(v, list) else v for k, v in geometry.items()}),
        parameters)


convolution("plain", (1, 5, 5), 2, 3)
convolution("padded", (2, 4, 5), 3, 3, padding=1)
convolution("strided", (2, 7, 6), 2, 3, stride=2)
convolution("strided and padded", (2, 6, 7), 3, 3, samples=4, stride=2, padding=1)
convolution("dilated", (1, 7, 8), 2, 3, dilation=2)
convolution("dilated, padded and strided", (2, 8, 7), 2, 3, dilation=2, padding=2, stride=2)
convolution("groups", (4, 4, 4), 6, 3, groups=2, padding=1)
convolution("depthwise", (3, 5, 4), 6, 3, groups=3)
convolution("without bias", (2, 5, 5), 3, 2, bias=False)
convolution("1 × 1", (3, 4, 3), 4, 1)
convolution("1 × 1, strided", (3, 5, 4), 2, 1, stride=2)
convolution("one row high", (2, 5, 6), 2, [1, 3], padding=[0, 1])
convolution("unlike axes", (2, 7, 9), 3, [3, 2], stride=[1, 3], padding=[2, 1], dilation=[2, 1])
convolution("padding wider than the window's reach", (1, 3, 3), 2, 2, padding=3)
convolution("stride beyond the window", (1, 7, 8), 2, 2, stride=3)
convolution("window of the whole input", (3, 4, 5), 5, [4, 5])
convolution("large enough for the BLAS", (3, 8, 8), 8, 5, padding=2)


# Pooling


def pair(value):
    return [value, value] if isinstance(value, int) else list(value)


def positions(length, window, stride, padding, dilation, ceiling):
    """The valid entries of every window along an axis."""
    extent = (window - 1) * dilation + 1
    room = length + 2 * padding - extent
    count = (math.ceil(room / stride) if ceiling else room // stride) + 1
    if ceiling and (count - 1) * stride >= length + padding:
        count -= 1
    every = [[k * stride - padding + i * dilation for i in range(window)] for k in range(count)]
    return [[i for i in entries if 0 <= i < length] for entries in every]


def lp(x, p, rows, columns, normalize=False):
    """(Σ|x|^p)^(1/p) of the windows of `[samples, channels, rows, columns]`, as written."""
    lines = []
    for r in rows:
        line = []
        for c in columns:
            window = x[:, :, r][:, :, :, c].flatten(2).abs()
            if isinstance(p, float) and math.isinf(p):
                line.append(window.amax(2))
                continue
            total = (window**p).sum(2)
            if normalize:
                total = total / (len(r) * len(c))
            line.append(total ** (1 / p))
        lines.append(torch.stack(line, 2))
    return torch.stack(lines, 2)


def lp_written_out(name, x, p=2, normalize=False, learned=False, flat=False, **options):
    """Lp pooling by its definition, on signed inputs."""
    image = (lambda t: t[:, None, None, :]) if flat else (lambda t: t)
    back = (lambda t: t[:, 0, 0, :]) if flat else (lambda t: t)
    height, width = image(x).shape[2:]
    if options.get("global"):
        rows, columns = [list(range(height))], [list(range(width))]
    else:
        window = pair(options["window"])
        stride = pair(options.get("stride", window))
        padding = pair(options.get("padding", 0))
        dilation = pair(options.get("dilation", 1))
        ceiling = options.get("ceil_mode", False)
        rows = [[0]]
        if not flat:
            rows = positions(height, window[0], stride[0], padding[0], dilation[0], ceiling)
        columns = positions(width, window[1], stride[1], padding[1], dilation[1], ceiling)
    written = dict(options, p=".inf" if p == math.inf else p)
    parameters = []
    if normalize:
        written["normalize"] = True
    if p < 1:
        written["allow_p_below_one"] = True
    if learned:
        written["learned"] = True
        # p = 1 + ln(1 + e^ρ)
        parameters = [("rho", torch.tensor([math.log(math.expm1(p - 1))]))]

    def function(i, w, s):
        power = 1 + F.softplus(w[0][0], threshold=1e300) if learned else p
        return back(lp(image(i[0]), power, rows, columns, normalize))

    case(f"lp_pooling, {name}", "lp_pooling", written, [x], function, parameters)


def lp_by_torch(name, x, p, **options):
    """PyTorch's own operator, for positive inputs and whole windows only."""
    assert (x > 0).all()
    window, stride = options["window"], options.get("stride")
    if x.dim() == 2:
        function = lambda i, w, s: F.lp_pool1d(i[0][:, None], float(p), window, stride)[:, 0]
    else:
        window = tuple(pair(window))
        stride = None if stride is None else tuple(pair(stride))
        function = lambda i, w, s: F.lp_pool2d(i[0], float(p), window, stride)
    case(f"lp_pooling, {name}", "lp_pooling", dict(options, p=p), [x], function)


lp_by_torch("torch's own, p = 2", draw.uniform(0.1, 2, 3, 2, 4, 6), 2, window=2)
lp_by_torch("torch's own, p = 3", draw.uniform(0.1, 2, 3, 2, 6, 3), 3, window=3)
lp_by_torch(
    "torch's own, p = 2, overlapping", draw.uniform(0.1, 2, 3, 1, 5, 6), 2, window=[3, 2], stride=1)
lp_by_torch(
    "torch's own, p = 3, overlapping", draw.uniform(0.1, 2, 3, 1, 5, 5), 3, window=3, stride=[1, 2])
lp_by_torch("torch's own, p = 2.5", draw.uniform(0.1, 2, 3, 1, 4, 4), 2.5, window=2)
lp_by_torch("torch's own, groups of features", draw.uniform(0.1, 2, 4, 12), 3, window=3)
lp_by_torch("torch's own, features, overlapping", draw.uniform(0.1, 2, 4, 9), 2, window=3, stride=2)
for p in [1, 1.5, 2, 3, 4, 7.3, math.inf]:
    lp_written_out(f"signed, p = {p}", draw.distinct(3, 2, 4, 4), p, window=2)
lp_written_out("signed, p = 0.5", draw.distinct(3, 1, 4, 4), 0.5, window=2)
for p in [1, 2, 2.7, 3, math.inf]:
    lp_written_out(f"groups of features, p = {p}", draw.distinct(4, 8), p, flat=True, window=4)
for p in [1, 2, 2.7, 3]:
    lp_written_out(
        f"normalized, p = {p}", draw.distinct(3, 1, 4, 6), p, normalize=True, window=[2, 3])
for p in [1, 2, 2.7, 3, math.inf]:
    lp_written_out(
        f"overlapping, p = {p}", draw.distinct(3, 2, 5, 5), p, window=3, stride=1)
lp_written_out("padded", draw.distinct(3, 2, 5, 4), 2.5, window=3, stride=2, padding=1)
lp_written_out(
    "padded and normalized", draw.distinct(3, 1, 5, 4), 2, normalize=True, window=3, stride=2,
    padding=1)
lp_written_out("dilated", draw.distinct(3, 1, 7, 6), 3, window=[3, 2], stride=1, dilation=2)
lp_written_out("ceil_mode", draw.distinct(3, 1, 5, 7), 2, window=2, stride=2, ceil_mode=True)
lp_written_out(
    "ceil_mode, normalized", draw.distinct(3, 1, 5, 7), 3.5, normalize=True, window=3, stride=2,
    padding=1, ceil_mode=True)
lp_written_out("features, overlapping", draw.distinct(4, 9), 1.7, flat=True, window=3, stride=2)
lp_written_out("global", draw.distinct(3, 2, 3, 5), 2.2, **{"global": True})
lp_written_out("global over features", draw.distinct(3, 9), 3, flat=True, **{"global": True})
lp_written_out("learned p = 2", draw.distinct(4, 2, 4, 4), 2, learned=True, window=2)
lp_written_out("learned p = 3.5", draw.distinct(3, 1, 4, 4), 3.5, learned=True, window=2)
lp_written_out("learned p = 1.2", draw.distinct(3, 8), 1.2, learned=True, flat=True, window=4)
lp_written_out(
    "learned, overlapping and normalized", draw.distinct(3, 1, 5, 5), 2.6, learned=True,
    normalize=True, window=3, stride=2, padding=1)


def pooling(name, layer, shape, function, samples=3, **options):
    x = draw.distinct(samples, *shape)
    flat = len(shape) == 1
    run = lambda i, p, s: function(i[0][:, None])[:, 0] if flat else function(i[0])
    case(f"{layer}, {name}", layer, options, [x], run)


def geometry(options):
    names = {"window": "kernel_size"}
    return {names.get(k, k): tuple(v) if isinstance(v, list) else v for k, v in options.items()}


for name, shape, options in [
    ("plain", (2, 4, 6), dict(window=2)),
    ("overlapping", (2, 5, 5), dict(window=3, stride=1)),
    ("padded", (1, 5, 6), dict(window=3, stride=2, padding=1)),
    ("dilated", (1, 7, 7), dict(window=2, stride=1, dilation=3)),
    ("unlike axes", (2, 6, 7), dict(window=[2, 3], stride=[2, 1], padding=[0, 1], dilation=[2, 1])),
    ("ceil_mode", (1, 5, 6), dict(window=2, stride=2, ceil_mode=True)),
    ("ceil_mode, padded", (1, 6, 6), dict(window=3, stride=2, padding=1, ceil_mode=True)),
    ("a last window in the padding is left out", (1, 4, 4),
     dict(window=2, stride=3, padding=1, ceil_mode=True)),
]:
    pooling(name, "max_pooling", shape, lambda x: F.max_pool2d(x, **geometry(options)), **options)
pooling("features", "max_pooling", (9,), lambda x: F.max_pool1d(x, 3, 2), window=3, stride=2)
pooling(
    "global", "max_pooling", (2, 3, 5), lambda x: F.adaptive_max_pool2d(x, 1), **{"global": True})

for counted in [False, True]:
    for name, shape, options in [
        ("plain", (2, 4, 6), dict(window=2)),
        ("overlapping", (2, 5, 5), dict(window=3, stride=1)),
        ("padded", (1, 5, 6), dict(window=3, stride=2, padding=1)),
        ("unlike axes", (2, 6, 7), dict(window=[2, 3], stride=[2, 1], padding=[1, 0])),
        ("ceil_mode, padded", (1, 6, 6), dict(window=3, stride=2, padding=1, ceil_mode=True)),
        ("ceil_mode, hanging over", (1, 5, 7), dict(window=3, stride=3, ceil_mode=True)),
    ]:
        pooling(
            name + (", padding counted" if counted else ""), "average_pooling", shape,
            lambda x: F.avg_pool2d(x, **geometry(options), count_include_pad=counted),
            **dict(options, **({"count_padding": True} if counted else {})))
pooling(
    "features", "average_pooling", (9,),
    lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False), window=3, stride=2, padding=1)
pooling(
    "global", "average_pooling", (2, 3, 5), lambda x: F.adaptive_avg_pool2d(x, 1),
    **{"global": True})


# Activations. The second case of each has large numbers and, if the slopes agree there, zero: PyTorch's slopes at 0 are 0 for relu, the lower one for leaky_relu and α for elu.

# Far out, where 1 − y, 1 + erf and 1 + tanh are lost in rounding, PyTorch differentiates forms of
# the same functions that keep their digits.


class Tanh(torch.autograd.Function):
    """tanh x with the slope 4e/(1 + e)², e = e^(−2|x|)."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return torch.tanh(x)

    @staticmethod
    def backward(context, dy):
        e = torch.exp(-2 * context.saved_tensors[0].abs())
        return dy * 4 * e / (1 + e) ** 2


far_forms = {
    "sigmoid": lambda x: torch.exp(F.logsigmoid(x)),
    "tanh": Tanh.apply,
    "gelu": lambda x: x * torch.erfc(-x / math.sqrt(2)) / 2,
    "gelu, approximation tanh": lambda x: x
    * torch.sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)),
}

far = torch.tensor(
    [[-40, -18.5, -6, -1, -1e-3, -1e-9, -0.0, 0.0], [40, 18.5, 6, 1, 1e-3, 1e-9, 3.5, -3.5]])
for layer, settings in {
    "sigmoid": [({}, torch.sigmoid)],
    "tanh": [({}, torch.tanh)],
    "relu": [({}, torch.relu)],
    "leaky_relu": [
        ({}, F.leaky_relu),
        ({"slope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
    ],
    "elu": [({}, F.elu), ({"alpha": 0.7}, lambda x: F.elu(x, 0.7))],
    "gelu": [
        ({}, F.gelu),
        ({"approximation": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ],
    # PyTorch takes softplus(x) for x beyond a threshold of 20; here the function itself is meant.
    "softplus": [
        ({}, lambda x: F.softplus(x, threshold=700)),
        ({"beta": 2.5}, lambda x: F.softplus(x, beta=2.5, threshold=700)),
        ({"beta": 0.4}, lambda x: F.softplus(x, beta=0.4, threshold=700)),
    ],
}.items():
    for options, function in settings:
        title = ", ".join([layer] + [f"{k} {v}" for k, v in options.items()])
        elementwise(title, layer, options, function)
        elementwise(title + ", far out", layer, options, far_forms.get(title, function), far)
elementwise("sigmoid of an image", "sigmoid", {}, torch.sigmoid, draw.normal(3, 2, 3, 2))

spread = torch.tensor([[1000.0, 999, -5, 0], [-800.0, -801, -799.5, -802], [0.0, 0, 0, 0]])
for layer, function in [("softmax", F.softmax), ("log_softmax", F.log_softmax)]:
    along = lambda x: function(x, dim=1)
    elementwise(layer, layer, {}, along, draw.normal(5, 6, scale=2))
    elementwise(f"{layer}, far out", layer, {}, along, spread)
    elementwise(f"{layer} over channels", layer, {}, along, draw.normal(3, 4, 2, 3, scale=2))


# Normalization


def batch_normalization(name, samples, shape, training, affine=True, offset=0.0, **options):
    channels = shape[0]
    # Steps of 2⁻¹⁰ fit float32 far from zero too, so that its error is the layer's own.
    x = (draw.normal(samples, *shape) * 1024).round() / 1024 + offset
    parameters = []
    written = dict(options)
    if affine:
        parameters = [("weight", draw.normal(channels)), ("bias", draw.normal(channels))]
    else:
        written["affine"] = False
    state = [
        ("running_mean", draw.normal(channels)),
        ("running_variance", draw.uniform(0.5, 2, channels)),
    ]
    case(
        f"batch_normalization, {name}", "batch_normalization", written, [x],
        lambda i, p, s: F.batch_norm(
            i[0], s[0], s[1], *(p if affine else (None, None)), training=training,
            momentum=options.get("momentum", 0.1), eps=options.get("epsilon", 1e-5)),
        parameters, state, training)


for training in [True, False]:
    mode = "training" if training else "evaluation"
    batch_normalization(f"features, {mode}", 5, (4,), training)
    batch_normalization(f"image, {mode}", 3, (2, 3, 4), training)
    batch_normalization(f"without weights, {mode}", 4, (3, 2, 2), training, affine=False)
    batch_normalization(
        f"other options, {mode}", 4, (3,), training, epsilon=1e-2, momentum=0.35)
batch_normalization("far from zero, training", 4, (2, 3, 3), True, offset=100.0)


def layer_normalization(name, samples, shape, affine=True, **options):
    parameters = []
    written = dict(options)
    if affine:
        parameters = [("weight", draw.normal(*shape)), ("bias", draw.normal(*shape))]
    else:
        written["affine"] = False
    case(
        f"layer_normalization, {name}", "layer_normalization", written,
        [draw.normal(samples, *shape)],
        lambda i, p, s: F.layer_norm(
            i[0], shape, *(p if affine else (None, None)), eps=options.get("epsilon", 1e-5)),
        parameters)


layer_normalization("features", 5, (6,))
layer_normalization("image", 3, (2, 3, 4))
layer_normalization("without weights", 4, (5,), affine=False)
layer_normalization("other epsilon", 4, (5,), epsilon=0.1)


# Merging

for shape in [(5,), (2, 3, 2)]:
    for count in [2, 3]:
        title = f"{count} inputs of {list(shape)}"
        xs = [draw.normal(3, *shape) for _ in range(count)]
        case(f"add, {title}", "add", {}, xs, lambda i, p, s: sum(i))
        xs = [draw.normal(3, *shape) for _ in range(count)]
        case(
            f"multiply, {title}", "multiply", {}, xs,
            lambda i, p, s: torch.stack(i).prod(0))
case(
    "multiply, with zeros", "multiply", {},
    [torch.tensor([[0.0, 2, 0], [1.5, 0, -1]]), torch.tensor([[3.0, 0, 0], [2, 0, -4]]),
     torch.tensor([[5.0, -2, 1], [0.5, 1, 3]])],
    lambda i, p, s: torch.stack(i).prod(0))
case(
    "concatenate, features", "concatenate", {},
    [draw.normal(4, 3), draw.normal(4, 1), draw.normal(4, 5)],
    lambda i, p, s: torch.cat(i, 1))
case(
    "concatenate, channels", "concatenate", {}, [draw.normal(3, 1, 3, 2), draw.normal(3, 2, 3, 2)],
    lambda i, p, s: torch.cat(i, 1))

# Activations that are formulas. The kinks of hard_sigmoid, hard_swish, hard_tanh and relu6 are not
# among the numbers.

bent = torch.tensor(
    [[-40, -7.5, -2.9, -0.99, -1e-3, -1e-9, 0.25, 0.5], [40, 7.5, 2.9, 0.99, 1e-3, 1e-9, 5.9, 6.1]])
for layer, settings, wide in [
    ("silu", [({}, F.silu)], far),
    ("mish", [({}, F.mish)], far),
    ("log_sigmoid", [({}, F.logsigmoid)], far),
    ("softsign", [({}, F.softsign)], far[:, :6]),
    ("selu", [({}, F.selu)], bent),
    # The gradient of PyTorch's hardsigmoid has 1/6 in float32.
    ("hard_sigmoid", [({}, lambda x: torch.clamp(x / 6 + 0.5, 0, 1))], bent),
    ("hard_swish", [({}, F.hardswish)], bent),
    (
        "hard_tanh",
        [
            ({}, F.hardtanh),
            ({"minimum": -0.5, "maximum": 3}, lambda x: F.hardtanh(x, -0.5, 3)),
        ],
        bent * 1.01,
    ),
    ("relu6", [({}, F.relu6)], bent),
]:
    for options, function in settings:
        title = ", ".join([layer] + [f"{k} {v}" for k, v in options.items()])
        elementwise(title, layer, options, function)
        elementwise(title + ", far out", layer, options, function, wide)
for slopes, count, shape in [("scalar", 1, (5,)), ("channels", 3, (3, 2, 4)), ("features", 6, (6,))]:
    case(
        f"prelu, {slopes}", "prelu", {"slopes": slopes}, [draw.normal(4, *shape)],
        lambda i, p, s: F.prelu(i[0], p[0]), [("a", draw.normal(count))])

# Of two inputs

for layer, function in [
    ("subtract", torch.sub), ("divide", torch.div), ("maximum", torch.maximum),
    ("minimum", torch.minimum)]:
    for shape, other in [((5,), (5,)), ((2, 3, 2), (2, 3, 2)), ((2, 3, 2), (3, 2)), ((3,), (2, 3))]:
        a, b = draw.normal(3, *shape), draw.uniform(0.3, 2, 3, *other)
        view = lambda x, y: x.reshape(
            x.shape[0], *[1] * (max(x.dim(), y.dim()) - x.dim()), *x.shape[1:])
        case(f"{layer}, {list(shape)} and {list(other)}", layer, {}, [a, b],
             lambda i, p, s: function(view(i[0], i[1]), view(i[1], i[0])))

# Other places

for options, shape, function in [
    ({"start": 1, "end": 3}, (5,), lambda x: x[:, 1:3]),
    ({"axis": 2, "start": 1, "step": 2}, (2, 3, 6), lambda x: x[:, :, :, 1::2]),
    ({"axis": 1, "start": -3, "end": -1}, (2, 4, 3), lambda x: x[:, :, -3:-1]),
]:
    case(f"slice {options}", "slice", options, [draw.normal(3, *shape)], lambda i, p, s: function(i[0]))
for axes, shape in [([0], (4,)), ([1, 0], (3, 4)), ([1, 2, 0], (2, 3, 4)), ([3, 1, 0, 2], (2, 3, 2, 3))]:
    case(f"transpose {axes}", "transpose", {"axes": axes}, [draw.normal(3, *shape)],
         lambda i, p, s: i[0].permute(0, *[a + 1 for a in axes]).contiguous())
for options, shape, amounts, mode in [
    ({"padding": 2}, (3,), (2, 2), "constant"),
    ({"padding": [1, 2], "value": 0.5}, (2, 3, 4), (2, 2, 1, 1), "constant"),
    ({"padding": [[1, 2], [0, 3]], "mode": "replicate"}, (2, 3, 4), (0, 3, 1, 2), "replicate"),
    ({"padding": [[2, 1], [0, 3]], "mode": "reflect"}, (2, 3, 4), (0, 3, 2, 1), "reflect"),
]:
    value = options.get("value", 0)
    case(f"pad {options}", "pad", options, [draw.normal(3, *shape)],
         lambda i, p, s: F.pad(i[0], amounts, mode, value))
case("crop 1", "crop", {"cropping": 1}, [draw.normal(3, 2, 3, 4)], lambda i, p, s: i[0][:, :, 1:-1, 1:-1])
case("crop by axis", "crop", {"cropping": [[0, 1], [2, 0]]}, [draw.normal(3, 2, 3, 4)],
     lambda i, p, s: i[0][:, :, :-1, 2:])
case("upsample 2", "upsample", {"factor": 2}, [draw.normal(3, 2, 2, 3)],
     lambda i, p, s: F.interpolate(i[0], scale_factor=2, mode="nearest"))
case("upsample by axis", "upsample", {"factor": [3, 2]}, [draw.normal(3, 2, 2, 3)],
     lambda i, p, s: F.interpolate(i[0], scale_factor=(3.0, 2.0), mode="nearest"))

# Repeated along axes of extent 1

for layer, function in [
    ("add", torch.add), ("multiply", torch.mul), ("subtract", torch.sub), ("divide", torch.div),
    ("maximum", torch.maximum), ("minimum", torch.minimum)]:
    for shape, other in [((2, 3, 1), (3, 2)), ((2, 1), (1, 3)), ((4,), (1,)), ((1, 2), (2, 3, 2))]:
        a, b = draw.normal(3, *shape), draw.uniform(0.3, 2, 3, *other)
        view = lambda x, y: x.reshape(
            x.shape[0], *[1] * (max(x.dim(), y.dim()) - x.dim()), *x.shape[1:])
        case(f"{layer}, repeated, {list(shape)} and {list(other)}", layer, {}, [a, b],
             lambda i, p, s: function(view(i[0], i[1]), view(i[1], i[0])))

write(__file__, {}, cases=cases)
