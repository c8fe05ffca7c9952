"""Share of right answers."""

from mesic_plugins.metrics.rows import ShareOfRows


class Accuracy(ShareOfRows):
    """Share of rows whose class is answered rightly.

    Examples
    --------
    >>> import numpy as np
    >>> Accuracy().score(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0]))
    0.75
    """

    name = "accuracy"
    greater_is_better = True
    needs = "label"

    def of_rows(self, y, prediction):
        """Return whether each answer is right."""
        return y == prediction
