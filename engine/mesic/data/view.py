"""What components see of the data: typed columns of some rows, and no way to the others."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from mesic.data.identity import array_digest

T = TypeVar("T")


@dataclass(frozen=True)
class TrainingView:
    """Rows for fitting; it holds copies of these rows and no handle on any other.

    Parameters
    ----------
    X
        Features, n rows: float64 columns with NaN, or ``category`` columns of text levels.
    y
        Class codes 0..k-1 (int64) or target values (float64), shape (n,).
    weight
        Row weights, shape (n,), or None.
    groups
        Group codes, shape (n,), or None.
    time
        Days since 1970 or any other order, shape (n,), or None.
    kinds
        What the schema calls each column: ``time`` (days since 1970, UTC), ``text``, ``boolean``, ...
    cost_us
        What the schema says that it takes to get a cell of a column, in microseconds; others take nothing.
    copies
        Where a sampler has drawn rows several times, which row each is a copy of, shape (n,); else None.
    identity
        Digest that says which rows of which data these are; empty where nobody has said so, and after any change.
    """

    X: pd.DataFrame
    y: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    cost_us: Mapping[str, float] = field(default_factory=dict)
    copies: np.ndarray | None = None
    identity: str = field(init=False, default="", compare=False)

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Dataset:
    """The typed rows of a run. Only the engine holds it; components get views.

    Parameters
    ----------
    X
        Features of all rows.
    y
        Class codes or values of all rows.
    task
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    classes
        Labels by code; the last of two is the positive one. Empty for regression.
    keys
        A 64-bit hash a row of everything but the target: rows that say the same have the same key.
    origin
        Each row's number in the source.
    weight, groups, time
        As of a view.
    part
        What the declared column says of each row's part, text of shape (n,), or None.
    unlabelled
        Features of rows without a target, some thousands at most; None where there are none.
    kinds, cost_us
        As of a view.
    identity
        Digest of everything above; empty where nobody has asked for it, and after any change.
    """

    X: pd.DataFrame
    y: np.ndarray
    task: str
    classes: tuple[str, ...]
    keys: np.ndarray
    origin: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    part: np.ndarray | None = None
    unlabelled: pd.DataFrame | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    cost_us: Mapping[str, float] = field(default_factory=dict)
    identity: str = field(init=False, default="", compare=False)

    def __len__(self) -> int:
        return len(self.y)

    def identified(self) -> "Dataset":
        """Return the dataset with its identity; what is replaced in it loses that again."""
        return _with_identity(replace(self), dataset_digest(self))

    def view(self, rows: np.ndarray) -> TrainingView:
        """Return the rows of these numbers; category levels that do not occur in them are gone."""
        X = self.X.iloc[rows]
        unused = {str(name): X[name].cat.remove_unused_categories() for name in X if X[name].dtype == "category"}
        parts = {name: _taken(getattr(self, name), rows) for name in ("weight", "groups", "time")}
        X = X.assign(**unused) if unused else X
        view = TrainingView(X, self.y[rows], **parts, kinds=self.kinds, cost_us=self.cost_us)
        if not self.identity:
            return view
        return _with_identity(view, hashlib.sha256(self.identity.encode() + array_digest(rows).encode()).hexdigest())

    def without_texts(self) -> "Dataset":
        """Return the dataset without free text, which only transformers can read."""
        texts = [name for name in self.X if self.kinds.get(str(name)) == "text"]
        if not texts:
            return self
        others = None if self.unlabelled is None else self.unlabelled.drop(columns=texts)
        return replace(self, X=self.X.drop(columns=texts), unlabelled=others)


def _with_identity(told: T, identity: str) -> T:
    object.__setattr__(told, "identity", identity)  # no argument, so that `replace` cannot hand it on
    return told


def dataset_digest(dataset: Dataset) -> str:
    """Return the SHA-256 of all that a dataset says; the order of rows, columns and levels counts."""
    frames = [dataset.X] if dataset.unlabelled is None else [dataset.X, dataset.unlabelled]
    named = ("y", "keys", "origin", "weight", "groups", "time", "part")
    arrays = {name: getattr(dataset, name) for name in named}
    said = [
        [dataset.task, dataset.classes, dict(dataset.kinds), dict(dataset.cost_us)],
        [[[str(name), *_column_digests(frame[name])] for name in frame] for frame in frames],
        {name: None if array is None else _values_digest(array) for name, array in arrays.items()},
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _column_digests(column: Any) -> list[str]:
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return [_values_digest(column.to_numpy())]
    return [array_digest(column.cat.codes.to_numpy()), _values_digest(np.asarray(column.cat.categories, dtype=object))]


def _values_digest(values: np.ndarray) -> str:
    if values.dtype != object:
        return array_digest(values)
    return hashlib.sha256(json.dumps([str(value) for value in values]).encode()).hexdigest()


def _taken(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def frame_of(columns: Mapping[str, Any], rows: int) -> pd.DataFrame:
    """Return typed columns as a data frame of `rows` rows."""
    return pd.DataFrame(dict(columns), index=pd.RangeIndex(rows), copy=False)
