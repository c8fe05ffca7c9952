"""Units that were assigned together: a cluster is one draw, and its mean is a ratio of totals.

A. Donner, N. Klar, Design and Analysis of Cluster Randomization Trials, 2000.
"""

from collections.abc import Mapping

import numpy as np

from mesic.ab.moments import COVARIATE, DENOMINATOR, OUTCOME, Moments


def cluster_moments(numbers: Mapping[str, np.ndarray], cluster: np.ndarray) -> Moments:
    """Return the moments of clusters: totals of the outcome over totals of the denominator, or of the units.

    Parameters
    ----------
    numbers
        A number a unit by name, each of shape (n,); a covariate with the mean of all groups taken off.
    cluster
        Code of each unit's cluster, from 0, shape (n,).

    Examples
    --------
    >>> found = cluster_moments({"outcome": np.array([1.0, 0.0, 1.0])}, np.array([0, 0, 1]))
    >>> found.units, found.names, found.mean.tolist()
    (2, ('outcome', 'denominator'), [1.0, 1.5])
    """
    _, place = np.unique(cluster, return_inverse=True)
    below = numbers.get(DENOMINATOR, np.ones(len(cluster)))
    totals = {OUTCOME: numbers[OUTCOME], DENOMINATOR: below}
    if COVARIATE in numbers:
        totals[COVARIATE] = numbers[COVARIATE]
    return Moments.of({name: np.bincount(place, column) for name, column in totals.items()})


def design_effect(size: float, correlation: float) -> float:
    """Return how many times as many units are needed in clusters of a size as would be if each were assigned alone.

    L. Kish, Survey Sampling, 1965.

    Examples
    --------
    >>> design_effect(21, 0.05)
    2.0
    """
    return 1 + (size - 1) * correlation
