"""How much of a class is found."""

from mesic_plugins.metrics.confusion import AveragedOverClasses


class Recall(AveragedOverClasses):
    """Share of the rows of a class that are answered as the class; nan where it has no rows.

    Parameters
    ----------
    average, task
        As in :class:`~mesic_plugins.metrics.confusion.AveragedOverClasses`.

    Examples
    --------
    >>> import numpy as np
    >>> Recall().score(np.array([1, 1, 1, 0]), np.array([1, 1, 0, 1])).__round__(3)
    0.667
    """

    name = "recall"

    def of_class(self, hit, truth, answered):  # noqa: ARG002 - others need it
        """Return right answers per row of the class."""
        return hit / truth
