"""Do probabilities mean what they say, before and after a calibrator."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mesic.evaluation.comparison import paired_difference
from mesic.evaluation.intervals import score_all
from mesic.evaluation.losses import example_losses
from mesic.evaluation.metrics import Metric
from mesic.evaluation.paired import paired_scores

BINS = 10


def reliability(
    y: np.ndarray, p: np.ndarray, weight: np.ndarray | None, groups: np.ndarray | None, level: float
) -> list[dict[str, float]]:
    """Return bins of about as many rows: what was stated, how often it came, its Wilson interval, how many rows.

    Of two classes about the second, of more about the most probable one. Where rows hang together, or count
    differently, they count as fewer.

    Examples
    --------
    >>> p = np.repeat([0.2, 0.8], 50)
    >>> bins = reliability(np.tile([0, 1], 50), np.column_stack([1 - p, p]), None, None, 0.95)
    >>> len(bins), bins[0]["predicted"], bins[0]["observed"], bins[0]["n"]
    (10, 0.2, 0.5, 10)
    """
    stated = p[:, 1] if p.shape[1] == 2 else p.max(axis=1)
    came = (y == 1 if p.shape[1] == 2 else y == p.argmax(axis=1)).astype(np.float64)
    weight = np.ones(len(y)) if weight is None else weight
    parts = np.array_split(np.argsort(stated, kind="stable"), min(BINS, len(y)))
    return [_bin(stated, came, weight, groups, part, level) for part in parts if weight[part].sum() > 0]


def _bin(
    stated: np.ndarray,
    came: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray | None,
    part: np.ndarray,
    level: float,
) -> dict[str, float]:
    own = weight[part]
    masses = own if groups is None else np.bincount(np.unique(groups[part], return_inverse=True)[1], own)
    share, size = float(np.average(came[part], weights=own)), own.sum() ** 2 / (masses**2).sum()
    low, high = wilson(share, size, level)
    stated_mean = float(np.average(stated[part], weights=own))
    return {"predicted": stated_mean, "observed": share, "low": low, "high": high, "n": int(part.size)}


def wilson(share: float, n: float, level: float) -> tuple[float, float]:
    """Return the Wilson interval of a share among n rows (E. B. Wilson, JASA 22, 1927).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(0.9, 100, 0.95)]
    [0.826, 0.945]
    """
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def change_of(  # noqa: PLR0913 - all but the first four are named
    metrics: Mapping[str, Metric],
    y: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    *,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    rng: np.random.Generator,
    unit: str = "groups",
) -> dict[str, Any]:
    """Return scores before and after, and by how much each changed, on the same rows.

    Parameters
    ----------
    metrics
        By name: such as are means of moments.
    y
        Class codes, shape (n,).
    before, after
        Probabilities, shape (n, k).
    weight, groups
        Shape (n,), or None.
    level, rng
        Of intervals; for resampling.
    unit
        What a group is, in words.
    """
    about: dict[str, Any] = {"weight": weight, "groups": groups, "level": level}
    told: dict[str, Any] = {"weight": weight, "level": level, "groups" if unit == "groups" else "blocks": groups}
    seed = int(rng.integers(2**63))
    found: dict[str, Any] = {"change": {}}
    for name, p in (("before", before), ("after", after)):
        scores = score_all(list(metrics.values()), y, p, rng=np.random.default_rng(seed), **told)
        found[name] = [score.as_dict() for score in scores]
    for name, metric in metrics.items():
        found["change"][name] = dict(
            paired_scores(metric, y, after, before, **about, unit=unit, rng=np.random.default_rng(seed))
        )
    losses = [example_losses("binary", y, p) for p in (before, after)]
    found["loss"] = dict(paired_difference(losses[1], losses[0], **about, unit=unit, rng=np.random.default_rng(seed)))
    found["bins"] = {
        name: reliability(y, p, weight, groups, level) for name, p in (("before", before), ("after", after))
    }
    return found
