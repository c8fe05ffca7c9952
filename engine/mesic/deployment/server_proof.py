"""The proof that a bundle answers through the server's door, made once for what answers it.

It is as long and as strict as that of ``target=server``: a process of its own is asked all three sets of rows. What was
proven is remembered on this machine, under a fingerprint of everything that has a part in an answer, so that the same
bundle, code and libraries are not asked twice.
"""

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mesic.bundle import MANIFEST
from mesic.bundle.bundle import Bundle
from mesic.deployment import proof
from mesic.deployment.edges import LEAST_ROWS
from mesic.deployment.http_door import HttpDoor
from mesic.deployment.target import Door
from mesic.errors import CheckFailed
from mesic.own import state_folder
from mesic.runs.environment import environment_lock, package_digest
from mesic.runs.files import json_digest, write_json

FOLDER, MOST_REMEMBERED = "proofs", 1_000
DOOR, NEEDED = "http", ("confidence.parquet", "end_to_end.parquet", "config.json")


def proven_as_server(bundle: Bundle, *, edge_rows: int = LEAST_ROWS) -> dict[str, Any]:
    """Return the proof that a server answers as a bundle does: remembered where there is one, else made now.

    Parameters
    ----------
    bundle
        What is to answer, as it lies in its folder.
    edge_rows
        Rows at the edges, at least.

    Returns
    -------
    dict
        As ``proof.json`` of an artefact, with ``is_new``: whether it was made now.

    Raises
    ------
    CheckFailed
        The server answers otherwise than the bundle, or the bundle lacks the rows that would show it.
    """
    fingerprint = fingerprint_of(bundle.digest)
    if (known := remembered(fingerprint)) is not None:
        return {**known, "is_new": False}
    if lost := [name for name in NEEDED if not (bundle.folder / name).is_file()]:
        raise CheckFailed(f"bundle {bundle.folder} cannot be proven: it lacks {', '.join(lost)}; run again")
    keys = {"bundle": str(bundle.folder.resolve()), "unknown": "ignore", "workers": 1}
    doors: dict[str, Any] = {DOOR: HttpDoor(keys)}
    found = proof.proven(doors, proof.questions_of(bundle, edge_rows=edge_rows))
    _remember(fingerprint, found)
    return {**found, "is_new": True}


def remember_artefact(bundle: Bundle, doors: Mapping[str, Door], found: Mapping[str, Any]) -> None:
    """Remember the proof of an artefact one of whose doors is a server of this bundle."""
    door = doors.get(DOOR)
    if not isinstance(door, HttpDoor) or door.tolerance or _served_by(door) != bundle.digest:
        return
    own = {**found, "doors": {DOOR: found["doors"][DOOR]}}
    _remember(fingerprint_of(bundle.digest), own)


def _served_by(door: HttpDoor) -> str | None:
    try:
        manifest = json.loads(Path(str(door.keys.get("bundle")), MANIFEST).read_text(encoding="utf-8"))
        return str(manifest["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fingerprint_of(digest: str) -> str:
    """Return the fingerprint of all that has a part in the answers of a bundle of this digest."""
    code = {name: package_digest(name) for name in ("mesic", "mesic_plugins")}
    machine = [platform.python_implementation(), platform.python_version(), platform.system(), platform.machine()]
    return json_digest({"bundle": digest, "code": code, "libraries": environment_lock(), "machine": machine})


def remembered(fingerprint: str) -> dict[str, Any] | None:
    """Return what was proven under a fingerprint; None where nothing was."""
    try:
        known: dict[str, Any] = json.loads((_folder() / f"{fingerprint}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):
        return None
    return known if known.get("format") == proof.FORMAT else None


def _remember(fingerprint: str, found: Mapping[str, Any]) -> None:
    """Write down what was proven; where there is no room for it, it is proven again the next time."""
    with suppress(OSError, RuntimeError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(folder / f"{fingerprint}.json", {**found, "fingerprint": fingerprint})
        oldest_last = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in oldest_last[MOST_REMEMBERED:]:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    return state_folder() / FOLDER
