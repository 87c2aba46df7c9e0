"""The metrics of shipped experiments, from the columns `target` and `prediction`."""

import numpy as np
import pandas as pd


def _counts(actual, chosen, classes):
    return pd.crosstab(actual, chosen).reindex(
        index=classes, columns=classes, fill_value=0).to_numpy()


def accuracy(actual, chosen, _):
    return (actual == chosen).mean()


def balanced_accuracy(actual, chosen, classes):
    counts = _counts(actual, chosen, classes)
    sizes = counts.sum(axis=1)
    return (np.diag(counts)[sizes > 0] / sizes[sizes > 0]).mean()


def macro_f1(actual, chosen, classes):
    counts = _counts(actual, chosen, classes)
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return (2 * np.diag(counts)[both > 0] / both[both > 0]).mean()


def r2(actual, chosen, _):
    actual, chosen = actual.astype(float), chosen.astype(float)
    return 1 - ((actual - chosen) ** 2).sum() / ((actual - actual.mean()) ** 2).sum()


def mean_absolute_error(actual, chosen, _):
    return (actual.astype(float) - chosen.astype(float)).abs().mean()


def root_mean_squared_error(actual, chosen, _):
    return np.sqrt(((actual.astype(float) - chosen.astype(float)) ** 2).mean())


METRICS = {
    function.__name__: function
    for function in (
        accuracy, balanced_accuracy, macro_f1, r2, mean_absolute_error, root_mean_squared_error)
}
