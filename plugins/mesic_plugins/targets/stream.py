"""A bundle registered with a stream: once, and then records flow through it."""

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mesic import Built, CheckFailed, ProcessDoor, Registration

NAMES = ("id", "offset", "bundle", "version")
PROVEN = {"id": None, "key": None, "checkpoint": None, "dead_letters": None, "metrics": None, "control": False}


class Stream:
    """A copy of the bundle, and with which stream it is registered: ``mesic serve artefact=`` lets records flow.

    Parameters
    ----------
    stream : str
        Name of the stream.
    options : dict
        Its options.

    Raises
    ------
    ConfigError
        An option of the stream is unknown or cannot work.
    ComponentError
        No plugin offers the stream.
    """

    def __init__(self, stream="stdin", options=None):
        self.registration = Registration.of(stream, options or {})

    def build(self, bundle, folder, release):
        """Copy the bundle, and write how it is registered."""
        _ = bundle.predictor  # names a step that it does not know
        shutil.copytree(bundle.folder, folder / "bundle")
        self.registration.save(folder, release, bundle.envelope)
        needs = ["mesic with the extra serve, of the version that built it or a later one"]
        needs += ["the plugin that offers the stream " + self.registration.stream]
        cannot = ["keep features of earlier records: each record is answered by itself"]
        facts = {"stream": self.registration.stream, "stream_options": dict(self.registration.options)}
        return Built(needs, cannot, facts)

    def doors(self, folder):
        """Return the door: a process that reads a file where a file is registered, else one that reads stdin."""
        command = [sys.executable, "-m", "mesic.streaming", str(Path(folder).resolve())]
        if self.registration.stream == "file":
            return {"file": FileDoor(command, dict(self.registration.options))}
        return {"stdin": StdinDoor(command)}


@dataclass(frozen=True)
class StdinDoor:
    """A process that answers records on stdin."""

    command: list[str]
    tolerance: float = 0.0

    def ask(self, rows):
        """Return an answer a row."""
        command = [*self.command, json.dumps({"stream": "stdin", "options": {}})]
        return [_answer(told) for told in ProcessDoor(command).ask(rows)]


@dataclass(frozen=True)
class FileDoor:
    """A process that answers records of a file, registered as the artefact is but for the places."""

    command: list[str]
    options: dict[str, object]
    tolerance: float = 0.0

    def ask(self, rows):
        """Return an answer a row."""
        with tempfile.TemporaryDirectory() as name:
            places = {"path": str(Path(name, "in.jsonl")), "output": str(Path(name, "out.jsonl")), "format": "jsonl"}
            Path(places["path"]).write_text("".join(map(_line, rows)), encoding="utf-8")
            told = {"stream": "file", "options": {**self.options, **PROVEN, **places, "follow": False}}
            ProcessDoor([*self.command, json.dumps(told)]).ask([])
            lines = Path(places["output"]).read_text(encoding="utf-8").splitlines()
        if len(lines) != len(rows):
            raise CheckFailed(f"the stream gave {len(lines)} answers to {len(rows)} rows")
        return [_answer(json.loads(line)) for line in lines]


def _line(row):
    text = json.dumps(row, ensure_ascii=False)
    return text.replace(": Infinity", ": 1e999").replace(": -Infinity", ": -1e999") + "\n"


def _answer(told):
    """Return an answer without what names it; a refusal as a text."""
    if "error" in told:
        return {"error": told["error"]["message"]}
    return {name: value for name, value in told.items() if name not in NAMES}
