"""Operators that rewrite category columns, whose levels are those of the training rows."""

import numpy as np

from mesic.bundle.matrix import Matrix
from mesic.bundle.operators import Operator, levels_of
from mesic.bundle.step import PortableStep


def ordinal(step: PortableStep) -> Operator:
    """Let codes be numbers, but for the columns of which ``params["levels"]`` says the levels."""
    levels = levels_of(step)
    return lambda matrix: Matrix(matrix.values, matrix.names, levels)


def one_hot(step: PortableStep) -> Operator:
    """Give levels of category columns a column each, 1 where a row has the level.

    ``target`` (p,) says where a column that stays goes; -1 marks one of which levels get columns. ``table`` says where
    the one of a code goes (-1: nowhere); the part of column j is ``table[start[j]:start[j + 1]]``, its last entry
    is for missing cells. ``params["names"]`` and ``["levels"]`` are those of the result.
    """
    target, start, table = (step.arrays[name] for name in ("target", "start", "table"))
    names, levels = tuple(step.params["names"]), levels_of(step)
    others, categories = np.flatnonzero(target >= 0), np.flatnonzero(target < 0)

    def run(matrix: Matrix) -> Matrix:
        out = np.zeros((len(matrix), len(names)))
        out[:, target[others]] = matrix.values[:, others]
        for place in categories:
            where = _looked_up(matrix.values[:, place], table[start[place] : start[place + 1]])
            rows = np.flatnonzero(where >= 0)
            out[rows, where[rows]] = 1
        return Matrix(out, names, levels)

    return run


def lookup(step: PortableStep) -> Operator:
    """Keep the columns ``keep``, and put behind them the numbers that a table has for the levels of others.

    The part of column ``places[j]`` is ``table[start[j]:start[j + 1]]``, shape (levels + 1, k), its last row for
    missing cells; ``params["names"]`` are those of the new columns, k of each.
    """
    keep, places, start, table = (step.arrays[name] for name in ("keep", "places", "start", "table"))
    names = step.params["names"]

    def run(matrix: Matrix) -> Matrix:
        made = [_looked_up(matrix.values[:, place], table[start[j] : start[j + 1]]) for j, place in enumerate(places)]
        return matrix.take(keep.tolist()).with_columns(np.hstack([np.empty((len(matrix), 0)), *made]), names, {})

    return run


def _looked_up(codes: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Return the entry of each code, the last one for missing cells."""
    found: np.ndarray = table[np.where(np.isnan(codes), len(table) - 1, codes).astype(np.int64)]
    return found


def crosses(step: PortableStep) -> Operator:
    """Put behind all columns the crosses of pairs of category columns: a level for each pair of levels.

    ``pairs`` (q, 2) holds places. Pair j of codes a and b is number ``a * width[j] + b``, and its level is the place of
    that number in ``numbers[start[j]:start[j + 1]]``, ascending, or one more if it is not there. ``params["names"]``
    and ``["levels"]`` are those of the new columns.
    """
    pairs, width, start, numbers = (step.arrays[name] for name in ("pairs", "width", "start", "numbers"))
    names, levels = step.params["names"], levels_of(step)

    def run(matrix: Matrix) -> Matrix:
        made = np.empty((len(matrix), len(names)))
        for j, (a, b) in enumerate(pairs):
            number = matrix.values[:, a] * width[j] + matrix.values[:, b]
            made[:, j] = _places(number, numbers[start[j] : start[j + 1]])
        return matrix.with_columns(made, names, levels)

    return run


def _places(number: np.ndarray, known: np.ndarray) -> np.ndarray:
    place = np.searchsorted(known, number)
    is_known = known[np.minimum(place, known.size - 1)] == number if known.size else np.zeros(number.size, dtype=bool)
    return np.where(np.isnan(number), np.nan, np.where(is_known, place, known.size))
