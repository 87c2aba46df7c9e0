"""A table with every way to fill, scale and encode a column, for export.py."""

import numpy as np
import pandas as pd

ROWS = 60

EXPERIMENT = """
name: table
dtype: {dtype}
seed: 3
data:
  csv:
    path: {path}
    inputs:
      numbers: [mean, median, frequent, indicator, constant, dropped, log, robust, divided, day, yes]
      texts: [colour, kind, size, place]
      word: word
      code: code
    targets: {{price: price, growth: growth, sold: sold, grade: grade}}
    columns:
      mean: {{fill: mean, scale: standardize}}
      median: {{fill: median, scale: min_max}}
      frequent: {{fill: most_frequent, scale: none}}
      indicator: {{fill: indicator, scale: standardize}}
      constant: {{fill: {{constant: -1}}, scale: standardize}}
      dropped: {{fill: drop_row}}
      log: {{scale: log}}
      robust: {{scale: robust}}
      divided: {{scale: {{divide: 255}}}}
      day: {{type: date, scale: standardize}}
      yes: boolean
      colour: {{type: category, fill: most_frequent}}
      kind: {{type: category, fill: indicator}}
      size: {{type: category, other: true}}
      place: {{type: category, fill: {{constant: north}}}}
      growth: {{scale: log}}
  indices: {{word: auto, code: 9}}
  scale: {{numbers: standardize, price: standardize}}
  target_kind: {{sold: classes, grade: classes}}
model:
  - {{type: embedding, size: 2, name: first, inputs: word}}
  - {{type: embedding, size: 3, name: second, inputs: code}}
  - {{type: concatenate, name: all, inputs: [numbers, texts, first, second]}}
  - {{type: dense, units: 5, name: shared, inputs: all}}
  - {{type: tanh, name: hidden}}
  - {{type: dense, units: 1, name: price, inputs: hidden}}
  - {{type: dense, units: 1, name: growth, inputs: hidden}}
  - {{type: dense, units: 1, name: sold, inputs: hidden}}
  - {{type: dense, units: 3, name: grade, inputs: hidden}}
loss:
  price: squared_error
  growth: squared_error
  sold: binary_cross_entropy
  grade: cross_entropy
train: {{epochs: 3, optimizer: {{type: adam, learning_rate: 0.01}}}}
"""


def table():
    """The rows, some with missing cells."""
    random = np.random.default_rng(5)
    numbers = {
        name: np.round(random.normal(3, 2, ROWS), 3) for name in (
            "mean", "median", "frequent", "indicator", "constant", "dropped", "robust", "divided")}
    frame = pd.DataFrame(numbers)
    frame["log"] = np.round(random.uniform(0.1, 90, ROWS), 3)
    frame["day"] = [f"2024-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(ROWS)]
    frame["yes"] = random.choice(["yes", "no"], ROWS)
    frame["colour"] = random.choice(["red", "blue", "dark green"], ROWS)
    frame["kind"] = random.choice(["a", "b"], ROWS)
    frame["size"] = random.choice(["small", "large"], ROWS)
    frame["place"] = random.choice(["north", "south", "é"], ROWS)
    frame["word"] = random.choice(["one", "two", "three"], ROWS)
    frame["code"] = random.integers(0, 9, ROWS)
    frame["price"] = np.round(random.normal(1000, 300, ROWS), 2)
    frame["growth"] = np.round(random.uniform(0.5, 9, ROWS), 3)
    frame["sold"] = random.choice(["yes", "no"], ROWS)
    frame["grade"] = random.choice(["A", "B", "C"], ROWS)
    for place, name in enumerate(
            ("mean", "median", "frequent", "indicator", "constant", "dropped", "colour", "kind",
             "place")):
        frame[name] = frame[name].astype(object)
        frame.loc[place::11, name] = ""
    return frame
