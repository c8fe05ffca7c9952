"""Operators that read the letters of text, whether a training row had it or not."""

import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from mesic.bundle.matrix import Matrix
from mesic.bundle.operators import Operator
from mesic.bundle.step import PortableStep
from mesic.data.identity import mixed

WORD = re.compile(r"\w\w+")
_ROWS_AT_ONCE = 4_096


def words_of(text: str) -> list[str]:
    """Return the words of a text, two letters or digits at least, in lower case.

    Examples
    --------
    >>> words_of("Late again: a 2nd time")
    ['late', 'again', '2nd', 'time']
    """
    return WORD.findall(text.lower())


def hashed(step: PortableStep) -> Operator:
    """Keep the columns ``keep``, and give buckets of the texts of others a column each, 1 where a row falls into it.

    ``params["buckets"]`` of each column ``places[j]`` get columns; the bucket of a text is its CRC-32, mixed with
    ``params["seed"]``. A missing cell falls into none. ``params["names"]`` are those of the new columns.
    """
    keep, places, buckets = step.arrays["keep"], step.arrays["places"], step.params["buckets"]
    names, seed = step.params["names"], step.params["seed"]

    def run(matrix: Matrix) -> Matrix:
        made = np.zeros((len(matrix), len(names)))
        for j, place in enumerate(places):
            column, texts = matrix.values[:, place], matrix.levels[matrix.names[place]]
            rows = np.flatnonzero(~np.isnan(column))
            codes, own = np.unique(column[rows].astype(np.int64), return_inverse=True)
            made[rows, j * buckets + buckets_of([texts[code] for code in codes], buckets, seed)[own]] = 1
        return matrix.take(keep.tolist()).with_columns(made, names, {})

    return run


def buckets_of(texts: Sequence[str], buckets: int, seed: int) -> np.ndarray:
    """Return the bucket of each text, from 0, shape (m,); the same in every process.

    Examples
    --------
    >>> buckets_of(["Ulm", "Bonn", "Rome"], 8, 0).tolist()
    [7, 3, 7]
    """
    sums = np.array([zlib.crc32(text.encode()) for text in texts], dtype=np.uint64)
    return (mixed(sums + (np.uint64(seed) << np.uint64(32))) % np.uint64(buckets)).astype(np.int64)


def words(step: PortableStep) -> Operator:
    """Keep the columns ``keep``, and put behind them how often the texts of others hold certain words.

    ``params["words"]`` lists the words of each column ``places[j]``, and ``weight[start[j]:start[j + 1]]`` what each
    counts. With ``params["presence"]`` a word counts once a text; with ``params["unit"]`` the counts of a text have
    length 1. A missing cell holds no word. ``params["names"]`` are those of the new columns.
    """
    keep, places, start, weight = (step.arrays[name] for name in ("keep", "places", "start", "weight"))
    names, how = step.params["names"], {"is_presence": step.params["presence"], "is_unit": step.params["unit"]}
    count = [_counter(known, weight[start[j] : start[j + 1]], **how) for j, known in enumerate(step.params["words"])]

    def run(matrix: Matrix) -> Matrix:
        made = [_counted(matrix, place, count[j]) for j, place in enumerate(places)]
        return matrix.take(keep.tolist()).with_columns(np.hstack([np.empty((len(matrix), 0)), *made]), names, {})

    return run


Counting = Callable[[Sequence[str]], np.ndarray]


def _counter(known: Sequence[str], weight: np.ndarray, *, is_presence: bool, is_unit: bool) -> Counting:
    place_of = {word: place for place, word in enumerate(known)}

    def count(texts: Sequence[str]) -> np.ndarray:
        out = np.zeros((len(texts), len(known)))
        for row, text in enumerate(texts):
            for word, times in Counter(words_of(text)).items():
                if word in place_of:
                    out[row, place_of[word]] = 1 if is_presence else times
        out *= weight
        if is_unit:
            length = np.sqrt((out**2).sum(axis=1, keepdims=True))
            out /= np.where(length > 0, length, 1)
        return out

    return count


def _counted(matrix: Matrix, place: int, count: Counting) -> np.ndarray:
    """Count each text once in some thousands of rows."""
    column, texts = matrix.values[:, place], matrix.levels[matrix.names[place]]
    parts = []
    for start in range(0, len(column), _ROWS_AT_ONCE):
        codes, own = np.unique(column[start : start + _ROWS_AT_ONCE], return_inverse=True)  # one NaN, the last
        parts.append(count(["" if np.isnan(code) else texts[int(code)] for code in codes])[own])
    return np.concatenate([count([]), *parts])
