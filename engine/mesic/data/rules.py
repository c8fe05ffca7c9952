"""The rules of a schema: which cells and columns break them, and which a column as it is would keep.

Proposed rules have slack: a fresh sample of the same rows must keep them, and what is plainly wrong must not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.coercion import Coerced
from mesic.data.schema import Column, Schema, rule_words, rules_of
from mesic.errors import DataError

MOST_SHOWN = 5
MOST_LEVELS_SHOWN = 8
FEWEST_ROWS_OF_A_LEVEL = 10
MOST_LEVELS = 200
SURE = 1e-3
KINDS_THAT_CELLS_MAY_MISS = ("number", "boolean", "time")
MISSING_SLACK = 0.05


@dataclass(frozen=True)
class Broken:
    """One rule of one column that cells break.

    Parameters
    ----------
    column
        Its name.
    rule
        ``misfits``, ``missing``, ``range``, ``levels`` or ``unique``.
    said
        The rule as the schema says it.
    rows
        Numbers of the rows that break it, ascending.
    cells
        What the first of them hold.
    """

    column: str
    rule: str
    said: str
    rows: np.ndarray
    cells: tuple[Any, ...] = ()

    def __str__(self) -> str:
        cells = f", values {', '.join(map(repr, self.cells))}" if self.cells else ""
        first = ", ".join(map(str, self.rows[:MOST_SHOWN]))
        count = f"{self.rows.size:,} row{'s' * (self.rows.size > 1)}"
        return f"column {self.column!r} breaks '{self.said}' in {count}: {first}{cells}"

    def as_dict(self) -> dict[str, Any]:
        """Return the broken rule as ``--json`` prints it."""
        first = [int(row) for row in self.rows[:MOST_SHOWN]]
        facts = {"column": self.column, "rule": self.rule, "said": self.said, "rows": int(self.rows.size)}
        return facts | {"first_rows": first, "first_cells": list(self.cells)}


class RulesBroken(DataError):
    """Cells broke rules of the schema; `broken` says which, and where.

    Parameters
    ----------
    broken
        At least one.
    mend
        What follows in the message.
    """

    def __init__(self, broken: Sequence[Broken], mend: str = "") -> None:
        self.broken, self.mend = list(broken), mend
        super().__init__("\n  ".join(["the data broke the schema:", *map(str, broken)]) + mend)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.broken, self.mend)


def refuse(broken: Sequence[Broken], mend: str = "") -> None:
    """Raise RulesBroken where rules are broken; all of them are named together."""
    if broken:
        raise RulesBroken(broken, mend)


def broken_by_cells(column: Column, coerced: Coerced) -> Iterator[Broken]:
    """Yield the rules that cells break, each cell by itself: they bind one row as they bind many."""
    values = coerced.values
    missing = np.asarray(pd.isna(values))
    if column.misfits == "forbidden" and coerced.misfits is not None and coerced.misfits.any():
        rows = np.flatnonzero(coerced.misfits)
        said = rule_words(column, "misfits").replace("misfits: forbidden", f"kind: {column.kind}")
        yield Broken(column.name, "misfits", said, rows, coerced.examples)
    elif column.missing == "forbidden" and missing.any():
        yield Broken(column.name, "missing", rule_words(column, "missing"), np.flatnonzero(missing))
    if column.range and not isinstance(values, pd.Categorical):
        outside = ~missing & ((values < column.range[0]) | (values > column.range[1]))
        yield from _breaking(column, "range", outside, values)
    if column.levels and isinstance(values, pd.Categorical):
        strange = ~missing & ~np.asarray(values.isin(list(column.levels)))
        yield from _breaking(column, "levels", strange, values)


def broken_by_columns(column: Column, coerced: Coerced) -> Iterator[Broken]:
    """Yield the rules that only many rows can break: the share of missing cells, unique cells.

    A share is broken when chance alone would not pass it in one of a thousand tables.
    """
    missing = np.asarray(pd.isna(coerced.values))
    if isinstance(column.missing, float) and missing.sum() > _most_by_chance(column.missing, missing.size):
        yield Broken(column.name, "missing", f"missing: {column.missing:g} at most", np.flatnonzero(missing))
    if column.unique:
        repeated = np.asarray(pd.Series(coerced.values).duplicated(keep=False)) & ~missing
        yield from _breaking(column, "unique", repeated, coerced.values)


def _most_by_chance(share: float, rows: int) -> float:
    from scipy import special

    return float(np.ceil(special.bdtrik(1 - SURE, rows, share))) if 0 < share < 1 else share * rows


def expected(column: Column) -> str:
    """Say what a cell of a column may be.

    Examples
    --------
    >>> expected(Column("age", "number", range=(0.0, 120.0), missing="forbidden"))
    'a number from 0 to 120'
    """
    kinds = {"number": "a number", "boolean": "true or false", "time": "a date or time such as 2026-01-31T09:30:00Z"}
    words = kinds.get(column.kind, "a text")
    if column.levels:
        shown = ", ".join(map(repr, column.levels[:MOST_LEVELS_SHOWN]))
        words = f"one of {shown}{', ...' if len(column.levels) > MOST_LEVELS_SHOWN else ''}"
    if column.range and column.kind == "boolean":
        words = "true" if column.range[0] > 0 else "false" if column.range[1] < 1 else words
    elif column.range:
        words += _range_words(column)
    return words if column.missing == "forbidden" else f"{words}, or null"


def _range_words(column: Column) -> str:
    low, high = rules_of(column)["range"]
    if column.kind == "number":
        low, high = (f"{end:g}" for end in column.range or ())
    return f" from {low} to {high}" if None not in (low, high) else " within its range"


def _breaking(column: Column, rule: str, rows: np.ndarray, values: Any) -> Iterator[Broken]:
    places = np.flatnonzero(rows)
    if places.size:
        cells = tuple(_plain(column, value) for value in pd.unique(np.asarray(values[places]))[:MOST_SHOWN])
        yield Broken(column.name, rule, rule_words(column, rule), places, cells)


def _plain(column: Column, value: Any) -> Any:
    if column.kind == "time":
        return str(pd.Timestamp(0) + pd.Timedelta(days=float(value))).removesuffix(" 00:00:00")
    return value.item() if isinstance(value, np.generic) else value


def broken_rules(schema: Schema, coerced: Mapping[str, Coerced]) -> list[Broken]:
    """Return every rule of a schema that a table breaks."""
    looks = (broken_by_cells, broken_by_columns)
    return [
        problem for c in schema.columns if c.name in coerced for look in looks for problem in look(c, coerced[c.name])
    ]


def proposed(column: Column, coerced: Coerced) -> Column:
    """Return a column with the rules that its cells keep, with slack.

    Cells that do not fit their kind are forbidden where there are none, and so are missing ones; else a share up to
    twice that seen and 5 % more may be missing. Numbers and times may lie as far outside of those seen as these lie
    apart, or as far as the tail of the largest suggests, but numbers of which none is negative stay so. Levels are
    closed where each was seen in 10 rows. An id whose cells are all different must stay so.
    """
    missing = np.asarray(pd.isna(coerced.values))
    misfits = 0 if coerced.misfits is None else int(coerced.misfits.sum())
    share = round(min(1.0, 2 * float(missing.mean()) + MISSING_SLACK), 2)
    return replace(
        column,
        misfits="forbidden" if column.kind in KINDS_THAT_CELLS_MAY_MISS and not misfits else "allowed",
        missing="forbidden" if not missing.any() else "allowed" if share == 1 else share,
        range=_proposed_range(column, coerced.values),
        levels=_proposed_levels(column, coerced.values),
        unique=column.kind == "id" and bool((~pd.Series(coerced.values)[~missing].duplicated()).all()),
    )


def _proposed_range(column: Column, values: Any) -> tuple[float, float] | None:
    return None if isinstance(values, pd.Categorical) else reach(column, values[~np.isnan(values)])


def reach(column: Column, finite: np.ndarray) -> tuple[float, float] | None:
    """Return how far values of a column of numbers or times may lie from those seen, shape (n,); see :func:`proposed`.

    None where fewer than two different ones were seen, or the column is of another kind.
    """
    if column.kind not in ("number", "time") or not finite.size or finite.min() == finite.max():
        return None
    low, high = float(finite.min()), float(finite.max())
    span = high - low
    lowest, highest = low - max(span, _tail(-finite)), high + max(span, _tail(finite))
    step = 10.0 ** np.floor(np.log10(span))
    ends = float(f"{np.floor(lowest / step) * step:.12g}"), float(f"{np.ceil(highest / step) * step:.12g}")
    is_signless = low >= 0 and column.kind == "number"
    return (max(0.0, ends[0]) if is_signless else ends[0], ends[1])


def _tail(values: np.ndarray) -> float:
    """Return how far beyond the largest value another sample may reach: three times the last climb, in ratios.

    The last climb is that from the value above which a square root of the rows lie. The largest value of a tail that
    falls as a power climbs once more by so much when the rows are squared in number.
    """
    positive = np.sort(values[values > 0])
    few = int(np.sqrt(positive.size))
    if few < 1:
        return 0.0
    high, inner = float(positive[-1]), float(positive[-1 - few if positive.size > few else 0])
    return high * (high / inner) ** 3 - high


def _proposed_levels(column: Column, values: Any) -> tuple[str, ...] | None:
    if column.kind != "category" or not isinstance(values, pd.Categorical):
        return None
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(values.categories))
    used = counts > 0
    if not used.any() or used.sum() > MOST_LEVELS or counts[used].min() < FEWEST_ROWS_OF_A_LEVEL:
        return None
    return tuple(str(level) for level, is_used in zip(values.categories, used, strict=True) if is_used)


def accepted(schema: Schema, broken: Iterable[Broken], coerced: Mapping[str, Coerced]) -> Schema:
    """Return a schema whose rules are widened so that they hold: by what was seen, and no further."""
    for problem in broken:
        column, values = schema[problem.column], coerced[problem.column].values
        schema = schema.with_column(_widened(column, problem.rule, values))
    return schema


def _widened(column: Column, rule: str, values: Any) -> Column:
    if rule == "range":
        low, high = column.range or (np.inf, -np.inf)
        return replace(column, range=(min(low, float(np.nanmin(values))), max(high, float(np.nanmax(values)))))
    if rule == "levels":
        known = column.levels or ()
        seen = {str(level) for level in pd.Series(values).dropna().unique()}
        return replace(column, levels=(*known, *sorted(seen.difference(known))))
    if rule == "missing":
        share = min(1.0, 2 * float(np.mean(pd.isna(values))) + MISSING_SLACK)
        return replace(column, missing="allowed" if share == 1 else round(share, 2))
    if rule == "misfits":
        return replace(column, misfits="allowed", missing="allowed")
    return replace(column, unique=False)
