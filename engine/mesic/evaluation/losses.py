"""The loss of each row, by which everything else is chosen."""

import numpy as np

SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)  # as in scikit-learn's log_loss, so that the means agree


def example_losses(task: str, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Return the proper loss of each row, shape (n,): log loss for classes, squared error for numbers.

    Parameters
    ----------
    task
        ``binary``, ``multiclass`` or ``regression``.
    y
        Class codes from 0, or values, shape (n,).
    prediction
        Probabilities, shape (n, k), clipped to [2.2e-16, 1 - 2.2e-16]; or values, shape (n,).

    Examples
    --------
    >>> example_losses("binary", np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5]])).round(3).tolist()
    [0.0, 0.693]
    >>> example_losses("regression", np.array([1.0, 2.0]), np.array([1.0, 5.0])).tolist()
    [0.0, 9.0]
    """
    if task == "regression":
        return np.asarray((np.asarray(prediction, dtype=float) - y) ** 2)
    probability = np.asarray(prediction, dtype=float)[np.arange(len(y)), y]
    return np.asarray(-np.log(np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)))
