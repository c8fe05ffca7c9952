"""Files of JSON lines that several processes add to: locked, flushed, a line that a crash cut off taken away."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from mesic.errors import DataError
from mesic.runs.files import finite

Line = dict[str, Any]


def add_line(path: Path, make: Callable[[list[Line]], Line | None]) -> list[Line]:
    """Add a line to a file and return all of its lines, while no other process writes to it.

    Parameters
    ----------
    path
        The file; made where it is absent.
    make
        Told the lines so far; returns the line to add, or None for none.

    Raises
    ------
    DataError
        A line is no JSON; nothing is added.
    OSError
        The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file, _locked(file):
        file.seek(0)
        whole, cut = _split(file.read())
        lines = _parsed(path, whole)
        line = make(lines)
        if line is None:
            return lines
        if cut:
            file.truncate(len(whole))
        file.write(json.dumps(finite(line), ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
        return [*lines, finite(line)]


def read_lines(path: Path) -> list[Line]:
    """Return the lines of a file, without one that a crash cut off; none where there is no file.

    Raises
    ------
    DataError
        A line is no JSON.
    """
    return _parsed(path, _split(path.read_bytes())[0]) if path.is_file() else []


def _split(content: bytes) -> tuple[bytes, bytes]:
    end = content.rfind(b"\n") + 1
    return content[:end], content[end:]


def _parsed(path: Path, content: bytes) -> list[Line]:
    lines = []
    for number, text in enumerate(content.splitlines(), 1):
        try:
            lines.append(dict(json.loads(text)))
        except (ValueError, TypeError, RecursionError) as error:
            shown = text[:60].decode(errors="replace")
            raise DataError(f"{path}, line {number} is no JSON object: {shown!r}; mend or remove that line") from error
    return lines


@contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # no POSIX: appended lines are whole all the same
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
