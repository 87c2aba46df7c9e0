"""Draws a run's loss and accuracy: python3 experiments/plot.py results/digits_lp/latest out.svg

Needs matplotlib. It drew the image in README.md.
"""
import csv
import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "nnexp"
import matplotlib.pyplot as plt

run, out = sys.argv[1:3]
with open(f"{run}/metrics.csv") as file:
    rows = list(csv.DictReader(file))
epochs = [int(row["epoch"]) for row in rows]
columns = [name for name in rows[0] if name.endswith("_loss") or name.endswith("_accuracy")]
panels = ["loss", "accuracy"]
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for axis, panel in zip(axes, panels):
    for name in columns:
        values = [row[name] for row in rows]
        if name.endswith(panel) and any(values):
            axis.plot(epochs, [float(v) if v else float("nan") for v in values],
                      label=name.removesuffix("_" + panel))
    axis.set_xlabel("epoch")
    axis.set_ylabel(panel)
    axis.grid(alpha=0.3)
    if panel == "loss":
        axis.set_yscale("log")
        axis.legend(frameon=False)
figure.savefig(out, metadata={"Date": None})
