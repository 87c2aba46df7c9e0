"""Training trajectories of every optimizer and schedule, by PyTorch in float64.

A network of 3 inputs, 4 tanh units and 2 linear outputs, six samples, the squared error's mean over
samples, and given initial weights. The parameters are one vector: the first layer's weight
[4, 3] and bias, the second's weight [2, 4] and bias.

Optimizers take 20 steps on the full batch; each case holds the loss before every step and the
parameters after it. Schedules run sgd for 12 epochs of two steps on three samples each; each case
holds the learning rate of every epoch, the mean loss of its steps as they were taken, and the
parameters at its end.
"""

import torch

from reference import Draw, numbers, write

draw = Draw(20260103)
shapes = [(4, 3), (4,), (2, 4), (2,)]
inputs = draw.normal(6, 3)
targets = draw.normal(6, 2)
initial = [draw.normal(*shape, scale=0.7) for shape in shapes]


class Tanh(torch.autograd.Function):
    """tanh x with the slope 4e/(1 + e)², e = e^(−2|x|): PyTorch's 1 − y² loses digits, which the
    line searches of lbfgs amplify."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return torch.tanh(x)

    @staticmethod
    def backward(context, dy):
        e = torch.exp(-2 * context.saved_tensors[0].abs())
        return dy * 4 * e / (1 + e) ** 2


def network(w, x):
    return Tanh.apply(x @ w[0].T + w[1]) @ w[2].T + w[3]


def loss(w, samples):
    x, t = inputs[samples], targets[samples]
    return ((network(w, x) - t) ** 2).sum() / len(x)


def start():
    return [w.clone().requires_grad_() for w in initial]


def flat(w):
    return numbers(torch.cat([p.detach().reshape(-1) for p in w]))


# Optimizers

trajectories = []


def trajectory(name, optimizer, options, make, steps=20):
    w = start()
    rule = make(w)
    losses, parameters = [], []

    def closure():
        rule.zero_grad()
        value = loss(w, slice(None))
        value.backward()
        return value

    for _ in range(steps):
        losses.append(loss(w, slice(None)).item())
        rule.step(closure)
        parameters.append(flat(w))
    trajectories.append({
        "name": name,
        "type": optimizer,
        "options": options,
        "losses": losses,
        "parameters": parameters,
    })


def assert_all_differ(cases):
    """Fails if an option has no effect, because the case would then test nothing."""
    for i, a in enumerate(cases):
        for b in cases[:i]:
            assert a["parameters"] != b["parameters"], f"{a['name']} is the same as {b['name']}"


optim = torch.optim

for name, options in [
    ("plain", {}),
    ("momentum", dict(momentum=0.9)),
    ("dampening", dict(momentum=0.8, dampening=0.3)),
    ("nesterov", dict(momentum=0.9, nesterov=True)),
    ("weight decay", dict(weight_decay=0.1)),
    ("nesterov and weight decay", dict(momentum=0.7, nesterov=True, weight_decay=0.05)),
    ("dampening and weight decay", dict(momentum=0.9, dampening=0.5, weight_decay=0.05)),
]:
    trajectory(f"sgd, {name}", "sgd", dict(learning_rate=0.05, **options),
               lambda w: optim.SGD(w, lr=0.05, **options))

trajectory("adagrad", "adagrad", dict(learning_rate=0.1), lambda w: optim.Adagrad(w, lr=0.1))
trajectory(
    "adagrad, every option", "adagrad",
    dict(learning_rate=0.3, learning_rate_decay=0.05, initial_accumulator=0.2, epsilon=1e-3,
         weight_decay=0.1),
    lambda w: optim.Adagrad(
        w, lr=0.3, lr_decay=0.05, initial_accumulator_value=0.2, eps=1e-3, weight_decay=0.1))

for name, options in [
    ("plain", {}),
    ("momentum", dict(momentum=0.9)),
    ("centered", dict(centered=True)),
    ("centered, momentum and weight decay", dict(centered=True, momentum=0.5, weight_decay=0.1)),
    ("alpha 0.9", dict(alpha=0.9)),
]:
    trajectory(f"rmsprop, {name}", "rmsprop", dict(learning_rate=0.005, **options),
               lambda w: optim.RMSprop(w, lr=0.005, **options))
trajectory(
    "rmsprop, large epsilon", "rmsprop", dict(learning_rate=0.02, epsilon=0.1),
    lambda w: optim.RMSprop(w, lr=0.02, eps=0.1))

for kind, rule in [("adam", optim.Adam), ("adamw", optim.AdamW)]:
    for name, written, options in [
        ("plain", {}, {}),
        # With β₂ = 0.999 the squares' mean only grows in 20 steps, and amsgrad changes nothing.
        ("amsgrad", dict(amsgrad=True, beta2=0.8), dict(amsgrad=True, betas=(0.9, 0.8))),
        ("beta2 0.8", dict(beta2=0.8), dict(betas=(0.9, 0.8))),
        ("weight decay", dict(weight_decay=0.2), dict(weight_decay=0.2)),
        ("other betas, amsgrad and weight decay",
         dict(beta1=0.7, beta2=0.9, amsgrad=True, weight_decay=0.1, epsilon=1e-3),
         dict(betas=(0.7, 0.9), amsgrad=True, weight_decay=0.1, eps=1e-3)),
    ]:
        trajectory(f"{kind}, {name}", kind, dict(learning_rate=0.05, **written),
                   lambda w: rule(w, lr=0.05, **options))

trajectory("rprop", "rprop", {}, lambda w: optim.Rprop(w))
trajectory(
    "rprop, every option", "rprop",
    dict(learning_rate=0.1, eta_minus=0.4, eta_plus=1.5, step_minimum=0.03, step_maximum=0.4),
    lambda w: optim.Rprop(w, lr=0.1, etas=(0.4, 1.5), step_sizes=(0.03, 0.4)))

# Rates far from 1 make the line search widen and narrow; these reach all of its branches but a
# bracket below 1e-9 and a trial pushed back from the far end. Where no evaluations are given they
# are 1.25 a move, and searches end for want of them.
for search, rate, moves, evaluations, history, steps in [
    ("none", 0.5, 1, None, 10, 20),
    ("none", 0.3, 1, None, 3, 20),
    ("none", 0.8, 4, None, 5, 5),
    ("strong_wolfe", 1, 1, 26, 10, 20),
    ("strong_wolfe", 4.457, 1, 26, 3, 20),
    ("strong_wolfe", 10.94, 1, 26, 3, 20),
    ("strong_wolfe", 2.6, 2, 52, 4, 10),
    ("strong_wolfe", 0.02, 1, 26, 6, 20),
    ("strong_wolfe", 60, 2, 52, 4, 10),
    ("strong_wolfe", 0.8, 4, None, 5, 5),
    ("strong_wolfe", 3, 4, None, 10, 10),
    ("strong_wolfe", 0.01, 4, None, 10, 10),
    ("strong_wolfe", 2, 2, 4, 10, 20),
]:
    written = dict(
        learning_rate=rate, line_search=search, max_iterations=moves, history_size=history)
    if evaluations is not None:
        written["max_evaluations"] = evaluations
    trajectory(
        "lbfgs, " + ", ".join(f"{key} {value}" for key, value in written.items()), "lbfgs", written,
        lambda w: optim.LBFGS(
            w, lr=rate, max_iter=moves, max_eval=evaluations, history_size=history,
            line_search_fn=None if search == "none" else search),
        steps)

trajectory("nadam", "nadam", dict(learning_rate=0.05), lambda w: optim.NAdam(w, lr=0.05))
trajectory(
    "nadam, every option", "nadam",
    dict(learning_rate=0.03, beta1=0.7, beta2=0.9, epsilon=1e-3, momentum_decay=0.1,
         weight_decay=0.1),
    lambda w: optim.NAdam(
        w, lr=0.03, betas=(0.7, 0.9), eps=1e-3, momentum_decay=0.1, weight_decay=0.1))
trajectory("radam", "radam", dict(learning_rate=0.05), lambda w: optim.RAdam(w, lr=0.05))
trajectory(
    "radam, every option", "radam",
    dict(learning_rate=0.03, beta1=0.7, beta2=0.9, epsilon=1e-3, weight_decay=0.1),
    lambda w: optim.RAdam(w, lr=0.03, betas=(0.7, 0.9), eps=1e-3, weight_decay=0.1))
trajectory("adadelta", "adadelta", {}, lambda w: optim.Adadelta(w, lr=1))
trajectory(
    "adadelta, every option", "adadelta",
    dict(learning_rate=3, rho=0.8, epsilon=1e-3, weight_decay=0.1),
    lambda w: optim.Adadelta(w, lr=3, rho=0.8, eps=1e-3, weight_decay=0.1))


class Lion(optim.Optimizer):
    """Algorithm 2 of Chen et al. 2023, which PyTorch does not have."""

    def __init__(self, w, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(w, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    def step(self, closure):
        closure()
        for group in self.param_groups:
            (b1, b2), rate, decay = group["betas"], group["lr"], group["weight_decay"]
            for w in group["params"]:
                m = self.state[w].setdefault("m", torch.zeros_like(w))
                c = b1 * m + (1 - b1) * w.grad
                with torch.no_grad():
                    w -= rate * (c.sign() + decay * w)
                m.mul_(b2).add_(w.grad, alpha=1 - b2)


trajectory("lion", "lion", dict(learning_rate=0.01), lambda w: Lion(w, lr=0.01))
trajectory(
    "lion, every option", "lion",
    dict(learning_rate=0.02, beta1=0.7, beta2=0.9, weight_decay=0.1),
    lambda w: Lion(w, lr=0.02, betas=(0.7, 0.9), weight_decay=0.1))


# Schedules

schedules = []
epochs = 12
batches = [slice(0, 3), slice(3, 6)]


def schedule(name, kind, options, make, rate=0.1, by="epoch"):
    """`make` gives the scheduler, stepped after every epoch or step."""
    w = start()
    rule = optim.SGD(w, lr=rate)
    scheduler = make(rule)
    rates, losses, parameters = [], [], []
    for _ in range(epochs):
        total = 0
        for batch in batches:
            rates.append(rule.param_groups[0]["lr"])
            rule.zero_grad()
            value = loss(w, batch)
            value.backward()
            rule.step()
            total += value.item() * len(inputs[batch])
            if by == "step":
                scheduler.step()
        total /= len(inputs)
        if by == "epoch":
            takes_loss = isinstance(scheduler, optim.lr_scheduler.ReduceLROnPlateau)
            scheduler.step(*([total] if takes_loss else []))
        losses.append(total)
        parameters.append(flat(w))
    schedules.append({
        "name": name,
        "type": kind,
        "options": options,
        "rate": rate,
        "rates": rates,
        "losses": losses,
        "parameters": parameters,
    })


rates = optim.lr_scheduler
schedule("constant", "constant", {}, lambda o: rates.LambdaLR(o, lambda t: 1))
schedule("step", "step", dict(every=5, factor=0.5), lambda o: rates.StepLR(o, 5, 0.5))
schedule("exponential", "exponential", dict(factor=0.9), lambda o: rates.ExponentialLR(o, 0.9))
schedule(
    "exponential by step", "exponential", dict(factor=0.95, by="step"),
    lambda o: rates.ExponentialLR(o, 0.95), by="step")
schedule(
    "inverse_time", "inverse_time", dict(decay=0.3),
    lambda o: rates.LambdaLR(o, lambda t: 1 / (1 + 0.3 * t)))
schedule(
    "inverse_time by step", "inverse_time", dict(decay=0.1, by="step"),
    lambda o: rates.LambdaLR(o, lambda t: 1 / (1 + 0.1 * t)), by="step")
schedule("cosine", "cosine", {}, lambda o: rates.CosineAnnealingLR(o, epochs))
schedule(
    "cosine with a minimum", "cosine", dict(minimum=0.1),
    lambda o: rates.CosineAnnealingLR(o, epochs, eta_min=0.01))
schedule(
    "cosine by step", "cosine", {"by": "step"},
    lambda o: rates.CosineAnnealingLR(o, epochs * len(batches)), by="step")
schedule(
    "linear_warmup", "linear_warmup", {"epochs": 5, "from": 0.1},
    lambda o: rates.LinearLR(o, start_factor=0.1, total_iters=5))
schedule(
    "linear_warmup by step", "linear_warmup", {"steps": 7, "from": 0.2},
    lambda o: rates.LinearLR(o, start_factor=0.2, total_iters=7), by="step")
schedule(
    "cosine after a warm-up", "cosine", {"warmup": {"epochs": 4, "from": 0.25}},
    lambda o: rates.SequentialLR(
        o,
        [rates.LinearLR(o, start_factor=0.25, total_iters=4),
         rates.CosineAnnealingLR(o, epochs - 4)],
        milestones=[4]))
schedule(
    "step after a warm-up", "step",
    {"every": 3, "factor": 0.6, "warmup": {"epochs": 2, "from": 0.5}},
    lambda o: rates.SequentialLR(
        o, [rates.LinearLR(o, start_factor=0.5, total_iters=2), rates.StepLR(o, 3, 0.6)],
        milestones=[2]))
plateau = rates.ReduceLROnPlateau
schedule(
    "plateau", "plateau", dict(factor=0.5, patience=1, threshold=0.1),
    lambda o: plateau(o, factor=0.5, patience=1, threshold=0.1), rate=0.5)
schedule(
    "plateau with cooldown and minimum", "plateau",
    dict(factor=0.3, patience=0, threshold=0.3, cooldown=1, minimum=0.2),
    lambda o: plateau(o, factor=0.3, patience=0, threshold=0.3, cooldown=1, min_lr=0.08), rate=0.4)

steps = epochs * len(batches)
schedule(
    "multi_step", "multi_step", dict(epochs=[3, 7, 8], factor=0.4),
    lambda o: rates.MultiStepLR(o, [3, 7, 8], 0.4))
schedule("polynomial", "polynomial", {}, lambda o: rates.PolynomialLR(o, epochs))
schedule(
    "polynomial by step", "polynomial", dict(power=2, length=17, by="step"),
    lambda o: rates.PolynomialLR(o, 17, 2), by="step")
schedule(
    "one_cycle", "one_cycle", {},
    lambda o: rates.OneCycleLR(o, 0.1, total_steps=steps, cycle_momentum=False), by="step")
schedule(
    "one_cycle, every option", "one_cycle", dict(rise=0.6, start=4, end=10),
    lambda o: rates.OneCycleLR(
        o, 0.1, total_steps=steps, pct_start=0.6, div_factor=4, final_div_factor=10,
        cycle_momentum=False), by="step")
for shape, mode in [
    ("triangular", "triangular"), ("halving", "triangular2"), ("exponential", "exp_range")]:
    schedule(
        f"cyclic, {shape}", "cyclic",
        dict(up=3, down=5, minimum=0.2, shape=shape)
        | (dict(factor=0.97) if shape == "exponential" else {}),
        lambda o: rates.CyclicLR(
            o, 0.02, 0.1, step_size_up=3, step_size_down=5, mode=mode, gamma=0.97,
            cycle_momentum=False), by="step")
schedule(
    "cosine_restarts", "cosine_restarts", dict(period=5, minimum=0.1),
    lambda o: rates.CosineAnnealingWarmRestarts(o, 5, eta_min=0.01))
schedule(
    "cosine_restarts, growing, by step", "cosine_restarts", dict(period=3, growth=2, by="step"),
    lambda o: rates.CosineAnnealingWarmRestarts(o, 3, 2), by="step")

assert_all_differ(trajectories)
assert_all_differ(schedules)


write(
    __file__,
    {
        "inputs": numbers(inputs),
        "targets": numbers(targets),
        "initial": [{"shape": list(w.shape), "values": numbers(w)} for w in initial],
    },
    optimizers=trajectories,
    schedules=schedules)
