"""What a sampler returns: which training rows the learner sees, and how much each counts."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Sample:
    """Some rows of a training view.

    Parameters
    ----------
    index
        Row numbers in ascending order, int64 of shape (m,); a row may occur more than once.
    weight
        How many rows each stands for, finite and not negative, float64 of shape (m,).

    Raises
    ------
    ValueError
        The two differ in length, no row is left, rows are not in order, or a weight cannot work.

    Examples
    --------
    >>> sample = Sample(np.array([0, 2, 5]), np.full(3, 2.0))
    >>> len(sample), sample.weight.sum()
    (3, np.float64(6.0))
    """

    index: np.ndarray
    weight: np.ndarray

    def __post_init__(self) -> None:
        index, weight = np.asarray(self.index, dtype=np.int64), np.asarray(self.weight, dtype=np.float64)
        if index.ndim != 1 or index.shape != weight.shape:
            raise ValueError(f"index has shape {index.shape}, weight {weight.shape}: give one weight a row number")
        if index.size == 0:
            raise ValueError("a sample has no row: give at least one")
        if index[0] < 0 or (np.diff(index) < 0).any():
            raise ValueError("row numbers of a sample must ascend from 0 at least: sort them")
        if not np.isfinite(weight).all() or (weight < 0).any():
            raise ValueError("weights of a sample must be finite and not negative")
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "weight", weight)

    def __len__(self) -> int:
        return self.index.size


class Sampler(Protocol):
    """Chooses training rows; evaluation rows are never sampled."""

    def sample(self, X: pd.DataFrame, y: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator) -> Sample:
        """Return the rows to learn from, with their weights."""
        ...
