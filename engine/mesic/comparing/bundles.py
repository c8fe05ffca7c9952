"""Two bundles on rows that neither has seen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.bundle.bundle import Bundle, load_bundle
from mesic.comparing.candidates import Answers, Candidate
from mesic.comparing.comparing import compared
from mesic.comparing.ground import Roles
from mesic.comparing.question import Compared, Question
from mesic.data.account import RowAccount
from mesic.data.coercion import coerce
from mesic.data.identity import row_keys
from mesic.data.preparing import label_of
from mesic.data.reading import read_table
from mesic.data.schema import Column
from mesic.errors import DataError, UsageError
from mesic.evaluation.losses import example_losses
from mesic.host.building import build
from mesic.host.names import did_you_mean
from mesic.host.registry import installed
from mesic.runs.plan import metrics_of
from mesic.runs.record import FILE, read_record

NEW_ROWS = "new rows"
SAME = ("task", "target", "classes")


def compare_bundles(
    folders: Sequence[str],
    path: str,
    *,
    group: str | None = None,
    metric: Mapping[str, Any] | None = None,
    level: float | None = None,
    margin: float | None = None,
) -> Compared:
    """Compare two bundles on the rows of a table that holds the target.

    Parameters
    ----------
    folders
        Of two bundles, or of runs; the first is the reference.
    path
        A table file.
    group
        Its column that says which rows belong together; None: each stands for itself.
    metric
        Configuration of the metric that decides; None: the mean loss.
    level
        Of intervals and tests; None: 0.95.
    margin
        Differences up to it do not matter; None: any difference matters.

    Raises
    ------
    UsageError
        The bundles do not predict the same.
    DataError
        A column is missing, a label unknown, or no row has a target.
    """
    bundles = {name: _bundle(name) for name in folders}
    _refuse_other_question(bundles)
    for name, bundle in bundles.items():
        _refuse_own_table(name, bundle, path)
    first = bundles[folders[0]]
    table, y = _labelled(first, read_table(build(installed().find("source", "table"), {"path": path})), path)
    candidates = [_candidate(name, bundle, first.classes, table, y) for name, bundle in bundles.items()]
    config: dict[str, Any] = {"metric": metric, "metrics": None, "plugins": {"prefer": {}}}
    metrics = metrics_of(installed(), config, first.manifest["task"])
    question = Question(
        metrics, by=None if metric is None else metric["name"], against=folders[0], level=level or 0.95, margin=margin
    )
    groups = None if group is None else _groups(table, group)
    return compared(
        candidates, question, part=NEW_ROWS, roles=lambda rows: Roles(groups=None if groups is None else groups[rows])
    )


def _bundle(name: str) -> Bundle:
    inside = Path(name) / "bundle"
    return load_bundle(inside if inside.is_dir() else name)


def _refuse_other_question(bundles: Mapping[str, Bundle]) -> None:
    if len(bundles) < 2:
        raise UsageError(f"a and b are the same bundle, {next(iter(bundles))}: give two")
    one, other = ({**bundle.manifest, "classes": sorted(bundle.classes)} for bundle in bundles.values())
    differs = next((name for name in SAME if one[name] != other[name]), None)
    if differs:
        raise UsageError(f"a and b do not predict the same: {differs} is {one[differs]!r} and {other[differs]!r}")


def _refuse_own_table(name: str, bundle: Bundle, path: str) -> None:
    """Refuse the table that a bundle was learned from, as far as a run beside it tells."""
    record = bundle.folder.parent / FILE
    told = (read_record(bundle.folder.parent).get("data") or {}).get("path") if record.is_file() else None
    if told and Path(told).is_file() and Path(path).is_file() and Path(told).samefile(path):
        raise UsageError(
            f"on={path} is the table that {name} learned from: give rows that it has not seen, or compare the runs"
        )


def _labelled(bundle: Bundle, table: pa.Table, path: str) -> tuple[pa.Table, np.ndarray]:
    """Return the rows that have a target, and their targets."""
    target = bundle.manifest["target"]
    if target not in table.column_names:
        raise DataError(
            f"on={path} has no column {target!r}, and without the truth nothing can be compared"
            f"{did_you_mean(target, table.column_names)}"
        )
    y = _targets(bundle.classes, target, table.column(target))
    if np.isnan(y).all():
        raise DataError(f"on={path} holds no {target!r} in any of its {table.num_rows:,} rows")
    known = ~np.isnan(y)
    return table.filter(pa.array(known)), y[known].astype(np.int64) if bundle.classes else y[known]


def _targets(classes: Sequence[str], target: str, cells: pa.ChunkedArray) -> np.ndarray:
    """Return values, or class codes, of cells that may be texts, numbers or truths; nan where there is none."""
    if not classes:
        return np.asarray(coerce(Column(target, "number"), cells).values, dtype=float)
    place = {label: float(code) for code, label in enumerate(classes)}
    labels = pd.Series(np.asarray(coerce(Column(target, "category"), cells).values, dtype=object))
    strange = sorted({str(label) for label in labels.dropna()} - set(classes))
    for kind in ("number", "boolean") if strange else ():
        values = pd.Series(np.asarray(coerce(Column(target, kind), cells).values, dtype=float))
        found = values.map(label_of, na_action="ignore")
        if set(found.dropna()) <= set(classes) and found.notna().sum() == labels.notna().sum():
            return found.map(place).to_numpy(dtype=float)
    if strange:
        raise DataError(
            f"labels of {target!r} that the bundles do not know: {', '.join(strange[:5])}; they know "
            f"{', '.join(classes)}"
        )
    return labels.map(place, na_action="ignore").to_numpy(dtype=float)


def _candidate(name: str, bundle: Bundle, classes: Sequence[str], table: pa.Table, y: np.ndarray) -> Candidate:
    scores, rows = bundle.scores(table, RowAccount()), np.arange(len(y))
    labels = None
    if classes:
        place = {label: code for code, label in enumerate(classes)}
        labels = bundle.answers(scores)["prediction"].map(place).to_numpy(dtype=np.int64)
        scores = scores[:, [bundle.classes.index(label) for label in classes]]
    task = bundle.manifest["task"]
    answers = Answers(rows, y, labels, scores, example_losses(task, y, scores))
    return Candidate(name, task, tuple(classes), {"bundle": bundle.digest}, given={NEW_ROWS: answers})


def _groups(table: pa.Table, name: str) -> np.ndarray:
    if name not in table.column_names:
        raise DataError(f"group={name!r} is no column of the table{did_you_mean(name, table.column_names)}")
    values = coerce(Column(name, "category"), table.column(name)).values
    if np.asarray(pd.isna(values)).any():
        raise DataError(f"group={name!r} is missing in {int(np.asarray(pd.isna(values)).sum()):,} rows: fill it")
    return row_keys({name: values}, len(values))
