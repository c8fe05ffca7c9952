"""Control of the share of columns that are kept and do not matter."""

import numpy as np


def q_values(p_values):
    """Return the smallest false discovery rate at which each column would be kept.

    References
    ----------
    Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate, JRSS B 57, 1995.

    Examples
    --------
    >>> q_values(np.array([0.01, 0.02, 0.9])).round(3).tolist()
    [0.03, 0.03, 0.9]
    """
    order = np.argsort(p_values)
    raw = p_values[order] * p_values.size / np.arange(1, p_values.size + 1)
    found = np.empty_like(raw)
    found[order] = np.minimum.accumulate(raw[::-1])[::-1]
    return np.minimum(found, 1.0)
