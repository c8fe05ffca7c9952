"""Precision and recall in one number."""

from mesic import SettingError
from mesic_plugins.metrics.confusion import AveragedOverClasses


class FBeta(AveragedOverClasses):
    """Weighted harmonic mean of precision and recall; nan where a class neither occurs nor is answered.

    Parameters
    ----------
    beta : float, default=1.0
        How many times recall counts for precision once, above 0: 2 for twice, 0.5 for half.
    average, task
        As in :class:`~mesic_plugins.metrics.confusion.AveragedOverClasses`.

    References
    ----------
    C. J. van Rijsbergen, Information Retrieval, 1979, chapter 7.

    Examples
    --------
    >>> import numpy as np
    >>> round(FBeta(beta=2).score(np.array([1, 1, 1, 0]), np.array([1, 0, 0, 0])), 3)
    0.385
    """

    name = "f_beta"

    def __init__(self, beta: float = 1.0, average: str = "auto", task: str | None = None) -> None:
        super().__init__(average, task)
        if not beta > 0:
            raise SettingError("beta", beta, "a number above 0: 2 counts recall twice, 0.5 half")
        self.beta = beta

    def of_class(self, hit, truth, answered):
        """Return F; the share of recall, beta² / (1 + beta²), is kept in range for any beta."""
        inverse = 1 / float(self.beta)
        share = 1 / (1 + inverse * inverse)
        return hit / (share * truth + (1 - share) * answered)
