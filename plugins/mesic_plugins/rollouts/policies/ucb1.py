"""UCB1: the arm whose mean may still be highest."""

import numpy as np

from mesic_plugins.rollouts.policies.indices import highest, log_of_all, means


def ucb1(rewarded: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the probabilities of the arms: mean + sqrt(2 ln(all rewards) / rewards), the highest has everything.

    References
    ----------
    P. Auer, N. Cesa-Bianchi and P. Fischer, Finite-time Analysis of the Multiarmed Bandit Problem, Machine Learning
    47, 2002.

    Examples
    --------
    >>> ucb1(np.array([[10.0, 1000.0]]), np.array([[3.0, 400.0]])).tolist()
    [[1.0, 0.0]]
    """
    unknown = np.full(rewarded.shape, np.inf)
    doubt = np.sqrt(np.divide(2 * log_of_all(rewarded), rewarded, out=unknown, where=rewarded > 0))
    return highest(means(rewarded, total) + doubt)
