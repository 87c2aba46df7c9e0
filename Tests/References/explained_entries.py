"""Entries of convolutions, poolings, dense layers, … and their gradients, from PyTorch's autograd in float64.

    python3 explained_entries.py > explained_entries.json        # needs torch

Each case is an experiment of one layer, a flatten and a dense layer with one output, with the
numbers of y, ∂L/∂x and ∂L/∂θ. Lp pooling is written out with unfold and elementary operations.
"""
import json

import torch

functional = torch.nn.functional
torch.manual_seed(20)
torch.set_default_dtype(torch.float64)


def numbers(*shape, scale=1.0):
    """Normal numbers with three decimals, so that the YAML holds them exactly."""
    return (torch.randn(*shape) * scale * 1000).round() / 1000


def convolution(x, w, b, stride, padding, dilation, groups):
    return torch.nn.functional.conv2d(x[None], w, b, stride, padding, dilation, groups)[0]


def lp_pooling(x, p, window, stride, padding, normalize):
    """Windows include only entries inside the image."""
    channels, rows, columns = x.shape
    out_rows = (rows + 2 * padding - window) // stride + 1
    out_columns = (columns + 2 * padding - window) // stride + 1
    planes = []
    for c in range(channels):
        for r in range(out_rows):
            for q in range(out_columns):
                top, left = r * stride - padding, q * stride - padding
                entries = [
                    x[c, i, j]
                    for i in range(max(0, top), min(rows, top + window))
                    for j in range(max(0, left), min(columns, left + window))
                ]
                powers = torch.stack([e.abs() ** p for e in entries])
                total = powers.mean() if normalize else powers.sum()
                planes.append(total ** (1 / p))
    return torch.stack(planes).reshape(channels, out_rows, out_columns)


def case(name, layer, initial, x, compute, parameters, state=(), indices=0):
    """With `indices`, x are indices below this number."""
    if not indices:
        x = x.clone().requires_grad_()
    for tensor in parameters.values():
        tensor.requires_grad_()
    y = compute(x)
    y.retain_grad()
    v = numbers(1, y.numel())
    t = numbers(1, 1)
    loss = ((v @ y.flatten() - t[0]) ** 2).sum()
    loss.backward()
    shape = list(x.shape)
    port = f"indices: {{x: {indices}}}" if indices else f"shape: {shape}"
    values = f"{{x: [{x.tolist()}]}}" if indices else f"[{x.flatten().tolist()}]"
    yaml = f"""name: test
dtype: float64
data:
  inline: {{inputs: {values}, targets: {t.tolist()}}}
  {port}
model:
  - {{name: node, {layer}{initial}}}
  - flatten
  - {{type: dense, units: 1, bias: false, initial: {{weight: {{values: {v.tolist()}}}}}}}
loss: {{type: squared_error, reduction: sum}}
train: {{optimizer: {{type: sgd, learning_rate: 0.1}}, epochs: 1}}
"""
    gradients = {key: tensor.grad.flatten().tolist() for key, tensor in parameters.items()}
    return {
        "name": name, "yaml": yaml, "output": y.flatten().tolist(),
        "inputGradient": x.grad.flatten().tolist() if not indices else [],
        "parameterGradients": gradients, "state": [n for s in state for n in s.tolist()],
    }


def convolution_case(name, channels, x, window, stride, padding, dilation, groups, bias):
    w = numbers(channels, x.shape[0] // groups, *window)
    b = numbers(channels) if bias else None
    layer = (
        f"type: convolution, channels: {channels}, window: {list(window)}, stride: {list(stride)}, "
        f"padding: {list(padding)}, dilation: {list(dilation)}, groups: {groups}, "
        f"bias: {str(bias).lower()}")
    initial = f", initial: {{weight: {{values: {w.tolist()}}}"
    initial += f", bias: {{values: {b.tolist()}}}}}" if bias else "}"
    parameters = {"weight": w, **({"bias": b} if bias else {})}
    return case(
        name, layer, initial, x,
        lambda x: convolution(x, w, b, stride, padding, dilation, groups), parameters)


def pooling_case(name, x, p, window, stride, padding, normalize):
    layer = (
        f"type: lp_pooling, p: {p}, window: {window}, stride: {stride}, padding: {padding}, "
        f"normalize: {str(normalize).lower()}")
    return case(
        name, layer, "", x, lambda x: lp_pooling(x, p, window, stride, padding, normalize), {})


def dense_case(name, x, units):
    """The bias is not compared: its gradient is δ, which has no terms."""
    w, b = numbers(units, x.numel()), numbers(units)
    return case(
        name, f"type: dense, units: {units}",
        f", initial: {{weight: {{values: {w.tolist()}}}, bias: {{values: {b.tolist()}}}}}", x,
        lambda x: w @ x.flatten() + b, {"weight": w})


def maxout_case(name, x, units, pieces):
    """The gradients of the weights are not compared: most are 0, without terms."""
    w, b = numbers(units * pieces, x.numel()), numbers(units * pieces)
    return case(
        name, f"type: maxout, units: {units}, pieces: {pieces}",
        f", initial: {{weight: {{values: {w.tolist()}}}, bias: {{values: {b.tolist()}}}}}", x,
        lambda x: (w @ x.flatten() + b).unflatten(0, (units, pieces)).amax(1), {})


def transposed_convolution_case(name, channels, x, window, stride, padding, dilation, groups, bias):
    axes = len(window)
    w = numbers(x.shape[0], channels // groups, *window, scale=0.2)
    b = numbers(channels, scale=0.2) if bias else None
    compute = getattr(torch.nn.functional, f"conv_transpose{axes}d")
    layer = (
        f"type: transposed_convolution, channels: {channels}, window: {list(window)}, "
        f"stride: {list(stride)}, padding: {list(padding)}, dilation: {list(dilation)}, "
        f"groups: {groups}, bias: {str(bias).lower()}")
    initial = f", initial: {{weight: {{values: {w.tolist()}}}"
    initial += f", bias: {{values: {b.tolist()}}}}}" if bias else "}"
    return case(
        name, layer, initial, x,
        lambda x: compute(x[None], w, b, stride, padding, 0, groups, dilation)[0],
        {"weight": w, **({"bias": b} if bias else {})})


def plain_pooling_case(name, layer, x, compute):
    return case(name, layer, "", x, lambda x: compute(x[None])[0], {})


def weighted_case(name, layer, x, compute, shape, compares_bias=True):
    """A layer with a weight, and with a bias if `compute` takes two."""
    w, b = numbers(*shape), numbers(*shape)
    values = (w, b)[: compute.__code__.co_argcount - 1]
    initial = f", initial: {{weight: {{values: {w.tolist()}}}"
    initial += f", bias: {{values: {b.tolist()}}}}}" if len(values) == 2 else "}"
    parameters = dict(zip(["weight", "bias"] if compares_bias else ["weight"], values))
    return case(name, layer, initial, x, lambda x: compute(x, *values), parameters)


def batch_normalization_case(name, x):
    """In an evaluation, with running statistics that are not the initial ones."""
    channels = x.shape[0]
    w, b = numbers(channels), numbers(channels)
    state = (numbers(channels), numbers(channels).abs() + 0.25)
    return case(
        name, "type: batch_normalization",
        f", initial: {{weight: {{values: {w.tolist()}}}, bias: {{values: {b.tolist()}}}}}", x,
        lambda x: torch.nn.functional.batch_norm(x[None], *state, w, b)[0],
        {"weight": w, "bias": b}, state)


def separable_case(name, x, window, channels, multiplier, stride, padding, bias):
    middle, axes = x.shape[0] * multiplier, len(window)
    v = numbers(middle, 1, *window)
    w = numbers(channels, middle, *[1] * axes)
    b = numbers(channels) if bias else None
    convolve = getattr(torch.nn.functional, f"conv{axes}d")
    layer = (
        f"type: separable_convolution, channels: {channels}, window: {list(window)}, "
        f"multiplier: {multiplier}, stride: {stride}, padding: {padding}, bias: {str(bias).lower()}")
    initial = f", initial: {{depthwise_weight: {{values: {v.tolist()}}}, "
    initial += f"pointwise_weight: {{values: {w.tolist()}}}"
    initial += f", bias: {{values: {b.tolist()}}}}}" if bias else "}"
    return case(
        name, layer, initial, x,
        lambda x: convolve(
            convolve(x[None], v, None, stride, padding, groups=x.shape[0]), w, b)[0],
        {"depthwise_weight": v, "pointwise_weight": w, **({"bias": b} if bias else {})})


def embedding_case(name, indices, count, size, padding):
    w = numbers(count, size)
    layer = f"type: embedding, size: {size}, inputs: x" + (f", padding: {padding}" if padding >= 0 else "")

    def compute(i):
        rows = torch.nn.functional.embedding(i, w, padding if padding >= 0 else None)
        return (rows * (i != padding)[:, None]).T if len(i) > 1 else rows[0]

    return case(
        name, layer, f", initial: {{weight: {{values: {w.tolist()}}}}}", torch.tensor(indices),
        compute, {"weight": w}, indices=count)


def rms(x, axes, epsilon=1e-5):
    return x / (x.square().mean(axes, keepdim=True) + epsilon).sqrt()


def layer_norm(x, axes):
    return rms(x - x.mean(axes, keepdim=True), axes)


def response_norm(x, size, alpha, beta, k):
    """ONNX's windows, which for an even size differ from PyTorch's."""
    pad = [0, 0] * (x.dim() - 2) + [(size - 1) // 2, size // 2]
    sums = functional.pad(x.square(), pad).unfold(1, size, 1).sum(-1)
    return x * (k + alpha / size * sums) ** -beta


cases = [
    convolution_case("convolution", 2, numbers(1, 4, 4), (3, 3), (1, 1), (1, 1), (1, 1), 1, True),
    convolution_case(
        "strided, dilated, in groups", 4, numbers(2, 6, 5), (2, 3), (2, 1), (1, 2), (2, 1), 2, True),
    convolution_case("without bias", 1, numbers(3, 3, 3), (2, 2), (1, 1), (0, 0), (1, 1), 1, False),
    pooling_case("lp_pooling, p 3", numbers(1, 4, 4), 3, 2, 2, 0, False),
    pooling_case("overlapping, p 2.5", numbers(2, 4, 4), 2.5, 3, 1, 1, False),
    pooling_case("normalized, p 2", numbers(1, 4, 6), 2, 2, 2, 0, True),
    pooling_case("p 1", numbers(1, 4, 4), 1, 2, 2, 0, False),
    dense_case("dense", numbers(8), 7),
    dense_case("dense over an image", numbers(2, 2, 3), 6),
    plain_pooling_case(
        "max_pooling", "type: max_pooling, window: 3, stride: 1, padding: 1", numbers(2, 4, 4),
        lambda x: torch.nn.functional.max_pool2d(x, 3, 1, 1)),
    plain_pooling_case(
        "max_pooling, large", "type: max_pooling, window: 4", numbers(1, 8, 4),
        lambda x: torch.nn.functional.max_pool2d(x, 4)),
    plain_pooling_case(
        "average_pooling", "type: average_pooling, window: 3, stride: 2, padding: 1",
        numbers(1, 5, 5),
        lambda x: torch.nn.functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)),
    plain_pooling_case(
        "average_pooling, with padding",
        "type: average_pooling, window: [2, 3], stride: [1, 2], padding: 1, count_padding: true",
        numbers(1, 4, 5),
        lambda x: torch.nn.functional.avg_pool2d(x, (2, 3), (1, 2), 1)),
    plain_pooling_case(
        "adaptive_pooling", "type: adaptive_pooling, output: [3, 2]", numbers(2, 4, 5),
        lambda x: torch.nn.functional.adaptive_avg_pool2d(x, (3, 2))),
    plain_pooling_case(
        "adaptive_pooling, the largest", "type: adaptive_pooling, output: [3, 2], by: max",
        numbers(1, 4, 5), lambda x: torch.nn.functional.adaptive_max_pool2d(x, (3, 2))),
    plain_pooling_case(
        "reduce, sum", "type: reduce, by: sum, axes: [1]", numbers(2, 3, 2),
        lambda x: x.sum(2)),
    plain_pooling_case(
        "reduce, mean", "type: reduce, by: mean, axes: [0, 2]", numbers(3, 2, 2),
        lambda x: x.mean((1, 3))),
    plain_pooling_case(
        "reduce, max", "type: reduce, by: max, axes: [2]", numbers(2, 2, 3),
        lambda x: x.amax(3)),
    maxout_case("maxout", numbers(2, 3), 4, 3),
    plain_pooling_case(
        "max_pooling in 3-D", "type: max_pooling, window: 2, stride: 1", numbers(1, 2, 3, 3),
        lambda x: torch.nn.functional.max_pool3d(x, 2, 1)),
    plain_pooling_case(
        "average_pooling in 3-D", "type: average_pooling, window: 2, padding: 1",
        numbers(1, 2, 2, 4),
        lambda x: torch.nn.functional.avg_pool3d(x, 2, 2, 1, count_include_pad=False)),
    plain_pooling_case(
        "normalized p-norm in 3-D", "type: lp_pooling, p: 3, window: 2, normalize: true",
        numbers(1, 2, 4, 2),
        lambda x: torch.nn.functional.avg_pool3d(x.abs() ** 3, 2) ** (1 / 3)),
    transposed_convolution_case(
        "transposed_convolution", 2, numbers(1, 3, 3), (2, 2), (2, 2), (0, 0), (1, 1), 1, True),
    transposed_convolution_case(
        "transposed, padded, dilated, in groups", 4, numbers(2, 3, 4), (3, 2), (2, 1), (1, 0),
        (1, 2), 2, True),
    transposed_convolution_case(
        "transposed in 1-D, without bias", 1, numbers(3, 4), (3,), (2,), (1,), (1,), 1, False),
    plain_pooling_case(
        "resize, linear", "type: resize, size: [5, 3], mode: linear", numbers(1, 3, 4),
        lambda x: torch.nn.functional.interpolate(x, (5, 3), mode="bilinear")),
    plain_pooling_case(
        "resize, cubic", "type: resize, size: [3, 4], mode: cubic", numbers(2, 4, 3),
        lambda x: torch.nn.functional.interpolate(x, (3, 4), mode="bicubic")),
    plain_pooling_case(
        "upsample", "type: upsample, factor: 2", numbers(1, 2, 3),
        lambda x: torch.nn.functional.interpolate(x, scale_factor=2)),
    weighted_case(
        "layer_normalization", "type: layer_normalization", numbers(2, 3),
        lambda x, w, b: layer_norm(x, (0, 1)) * w + b, (2, 3), compares_bias=False),
    weighted_case(
        "layer_normalization over axis 1", "type: layer_normalization, axes: [1]", numbers(3, 4, 2),
        lambda x, w, b: layer_norm(x, 1) * w[:, None] + b[:, None], (4,)),
    plain_pooling_case(
        "layer_normalization without a weight",
        "type: layer_normalization, affine: false, epsilon: 0.125", numbers(8),
        lambda x: functional.layer_norm(x, (8,), eps=0.125)),
    weighted_case(
        "group_normalization", "type: group_normalization, groups: 2", numbers(4, 2, 2),
        lambda x, w, b: functional.group_norm(x[None], 2, w, b)[0], (4,)),
    weighted_case(
        "instance_normalization", "type: instance_normalization", numbers(2, 5),
        lambda x, w, b: functional.instance_norm(x[None], weight=w, bias=b)[0], (2,)),
    weighted_case(
        "rms_normalization", "type: rms_normalization", numbers(7),
        lambda x, w: rms(x, 0) * w, (7,)),
    weighted_case(
        "rms_normalization over axis 0", "type: rms_normalization, axes: [0]", numbers(3, 2, 2),
        lambda x, w: rms(x, 0) * w[:, None, None], (3,)),
    batch_normalization_case("batch_normalization", numbers(2, 2, 3)),
    plain_pooling_case(
        "local_response_normalization",
        "type: local_response_normalization, size: 3, alpha: 0.5", numbers(5, 2),
        lambda x: response_norm(x, 3, 0.5, 0.75, 1.0)),
    plain_pooling_case(
        "local_response_normalization of an even size",
        "type: local_response_normalization, size: 4, alpha: 2, beta: 1.5, k: 0.5", numbers(6, 1, 2),
        lambda x: response_norm(x, 4, 2.0, 1.5, 0.5)),
    plain_pooling_case("softmax", "type: softmax", numbers(7), lambda x: x.softmax(1)),
    plain_pooling_case("softmax over axis 0", "type: softmax", numbers(3, 2), lambda x: x.softmax(1)),
    plain_pooling_case(
        "softmax over axis 1", "type: softmax, axis: 1", numbers(2, 3, 2), lambda x: x.softmax(2)),
    plain_pooling_case("log_softmax", "type: log_softmax", numbers(7), lambda x: x.log_softmax(1)),
    plain_pooling_case(
        "log_softmax over axis 1", "type: log_softmax, axis: 1", numbers(2, 4),
        lambda x: x.log_softmax(2)),
    separable_case("separable_convolution", numbers(2, 3, 4), (2, 2), 3, 1, 1, 0, True),
    separable_case(
        "separable_convolution in 1-D with two channels each", numbers(2, 6), (3,), 2, 2, 2, 1,
        False),
    embedding_case("embedding", [2, 0, 1, 2], 4, 3, 0),
    embedding_case("embedding of one index", [1], 3, 5, -1),
    plain_pooling_case("glu", "type: glu", numbers(4, 3), lambda x: functional.glu(x, 1)),
]
print(json.dumps(cases, indent=1))
