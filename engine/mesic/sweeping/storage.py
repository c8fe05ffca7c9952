"""Where a study is kept: a journal file that survives being killed, or a database."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from optuna.storages import BaseStorage, JournalStorage, get_storage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

from mesic.errors import UsageError

LOCK_IS_STALE_S = 5  # a record takes milliseconds; who holds the journal's lock for so long was killed
LOCK_AT_START_S = 1.0
LOCK_SUFFIX = ".lock"  # that of Optuna's journal
LEASE = "sweep.lock"
RECORD = b'{"op_code":'


def is_url(place: str) -> bool:
    """Return whether a study is kept in a database.

    Examples
    --------
    >>> is_url("sqlite:///study.db"), is_url("sweep/journal.log")
    (True, False)
    """
    return "://" in place


def opened(place: str) -> BaseStorage:
    """Open a journal file, or the database of a URL."""
    if is_url(place):
        return get_storage(place)
    lock = JournalFileSymlinkLock(place, grace_period=LOCK_IS_STALE_S)
    return JournalStorage(JournalFileBackend(place, lock_obj=lock))


def free_journal(path: Path) -> bool:
    """Take away the lock of a process that was killed while it wrote; return whether there was one.

    Who calls holds the lease of the sweep, so only jobs that outlived an earlier sweeper might still write, for
    milliseconds at a time.
    """
    lock = path.with_name(path.name + LOCK_SUFFIX)
    seen = _stamp(lock)
    if seen is None:
        return False
    time.sleep(LOCK_AT_START_S)
    if _stamp(lock) != seen:
        return False
    lock.unlink(missing_ok=True)
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_ctime_ns


def mend_journal(path: Path, *, instead: str = "hydra.sweep.dir") -> bool:
    """Cut off the record that a killed process or a full disk left half written; return whether there was one.

    Parameters
    ----------
    path
        The journal; it need not exist.
    instead
        The key by which another folder is given.

    Raises
    ------
    UsageError
        A record in the middle is broken, so the file was damaged by something else; or it is no journal.
    """
    if not path.exists():
        return False
    lines = path.read_bytes().splitlines(keepends=True)
    torn = lines.pop() if lines and _is_torn(lines[-1]) else b""
    for number, line in enumerate(lines, 1):
        if not _is_record(line):
            raise UsageError(
                f"{path} is damaged in line {number}, or is no journal of a study: put a copy in its place, or give "
                f"another {instead}"
            )
    _cut_off(path, len(torn))
    return bool(torn)


def _is_torn(line: bytes) -> bool:
    return not line.endswith(b"\n") and line[: len(RECORD)] == RECORD[: len(line)]


def _is_record(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and "op_code" in json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return False


def _cut_off(path: Path, count: int) -> None:
    if not count:
        return
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - count)


@contextmanager
def leased(folder: Path) -> Iterator[None]:
    """Keep other sweepers away from a folder; the system ends the lease when this process ends, however it does.

    Raises
    ------
    UsageError
        Another process sweeps here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LEASE).open("a+") as file:
        _lock(file, folder)
        yield


def _lock(file: IO[str], folder: Path) -> None:
    import fcntl
    import os

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise UsageError(
            f"{folder} is being swept by process {holder}: wait for it to end, or give another hydra.sweep.dir"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
