"""Runs experiments of the command nnexp, and reads their results."""

from __future__ import annotations

import io
import json
import os
import pathlib
import shutil
import subprocess
import sysconfig
from typing import Any, Mapping, Optional, Union

__all__ = ["Error", "Run", "command", "run"]

Path = Union[str, "os.PathLike[str]"]


class Error(Exception):
    """An error that the command reports.

    `code` is its exit code: 2 for a wrong file or wrong data, 3 for a problem of the system.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def command() -> str:
    """The path of the command: the one of this Python environment, otherwise the one on the PATH."""
    own = pathlib.Path(sysconfig.get_path("scripts")) / "nnexp"
    if own.exists():
        return str(own)
    found = shutil.which("nnexp")
    if found is None:
        raise Error("the command 'nnexp' is not installed", 3)
    return found


def run(path: Path, *, output: Optional[Path] = None, **overrides: Any) -> "Run":
    """Trains an experiment file and returns its run.

    `overrides` replace values of the file: `train={"epochs": 10}`, or `**{"train.epochs": 10}`. A
    plus adds a key that the file lacks: `**{"+train.record_every": 10}`. Results are written to
    `output`, a new folder; by default to `results/NAME/run-0001`, numbered.

    A run that does not meet a bound of its file is returned, with the status `fell_short`. Raises
    `Error` if the file, the data or the system is wrong, or if the training diverges.
    """
    words = ["run", os.fspath(path), *_flattened(overrides)]
    if output is not None:
        words += ["--output", os.fspath(output)]
    result = _call(words)
    if result.returncode not in (0, 1):
        raise Error(result.stderr.strip(), result.returncode)
    folder = _folder(result.stdout)
    if folder is None:
        raise Error(result.stderr.strip(), result.returncode)
    return Run(folder)


class Run:
    """A recorded run: a folder such as `results/xor/run-0001`."""

    def __init__(self, path: Path) -> None:
        self.path = pathlib.Path(path).resolve()
        if not (self.path / "run.json").is_file():
            raise Error(f"'{path}' is not the folder of a run", 2)

    def __repr__(self) -> str:
        return f"nnexp.Run({str(self.path)!r})"

    @property
    def summary(self) -> Mapping[str, Any]:
        """The contents of summary.json: status, delivered weights, final and best values."""
        summary: Mapping[str, Any] = json.loads((self.path / "summary.json").read_text())
        return summary

    @property
    def metrics(self) -> Any:
        """metrics.csv as a frame of pandas, or of polars if pandas is not installed."""
        return _frame((self.path / "metrics.csv").read_bytes(), _library())

    def predict(self, frame: Any) -> Any:
        """Predictions of the delivered weights for the rows of a frame, as a frame of its library.

        The frame needs the input columns, in any order, and no target.
        """
        library = type(frame).__module__.split(".")[0]
        text = frame.write_csv() if library == "polars" else frame.to_csv(index=False)
        result = _call(["predict", str(self.path), "--input", "-"], text)
        if result.returncode != 0:
            raise Error(result.stderr.strip(), result.returncode)
        return _frame(result.stdout.encode(), library)


def _call(words: "list[str]", text: Optional[str] = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [command(), *words], input=text, stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True, text=True, encoding="utf-8", errors="replace")


def _flattened(overrides: Mapping[str, Any], prefix: str = "") -> "list[str]":
    words = []
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            words += _flattened(value, f"{prefix}{key}.")
        else:
            words.append(f"{prefix}{key}={json.dumps(value)}")
    return words


def _folder(output: str) -> Optional[str]:
    """The folder that the last lines of a run's output name."""
    for line in reversed(output.splitlines()):
        if line.endswith("/summary.json"):
            return line.strip()[: -len("/summary.json")]
    return None


def _library() -> str:
    for name in ("pandas", "polars"):
        try:
            __import__(name)
            return name
        except ImportError:
            continue
    raise Error("a frame needs pandas or polars", 3)


def _frame(csv: bytes, library: str) -> Any:
    if library == "polars":
        import polars

        return polars.read_csv(io.BytesIO(csv))
    import pandas

    return pandas.read_csv(io.BytesIO(csv))
