"""What is kept of a request until it is written: as little as can be, as memory that stays is dearer than work."""

from collections.abc import Mapping, Sequence
from time import perf_counter, time_ns
from typing import Any

import msgspec
import numpy as np

from mesic.predictions.inputs import needs_rows
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row
from mesic.serving.service import Answered, Refused


class Entry(msgspec.Struct, gc=False):
    """One request that waits to be written.

    Parameters
    ----------
    release
        What answered, or refused.
    request_id, caller
        Of whom it came.
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
    time_us
        When it was answered, in microseconds since 1970, UTC.
    latency_us
        What answering took.
    is_kept, arm, propensity
        See :class:`mesic.serving.service.Answered`.
    """

    release: Release
    request_id: str
    caller: str | None
    count: int
    taken: bytes
    given: Mapping[int, Any]
    answers: Sequence[Answer]
    error: Exception | None
    time_us: int
    latency_us: int
    is_kept: bool = False
    arm: str | None = None
    propensity: float = 1.0


NONE: Mapping[int, Any] = {}
MILLION = 1_000_000


class Keeper:
    """Knows which rows of a release the scorer's numbers do not tell: a level that it did not learn is no number.

    Parameters
    ----------
    release
        What answers.
    """

    def __init__(self, release: Release) -> None:
        self.release, scorer = release, release.scorer
        self.needs_all = needs_rows(release)
        self.places = [place for place, name in enumerate(scorer.names) if name in scorer.levels]
        self._seen = -1

    def given(self, rows: Sequence[Row], taken: bytes, unlearned: int) -> Mapping[int, Any]:
        """Return the rows to keep, by number; `unlearned` is what the scorer had counted then."""
        if self.needs_all:
            return dict(enumerate(rows))
        if unlearned == self._seen:
            return NONE
        self._seen = unlearned
        codes = np.frombuffer(taken).reshape(len(rows), -1)[:, self.places]
        return {place: rows[place] for place in np.flatnonzero(np.isnan(codes).any(axis=1)).tolist()}


def entry_of(event: Answered, taken: bytes, given: Mapping[int, Any], ended: float) -> Entry:
    """Return what is kept of rows that were answered just now; `ended` is when, on ``time.perf_counter``."""
    asked = event.asked
    return Entry(
        event.release,
        asked.request_id,
        asked.caller,
        len(event.rows),
        taken,
        given,
        event.answers,
        None,
        time_ns() // 1000,
        int((ended - asked.began) * MILLION),
        event.is_kept,
        event.arm,
        event.propensity,
    )


def entry_of_refused(event: Refused) -> Entry:
    """Return what is kept of rows that were refused just now."""
    asked, rows = event.asked, dict(enumerate(event.rows))
    return Entry(
        event.release,
        asked.request_id,
        asked.caller,
        len(rows),
        b"",
        rows,
        (),
        event.error,
        time_ns() // 1000,
        int((perf_counter() - asked.began) * MILLION),
    )
