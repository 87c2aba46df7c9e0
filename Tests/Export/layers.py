"""Small networks with every shipped layer, for export.py."""

POOLING = [
    "window: 2", "window: [2, 3], stride: [1, 2]", "window: 3, padding: 1, stride: 2",
    "window: 2, dilation: 2, stride: 1", "window: 3, stride: 2, ceil_mode: true",
    "window: [3, 2], stride: 2, padding: [1, 0], ceil_mode: true", "global: true",
]
POWERS = [
    "p: 1", "p: 2", "p: 3", "p: 4", "p: 1.5", "p: 2.5", "p: 7", "p: .inf",
    "p: 0.5, allow_p_below_one: true", "p: 2.5, learned: true", "p: 2, normalize: true",
    "p: 3.5, normalize: true, learned: true", "p: .inf, normalize: true",
]
ELEMENTWISE = [
    "sigmoid", "tanh", "relu", "{type: leaky_relu, slope: 0.03}", "elu",
    "{type: elu, alpha: 0.7}", "gelu", "{type: gelu, approximation: tanh}", "softplus",
    "{type: softplus, beta: 3}", "softmax", "log_softmax", "batch_normalization",
    "{type: batch_normalization, affine: false, epsilon: 0.001}", "layer_normalization",
    "{type: layer_normalization, affine: false}", "dropout", "silu", "mish", "log_sigmoid",
    "softsign", "selu", "hard_sigmoid", "hard_swish", "{type: hard_tanh, minimum: -0.5}", "relu6",
    "prelu", "{type: prelu, slopes: channels}", "{type: pad, padding: 1}",
    "{type: pad, padding: 2, mode: reflect}", "{type: pad, padding: 2, mode: replicate}",
    "{type: crop, cropping: 1}", "{type: upsample, factor: 2}", "{type: slice, start: 1}",
    "{type: reshape, shape: [9, 8, 3]}",
]
FORMULAS = [
    '{type: formula, y: "x · σ(β·x)", parameters: {β: 1.5}}',
    '{type: formula, y: "exp(xᵢ) / Σⱼ exp(xⱼ)"}',
    '{type: formula, y: "max(x, 0) - min(x, 0)^2 + ln(1 + exp(x)) + erf(x) + |x|"}',
    '{type: formula, y: "x / (1 + sum(x^2))"}',
    '{type: formula, y: "a · max(x, 0) + b", parameters: {a: {initial: 1, shape: channels}, '
    'b: {initial: 0.1, range: [0, 1]}}}',
    '{type: formula, y: "a · tanh(x)", parameters: {a: {initial: 0.5, shape: features}}}',
    '{type: formula, y: "x + mean(a) · max(a²)", parameters: {a: {initial: 0.5, shape: features}}}',
    '{type: formula, y: "x + sum(a) / 9", parameters: {a: {initial: 0.5, shape: channels}}}',
]
WINDOWS = [
    '{type: formula, y: "(Σᵢ |xᵢ|^p)^(1/p)", window: 2, constants: {p: 2.5}}',
    '{type: formula, y: "(Σᵢ |xᵢ|^p)^(1/p)", window: 3, stride: 2, padding: 1, '
    'parameters: {p: {initial: 2, range: [1, .inf]}}}',
    '{type: formula, y: "mean(exp(x)) + max(x)", window: 3, stride: 2, ceil_mode: true}',
    '{type: formula, y: "c · min(x)", window: 2, parameters: {c: {initial: 2, shape: channels}}}',
]
IMAGE = (
    [f"- {{type: max_pooling, {window}}}" for window in POOLING]
    + [f"- {{type: average_pooling, {window}}}" for window in POOLING]
    + [f"- {{type: average_pooling, {window}, count_padding: true}}" for window in POOLING[2:6]]
    + [f"- {{type: lp_pooling, window: 2, {power}}}" for power in POWERS]
    + [f"- {{type: lp_pooling, {window}, {power}}}"
       for window in POOLING[1:6] for power in ("p: 2", "p: 2.5, normalize: true")]
    + [f"- {layer}" for layer in ELEMENTWISE + FORMULAS + WINDOWS]
    + [
        "- {type: convolution, channels: 4, window: 3, padding: 1}",
        "- {type: convolution, channels: 4, window: [3, 2], stride: [2, 1], bias: false}",
        "- {type: convolution, channels: 2, window: 3, dilation: 2, padding: 2}",
        "- {type: convolution, channels: 6, window: 3, groups: 3}",
        "- {type: convolution, channels: 2, window: 4, padding: same_lower, stride: 2}",
        "- {type: convolution, channels: 2, window: 3, padding: [[0, 1], [2, 1]]}",
        "- {type: depthwise_convolution, window: 3, multiplier: 2, padding: same}",
        "- {type: separable_convolution, channels: 4, window: 3}",
        "- {type: transposed_convolution, channels: 2, window: 3, stride: 2, padding: same}",
        # Without groups: with them, onnxruntime agrees, but ONNX's reference evaluator does not.
        "- {type: transposed_convolution, channels: 3, window: 3, stride: 2, padding: 1, "
        "output_padding: 1}",
        *("- {type: reshape, shape: [%s]}\n  - {type: %s}" % pair for pair in [
            ("3, 72", "convolution, channels: 2, window: [3], padding: 1"),
            ("3, 72", "depthwise_convolution, window: [3]"),
            ("3, 72", "separable_convolution, channels: 4, window: [3]"),
            ("3, 72", "transposed_convolution, channels: 2, window: [2], stride: 2"),
            ("3, 72", "max_pooling, window: [3], padding: same"),
            ("3, 72", "lp_pooling, window: [3], stride: 2"),
            ("3, 8, 3, 3", "convolution, channels: 2, window: 2, groups: 1, stride: [2, 1, 1]"),
            ("3, 8, 3, 3", "depthwise_convolution, window: 2"),
            ("3, 8, 3, 3", "transposed_convolution, channels: 2, window: 2, stride: 2"),
            ("3, 8, 3, 3", "max_pooling, window: 2, padding: [[0, 0], [1, 0], [0, 1]]"),
            ("3, 8, 3, 3", "average_pooling, window: 2, padding: 1, count_padding: true"),
            ("3, 8, 3, 3", "average_pooling, global: true"),
            ("3, 8, 3, 3", "max_pooling, window: 2, dilation: 2, ceil_mode: true"),
            ("3, 8, 3, 3", "average_pooling, window: 2, dilation: [2, 1, 1], ceil_mode: true"),
            ("3, 8, 3, 3", "lp_pooling, window: 2, p: 3"),
            ("3, 8, 3, 3", "lp_pooling, window: 2, stride: 1, p: 2.5, normalize: true"),
            ("3, 8, 3, 3", "lp_pooling, window: 2, dilation: 2, p: .inf"),
        ]),
        "- {type: transpose, axes: [1, 2, 0]}",
        "- {type: slice, axis: 2, start: -7, end: 8, step: 2}",
        "- {type: pad, padding: [[1, 2], [0, 1]], value: 0.5}",
        "- {type: upsample, factor: [2, 3]}",
        "- {type: upsample, factor: [2, 3], mode: bilinear}",
        *("- {type: resize, %s}" % options for options in [
            "size: [5, 11]", "size: [5, 11], coordinates: asymmetric, rounding: floor",
            "size: [11, 4], mode: linear", "factor: 2, mode: linear", "factor: 0.7, mode: linear",
            "size: [11, 4], mode: cubic, coordinates: align_corners",
            "size: [4, 11], mode: cubic, coefficient: -0.5, exclude_outside: true, antialias: true",
            "size: 6, aspect_ratio: not_larger, mode: linear, antialias: true",
            "size: 4, mode: linear, coordinates: tf_crop_and_resize, region: [[0, 1.2], [0.3, 1]], "
            "extrapolation: 2",
        ]),
        "- {type: slice, axis: 1, step: -2}",
        "- {type: pad, padding: [[3, 0], [1, 2]], mode: wrap}",
        "- {type: adaptive_pooling, output: [3, 2]}",
        "- {type: adaptive_pooling, output: 2, by: max}",
        "- {type: reduce, by: sum, axes: [0, 2]}", "- {type: reduce, axes: [1], keep_axes: true}",
        "- {type: reduce, by: max, axes: []}", "- {type: spatial_dropout, rate: 0.3}",
        "- gaussian_noise", "- {type: softmax, axis: 2}", "- {type: log_softmax, axis: 1}",
        "- {type: group_normalization, groups: 3}", "- instance_normalization",
        "- {type: layer_normalization, axes: [0]}", "- {type: rms_normalization, axes: [1, 2]}",
        "- {type: local_response_normalization, size: 3, alpha: 0.5}",
        *("- {type: reduce, axes: [1, 2], keep_axes: true, name: a}\n"
          f"  - {{type: {layer}, inputs: [input, a]}}"
          for layer in ("multiply", "subtract", "divide", "maximum", "minimum")),
        "- {type: reduce, axes: [1, 2], keep_axes: true, name: a}\n"
        "  - {type: add, inputs: [a, input, a]}",
        # Inputs that lack axes at the front, which ONNX counts over the batch.
        *(f"- {{type: reduce, axes: {axes}, name: a}}\n  - {{type: {layer}, inputs: {inputs}}}"
          for layer in ("add", "multiply", "subtract", "divide", "maximum", "minimum")
          for axes in ("[0, 1]", "[0]", "[]") for inputs in ("[input, a]", "[a, input]")),
        "- {type: split, sizes: [1, 2], name: a}\n"
        "  - {type: multiply, inputs: [a.part_1, a.part_2]}",
        "- {type: matrix_product, inputs: [input, input], transpose: second}",
    ])
FLAT = (
    [f"- {{type: {layer}, window: 3, stride: 2{rest}}}"
     for layer in ("max_pooling", "average_pooling", "lp_pooling")
     for rest in ("", ", padding: 1", ", ceil_mode: true")]
    + [f"- {layer}" for layer in ELEMENTWISE[:-1] + FORMULAS + WINDOWS]
    + [
        "- {type: dense, units: 3, bias: false}", "- glu", "- {type: maxout, units: 4, pieces: 3}",
        "- {type: dense, units: 12, name: a, inputs: input}\n"
        "  - {type: tanh, name: b, inputs: input}\n"
        "  - {type: add, inputs: [a, b, input]}",
        "- {type: dense, units: 12, name: a, inputs: input}\n"
        "  - {type: multiply, inputs: [a, input, a]}",
        *(f"- {{type: dense, units: 12, name: a, inputs: input}}\n"
          f"  - {{type: {layer}, inputs: [a, input]}}"
          for layer in ("subtract", "divide", "maximum", "minimum")),
        "- {type: dense, units: 3, name: a, inputs: input}\n"
        "  - {type: concatenate, inputs: [a, input, a]}",
        "- {type: dense, units: 12, name: a, inputs: input}\n"
        "  - {type: formula, y: \"a·b + a\", inputs: {a: input, b: a}}",
        "- {type: dense, units: 12, name: a}\n"
        "  - {type: dense, units: 12, name: b, parameters: {weight: a.weight}}",
    ])

EXPERIMENT = """
name: layer
dtype: {dtype}
data:
  npz: {{path: {path}, inputs: {array}, targets: t}}
  scale: {scale}
model:
  {model}
  - flatten
  - {{type: dense, units: 2}}
loss: squared_error
train: {{epochs: 2, optimizer: {{type: sgd, learning_rate: 0.01}}}}
"""


VARIANCES = """
name: variances
dtype: {dtype}
data: {{npz: {{path: {path}, inputs: flat, targets: t}}, scale: {scale}}}
model: [{{type: dense, units: 6}}, tanh, {{type: dense, units: 4}}{last}]
loss: {loss}
train: {{epochs: 3, optimizer: {{type: sgd, learning_rate: 1.0e-6}}}}
"""
LIKELIHOODS = [
    ("gaussian_nll", ""), ("{type: gaussian_nll, from: variance}", ", softplus"),
    # Some variances are below the smallest.
    ("{type: gaussian_nll, from: variance, epsilon: 0.5}", ", softplus"),
]


def variances(path, dtype):
    """The loss, and the experiment file, of networks that learn means and variances."""
    for scale in ("none", "standardize", "{inputs: none, targets: min_max}"):
        for loss, last in LIKELIHOODS:
            yield f"{loss}, scale {scale}", VARIANCES.format(
                dtype=dtype, path=path, scale=scale, loss=loss, last=last)


def networks(path, dtype):
    """The name of the array of inputs, and the experiment file, of each network."""
    for array, models in (("image", IMAGE), ("flat", FLAT)):
        for number, model in enumerate(models):
            scale = "none" if number % 2 else "standardize"
            yield array, model, EXPERIMENT.format(
                dtype=dtype, path=path, array=array, scale=scale, model=model)
