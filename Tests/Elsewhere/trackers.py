#!/usr/bin/env python3
"""Reads event files with TensorBoard's own reader and in its page, and runs on an MLflow server.

    Tests/Elsewhere/trackers.py NNEXP [PICTURES]    PICTURES gets pictures of TensorBoard's page
"""

import csv
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
NNEXP = str(pathlib.Path(sys.argv[1]).resolve())
PICTURES = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
EVENTS = "events.out.tfevents.nnexp"
passed = 0


def check(condition, what):
    global passed
    if not condition:
        sys.exit(f"failed: {what}")
    passed += 1


def nnexp(*words, codes=(0,)):
    result = subprocess.run([NNEXP, *map(str, words)], capture_output=True, text=True)
    check(result.returncode in codes, f"nnexp {words}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def rows(run):
    with open(run / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def read(folder):
    """The events of a folder, without the reader's limits on their number."""
    everything = {kind: 0 for kind in ("scalars", "histograms", "images", "tensors")}
    accumulator = event_accumulator.EventAccumulator(str(folder), size_guidance=everything)
    return accumulator.Reload()


def as_float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def check_scalars(run, what):
    """The values and steps of every column of metrics.csv, each once and in order."""
    found = read(run)
    table = rows(run)
    columns = [name for name in table[0] if name not in ("epoch", "step")]
    for name in columns:
        wanted = [(int(row["epoch"]), as_float32(row[name])) for row in table if row[name]]
        if wanted:
            got = [(event.step, event.value) for event in found.Scalars(name)]
            check(got == wanted, f"{what}: {name} has {len(got)} of {len(wanted)} values")
    times = [event.wall_time for event in found.Scalars("train_loss")]
    check(times == sorted(times) and times[0] > 1.6e9, f"{what}: times in order")
    return found


def check_images(found, what):
    for tag in found.Tags()["images"]:
        image = found.Images(tag)[0]
        check(image.encoded_image_string[:8] == b"\x89PNG\r\n\x1a\n", f"{what}: {tag} is a PNG")
        check(len(found.Images(tag)) == 1 and image.width == image.height, f"{what}: one {tag}")
    check(sorted(found.Tags()["images"]) == ["confusion_test", "confusion_validation"], f"{what}: images")


def tensorboard_of_runs():
    nnexp("run", ROOT / "experiments/iris.yaml", "--quiet", "+train.tensorboard=true")
    nnexp("run", ROOT / "experiments/iris.yaml", "--quiet")
    nnexp("export", "results/iris/run-0002", "--tensorboard")
    epochs = []
    for name in ("run-0001", "run-0002"):
        run = pathlib.Path("results/iris", name)
        found = check_scalars(run, name)
        check_images(found, name)
        tensors = found.Tags()["histograms"]
        check(len(tensors) >= 4, f"{name}: histograms of {tensors}")
        for tensor in tensors:
            for event in found.Histograms(tensor):
                value = event.histogram_value
                check(sum(value.bucket) == value.num, f"{name}: counts of {tensor}")
                check(value.min <= value.sum / value.num <= value.max, f"{name}: mean of {tensor}")
        epochs.append([event.step for event in found.Histograms(tensors[0])])
    check(epochs[0] == [int(row["epoch"]) for row in rows(run)], "histograms of every row")
    check(len(epochs[1]) in (1, 2), "histograms of the checkpoints")
    refused = nnexp("export", "results/iris/run-0001", "--tensorboard", codes=(2,))
    check("already exists" in refused and "--force" in refused, refused)


def tensorboard_after_kills():
    """A run that is killed several times has the events of a run that is not."""
    text = (ROOT / "experiments/iris.yaml").read_text().replace("data/", f"{ROOT}/experiments/data/")
    pathlib.Path("killed").mkdir()
    os.chdir("killed")
    pathlib.Path("killed.yaml").write_text(text)
    words = [NNEXP, "run", "killed.yaml", "--quiet", "--resume", "+train.tensorboard=true",
             "train.epochs=20000", "+train.checkpoint.every=1 epoch"]
    for delay in (0.3, 0.5, 0.4, 0.7):
        process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    run = sorted(pathlib.Path("results").glob("*/run-*"), key=os.path.getmtime)[-1]
    # The end of a record that the process was writing.
    with open(run / EVENTS, "ab") as file:
        file.write(b"\x20\0\0\0")
    killed = len(rows(run))
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.wait()
    check(len(rows(run)) > killed > 10, f"rows after the kills: {killed}, then {len(rows(run))}")
    check_scalars(run, "killed and resumed")
    steps = [event.step for event in read(run).Histograms(read(run).Tags()["histograms"][0])]
    check(steps == [int(row["epoch"]) for row in rows(run)], "histograms of the killed run")
    os.chdir("..")
    shutil.rmtree("killed")


def sweep():
    nnexp("sweep", ROOT / "experiments/sweeps/xor_rates.yaml", "--quiet", "--output", "rates",
          codes=(0, 1))
    trials = json.loads(pathlib.Path("rates/plan.json").read_text())["trials"]
    nnexp("export", "rates", "--tensorboard")
    nnexp("export", "rates", "--tensorboard")
    for trial in trials[:3]:
        folder = pathlib.Path("rates/trials", trial["hash"])
        found = check_scalars(folder, f"trial {trial['trial']}")
        content = found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        session = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
        rate = session.hparams["train.optimizer.learning_rate"].number_value
        check(rate == float(trial["values"][0]), "the learning rate of a trial")
    content = read("rates").SummaryMetadata("_hparams_/experiment").plugin_data.content
    experiment = plugin_data_pb2.HParamsPluginData.FromString(content).experiment
    check([info.name for info in experiment.hparam_infos][0] == "train.optimizer.learning_rate", "parameters")
    return trials


def session(folder):
    """The start and the end of a trial in its event file; the end is None if there is none."""
    found = read(folder)
    contents = [
        found.SummaryMetadata(f"_hparams_/session_{name}_info").plugin_data.content
        if f"_hparams_/session_{name}_info" in found.summary_metadata else None
        for name in ("start", "end")]
    start, end = (content and plugin_data_pb2.HParamsPluginData.FromString(content) for content in contents)
    return start.session_start_info, end and end.session_end_info


def sweep_that_is_killed():
    """With `train.tensorboard`, a sweep writes its parameters itself, also after kills."""
    words = ["sweep", ROOT / "experiments/sweeps/xor_rates.yaml", "+train.tensorboard=true", "--quiet",
             "--output", "killed"]
    for count in (1, 4):
        process = subprocess.Popen([NNEXP, *map(str, words)], stderr=subprocess.DEVNULL)
        for _ in range(600):
            begun = list(pathlib.Path("killed/trials").glob(f"*/{EVENTS}-parameters"))
            if len(begun) >= count:
                break
            time.sleep(0.05)
        check(len(begun) >= count, "a trial has its parameters while it trains")
        process.send_signal(signal.SIGKILL)
        process.wait()
        time.sleep(0.5)
    plan = json.loads(pathlib.Path("killed/plan.json").read_text())
    folders = [pathlib.Path("killed/trials", trial["hash"]) for trial in plan["trials"]]
    nnexp(*words, codes=(0, 1))
    # As if the process had been killed after the trial's end, before it wrote the file.
    (folders[0] / f"{EVENTS}-parameters").unlink()
    nnexp(*words, codes=(0, 1))
    for trial, folder in zip(plan["trials"], folders):
        start, end = session(folder)
        rate = start.hparams["train.optimizer.learning_rate"].number_value
        check(rate == float(trial["values"][0]), f"the learning rate of trial {trial['trial']}")
        check(end is not None and end.status == 1, f"the end of trial {trial['trial']}")
        check_scalars(folder, f"trial {trial['trial']}")
    content = read("killed").SummaryMetadata("_hparams_/experiment").plugin_data.content
    experiment = plugin_data_pb2.HParamsPluginData.FromString(content).experiment
    check("train_loss" in [info.name.tag for info in experiment.metric_infos], "the columns of the sweep")
    shutil.rmtree("killed")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(address, process, seconds=90):
    for _ in range(seconds * 5):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read()
        except OSError:
            check(process.poll() is None, f"the server of {address} has ended")
            time.sleep(0.2)
    sys.exit(f"failed: no answer from {address}")


def tensorboard_page():
    """TensorBoard's page: the answers of its plugins, and a picture of each."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", "--logdir", ".", "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address, server)
        for _ in range(100):
            tags = json.loads(wait_for(f"{address}/data/plugin/scalars/tags", server))
            if len(tags) > 10 and "results/iris/run-0001" in tags:
                break
            time.sleep(0.3)
        check("train_loss" in tags["results/iris/run-0001"], f"scalars in the page: {tags}")
        images = json.loads(wait_for(f"{address}/data/plugin/images/tags", server))
        check("confusion_test" in images["results/iris/run-0002"], "images in the page")
        histograms = json.loads(wait_for(f"{address}/data/plugin/histograms/tags", server))
        check(len(histograms["results/iris/run-0001"]) >= 4, "histograms in the page")
        request = urllib.request.Request(
            f"{address}/data/plugin/hparams/session_groups", method="POST",
            data=json.dumps({
                "experimentName": "", "startIndex": 0, "sliceSize": 100, "colParams": [],
                "allowedStatuses": ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_UNKNOWN", "STATUS_RUNNING"],
            }).encode(), headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            groups = json.loads(answer.read())
        check(groups["totalSize"] == 24, f"the trials in the page: {groups.get('totalSize')}")
        for tab in ("timeseries", "images", "histograms", "hparams"):
            page = subprocess.run(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000",
                 "--virtual-time-budget=20000",
                 *([f"--screenshot={PICTURES / tab}.png"] if PICTURES else ["--dump-dom"]),
                 f"{address}/#{tab}"], capture_output=True, text=True, timeout=120)
            check(PICTURES or "tensorboard" in page.stdout.lower(), f"the page's tab {tab}")
    finally:
        server.terminate()
        server.wait()


def mlflow_server(trials):
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
         "--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "stored", "--workers", "1"],
        stdout=open("mlflow.log", "w"), stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait_for(f"{address}/health", server)
        output = nnexp("export", "results/iris/run-0001", "rates", "--mlflow", address,
                       "--mlflow-experiment", "nnexp test")
        check(output.count(": run ") == 2 + len(trials), output)
        client = MlflowClient(address)
        experiment = client.get_experiment_by_name("nnexp test")
        runs = client.search_runs([experiment.experiment_id], max_results=100)
        check(len(runs) == 2 + len(trials), f"{len(runs)} runs on the server")
        by_name = {run.info.run_name: run for run in runs}

        iris = by_name["iris/run-0001"]
        check(iris.info.status == "FINISHED", iris.info.status)
        check(iris.data.params["train.epochs"] == str(len(rows(pathlib.Path("results/iris/run-0001")))), "epochs")
        for name in ("train_loss", "validation_accuracy", "learning_rate"):
            history = client.get_metric_history(iris.info.run_id, name)
            got = sorted((value.step, value.value) for value in history)
            table = rows(pathlib.Path("results/iris/run-0001"))
            check(got == [(int(row["epoch"]), float(row[name])) for row in table], f"the history of {name}")
        for path in ("metrics.csv", "checkpoints/best.nnx", "resolved.yaml"):
            copy = client.download_artifacts(iris.info.run_id, path, ".")
            original = pathlib.Path("results/iris/run-0001", path)
            check(pathlib.Path(copy).read_bytes() == original.read_bytes(), f"the artifact {path}")

        parent = by_name["xor_rates"]
        nested = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        check(len(nested) == len(trials), f"{len(nested)} trials in the sweep")
        rates = sorted(float(run.data.params["train.optimizer.learning_rate"]) for run in nested)
        check(rates == sorted(float(trial["values"][0]) for trial in trials), "the rates of the trials")

        again = nnexp("export", "results/iris/run-0001", "rates", "--mlflow", address,
                      "--mlflow-experiment", "nnexp test")
        check(again.count("already on the server") == 2 + len(trials), again)
        check(len(client.search_runs([experiment.experiment_id], max_results=100)) == len(runs), "no run twice")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()
    refused = nnexp("export", "results/iris/run-0001", "--mlflow", address, codes=(3,))
    check("cannot export to MLflow: no answer from" in refused, refused)
    refused = nnexp("export", "results/iris/run-0001", "--mlflow", "localhost", codes=(2,))
    check("--mlflow takes the address of a server" in refused, refused)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        tensorboard_of_runs()
        tensorboard_after_kills()
        sweep_that_is_killed()
        trials = sweep()
        tensorboard_page()
        mlflow_server(trials)
        os.chdir("/")
    print(f"{passed} passed, 0 failed")


main()
