"""How often a positive answer is right."""

from mesic_plugins.metrics.confusion import AveragedOverClasses


class Precision(AveragedOverClasses):
    """Share of the rows answered as a class that are of the class; nan where none is answered so.

    Parameters
    ----------
    average, task
        As in :class:`~mesic_plugins.metrics.confusion.AveragedOverClasses`.

    Examples
    --------
    >>> import numpy as np
    >>> Precision().score(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 1]))
    0.5
    """

    name = "precision"

    def of_class(self, hit, truth, answered):  # noqa: ARG002 - others need it
        """Return right answers per answer."""
        return hit / answered
