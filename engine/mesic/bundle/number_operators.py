"""Operators that rewrite columns of numbers; missing cells stay missing."""

import numpy as np

from mesic.bundle.matrix import Matrix
from mesic.bundle.operators import Operator, levels_of
from mesic.bundle.step import PortableStep

SECONDS_A_DAY = 86_400
MOST_SECONDS = 1e13  # some 300,000 years: what calendars can count
LARGEST = np.finfo(np.float64).max


def scale(step: PortableStep) -> Operator:
    """Subtract ``center`` (p,), divide by ``scale`` (p,), keep what results from ``low`` to ``high`` (p,).

    Columns that stay have 0, 1 and infinite limits there.
    """
    center, width, low, high = (step.arrays[name] for name in ("center", "scale", "low", "high"))
    changed = np.flatnonzero((center != 0) | (width != 1) | np.isfinite(low) | np.isfinite(high))
    center, width, low, high = (array[changed] for array in (center, width, low, high))

    def run(matrix: Matrix) -> Matrix:
        values = matrix.values.copy()
        with np.errstate(over="ignore"):  # far beyond what was seen; the largest number is far enough
            scaled = np.clip((values[:, changed] - center) / width, -LARGEST, LARGEST)
        values[:, changed] = np.clip(scaled, low, high)
        return Matrix(values, matrix.names, matrix.levels)

    return run


def interpolate(step: PortableStep) -> Operator:
    """Replace numbers by what knots say, straight lines between them and nothing new beyond the last ones.

    The knots of column j are ``x[start[j]:start[j + 1]]``, ascending, and ``y`` of the same places; a column without
    knots stays.
    """
    start, x, y = (step.arrays[name] for name in ("start", "x", "y"))
    places = np.flatnonzero(np.diff(start))

    def run(matrix: Matrix) -> Matrix:
        values = matrix.values.copy()
        for place in places:
            knots = slice(start[place], start[place + 1])
            present = np.flatnonzero(~np.isnan(values[:, place]))
            quarter = values[present, place] / 4  # the difference of two large numbers must not overflow
            values[present, place] = np.interp(quarter, x[knots] / 4, y[knots])
        return Matrix(values, matrix.names, matrix.levels)

    return run


def bins(step: PortableStep) -> Operator:
    """Replace numbers by the bins that they lie in, as levels.

    The lower edges of all bins of column j but the first are ``edges[start[j]:start[j + 1]]``; ``params["levels"]``
    names the bins. A column without levels stays.
    """
    start, edges, levels = step.arrays["start"], step.arrays["edges"], levels_of(step)

    def run(matrix: Matrix) -> Matrix:
        values = matrix.values.copy()
        for place, name in enumerate(matrix.names):
            if name in levels:
                column = values[:, place]
                found = np.searchsorted(edges[start[place] : start[place + 1]], column, side="right")
                values[:, place] = np.where(np.isnan(column), np.nan, found)
        return Matrix(values, matrix.names, {**matrix.levels, **levels})

    return run


def dates(step: PortableStep) -> Operator:
    """Keep the columns ``keep``, and put behind them what ``params["parts"]`` asks of others.

    Each entry is a column's place and a word of :data:`PARTS`; the column holds days since 1970, UTC.
    ``params["names"]`` are those of the new columns.
    """
    keep, parts, names = step.arrays["keep"], step.params["parts"], step.params["names"]

    def run(matrix: Matrix) -> Matrix:
        made = [date_part(matrix.values[:, place], part) for place, part in parts]
        stacked = np.column_stack(made) if made else np.empty((len(matrix), 0))
        return matrix.take(keep.tolist()).with_columns(stacked, names, {})

    return run


PARTS = ("year", "month", "day", "weekday", "yearday", "hour", "minute", "second")
PERIODS = {"month": 12, "day": 31, "weekday": 7, "yearday": 366, "hour": 24, "minute": 60, "second": 60}


def date_part(days: np.ndarray, part: str) -> np.ndarray:
    """Return a part of moments: days since 1970, UTC, shape (n,), NaN where one is missing.

    Parameters
    ----------
    days
        The moments.
    part
        A word of :data:`PARTS`, months, days and days of the year from 1, weekdays from 0, a Monday; or one of
        :data:`PERIODS` and `` sine`` or `` cosine``, where it stands on its circle.

    Examples
    --------
    >>> [date_part(np.array([0.5, np.nan]), part).tolist() for part in ("weekday", "hour", "hour cosine")]
    [[3.0, nan], [12.0, nan], [-1.0, nan]]
    """
    part, _, wave = part.partition(" ")
    missing = np.isnan(days)
    seconds = np.round(np.clip(np.where(missing, 0, days) * SECONDS_A_DAY, -MOST_SECONDS, MOST_SECONDS))
    moment = seconds.astype(np.int64)
    value = np.where(missing, np.nan, _part(moment // SECONDS_A_DAY, moment % SECONDS_A_DAY, part))
    if not wave:
        return value
    angle = 2 * np.pi * value / PERIODS[part]
    return np.sin(angle) if wave == "sine" else np.cos(angle)


def _part(day: np.ndarray, second: np.ndarray, part: str) -> np.ndarray:
    date = day.astype("datetime64[D]")
    if part == "year":
        return date.astype("datetime64[Y]").astype(np.int64) + 1970
    if part == "month":
        return date.astype("datetime64[M]").astype(np.int64) % 12 + 1
    if part in ("day", "yearday"):
        first = date.astype("datetime64[M]" if part == "day" else "datetime64[Y]").astype("datetime64[D]")
        number: np.ndarray = (date - first).astype(np.int64) + 1
        return number
    if part == "weekday":
        return (day + 3) % 7
    return {"hour": second // 3600, "minute": second // 60 % 60, "second": second % 60}[part]


def products(step: PortableStep) -> Operator:
    """Put behind all columns the products of pairs of them.

    ``pairs`` (q, 2) holds their places; ``params["names"]`` are those of the new columns.
    """
    pairs, names = step.arrays["pairs"], step.params["names"]

    def run(matrix: Matrix) -> Matrix:
        with np.errstate(over="ignore"):
            made = matrix.values[:, pairs[:, 0]] * matrix.values[:, pairs[:, 1]]
        return matrix.with_columns(np.clip(made, -LARGEST, LARGEST), names, {})

    return run
