"""Nested parts of training rows: each size holds the smaller ones; groups stay whole, times in order."""

from dataclasses import dataclass

import numpy as np

from mesic.data.view import Dataset

SHARES = tuple(2.0 ** (-step / 2) for step in range(10, -1, -1))
FEWEST_ROWS = 32
FEWEST_OF_CLASS = 4

Folds = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True)
class Nested:
    """An order of a dataset's rows, of which the first ones are learned from.

    Parameters
    ----------
    place
        Of each row in the order, shape (n,); rows of a group share theirs.
    """

    place: np.ndarray

    @classmethod
    def drawn(cls, dataset: Dataset, rng: np.random.Generator, *, by_time: bool) -> "Nested":
        """Draw an order: groups whole, classes in their shares; by time the latest rows come first."""
        if by_time and dataset.time is not None:
            return cls(-dataset.time)
        if dataset.groups is not None:
            unit = np.unique(dataset.groups, return_inverse=True)[1]
            return cls(rng.permutation(unit.max() + 1)[unit].astype(float))
        if not dataset.classes:
            return cls(rng.permutation(len(dataset)).astype(float))
        place = np.empty(len(dataset))
        for code in np.unique(dataset.y):
            own = np.flatnonzero(dataset.y == code)
            place[own] = (rng.permutation(own.size) + rng.random()) / own.size
        return cls(place)

    def folds(self, folds: Folds, share: float) -> Folds:
        """Return folds that fit on a share of their fitting rows, and validate all they did."""
        return tuple((self._first(fit, share), validate) for fit, validate in folds)

    def _first(self, rows: np.ndarray, share: float) -> np.ndarray:
        """Return the first rows of the order; a group that would be cut is taken whole."""
        own = self.place[rows]
        last = np.sort(own)[max(1, round(share * rows.size)) - 1]
        return np.asarray(rows[own <= last])


def usable_shares(dataset: Dataset, folds: Folds) -> list[float]:
    """Return the shares of fitting rows that leave enough of them, and of each class, ascending."""
    fewest = min(fit.size for fit, _ in folds)
    rarest = fewest
    if dataset.classes:
        rarest = min(int(np.bincount(dataset.y[fit], minlength=len(dataset.classes)).min()) for fit, _ in folds)
    return [
        share for share in SHARES if share * fewest >= FEWEST_ROWS and (share == 1 or share * rarest >= FEWEST_OF_CLASS)
    ]
