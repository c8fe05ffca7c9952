"""Where more rows would help most: by class, or by the values of a column."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from mesic.advising.measuring import Measured
from mesic.data.view import Dataset
from mesic.errors import UsageError
from mesic.host.names import did_you_mean

MOST_LEVELS = 8
QUARTERS = 4
FEWEST_ROWS = 20


def slices_of(dataset: Dataset, column: str | None) -> dict[str, np.ndarray]:
    """Return which rows are of each slice, bool of shape (n,) each: classes, or values of a column.

    Parameters
    ----------
    dataset
        All rows.
    column
        A feature; its eight most frequent levels, or quarters of a number. None: classes, or quarters of the target.

    Raises
    ------
    UsageError
        There is no such feature.
    """
    if column is None:
        if dataset.classes:
            return {label: dataset.y == code for code, label in enumerate(dataset.classes)}
        return _quarters(pd.Series(dataset.y))
    if column not in dataset.X:
        near = did_you_mean(column, map(str, dataset.X)) or f"; columns: {', '.join(map(str, dataset.X))}"
        raise UsageError(f"by={column!r} is no column that the run learned from{near}")
    values = dataset.X[column]
    if values.dtype != "category":
        return _quarters(values)
    frequent = values.value_counts().index[:MOST_LEVELS]
    found = {str(level): (values == level).to_numpy() for level in frequent}
    rest = ~np.logical_or.reduce(list(found.values()))
    return found | ({"others and missing": rest} if rest.any() else {})


def _quarters(values: "pd.Series[float]") -> dict[str, np.ndarray]:
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, QUARTERS + 1)))
    found = {}
    for low, high in pairwise(edges):
        is_last = high == edges[-1]
        inside = (values >= low) & ((values <= high) if is_last else (values < high))
        found[f"{low:.4g} to {high:.4g}"] = inside.to_numpy()
    missing = values.isna().to_numpy()
    return found | ({"missing": missing} if missing.any() else {})


def gains_by_slice(
    measured: Measured, slices: Mapping[str, np.ndarray], loss: str, *, now: int, more: int, level: float
) -> list[dict[str, Any]]:
    """Return by how much the mean loss of each slice falls when more rows like all of these come; the most first.

    Parameters
    ----------
    measured
        Predictions by the rows that were learned from.
    slices
        Which rows are of each, by name.
    loss
        Its name.
    now, more
        Rows that the model learns from, and those that might come.
    level
        Of intervals.
    """
    found, predicted = [], np.zeros(len(measured.dataset), dtype=bool)
    predicted[measured.rows] = True
    for name, inside in slices.items():
        count = int((inside & predicted).sum())
        told: dict[str, Any] = {"slice": name, "rows": count, "loss": None, "gain": None, "refused": ""}
        if count < FEWEST_ROWS:
            found.append(told | {"refused": f"{count} rows are too few to tell"})
            continue
        curve = measured.curve_of_losses(loss, inside, level=level)
        if curve.refusal:
            found.append(told | {"loss": curve.points()[-1], "refused": curve.refusal})
        else:
            found.append(told | {"loss": curve.points()[-1], "gain": curve.gain(now, more)})
    return sorted(found, key=lambda one: -(one["gain"]["value"] if one["gain"] else -np.inf))
