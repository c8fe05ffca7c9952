"""The tables of a run's folder: who stood where, and what was predicted."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from mesic.data.view import Dataset
from mesic.partition.rows import Split
from mesic.runs.files import replacing
from mesic.training.examination import evidence_rows
from mesic.training.folds import OutOfFold
from mesic.training.sampling import Sample
from mesic.training.selection import Choice


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Write a Parquet file, all or nothing; equal columns give equal bytes."""
    with replacing(path) as fresh:
        parquet.write_table(pa.table(dict(columns)), fresh, compression="zstd")


def partition_columns(dataset: Dataset, split: Split) -> dict[str, Any]:
    """Return a row a row of the dataset: its number in the source, key, part, and the fold of each repeat."""
    part = np.full(len(dataset), "train", dtype=object)
    part[split.test] = "test"
    part[split.left_out] = "left_out"
    columns = {"row": dataset.origin, "key": dataset.keys, "part": pa.array(part).dictionary_encode()}
    for repeat, fold in enumerate(_folds_by_repeat(split, len(dataset)), 1):
        columns["fold" if repeat == 1 else f"fold_{repeat}"] = pa.array(fold, mask=fold < 0)
    return columns


def _folds_by_repeat(split: Split, rows: int) -> list[np.ndarray]:
    """Return the fold that validates each row, once a repeat; -1 for none."""
    repeats: list[np.ndarray] = []
    for number, (_, validate) in enumerate(split.folds):
        fold = next((fold for fold in repeats if (fold[validate] < 0).all()), None)
        if fold is None:
            fold = np.full(rows, -1, dtype=np.int32)
            repeats.append(fold)
        fold[validate] = number
    return repeats


def sample_columns(sample: Sample, origin: np.ndarray) -> dict[str, Any]:
    """Return a row a row that was drawn: how often, and how many rows it stands for; `origin` of all training rows."""
    drawn, times = np.unique(sample.index, return_counts=True)
    weight = np.bincount(sample.index, sample.weight, minlength=origin.size)[drawn]
    return {"row": origin[drawn], "times": times, "weight": weight}


def selection_columns(choices: Sequence[Choice]) -> dict[str, Any]:
    """Return a row a selector and column that it was shown: evidence, whether it was kept, why."""
    rows = [{"selector": choice.selector} | row for choice in choices for row in evidence_rows(choice)]
    types = {"statistic": pa.float64(), "threshold": pa.float64()}
    return {name: pa.array([row[name] for row in rows], types.get(name)) for name in rows[0]}


def prediction_columns(
    dataset: Dataset,
    rows: np.ndarray,
    prediction: np.ndarray,
    losses: np.ndarray,
    fold: np.ndarray | None = None,
    codes: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return a row a predicted row: target, prediction, loss; for classes a column ``p_<label>`` each.

    `codes` are the classes that are answered; without them, the most probable ones.
    """
    columns: dict[str, Any] = {"row": dataset.origin[rows], "key": dataset.keys[rows]}
    if fold is not None:
        columns["fold"] = fold
    if dataset.classes:
        labels = np.array(dataset.classes, dtype=object)
        columns["target"] = labels[dataset.y[rows]]
        columns["prediction"] = labels[prediction.argmax(axis=1) if codes is None else codes]
        columns |= {f"p_{label}": prediction[:, code] for code, label in enumerate(dataset.classes)}
    else:
        columns |= {"target": dataset.y[rows], "prediction": prediction}
    return columns | {"loss": losses}


def out_of_fold_columns(dataset: Dataset, found: OutOfFold, codes: np.ndarray | None = None) -> dict[str, Any]:
    """Return the out-of-fold predictions as a table; `codes` as of :func:`prediction_columns`."""
    return prediction_columns(dataset, found.rows, found.prediction, found.losses, found.fold, codes)
