"""Headless Chromium, controlled over a pipe with Python's standard library."""
import base64
import json
import os
import subprocess
import tempfile


class Navigated(Exception):
    """The page was replaced during a call."""


class Browser:
    """A browser with one page. Messages end with a zero byte (--remote-debugging-pipe)."""

    def __init__(self, program="chromium"):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.out = os.pipe()
        self.input, from_browser = os.pipe()
        # Chromium reads from descriptor 3 and writes to descriptor 4.
        command = (
            f'exec "$0" --headless --no-sandbox --disable-gpu --hide-scrollbars '
            f'--user-data-dir="$1" --remote-debugging-pipe about:blank '
            f'3<&{to_browser} 4>&{from_browser}')
        self.process = subprocess.Popen(
            ["bash", "-c", command, program, self.profile.name],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.count = 0
        self.events = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        os.close(self.out)
        self.process.terminate()
        self.process.wait(10)
        os.close(self.input)
        self.profile.cleanup()

    def message(self):
        while b"\0" not in self.buffer:
            part = os.read(self.input, 1 << 16)
            if not part:
                raise SystemExit("the browser has ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.count += 1
        request = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.out, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.count:
                if "error" in message:
                    if "navigated" in message["error"]["message"]:
                        raise Navigated()
                    raise SystemExit(f"{method}: {message['error']['message']}")
                return message["result"]
            self.events.append(message)

    def show(self, path, width, height, dark, scripts=True):
        """Opens a file in a window of this size. Returns the errors and requests of the page."""
        self.events = []
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        # The page's script has run; its messages are here before this answer.
        self.call("Page.getLayoutMetrics")
        problems = []
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                problems.append(parameters["exceptionDetails"]["text"])
            elif method == "Runtime.consoleAPICalled":
                problems.append("console: " + json.dumps(parameters["args"]))
            elif method == "Log.entryAdded":
                problems.append("log: " + parameters["entry"]["text"])
            elif method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("data:", "file://" + os.path.abspath(path))):
                    problems.append("request: " + url)
        return problems

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise SystemExit(expression + ": " + json.dumps(result["exceptionDetails"])[:500])
        return result["result"].get("value")

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path, whole=True):
        image = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(image))
