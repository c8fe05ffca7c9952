"""From a typed table to the dataset of a run: target, classes, roles, row keys."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.account import Entry
from mesic.data.identity import row_keys
from mesic.data.inference import TRUTHS
from mesic.data.reading import TypedTable
from mesic.data.schema import Column
from mesic.data.view import Dataset, frame_of
from mesic.errors import DataError, UsageError
from mesic.findings import Finding
from mesic.host.names import did_you_mean

MOST_NUMBER_CLASSES = 20
MOST_UNLABELLED = 5_000


def prepare(table: TypedTable, options: Mapping[str, Any]) -> tuple[Dataset, list[Finding]]:
    """Return the dataset and what was found on the way.

    Raises
    ------
    DataError
        The target is missing everywhere or constant; no feature is left; a weight is negative or missing.
    UsageError
        The declared task or positive label does not fit the target.
    """
    target = next(column for column in table.schema.columns if column.role == "target")
    rows = _rows_with_target(table, target)
    values = table.columns[target.name][rows]
    task, findings = _task(target, values, options["task"])
    y, classes = _coded(target, values, task, options.get("positive"))
    features = {column.name: table.columns[column.name][rows] for column in table.schema.features}
    if not features:
        raise DataError("no column is left to learn from: all are ids, constants, texts or ignored")
    if all(np.asarray(pd.isna(column)).all() for column in features.values()):
        raise DataError("every cell of every feature is missing: there is nothing to learn from")
    dataset = Dataset(
        X=frame_of(features, rows.size),
        y=y,
        task=task,
        classes=classes,
        keys=_keys(table, rows),
        origin=rows,
        weight=_weights(table, rows),
        groups=_groups(table, rows),
        time=_times(table, rows),
        part=_parts(table, rows),
        unlabelled=_unlabelled(table, list(features), rows),
        kinds={column.name: column.kind for column in table.schema.features},
        cost_us={column.name: column.cost_us for column in table.schema.features if column.cost_us},
    )
    return dataset, [*findings, *_class_findings(dataset, target)]


def _rows_with_target(table: TypedTable, target: Column) -> np.ndarray:
    missing = np.asarray(pd.isna(table.columns[target.name]))
    table.account.add(Entry("target", target.name, "dropped", "the target is missing", rows=int(missing.sum())))
    if missing.all():
        raise DataError(f"target {target.name!r} is missing in all {table.rows:,} rows: give another source.target")
    return np.flatnonzero(~missing)


def _task(target: Column, values: Any, wanted: str) -> tuple[str, list[Finding]]:
    distinct = pd.unique(np.asarray(values))
    if distinct.size < 2:
        raise DataError(f"target {target.name!r} is {distinct[0]!r} in every row: there is nothing to learn")
    is_numeric = not isinstance(values, pd.Categorical)
    if wanted == "auto":
        return _inferred_task(target, values, distinct, is_numeric)
    if wanted == "regression" and not is_numeric:
        shown = ", ".join(map(repr, distinct[:3]))
        raise UsageError(f"source.task=regression needs numbers, but {target.name!r} holds {shown}, ...")
    if wanted == "binary" and distinct.size != 2:
        raise UsageError(f"source.task=binary needs two labels, but {target.name!r} has {distinct.size}")
    return wanted, []


def _inferred_task(target: Column, values: Any, distinct: Any, is_numeric: bool) -> tuple[str, list[Finding]]:
    if distinct.size == 2:
        return "binary", []
    if not is_numeric:
        return "multiclass", []
    whole = bool((distinct == np.floor(distinct)).all())
    if not whole or distinct.size > min(MOST_NUMBER_CLASSES, len(values) / 20):
        return "regression", []
    message = f"target {target.name!r} holds {distinct.size} whole numbers: they are taken as classes"
    finding = Finding("NUMBERS-AS-CLASSES", "info", message, {}, "source.task=regression predicts them as numbers")
    return "multiclass", [finding]


def _coded(target: Column, values: Any, task: str, positive: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    if positive is not None and task != "binary":
        raise UsageError(f"source.positive={positive!r} needs a binary task; {target.name!r} makes a {task} task")
    if task == "regression":
        return np.asarray(values, dtype=np.float64), ()
    labels, codes = _labels(values)
    if task == "binary":
        return _with_positive(target, labels, codes, positive)
    return codes, tuple(labels)


def _labels(values: Any) -> tuple[list[str], np.ndarray]:
    if isinstance(values, pd.Categorical):
        used = values.remove_unused_categories()
        return list(used.categories), np.asarray(used.codes, dtype=np.int64)
    distinct, codes = np.unique(values, return_inverse=True)
    return [label_of(number) for number in distinct], codes.astype(np.int64)


def label_of(number: float) -> str:
    """Return a number as a label.

    Examples
    --------
    >>> label_of(3.0), label_of(0.5)
    ('3', '0.5')
    """
    return str(int(number)) if number == int(number) else repr(float(number))


def label_as_known(cell: object, known: Collection[str]) -> str:
    """Return a label as training spelt it, where it is a spelling of such; else its text.

    Examples
    --------
    >>> label_as_known(True, ["0", "1"]), label_as_known("2.0", ["1", "2"]), label_as_known(" yes ", ["no", "yes"])
    ('1', '2', 'yes')
    >>> label_as_known("perhaps", ["no", "yes"])
    'perhaps'
    """
    text = str(cell).strip()
    if text in known:
        return text
    truth = TRUTHS.get(text.lower())
    try:
        return label_of(float(text) if truth is None else truth)
    except (ValueError, OverflowError):
        return text


def _with_positive(
    target: Column, labels: list[str], codes: np.ndarray, positive: str | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    if positive is None:
        ones = int((codes == 1).sum())
        positive = labels[1] if ones * 2 <= codes.size else labels[0]
    if positive not in labels:
        near = did_you_mean(positive, labels)
        raise UsageError(
            f"source.positive={positive!r} is no label of {target.name!r}; labels: {', '.join(labels)}{near}"
        )
    if labels.index(positive) == 0:
        return 1 - codes, (labels[1], labels[0])
    return codes, (labels[0], labels[1])


def _unlabelled(table: TypedTable, features: list[str], rows: np.ndarray) -> pd.DataFrame | None:
    others = np.setdiff1d(np.arange(table.rows), rows, assume_unique=True)
    others = others[:: max(1, others.size // MOST_UNLABELLED)]
    return frame_of({name: table.columns[name][others] for name in features}, others.size) if others.size else None


def _keys(table: TypedTable, rows: np.ndarray) -> np.ndarray:
    declared = [column.name for column in table.schema.columns if column.role == "key"]
    for name in declared:
        _refuse_repeated(name, table.columns[name][rows], rows)
    ids = {column.name for column in table.schema.columns if column.kind == "id"}
    said = [name for name in table.columns if name not in ids and table.schema[name].role not in ("target", "part")]
    names = declared or said
    return row_keys({name: table.columns[name][rows] for name in names}, rows.size)


def _refuse_repeated(name: str, values: Any, rows: np.ndarray) -> None:
    """Refuse a key that names two rows, or none."""
    texts = pd.Series(np.asarray(values, dtype=object))
    if texts.isna().any():
        row = rows[np.flatnonzero(texts.isna())[0]]
        raise DataError(f"source.key={name!r} is missing in {texts.isna().sum():,} rows, first in row {row}: fill it")
    repeated = texts[texts.duplicated(keep=False)]
    if repeated.size:
        first = np.flatnonzero(texts == repeated.iloc[0])[:2]
        raise DataError(
            f"source.key={name!r} is not unique: {repeated.nunique():,} values stand in several rows, such as "
            f"{repeated.iloc[0]!r} in rows {rows[first[0]]} and {rows[first[1]]}; give a column that names one row"
        )


def _role(table: TypedTable, role: str) -> Column | None:
    return next((column for column in table.schema.columns if column.role == role), None)


def _weights(table: TypedTable, rows: np.ndarray) -> np.ndarray | None:
    column = _role(table, "weight")
    if column is None:
        return None
    weight = np.asarray(table.columns[column.name][rows], dtype=np.float64)
    wrong = np.flatnonzero(~(weight >= 0))
    if wrong.size:
        raise DataError(
            f"source.weight={column.name!r} is negative or missing in {wrong.size:,} rows, first in row "
            f"{rows[wrong[0]]}: give weights of 0 or more"
        )
    if weight.sum() == 0:
        raise DataError(f"source.weight={column.name!r} is 0 in every row: no row would count")
    return weight


def _groups(table: TypedTable, rows: np.ndarray) -> np.ndarray | None:
    column = _role(table, "group")
    if column is None:
        return None
    values = table.columns[column.name][rows]
    _refuse_missing(column, np.asarray(pd.isna(values)), rows)
    keys = row_keys({column.name: values}, rows.size)
    return keys.view(np.int64)


def _parts(table: TypedTable, rows: np.ndarray) -> np.ndarray | None:
    column = _role(table, "part")
    if column is None:
        return None
    values = table.columns[column.name][rows]
    _refuse_missing(column, np.asarray(pd.isna(values)), rows)
    return np.asarray(values, dtype=object)


def _refuse_missing(column: Column, missing: np.ndarray, rows: np.ndarray, what: str = "missing") -> None:
    if missing.any():
        raise DataError(
            f"source.{column.role}={column.name!r} is {what} in {missing.sum():,} rows, first in row "
            f"{rows[np.flatnonzero(missing)[0]]}: fill it, or drop these rows"
        )


def _times(table: TypedTable, rows: np.ndarray) -> np.ndarray | None:
    column = _role(table, "time")
    if column is None:
        return None
    times = np.asarray(table.columns[column.name][rows], dtype=np.float64)
    _refuse_missing(column, np.isnan(times), rows, "missing or no time")
    return times


def _class_findings(dataset: Dataset, target: Column) -> list[Finding]:
    counts = np.bincount(dataset.y, minlength=len(dataset.classes)) if dataset.classes else np.array([], int)
    rare = {dataset.classes[code]: int(count) for code, count in enumerate(counts) if count < 10}
    if not rare:
        return []
    listed = ", ".join(f"{label!r} ({count} row{'s' * (count > 1)})" for label, count in rare.items())
    message = f"classes of {target.name!r} with fewer than 10 rows can be learned but hardly measured: {listed}"
    return [Finding("RARE-CLASS", "warning", message, rare, "collect more rows of them, or merge them")]
