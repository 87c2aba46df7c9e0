"""Values of every loss and their gradients by the network's output z, by PyTorch in float64.

Each case holds a loss's type and options as an experiment file writes them, z, the targets (class
indices where `classes` is given), and for each reduction the loss and ∂L/∂z. Reductions are of
samples: `mean` is 1/n of the sum, `half_mean` 1/(2n), whatever else PyTorch divides by (all
outputs, or the sum of the class weights).
"""

import torch
import torch.nn.functional as F

from reference import Draw, numbers, write

cases = []
draw = Draw(20260102)


def case(name, loss, options, z, t, function, classes=None, target=None):
    """Adds a case. `function(z, t)` returns the sum over samples."""
    z = z.clone().requires_grad_()
    n = z.shape[0]
    reductions = {}
    for reduction, scale in [("mean", 1 / n), ("sum", 1), ("half_mean", 1 / (2 * n))]:
        value = function(z, t) * scale
        (dz,) = torch.autograd.grad(value, z)
        assert torch.isfinite(dz).all(), name
        reductions[reduction] = {"value": value.item(), "dz": numbers(dz)}
    cases.append({
        "name": name,
        "type": loss,
        "options": options,
        "samples": n,
        "output": list(z.shape[1:]),
        "z": numbers(z),
        "classes": classes,
        "targets": numbers(t),
        **({"target": target} if target else {}),
        "reductions": reductions,
    })


def one_hot(c, k):
    return F.one_hot(c, k).double()


# Of values

for name, shape in [("one output", (5, 1)), ("three outputs", (4, 3)), ("an image", (3, 2, 2, 2))]:
    z, t = draw.normal(*shape, scale=2), draw.normal(*shape)
    case(f"squared_error, {name}", "squared_error", {}, z, t,
         lambda z, t: F.mse_loss(z, t, reduction="sum"))
    case(f"absolute_error, {name}", "absolute_error", {}, z, t,
         lambda z, t: F.l1_loss(z, t, reduction="sum"))
    case(f"huber, {name}", "huber", {}, z, t,
         lambda z, t: F.huber_loss(z, t, reduction="sum"))
    case(f"huber, delta 0.4, {name}", "huber", {"delta": 0.4}, z, t,
         lambda z, t: F.huber_loss(z, t, reduction="sum", delta=0.4))

z = torch.tensor([[1.5, -2.0], [0.25, 3.0], [-1.0, 0.0]])
t = torch.tensor([[1.5, -1.0], [0.25, 0.0], [-2.0, 0.0]])
case("squared_error, at the target", "squared_error", {}, z, t,
     lambda z, t: F.mse_loss(z, t, reduction="sum"))
case("absolute_error, at the target", "absolute_error", {}, z, t,
     lambda z, t: F.l1_loss(z, t, reduction="sum"))
case("huber, at the target and at delta", "huber", {}, z, t,
     lambda z, t: F.huber_loss(z, t, reduction="sum"))

# Class indices that are read as numbers: one output, and one output per class.
z, c = draw.normal(5, 1), torch.tensor([0, 1, 1, 0, 1])
case("squared_error, one output for two classes", "squared_error", {}, z, c,
     lambda z, t: F.mse_loss(z[:, 0], t.double(), reduction="sum"), classes=2)
z, c = draw.normal(5, 3), torch.tensor([2, 0, 1, 1, 2])
case("squared_error, one output per class", "squared_error", {}, z, c,
     lambda z, t: F.mse_loss(z, one_hot(t, 3), reduction="sum"), classes=3)


# Binary cross-entropy

logits = F.binary_cross_entropy_with_logits
probabilities = F.binary_cross_entropy


def weighted_probabilities(w0, w1):
    """PyTorch weighs entries, not classes: that of each entry is its class's."""
    return lambda z, t: probabilities(z, t, weight=w0 + (w1 - w0) * t, reduction="sum")


def weighted_logits(w0, w1):
    """`pos_weight` weighs class 1 against class 0."""
    positive = torch.tensor(w1 / w0)
    return lambda z, t: w0 * logits(z, t, pos_weight=positive, reduction="sum")


binary = "binary_cross_entropy"
for name, shape in [("one output", (5, 1)), ("three outputs", (4, 3))]:
    hard = draw.uniform(0, 1, *shape).round()
    soft = draw.uniform(0, 1, *shape)
    z, p = draw.normal(*shape, scale=2), draw.uniform(0.02, 0.98, *shape)
    from_logits, from_probabilities = {"from": "logits"}, {"from": "probabilities"}
    case(f"{binary} from logits, {name}", binary, from_logits, z, hard,
         lambda z, t: logits(z, t, reduction="sum"))
    case(f"{binary} from logits, soft targets, {name}", binary, from_logits, z, soft,
         lambda z, t: logits(z, t, reduction="sum"))
    case(f"{binary} from logits, weighted, {name}", binary,
         {"from": "logits", "class_weights": [0.5, 3]}, z, hard, weighted_logits(0.5, 3))
    case(f"{binary} from logits, soft and weighted, {name}", binary,
         {"from": "logits", "class_weights": [2, 0.5]}, z, soft, weighted_logits(2, 0.5))
    case(f"{binary} from probabilities, {name}", binary, from_probabilities, p, hard,
         lambda z, t: probabilities(z, t, reduction="sum"))
    case(f"{binary} from probabilities, soft targets, {name}", binary, from_probabilities, p, soft,
         lambda z, t: probabilities(z, t, reduction="sum"))
    case(f"{binary} from probabilities, weighted, {name}", binary,
         {"from": "probabilities", "class_weights": [0.5, 3]}, p, hard,
         weighted_probabilities(0.5, 3))
case(f"{binary} from logits, far out", binary, {"from": "logits"},
     torch.tensor([[500.0], [-500], [40], [-40], [0], [500], [-500]]),
     torch.tensor([[1.0], [0], [0], [1], [1], [0], [1]]),
     lambda z, t: logits(z, t, reduction="sum"))
c = torch.tensor([0, 1, 1, 0, 1])
case(f"{binary} from logits, classes", binary, {"from": "logits"}, draw.normal(5, 1), c,
     lambda z, t: logits(z[:, 0], t.double(), reduction="sum"), classes=2)


# Cross-entropy

cross = "cross_entropy"
k, weights = 4, [0.25, 1, 3, 0.5]
w = torch.tensor(weights)
c = torch.tensor([2, 0, 3, 1, 2])
z = draw.normal(5, k, scale=2)
p = torch.tensor(draw.uniform(0.1, 1, 5, k).softmax(1).numpy().round(6))
soft = torch.tensor(draw.normal(5, k).softmax(1).numpy().round(4))
for title, weight, more in [("", None, {}), (", weighted", w, {"class_weights": weights})]:
    case(f"{cross} from logits, classes{title}", cross, {"from": "logits", **more}, z, c,
         lambda z, t: F.cross_entropy(z, t, weight, reduction="sum"), classes=k)
    case(f"{cross} from logits, one-hot{title}", cross, {"from": "logits", **more}, z,
         one_hot(c, k), lambda z, t: F.cross_entropy(z, t, weight, reduction="sum"))
    case(f"{cross} from logits, soft targets{title}", cross, {"from": "logits", **more}, z, soft,
         lambda z, t: F.cross_entropy(z, t, weight, reduction="sum"))
    case(f"{cross} from probabilities, classes{title}", cross, {"from": "probabilities", **more},
         p, c, lambda z, t: F.nll_loss(z.log(), t, weight, reduction="sum"), classes=k)
    case(f"{cross} from probabilities, one-hot{title}", cross, {"from": "probabilities", **more},
         p, one_hot(c, k),
         lambda z, t: F.nll_loss(z.log(), t.argmax(1), weight, reduction="sum"))
    case(f"{cross} from probabilities, soft targets{title}", cross,
         {"from": "probabilities", **more}, p, soft,
         lambda z, t: -(t * z.log() * (1 if weight is None else weight)).sum())
case(f"{cross} from logits, far out", cross, {"from": "logits"},
     torch.tensor([[800.0, 0, -800], [-1000, -1001, -999], [60, 0, 0], [0, 60, 20]]),
     torch.tensor([2, 1, 0, 1]), lambda z, t: F.cross_entropy(z, t, reduction="sum"), classes=3)
case(f"{cross} from logits, two classes", cross, {"from": "logits"}, draw.normal(5, 2),
     torch.tensor([1, 0, 0, 1, 1]), lambda z, t: F.cross_entropy(z, t, reduction="sum"), classes=2)


# Hinge. PyTorch's multi_margin_loss sums over all rivals (Weston and Watkins) and divides by k;
# Crammer and Singer's takes the largest rival alone, and is written out. Both agree for k = 2.


def crammer_singer(margin):
    def function(z, t):
        rivals = z.masked_fill(one_hot(t, z.shape[1]).bool(), -torch.inf)
        own = z.gather(1, t[:, None])[:, 0]
        return (margin + rivals.amax(1) - own).clamp(min=0).sum()
    return function


def binary_hinge(margin):
    """max(0, −y(z − 0) + margin)"""
    return lambda z, t: F.margin_ranking_loss(
        z, torch.zeros_like(z), torch.where(t >= 0.5, 1.0, -1.0), margin, reduction="sum")


for margin in [1, 0.3]:
    more = {} if margin == 1 else {"margin": margin}
    title = "" if margin == 1 else f", margin {margin}"
    z = draw.normal(8, 1, scale=1.5)
    t = draw.uniform(0, 1, 8, 1).round()
    case(f"hinge, targets 0 and 1{title}", "hinge", more, z, t, binary_hinge(margin))
    case(f"hinge, targets −1 and 1{title}", "hinge", more, z, 2 * t - 1, binary_hinge(margin))
    case(f"hinge, two classes of one output{title}", "hinge", more, z, t.long(),
         binary_hinge(margin), classes=2)
    z, c = draw.normal(8, 4, scale=1.5), torch.tensor([0, 1, 2, 3, 3, 1, 0, 2])
    case(f"hinge, four classes{title}", "hinge", more, z, c, crammer_singer(margin), classes=4)
    case(f"hinge, one-hot{title}", "hinge", more, z, one_hot(c, 4),
         lambda z, t: crammer_singer(margin)(z, t.argmax(1)))
    z, c = draw.normal(6, 2), torch.tensor([0, 1, 1, 0, 1, 0])
    twice = 2 * F.multi_margin_loss(z, c, margin=margin, reduction="sum")
    assert abs(twice - crammer_singer(margin)(z, c)) < 1e-14
    case(f"hinge, two classes of two outputs{title}", "hinge", more, z, c,
         lambda z, t: 2 * F.multi_margin_loss(z, t, margin=margin, reduction="sum"), classes=2)

# Label smoothing, by PyTorch's own option and by smoothed targets.
draw = Draw(20261128)
z = draw.normal(5, k, scale=2)
c = torch.tensor([2, 0, 3, 1, 2])
soft = torch.tensor(draw.normal(5, k).softmax(1).numpy().round(4))
for title, weight, more in [("", None, {}), (", weighted", w, {"class_weights": weights})]:
    for name, t, classes in [("classes", c, k), ("soft targets", soft, None)]:
        case(f"{cross} from logits, smoothed, {name}{title}", cross,
             {"from": "logits", "label_smoothing": 0.1, **more}, z, t,
             lambda z, t: F.cross_entropy(z, t, weight, reduction="sum", label_smoothing=0.1),
             classes=classes)
z = draw.normal(6, 2)
hard = torch.tensor([[0.0, 1], [1, 0], [1, 1], [0, 0], [1, 0], [0, 1]])
case(f"{binary} from logits, smoothed", binary, {"from": "logits", "label_smoothing": 0.2}, z, hard,
     lambda z, t: F.binary_cross_entropy_with_logits(z, 0.8 * t + 0.1, reduction="sum"))
case(f"{binary} from probabilities, smoothed", binary,
     {"from": "probabilities", "label_smoothing": 0.2}, z.sigmoid(), hard,
     lambda z, t: F.binary_cross_entropy(z, 0.8 * t + 0.1, reduction="sum"))

# Formulas

for name, shape in [("one output", (5, 1)), ("three outputs", (4, 3)), ("an image", (3, 2, 2, 2))]:
    z, t = draw.normal(*shape, scale=2), draw.normal(*shape)
    for q in [0.5, 0.9]:
        case(f"quantile {q}, {name}", "quantile", {"quantile": q}, z, t,
             lambda z, t: torch.maximum(q * (t - z), (q - 1) * (t - z)).sum())
    case(f"log_cosh, {name}", "log_cosh", {}, z, t,
         lambda z, t: torch.log(torch.cosh(z - t)).sum())
    case(f"cosine, {name}", "cosine", {}, z, t,
         lambda z, t: (1 - F.cosine_similarity(z.flatten(1), t.flatten(1), eps=0)).sum())
    rates, counts = draw.uniform(0.1, 5, *shape), draw.uniform(0, 9, *shape).floor()
    case(f"poisson, {name}", "poisson", {}, rates, counts,
         lambda z, t: F.poisson_nll_loss(z, t, log_input=False, eps=0, reduction="sum"))
z = draw.normal(4, 5, scale=2)
t = torch.tensor([[0.25, 0.5, 0.25, 0, 0], [1, 0, 0, 0, 0], [0.125, 0.5, 0, 0.375, 0], [0.2] * 5])
case("kullback_leibler, logits", "kullback_leibler", {}, z, t,
     lambda z, t: F.kl_div(z.log_softmax(1), t, reduction="sum"))
case("kullback_leibler, log_probabilities", "kullback_leibler", {"from": "log_probabilities"},
     z.log_softmax(1), t, lambda z, t: F.kl_div(z, t, reduction="sum"))
for name, shape in [("one output", (6, 1)), ("three outputs", (4, 3))]:
    z, t = draw.uniform(0, 3, *shape), draw.uniform(0, 2, *shape).floor()
    for m in [1, 2.5]:
        case(f"contrastive {m}, {name}", "contrastive", {"margin": m}, z, t,
             lambda z, t: (t * z ** 2 + (1 - t) * (m - z).clamp(min=0) ** 2).sum() / 2)
c = torch.tensor([0, 2, 3, 1])
case("kullback_leibler, classes", "kullback_leibler", {}, draw.normal(4, 4), c.double(),
     lambda z, t: F.kl_div(z.log_softmax(1), one_hot(t.long(), 4), reduction="sum"), classes=4)

# Focal

def focal(z, t, gamma, weights=None):
    """Lin et al. 2017, equation 4, of the softmax."""
    log_q = z.log_softmax(1)[torch.arange(len(z)), t.long()]
    w = 1 if weights is None else torch.tensor(weights)[t.long()]
    return (w * (-torch.expm1(log_q)) ** gamma * -log_q).sum()


def binary_focal(z, t, gamma, w0=1.0, w1=1.0):
    """torchvision's sigmoid_focal_loss, with a weight for each class."""
    loss = logits(z, t, reduction="none")
    p = z.sigmoid()
    return ((w1 * t + w0 * (1 - t)) * loss * (1 - (p * t + (1 - p) * (1 - t))) ** gamma).sum()


c = torch.tensor([0, 2, 3, 1, 2])
for gamma in [0, 0.5, 2, 3.5]:
    z = draw.normal(5, 4, scale=2)
    case(f"focal {gamma}", "focal", {"gamma": gamma}, z, c,
         lambda z, t: focal(z, t, gamma), classes=4)
case("focal, weighted", "focal", {"class_weights": [1, 0.5, 2, 3]}, draw.normal(5, 4), c,
     lambda z, t: focal(z, t, 2, [1, 0.5, 2, 3]), classes=4)
for name, shape in [("one output", (5, 1)), ("an image", (3, 2, 2, 2))]:
    z, hard = draw.normal(*shape, scale=2), draw.uniform(0, 1, *shape).round()
    for gamma in [0, 0.5, 2, 3.5]:
        case(f"binary_focal {gamma}, {name}", "binary_focal", {"gamma": gamma}, z, hard,
             lambda z, t: binary_focal(z, t, gamma))
    case(f"binary_focal, weighted, {name}", "binary_focal",
         {"class_weights": [0.75, 0.25]}, z, hard,
         lambda z, t: binary_focal(z, t, 2, 0.75, 0.25))
c = torch.tensor([0, 1, 1, 0, 1])
case("binary_focal, classes", "binary_focal", {}, draw.normal(5, 1), c,
     lambda z, t: binary_focal(z[:, 0], t.double(), 2), classes=2)

# Normal distributions

for name, shape in [("one number", (5, 1)), ("three numbers", (4, 3)), ("an image", (3, 2, 2, 2))]:
    t, mean = draw.normal(*shape), draw.normal(*shape, scale=2)
    n = shape[1]
    case(f"gaussian_nll, {name}", "gaussian_nll", {},
         torch.cat([mean, draw.normal(*shape)], 1), t,
         lambda z, t: F.gaussian_nll_loss(
             z[:, :n], t, z[:, n:].exp(), eps=1e-300, reduction="sum"), target=list(shape[1:]))
    case(f"gaussian_nll of variances, {name}", "gaussian_nll", {"from": "variance"},
         torch.cat([mean, draw.uniform(0.05, 4, *shape)], 1), t,
         lambda z, t: F.gaussian_nll_loss(z[:, :n], t, z[:, n:], reduction="sum"),
         target=list(shape[1:]))

write(__file__, {}, cases=cases)
