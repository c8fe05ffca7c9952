"""A door that is a function of events: a zip is unpacked as a platform does, and a new process calls its handler."""

import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.deployment.doors import ProcessDoor
from mesic.deployment.http_door import own_answer, sendable
from mesic.deployment.target import Row
from mesic.errors import CheckFailed

CALLER = r"""
import importlib.metadata, json, re, sys
folder, *listed = sys.argv[1:]
homes = importlib.metadata.packages_distributions()
plain = lambda name: re.sub(r"[-_.]+", "-", name).lower()
strange = {module for module, names in homes.items() if not {plain(name) for name in names} & set(listed)}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in strange:
            raise ModuleNotFoundError(f"{name} is not among the requirements", name=name)
sys.meta_path.insert(0, Absent())
sys.path.insert(0, folder)
from handler import handler
for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), None)))
"""


@dataclass(frozen=True)
class EventDoor:
    """A zip with a module ``handler`` and its function of the same name, as AWS Lambda calls it.

    Parameters
    ----------
    archive
        The zip.
    requirements
        The file for pip that lies beside it: other packages are out of reach, though they be installed.
    tolerance
        By how much a score may differ from the bundle's.
    """

    archive: Path
    requirements: Path
    tolerance: float = 0.0

    def ask(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return an answer a row; every other event is of the older format.

        Raises
        ------
        CheckFailed
            The handler fails, or says that the fault is its own.
        """
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(self.archive) as archive:
                archive.extractall(folder)
            command = [sys.executable, "-P", "-c", CALLER, folder, *names_in(self.requirements)]
            events = [event_of(row, is_old=number % 2 == 1) for number, row in enumerate(rows)]
            return [_answer(reply) for reply in ProcessDoor(command).ask(events)]


def names_in(requirements: Path) -> list[str]:
    """Return the packages that a file for pip lists, in their plain spelling."""
    lines = requirements.read_text(encoding="utf-8").splitlines()
    names = [re.match(r"[\w.-]+", line) for line in lines if not line.startswith(("#", "-"))]
    return [re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name]


def event_of(row: Row, *, is_old: bool) -> dict[str, Any]:
    """Return the event by which a gateway asks for a row."""
    body, headers = json.dumps(sendable(row)), {"content-type": "application/json"}
    if is_old:
        return {"httpMethod": "POST", "path": "/predict", "headers": headers, "body": body, "isBase64Encoded": False}
    told = {"http": {"method": "POST", "path": "/predict"}, "stage": "$default"}
    return {"version": "2.0", "rawPath": "/predict", "requestContext": told, "headers": headers, "body": body}


def _answer(reply: dict[str, Any]) -> dict[str, Any]:
    told = json.loads(reply["body"])
    if reply["statusCode"] not in (200, 422):
        raise CheckFailed(f"the handler says {reply['statusCode']}: {told['error']['message']}")
    return {"error": told["error"]["message"]} if reply["statusCode"] == 422 else own_answer(told)
