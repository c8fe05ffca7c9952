"""What a splitter sees of the rows, and what it returns."""

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Rows:
    """All that a splitter may know of n rows: no feature is among it.

    Parameters
    ----------
    keys
        A 64-bit hash a row, uint64 of shape (n,). Rows that say the same have the same key.
    strata
        Class codes, or the target's quantile bin for regression, int64 of shape (n,).
    groups
        Group codes that must not be split, or None.
    time
        The order of the rows, float64, or None.
    part
        What a declared column says of each row's part, text, or None.
    """

    keys: np.ndarray
    strata: np.ndarray
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    part: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Split:
    """Row numbers of the parts.

    Parameters
    ----------
    train
        Rows that the final model is fitted on, int64, sorted.
    test
        Rows of the test part, int64, sorted; opened once.
    folds
        Pairs of rows to fit on and rows to validate on; no test row is among them.
    by
        What decided: ``"row content"``, ``"group"``, ``"time"``, ``"declared part"``.
    mode
        ``"stable"`` or ``"exact"``, ``"ordered"`` for time, ``"declared"``.
    facts
        What else the record should tell, such as the time of the cut; JSON-able.
    left_out
        Rows of neither part, int64, sorted: those of a gap before the test part, or of a past that is too long ago.
    """

    train: np.ndarray
    test: np.ndarray
    folds: tuple[tuple[np.ndarray, np.ndarray], ...]
    by: str
    mode: str
    facts: dict[str, Any] = field(default_factory=dict)
    left_out: np.ndarray = field(default_factory=lambda: np.array([], dtype=np.int64))


class Splitter(Protocol):
    """Divides rows into parts."""

    def split(self, rows: Rows, *, seed: int) -> Split:
        """Return the parts; the same rows and seed give the same parts, whatever the order of the rows."""
        ...
