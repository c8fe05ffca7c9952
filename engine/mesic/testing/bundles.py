"""Bundles that are made without a run, for what is promised of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.bundle import envelope
from mesic.bundle.beside import EXPECTED
from mesic.bundle.bundle import Bundle, load_bundle, write_bundle
from mesic.bundle.packing import with_columns
from mesic.data.schema import Column, Schema
from mesic.data.view import Dataset
from mesic.evaluation.intervals import score_with_interval
from mesic.host.registry import installed
from mesic.runs.plan import metrics_of
from mesic.training.fitted import Fitted

TARGET = "target"
CONFIG: dict[str, Any] = {"metric": None, "metrics": None, "plugins": {"prefer": {}}}


def sealed(
    fitted: Fitted, data: Dataset, folder: Path, columns: Sequence[Column] = (), *, keeps_envelope: bool = False
) -> Bundle:
    """Return a bundle of a fitted pipeline, sealed with the rows of a table.

    Parameters
    ----------
    fitted
        What answers.
    data
        Its rows are the end-to-end set and the confidence set.
    folder
        Where the bundle is written.
    columns
        What the schema says of some columns; others are what they hold, without a rule.
    keeps_envelope
        Whether the bundle keeps what the rows have shown, so that it can be made strict.

    Examples
    --------
    >>> import tempfile
    >>> from mesic.testing.fitted import fit
    >>> from mesic.testing.subjects import Subject
    >>> from mesic.testing.tables import dataset
    >>> data = dataset("binary")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = sealed(fit(Subject(installed().find("baseline", "simple")), data), data, Path(folder, "bundle"))
    ...     made.check_end_to_end()
    90
    """
    needed = [str(column["name"]) for column in fitted.steps[0].params["columns"]]
    known = {column.name: column for column in columns}
    schema = Schema(tuple(known.get(name, _column(name, data)) for name in needed))
    rows = pa.table({name: _cells(data.X[name], schema[name]) for name in needed})
    scores = fitted.predictor()(data.X)
    answers = Bundle(folder, {"classes": data.classes}, schema, fitted).answers(scores)
    target = pa.array([data.classes[code] for code in data.y] if data.classes else data.y)
    metric = metrics_of(installed(), CONFIG, data.task)
    name, own = next(iter(metric.items()))
    score = score_with_interval(own, data.y, scores, rng=np.random.default_rng(0)).as_dict()
    facts = {
        "mesic": "0",
        "task": data.task,
        "classes": list(data.classes),
        "target": TARGET,
        "metric": name,
        "acceptable": {end: score[end] for end in ("low", "high")},
        "data": "",
        "code": {},
        "config": "",
    }
    assets: dict[str, Any] = {
        "config.json": CONFIG,
        "end_to_end.parquet": with_columns(rows, answers, EXPECTED),
        "confidence.parquet": rows.append_column(TARGET, target),
    }
    if keeps_envelope:
        assets[envelope.FILE] = envelope.envelope_of(data.view(np.arange(len(data))).X[needed], schema)
    write_bundle(folder, fitted, schema, facts, assets)
    return load_bundle(folder)


def _column(name: str, data: Dataset) -> Column:
    if data.X[name].dtype != "category":
        return Column(name, "time" if data.kinds.get(name) == "time" else "number")
    return Column(name, "text" if data.kinds.get(name) == "text" else "category")


def _cells(values: pd.Series, column: Column) -> pa.Array:
    """Return a column as a source would give it: moments as such."""
    if values.dtype == "category":
        return pa.array([None if pd.isna(cell) else str(cell) for cell in values], pa.string())
    if column.kind == "time":
        return pa.array(pd.to_datetime(values, unit="D").dt.round("us"), from_pandas=True)
    return pa.array(values.to_numpy(), from_pandas=True)
