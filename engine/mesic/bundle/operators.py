"""Operators that turn a matrix into a matrix: which columns there are, and what missing cells become.

Each function reads its step once and returns what is called for every batch; those for columns of one kind are in
``number_operators``, ``level_operators`` and ``text_operators``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep
from mesic.errors import DataError

Rows = Matrix | Mapping[str, Any]
Operator = Callable[[Any], Matrix]


def codes(step: PortableStep) -> Operator:
    """Fix which columns there are, in which order, with which levels; see :func:`code_columns`."""
    names, levels, texts = layout_of_codes(step)

    def run(data: Rows) -> Matrix:
        matrix = data if isinstance(data, Matrix) else _from_mapping(data, names, {*levels, *texts})
        return matrix.arranged(names, levels, texts)

    return run


def code_columns(step: PortableStep, data: Rows) -> tuple[Matrix, dict[str, int]]:
    """Return the columns that a ``codes`` step describes, and how many cells of each had an unseen level.

    Parameters
    ----------
    step
        ``params["columns"]`` holds ``{"name", "kind": "number"}``, ``{"name", "kind": "category", "levels"}``, or
        ``{"name", "kind": "text"}``, a column whose levels are those of each batch.
    data
        A matrix, or by name arrays of numbers, arrays of text (None is missing) or pandas categoricals.

    Examples
    --------
    >>> town = {"name": "town", "kind": "category", "levels": ["Bonn", "Ulm"]}
    >>> step = PortableStep("codes", {"columns": [town]})
    >>> matrix, unseen = code_columns(step, {"town": ["Ulm", "Rome", None]})
    >>> matrix.values[:, 0].tolist(), unseen
    ([1.0, nan, nan], {'town': 1})
    """
    names, levels, texts = layout_of_codes(step)
    matrix = data if isinstance(data, Matrix) else _from_mapping(data, names, {*levels, *texts})
    coded = matrix.arranged(names, levels, texts)
    before, after = (_cells(part, levels) for part in (matrix, coded))
    return coded, {name: before[name] - after[name] for name in levels if before[name] > after[name]}


def layout_of_codes(step: PortableStep) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], frozenset[str]]:
    """Return what a ``codes`` step fixes: names in order, levels of category columns, and which columns are text."""
    columns = step.params["columns"]
    levels = {column["name"]: tuple(column["levels"]) for column in columns if column["kind"] == "category"}
    texts = frozenset(column["name"] for column in columns if column["kind"] == "text")
    return tuple(column["name"] for column in columns), levels, texts


def _cells(matrix: Matrix, levels: Mapping[str, Any]) -> dict[str, int]:
    """Return how many cells of each category column are there."""
    places = {name: place for place, name in enumerate(matrix.names) if name in levels}
    return {name: int(np.count_nonzero(~np.isnan(matrix.values[:, place]))) for name, place in places.items()}


def _from_mapping(data: Mapping[str, Any], names: Sequence[str], texts: Collection[str]) -> Matrix:
    known = [name for name in names if name in data]
    columns, own = [], {}
    for name in known:
        if name in texts:
            categories = _categorical(data[name])
            own[name] = tuple(map(str, categories.categories))
            columns.append(np.where(categories.codes < 0, np.nan, categories.codes))
        else:
            columns.append(_numbers(name, data[name]))
    return Matrix(np.column_stack(columns) if columns else np.empty((0, 0)), tuple(known), own)


def _categorical(values: Any) -> pd.Categorical:
    if isinstance(values, pd.Series):
        values = values.array
    if isinstance(values, pd.Categorical):
        return values
    cells = np.array([None if pd.isna(value) else str(value) for value in values], dtype=object)
    found = pd.Index(sorted({cell for cell in cells if cell is not None}), dtype=object)
    return pd.Categorical(cells, categories=found)


def _numbers(name: str, values: Any) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"column {name!r} holds text, but the model learned numbers: {error}") from error


def impute(step: PortableStep) -> Operator:
    """Fill missing cells.

    ``value`` (p,) is what a missing cell of each column becomes (NaN: it stays). ``indicator`` (q,) holds the
    places of columns that get a column of their own, 1 where the cell was missing. ``names`` and ``levels``
    describe the p + q columns that result.
    """
    value, indicator = step.arrays["value"], step.arrays["indicator"]
    names, levels = tuple(step.params["names"]), levels_of(step)

    def run(matrix: Matrix) -> Matrix:
        missing = np.isnan(matrix.values)
        filled = np.where(missing, value, matrix.values)
        return Matrix(np.hstack([filled, missing[:, indicator]]) if indicator.size else filled, names, levels)

    return run


def levels_of(step: PortableStep) -> dict[str, tuple[str, ...]]:
    """Return the levels of the category columns that result."""
    return {name: tuple(levels) for name, levels in step.params["levels"].items()}


def take(step: PortableStep) -> Operator:
    """Keep the columns whose places ``params["columns"]`` lists.

    ``params["levels"]``, if it is there, says for some category columns by name which levels they have afterwards,
    ``names``, and which of these each old code becomes, ``codes``.
    """
    places = [int(place) for place in step.params["columns"]]
    merged = step.params.get("levels", {})
    if not merged:
        return lambda matrix: matrix.take(places)
    tables = {name: np.array([*levels["codes"], np.nan], dtype=np.float64) for name, levels in merged.items()}

    def run(matrix: Matrix) -> Matrix:
        taken = matrix.take(places)
        values, levels = taken.values.copy(), dict(taken.levels)
        for place, name in enumerate(taken.names):
            if name in merged:
                column = values[:, place]
                codes = np.where(np.isnan(column), len(tables[name]) - 1, column).astype(np.int64)
                values[:, place], levels[name] = tables[name][codes], tuple(merged[name]["names"])
        return Matrix(values, taken.names, levels)

    return run
