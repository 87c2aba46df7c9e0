"""Medians, ratios, and the files that they are written to."""
import csv
import dataclasses
import math
import pathlib
import statistics


@dataclasses.dataclass
class Comparison:
    """The measurements of all peers for one workload and number of threads."""

    workload: object
    threads: int
    found: dict
    absent: dict
    versions: dict

    def seconds(self, peer):
        return statistics.median(m.seconds for m in self.found[peer])

    def kilobytes(self, peer):
        return max(m.kilobytes for m in self.found[peer])

    def figure(self, peer):
        return self.found[peer][-1].figure

    def ratio(self, peer):
        """Ours ÷ theirs, as the median over the rounds, so that a slow minute affects both."""
        return statistics.median(
            ours.seconds / theirs.seconds
            for ours, theirs in zip(self.found["nnexp"], self.found[peer]))

    @property
    def reference(self):
        """The figure that all peers must have: that of nnexp, or the first one."""
        figures = [self.figure(name) for name in sorted(self.found, key=lambda name: name != "nnexp")]
        return next((figure for figure in figures if math.isfinite(figure)), math.nan)

    @property
    def disagreements(self):
        """The peers with another figure, whose times are not compared."""
        wrong = {}
        for name in self.found:
            figure, expected = self.figure(name), self.reference
            if not abs(figure - expected) <= self.workload.tolerance * abs(expected):
                wrong[name] = f"{figure:.9g}, expected {expected:.9g}"
        return wrong

    @property
    def ranking(self):
        return sorted(self.found, key=self.seconds)

    def text(self):
        title = f"{self.workload.name} ({self.workload.title}), "
        title += "1 thread" if self.threads == 1 else f"{self.threads} threads"
        rows = [("", "seconds", "ours ÷ theirs", "figure", "")]
        wrong = self.disagreements
        for name in self.ranking:
            compared = "nnexp" in self.found and name != "nnexp" and name not in wrong
            rows.append((
                name, brief(self.seconds(name)), f"{self.ratio(name):.2f}" if compared else "",
                f"{self.figure(name):.7g}", f"DISAGREES: {wrong[name]}" if name in wrong else ""))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [title]
        for row in rows:
            cells = [row[0].ljust(widths[0])] + [row[i].rjust(widths[i]) for i in (1, 2, 3)]
            lines.append(("  " + "  ".join(cells) + "  " + row[4]).rstrip())
        lines += [f"  {name}: {reason}" for name, reason in self.absent.items()]
        return "\n".join(lines)


def brief(seconds):
    """Three significant digits."""
    if seconds <= 0:
        return f"{seconds:.3g}"
    return f"{seconds:.{max(0, 2 - math.floor(math.log10(seconds)))}f}"


def folder(given, here, whole):
    """A complete run rewrites the committed results; any other leaves them unchanged."""
    chosen = pathlib.Path(given) if given else here / ("results" if whole else ".work/results")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def write_csv(path, about, results):
    """One row per measurement, after comments that describe the machine."""
    with open(path, "w", newline="") as out:
        for key, value in about.items():
            out.write(f"# {key}: {value}\n")
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["workload", "threads", "peer", "version", "round", "seconds", "figure",
                       "process_kilobytes", "agrees"])
        for comparison in results:
            wrong = comparison.disagreements
            for name, measurements in comparison.found.items():
                for index, m in enumerate(measurements):
                    rows.writerow([
                        comparison.workload.name, comparison.threads, name,
                        comparison.versions[name], index, f"{m.seconds:.9f}", f"{m.figure:.9g}",
                        m.kilobytes or "", "no" if name in wrong else "yes"])
            for name, reason in comparison.absent.items():
                rows.writerow([comparison.workload.name, comparison.threads, name, reason,
                               "", "", "", "", ""])


BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def fill_table(readme, about, results):
    """Rewrites the text between the two markers."""
    text = readme.read_text()
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    readme.write_text(f"{head}{BEGIN}\n{table(about, results)}\n{END}{tail}")


def table(about, results):
    machine = ", ".join(f"{about[key]}" for key in ("processor", "system", "C compiler", "commit"))
    versions = sorted({v for c in results for v in c.versions.values() if v not in ("", "C")})
    lines = [
        f"{about['cores']} cores of {machine}; {', '.join(versions)}. Medians in seconds; in "
        "brackets ours ÷ theirs, the median of the rounds'.", "",
        "| workload | threads | nnexp | limit | best peer | the others |", "|---|---|---|---|---|---|"]
    for comparison in results:
        if "nnexp" not in comparison.found:
            reason = comparison.absent.get("nnexp", "not measured")
            lines.append(
                f"| {comparison.workload.name} | {comparison.threads} | {reason} | | | |")
            continue

        def cell(name):
            return (f"{name} {brief(comparison.seconds(name))} "
                    f"({comparison.ratio(name):.2f})")

        others = [name for name in comparison.ranking
                  if name != "nnexp" and name not in comparison.disagreements]
        limits = [name for name in others if name.startswith("limit")]
        rivals = [name for name in others if not name.startswith("limit")]
        ours = brief(comparison.seconds("nnexp"))
        if comparison.workload.kind == "process":
            ours += f", {comparison.kilobytes('nnexp') / 1024:.0f} MiB"
        lines.append(
            f"| **{comparison.workload.name}** {comparison.workload.title} | {comparison.threads} "
            f"| {ours} | {', '.join(map(cell, limits)) or '–'} "
            f"| {cell(rivals[0]) if rivals else '–'} | {', '.join(map(cell, rivals[1:])) or '–'} |")
    lines += ["", "![Seconds of every workload](results/chart.svg)"]
    return "\n".join(lines)
