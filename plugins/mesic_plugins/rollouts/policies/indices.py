"""What policies that follow an index share."""

import numpy as np


def means(rewarded: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the mean reward of each arm, infinite where nothing is known: such an arm comes first."""
    found: np.ndarray = np.divide(total, rewarded, out=np.full(rewarded.shape, np.inf), where=rewarded > 0)
    return found


def highest(index: np.ndarray) -> np.ndarray:
    """Return the probabilities of the arms with the highest index, shape (r, k); those that are level share it.

    Examples
    --------
    >>> highest(np.array([[1.0, 3.0, 3.0]])).tolist()
    [[0.0, 0.5, 0.5]]
    """
    is_highest = index >= index.max(axis=1, keepdims=True)
    shares: np.ndarray = is_highest / is_highest.sum(axis=1, keepdims=True)
    return shares


def log_of_all(rewarded: np.ndarray) -> np.ndarray:
    """Return the logarithm of how many rewards came of all arms together, shape (r, 1), 0 before the second."""
    logarithm: np.ndarray = np.log(np.maximum(rewarded.sum(axis=1, keepdims=True), 1.0))
    return logarithm
