"""A server as a process of its own, and callers of it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType


class Served:
    """``mesic serve`` of a bundle; use it in a ``with``."""

    more = MappingProxyType({})  # of the environment

    def __init__(self, folder, bundle, *keys, token=None):
        self.token, self.log = token, Path(folder) / f"serve-{time.monotonic_ns()}.log"
        keys = [*keys, f"token={token}"] if token else keys
        keys = [*keys, f"bundle={bundle}"] if bundle else keys
        command = [sys.executable, "-m", "mesic", "serve", "port=0", *keys, "--json"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("MESIC", "HYDRA"))}
        environment |= {"TMPDIR": str(folder), **self.more}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        told = self.process.stdout.readline()
        assert told, self.log.read_text()
        self.told = json.loads(told)
        self.port = int(self.told["address"].rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill() if self.process.poll() is None else None
        self.process.stdout.close()
        self.process.wait(30)

    def events(self, name):
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def ask(self, method, path, body=None, headers=None, connection=None):
        """Return status, headers and decoded body."""
        caller = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            caller.request(
                method, path, body if isinstance(body, (bytes, str)) else json.dumps(body), sent | (headers or {})
            )
            reply = caller.getresponse()
            text = reply.read()
        finally:
            if connection is None:
                caller.close()
        is_json = reply.headers["Content-Type"] == "application/json" and method != "HEAD"
        return reply.status, reply.headers, json.loads(text) if is_json else text.decode()

    def predict(self, row, **more):
        status, _, answer = self.ask("POST", "/predict", row, **more)
        assert status == 200, answer
        return answer

    def raw(self, data, *, ends=True, timeout=5):
        """Send bytes, and return all that comes back until the server closes or says nothing for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as caller:
            heard = b""
            try:
                caller.sendall(data)
                if ends:
                    caller.shutdown(socket.SHUT_WR)
                while part := caller.recv(2**16):
                    heard += part
            except (TimeoutError, ConnectionError):
                pass
        return heard

    def metric(self, name):
        status, _, text = self.ask("GET", "/metrics")
        if status != 200:
            return float("nan")
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    def workers(self):
        """Return the ids of the processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self, number=signal.SIGTERM):
        """Ask it to end; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


def is_alive(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(claim, seconds=30):
    """Wait until a claim holds; return whether it came to."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return True
        time.sleep(0.02)
    return claim()
