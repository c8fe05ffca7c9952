"""Parts of an output that are done: each a file of its own, whole or absent, beside the output until that is whole."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.errors import UsageError

JOB, LOCK, WHOLE = "job.json", "lock", "whole"
SIZE_BYTES, DIGEST_BYTES = 8, 32


@dataclass(frozen=True)
class Part:
    """Some rows of the output.

    Parameters
    ----------
    facts
        What is known of them, as JSON holds it: ``rows``, ``after``, and what the account and the summary need.
    payload
        The rows, as the writer of the output's format takes them.
    """

    facts: Mapping[str, Any]
    payload: bytes


class Parts:
    """The parts of one job, in a folder beside its output; made by :func:`parts_of`.

    Parameters
    ----------
    folder
        Where they lie.
    why_anew
        Why parts that lay there could not be used; empty where none had to go.
    """

    def __init__(self, folder: Path, why_anew: str) -> None:
        self.folder, self.why_anew = folder, why_anew

    @property
    def whole(self) -> Path:
        """Where the output is put together."""
        return self.folder / WHOLE

    def find(self, number: int) -> Part | None:
        """Return a part that is done; None where it is not, or where a byte of it has changed."""
        try:
            content = self._path(number).read_bytes()
        except FileNotFoundError:
            return None
        told, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if len(told) < SIZE_BYTES or hashlib.sha256(told).digest() != digest:
            return None
        facts_end = len(told) - SIZE_BYTES
        facts_start = facts_end - int.from_bytes(told[facts_end:], "big")
        return Part(json.loads(told[facts_start:facts_end]), told[:facts_start])

    def keep(self, number: int, part: Part) -> None:
        """Write a part; it is there, whole, once this returns, also for a process that begins later."""
        facts = json.dumps(part.facts).encode()
        told = part.payload + facts + len(facts).to_bytes(SIZE_BYTES, "big")
        fresh = self._path(number).with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(told)
            file.write(hashlib.sha256(told).digest())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path(number))

    def count(self) -> int:
        """Return how many parts are done."""
        return sum(1 for _ in self.folder.glob("*.part"))

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.part"


@contextmanager
def parts_of(output: Path, job: Mapping[str, Any]) -> Iterator[Parts]:
    """Give the parts of a job, with those that an earlier process has done if its job was the same to the last detail.

    Raises
    ------
    UsageError
        Another process is at it.
    """
    folder = output.with_name(f".{output.name}.parts")
    with _locked(folder, output):
        differing = _differing(folder / JOB, job)
        _swept(folder)
        if differing is None or differing:
            _emptied(folder)
            (folder / f"{JOB}.new").write_text(json.dumps(job), encoding="utf-8")
            (folder / f"{JOB}.new").replace(folder / JOB)
        parts = Parts(folder, ", ".join(differing or ()))
        try:
            yield parts
        finally:
            _swept(folder)
            if not parts.count():
                parts.remove()


def _differing(path: Path, job: Mapping[str, Any]) -> list[str] | None:
    """Return in what an earlier job differs from this one; None where there was none."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
        earlier = dict(earlier)
    except (FileNotFoundError, ValueError, TypeError, RecursionError):
        return None
    wanted = json.loads(json.dumps(job))
    return sorted(key for key in {*earlier, *wanted} if earlier.get(key) != wanted.get(key))


def _swept(folder: Path) -> None:
    """Remove what was begun and not ended."""
    for left in (*folder.glob("*.new"), folder / WHOLE):
        left.unlink(missing_ok=True)


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != LOCK:
            path.unlink()


@contextmanager
def _locked(folder: Path, output: Path) -> Iterator[None]:
    """Hold a folder for this process; the system lets go when it ends, however that is."""
    if folder.is_symlink() or (folder / LOCK).is_symlink():
        raise UsageError(f"{folder} is a link, or holds one: what it leads to would be overwritten; remove it")
    try:
        import fcntl
    except ImportError:  # a system without such locks: two commands for one output are the user's to avoid
        folder.mkdir(parents=True, exist_ok=True)
        yield
        return
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"output={output} is being written by another process: wait, or give another"
                ) from error
            if _is_there(folder / LOCK, file.fileno()):
                yield
                return


def _is_there(path: Path, handle: int) -> bool:
    """Return whether a path still leads to a file that was opened; who ends removes it."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
