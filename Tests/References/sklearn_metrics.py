"""Every metric by scikit-learn, for ReferenceMetricTests.

    python3 Tests/References/sklearn_metrics.py    # needs numpy and scikit-learn

The expected calibration error, which scikit-learn does not have, is computed here by its
definition.
"""

import numpy
import sklearn
import sklearn.metrics as sk
from reference import write

random = numpy.random.default_rng(20261128)


def normal(*shape):
    return numpy.round(random.normal(size=shape), 3)


cases = []


def case(name, type, value, z, targets, classes=None, meaning="values", options=None):
    z = numpy.asarray(z, dtype=float)
    cases.append(
        {
            "name": name,
            "type": type,
            "options": options or {},
            "meaning": meaning,
            "output": list(z.shape[1:]),
            "samples": len(z),
            "classes": classes,
            "z": z.ravel().tolist(),
            "targets": numpy.asarray(targets, dtype=float).ravel().tolist(),
            "value": float(value),
        }
    )


def sigmoid(z):
    return 1 / (1 + numpy.exp(-z))


def softmax(z):
    e = numpy.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def calibration_error(p, right, bins):
    edge = numpy.clip(numpy.ceil(p * bins).astype(int) - 1, 0, bins - 1)
    return sum(
        abs(right[edge == b].sum() - p[edge == b].sum()) for b in range(bins)
    ) / len(p)


def binary(name, logits, labels):
    """One output for two classes."""
    p = sigmoid(logits)
    predicted = (logits >= 0).astype(int)
    z = logits[:, None]
    both = numpy.stack([1 - p, p], axis=1)
    for type, value in [
        ("roc_auc", sk.roc_auc_score(labels, p)),
        ("average_precision", sk.average_precision_score(labels, p)),
        ("log_loss", sk.log_loss(labels, both)),
        ("matthews", sk.matthews_corrcoef(labels, predicted)),
        ("accuracy", sk.accuracy_score(labels, predicted)),
        ("balanced_accuracy", sk.balanced_accuracy_score(labels, predicted)),
    ] + averages(labels, predicted):
        case(f"{type}, {name}", type, value, z, labels, 2, "logits")
    case(
        f"expected_calibration_error, {name}", "expected_calibration_error",
        calibration_error(both.max(axis=1), predicted == labels, 10), z, labels, 2, "logits",
        {"bins": 10},
    )


def averages(labels, predicted):
    found = []
    for kind in ["macro", "weighted"]:
        options = dict(average=kind, zero_division=0)
        found += [
            (f"{kind}_precision", sk.precision_score(labels, predicted, **options)),
            (f"{kind}_recall", sk.recall_score(labels, predicted, **options)),
            (f"{kind}_f1", sk.f1_score(labels, predicted, **options)),
        ]
    found.append(("micro_f1", sk.f1_score(labels, predicted, average="micro")))
    return found


def classes(name, logits, labels):
    """An output per class."""
    p, k = softmax(logits), logits.shape[1]
    predicted = logits.argmax(axis=1)
    one_hot = numpy.eye(k)[labels]
    for average in ["macro", "weighted"]:
        options = {"average": average}
        case(
            f"roc_auc, {name}, {average}", "roc_auc",
            sk.roc_auc_score(labels, p, multi_class="ovr", average=average), logits, labels, k,
            "joint_logits", options,
        )
        case(
            f"average_precision, {name}, {average}", "average_precision",
            sk.average_precision_score(one_hot, p, average=average), logits, labels, k,
            "joint_logits", options,
        )
    for type, value in [
        ("log_loss", sk.log_loss(labels, p, labels=range(k))),
        ("matthews", sk.matthews_corrcoef(labels, predicted)),
        ("accuracy", sk.accuracy_score(labels, predicted)),
        ("balanced_accuracy", sk.balanced_accuracy_score(labels, predicted)),
    ] + averages(labels, predicted):
        case(f"{type}, {name}", type, value, logits, labels, k, "joint_logits")
    case(
        f"expected_calibration_error, {name}", "expected_calibration_error",
        calibration_error(p.max(axis=1), predicted == labels, 15), logits, labels, k,
        "joint_logits",
    )
    for top in {1, 2, k - 1}:
        case(
            f"top_k, {name}, {top}", "top_k",
            sk.top_k_accuracy_score(labels, logits, k=top, labels=range(k)), logits, labels, k,
            "joint_logits", {"k": top},
        )


labels = random.integers(0, 2, 60)
binary("two classes", normal(60) + labels, labels)
# Ties, and scores that say nothing.
binary("ties", numpy.round(normal(80) + 0.5), random.integers(0, 2, 80))
binary("rare", normal(50), (numpy.arange(50) % 10 == 0).astype(int))
labels = random.integers(0, 4, 90)
classes("four classes", normal(90, 4) + numpy.eye(4)[labels], labels)
labels = random.choice(3, size=70, p=[0.8, 0.15, 0.05])
classes("unequal classes", normal(70, 3), labels)

# Yes-or-no targets, one per output.
logits = normal(40, 3)
targets = (normal(40, 3) + logits > 0).astype(int)
p = sigmoid(logits)
for type, value in [
    ("roc_auc", sk.roc_auc_score(targets, p, average="macro")),
    ("average_precision", sk.average_precision_score(targets, p, average="macro")),
    ("micro_f1", sk.f1_score(targets, p >= 0.5, average="micro")),
    ("log_loss", numpy.mean([sk.log_loss(targets[:, j], p[:, j]) for j in range(3)])),
]:
    case(f"{type}, several labels", type, value, logits, targets, None, "logits")

# Numbers; the targets of the first case are far from 0.
for name, shift, width in [("far from 0", 1e6, 1), ("three outputs", 0, 3)]:
    t = normal(30, width) * 5 + shift
    z = t + normal(30, width) + 0.5
    for type, value in [
        ("mean_absolute_error", sk.mean_absolute_error(t, z)),
        ("root_mean_squared_error", numpy.sqrt(sk.mean_squared_error(t, z))),
        ("mean_absolute_percentage_error", sk.mean_absolute_percentage_error(t, z)),
        ("explained_variance", sk.explained_variance_score(t, z)),
        ("r2", sk.r2_score(t, z)),
        ("max_error", sk.max_error(t.ravel(), z.ravel())),
    ]:
        case(f"{type}, {name}", type, value, z, t)
z = normal(6, 1)
case(
    "mean_absolute_percentage_error of 0", "mean_absolute_percentage_error",
    sk.mean_absolute_percentage_error(numpy.zeros((6, 1)), z), z, numpy.zeros((6, 1)),
)
case(
    "explained_variance of a constant", "explained_variance",
    sk.explained_variance_score(numpy.ones((6, 1)), z), z, numpy.ones((6, 1)),
)

write(__file__, {"scikit-learn": sklearn.__version__}, cases=cases)
