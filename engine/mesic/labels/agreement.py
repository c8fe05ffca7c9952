"""How far labelers agree beyond chance: kappa and alpha, with intervals that draw items anew."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from mesic.evaluation.resampling import percentile_ends, plan_resampling
from mesic.labels.ratings import Ratings


@dataclass(frozen=True)
class Agreement:
    """One coefficient of agreement: 1 is agreement, 0 is what chance gives.

    Parameters
    ----------
    name
        ``"Cohen's kappa"``, ``"Fleiss' kappa"`` or ``"Krippendorff's alpha"``.
    value, low, high
        The coefficient and the ends of its interval; None where it is not defined.
    level, method, unit
        Of the interval, and what it draws anew.
    items
        That two labelers or more labelled.
    between
        The two whom it compares; empty where it compares all.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    items: int
    between: tuple[str, ...] = ()
    unit: str = "items"

    def as_dict(self) -> dict[str, Any]:
        """Return the coefficient as ``agreement.json`` holds it."""
        return asdict(self)


def alpha(ratings: Ratings, *, level: float = 0.95, seed: int = 0) -> Agreement:
    """Return Krippendorff's alpha for nominal labels: any number of labelers, labels may be missing.

    References
    ----------
    K. Krippendorff, Content Analysis, 4th edition, 2019, chapter 12.

    Examples
    --------
    >>> import pandas as pd
    >>> from mesic.labels.ratings import ratings_of
    >>> items = pd.Series(list("aabbccdd"))
    >>> who = pd.Series(["x", "y"] * 4)
    >>> found = alpha(ratings_of(items, who, pd.Series(["1", "1", "2", "2", "1", "1", "1", "2"])))
    >>> round(found.value, 3)
    0.533
    """
    votes = ratings.votes
    votes = votes[votes.sum(axis=1) > 1]
    others = votes.sum(axis=1, keepdims=True) - 1
    agree = (votes * (votes - 1) / np.maximum(others, 1)).sum(axis=1)

    def coefficient(sums: np.ndarray) -> np.ndarray:
        """Return alpha of sums over items: agreeing pairs, then labels by class."""
        agreeing, by_class = sums[..., 0], sums[..., 1:]
        total = by_class.sum(axis=-1)
        seen = 1 - agreeing / total
        chance = 1 - (by_class * (by_class - 1)).sum(axis=-1) / (total * (total - 1))
        return np.asarray(1 - seen / np.where(chance > 0, chance, np.nan))

    return _with_interval("Krippendorff's alpha", np.column_stack([agree, votes]), coefficient, level, seed)


def kappa(ratings: Ratings, *, level: float = 0.95, seed: int = 0) -> Agreement:
    """Return Cohen's kappa of two labelers, or Fleiss' kappa of more; items may have labels of some only.

    References
    ----------
    J. Cohen, A coefficient of agreement for nominal scales, 1960. J. L. Fleiss, Measuring nominal scale agreement
    among many raters, Psychological Bulletin 76, 1971.
    """
    if len(ratings.labelers) == 2:
        return cohen(ratings, 0, 1, level=level, seed=seed)
    votes = ratings.votes
    votes = votes[votes.sum(axis=1) > 1]
    count = votes.sum(axis=1)
    agree = (votes * (votes - 1)).sum(axis=1) / np.maximum(count * (count - 1), 1)

    def coefficient(sums: np.ndarray) -> np.ndarray:
        """Return kappa of sums over items: their number, their shares of agreeing pairs, labels by class."""
        items, agreeing, by_class = sums[..., 0], sums[..., 1], sums[..., 2:]
        shares = by_class / by_class.sum(axis=-1, keepdims=True)
        chance = (shares**2).sum(axis=-1)
        return np.asarray((agreeing / items - chance) / np.where(chance < 1, 1 - chance, np.nan))

    columns = np.column_stack([np.ones(len(votes)), agree, votes])
    return _with_interval("Fleiss' kappa", columns, coefficient, level, seed)


def cohen(ratings: Ratings, first: int, second: int, *, level: float = 0.95, seed: int = 0) -> Agreement:
    """Return Cohen's kappa of two labelers, by the items that both labelled."""
    k, n = len(ratings.classes), len(ratings.items)
    given = np.full((2, n), -1)
    for place, who in enumerate((first, second)):
        own = ratings.labeler == who
        given[place, ratings.item[own]] = ratings.label[own]
    both = (given >= 0).all(axis=0)
    cells = np.zeros((int(both.sum()), k * k))
    cells[np.arange(len(cells)), given[0, both] * k + given[1, both]] = 1

    def coefficient(sums: np.ndarray) -> np.ndarray:
        """Return kappa of sums over items of the cells of the table of both."""
        table = sums.reshape(*sums.shape[:-1], k, k)
        total = table.sum(axis=(-2, -1))
        seen = np.trace(table, axis1=-2, axis2=-1) / total
        chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1) / total**2
        return np.asarray((seen - chance) / np.where(chance < 1, 1 - chance, np.nan))

    between = (ratings.labelers[first], ratings.labelers[second])
    return _with_interval("Cohen's kappa", cells, coefficient, level, seed, between)


def pairs(ratings: Ratings, *, level: float = 0.95, seed: int = 0) -> list[Agreement]:
    """Return Cohen's kappa of every two labelers who share items, the lowest first."""
    found = [cohen(ratings, a, b, level=level, seed=seed) for a, b in combinations(range(len(ratings.labelers)), 2)]
    known = [one for one in found if one.value is not None]
    return sorted(known, key=lambda one: one.value or 0.0)


def _with_interval(
    name: str,
    columns: np.ndarray,
    coefficient: Callable[[np.ndarray], np.ndarray],
    level: float,
    seed: int,
    between: tuple[str, ...] = (),
) -> Agreement:
    """Return a coefficient of sums over items, with the percentiles that draw items anew."""
    value, low, high = np.nan, np.nan, np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        if len(columns):
            value = float(coefficient(columns.sum(axis=0)))
        if len(columns) > 1:
            plan = plan_resampling(len(columns), None, rng=np.random.default_rng(seed))
            low, high = percentile_ends(coefficient(plan.counts @ plan.sums(columns)), level, plan.units)
    known, bottom, top = (None if np.isnan(number) else float(number) for number in (value, low, high))
    return Agreement(name, known, bottom, top, level, "percentile bootstrap of items", len(columns), between)
