"""One cell at a time: what a value of JSON or Python becomes, exactly as a column of the batch would make of it.

What is common is read here, in a microsecond; whatever else a cell may hold goes through the batch code as a column of
one cell, so that both cannot drift apart.
"""

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.coercion import SECONDS_A_DAY, Coerced, coerce
from mesic.data.inference import BLANKS, TRUTHS
from mesic.data.rules import broken_by_cells, expected
from mesic.data.schema import Column
from mesic.errors import DataError

LARGEST = 1.7976931348623157e308
CELLS_REMEMBERED, SHORT = 1024, 64  # of a column of levels: what took the batch code to read, and how long it may be
EXACT = 2**63  # whole numbers below are the batch's int64
TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.(\d{3}|\d{6}))?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
READS_AS_PYTHON = int(pd.__version__.partition(".")[0]) >= 3  # pandas 2 may be one unit in the last place beside
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
YEARS = (1700, 2250)  # nanoseconds of a 64-bit integer reach so far
PLAIN = (bool, int, float, str, type(None), datetime.date, datetime.datetime, datetime.time, np.generic)
_BLANK = frozenset(BLANKS)

Reader = Callable[[Any], Any]


class Misfit(Exception):
    """A cell that breaks the schema or that no column could hold; the row is then looked at as a whole."""


def coerced_cell(column: Column, value: Any) -> Coerced:
    """Return what the batch code makes of a column of this one cell.

    Raises
    ------
    DataError
        The value is no single value, or none that a table can hold.

    Examples
    --------
    >>> coerced_cell(Column("age", "number"), " 31 ").values.tolist()
    [31.0]
    """
    if not isinstance(value, PLAIN):
        raise DataError(f"field {column.name!r} holds {_kind_of(value)}: give {expected(column)}")
    try:
        return coerce(column, pa.chunked_array([pa.array([_within_arrow(value)])]))
    except (pa.ArrowException, OverflowError, ValueError, TypeError) as error:
        raise DataError(f"field {column.name!r} cannot be read: {error}; give {expected(column)}") from error


def _within_arrow(value: Any) -> Any:
    """Return a whole number that no 64 bits hold as a float, as JSON does not tell them apart."""
    if type(value) is int and EXACT <= value < 2 * EXACT:
        return np.uint64(value)  # which Arrow does not think of by itself
    if type(value) is int and not -EXACT <= value < 2 * EXACT:
        return math.inf if abs(value) > LARGEST else float(value)
    return value


def _kind_of(value: Any) -> str:
    return (
        "a list" if isinstance(value, (list, tuple)) else "an object" if isinstance(value, dict) else "no plain value"
    )


def slow_reader(column: Column) -> Reader:
    """Return what reads any cell by the batch code: a float, NaN for a missing one, or text or None.

    The reader raises Misfit where the cell breaks a rule, DataError where no table could hold it.
    """

    def read(value: Any) -> Any:
        coerced = coerced_cell(column, value)
        if any(True for _ in broken_by_cells(column, coerced)):
            raise Misfit
        cell = coerced.values[0]
        if isinstance(coerced.values, pd.Categorical):
            return None if pd.isna(cell) else str(cell)
        return float(cell)

    return read


def reader_of(column: Column) -> Reader:
    """Return what reads a cell of a column of numbers, truths, times or text; see :func:`slow_reader`."""
    readers = {"number": _number, "boolean": _boolean, "time": _time, "constant": slow_reader}
    return readers.get(column.kind, _text)(column)


def limits_of(column: Column) -> tuple[float, float]:
    """Return the least and the largest number that the column's range allows."""
    low, high = column.range or (-LARGEST, LARGEST)
    return max(low, -LARGEST), min(high, LARGEST)


def _number(column: Column) -> Reader:
    low, high = limits_of(column)
    slow, may_miss = slow_reader(column), column.missing != "forbidden"

    def read(value: Any) -> float:
        number: float
        kind = type(value)
        if (kind is float and low <= value <= high) or (
            kind is int and low <= value <= high and -EXACT <= value < EXACT
        ):
            return float(value)
        if kind is str and READS_AS_PYTHON and NUMBER.fullmatch(value) and low <= (number := float(value)) <= high:
            return number
        if may_miss and (value is None or value != value):  # noqa: PLR0124 - NaN differs from itself
            return math.nan
        number = slow(value)
        return number

    return read


def _boolean(column: Column) -> Reader:
    slow, may_miss = slow_reader(column), column.missing != "forbidden"
    known = {} if column.range else {**TRUTHS}

    def read(value: Any) -> float:
        if value is True or value is False:
            return float(value) if not column.range else slow(value)
        if value is None and may_miss:
            return math.nan
        number: float = known[value] if type(value) is str and value in known else slow(value)
        return number

    return read


def _time(column: Column) -> Reader:
    slow, may_miss = slow_reader(column), column.missing != "forbidden"
    low, high = limits_of(column)

    def read(value: Any) -> float:
        if type(value) is str and TIME.fullmatch(value):
            days = _days(value)
            if low <= days <= high:
                return days
        if value is None and may_miss:
            return math.nan
        number: float = slow(value)
        return number

    return read


def _days(text: str) -> float:
    """Return days since 1970, UTC; NaN where there is no such moment, or none that the batch is sure to count so."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    if not YEARS[0] < moment.year < YEARS[1]:
        return math.nan
    span = (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)) - EPOCH
    return (span.days * SECONDS_A_DAY + span.seconds + span.microseconds / 1_000_000) / SECONDS_A_DAY


def _text(column: Column) -> Reader:
    slow, may_miss = slow_reader(column), column.missing != "forbidden"
    is_plain = column.seen.get("cells") is None and not column.levels
    remembered = lru_cache(CELLS_REMEMBERED, typed=True)(slow)

    def read(value: Any) -> str | None:
        if is_plain and type(value) is str and value.isascii():
            text = value.strip(" \t\n\r\v\f")
            if text not in _BLANK:
                return text
        if value is None and may_miss:
            return None
        is_short = type(value) is int or (type(value) is str and len(value) <= SHORT)
        found: str | None = remembered(value) if is_short else slow(value)
        return found

    return read


def known_codes(column: Column, levels: tuple[str, ...]) -> Mapping[str, float]:
    """Return the code of each level that the schema allows: a cell that holds just its letters needs no reading."""
    allowed = set(levels) if column.levels is None else set(levels) & set(column.levels)
    read = slow_reader(replace(column, levels=None))  # of which it is allowed is known
    return {level: float(code) for code, level in enumerate(levels) if level in allowed and read(level) == level}
