"""What the log says of requests, apart from their cells: a value each, spread over their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mesic.predictions.entries import Entry
from mesic.predictions.lanes import ARM, BEGAN, ENDED, KEPT, PROPENSITY, Strip
from mesic.serving.asking import HEAD_END, HEAD_START, Asked


@dataclass
class Requests:
    """Facts of n requests, a value each.

    Parameters
    ----------
    ids, arms
        Texts, of arms None where there is none.
    callers
        Texts, or bytes in Latin-1; None or empty where they are not known.
    began, ended
        On ``time.perf_counter``, float64.
    kept
        Whether the answer was in the cache.
    propensities
        How probable it was that this version would answer.
    rows
        How many rows each has, int64.
    """

    ids: pa.Array
    callers: Sequence[str | bytes | None]
    arms: Any
    began: np.ndarray
    ended: np.ndarray
    kept: np.ndarray
    propensities: np.ndarray
    rows: np.ndarray

    def __post_init__(self) -> None:
        """Look whether all have one row."""
        self.count, self._are_single = int(self.rows.sum()), bool((self.rows == 1).all())

    @property
    def numbers(self) -> np.ndarray:
        """The number of each row in its request, int32."""
        starts = np.cumsum(self.rows) - self.rows
        numbers: np.ndarray = np.arange(self.count) - np.repeat(starts, self.rows)
        return numbers.astype(np.int32)

    def spread(self, values: Any, kind: pa.DataType) -> pa.Array:
        """Return a value a request as one a row."""
        one = pa.array(values, kind)
        return one if self._are_single else one.take(pa.array(np.repeat(np.arange(len(one)), self.rows)))


def of_entries(entries: Sequence[Entry]) -> Requests:
    """Return the facts of requests that were kept by themselves."""
    asked: list[Asked] = list(chain.from_iterable(entry.asked for entry in entries))
    several = [len(entry.asked) for entry in entries]
    rows = [entry.count // many if many else 0 for entry, many in zip(entries, several, strict=True)]
    return Requests(
        _ids([one.head for one in asked]),
        [one.caller for one in asked],
        [one.arm for one in asked],
        np.array([one.began for one in asked]),
        np.repeat([entry.ended for entry in entries], several),
        np.array([one.is_kept for one in asked]),
        np.array([one.propensity for one in asked]),
        np.repeat(rows, several),
    )


def _ids(heads: Sequence[bytes]) -> pa.Array:
    """Return the ids that heads hold, as text."""
    ids = pc.binary_slice(pa.array(heads, pa.binary()), HEAD_START, HEAD_END)
    return ids.cast(pa.string())


def of_strip(strip: Strip) -> Requests:
    """Return the facts of requests that were lines of numbers."""
    began, ended, kept, arms, propensities = map(strip.about, (BEGAN, ENDED, KEPT, ARM, PROPENSITY))
    names = pa.array(strip.arms, pa.string()).take(pa.array(arms.astype(np.int64)))
    ones = np.ones(strip.count, np.int64)
    return Requests(_ids(strip.heads), strip.callers, names, began, ended, kept != 0, propensities, ones)
