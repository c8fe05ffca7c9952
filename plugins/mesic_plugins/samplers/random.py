"""A share of the rows, by chance."""

import numpy as np

from mesic import Sample, SettingError


class Random:
    """Draw rows without replacement, all with the same chance; each stands for one over its chance.

    Parameters
    ----------
    share : float, default=0.1
        Share of the training rows that are drawn, in (0, 1]; at least one row.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> sample = Random(share=0.5).sample(TrainingView(None, np.zeros(10)), np.random.default_rng(0))
    >>> len(sample), sample.weight.sum()
    (5, np.float64(10.0))
    """

    def __init__(self, share=0.1):
        self.share = share

    def sample(self, view, rng):
        """Return the drawn rows, with weights that add up to the number of all."""
        if not 0 < self.share <= 1:
            raise SettingError("share", self.share, "a share of rows above 0, to 1")
        size = max(1, round(self.share * len(view)))
        index = np.sort(rng.choice(len(view), size, replace=False))
        return Sample(index, np.full(size, len(view) / size))
