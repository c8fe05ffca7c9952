"""Where requests of one row wait: each is a line of numbers in memory that is used again and again.

The thread that answers writes a line and then counts it; the log's thread reads lines that are counted, and gives whole
blocks back. Neither waits for the other.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from time import perf_counter
from typing import Any

import numpy as np

from mesic.predictions.inputs import needs_rows
from mesic.serving.asking import Asked
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row

BLOCK_ROWS, BLOCK_BYTES = 2048, 2**20
SPARE_BLOCKS = 4
ABOUT = BEGAN, ENDED, KEPT, ARM, PROPENSITY, CODE = range(6)
DOUBLE_BYTES = 8
NO_ANSWER = -1


class Block:
    """Lines one after the other.

    Parameters
    ----------
    rows, width
        Of the block.

    Attributes
    ----------
    filled
        How many lines are whole.
    """

    def __init__(self, rows: int, width: int) -> None:
        self.values = np.empty((rows, width))
        flat: Any = self.values.reshape(-1)
        self.memory = memoryview(flat)
        self.ids: list[str] = [""] * rows
        self.callers: list[str | None] = [None] * rows
        self.filled = 0


@dataclass(frozen=True)
class Strip:
    """Requests of one row each that were taken off a lane: numbers of shape (n, 6 + k + p), ids, callers."""

    release: Release
    values: np.ndarray
    ids: Sequence[str]
    callers: Sequence[str | None]
    arms: Sequence[str | None]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.values)

    @property
    def scores(self) -> np.ndarray:
        """Probabilities or values, shape (n, k)."""
        return self.values[:, len(ABOUT) : -len(self.release.scorer.names)]

    @property
    def taken(self) -> np.ndarray:
        """Numbers and codes of the rows, shape (n, p)."""
        return self.values[:, -len(self.release.scorer.names) :]

    def about(self, place: int) -> np.ndarray:
        """Return one of the facts that are numbers."""
        return self.values[:, place]


class Lane:
    """Requests of one row that a release answered.

    Parameters
    ----------
    release
        What answers.

    Attributes
    ----------
    plain
        How many cells an answer has that scores and decision tell; no answer has so many where rows are kept as given.
    row
        The scorer's own memory of one row: a row that is not there was one of several.
    seen
        How many cells were no learned level when rows were last looked at: as long as it stays, none is to be kept.
    """

    def __init__(self, release: Release) -> None:
        self.release, self.scorer = release, release.scorer
        self.needs_all = needs_rows(release)
        cells = max(len(release.labels), 1) + (len(release.labels) > 0)
        self.is_told = not release.abstains
        self.cells = cells if self.is_told else NO_ANSWER
        self.plain = NO_ANSWER if self.needs_all else self.cells
        self.row, self.seen = self.scorer.alone, -1
        self._places = [place for place, name in enumerate(self.scorer.names) if name in self.scorer.levels]
        self._line = Struct(f"{len(ABOUT) + max(len(release.labels), 1)}d")
        self._pack, self._view = self._line.pack_into, self.scorer.view
        self._width = self._line.size // DOUBLE_BYTES + len(self.scorer.names)
        self._rows = max(1, min(BLOCK_ROWS, BLOCK_BYTES // (DOUBLE_BYTES * self._width)))
        self._arms: dict[str | None, int] = {None: 0}
        self._blocks: deque[Block] = deque()
        self._spare: deque[Block] = deque(maxlen=SPARE_BLOCKS)
        self._block, self._read = self._fresh(), 0

    def put(self, asked: Asked) -> float:
        """Take note of the row that was answered just now; return when that was, on ``time.perf_counter``."""
        block = self._block
        place = block.filled
        if place == self._rows:
            block, place = self._fresh(), 0
        scores, code = self.release.told
        ended, at = perf_counter(), place * self._width
        arm = 0 if asked.arm is None else self._arms.setdefault(asked.arm, len(self._arms))
        line = (asked.began, ended, asked.is_kept, arm, asked.propensity, code)
        self._pack(block.memory, DOUBLE_BYTES * at, *line, *scores)
        block.memory[at + self._width - len(self._view) : at + self._width] = self._view
        block.ids[place], block.callers[place] = asked.request_id, asked.caller
        block.filled = place + 1
        return ended

    def _fresh(self) -> Block:
        """Return an empty block, which is the one to write to from now on."""
        block = self._spare.pop() if self._spare else Block(self._rows, self._width)
        block.filled = 0
        self._block = block
        self._blocks.append(block)
        return block

    def given(self, rows: Sequence[Row]) -> Mapping[int, Any]:
        """Return the rows to keep of those that were answered just now, by number."""
        self.seen = self.scorer.unlearned
        if self.needs_all:
            return dict(enumerate(rows))
        codes = self.scorer.taken[:, self._places]
        return {place: rows[place] for place in np.flatnonzero(np.isnan(codes).any(axis=1)).tolist()}

    def tells(self, answers: Sequence[Answer]) -> bool:
        """Return whether scores and decisions are all that answers hold."""
        return self.is_told and max(map(len, answers)) == self.cells

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return len(self._blocks) == 1 and self._read == self._block.filled

    def take(self, until: float) -> list[Strip]:
        """Return what was answered up to a time, no longer waiting; called by the log's thread."""
        found = []
        while True:
            block = self._blocks[0]
            filled, start = block.filled, self._read
            due = start + int(np.searchsorted(block.values[start:filled, ENDED], until, side="right"))
            if due > start:
                ids, callers = block.ids[start:due], block.callers[start:due]
                found.append(Strip(self.release, block.values[start:due].copy(), ids, callers, tuple(self._arms)))
            self._read = due
            if due < self._rows or len(self._blocks) == 1:
                return found
            self._read = 0
            self._spare.append(self._blocks.popleft())
