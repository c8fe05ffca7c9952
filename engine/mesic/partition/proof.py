"""The proof that a partition kept the law, written into the record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mesic.data.identity import array_digest
from mesic.data.view import Dataset
from mesic.errors import DataError, MesicError
from mesic.findings import Finding
from mesic.partition.rows import Rows, Split, Splitter

STRATA_OF_A_NUMBER = 10


def partition(splitter: Splitter, dataset: Dataset, *, seed: int) -> tuple[Split, dict[str, Any], list[Finding]]:
    """Apply a splitter; return the parts, the proof, and what was found.

    Raises
    ------
    MesicError
        The splitter broke a law that it promised to keep.
    DataError
        A part is empty, or the training part holds one class only.
    """
    rows = Rows(dataset.keys, strata_of(dataset), dataset.groups, dataset.time, dataset.part)
    split = splitter.split(rows, seed=seed)
    proof = prove(split, rows)
    broken = [law for law in promises_of(split) if proof[law] is False]
    if broken:
        raise MesicError(f"the splitter broke the law: not {', not '.join(broken)}; report it to its author")
    _refuse_useless(split, dataset)
    split, findings = _with_known_classes(split, dataset)
    return split, proof | {"digest": split_digest(split)}, [*findings, *_straddling(split, dataset, proof)]


def promises_of(split: Split) -> tuple[str, ...]:
    """Return the laws that a split must keep: those of all, and what it says that it was decided by."""
    of_all = ("disjoint", "covering", "folds_apart_from_test", "twins_together")
    own = {"group": ("groups_whole",), "time": ("in_time_order", "groups_whole")}
    return (*of_all, *own.get(split.by, ()))


def strata_of(dataset: Dataset) -> np.ndarray:
    """Return class codes, or the decile of a number, shape (n,)."""
    if dataset.task != "regression":
        return dataset.y
    edges = np.quantile(dataset.y, np.linspace(0, 1, STRATA_OF_A_NUMBER + 1)[1:-1])
    return np.searchsorted(edges, dataset.y, side="right").astype(np.int64)


def prove(split: Split, rows: Rows) -> dict[str, bool | None]:
    """Return each law and whether it holds; None where it does not apply.

    Examples
    --------
    >>> two = np.array([0, 1]), np.array([2, 3])
    >>> split = Split(*two, folds=((two[0][:1], two[0][1:]),), by="row content", mode="exact")
    >>> prove(split, Rows(np.arange(4, dtype=np.uint64), np.zeros(4, np.int64)))["disjoint"]
    True
    """
    pairs = [(split.train, split.test), *split.folds]
    told = np.concatenate([split.train, split.test, split.left_out])
    return {
        "disjoint": all(_apart(*pair, len(rows)) for pair in pairs),
        "covering": np.array_equal(np.sort(told), np.arange(len(rows))),
        "folds_apart_from_test": all(_apart(part, split.test, len(rows)) for fold in split.folds for part in fold),
        "groups_whole": None if rows.groups is None else _whole(rows.groups, pairs),
        "in_time_order": None if rows.time is None else _ordered(rows.time, pairs),
        "twins_together": _whole(rows.keys, pairs) if split.facts.get("twins") == "together" else None,
    }


def _mask(members: np.ndarray, size: int) -> np.ndarray:
    mask = np.zeros(size, dtype=bool)
    mask[members] = True
    return mask


def _apart(left: np.ndarray, right: np.ndarray, size: int) -> bool:
    return not _mask(left, size)[right].any()


def _whole(labels: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    distinct, codes = np.unique(labels, return_inverse=True)
    return all(_apart(codes[left], codes[right], distinct.size) for left, right in pairs)


def _ordered(time: np.ndarray, pairs: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    return all(left.size == 0 or right.size == 0 or time[left].max() <= time[right].min() for left, right in pairs)


def _straddling(split: Split, dataset: Dataset, proof: Mapping[str, Any]) -> list[Finding]:
    """Say which declaration the parts do not keep: whole groups, the order of time."""
    pairs = [(split.train, split.test), *split.folds]
    findings = []
    if proof["groups_whole"] is False and dataset.groups is not None:
        torn = np.unique(np.concatenate([np.intersect1d(*(dataset.groups[part] for part in pair)) for pair in pairs]))
        example = dataset.origin[dataset.groups == torn[0]]
        message = (
            f"rows are divided by {split.by}, and {torn.size:,} groups of source.group stand on both sides, one of "
            f"them rows {example[0]} and {example[-1]}"
        )
        evidence = {"groups": int(torn.size), "rows": example[:5].tolist()}
        findings.append(Finding("LEAK-GROUP", "block", message, evidence, "splitter=group"))
    if proof["in_time_order"] is False and dataset.time is not None:
        early, late = dataset.time[split.test].min(), dataset.time[split.train]
        share = float((late > early).mean())
        message = (
            f"rows are divided by {split.by} although source.time orders them: {share:.0%} of the training rows are "
            "later than the first test row"
        )
        findings.append(Finding("LEAK-TIME", "block", message, {"share_later": share}, "splitter=time"))
    return findings


def _refuse_useless(split: Split, dataset: Dataset) -> None:
    sizes = {"training": split.train.size, "test": split.test.size}
    for part, size in sizes.items():
        if size == 0:
            raise DataError(f"the {part} part is empty ({len(dataset)} rows): give more rows or another test_share")
    if not split.folds or any(validate.size == 0 for _, validate in split.folds):
        raise DataError(f"a fold is empty ({split.train.size} training rows): give fewer folds or more rows")
    fitted = [split.train, *(fit for fit, _ in split.folds)]
    if dataset.classes and any(np.unique(dataset.y[rows]).size < 2 for rows in fitted):
        only = dataset.classes[int(dataset.y[split.train[0]])]
        raise DataError(
            f"training rows hold one class only ({only!r}): give more rows of the others, fewer folds, "
            "or another splitter"
        )


def _with_known_classes(split: Split, dataset: Dataset) -> tuple[Split, list[Finding]]:
    """Move rows whose class no training row knows: a model cannot be asked for a class that it never saw."""
    if not dataset.classes or split.by != "row content":
        return split, _unknown_classes(split, dataset)
    strangers = split.test[~np.isin(dataset.y[split.test], dataset.y[split.train])]
    train = np.sort(np.concatenate([split.train, strangers]))
    test = np.setdiff1d(split.test, strangers)
    folds = tuple(_known_fold(fit, validate, dataset.y) for fit, validate in split.folds)
    return replace(split, train=train, test=test, folds=folds), []


def _known_fold(fit: np.ndarray, validate: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isin(y[validate], y[fit])
    return np.sort(np.concatenate([fit, validate[~known]])), validate[known]


def _unknown_classes(split: Split, dataset: Dataset) -> list[Finding]:
    if not dataset.classes:
        return []
    unknown = np.setdiff1d(dataset.y[split.test], dataset.y[split.train])
    labels = [dataset.classes[int(code)] for code in unknown]
    if not labels:
        return []
    message = f"test rows hold classes that no training row has: {', '.join(labels)}"
    return [Finding("UNKNOWN-CLASS", "warning", message, {"labels": labels}, "collect such rows for training")]


def split_digest(split: Split) -> str:
    """Return one digest of all the parts."""
    return array_digest(split.train, split.test, split.left_out, *(rows for fold in split.folds for rows in fold))
