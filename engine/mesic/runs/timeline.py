"""The timeline: a line when an activity starts and a line when it ends, each flushed, so that a killed run shows."""

import getpass
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from mesic.errors import DataError, UsageError
from mesic.runs.files import finite
from mesic.runs.resources import Clock, peak_mib
from mesic.runs.secrets import hidden

FILE = "timeline.jsonl"


def now() -> str:
    """Return the time as the record writes it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass
class Activity:
    """What an activity may say of itself before it ends."""

    rows_in: int | None = None
    rows_out: int | None = None
    outcome: str = "done"
    cache: dict[str, Any] | None = None


class Timeline:
    """Appends to one ``timeline.jsonl``."""

    def __init__(self, folder: Path, secrets: Mapping[str, str] | None = None) -> None:
        self.path, self.secrets = folder / FILE, secrets or {}

    def append(self, line: dict[str, Any]) -> None:
        """Write one line and see it to the disk."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                _drop_cut_line(file)
                file.write(json.dumps(finite(hidden(line, self.secrets)), ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise UsageError(f"cannot write {self.path}: {error.strerror or error}; give another out=") from error

    @contextmanager
    def activity(self, stage: str, **facts: Any) -> Iterator[Activity]:
        """Book a stage from its start to its end, also when it fails."""
        clock, activity = Clock.started(), Activity()
        start = {"stage": stage, "pid": os.getpid(), **facts}
        self.append({"event": "start", "time": now(), **start})
        try:
            yield activity
        except BaseException as error:
            activity.outcome = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            raise
        finally:
            used = {
                "wall_s": round(clock.wall_s(), 4),
                "cpu_s": round(clock.cpu_s(), 4),
                "peak_mib": round(peak_mib()),
            }
            self.append({"event": "end", "time": now(), **start, **used, **vars(activity)})

    def note(self, what: str, *, who: str, hours: float | None, cost: float | None) -> dict[str, Any]:
        """Book human work."""
        line = {"event": "note", "time": now(), "stage": what, "who": who, "hours": hours, "cost": cost}
        self.append(line)
        return line


def _drop_cut_line(file: BinaryIO) -> None:
    """Take away a last line without its end: a full disk or a crash cut it off."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return
    file.seek(end - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def read_timeline(folder: Path) -> list[dict[str, Any]]:
    """Return a run's activities in order: each start joined with its end, ``died`` where there is none.

    Raises
    ------
    DataError
        A line is no JSON; the last one may be cut off by a crash and is left out.
    """
    path = folder / FILE
    if not path.exists():
        return []
    lines = path.read_bytes().removesuffix(b"\n").split(b"\n")
    activities: list[dict[str, Any]] = []
    for number, text in enumerate(lines, 1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                break
            shown = text[:60].decode(errors="replace")
            raise DataError(f"{path}, line {number} is no JSON: {shown!r}") from error
        _join(activities, line)
    _close(activities)
    return activities


def _join(activities: list[dict[str, Any]], line: dict[str, Any]) -> None:
    if line["event"] != "end":
        outcome = {"outcome": "running"} if line["event"] == "start" else {"outcome": "done"}
        activities.append({**line, **outcome})
        return
    for activity in reversed(activities):
        if activity["event"] == "start" and activity["stage"] == line["stage"] and activity["outcome"] == "running":
            activity.update({key: value for key, value in line.items() if key not in ("event", "time")})
            activity["ended"] = line["time"]
            return


def _close(activities: Sequence[dict[str, Any]]) -> None:
    if not activities:
        return
    first = datetime.fromisoformat(activities[0]["time"])
    for activity in activities:
        activity["start_s"] = round((datetime.fromisoformat(activity["time"]) - first).total_seconds(), 3)
        if activity["outcome"] == "running" and not is_alive(activity.get("pid")):
            activity["outcome"] = "died"


def is_alive(pid: int | None) -> bool:
    """Return whether a process of this machine runs under a number."""
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def current_user() -> str:
    """Return who is at work, as the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"
