"""Draws every workload's times as bars on one logarithmic scale."""
import textwrap

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "nnexp"
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .report import brief

COLOURS = {"nnexp": "#c1440e", "limit": "#888888"}


def write(path, about, results):
    """One panel per workload with peers and number of threads, the fastest on top."""
    results = [comparison for comparison in results if len(comparison.found) > 1]
    if not results:
        return
    columns = min(3, len(results))
    rows = -(-len(results) // columns)
    most = max(len(comparison.found) for comparison in results)
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.4 * columns, rows * (0.75 + 0.24 * most)), squeeze=False,
        layout="constrained")
    for axis, comparison in zip(axes.flat, results):
        names = comparison.ranking[::-1]
        seconds = [max(comparison.seconds(name), 1e-9) for name in names]
        bars = axis.barh(
            names, seconds, color=[COLOURS.get(name.split(",")[0], "#7f9fbf") for name in names])
        axis.bar_label(bars, [brief(value) for value in seconds], padding=3, fontsize=8)
        axis.set_xscale("log")
        # Few marks, because the labels of more would overlap.
        marks = (1,) if max(seconds) > 50 * min(seconds) else (1, 2, 5)
        axis.xaxis.set_major_locator(LogLocator(subs=marks, numticks=10))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.margins(x=0.3)
        axis.tick_params(labelsize=8)
        threads = "1 thread" if comparison.threads == 1 else f"{comparison.threads} threads"
        title = f"{comparison.workload.name}: {comparison.workload.title}, {threads}"
        axis.set_title(textwrap.fill(title, 44), fontsize=9, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes.flat[len(results):]:
        axis.remove()
    figure.supxlabel(
        f"seconds, medians; {about['cores']} cores of {about['processor']}, {about['commit']}",
        fontsize=8)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
