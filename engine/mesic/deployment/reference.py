"""What the bundle itself answers, row by row: the measure of every artefact."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesic.bundle.bundle import Bundle
from mesic.bundle.inputs import Input
from mesic.data.account import RowAccount
from mesic.data.availability import hide_later
from mesic.data.coercion import Coerced, categorical, coerce
from mesic.data.inference import is_numeric, is_time, plain_values
from mesic.data.preparing import label_as_known
from mesic.data.rules import broken_by_cells
from mesic.data.schema import Column
from mesic.data.view import frame_of
from mesic.deployment.target import Row

FORMS = (("number", pa.float64()), ("text", pa.string()), ("truth", pa.bool_()))


def reference_answers(bundle: Bundle, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the bundle says of rows as they come to a door: ``prediction`` and ``p_<label>``, or ``error``.

    A row lacks a column, or breaks a rule of the schema: it is refused by itself, whatever stands around it.
    """
    answers: list[dict[str, Any]] = [{} for _ in rows]
    whole = []
    for number, row in enumerate(rows):
        lost = [name for name in bundle.needed if name not in row]
        if lost:
            answers[number] = {"error": f"columns {', '.join(map(repr, lost))} are not given"}
        else:
            whole.append(number)
    for number, answer in zip(whole, _whole_rows(bundle, [rows[number] for number in whole]), strict=True):
        answers[number] = answer
    return answers


def _whole_rows(bundle: Bundle, rows: Sequence[Row]) -> list[dict[str, Any]]:
    names = [*bundle.needed, *(name for name in bundle.moments if rows and name in rows[0])]
    typed: dict[str, Any] = {}
    refused: dict[int, str] = {}
    for name in names:
        coerced = _coerced(bundle.schema[name], [row.get(name) for row in rows])
        typed[name] = coerced.values
        refused |= dict.fromkeys(_broken(bundle.schema[name], coerced), name)
    hide_later(typed, bundle.schema, RowAccount(), "deploy")
    with np.errstate(all="ignore"):  # edge rows are made to be hard on arithmetic
        scores = bundle.predictor(frame_of({name: typed[name] for name in bundle.needed}, len(rows)))
    answers: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()} for row in bundle.answers(scores).to_dict("records")
    ]
    for row, name in refused.items():
        answers[row] = {"error": f"column {name!r} breaks its rules"}
    return answers


def _coerced(column: Column, cells: Sequence[Any]) -> Coerced:
    """Return cells of any form as typed values, each read as a column of its own form is read."""
    parts = [(kind, _of_form(cells, kind), of) for kind, of in FORMS]
    read = [coerce(column, pa.chunked_array([pa.array(own, of)])) for _, own, of in parts]
    there = [np.array([cell is not None for cell in own], dtype=bool) for _, own, _ in parts]
    if isinstance(read[0].values, pd.Categorical):
        return Coerced(_joined_levels(read, there))
    values = np.full(len(cells), np.nan)
    misfits = np.zeros(len(cells), dtype=bool)
    for own, is_own in zip(read, there, strict=True):
        values[is_own] = own.values[is_own]
        misfits |= is_own & (own.misfits if own.misfits is not None else False)
    return Coerced(values, misfits=misfits)


def _of_form(cells: Sequence[Any], kind: str) -> list[Any]:
    own = (cell if cell is not None and form_of(cell) == kind else None for cell in cells)
    return [None if cell is None else float(cell) if kind == "number" else cell for cell in own]


def form_of(cell: Any) -> str:
    """Return what a cell of a row is: ``number``, ``text`` or ``truth``."""
    if isinstance(cell, bool):
        return "truth"
    return "text" if isinstance(cell, str) else "number"


def _joined_levels(read: Sequence[Coerced], there: Sequence[np.ndarray]) -> pd.Categorical:
    joined = np.full(len(there[0]), None, dtype=object)
    for own, is_own in zip(read, there, strict=True):
        joined[is_own] = np.asarray(own.values, dtype=object)[is_own]
    joined[pd.isna(joined)] = None
    return pd.Categorical(joined, categories=pd.Index(sorted({c for c in joined if c is not None}), dtype=object))


def _broken(column: Column, coerced: Coerced) -> set[int]:
    """Return the rows that break a rule by their own cell."""
    rows = {int(row) for problem in broken_by_cells(column, coerced) for row in problem.rows}
    if column.missing == "forbidden":
        rows |= set(np.flatnonzero(pd.isna(coerced.values)).tolist())
    return rows


def rows_of(table: pa.Table, inputs: Sequence[Input], schema: Mapping[str, Column]) -> list[dict[str, Any]]:
    """Return the rows of a table as they come to a door: None, numbers, truths and texts by column."""
    cells = {one.name: _cells(table.column(one.name), one, schema[one.name]) for one in inputs}
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def _cells(values: pa.ChunkedArray, own: Input, column: Column) -> list[Any]:
    values = plain_values(values)
    if own.reading in ("level", "text"):
        return [None if pd.isna(level) else str(level) for level in categorical(values, own.cells or None)]
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_boolean(values.type):
        return list(values.to_pylist())
    if own.reading == "time" and is_time(values.type):
        return [None if moment is None else _written(moment) for moment in _moments(values)]
    if own.reading == "time" and is_numeric(values.type):
        return list(pc.cast(values, pa.string()).to_pylist())
    numbers = pc.cast(values, pa.float64(), safe=False).to_pylist() if is_numeric(values.type) else None
    if numbers is None or pa.types.is_duration(values.type):
        numbers = coerce(column, values).values.tolist()
    return [None if number is None or np.isnan(number) else number for number in numbers]


def _moments(values: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_time(values.type):
        return list(values.to_pylist())
    return list(pd.to_datetime(values.to_pandas(), utc=True).astype(object).where(lambda one: one.notna(), None))


def _written(moment: Any) -> str:
    """Return a moment as a text that every door reads."""
    return str(moment.isoformat()).replace("+00:00", "Z")


def target_codes(values: pa.ChunkedArray, classes: Sequence[str]) -> np.ndarray:
    """Return the target as a metric wants it: class codes, or values where there are no classes.

    Examples
    --------
    >>> target_codes(pa.chunked_array([["no", "yes"]]), ["no", "yes"]).tolist()
    [0, 1]
    """
    values = plain_values(values)
    cells = values.to_pylist()
    if not classes:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    code_of = {label: code for code, label in enumerate(classes)}
    return np.array([code_of[label_as_known(cell, code_of)] for cell in cells], dtype=np.int64)
