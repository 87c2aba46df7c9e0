#!/usr/bin/env python3
"""Tests `nnexp serve` over HTTP and in a headless Chromium.

    python3 Tests/Browser/serve.py .build/release/nnexp [FOLDER FOR PICTURES]

`make test-serve` does so. It needs python3 and chromium, and no network.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from browser import Browser, Navigated

NNEXP = str(pathlib.Path(sys.argv[1]).resolve())
PICTURES = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPERIMENT = """
name: xor
seed: 1
data: {inline: {inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]]}}
model: [{type: dense, units: 2}, sigmoid, {type: dense, units: 1}]
loss: squared_error
train: {optimizer: {type: sgd, learning_rate: 0.1}, epochs: 50, batch_size: full}
gradient_check: false
"""


class Window(Browser):
    """A browser that shows pages of a server."""

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait(f"location.href == {json.dumps(url)} && document.readyState == 'complete'")

    def wait(self, expression, seconds=30):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds

        def holds():
            try:
                return self.evaluate(f"!!({expression})")
            except Navigated:
                return False
        while not holds():
            assert time.monotonic() < end, f"not true within {seconds} s: {expression}"
            time.sleep(0.05)

    def resize(self, width, is_dark=False):
        """Sets the width of the window, and whether the system is dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
            mobile=False)
        scheme = "dark" if is_dark else "light"
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}])

    def errors(self):
        """The errors of all pages so far, and requests to other servers."""
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                yield parameters["exceptionDetails"]["text"]
            if method == "Runtime.consoleAPICalled":
                yield parameters["args"]
            if method == "Log.entryAdded":
                yield parameters["entry"]["text"]
            if method == "Network.requestWillBeSent":
                if not parameters["request"]["url"].startswith(("data:", "http://127.0.0.1:")):
                    yield parameters["request"]["url"]


class Server:
    """A running `nnexp serve`."""

    processes = []

    def __init__(self, folder, *options):
        self.process = subprocess.Popen(
            [NNEXP, "serve", str(folder), *options], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.processes.append(self.process)
        line = self.process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), line + self.process.stderr.read()
        self.url = line.strip()
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])

    def get(self, path="/", method="GET", **headers):
        """The status and the text of a response. The path is sent as it is."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as c:
            c.putrequest(method, path, skip_host="host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                c.putheader(name.replace("_", "-"), value)
            c.endheaders()
            response = c.getresponse()
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, response.read().decode()

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(20)
        assert code == -number, f"exit code {code} after signal {number}"


def run(folder, *words, code=0):
    done = subprocess.run([NNEXP, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{words}: {done.returncode} {done.stderr}"
    return done


def make_results(folder):
    """Two runs of xor with different settings, and a sweep."""
    (folder / "xor.yaml").write_text(EXPERIMENT)
    run(folder, "run", "xor.yaml", "--quiet")
    run(folder, "run", "xor.yaml", "train.optimizer.learning_rate=1", "--quiet")
    (folder / "sweep.yaml").write_text(
        EXPERIMENT + "sweep: {grid: {train.optimizer.learning_rate: [0.1, 1], seed: [1, 2, 3]}}\n")
    run(folder, "sweep", "sweep.yaml", "--quiet")


def make_many(folder, count, pattern):
    """Folders of runs that differ in their records, 500 per experiment."""
    record = json.loads((pattern / "run.json").read_text())
    summary = json.loads((pattern / "summary.json").read_text())
    for i in range(count):
        run_folder = folder / f"experiment-{i // 500:02d}" / f"run-{i % 500 + 1:04d}"
        run_folder.mkdir(parents=True)
        record["started"] = f"2026-{1 + i % 11:02d}-{1 + i // 11 % 28:02d}T{i % 24:02d}:{i % 60:02d}:00Z"
        summary["status"] = ["completed", "completed", "fell_short", "failed"][i % 4]
        for best in summary["best"].values():
            best["value"] = i * 7919 % 1000 / 1000
        (run_folder / "run.json").write_text(json.dumps(record))
        (run_folder / "summary.json").write_text(json.dumps(summary))
        os.link(pattern / "metrics.csv", run_folder / "metrics.csv")


def test_requests(server, folder):
    """Only requests to this machine, of this origin, that read."""
    own = f"localhost:{server.port}"
    assert server.get()[0] == 200
    assert server.get(host=own)[0] == 200
    assert server.get(host=own, origin="http://" + own)[0] == 200
    for host in ("example.com", f"example.com:{server.port}", "localhost.example.com", "0.0.0.0"):
        assert server.get(host=host)[0] == 403, host
    for origin in ("http://example.com", "null", "http://localhost:1", "https://" + own):
        assert server.get(host=own, origin=origin)[0] == 403, origin
    assert server.get(sec_fetch_site="cross-site", sec_fetch_mode="no-cors")[0] == 403
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert server.get(method=method)[0] == 405, method
    status, text = server.get(method="HEAD")
    assert status == 200 and text == "" and int(server.headers["content-length"]) > 1000
    assert "default-src 'none'" in server.headers["content-security-policy"]
    assert "access-control-allow-origin" not in server.headers
    with contextlib.suppress(OSError), socket.socket() as other:
        # An address of this machine that is not the loopback address.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        other.settimeout(2)
        if not address.startswith("127."):
            assert other.connect_ex((address, server.port)) != 0, "listens on another address"


def test_containment(server, folder):
    """Nothing outside the folder can be read."""
    results, outside = folder / "results", folder / "outside"
    shutil.copytree(results / "xor/run-0001", outside / "run-0001")
    (outside / "secret.yaml").write_text("a secret")
    (results / "linked").symlink_to(outside)
    (results / "xor/run-linked").symlink_to(outside / "run-0001")
    shutil.copytree(results / "xor/run-0001", results / "xor/run-0077")
    (results / "xor/run-0077/experiment.yaml").unlink()
    (results / "xor/run-0077/experiment.yaml").symlink_to(outside / "secret.yaml")
    shutil.copytree(results / "xor/run-0001", results / "xor/run-0078")
    (results / "xor/run-0078/summary.json").unlink()
    (results / "xor/run-0078/summary.json").symlink_to(outside / "run-0001/summary.json")

    assert server.get("/run/xor/run-0001")[0] == 200
    refused = [
        "/run/linked/run-0001", "/run/xor/run-linked", "/run/xor/run-0077", "/run/xor/run-0078",
        "/run/../outside/run-0001", "/run/xor/../../outside/run-0001", "/run/./xor/run-0001",
        "/run/%2e%2e/outside/run-0001", "/run/..%2foutside%2frun-0001", "/run/%2e%2e%2foutside",
        "/run/" + str(outside / "run-0001"), "/run//" + str(outside / "run-0001"),
        "/run/" + str(outside / "run-0001").replace("/", "%2F"), "/run/xor/run-0001%00",
        "/run/xor/run-0001/", "/run//xor/run-0001", "/run/xor%5crun-0001", "/run/xor/run-0001/..",
        "/run/%252e%252e/outside/run-0001", "/run/xor/latest", "/../../etc/passwd", "/run/%ff",
        "/etc/passwd", "/run/xor/run-0001/experiment.yaml", "//etc/passwd", "/run/%", "/run/",
        "http://127.0.0.1/run/xor/run-0001", "*", "/sweep/../outside", "/events/run/linked/run-0001",
        "/events/file/xor/run-0001", "/events/sweep/xor/run-0001",
        "/compare?run=../outside/run-0001", "/compare?run=linked/run-0001&run=xor/run-0001",
        "/compare?run=" + str(outside / "run-0001"), "/compare?run=xor/run-0077", "/compare",
        "/compare?" + "&".join(["run=xor/run-0001"] * 21),
    ]
    for path in refused:
        status, text = server.get(path)
        assert status in (400, 403, 404), f"{path}: {status}"
        assert "a secret" not in text
    time.sleep(1)
    text = server.get()[1]
    assert "run-0077" in text and "run-0078" not in text and "linked" not in text
    for path in (results / "xor/run-0077", results / "xor/run-0078", outside):
        shutil.rmtree(path)
    (results / "linked").unlink()
    (results / "xor/run-linked").unlink()


def read_many(folder):
    """The seconds of the processor in which Python reads and parses the records of all runs."""
    start = time.process_time()
    for name in ("run.json", "summary.json"):
        for file in folder.glob(f"*/*/{name}"):
            json.loads(file.read_bytes())
    return time.process_time() - start


def test_many(folder):
    """Two lists of 10,000 runs take at most twice the processor time of parsing their records in
    Python: half a second on a machine of 2024."""
    make_many(folder / "many", 10_000, folder / "results/xor/run-0001")
    most = 2 * read_many(folder / "many")
    server = Server(folder / "many")
    texts, seconds = [], []
    for query in ("", "", "?sort=metric", "?filter=experiment-07&status=failed", "?page=100"):
        start = time.monotonic()
        texts.append(server.get("/" + query)[1])
        seconds.append(time.monotonic() - start)
        if not query:
            # Other programs may delay the response, but hardly add to the time of the processor.
            assert server.cpu_seconds() < most, (server.cpu_seconds(), most)
    assert "1–100 of 10,000" in texts[0] and "1–100 of 125" in texts[3]
    assert "9,901–10,000 of 10,000" in texts[4]
    start = server.cpu_seconds()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)) as events:
        events.request("GET", "/events")
        stream = events.getresponse()
        assert stream.readline() == b"retry: 2000\n"
        time.sleep(3)
    load = (server.cpu_seconds() - start) / 3
    assert load < 0.25, load
    shown = ", ".join(f"{value * 1000:.0f}" for value in seconds)
    print(f"10,000 runs: pages in {shown} ms; {server.memory() / 1e6:.0f} MB; "
          f"{100 * load:.1f}% of a core while a list is watched")
    server.stop()


def test_messages(server, folder):
    """What is wrong is reported as by the other commands."""
    done = run(folder, "serve", "nowhere", code=2)
    assert done.stderr == (
        "error: there is no folder 'nowhere'\nnote: 'nnexp run' writes its results there\n")
    start = time.monotonic()
    done = run(folder, "serve", "results", "--port", str(server.port), code=3)
    assert time.monotonic() - start < 15, "the message took long"
    assert done.stderr == (
        f"error: port {server.port} is in use\nnote: --port 0 takes a free port\n"), done.stderr
    assert "--port must be an integer from 0 to 65535" in run(
        folder, "serve", "--port", "65536", code=2).stderr
    alone = folder / "alone"
    alone.mkdir()
    shutil.copy(NNEXP, alone / "nnexp")
    done = subprocess.run(
        [alone / "nnexp", "serve", "results"], cwd=folder, capture_output=True, text=True,
        check=False)
    assert done.returncode == 3
    assert done.stderr.startswith(
        "error: the program 'nnexp-serve', which 'nnexp serve' executes, is not installed\n")


def fits(browser):
    """The page is not wider than the window."""
    return browser.evaluate("document.documentElement.scrollWidth <= innerWidth")


def pictures(browser, name):
    """Checks phone and desktop width, light and dark; keeps the pictures if asked to."""
    for width in (400, 1400):
        for is_dark in (False, True):
            browser.resize(width, is_dark)
            assert fits(browser), f"{name} is wider than {width} pixels"
            if PICTURES:
                time.sleep(0.2)
                file = f"{name}-{width}{'-dark' if is_dark else ''}.png"
                browser.screenshot(PICTURES / file, whole=False)
    browser.resize(1400)


def test_pages(browser, server):
    """The list, the filter, the comparison and the reports."""
    browser.open(server.url)
    browser.wait("document.querySelectorAll('table.runs tbody tr').length == 3")
    pictures(browser, "list")
    browser.evaluate(
        "(i => { i.value = '0002'; i.dispatchEvent(new Event('input', {bubbles: true})) })"
        "(document.querySelector('input[type=search]'))")
    browser.wait("document.querySelectorAll('table.runs tbody tr').length == 1")
    assert browser.evaluate("location.search") == "?filter=0002"
    browser.open(server.url)
    browser.wait("document.getElementById('compare-button').disabled")
    browser.evaluate("document.querySelectorAll('input[name=run]').forEach(box => box.click())")
    browser.wait("document.getElementById('compare-button').textContent == 'Compare 2 runs'")
    browser.evaluate("document.getElementById('compare-button').click()")
    browser.wait("location.pathname == '/compare' && document.readyState == 'complete'")
    rows = browser.evaluate(
        "[...document.querySelectorAll('main table')].map(t => [...t.rows].map("
        "r => [...r.cells].map(c => c.textContent)))")
    assert rows[1][1:] == [["train.optimizer.learning_rate", "1", "0.1"]], rows[1]
    assert browser.evaluate("document.querySelectorAll('main svg').length") >= 1
    pictures(browser, "compare")
    for page in ("run/xor/run-0001", "sweep/xor/sweep"):
        browser.open(server.url + page)
        assert browser.evaluate("document.querySelectorAll('main svg').length") >= 1, page
        pictures(browser, page.split("/")[0])


def test_training(browser, server, folder):
    """The pages follow a run that trains."""
    browser.open(server.url)
    training = subprocess.Popen(
        [NNEXP, "run", str(ROOT / "experiments/digits_lp.yaml"), "train.epochs=1000000", "--quiet"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        browser.wait("document.querySelector('.status.running')")
        browser.wait("document.querySelector('a[href*=digits_lp]')")
        epochs = (
            "Number(document.querySelector('.status.running').closest('tr').cells[4]"
            ".textContent.replaceAll(',', ''))")
        before = browser.evaluate(epochs)
        browser.wait(f"{epochs} > {before}")
        pictures(browser, "training-list")
        browser.open(server.url + "compare?run=digits_lp/run-0001&run=xor/run-0001")
        browser.wait("document.querySelector('main svg')")
        curve = "document.querySelector('main svg').outerHTML"
        browser.evaluate(f"window.earlier = {curve}")
        browser.wait(f"{curve} != window.earlier")
        pictures(browser, "training-compare")
        browser.open(server.url + "run/digits_lp/run-0001")
        browser.wait("document.querySelector('main svg')")
        curve = "document.querySelector('main svg').outerHTML"
        for _ in range(3):
            browser.evaluate(f"window.earlier = {curve}")
            browser.wait(f"{curve} != window.earlier")
        assert browser.evaluate("document.querySelector('.live').textContent") == "live"
        # What the reader opened stays open, and the page stays where it is.
        browser.evaluate("document.querySelector('details').open = true; scrollTo(0, 300)")
        browser.evaluate(f"window.earlier = {curve}")
        browser.wait(f"{curve} != window.earlier")
        assert browser.evaluate("document.querySelector('details').open && scrollY == 300")
        browser.evaluate("scrollTo(0, 0)")
        pictures(browser, "training")
    finally:
        training.send_signal(signal.SIGINT)
        training.wait(60)
    browser.wait("document.querySelector('.verdict').textContent.includes('interrupted')")
    browser.wait("!document.querySelector('.live')")
    browser.open(server.url)
    browser.wait("document.querySelector('table.runs tbody').textContent.includes('interrupted')")


def test_sweep(browser, server, folder):
    """The pages follow a sweep that trains: its trials appear, and link to their pages."""
    (folder / "live.yaml").write_text(
        EXPERIMENT.replace("name: xor", "name: live").replace(
            "epochs: 50", "epochs: 1000000000, record_every: 1000")
        + "sweep: {grid: {train.epochs: [1000, 1000000000], seed: [1, 2, 3]}}\n")
    browser.open(server.url)
    training = subprocess.Popen(
        [NNEXP, "sweep", "live.yaml", "--jobs", "2", "--quiet"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    row = "[...document.querySelectorAll('table.runs tr')].find(r => r.textContent.includes('live'))"
    tables = (
        "[...document.querySelectorAll('main table')].map(t => [...t.rows].map("
        "r => [...r.cells].map(c => c.textContent)))")
    try:
        browser.wait(f"{row}?.querySelector('.status.running')")
        browser.open(server.url + "sweep/live/sweep")
        assert "running" in browser.evaluate("document.querySelector('.verdict').textContent")
        # The three short trials end, and their rows appear without a reload.
        browser.evaluate("window.isSamePage = true")
        browser.wait(
            f"{tables}.some(t => t[0].includes('status') && t.length == 4"
            " && t.slice(1).every(row => row.at(-1) == 'completed'))")
        browser.wait(f"{tables}.some(t => t[0].includes('epochs') && t.length == 3)")
        assert browser.evaluate("window.isSamePage"), "the page was loaded again"
        assert browser.evaluate("document.querySelector('.live').textContent") == "live"
        epochs = f"Number({tables}.find(t => t[0].includes('epochs'))[1].at(-2))"
        before = browser.evaluate(epochs)
        browser.wait(f"{epochs} > {before}")
        pictures(browser, "training-sweep")
        for kind in ("epochs", "status"):
            link = browser.evaluate(
                "[...document.querySelectorAll('main table')].find("
                f"t => t.rows[0].textContent.includes('{kind}')).querySelector('td a').href")
            browser.open(link)
            browser.wait("document.querySelector('main svg.chart')")
            browser.open(server.url + "sweep/live/sweep")
    finally:
        training.send_signal(signal.SIGINT)
        training.wait(60)
    browser.wait("document.querySelector('.verdict').textContent.includes('incomplete')")
    browser.wait("!document.querySelector('.live')")
    assert "2 interrupted" in browser.evaluate("document.querySelector('.verdict').textContent")
    # A sweep that was killed is not shown as live either.
    training = subprocess.Popen(
        [NNEXP, "sweep", "live.yaml", "--jobs", "2", "--quiet"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        browser.open(server.url)
        browser.wait(f"{row}?.querySelector('.status.running')")
    finally:
        os.killpg(training.pid, signal.SIGKILL)
        training.wait()
    browser.wait(f"{row}?.textContent.includes('incomplete')")
    assert not browser.evaluate(f"!!{row}.querySelector('.status.running')")


def main():
    if PICTURES:
        PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_results(folder)
        server = Server(folder / "results")
        browser = Window()
        try:
            test_requests(server, folder)
            test_containment(server, folder)
            test_messages(server, folder)
            test_pages(browser, server)
            test_training(browser, server, folder)
            test_sweep(browser, server, folder)
            assert not list(browser.errors()), list(browser.errors())
            server.stop()
            Server(folder / "results").stop(signal.SIGINT)
            test_many(folder)
        finally:
            browser.close()
            for process in Server.processes:
                process.kill()
    print("the pages of nnexp serve hold")


main()
