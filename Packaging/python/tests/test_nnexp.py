"""Tests of the Python package, in an environment that has the wheel."""

import pathlib

import pytest

import nnexp

EXPERIMENTS = pathlib.Path(__file__).resolve().parents[3] / "experiments"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_run_has_metrics_and_a_summary():
    run = nnexp.run(EXPERIMENTS / "iris.yaml", train={"epochs": 5})
    assert run.summary["status"] in ("completed", "fell_short")
    assert list(run.metrics["epoch"]) == [1, 2, 3, 4, 5]
    assert run.path.name == "run-0001"


def test_metrics_are_the_numbers_of_the_file():
    run = nnexp.run(EXPERIMENTS / "xor.yaml", **{"train.epochs": 3}, output="out")
    assert run.path == pathlib.Path("out").resolve()
    last = (run.path / "metrics.csv").read_text().splitlines()[-1].split(",")
    frame = run.metrics
    assert float(last[list(frame.columns).index("train_loss")]) == list(frame["train_loss"])[-1]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_predictions_have_the_frame_of_the_rows(library):
    frames = pytest.importorskip(library)
    run = nnexp.run(EXPERIMENTS / "iris.yaml")
    rows = frames.read_csv(EXPERIMENTS / "data" / "iris.csv")
    predicted = run.predict(rows)
    assert type(predicted).__module__.startswith(library)
    right = sum(a == b for a, b in zip(predicted["prediction"], rows["species"]))
    assert len(predicted) == 150 and right > 135


def test_an_error_has_the_message_of_the_command():
    pathlib.Path("wrong.yaml").write_text("model: [dense]\n")
    with pytest.raises(nnexp.Error, match="wrong.yaml:1:1: error") as caught:
        nnexp.run("wrong.yaml")
    assert caught.value.code == 2
    with pytest.raises(nnexp.Error, match="not the folder of a run"):
        nnexp.Run(".")
