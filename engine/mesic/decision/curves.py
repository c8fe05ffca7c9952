"""Precision, recall and false alarms at every threshold, with bands."""

from typing import Any

import numpy as np

from mesic.evaluation.resampling import Resampling, percentile_ends, plan_resampling

MOST_POINTS = 60


def curves_of(
    y: np.ndarray,
    p: np.ndarray,
    *,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    rng: np.random.Generator,
    marked: float | None = None,
    unit: str = "groups",
) -> dict[str, Any] | None:
    """Return points of the precision-recall and ROC curves, each with its interval; None where one class has no rows.

    Parameters
    ----------
    y
        Class codes 0 and 1, shape (n,).
    p
        Probability of class 1, shape (n,).
    weight, groups
        Shape (n,), or None.
    level, rng
        Of the intervals, pointwise; for resampling.
    marked
        A threshold that is wanted among the points.
    unit
        What a group is, in words.

    Examples
    --------
    >>> y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9])
    >>> found = curves_of(y, p, weight=None, groups=None, level=0.95, rng=np.random.default_rng(0))
    >>> [(point["threshold"], point["recall"]["value"]) for point in found["points"]]
    [(0.9, 0.5), (0.6, 0.5), (0.4, 1.0), (0.1, 1.0)]
    """
    mass = np.ones(len(y)) if weight is None else weight
    if not (mass[y == 1].sum() > 0 and mass[y == 0].sum() > 0):
        return None
    edges = _edges(p, marked)
    plan = plan_resampling(len(y), groups, rng=rng, unit=unit)
    sums = _sums(plan, edges.size, np.searchsorted(edges, p, side="right") - 1, y, mass)
    units = plan.effective(weight)
    drawn = _rates((plan.counts @ sums.reshape(plan.units, -1)).reshape(-1, *sums.shape[1:]))
    seen = _rates(sums.sum(axis=0))
    points = [
        {"threshold": float(edge)}
        | {name: _ends(seen[name][place], drawn[name][:, place], level, units) for name in seen}
        for place, edge in enumerate(edges)
    ]
    facts = {"level": level, "method": "percentile bootstrap, pointwise", "unit": plan.unit, "n": len(y)}
    return {**facts, "base_rate": float(mass[y == 1].sum() / mass.sum()), "points": points[::-1]}


def _edges(p: np.ndarray, marked: float | None) -> np.ndarray:
    """Return thresholds at about as many rows each, ascending; the lowest answers every row positive."""
    found = np.unique(p)
    if found.size > MOST_POINTS:
        found = np.unique(np.quantile(p, np.linspace(0, 1, MOST_POINTS), method="lower"))
    if marked is not None and marked > found[0]:
        found = np.unique(np.r_[found, marked])
    return found


def _sums(plan: Resampling, bins: int, place: np.ndarray, y: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """Return the weight of each class from each edge on, by unit, shape (units, 2, bins)."""
    cell = (plan.unit_of_row * 2 + y) * bins + place
    table = np.bincount(cell, mass, minlength=plan.units * 2 * bins).reshape(plan.units, 2, bins)
    return np.asarray(table[..., ::-1].cumsum(axis=-1)[..., ::-1])


def _rates(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return rates at each edge from the weight of negative and positive rows, shape (..., 2, bins)."""
    wrong, right = sums[..., 0, :], sums[..., 1, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "precision": right / (right + wrong),
            "recall": right / right[..., :1],
            "false_alarms": wrong / wrong[..., :1],
        }


def _ends(value: float, drawn: np.ndarray, level: float, units: float) -> dict[str, float | None]:
    low, high = percentile_ends(drawn, level, units)
    known = [float(end) if np.isfinite(end) else None for end in (value, low, high)]
    return dict(zip(("value", "low", "high"), known, strict=True))
