"""How often a test part was opened: a line an evaluation, in one file beside the runs.

A test part is known by its rows: the digest of their sorted keys. A run that is taken up again is one use, and a
reproduction is none. Runs that were kept elsewhere, and test parts that share rows without being equal, are not known.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mesic.data.identity import array_digest
from mesic.errors import MesicError
from mesic.runs.files import finite
from mesic.runs.ledger import Line, add_line, read_lines

FILE = "test_uses.jsonl"
RECORD = "record.json"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
OF_RUNS = ("*/record.json", "*/[0-9]*/record.json", "[0-9]*-*-*/*/record.json", "[0-9]*-*-*/*/[0-9]*/record.json")


@dataclass(frozen=True)
class Uses:
    """What is known of the uses of one test part.

    Parameters
    ----------
    digest
        Of its rows.
    runs
        How many runs evaluated on it.
    answers
        How many different sets of predictions that were.
    ledger
        Where they are booked; None where that could not be written.
    why
        Why it is not known.
    """

    digest: str
    runs: int | None
    answers: int | None
    ledger: Path | None
    why: str = ""


def part_digest(keys: np.ndarray) -> str:
    """Return the digest that names a test part, whatever the order of its rows.

    Parameters
    ----------
    keys
        64-bit keys of the rows, shape (n,).

    Examples
    --------
    >>> part_digest(np.array([3, 1], dtype=np.uint64)) == part_digest(np.array([1, 3], dtype=np.uint64))
    True
    """
    return array_digest(np.sort(keys))


def ledger_of(folder: Path, here: Path) -> Path:
    """Return the file that counts for a run.

    It lies in the nearest folder above the run that has one, up to `here`; else beside the run, above the folders of a
    sweep and of a day.

    Parameters
    ----------
    folder
        Of the run.
    here
        Where the command was started.

    Examples
    --------
    >>> ledger_of(Path("/p/runs/2026-11-26/10-00-00/3"), Path("/p")).as_posix()
    '/p/runs/test_uses.jsonl'
    >>> ledger_of(Path("/p/runs/churn"), Path("/p")).as_posix(), ledger_of(Path("/x/r"), Path("/p")).as_posix()
    ('/p/runs/test_uses.jsonl', '/x/test_uses.jsonl')
    """
    folder, here = folder.absolute(), here.absolute()
    above = [place for place in folder.parents if place.is_relative_to(here)]
    known = next((place / FILE for place in above if (place / FILE).is_file()), None)
    return known or _root(folder) / FILE


def _root(folder: Path) -> Path:
    if folder.name.isdigit() and folder.parent.parent != folder.parent:
        folder = folder.parent
    place = folder.parent.parent if DAY.fullmatch(folder.parent.name) else folder.parent
    return folder if place == place.parent else place  # the root of a disk is nobody's folder of runs


def book(ledger: Path, use: Line) -> Uses:
    """Write a use down, once, and return how many there are; a file that was lost is made again from the runs.

    Parameters
    ----------
    ledger
        The file.
    use
        ``test`` (digest), ``rows``, ``run``, ``begun`` (of the run's first attempt), ``answers`` (digest), ``time``.
    """
    digest = str(use["test"])
    try:
        if not ledger.is_file():
            _found_again(ledger, use)
        lines = _add(ledger, use)
    except (OSError, MesicError) as error:
        return Uses(digest, None, None, None, f"{ledger} cannot be written: {error}")
    return _counted(lines, digest, ledger)


def look_up(ledger: Path, digest: str) -> Uses:
    """Return how often a test part was used, and book nothing."""
    try:
        lines = read_lines(ledger)
    except (OSError, MesicError) as error:
        return Uses(digest, None, None, None, f"{ledger} cannot be read: {error}")
    if not lines:
        return Uses(digest, None, None, None, f"there is no {ledger}")
    return _counted(lines, digest, ledger)


def _counted(lines: Sequence[Line], digest: str, ledger: Path) -> Uses:
    mine = [line for line in lines if line.get("test") == digest]
    runs = {(line.get("run"), line.get("begun")) for line in mine}
    return Uses(digest, len(runs), len({line.get("answers") for line in mine}), ledger)


def _is_same(line: Line, use: Line) -> bool:
    return all(line.get(key) == use.get(key) for key in ("test", "run", "begun", "answers"))


def _found_again(ledger: Path, use: Line) -> None:
    for line in _of_records(ledger.parent):
        if line["run"] != use["run"]:
            _add(ledger, line)


def _add(ledger: Path, use: Line) -> list[Line]:
    return add_line(ledger, lambda lines: None if any(_is_same(line, use) for line in lines) else use)


def _of_records(root: Path) -> Iterator[Line]:
    """Yield the uses that finished runs beside the file remember."""
    for path in sorted({path for pattern in OF_RUNS for path in root.glob(pattern)}):
        try:
            line = json.loads(path.read_text(encoding="utf-8"))["test_part"]["use"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # no run, or one that opened no test part
        if isinstance(line, dict) and {"test", "run", "begun", "answers"} <= line.keys():
            yield finite(line)
