"""A small client of the Language Server Protocol, for tests that send many messages.

`server.py` uses the client library pygls for the tests of single features.
"""

import json
import subprocess


class Client:
    def __init__(self, command, folder):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self.number = 0
        self.diagnostics = {}
        self.version = 0
        self.request("initialize", {"capabilities": {}})
        self.notify("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline()) != b"\r\n":
            assert line, f"the server ended with exit code {self.process.wait()}"
            length = int(line.split(b":")[1])
        message = json.loads(self.process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            parameters = message["params"]
            self.diagnostics[parameters["uri"]] = parameters.get("version"), parameters["diagnostics"]
        return message

    def request(self, method, parameters):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": parameters})
        self.process.stdin.flush()
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def notify(self, method, parameters):
        self.send({"method": method, "params": parameters})

    def open(self, uri, text):
        """Opens a file, and returns its diagnostics."""
        self.version += 1
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": "yaml", "version": self.version, "text": text}})
        return self.checked(uri)

    def change(self, uri, start, end, text):
        """Replaces the text between two positions, each a line and a character."""
        self.version += 1
        positions = [{"line": line, "character": character} for line, character in (start, end)]
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": self.version},
            "contentChanges": [{"range": dict(zip(("start", "end"), positions)), "text": text}]})

    def checked(self, uri):
        """The diagnostics of the newest text."""
        self.process.stdin.flush()
        while self.diagnostics.get(uri, (None,))[0] != self.version:
            self.receive()
        return self.diagnostics[uri][1]

    def close(self):
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.stdin.flush()
        return self.process.wait(10)
