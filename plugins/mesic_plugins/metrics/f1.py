"""Precision and recall, counted the same."""

from mesic_plugins.metrics.f_beta import FBeta


class F1(FBeta):
    """Harmonic mean of precision and recall; nan where a class neither occurs nor is answered.

    Parameters
    ----------
    average, task
        As in :class:`~mesic_plugins.metrics.confusion.AveragedOverClasses`.

    Examples
    --------
    >>> import numpy as np
    >>> F1().score(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0]))
    0.5
    """

    name = "f1"

    def __init__(self, average: str = "auto", task: str | None = None) -> None:
        super().__init__(1.0, average, task)
