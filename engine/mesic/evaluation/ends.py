"""From scores of resamples to the ends of an interval: percentiles, corrected ones, and studentised means."""

import math

import numpy as np

from mesic.evaluation.resampling import expanded_tail

STEEP = 0.08  # acceleration: squared errors of 100 rows have it when t5, hardly ever when normal
FEWEST_FOR_STUDENT = 10
FARTHEST = 8.0  # standard deviations: no resample lies beyond


def bca_ends(
    scores: np.ndarray,
    value: float,
    left_out: np.ndarray,
    counts: np.ndarray | None = None,
    *,
    level: float,
    units: float = math.inf,
) -> tuple[float, float]:
    """Return the percentiles of resampled scores that are free of bias and of a spread that changes with the score.

    Parameters
    ----------
    scores
        Of resamples, shape (r,); nan where one is not defined.
    value
        The score as seen.
    left_out
        The score without one unit, shape (u,), nan where it is not defined.
    counts
        How many units of each kind there are, shape (u,); None: one.
    level
        Share of such intervals that hold the truth, in (0, 1).
    units
        How many things were drawn: few of them call for wider ends.

    Returns
    -------
    tuple of float
        Both ends; nan where half of the scores are not defined.

    References
    ----------
    B. Efron, Better bootstrap confidence intervals, JASA 82, 1987; T. Hesterberg, What teachers should know about the
    bootstrap, The American Statistician 69, 2015, for few units.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> seen = random.exponential(size=50)
    >>> drawn = random.choice(seen, (2000, 50)).mean(axis=1)
    >>> without_one = (seen.sum() - seen) / 49
    >>> low, high = bca_ends(drawn, seen.mean(), without_one, level=0.95)
    >>> bool(high - seen.mean() > 1.1 * (seen.mean() - low))
    True
    """
    from scipy import special

    known = np.sort(scores[~np.isnan(scores)])
    if known.size < max(1, scores.size / 2):
        return math.nan, math.nan
    below = (np.searchsorted(known, value) + np.searchsorted(known, value, side="right")) / (2 * known.size)
    bias = special.ndtri(min(max(below, 1 / (2 * known.size)), 1 - 1 / (2 * known.size)))
    tail = expanded_tail((1 - level) / 2, units)
    shifted = bias + np.clip(special.ndtri(np.array([tail, 1 - tail])), -FARTHEST, FARTHEST)
    stretched = 1 - acceleration(left_out, counts) * shifted
    places = np.where(stretched > 0, special.ndtr(bias + shifted / stretched), shifted > 0)
    low, high = np.quantile(known, places)
    return float(low), float(high)


def acceleration(left_out: np.ndarray, counts: np.ndarray | None = None) -> float:
    """Return how fast the spread of a score changes with it, from scores without one unit, shape (u,).

    Examples
    --------
    >>> acceleration(np.array([1.0, 2.0, 3.0]))
    0.0
    """
    counts = np.ones(left_out.size) if counts is None else counts
    known = ~np.isnan(left_out)
    if not (counts * known).any():
        return 0.0
    moved = np.where(known, np.average(left_out[known], weights=counts[known]) - left_out, 0.0)
    spread = math.sqrt((counts * moved**2).sum())
    return float((counts * (moved / spread) ** 3).sum() / 6) if spread > 0 else 0.0


def studentised_ends(
    sums: np.ndarray, counts: np.ndarray, *, level: float, least: float = -math.inf
) -> tuple[float, float]:
    """Return the ends of a mean by its distance from the resampled ones, in standard errors of each.

    Parameters
    ----------
    sums
        Of weights, and of weighted values, in each unit, shape (units, 2).
    counts
        How often each unit is drawn, shape (replicates, units).
    level
        Share of such intervals that hold the truth, in (0, 1).
    least
        What no mean can be below.

    References
    ----------
    B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, section 12.5.

    Examples
    --------
    >>> values = np.random.default_rng(0).exponential(size=50)
    >>> drawn = np.random.default_rng(1).multinomial(50, np.full(50, 0.02), 2000)
    >>> low, high = studentised_ends(np.column_stack([np.ones(50), values]), drawn, level=0.95)
    >>> bool(low < values.mean() < high)
    True
    """
    total = sums[:, 0].sum()
    mean = sums[:, 1].sum() / total
    weight, off = sums[:, 0], sums[:, 1] - mean * sums[:, 0]
    error = math.sqrt((off**2).sum()) / total
    drawn = counts @ np.column_stack([weight, off, off**2, off * weight, weight**2])
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = drawn[:, 1] / drawn[:, 0]
        errors = np.sqrt(drawn[:, 2] - 2 * apart * drawn[:, 3] + apart**2 * drawn[:, 4]) / drawn[:, 0]
        distance = np.where(errors > 1e-12 * error, apart / errors, math.nan)
    known = distance[~np.isnan(distance)]
    if error <= 1e-12 * abs(mean):
        return float(mean), float(mean)
    if known.size < counts.shape[0] / 2:
        return math.nan, math.nan
    tail = (1 - level) / 2
    near, far = np.quantile(known, [tail, 1 - tail])
    return max(float(mean - far * error), least), float(mean - near * error)
