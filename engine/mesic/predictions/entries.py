"""What is kept of a request until it is written, where it is more than one row of plain numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

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
