"""KL-UCB: as UCB1, with the doubt that yes-or-no rewards really leave."""

import numpy as np
from scipy.special import rel_entr

from mesic_plugins.rollouts.policies.indices import highest, log_of_all, means

HALVINGS = 30


def kl_ucb(rewarded: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the probabilities of the arms: the highest mean q with rewards * kl(mean, q) <= ln(all rewards) leads.

    References
    ----------
    A. Garivier and O. Cappé, The KL-UCB Algorithm for Bounded Stochastic Bandits and Beyond, COLT 2011.

    Examples
    --------
    >>> kl_ucb(np.array([[10.0, 1000.0]]), np.array([[0.0, 100.0]])).tolist()
    [[1.0, 0.0]]
    """
    limit = log_of_all(rewarded)
    mean = np.minimum(means(rewarded, total), 1.0)
    low, high = mean, np.ones_like(mean)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        divergence = rel_entr(mean, middle) + rel_entr(1 - mean, 1 - middle)
        is_possible = rewarded * divergence <= limit
        low, high = np.where(is_possible, middle, low), np.where(is_possible, high, middle)
    return highest(np.where(rewarded > 0, low, np.inf))
