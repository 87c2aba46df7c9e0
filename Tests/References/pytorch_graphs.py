"""Graphs with several inputs, several losses and shared weights, by PyTorch in float64.

Each case holds an experiment's `model:` and `loss:`, its inputs and targets by port, the parameters
under the names that nnexp gives them, every head's loss, their weighted sum, and the gradient of that
sum with respect to every parameter. A target that a sample lacks is null.
"""

import torch
import torch.nn.functional as F

from reference import Draw, numbers, write

draw = Draw(20261128)
cases = []


def port(name, t):
    """A port of the data; `below` is the number of its indices."""
    count = {} if t.is_floating_point() else {"below": int(t.max()) + 1}
    return {"name": name, **count, "shape": list(t.shape[1:]), "samples": len(t), "values": numbers(t)}


def tensor(t):
    return {"shape": list(t.shape), "values": numbers(t)}


def case(name, model, loss, inputs, targets, parameters, forward):
    """`forward(inputs, parameters)` returns the heads' losses and their weights by head."""
    leaves = {key: value.clone().requires_grad_() for key, value in parameters.items()}
    losses = forward(inputs, leaves)
    total = sum(weight * value for value, weight in losses.values())
    total.backward()
    cases.append(
        {
            "name": name,
            "model": model,
            "loss": loss,
            "inputs": [port(key, v) for key, v in inputs.items()],
            "targets": [{"name": key, **target} for key, target in targets.items()],
            "parameters": {key: tensor(v) for key, v in parameters.items()},
            "losses": {key: value.item() for key, (value, _) in losses.items()},
            "total": total.item(),
            "gradients": {key: tensor(v.grad) for key, v in leaves.items()},
        }
    )


def values(t):
    return {"shape": list(t.shape[1:]), "values": [None if x != x else x for x in t.reshape(-1).tolist()]}


def classes(t, count):
    return {"classes": count, "values": [None if x < 0 else int(x) for x in t.tolist()]}


def linear(p, name, x):
    return F.linear(x.reshape(len(x), -1), p[f"{name}.weight"], p.get(f"{name}.bias"))


def dense(parameters, name, units, inputs):
    parameters[f"{name}.weight"] = draw.normal(units, inputs, scale=0.5)
    parameters[f"{name}.bias"] = draw.normal(units, scale=0.5)


# Two inputs of different shapes, two heads, one inside the graph.

p = {}
for shape in [("image", 3, 12), ("table", 3, 2), ("middle", 2, 6), ("top", 3, 2)]:
    dense(p, *shape)
x = {"picture": draw.normal(5, 3, 4), "numbers": draw.normal(5, 2)}
t = draw.normal(5, 2)
kinds = torch.tensor([0, 2, 1, 1, 0])


def two_heads(x, p):
    a = torch.tanh(linear(p, "image", x["picture"]))
    b = torch.sigmoid(linear(p, "table", x["numbers"]))
    z = linear(p, "middle", torch.cat([a, b], 1))
    top = linear(p, "top", torch.tanh(z))
    return {
        "middle": (((z - t) ** 2).sum() / 5, 0.25),
        "top": (F.cross_entropy(top, kinds) / 2, 3),
    }


case(
    "two inputs and two heads, one inside the graph",
    """
- {type: dense, units: 3, name: image, inputs: picture}
- {type: tanh, name: a}
- {type: dense, units: 3, name: table, inputs: numbers}
- {type: sigmoid, name: b}
- {type: concatenate, inputs: [a, b], name: both}
- {type: dense, units: 2, name: middle}
- {type: tanh, name: bent}
- {type: dense, units: 3, name: top}
""",
    """
  middle: {type: squared_error, target: size, weight: 0.25}
  top: {type: cross_entropy, target: kind, weight: 3, reduction: half_mean}
""",
    x,
    {"size": values(t), "kind": classes(kinds, 3)},
    p,
    two_heads,
)

# A head feeds a fused activation, and both feed a head.

p = {}
dense(p, "score", 2, 3)
x = {"x": draw.normal(6, 3)}
s, u = draw.normal(6, 2), draw.normal(6, 2)


def head_and_activation(x, p):
    z = linear(p, "score", x["x"])
    return {
        "score": (((z - s) ** 2).sum() / 6, 1),
        "rate": (((torch.sigmoid(z) - u).abs()).sum() / 6, 2),
    }


case(
    "a head whose value an activation reads too",
    """
- {type: dense, units: 2, name: score, inputs: x}
- {type: sigmoid, name: rate}
""",
    """
  score: {type: squared_error}
  rate: {type: absolute_error, weight: 2}
""",
    x,
    {"score": values(s), "rate": values(u)},
    p,
    head_and_activation,
)

# Samples that lack the target of one head, or of both.

p = {}
dense(p, "hidden", 4, 3)
dense(p, "price", 1, 4)
dense(p, "sold", 3, 4)
x = {"x": draw.normal(7, 3)}
price = draw.normal(7, 1)
price[[1, 4, 5]] = float("nan")
sold = torch.tensor([2, 0, -1, 1, -1, -1, 0])


def missing(x, p):
    h = torch.tanh(linear(p, "hidden", x["x"]))
    has_price, has_sold = ~torch.isnan(price[:, 0]), sold >= 0
    z = linear(p, "price", h)[has_price]
    return {
        "price": (((z - price[has_price]) ** 2).sum() / len(z), 1),
        "sold": (F.cross_entropy(linear(p, "sold", h)[has_sold], sold[has_sold], reduction="sum"), 0.5),
    }


case(
    "targets that samples lack",
    """
- {type: dense, units: 4, name: hidden, inputs: x}
- {type: tanh, name: bent}
- {type: dense, units: 1, name: price}
- {type: dense, units: 3, name: sold, inputs: bent}
""",
    """
  price: {type: squared_error, missing_target: skip}
  sold: {type: cross_entropy, reduction: sum, weight: 0.5, missing_target: skip}
""",
    x,
    {"price": values(price), "sold": classes(sold, 3)},
    p,
    missing,
)

# Siamese: one encoder for both inputs, its bias shared too, and a layer that shares within a chain.

p = {}
dense(p, "left", 3, 4)
dense(p, "deep", 3, 3)
dense(p, "same", 1, 3)
x = {"first": draw.normal(6, 4), "second": draw.normal(6, 4)}
same = draw.uniform(0, 1, 6, 1)


def siamese(x, p):
    def encode(v):
        h = torch.tanh(linear(p, "left", v))
        h = torch.tanh(F.linear(h, p["deep.weight"], p["deep.bias"]))
        return F.linear(h, p["deep.weight"], p["deep.bias"])

    z = linear(p, "same", encode(x["first"]) * encode(x["second"]))
    return {"loss": (((z - same) ** 2).sum() / 6, 1)}


case(
    "shared weights in two branches and along each",
    """
- {type: dense, units: 3, name: left, inputs: first}
- {type: tanh, name: left_1}
- {type: dense, units: 3, name: deep}
- {type: tanh, name: left_2}
- {type: dense, units: 3, name: left_end, parameters: {weight: deep.weight, bias: deep.bias}}
- {type: dense, units: 3, name: right, inputs: second, parameters: {weight: left.weight, bias: left.bias}}
- {type: tanh, name: right_1}
- {type: dense, units: 3, name: right_2, parameters: {weight: left_end.weight, bias: deep.bias}}
- {type: tanh, name: right_3}
- {type: dense, units: 3, name: right_end, parameters: {weight: deep.weight, bias: deep.bias}}
- {type: multiply, inputs: [left_end, right_end], name: product}
- {type: dense, units: 1, name: same}
""",
    " squared_error",
    x,
    {"target": values(same)},
    p,
    siamese,
)

# Convolutions that share their weights, so that shards of a batch have partial gradients.

p = {"one.weight": draw.normal(2, 1, 3, 3, scale=0.4), "one.bias": draw.normal(2, scale=0.4)}
dense(p, "end", 1, 2 * 4 * 4 * 2)
x = {"a": draw.normal(16, 1, 6, 6), "b": draw.normal(16, 1, 6, 6)}
t = draw.normal(16, 1)


def convolutions(x, p):
    def look(v):
        return torch.sigmoid(F.conv2d(v, p["one.weight"], p["one.bias"])).reshape(16, -1)

    z = linear(p, "end", torch.cat([look(x["a"]), look(x["b"])], 1))
    return {"loss": (((z - t) ** 2).sum() / 16, 1)}


case(
    "shared convolutions",
    """
- {type: convolution, channels: 2, window: 3, name: one, inputs: a}
- {type: sigmoid, name: seen}
- {type: convolution, channels: 2, window: 3, name: two, inputs: b, parameters: {weight: one.weight, bias: one.bias}}
- {type: sigmoid, name: seen_too}
- {type: concatenate, inputs: [seen, seen_too], name: both}
- {type: dense, units: 1, name: end}
""",
    " squared_error",
    x,
    {"target": values(t)},
    p,
    convolutions,
)

# Indices: a category and words, the vectors of the words shared with another embedding.

p = {"city_vector.weight": draw.normal(5, 3), "words.weight": draw.normal(6, 2)}
dense(p, "end", 2, 3 + 2 * 4 + 2)
x = {
    "city": torch.tensor([[0], [4], [2], [4]]),
    "text": torch.tensor([[5, 0, 0, 1], [2, 2, 2, 2], [1, 3, 5, 0], [4, 4, 1, 0]]),
    "word": torch.tensor([[5], [0], [2], [2]]),
}
t = draw.normal(4, 2)


def embeddings(x, p):
    city = F.embedding(x["city"][:, 0], p["city_vector.weight"])
    # Channels come before positions.
    text = F.embedding(x["text"], p["words.weight"]).transpose(1, 2)
    word = F.embedding(x["word"][:, 0], p["words.weight"])
    z = linear(p, "end", torch.cat([city, text.reshape(4, -1), word], 1))
    return {"loss": (((z - t) ** 2).sum() / 4, 1)}


case(
    "embeddings",
    """
- {type: embedding, size: 3, name: city_vector, inputs: city}
- {type: embedding, size: 2, name: words, inputs: text}
- {type: flatten, name: flat}
- {type: embedding, size: 2, name: word_vector, inputs: word, parameters: {weight: words.weight}}
- {type: concatenate, inputs: [city_vector, flat, word_vector], name: all}
- {type: dense, units: 2, name: end}
""",
    " squared_error",
    x,
    {"target": values(t)},
    p,
    embeddings,
)

# The vectors of words are the weights of the scores of the next word, too. Index 0 is padding.

p = {"words.weight": draw.normal(6, 3), "score.bias": draw.normal(6)}
dense(p, "hidden", 3, 6)
x = {"text": torch.tensor([[5, 1], [2, 0], [1, 1], [4, 3], [0, 2]])}
following = torch.tensor([2, 5, 0, 1, 2])


def tied(x, p):
    vectors = F.embedding(x["text"], p["words.weight"]) * (x["text"] != 0)[:, :, None]
    h = torch.tanh(linear(p, "hidden", vectors.transpose(1, 2)))
    z = F.linear(h, p["words.weight"], p["score.bias"])
    return {"loss": (F.cross_entropy(z, following), 1)}


case(
    "an embedding shared with an output layer",
    """
- {type: embedding, size: 3, name: words, inputs: text, padding: 0}
- {type: dense, units: 3, name: hidden}
- {type: tanh, name: bent}
- {type: dense, units: 6, name: score, parameters: {weight: words.weight}}
""",
    " cross_entropy",
    x,
    {"target": classes(following, 6)},
    p,
    tied,
)

# Means and variances of one head, numbers of another; some samples lack a target.

p = {}
dense(p, "size", 4, 3)
dense(p, "end", 1, 4)
x = {"x": draw.normal(6, 3)}
size, end = draw.normal(6, 2), draw.normal(6, 1)
size[[1, 4]] = float("nan")


def normal(x, p):
    z = linear(p, "size", x["x"])
    known = ~torch.isnan(size[:, 0])
    likelihood = F.gaussian_nll_loss(
        z[known, :2], size[known], z[known, 2:].exp(), eps=1e-300, reduction="sum")
    return {
        "size": (likelihood / known.sum(), 1),
        "end": (((linear(p, "end", torch.tanh(z)) - end) ** 2).sum() / 6, 0.5),
    }


case(
    "means and variances",
    """
- {type: dense, units: 4, name: size, inputs: x}
- {type: tanh, name: bent}
- {type: dense, units: 1, name: end}
""",
    """
  size: {type: gaussian_nll, missing_target: skip}
  end: {type: squared_error, weight: 0.5}
""",
    x,
    {"size": values(size), "end": values(end)},
    p,
    normal,
)

write(__file__, {}, cases=cases)
