"""What a test part can show: how far its best score flatters, and which difference it is large enough to see."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from mesic.evaluation.comparison import paired_difference
from mesic.evaluation.resampling import coded
from mesic.findings import Finding

POWER = 0.8
FEWEST = 2.0
BEST_OF = "the best of so many scores is taken: standard error times the root of 2 ln answers"
AFTER_LOOKING = "each answer depended on the scores before it: standard error times the root of 2 ln 2 answers"


def optimism_bound(score: Mapping[str, Any], answers: int) -> dict[str, Any]:
    """Return by how much the best of several scores on the same rows is too good at most, in expectation.

    Parameters
    ----------
    score
        Of the primary metric, with its interval.
    answers
        How many different sets of predictions were scored on these rows, from 1.

    Returns
    -------
    dict
        ``bound``, in units of the metric, where the predictions did not depend on earlier scores, and
        ``after_looking``, where each did; None where the score has no interval.

    References
    ----------
    D. Russo, J. Zou, Controlling bias in adaptive data analysis using information theory, AISTATS 2016: the bias of a
    sub-Gaussian estimate that was selected is at most its deviation times the root of twice the information that was
    used, ln k for one of k, ln 2 an answer where a look tells better or worse.

    Examples
    --------
    >>> score = {"metric": "roc_auc", "low": 0.8004, "high": 0.8396, "level": 0.95}
    >>> found = optimism_bound(score, 3)
    >>> round(found["bound"], 4), round(found["after_looking"], 4), optimism_bound(score, 1)["bound"]
    (0.0148, 0.0204, 0.0)
    """
    error = standard_error(score)
    once = {"metric": score.get("metric"), "answers": answers, "method": BEST_OF, "method_after_looking": AFTER_LOOKING}
    if error is None:
        return {**once, "bound": None, "after_looking": None}
    looks = answers if answers > 1 else 0
    return {
        **once,
        "bound": error * math.sqrt(2 * math.log(answers)),
        "after_looking": error * math.sqrt(2 * math.log(2) * looks),
    }


def standard_error(score: Mapping[str, Any]) -> float | None:
    """Return the standard error that an interval stands for; None where there is none."""
    low, high = score.get("low"), score.get("high")
    if low is None or high is None:
        return None
    return float(high - low) / 2 / NormalDist().inv_cdf((1 + float(score.get("level") or 0.95)) / 2)


def uses_allowed(level: float) -> int:
    """Return how many answers may be scored on one test part before the bound passes half the interval's width.

    Examples
    --------
    >>> uses_allowed(0.95), uses_allowed(0.5)
    (6, 1)
    """
    return max(1, math.floor(math.exp(NormalDist().inv_cdf((1 + level) / 2) ** 2 / 2)))


def size_of(weight: np.ndarray | None, groups: np.ndarray | None, rows: int) -> float:
    """Return as how many independent units of equal weight rows count (Kish, Survey Sampling, 1965, section 11.2).

    Examples
    --------
    >>> size_of(None, np.array([1, 1, 2, 2]), 4), size_of(np.array([1.0, 1.0, 0.0]), None, 3)
    (2.0, 2.0)
    """
    sums = np.ones(rows) if weight is None else np.asarray(weight, dtype=float)
    if groups is not None:
        unit = coded(groups)
        each = np.bincount(unit, sums)
        sums = np.ones(each.size) if weight is None else each
    total = float((sums**2).sum())
    return float(sums.sum() ** 2 / total) if total > 0 else 0.0


def adequacy(
    model: np.ndarray,
    baseline: np.ndarray,
    size: float,
    *,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    difference: float | None,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return how sure a test part is to show that a model saves some of a baseline's loss; no test row is looked at.

    The spread of the paired differences comes from rows that are no test rows, and shrinks with the root of the number
    of units; the power is that of the two-sided t test, by the non-central t distribution.

    Parameters
    ----------
    model, baseline
        Out-of-fold losses of the same rows, shape (n,).
    size
        As how many independent units the test part counts; see :func:`size_of`.
    weight, groups
        Of the out-of-fold rows, shape (n,), or None.
    level
        One less the error of the first kind.
    difference
        The share of the baseline's loss that must be shown to be saved, from 0; None: only what can be shown is told.
    rng
        Deals rows into blocks.

    Returns
    -------
    dict
        ``power`` for ``difference``, and ``needed`` units for a power of 0.8; ``detectable``, the share that these
        units show with a power of 0.8. None where the losses leave it open.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> baseline = rng.exponential(size=2000)
    >>> model = baseline * rng.uniform(0.5, 1.3, 2000)
    >>> found = adequacy(
    ...     model, baseline, 500, weight=None, groups=None, level=0.95, difference=0.05, rng=rng
    ... )
    >>> round(found["power"], 2), round(found["detectable"], 3), round(found["needed"])
    (0.93, 0.041, 334)
    """
    known = paired_difference(baseline, model, weight=weight, groups=groups, rng=rng, level=0.95)
    loss = float(np.average(baseline, weights=weight))
    mine = size_of(weight, groups, len(model))
    unit = "groups" if groups is not None else "rows"
    facts = {"difference": difference, "level": level, "unit": unit, "units": size, "by": "out-of-fold losses"}
    if known["low"] is None or known["high"] is None or not loss > 0 or min(size, mine) < FEWEST:
        return facts | {"power": None, "detectable": None, "needed": None}
    error = float(_error_of(known["low"], known["high"], mine) / loss * math.sqrt(mine / size))
    detectable = _detectable(error, size, level)
    if difference is None:
        return facts | {"power": None, "detectable": detectable, "needed": None}
    needed = size * (detectable / difference) ** 2
    return facts | {"power": power(difference, error, size, level), "detectable": detectable, "needed": needed}


def _error_of(low: float, high: float, size: float) -> float:
    """Return the standard error behind a paired t interval at level 0.95."""
    from mesic.evaluation.resampling import MOST_UNITS

    return (high - low) / 2 / _quantile(0.95, min(size, MOST_UNITS))


def _quantile(level: float, size: float) -> float:
    from scipy import special

    return -float(special.stdtrit(max(size, 2.0) - 1, (1 - level) / 2))


def power(difference: float, error: float, size: float, level: float) -> float:
    """Return the chance that a two-sided t test shows a difference of this sign.

    Parameters
    ----------
    difference, error
        The true difference and the standard error of its estimate, in one unit.
    size
        Units, from 2.
    level
        One less the error of the first kind.

    Examples
    --------
    >>> round(power(2.8, 1.0, 1e6, 0.95), 3)
    0.8
    """
    from scipy import special

    if error <= 0:
        return 1.0 if difference > 0 else 0.0
    return 1 - float(special.nctdtr(size - 1, difference / error, _quantile(level, size)))


def _detectable(error: float, size: float, level: float) -> float:
    return error * (_quantile(level, size) + NormalDist().inv_cdf(POWER))


def adequacy_findings(facts: Mapping[str, Any], against: str) -> list[Finding]:
    """Say so where the test part is too small to show ``policy.min_difference``."""
    found = facts.get("power")
    if found is None or found >= POWER:
        return []
    units, needed = facts["units"], math.ceil(facts["needed"])
    message = (
        f"the test part is too small: that the model saves {facts['difference']:.2g} of the loss of {against!r}, as "
        f"policy.min_difference asks, its {units:,.0f} {facts['unit']} show with a chance of {found:.0%}; "
        f"a chance of {POWER:.0%} takes {needed:,} {facts['unit']}"
    )
    fix = "more rows, or a larger splitter.test_share"
    return [Finding("TEST-TOO-SMALL", "warning", message, dict(facts), fix)]
