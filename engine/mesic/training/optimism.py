"""By how much the best of many trials looks better than it is: its luck on these very rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesic.evaluation.resampling import percentile_ends, plan_resampling

REPLICATES = 500
FEWEST_TRIALS = 2
METHOD = "bootstrap of the choice"


@dataclass(frozen=True)
class Optimism:
    """What the best trial's out-of-fold loss leaves out.

    Parameters
    ----------
    value
        How much more it loses on rows that did not choose it.
    low, high
        Of what it loses there: ends of the interval.
    expected
        What it loses there.
    level
        Of the interval.
    method, unit
        How it was had, and what was drawn.
    """

    value: float
    expected: float
    low: float
    high: float
    level: float
    method: str
    unit: str


def optimism_of_best(
    losses: Sequence[np.ndarray],
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Optimism | None:
    """Return how optimistic the best trial's loss is; None where there is but one trial, or one row that counts.

    Rows are drawn with replacement; the trial with the least loss on those that were drawn is asked about those that
    were not. No model is fitted again.

    Parameters
    ----------
    losses
        Out-of-fold losses a row of each trial, shape (m,), of the same rows.
    weight, groups
        Of the rows, shape (m,), or None; rows of one group are drawn together.
    level
        Of the interval, in (0, 1).
    rng
        Decides what is drawn.

    References
    ----------
    I. Tsamardinos, E. Greasidou, G. Borboudakis, Bootstrapping the out-of-sample predictions for efficient and accurate
    cross-validation, Machine Learning 107, 2018.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> guesses = [rng.exponential(size=200) for _ in range(30)]   # none is better than another: 1 on average
    >>> found = optimism_of_best(guesses, rng=rng)
    >>> round(float(min(guess.mean() for guess in guesses)), 2), round(found.expected, 2)
    (0.89, 1.02)
    """
    if len(losses) < FEWEST_TRIALS:
        return None
    plan = plan_resampling(len(losses[0]), groups, rng=rng, replicates=REPLICATES)
    sums = np.stack([plan.sums(each[:, np.newaxis], weight)[:, 0] for each in losses], axis=1)
    share = plan.sums(np.ones((len(losses[0]), 1)), weight)[:, 0]
    drawn, rest = plan.counts, plan.counts == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = drawn @ sums / (drawn @ share)[:, np.newaxis]
        outside = rest @ sums / (rest @ share)[:, np.newaxis]
    picked = outside[np.arange(len(inside)), np.argmin(np.nan_to_num(inside, nan=np.inf), axis=1)]
    picked = np.where(np.isnan(inside).all(axis=1), np.nan, picked)
    if np.isnan(picked).all():  # one unit has all the weight
        return None
    expected = float(np.nanmean(picked))
    best = float((sums.sum(axis=0) / share.sum()).min())
    low, high = percentile_ends(picked, level)
    return Optimism(expected - best, expected, low, high, level, METHOD, plan.unit)
