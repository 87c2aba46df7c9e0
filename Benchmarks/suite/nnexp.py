"""Measures nnexp as a user runs it: the release binary, on a YAML file."""
import atexit
import csv
import pathlib
import shutil

from .measuring import Failed, Measurement, Missing, launch


class NNExp:
    """Seconds, which depend on the kind of the workload:

    train    the sum of timing.csv's rows: the training loop in the process, with its rows of
             metrics.csv, without starting and reading data
    check    `nnexp gradcheck` less `nnexp validate`, which does everything except the check
    process  the whole of `nnexp run`, including all files
    sweep    the whole of `nnexp sweep`, including all files
    """

    def __init__(self, binary, launcher, workload, folder, threads):
        self.binary, self.launcher, self.threads = str(binary), launcher, threads
        self.workload, self.folder = workload, pathlib.Path(folder)
        self.file = str(self.folder / "experiment.yaml")
        self.output, self.outputs = None, 0
        if workload.kind == "sweep" and " sweep " not in self.call("--help")[0]:
            raise Missing("this nnexp has no command 'sweep' yet")
        self.version = "nnexp " + self.call("--version")[0].strip()
        self.figure = self.gradient_size() if workload.kind == "check" else None

    def call(self, *arguments, folder=None):
        return launch(self.launcher, [self.binary, *arguments], self.threads, folder)

    def renew_output(self):
        """A new folder each time, which is removed after all measurements: without a journal, ext4
        creates files slowly for minutes after others were removed. A run that was killed left its own."""
        while self.output is None or self.output.exists():
            self.output = self.folder / f"output-{self.threads}-{self.outputs}"
            self.outputs += 1

    def run(self):
        self.renew_output()
        return self.call("run", self.file, "--output", str(self.output), "--quiet")[1]

    def rows(self, file):
        with open(self.output / file) as text:
            return list(csv.DictReader(text))

    def gradient_size(self):
        """Σ|g| over every checked entry of one run, which is compared with the peers' figure."""
        self.run()
        rows = self.rows("gradient_check.csv")
        # Of a sampled tensor, single entries can be at kinks; its directions then prove it.
        judged = rows if self.workload.entries == "all" else self.rows("gradient_check_summary.csv")
        wrong = [
            row for row in judged if row["verdict"] not in ("PASS", "ZERO")
            and row.get("reason") != "too small to prove alone but right at its tensor's scale"]
        if wrong:
            raise Failed(f"{len(wrong)} of {len(judged)} derivatives are not proven")
        return sum(abs(float(row["analytic"])) for row in rows)

    def measure(self):
        kind = self.workload.kind
        if kind == "check":
            rest = self.call("validate", self.file)[1]
            check = self.call("gradcheck", self.file)[1]
            return Measurement(check.seconds - rest.seconds, self.figure, check.kilobytes)
        if kind == "sweep":
            self.renew_output()
            process = self.call(
                "sweep", str(self.folder / "sweep.yaml"), "--output", str(self.output), "--quiet")[1]
            losses = [float(row["train_loss"]) for row in self.rows("sweep.csv")]
            return Measurement(process.seconds, sum(losses) / len(losses), process.kilobytes)
        process = self.run()
        figure = float(self.rows("metrics.csv")[-1]["train_loss"])
        if kind == "process":
            return Measurement(process.seconds, figure, process.kilobytes)
        seconds = sum(float(row["seconds"]) for row in self.rows("timing.csv"))
        return Measurement(seconds, figure, process.kilobytes)

    def close(self):
        atexit.register(self.clear)

    def clear(self):
        for output in self.folder.glob("output*"):
            shutil.rmtree(output, ignore_errors=True)
