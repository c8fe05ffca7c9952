"""Scores of predictions: every metric with its interval, and the skill against the best baseline."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesic.evaluation.intervals import score_all, skill
from mesic.evaluation.metrics import Metric
from mesic.findings import Finding


def scores_of(
    metrics: Mapping[str, Metric],
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    rng: np.random.Generator,
    **more: Any,
) -> list[dict[str, Any]]:
    """Return every metric's value with its interval, as the record stores it.

    Parameters
    ----------
    metrics
        By name; the primary one first.
    y
        Class codes or values, shape (n,).
    prediction
        Probabilities (n, k) or values (n,).
    weight, groups
        Shape (n,), or None.
    level
        Of the intervals, such as 0.95.
    rng
        For resampling.
    more
        Of :func:`score_all`: `labels`, `blocks`, `method`, `replicates`.
    """
    given = {"weight": weight, "groups": groups, "level": level, "rng": rng, **more}
    intervals = score_all(list(metrics.values()), y, prediction, **given)
    return [interval.as_dict() | {"metric": name} for name, interval in zip(metrics, intervals, strict=True)]


def skill_against(
    losses: np.ndarray,
    baselines: Mapping[str, np.ndarray],
    best: str,
    *,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    rng: np.random.Generator,
    unit: str = "groups",
) -> dict[str, Any]:
    """Return the share of the best baseline's loss that the model saves, with interval and test."""
    interval = skill(losses, baselines[best], weight=weight, groups=groups, level=level, rng=rng, unit=unit)
    return {"against": best, **interval}


def baseline_findings(skill_facts: Mapping[str, Any], losses: Mapping[str, float]) -> list[Finding]:
    """Say so when the model is not clearly better than the best baseline."""
    low, name = skill_facts.get("low"), skill_facts["against"]
    if low is not None and low > 0:
        return []
    shown = f"{skill_facts['value']:.1%}" if skill_facts.get("value") is not None else "unknown"
    span = f"{low:.1%} to {skill_facts['high']:.1%}" if low is not None else "no interval"
    message = f"the model is not clearly better than the baseline {name!r}: the skill is {shown} ({span})"
    return [
        Finding(
            "NO-BETTER-THAN-BASELINE",
            "block",
            message,
            {"skill": dict(skill_facts), "baselines": sorted(losses)},
            f"use the baseline, get more or better columns, or accept that {name!r} is all there is to learn",
        )
    ]


def bound_findings(score: Mapping[str, Any], bound: float) -> list[Finding]:
    """Say so when an error may be larger than its bound.

    Parameters
    ----------
    score
        Accuracy, or the mean absolute error, with its interval.
    bound
        The largest share of wrong answers, or the largest mean absolute error.
    """
    is_share = score["metric"] == "accuracy"
    value, low, high = score["value"], score["low"], score["high"]
    if is_share:
        value, low, high = 1 - value, None if high is None else 1 - high, None if low is None else 1 - low
    if high is not None and high <= bound:
        return []
    what = "share of wrong answers" if is_share else "mean absolute error"
    span = "no interval" if low is None or high is None else f"{low:.4g} to {high:.4g}"
    message = f"the {what} is {value:.4g} ({span}) on {score['n']:,} test rows, and policy.max_error allows {bound:g}"
    if is_share:
        needed = math.ceil(-math.log(1 - score["level"]) / bound)
        message += f"; that takes at least {needed:,} test rows without an error to show"
    evidence = {"max_error": bound, "score": dict(score)}
    return [Finding("ERROR-ABOVE-LIMIT", "block", message, evidence, "find a better model, or more test rows")]


def best_baseline(losses: Mapping[str, float]) -> str:
    """Return the baseline of the lowest out-of-fold loss; chosen without the test part."""
    return min(losses, key=lambda name: (losses[name], name))


def find_score(scores: Sequence[Mapping[str, Any]], metric: str) -> Mapping[str, Any]:
    """Return the score of one metric."""
    return next(score for score in scores if score["metric"] == metric)
