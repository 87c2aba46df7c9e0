"""Opens the reports of runs and of a sweep in headless Chromium.

    python3 report.py NNEXP [SCREENSHOTS]

Every page is opened at 400 and 1600 pixels, light and dark, and without scripts. It must fit the
width, follow the reader's colors, report no error and request no other file. Every number of its
tables and charts must be that of the run's CSV files, and so must the values under the pointer.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile

from browser import Browser

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
NNEXP = os.path.abspath(sys.argv[1])
SCREENSHOTS = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)
        print("FAILED:", message)


def nnexp(*arguments, folder, codes=(0,)):
    result = subprocess.run([NNEXP, *arguments], cwd=folder, capture_output=True, text=True)
    if result.returncode not in codes:
        raise SystemExit(f"nnexp {' '.join(arguments)}: {result.stdout}{result.stderr}")


def rows_of(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path, newline="") as file:
        return list(csv.reader(file))


def equal(shown, exact):
    """Whether a shown number is the exact one, rounded to the digits that it has."""
    if shown == exact:
        return True
    try:
        a, b = float(shown), float(exact)
    except ValueError:
        return False
    return a == b or a == float(f"{b:.6g}") or a == float(f"{b:.4g}")


TABLES = """[...document.querySelectorAll('table')].map(table => [...table.rows].map(
  row => [...row.cells].map(cell => cell.textContent)))"""
POINTS = """[...document.querySelectorAll('svg.chart')].map(svg => [
  svg.getAttribute('aria-label'),
  svg.querySelector('[data-points]') && JSON.parse(svg.querySelector('[data-points]').dataset.points),
  [...svg.querySelectorAll('text')].map(text => text.textContent)])"""


def table_with(tables, heading):
    return next((table for table in tables if table[0][:len(heading)] == heading), None)


def check_numbers(name, folder, tables, charts):
    metrics = rows_of(folder, "metrics.csv")
    columns = {column: [row[i] for row in metrics[1:]] for i, column in enumerate(metrics[0])}
    shown = table_with(tables, ["column", "last epoch"])
    expect(shown and len(shown) > 1, f"{name}: no table of metrics")
    for column, last, *_ in (shown or [])[1:]:
        expect(equal(last, columns[column][-1]), f"{name}: last {column} is {last}")
    count = 0
    for title, data, _ in charts:
        if not data or data["x"] != "epoch":
            continue
        for series, points in data["series"]:
            candidates = [f"{series}_{title.replace(' ', '_')}", f"{series}_{title}", title]
            column = next((c for c in candidates if c in columns), None)
            expect(column is not None, f"{name}: no column for '{title}', '{series}'")
            exact = dict(zip(columns["epoch"], columns.get(column, [])))
            for _, _, x, y in points:
                count += 1
                expect(
                    float(exact.get(x) or "nan") == float(y), f"{name}: {column} at {x} is {y}")
    expect(count > 0, f"{name}: no value in the charts of metrics")
    for title, _, texts in charts:
        if not title.startswith("confusion, "):
            continue
        exact = rows_of(folder, f"confusion_{title.removeprefix('confusion, ')}.csv")
        cells = [cell for row in exact[1:] for cell in row[1:]]
        expect(texts[1:1 + len(cells)] == cells or len(exact) > 20, f"{name}: {title} differs")
    for file in sorted(os.listdir(folder)):
        if not file.startswith("classes_") or not file.endswith(".csv"):
            continue
        exact = rows_of(folder, file)
        matches = [
            table for table in tables if table[0] == exact[0] and len(table) == len(exact)
            and all(equal(a, b) for x, y in zip(table, exact) for a, b in zip(x, y))]
        expect(matches, f"{name}: no table equals {file}")
    checks = rows_of(folder, "gradient_check_summary.csv")
    if checks:
        shown = table_with(tables, ["at", "node", "type"])
        indices = [checks[0].index(column.replace(" ", "_")) for column in shown[0]]
        for row, exact in zip(shown[1:], checks[1:]):
            for cell, index in zip(row, indices):
                expect(equal(cell, exact[index]), f"{name}: gradient check {cell}")
        expect(len(shown) == len(checks), f"{name}: rows of the gradient check")
    predictions = rows_of(folder, "predictions.csv")
    if predictions:
        shown = table_with(tables, predictions[0])
        known = {tuple(row[:2]): row for row in predictions[1:]}
        for row in (shown or [])[1:]:
            exact = known.get(tuple(row[:2]), [])
            expect(
                len(exact) == len(row) and all(equal(a, b) for a, b in zip(row, exact)),
                f"{name}: prediction {row[:2]}")


def check_pointer(browser, name):
    """The values under the pointer are those of the chart's data."""
    box = browser.evaluate(
        """(() => { const svg = [...document.querySelectorAll('svg.chart')].find(
          svg => JSON.parse(svg.querySelector('[data-points]')?.dataset.points ?? '{"series":[]}')
            .series.some(([name, points]) => points.length > 1));
          if (!svg) return null;
          svg.scrollIntoView();
          const box = svg.getBoundingClientRect();
          return [box.left, box.top, box.width, box.height,
            svg.querySelector('[data-points]').dataset.points]; })()""")
    if not box:
        return
    left, top, width, height, data = box
    browser.move(left + width / 2, top + height / 2)
    text = browser.evaluate("document.querySelector('.tip')?.textContent")
    expect(text, f"{name}: nothing under the pointer")
    known = {f"{series}  {y}" for series, points in json.loads(data)["series"] for *_, y in points}
    for line in (text or "").split("\n")[1:]:
        expect(line in known, f"{name}: under the pointer is '{line}'")
    edge = browser.evaluate(
        "(() => { const box = document.querySelector('.tip').getBoundingClientRect();"
        " return box.right - innerWidth })()") if text else 0
    expect(edge <= 0, f"{name}: the values under the pointer leave the window")


def check(browser, name, page, folder=None):
    for width, height in ((400, 800), (1600, 1000)):
        for dark in (False, True):
            label = f"{name}, {width}, {'dark' if dark else 'light'}"
            for problem in browser.show(page, width, height, dark):
                expect(False, f"{label}: {problem}")
            extent = browser.evaluate("document.documentElement.scrollWidth")
            expect(extent <= width, f"{label}: is {extent} pixels wide")
            paper = browser.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            level = sum(int(part) for part in paper.strip("rgb()").split(","))
            expect((level < 200) == dark, f"{label}: the background is {paper}")
            if SCREENSHOTS:
                browser.screenshot(
                    os.path.join(SCREENSHOTS, label.replace(", ", "-").replace(" ", "-") + ".png"))
    check_pointer(browser, name)
    tables, charts = browser.evaluate(TABLES), browser.evaluate(POINTS)
    if folder:
        check_numbers(name, folder, tables, charts)
    expect(browser.show(page, 1600, 1000, False, scripts=False) == [], f"{name} without scripts")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    size = os.path.getsize(page)
    expect(size <= 2_000_000, f"{name}: {size} bytes")
    texts = [cell for table in tables for row in table for cell in row]
    texts += [text for *_, chart in charts for text in chart]
    expect(not {"NaN", "undefined", "nan"} & set(texts), f"{name}: a value is missing")


def large(scratch):
    """A run with 100,000 predictions and 2,000 epochs, and a sweep of 1,000 trials."""
    with open(os.path.join(scratch, "large.csv"), "w") as file:
        file.write("a,b,kind\n")
        for i in range(100_100):
            a, b = (i * 7919 % 1000) / 1000, (i * 104729 % 997) / 997
            file.write(f"{a},{b},{'red' if a > b else 'blue' if a + b > 1 else 'green'}\n")
    experiment = """data:
  csv: {path: large.csv, targets: kind}
  split: {test: 0.999}
model: [{type: dense, units: 3}]
loss: cross_entropy
metrics: [accuracy]
train: {optimizer: {type: sgd, learning_rate: 0.5}, epochs: EPOCHS, batch_size: full}
gradient_check: false
predictions: [test]
"""
    with open(os.path.join(scratch, "large.yaml"), "w") as file:
        file.write(experiment.replace("EPOCHS", "30"))
    with open(os.path.join(scratch, "trials.yaml"), "w") as file:
        file.write("""base: small.yaml
name: trials
sweep:
  grid:
    train.optimizer.learning_rate: [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2]
    train.epochs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    seed: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
""")
    with open(os.path.join(scratch, "small.yaml"), "w") as file:
        file.write("""seed: 0
data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
model: [{type: dense, units: 2}, tanh, {type: dense, units: 1}]
loss: squared_error
train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 2}
gradient_check: false
""")
    nnexp("run", "large.yaml", "--quiet", "--output", "large", folder=scratch)
    nnexp("sweep", "trials.yaml", "--quiet", "--output", "trials", folder=scratch)
    for name in ("large", "trials"):
        nnexp("report", name, "-o", name + ".html", folder=scratch)
    return [
        ("large", os.path.join(scratch, "large.html"), os.path.join(scratch, "large")),
        ("1,000 trials", os.path.join(scratch, "trials.html"), None)]


def main():
    if SCREENSHOTS:
        os.makedirs(SCREENSHOTS, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        pages = []
        for name in ("digits_lp", "diabetes", "penguins", "xor"):
            nnexp(
                "run", os.path.join(ROOT, "experiments", name + ".yaml"), "--quiet",
                *(["+train.record=[weight_norm, gradient_norm, update_ratio]"]
                  if name == "xor" else []), folder=scratch)
            folder = os.path.join(scratch, "results", name, "run-0001")
            page = os.path.join(scratch, name + ".html")
            nnexp("report", folder, "-o", page, folder=scratch)
            pages.append((name, page, folder))
        sweep = os.path.join(ROOT, "experiments", "sweeps", "xor_rates.yaml")
        if os.path.exists(sweep):
            nnexp("sweep", sweep, "--quiet", "--output", "sweep", folder=scratch, codes=(0, 1))
            nnexp("report", "sweep", "-o", "sweep.html", folder=scratch)
            pages.append(("sweep", os.path.join(scratch, "sweep.html"), None))
        pages += large(scratch)
        browser = Browser()
        try:
            for name, page, folder in pages:
                check(browser, name, page, folder)
        finally:
            browser.close()
    if failures:
        raise SystemExit(f"{len(failures)} failures")
    print(f"{len(pages)} reports at 400 and 1600 pixels, light and dark: every number is that of the CSV files")


main()
