"""What a sampler returns: which training rows the learner sees, and how much each counts; and what follows from it."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mesic.data.view import TrainingView
from mesic.errors import UsageError
from mesic.evaluation.resampling import coded
from mesic.findings import Finding

MOST_SHOWN = 5


@dataclass(frozen=True)
class Sample:
    """Some rows of a training view.

    Parameters
    ----------
    index
        Row numbers in ascending order, int64 of shape (m,); a row may occur more than once.
    weight
        How many rows each stands for, finite and not negative, float64 of shape (m,).
    strata
        The stratum that each was drawn in, shape (m,), or None.
    clusters
        What was drawn as a whole, such as a group, shape (m,), or None where each row was drawn for itself.
    findings
        What the user should know of the draw.
    made
        Rows that were made and not drawn, each with its weight, or None.

    Raises
    ------
    ValueError
        The arrays differ in length, no row is left, rows are not in order, or a weight cannot work.

    Examples
    --------
    >>> sample = Sample(np.array([0, 2, 5]), np.full(3, 2.0))
    >>> len(sample), sample.weight.sum()
    (3, np.float64(6.0))
    """

    index: np.ndarray
    weight: np.ndarray
    strata: np.ndarray | None = None
    clusters: np.ndarray | None = None
    findings: tuple[Finding, ...] = ()
    made: TrainingView | None = None

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
        for name in ("strata", "clusters"):
            given = getattr(self, name)
            if given is not None and np.shape(given) != index.shape:
                raise ValueError(f"{name} has shape {np.shape(given)}: give one a row number, {index.shape}")
        if self.made is not None and self.made.weight is None:
            raise ValueError("rows that were made have no weight: give one each")
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "weight", weight)

    def __len__(self) -> int:
        return self.index.size


class Sampler(Protocol):
    """Chooses training rows; evaluation rows are never sampled."""

    def sample(self, view: TrainingView, rng: np.random.Generator) -> Sample:
        """Return the rows to learn from, with their weights."""
        ...


def is_even(sample: Sample) -> bool:
    """Return whether all rows of a sample count the same."""
    weight = all_weights(sample)
    return bool((weight == weight[0]).all())


def all_weights(sample: Sample) -> np.ndarray:
    """Return the weights of the rows that were drawn, then of those that were made."""
    made = sample.made.weight if sample.made is not None else None
    return sample.weight if made is None else np.concatenate([sample.weight, made])


def is_whole(sample: Sample, view: TrainingView) -> bool:
    """Return whether a sample is every row of a view, counting once."""
    each_once = sample.made is None and len(sample) == len(view) and bool((np.diff(sample.index) == 1).all())
    return each_once and bool((sample.weight == 1).all())


def with_made(drawn: TrainingView, made: TrainingView) -> TrainingView:
    """Return the rows that were drawn and those that were made; to which group or time these belong nobody knows."""
    assert drawn.weight is not None
    assert made.weight is not None
    X = pd.concat([drawn.X, made.X.astype(drawn.X.dtypes.to_dict())], ignore_index=True)
    return TrainingView(X, np.concatenate([drawn.y, made.y]), np.concatenate([drawn.weight, made.weight]))


def refuse_unreadable(name: str, traits: frozenset[str], X: pd.DataFrame) -> None:
    """Refuse columns that a sampler does not claim to read: it draws before any transformer.

    Raises
    ------
    UsageError
        Columns hold categories or missing values, and the sampler reads none.
    """
    unread = {
        "categories": [str(column) for column in X if X[column].dtype == "category"],
        "missing": [str(column) for column in X if X[column].isna().any()],
    }
    for trait, columns in unread.items():
        if columns and trait not in traits:
            what = {"categories": "categories", "missing": "missing values"}[trait]
            shown = ", ".join(map(repr, columns[:MOST_SHOWN])) + (", ..." if len(columns) > MOST_SHOWN else "")
            raise UsageError(f"sampler={name} reads no {what}, and {shown} have some: give another, or source.ignore")


@dataclass(frozen=True)
class Estimate:
    """What a sample says of a mean over all rows.

    Parameters
    ----------
    value
        The weighted mean.
    low, high
        Ends of its interval.
    design_effect
        Its variance, over that of a simple random sample of as many rows; None where that is zero.
    """

    value: float
    low: float
    high: float
    design_effect: float | None


def estimated_mean(sample: Sample, values: np.ndarray, level: float = 0.95) -> Estimate:
    """Return what a sample says of the mean of `values` over all rows that were drawn from.

    The variance is that of the linearised weighted mean, between what was drawn as a whole, within strata, less what
    a stratum has been drawn empty; the ends are those of Student's t.

    Parameters
    ----------
    sample
        The draw.
    values
        One a drawn row, shape (m,).
    level
        Share of such intervals that hold the truth, in (0, 1).

    References
    ----------
    C.-E. Särndal, B. Swensson, J. Wretman, Model Assisted Survey Sampling, 1992, chapters 4 and 5.

    Examples
    --------
    >>> drawn = Sample(np.arange(4), np.full(4, 5.0))
    >>> found = estimated_mean(drawn, np.array([1.0, 2.0, 3.0, 4.0]))
    >>> found.value, round(found.low, 2), round(found.high, 2)
    (2.5, 0.66, 4.34)
    """
    from scipy import special

    weight, m = sample.weight, len(sample)
    total = weight.sum()
    mean = float(weight @ values / total)
    strata = np.zeros(m, dtype=np.int64) if sample.strata is None else coded(sample.strata)
    unit = np.arange(m) if sample.clusters is None else coded(sample.clusters)
    _, unit = np.unique(np.stack([strata, unit]), axis=1, return_inverse=True)
    units = int(unit.max()) + 1
    stratum = np.zeros(units, dtype=np.int64)
    stratum[unit] = strata
    influence = np.bincount(unit, weight * (values - mean) / total, minlength=units)
    stands_for = np.bincount(unit, weight, minlength=units) / np.bincount(unit, minlength=units)
    variance, freedom = 0.0, 0
    for number in range(int(stratum.max()) + 1):
        own = influence[stratum == number]
        drawn_share = min(1.0, own.size / max(stands_for[stratum == number].sum(), own.size))
        if own.size > 1:
            variance += float((1 - drawn_share) * own.size * own.var(ddof=1))
            freedom += own.size - 1
    half = float(special.stdtrit(freedom, 0.5 + level / 2)) * math.sqrt(variance) if freedom else math.inf
    spread = float(weight @ (values - mean) ** 2 / total) * max(0.0, 1 - m / max(total, m)) / m
    return Estimate(mean, mean - half, mean + half, variance / spread if spread > 0 else None)


def sample_facts(sample: Sample, view: TrainingView, classes: tuple[str, ...], level: float) -> dict[str, Any]:
    """Return what a draw was, for the record: rows, design effect, and how it meets the target's known mean.

    Parameters
    ----------
    sample
        Of the view's rows.
    view
        All training rows.
    classes
        Labels by code; empty for regression.
    level
        Of the intervals.
    """
    made = 0 if sample.made is None else len(sample.made)
    distinct = int(np.unique(sample.index).size)
    seen = view.y[sample.index]
    if sample.made is not None:
        seen = np.concatenate([seen, sample.made.y])
        sample = Sample(np.arange(seen.size), all_weights(sample))
    drawn = {label: seen == code for code, label in enumerate(classes)} or {"mean": seen}
    columns = {label: view.y == code for code, label in enumerate(classes)} or {"mean": view.y}
    estimates = {name: estimated_mean(sample, y.astype(float), level) for name, y in drawn.items()}
    effects = [found.design_effect for found in estimates.values() if found.design_effect is not None]
    effect = max(effects, default=1.0)
    effective = len(sample) / effect if effect * len(view) > len(sample) else len(view)
    return {
        "rows": len(sample),
        "of": len(view),
        "made": made,
        "distinct": distinct,
        "design_effect": effect,
        "effective_rows": effective,
        "target": [
            {"of": name, "sample": found.value, "low": found.low, "high": found.high, "all": float(y.mean())}
            for (name, y), found in zip(columns.items(), estimates.values(), strict=True)
        ],
    }
