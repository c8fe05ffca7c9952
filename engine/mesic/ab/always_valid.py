"""Looks whenever one likes, without a horizon: a mixture of likelihood ratios, and the confidence sequence it gives.

The effect under the alternative is normal around 0 with standard deviation tau. H. Robbins, Statistical methods related
to the law of the iterated logarithm, Annals of Mathematical Statistics 41, 1970; R. Johari and others, Always valid
inference, Operations Research 70, 2022. The normal approximation needs some thirty units and five events a group.
"""

import math


def always_valid_bound(variance: float, tau: float, alpha: float) -> float:
    """Return what the absolute z may reach by chance at some look, however many there are.

    Parameters
    ----------
    variance
        Of the estimated effect, above 0.
    tau
        The size of effect that is looked for; chosen before the data are seen.
    alpha
        Chance that a path without effect ever passes the bound, in (0, 1).

    Examples
    --------
    >>> round(always_valid_bound(variance=0.01, tau=0.28, alpha=0.05), 3)
    3.035
    """
    ratio = tau**2 / variance
    return math.sqrt((1 + ratio) / ratio * (2 * math.log(1 / alpha) + math.log1p(ratio)))


def always_valid_p(z: float, variance: float, tau: float) -> float:
    """Return a p that is below alpha exactly where z passes the bound of alpha.

    Examples
    --------
    >>> round(always_valid_p(3.035, variance=0.01, tau=0.28), 3)
    0.05
    """
    ratio = tau**2 / variance
    return min(1.0, math.exp(0.5 * math.log1p(ratio) - z**2 / 2 * ratio / (1 + ratio)))
