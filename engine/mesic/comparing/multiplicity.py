"""Many tests at once: p values that account for how many there are."""

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Return p values that account for their number: the chance of one false claim among all stays below each.

    Parameters
    ----------
    p
        From 0 to 1; nan stays nan, and counts as a test.

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    order = np.argsort(np.nan_to_num(values, nan=np.inf), kind="stable")
    steps = np.minimum(1.0, values[order] * np.arange(values.size, 0, -1))
    steps = np.where(np.isnan(steps), np.nan, np.maximum.accumulate(np.nan_to_num(steps, nan=1.0)))
    adjusted = np.empty_like(values)
    adjusted[order] = steps
    return [float(value) for value in adjusted]
