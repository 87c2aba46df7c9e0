"""Opens the reports of runs and of a sweep in headless Chromium.

    python3 report.py NNEXP [SCREENSHOTS]

Every page is opened at 400 and 1600 pixels, light and dark, and without scripts. It must fit the
width, follow the reader's colors, report no error and request no other file. Every number of its
tables and charts must be that of the run's CSV files, and so must the values under the pointer.
"""
import csv
import json
import os
import re
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
    return a == b or any(a == float(f"{b:.{digits}g}") for digits in (4, 6, 9))


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
        for series, _, points in data["series"]:
            candidates = [f"{series}_{title.replace(' ', '_')}", f"{series}_{title}", title]
            column = next((c for c in candidates if c in columns), None)
            expect(column is not None, f"{name}: no column for '{title}', '{series}'")
            exact = dict(zip(columns["epoch"], columns.get(column, [])))
            for _, _, x, y in points:
                count += 1
                expect(
                    float(exact.get(x) or "nan") == float(y), f"{name}: {column} at {x} is {y}")
    expect(count > 0, f"{name}: no value in the charts of metrics")
    check_scatters(name, folder, charts)
    for title, data, texts in charts:
        if not title.startswith("confusion, "):
            continue
        exact = rows_of(folder, f"confusion_{title.removeprefix('confusion, ')}.csv")
        cells = [cell for row in exact[1:] for cell in row[1:]]
        expect(texts[1:1 + len(cells)] == cells or len(exact) > 20, f"{name}: {title} differs")
        expect(data["values"] == [row[1:] for row in exact[1:]], f"{name}: {title}, cells")
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


def check_scatters(name, folder, charts):
    """The points of predicted against true values are rows of predictions.csv."""
    predictions = rows_of(folder, "predictions.csv")
    for title, data, _ in charts:
        if not data or ": predicted and true " not in title:
            continue
        split, target = title.split(": predicted and true ")
        split_column, *columns = [
            predictions[0].index(column) for column in (
                ["split", "target", "prediction"] if target == "target"
                else ["split", "target_" + target, "prediction_" + target])]
        known = {
            tuple(row[column] for column in columns) for row in predictions[1:]
            if row[split_column] == split}
        points = [tuple(point[2:4]) for _, kind, all in data["series"] if kind == 1 for point in all]
        expect(points, f"{name}: no point in {title}")
        for point in points:
            expect(
                point in known or any(equal(point[0], x) and equal(point[1], y) for x, y in known),
                f"{name}: {title} has the point {point}")


def show_chart(browser, condition):
    """Scrolls to the first chart whose data meet a condition. Returns its box and its data."""
    box = browser.evaluate(
        f"""(() => {{ const svg = [...document.querySelectorAll('svg.chart')].find(svg => {{
          const part = svg.querySelector('[data-points]');
          const data = part && JSON.parse(part.dataset.points);
          return data && ({condition}); }});
          if (!svg) return null;
          svg.scrollIntoView();
          const box = svg.getBoundingClientRect();
          return [box.left, box.top, box.width / svg.viewBox.baseVal.width,
            svg.querySelector('[data-points]').dataset.points]; }})()""")
    return box and (*box[:3], json.loads(box[3]))


def tip(browser, x, y):
    """The lines under the pointer."""
    browser.move(x, y)
    return (browser.evaluate("document.querySelector('.tip')?.textContent") or "").split("\n")


def check_pointer(browser, name):
    """The values under the pointer are those of the chart's data, for each kind of chart.
    Returns the kinds that the page has."""
    kinds = []
    chart = show_chart(browser, "data.series?.some(s => s[1] == 0 && s[2].length > 1)")
    if chart:
        left, top, scale, data = chart
        kinds.append("lines")
        lines = [entry for entry in data["series"] if entry[1] == 0]
        middle = lines[0][2][len(lines[0][2]) // 2]
        shown = tip(browser, left + scale * middle[0], top + scale * middle[1])
        known = [
            f"{series}  {point[3]}".strip() + (f"  ({point[4]})" if len(point) > 4 else "")
            for series, _, points in lines for point in points]
        expect(len(shown) > 1, f"{name}: nothing under the pointer")
        expect(shown[0] == f"{data['x']}  {middle[2]}", f"{name}: under the pointer is {shown}")
        for line in shown[1:]:
            expect(line in known, f"{name}: under the pointer is '{line}'")
        edge = browser.evaluate(
            "(() => { const box = document.querySelector('.tip').getBoundingClientRect();"
            " return box.right - innerWidth })()")
        expect(edge <= 0, f"{name}: the values under the pointer leave the window")
    chart = show_chart(browser, "data.series?.some(s => s[1] == 1)")
    if chart:
        left, top, scale, data = chart
        kinds.append("points")
        series, _, points = next(entry for entry in data["series"] if entry[1] == 1)
        for x, y, *texts in (points[0], points[len(points) // 2], points[-1]):
            shown = tip(browser, left + scale * x, top + scale * y)
            # Another point may have the same position.
            known = [
                [f"{data['x']}  {p[2]}".strip(), f"{data['y']}  {p[3]}".strip()] for p in points
                if abs(p[0] - x) < 2 and abs(p[1] - y) < 2]
            found = shown[1:3] if series else shown[:2]
            expect(found in known, f"{name}: under the pointer is {shown}")
        expect(browser.evaluate("document.querySelectorAll('.mark').length") == 1, "no mark")
    chart = show_chart(browser, "data.cells")
    if chart:
        left, top, scale, data = chart
        kinds.append("cells")
        x, y, size = data["cells"]
        for i, row in enumerate(data["values"]):
            for j, value in enumerate(row):
                if (i + j) % 3:
                    continue
                shown = tip(
                    browser, left + scale * (x + size * (j + 0.5)), top + scale * (y + size * (i + 0.5)))
                expect(
                    shown == [f"true  {data['rows'][i]}", f"predicted  {data['columns'][j]}", value],
                    f"{name}: under the pointer is {shown}")
        shown = tip(browser, left + scale * (x - 4), top + scale * (y + size / 2))
        expect(shown == [""], f"{name}: beside the cells is {shown}")
    return kinds


def check_links(page):
    """The trials of a sweep's report link to their folders."""
    with open(page) as file:
        links = re.findall('<td[^>]*><a href="([^"]*)"', file.read())
    expect(len(links) > 10, f"{page}: {len(links)} links")
    for link in links:
        folder = os.path.join(os.path.dirname(page), link)
        expect(os.path.exists(os.path.join(folder, "run.json")), f"{page}: {link} is no run")


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
    kinds = check_pointer(browser, name)
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
    return kinds


def large(scratch):
    """Runs with 100,000 predictions of 3 and of 40 classes and of two numbers, and a sweep of
    1,000 trials."""
    with open(os.path.join(scratch, "large.csv"), "w") as file:
        file.write("a,b,kind,sum,product,group\n")
        for i in range(100_100):
            a, b = (i * 7919 % 1000) / 1000, (i * 104729 % 997) / 997
            kind = 'red' if a > b else 'blue' if a + b > 1 else 'green'
            file.write(f"{a},{b},{kind},{a + b},{a * b},g{int(40 * a)}\n")
    experiment = """data:
  csv: {path: large.csv, inputs: [a, b], targets: TARGETS}
  split: {validation: 0.333, test: 0.333}
model: [{type: dense, units: UNITS}]
loss: LOSS
train: {optimizer: {type: sgd, learning_rate: 0.5}, epochs: 30, batch_size: full}
gradient_check: false
predictions: [train, validation, test]
"""
    for name, targets, units, loss in (
            ("large", "kind", 3, "cross_entropy"), ("classes", "group", 40, "cross_entropy"),
            ("numbers", "[sum, product]", 2, "squared_error")):
        text = experiment.replace("TARGETS", targets).replace("UNITS", str(units))
        with open(os.path.join(scratch, name + ".yaml"), "w") as file:
            file.write(text.replace("LOSS", loss))
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
    for name in ("large", "classes", "numbers"):
        nnexp("run", name + ".yaml", "--quiet", "--output", name, folder=scratch)
    nnexp("sweep", "trials.yaml", "--quiet", "--output", "trials", folder=scratch)
    for name in ("large", "classes", "numbers", "trials"):
        nnexp("report", name, "-o", name + ".html", folder=scratch)
        print(f"{name}: {os.path.getsize(os.path.join(scratch, name + '.html'))} bytes")
    runs = [
        (name, os.path.join(scratch, name + ".html"), os.path.join(scratch, name))
        for name in ("large", "classes", "numbers")]
    return runs + [("1,000 trials", os.path.join(scratch, "trials.html"), None)]


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
            os.mkdir(os.path.join(scratch, "pages"))
            nnexp("report", "sweep", "-o", "pages/sweep.html", folder=scratch)
            for page in ("sweep.html", "pages/sweep.html"):
                check_links(os.path.join(scratch, page))
        pages += large(scratch)
        browser = Browser()
        kinds = set()
        try:
            for name, page, folder in pages:
                kinds.update(check(browser, name, page, folder))
        finally:
            browser.close()
        expect(kinds == {"lines", "points", "cells"}, f"values under the pointer: {kinds}")
    if failures:
        raise SystemExit(f"{len(failures)} failures")
    print(f"{len(pages)} reports at 400 and 1600 pixels, light and dark: every number is that of the CSV files")


main()
