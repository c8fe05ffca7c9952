"""What is kept of a request until it is written, where it is more than one row of plain numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from mesic.serving.asking import Asked
from mesic.serving.release import Answer, Release

NONE: Mapping[int, Any] = {}


class Entry(msgspec.Struct, gc=False):
    """One request that waits to be written, or several of one row each.

    Parameters
    ----------
    release
        What answered, or refused.
    asked
        Whoever asked for all rows, or, as many as rows, for one each.
    count
        Of its rows.
    ended
        When it was answered, on ``time.perf_counter``.
    taken
        Numbers and codes of its rows, float64 of shape (count, p).
    given
        By number the rows that the numbers do not tell, as they were given.
    scores, codes
        Probabilities or values, float64 of shape (count, k), and the classes that were decided on, int of shape
        (count,); where answers hold no more.
    answers
        One a row, where they hold more.
    error
        Why they were refused.
    """

    release: Release
    asked: Sequence[Asked]
    count: int
    ended: float
    taken: np.ndarray | None = None
    given: Mapping[int, Any] = NONE
    scores: Any = None
    codes: Any = None
    answers: Sequence[Answer] | None = None
    error: Exception | None = None


def only(entry: Entry, places: Sequence[int]) -> Entry:
    """Return an entry of several requests with those at places alone."""
    given = {number: entry.given[place] for number, place in enumerate(places) if place in entry.given}
    arrays = [None if part is None else part[list(places)] for part in (entry.taken, entry.scores, entry.codes)]
    answers = None if entry.answers is None else [entry.answers[place] for place in places]
    kept = dict(zip(("taken", "scores", "codes"), arrays, strict=True))
    asked = [entry.asked[place] for place in places]
    return replace(entry, asked=asked, count=len(places), given=given, answers=answers, **kept)
