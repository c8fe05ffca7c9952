"""A browser as a door: a page loads reader and file from a server on this machine, answers rows, sends what it says."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mesic import CheckFailed, json_line

FLAGS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-background-networking"),
    *("--disable-component-update", "--disable-dev-shm-usage", "--disable-extensions"),
)
PAGE = """<!doctype html><meta charset="utf-8"><title>proof</title><script type="module">
let told;
try {
  const { open, answerLine } = await import("./mesic_device.js");
  const model = await open(await (await fetch("./model.mesic")).arrayBuffer(), { keys: KEYS });
  const lines = (await (await fetch("./rows")).text()).split("\\n").filter(line => line);
  told = lines.map(line => answerLine(model, line).text).join("\\n");
} catch (error) { told = "FAILED " + error; }
await fetch("./answers", { method: "POST", body: told });
</script>"""
FAILED = "FAILED "


class BrowserDoor:
    """Asks a parameter file in a browser without a screen.

    Parameters
    ----------
    program : str
        The browser.
    reader, file : Path
        The ES module, and the parameter file.
    keys : sequence of str
        Public keys that are trusted.
    tolerance : float
        By how much a score may differ.
    timeout_s : float
        After so many seconds it is given up.
    """

    def __init__(self, program, reader, file, *, keys=(), tolerance=0.0, timeout_s=600.0):
        self.program, self.reader, self.file, self.keys = program, reader, file, list(keys)
        self.tolerance, self.timeout_s = tolerance, timeout_s

    def ask(self, rows):
        """Return an answer a row.

        Raises
        ------
        CheckFailed
            The browser does not start, is too slow, or did not answer every row.
        """
        if not rows:
            return []
        pages = {
            "/": ("text/html; charset=utf-8", PAGE.replace("KEYS", json.dumps(self.keys)).encode()),
            "/mesic_device.js": ("text/javascript", self.reader.read_bytes()),
            "/model.mesic": ("application/octet-stream", self.file.read_bytes()),
            "/rows": ("text/plain; charset=utf-8", "".join(map(json_line, rows)).encode()),
        }
        text = sent_back(self.program, pages, self.timeout_s)
        if text.startswith(FAILED):
            raise CheckFailed(f"the browser does not answer: {text.removeprefix(FAILED)}")
        answers = [json.loads(line) for line in text.split("\n")]
        if len(answers) != len(rows):
            raise CheckFailed(f"the browser gave {len(answers)} answers to {len(rows)} rows")
        return answers


def sent_back(program, pages, timeout_s):
    """Return what the page at ``/`` of some pages (kind and bytes by path) sends to ``/answers``."""
    said, is_there = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind, content = pages.get(self.path, ("text/plain", b""))
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self):
            said.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()
            is_there.set()

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, tempfile.TemporaryDirectory() as profile:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            _browse(program, profile, f"http://127.0.0.1:{server.server_address[1]}/", is_there, timeout_s)
        finally:
            server.shutdown()
            shutil.rmtree(profile, ignore_errors=True)  # a browser that ends may write into it
            os.makedirs(profile, exist_ok=True)  # noqa: PTH103 - the path is a text
    if not said:
        raise CheckFailed(f"{program} does not answer: no answers within {timeout_s:.0f} s")
    return said[0]


def _browse(program, profile, address, is_there, timeout_s):
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = [program, *FLAGS, *(["--no-sandbox"] if is_root else []), f"--user-data-dir={profile}", address]
    try:
        process = subprocess.Popen(  # noqa: S603 - a browser that was found on the path
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise CheckFailed(f"{program} does not start: {error}") from error
    try:
        waited = 0.0
        while not is_there.wait(0.2) and process.poll() is None and waited < timeout_s:
            waited += 0.2
    finally:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)  # the group of its own: its helpers end, too
        else:
            process.kill()
        process.wait()
