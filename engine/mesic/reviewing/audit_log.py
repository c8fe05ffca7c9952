"""``audit.jsonl``: a line a review, only ever added to; each line holds the digest of the one before it."""

from pathlib import Path
from typing import Any

from mesic.errors import DataError, UsageError
from mesic.runs.files import json_digest
from mesic.runs.ledger import Line, add_line, read_lines

FILE = "audit.jsonl"
FIRST = ""


def log_of(bundle: Path) -> Path:
    """Return the log of a bundle: beside it, that is in its run's folder, and never inside."""
    return bundle.absolute().parent / FILE


def write_down(path: Path, event: dict[str, Any]) -> Line:
    """Add an event to a log; return its line.

    Raises
    ------
    UsageError
        It cannot be written: what is not on the log did not happen.
    DataError
        The log was altered.
    """

    def chained(lines: list[Line]) -> Line:
        _refuse_altered(path, lines)
        return event | {"before": json_digest(lines[-1]) if lines else FIRST}

    try:
        return add_line(path, chained)[-1]
    except OSError as error:
        raise UsageError(
            f"the review cannot be written to {path}: {error.strerror or error}; copy the bundle to where it can"
        ) from error


def read_log(path: Path) -> list[Line]:
    """Return the lines of a log, oldest first; none where there is none.

    Raises
    ------
    DataError
        A line was altered or taken out.
    """
    lines = read_lines(path)
    _refuse_altered(path, lines)
    return lines


def _refuse_altered(path: Path, lines: list[Line]) -> None:
    before = FIRST
    for number, line in enumerate(lines, 1):
        if line.get("before") != before:
            raise DataError(
                f"{path} was altered: line {number} does not follow the one before it; set it aside, and review again"
            )
        before = json_digest(line)
