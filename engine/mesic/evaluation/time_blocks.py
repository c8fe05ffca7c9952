"""Stretches of time whose rows are drawn together, as long as the losses in them remember each other."""

import math

import numpy as np

FEWEST_BLOCKS = 10
NOTHING_LEFT = 2.0  # standard errors within which an autocorrelation counts as none


def time_blocks(time: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return the stretch of each row, shape (n,), from 0.

    Parameters
    ----------
    time
        The order of the rows, shape (n,).
    losses
        Of the rows, shape (n,); how long one remembers the ones before it decides the length.

    Examples
    --------
    >>> time_blocks(np.arange(8), np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0])).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    order = np.argsort(time, kind="stable")
    length = block_length(losses[order])
    blocks = np.empty(len(time), dtype=np.int64)
    blocks[order] = np.arange(len(time)) // length
    return blocks


def block_length(series: np.ndarray) -> int:
    """Return how many neighbours of a series, shape (n,), are drawn together; 1 where they are independent.

    References
    ----------
    D. N. Politis, H. White, Automatic block-length selection for the dependent bootstrap, Econometric Reviews 23, 2004;
    corrected by A. Patton, D. N. Politis, H. White, Econometric Reviews 28, 2009.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> alone = random.normal(size=1000)
    >>> block_length(alone), block_length(np.convolve(alone, np.ones(20), "valid")) > 20
    (1, True)
    """
    n = len(series)
    if n < 2 * FEWEST_BLOCKS:
        return 1
    covariance = _autocovariance(series - series.mean(), min(n // 2, math.ceil(math.sqrt(n)) + 10))
    if not covariance[0] > 0:
        return 1
    last = _last_that_counts(covariance / covariance[0], n)
    if last == 0:
        return 1
    lags = np.arange(1, min(2 * last, covariance.size - 1) + 1)
    window = np.clip(2 * (1 - lags / (2 * last)), 0.0, 1.0)
    spread = covariance[0] + 2 * float(window @ covariance[lags])
    bend = 2 * float(window @ (lags * covariance[lags]))
    if not spread > 0:
        return 1
    length = (1.5 * bend**2 / spread**2) ** (1 / 3) * n ** (1 / 3)
    return int(min(max(1, math.ceil(length)), max(1, n // FEWEST_BLOCKS)))


def _autocovariance(centred: np.ndarray, lags: int) -> np.ndarray:
    n = len(centred)
    return np.array([centred[: n - lag] @ centred[lag:] / n for lag in range(lags + 1)])


def _last_that_counts(correlation: np.ndarray, n: int) -> int:
    """Return the lag after which several in a row are none."""
    in_a_row = max(5, math.ceil(math.sqrt(math.log10(n))))
    none = np.abs(correlation[1:]) < NOTHING_LEFT * math.sqrt(math.log10(n) / n)
    for lag in range(none.size - in_a_row + 1):
        if none[lag : lag + in_a_row].all():
            return lag
    return int(np.flatnonzero(~none)[-1]) + 1
