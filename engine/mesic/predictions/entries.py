"""What is kept of a request until it is written: as little as can be, as memory that stays is dearer than work."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from mesic.predictions.inputs import needs_rows
from mesic.serving.asking import Asked
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row


class Entry(msgspec.Struct, gc=False):
    """One request that waits to be written.

    Parameters
    ----------
    release
        What answered, or refused.
    asked
        Id, caller and start.
    count
        Of its rows.
    taken
        Numbers and codes of its rows, float64, one row after the other.
    given
        By number the rows that the numbers do not tell, as they were given.
    answers
        One a row; none where the rows were refused.
    error
        Why they were refused.
    ended
        When it was answered, on ``time.perf_counter``.
    is_kept, arm, propensity
        See :class:`mesic.serving.service.Answered`.
    """

    release: Release
    asked: Asked
    count: int
    taken: bytes
    given: Mapping[int, Any]
    answers: Sequence[Answer]
    error: Exception | None
    ended: float
    is_kept: bool = False
    arm: str | None = None
    propensity: float = 1.0


NONE: Mapping[int, Any] = {}


class Keeper:
    """Knows which rows of a release the scorer's numbers do not tell: a level that it did not learn is no number.

    Parameters
    ----------
    release
        What answers.

    Attributes
    ----------
    needs_all
        Whether every row is kept.
    seen
        How many cells were no learned level when rows were last looked at: as long as it stays, none is to be kept.
    """

    def __init__(self, release: Release) -> None:
        self.release, self.scorer = release, release.scorer
        self.needs_all = needs_rows(release)
        self.places = [place for place, name in enumerate(self.scorer.names) if name in self.scorer.levels]
        self.seen = -1

    def given(self, rows: Sequence[Row]) -> Mapping[int, Any]:
        """Return the rows to keep of those that were answered just now, by number."""
        self.seen = self.scorer.unlearned
        if self.needs_all:
            return dict(enumerate(rows))
        codes = self.scorer.taken[:, self.places]
        return {place: rows[place] for place in np.flatnonzero(np.isnan(codes).any(axis=1)).tolist()}
