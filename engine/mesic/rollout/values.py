"""What each arm is worth, read from the log of assignments that were made by what had come before."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEAST_ROWS = 2
ROUNDING = 1e-6
Interval = Callable[[float, float, float], tuple[float, float]]


@dataclass(frozen=True)
class Log:
    """Assignments in the order in which they were made.

    Parameters
    ----------
    arm
        Place of the arm, shape (n,).
    names
        Names of the arms, by place.
    reward
        From 0 to 1, or NaN where it never came, shape (n,).
    propensity
        Probability with which the arm was assigned, above 0, shape (n,).
    unit
        Number of the unit, shape (n,): rows of one unit count as one in the width of an interval.
    spans
        First row of each arm's time, and the row after its last one.
    """

    arm: np.ndarray
    names: tuple[str, ...]
    reward: np.ndarray
    propensity: np.ndarray
    unit: np.ndarray
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, in rewards from 0 to 1; NaN where it cannot be told.

    Parameters
    ----------
    value
        The estimate.
    low, high
        Ends of its interval.
    error
        Its standard error.
    """

    value: float
    low: float
    high: float
    error: float

    def as_dict(self, low: float = 0.0, high: float = 1.0) -> dict[str, float]:
        """Return it in rewards of a range."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {name: low + end * (high - low) for name, end in ends.items()}


@dataclass(frozen=True)
class ArmValue:
    """What the log says of one arm.

    Parameters
    ----------
    name
        Of the arm.
    rows, rewarded
        Assignments, and those of which the reward is known.
    weighted
        Adaptively weighted, doubly robust estimate: the one to go by.
    normalised, inverse
        Self-normalised and plain inverse propensity.
    """

    name: str
    rows: int
    rewarded: int
    weighted: Estimate
    normalised: Estimate
    inverse: Estimate


def arm_values(log: Log, *, level: float = 0.95) -> tuple[ArmValue, ...]:
    """Return what each arm is worth.

    Rows that were assigned by what had come before are no random sample: the mean of an arm's own rows is biased, and
    its usual interval too narrow. Here each row is scored by the inverse of its propensity around the arm's mean
    before it, and weighted by the root of the arm's share as the rows before it tell: both are known before the row, so
    that the scores are a martingale, and their spread hardly depends on the shares any more.
    Such a ratio is not quite unbiased, but little against its error. That is the larger of what the scores show and of
    what the spread of the arm's rewards makes of the shares, for a few rare rows may hold most of it and not have come.
    The interval is made on the logit scale. It holds where the arms do not change; where they do, times in which an arm
    was assigned more count for more.

    Parameters
    ----------
    log
        The assignments.
    level
        Of every interval.

    References
    ----------
    V. Hadad et al., Confidence Intervals for Policy Evaluation in Adaptive Experiments, PNAS 118, 2021; A. Swaminathan
    and T. Joachims, The Self-Normalized Estimator for Counterfactual Learning, NIPS 2015.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> arm = rng.integers(0, 2, 4000)
    >>> reward = (rng.random(4000) < np.array([0.2, 0.4])[arm]).astype(float)
    >>> log = Log(arm, ("old", "new"), reward, np.full(4000, 0.5), np.arange(4000), ((0, 4000), (0, 4000)))
    >>> [round(one.weighted.value, 2) for one in arm_values(log)]
    [0.2, 0.4]
    """
    shares = shares_before(log.arm, log.propensity, len(log.names))
    return tuple(_arm_value(log, place, shares[:, place], level=level) for place in range(len(log.names)))


def shares_before(arm: np.ndarray, propensity: np.ndarray, arms: int) -> np.ndarray:
    """Return what the rows before each row tell of the share of every arm, shape (n, arms); even before the first.

    A row tells the share of its own arm. What was seen since some share changed is known; the rest of 1 is divided
    among the other arms as it was before.

    Examples
    --------
    >>> shares_before(np.array([0, 1, 0]), np.array([0.6, 0.3, 0.6]), 3).round(2).tolist()
    [[0.33, 0.33, 0.33], [0.6, 0.2, 0.2], [0.6, 0.3, 0.1]]
    """
    shares, known = [1 / arms] * arms, set[int]()
    changes, rows = [shares], [0]
    for row, (place, share) in enumerate(zip(arm.tolist(), propensity.tolist(), strict=True)):
        if place in known and shares[place] == share:
            continue
        is_changed = place in known or share + sum(shares[one] for one in known) > 1 + ROUNDING
        known = {place} if is_changed else known | {place}
        shares = _completed(shares, known, place, share)
        changes.append(shares)
        rows.append(row + 1)
    lengths = np.diff([*rows, len(arm)])
    return np.repeat(np.array(changes), np.maximum(lengths, 0), axis=0)[: len(arm)]


def _completed(shares: list[float], known: set[int], place: int, share: float) -> list[float]:
    """Return shares with a new one; those that are not known get what is left, in proportion."""
    fresh = [*shares[:place], share, *shares[place + 1 :]]
    others = [one for one in range(len(fresh)) if one not in known]
    left = max(1 - sum(fresh[one] for one in known), ROUNDING)
    whole = sum(fresh[one] for one in others)
    for one in others:
        fresh[one] = fresh[one] / whole * left
    return fresh


def _arm_value(log: Log, place: int, shares: np.ndarray, *, level: float) -> ArmValue:
    """Value an arm from the row after its first one on: before it nothing says that the arm was there at all."""
    start, end = log.spans[place]
    own = start + np.flatnonzero(log.arm[start:end] == place)
    known = own[~np.isnan(log.reward[own])]
    body = np.arange(own[0] + 1 if own.size else end, end)
    rewards = np.where(log.arm == place, log.reward, np.nan)[body]
    is_known = ~np.isnan(rewards)
    if is_known.sum() < LEAST_ROWS:
        nothing = Estimate(math.nan, math.nan, math.nan, math.nan)
        return ArmValue(log.names[place], own.size, known.size, nothing, nothing, nothing)
    came = is_known.sum() / (own.size - 1)
    inverse = np.where(is_known, 1 / (log.propensity[body] * came), 0.0)
    reward = np.where(is_known, rewards, 0.0)
    before = _means_before(is_known, reward, log.reward[own[0]])
    weight = np.sqrt(shares[body])
    unit = np.unique(log.unit[body], return_inverse=True)[1]
    score = before + inverse * (reward - before)
    value = (weight * score).sum() / weight.sum()
    spread = body.size * rewards[is_known].var() / came + ((1 - weight**2) * (before - value) ** 2).sum()
    expected = float(np.sqrt(spread) / weight.sum())
    return ArmValue(
        log.names[place],
        own.size,
        known.size,
        _at_least(_ratio(weight * score, weight, unit, level), expected, level),
        _ratio(inverse * reward, inverse, unit, level),
        _ratio(inverse * reward, np.ones(body.size), unit, level, interval=_plain_interval),
    )


def _means_before(is_known: np.ndarray, reward: np.ndarray, first: float) -> np.ndarray:
    """Return the arm's mean before each row, of its first reward and of half a reward of one half as well."""
    rows, total = np.cumsum(is_known) - is_known, np.cumsum(reward) - reward
    known, sum_of_first = (0.0, 0.0) if math.isnan(first) else (1.0, first)
    means: np.ndarray = (total + sum_of_first + 0.25) / (rows + known + 0.5)
    return means


def _plain_interval(value: float, error: float, level: float) -> tuple[float, float]:
    from scipy.special import ndtri

    half = float(ndtri((1 + level) / 2)) * error
    return value - half, value + half


def _logit_interval(value: float, error: float, level: float) -> tuple[float, float]:
    from scipy.special import expit, logit, ndtri

    inside = min(max(value, 1e-9), 1 - 1e-9)
    half = float(ndtri((1 + level) / 2)) * error / (inside * (1 - inside))
    middle = float(logit(inside))
    return float(expit(middle - half)), float(expit(middle + half))


def _ratio(
    numerator: np.ndarray,
    denominator: np.ndarray,
    unit: np.ndarray,
    level: float,
    *,
    interval: Interval = _logit_interval,
) -> Estimate:
    """Return a ratio of sums over rows, with the interval that its spread over units gives."""
    whole = denominator.sum()
    value = float(numerator.sum() / whole)
    residual = np.bincount(unit, weights=numerator - value * denominator)
    error = float(np.sqrt((residual**2).sum()) / whole)
    return Estimate(value, *interval(value, error, level), error)


def _at_least(estimate: Estimate, error: float, level: float) -> Estimate:
    """Return the estimate with an error that is no smaller than the one that is expected of it."""
    if estimate.error >= error:
        return estimate
    return Estimate(estimate.value, *_logit_interval(estimate.value, error, level), error)


def difference(one: Estimate, other: Estimate, *, span: float = 1.0, level: float = 0.95) -> dict[str, float]:
    """Return what one arm is worth more than another, with its interval, where rewards span as much.

    The scores of two arms are uncorrelated given what came before, so that variances add up.
    """
    value = one.value - other.value
    low, high = _plain_interval(value, math.hypot(one.error, other.error), level)
    return {"value": value * span, "low": low * span, "high": high * span}
