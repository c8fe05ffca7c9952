"""Which cells are known when a prediction is asked for: what is known only later, no learner sees.

A column's ``available_at`` says it: ``before`` (the default), ``after`` (the column is left out), or the name of a
column of times; a cell is then known from that moment on, and the row's own moment is its ``source.time``.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.account import Entry, RowAccount
from mesic.data.schema import Column, Schema
from mesic.errors import UsageError
from mesic.findings import Finding

MOMENTS = ("before", "after")


def without_later(schema: Schema) -> tuple[Schema, list[Finding]]:
    """Leave out the columns that are known only after the prediction, and those that say when others are known.

    Raises
    ------
    UsageError
        A column is available from another column's time on, and no ``source.time`` says when predictions are asked
        for; or what says it holds no times.
    """
    findings = []
    for column in schema.features:
        if column.available_at == "after":
            why = "it is known only after the prediction (available_at: after)"
            schema = schema.with_column(replace(column, role="ignored", why=why))
            message = f"column {column.name!r} is not used: {why}"
            findings.append(Finding("LATE-COLUMN", "info", message, {"column": column.name}))
        elif column.available_at not in MOMENTS:
            schema = _with_clock(schema, column)
    return schema, findings


def _with_clock(schema: Schema, column: Column) -> Schema:
    clock = schema[column.available_at]
    asked = next((other for other in schema.columns if other.role == "time"), None)
    if asked is None:
        raise UsageError(
            f"column {column.name!r} is available_at {clock.name!r}, but no column says when predictions are asked "
            "for: give source.time=COLUMN"
        )
    if clock.kind not in ("time", "number") or clock.kind != asked.kind:
        raise UsageError(
            f"column {column.name!r} is available_at {clock.name!r}, which holds {clock.kind} and cannot be compared "
            f"with source.time={asked.name!r}, which holds {asked.kind}"
        )
    if clock.role == "feature":
        clock = replace(clock, role="ignored", why=f"it says when {column.name!r} is known")
    return schema.with_column(clock)


def moments(schema: Schema, names: Collection[str]) -> list[str]:
    """Return the columns that decide which cells of some columns are known: their clocks, and the rows' own time."""
    clocks = {schema[name].available_at for name in names} - set(MOMENTS)
    return sorted({*clocks, *(c.name for c in schema.columns if c.role == "time")}) if clocks else []


def read_columns(schema: Schema, names: Sequence[str]) -> list[str]:
    """Return columns with those that decide which of their cells are known, each once."""
    return list(dict.fromkeys([*names, *moments(schema, names)]))


def hide_later(typed: dict[str, Any], schema: Schema, account: RowAccount, stage: str) -> None:
    """Set missing the cells that were not known at their row's time, and book them.

    A cell whose moment is missing was never known. Where a table lacks the columns of moments, as when an answer is
    asked for at once, its cells are what is known now.
    """
    for column, known in _known(typed, schema):
        values = typed[column.name]
        lost = int((~known & ~np.asarray(pd.isna(values))).sum())
        why = f"{column.available_at!r} is later than the row's time"
        account.add(Entry(stage, column.name, "not known yet, set missing", why, cells=lost))
        if isinstance(values, pd.Categorical):
            codes = np.where(known, values.codes, -1)
            typed[column.name] = pd.Categorical.from_codes(codes, dtype=values.dtype)
        else:
            typed[column.name] = np.where(known, values, np.nan)


def _known(typed: dict[str, Any], schema: Schema) -> Iterator[tuple[Column, np.ndarray]]:
    """Yield the columns with a moment, each with which of its cells were known."""
    asked = next((column.name for column in schema.columns if column.role == "time"), None)
    if asked not in typed:
        return
    for column in schema.features:
        if column.available_at in typed and column.name in typed:
            yield column, np.asarray(typed[column.available_at]) <= np.asarray(typed[asked])
