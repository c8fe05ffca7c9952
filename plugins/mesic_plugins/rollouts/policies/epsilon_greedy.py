"""Epsilon-greedy: a fixed share to all alike, the rest to the best so far."""

import numpy as np

from mesic_plugins.rollouts.policies.indices import highest, means


def epsilon_greedy(rewarded: np.ndarray, total: np.ndarray, *, epsilon: float) -> np.ndarray:
    """Return the probabilities of the arms: epsilon is shared out evenly, the best mean has the rest.

    References
    ----------
    R. S. Sutton and A. G. Barto, Reinforcement Learning, 2018, chapter 2.

    Examples
    --------
    >>> epsilon_greedy(np.array([[10.0, 10.0]]), np.array([[3.0, 4.0]]), epsilon=0.5).tolist()
    [[0.25, 0.75]]
    """
    shares: np.ndarray = epsilon / rewarded.shape[1] + (1 - epsilon) * highest(means(rewarded, total))
    return shares
