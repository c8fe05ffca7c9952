"""Where requests of one row wait: lines of numbers, one after the other in memory.

The thread that answers appends a line and whose it is; the log's thread takes lines off the beginning. Each such step
is one that Python does not interrupt, so that neither waits for the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any

import numpy as np

from mesic.predictions.inputs import needs_rows
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import LINE_HEAD, Row

BEGAN, ENDED, CODE, KEPT, PROPENSITY, ARM = range(LINE_HEAD)
ROWS_AT_ONCE = 4096
DOUBLE_BYTES = 8
NEVER = -1


@dataclass(frozen=True)
class Strip:
    """Requests of one row each that were taken off a lane.

    Parameters
    ----------
    release
        What answered.
    values
        Facts, scores and cells of each, float64 of shape (n, 6 + k + p).
    heads, callers
        Whose they are; see :class:`mesic.serving.asking.Asked`.
    arms
        Names of versions of a roll-out, by number.
    """

    release: Release
    values: np.ndarray
    heads: Sequence[bytes]
    callers: Sequence[str | bytes | None]
    arms: Sequence[str | None]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.values)

    @property
    def scores(self) -> np.ndarray:
        """Probabilities or values, shape (n, k)."""
        return self.values[:, LINE_HEAD : self.values.shape[1] - len(self.release.scorer.names)]

    @property
    def taken(self) -> np.ndarray:
        """Numbers and codes of the rows, shape (n, p)."""
        return self.values[:, self.values.shape[1] - len(self.release.scorer.names) :]

    def about(self, place: int) -> np.ndarray:
        """Return one of the facts, shape (n,)."""
        return self.values[:, place]


class Lane:
    """Requests of one row that a release answered.

    Parameters
    ----------
    release
        What answers.

    Attributes
    ----------
    line, pack
        Memory of a line, whose cells the scorer writes; ``pack(line, 0, ...)`` writes the facts, then the scores.
    add_line, add_head, add_caller
        What to call with a line, and whose it is.
    seen
        How many cells were no learned level when rows were last looked at: as long as it stays, none is to be kept as
        it was given. Where all rows are kept it is never that many.
    """

    def __init__(self, release: Release) -> None:
        self.release, self.scorer, self.seen = release, release.scorer, NEVER
        self.needs_all = needs_rows(release)
        self._places = [place for place, name in enumerate(self.scorer.names) if name in self.scorer.levels]
        line: Any = self.scorer.line
        self.line = memoryview(line)
        self._line_bytes = DOUBLE_BYTES * len(self.line)
        self.pack = Struct(f"{LINE_HEAD + max(len(release.labels), 1)}d").pack_into
        self._lines, self._heads, self._callers = bytearray(), list[bytes](), list[str | bytes | None]()
        self.add_line, self.add_head, self.add_caller = self._lines.extend, self._heads.append, self._callers.append
        self._arms: dict[str | None, int] = {None: 0}

    def number_of(self, arm: str) -> int:
        """Return the number of a version of a roll-out."""
        return self._arms.setdefault(arm, len(self._arms))

    def given(self, rows: Sequence[Row]) -> Mapping[int, Any]:
        """Return the rows to keep of those that were answered just now, by number."""
        if self.needs_all:
            return dict(enumerate(rows))
        self.seen = self.scorer.unlearned
        codes = self.scorer.taken[:, self._places]
        return {place: rows[place] for place in np.flatnonzero(np.isnan(codes).any(axis=1)).tolist()}

    def tells(self, answers: Sequence[Answer]) -> bool:
        """Return whether scores and decisions are all that answers hold."""
        labels = self.release.labels
        return not self.release.abstains and max(map(len, answers)) == (len(labels) + 1 if labels else 1)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._lines

    def take(self, until: float) -> list[Strip]:
        """Return what was answered up to a time, no longer waiting; called by the log's thread."""
        found: list[Strip] = []
        while count := min(len(self._lines) // self._line_bytes, ROWS_AT_ONCE):
            values = np.frombuffer(bytes(self._lines[: count * self._line_bytes])).reshape(count, -1)
            due = int(np.searchsorted(values[:, ENDED], until, side="right"))
            if not due:
                break
            arms = tuple(self._arms)
            found.append(Strip(self.release, values[:due], self._heads[:due], self._callers[:due], arms))
            del self._lines[: due * self._line_bytes], self._heads[:due], self._callers[:due]
        return found
