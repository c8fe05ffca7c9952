"""Correlations of rank scores, as sums that can be added up, with the variance that each estimate has."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import special

MOST_ROWS = 20_000


@dataclass(frozen=True)
class RankMoments:
    """Sums over rows of products of rank scores z, a row and a column a numeric column.

    ``sum`` holds z, ``products`` z_i z_j, ``squares`` z_i^2 z_j^2, ``cubes`` z_i^3 z_j.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("sum", "products", "squares", "cubes")

    names: tuple[str, ...]
    rows: int
    sum: np.ndarray
    products: np.ndarray
    squares: np.ndarray
    cubes: np.ndarray

    def __add__(self, other: "RankMoments") -> "RankMoments":
        added = {kind: getattr(self, kind) + getattr(other, kind) for kind in self.KINDS}
        return RankMoments(self.names, self.rows + other.rows, **added)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the sums by kind, each with a row a column."""
        return {kind: np.atleast_2d(getattr(self, kind).T).T for kind in self.KINDS}

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> "RankMoments":
        """Return the moments that a profile's table holds."""
        sums = {kind: np.array([row[kind] for row in rows], dtype=np.float64) for kind in cls.KINDS}
        sums["sum"] = sums["sum"].reshape(-1)
        shape = (len(rows), len(rows))
        squares = {kind: sums[kind].reshape(shape) for kind in cls.KINDS[1:]}
        count = rows[0]["ranked_rows"] if rows else 0
        return cls(tuple(row["column"] for row in rows), count, sums["sum"], **squares)

    def correlations(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the correlation of every pair and its sampling variance, both of shape (k, k).

        The variance is that of any joint distribution with these fourth moments, so that pairs which are dependent
        without being correlated raise no alarm.

        References
        ----------
        A. DasGupta: Asymptotic Theory of Statistics and Probability, 2008, section 3.4 (delta method for the
        correlation).
        """
        mean = self.sum / self.rows
        spread = np.sqrt(np.maximum(np.diag(self.products) / self.rows - mean**2, 1e-12))
        scale = np.outer(spread, spread)
        r = np.clip((self.products / self.rows - np.outer(mean, mean)) / scale, -1, 1)
        both = self.squares / self.rows / scale**2
        fourth = np.diag(both)
        cubes = self.cubes / self.rows / (spread[:, None] ** 3 * spread[None, :])
        variance = r**2 / 4 * (fourth[:, None] + fourth[None, :] + 2 * both) + both - r * (cubes + cubes.T)
        return r, np.maximum(variance, 1e-12) / self.rows


def rank_scores(counts: np.ndarray) -> np.ndarray:
    """Return the normal score of each bin of a reference, by its middle rank, and 0 for missing values.

    Examples
    --------
    >>> rank_scores(np.array([1, 1])).round(3).tolist()
    [-0.674, 0.674, 0.0]
    """
    upper = counts.cumsum() / max(counts.sum(), 1)
    middle = upper - counts / max(counts.sum(), 1) / 2
    return np.append(special.ndtri(np.clip(middle, 1e-4, 1 - 1e-4)), 0.0)


def rank_moments(
    X: pd.DataFrame, bins: Mapping[str, tuple[np.ndarray, np.ndarray]], pool: ThreadPoolExecutor
) -> RankMoments:
    """Return the moments of rows, every k-th of them where they are more than 20,000.

    Parameters
    ----------
    X
        The rows.
    bins
        Edges and scores by column.
    pool
        Works out columns side by side.
    """
    step = max(1, len(X) // MOST_ROWS)
    names = list(bins)

    def scored(name: str) -> np.ndarray:
        edges, scores = bins[name]
        values = X[name].to_numpy(dtype=np.float64)[::step]
        place = np.searchsorted(edges, values, side="left")
        place[np.isnan(values)] = scores.size - 1
        return scores[place]

    rows = len(range(0, len(X), step))
    Z = np.stack(list(pool.map(scored, names)), axis=1) if names else np.zeros((rows, 0))
    squares = Z * Z
    return RankMoments(tuple(names), rows, Z.sum(axis=0), Z.T @ Z, squares.T @ squares, (squares * Z).T @ Z)
