"""What components see of the data: typed columns of some rows, and no way to the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd


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
    """

    X: pd.DataFrame
    y: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    cost_us: Mapping[str, float] = field(default_factory=dict)
    copies: np.ndarray | None = None

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

    def __len__(self) -> int:
        return len(self.y)

    def view(self, rows: np.ndarray) -> TrainingView:
        """Return the rows of these numbers; category levels that do not occur in them are gone."""
        X = self.X.iloc[rows]
        unused = {str(name): X[name].cat.remove_unused_categories() for name in X if X[name].dtype == "category"}
        parts = {name: _taken(getattr(self, name), rows) for name in ("weight", "groups", "time")}
        X = X.assign(**unused) if unused else X
        return TrainingView(X, self.y[rows], **parts, kinds=self.kinds, cost_us=self.cost_us)

    def without_texts(self) -> "Dataset":
        """Return the dataset without free text, which only transformers can read."""
        texts = [name for name in self.X if self.kinds.get(str(name)) == "text"]
        if not texts:
            return self
        others = None if self.unlabelled is None else self.unlabelled.drop(columns=texts)
        return replace(self, X=self.X.drop(columns=texts), unlabelled=others)


def _taken(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def frame_of(columns: Mapping[str, Any], rows: int) -> pd.DataFrame:
    """Return typed columns as a data frame of `rows` rows."""
    return pd.DataFrame(dict(columns), index=pd.RangeIndex(rows), copy=False)
