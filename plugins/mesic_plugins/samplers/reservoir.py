"""A number of rows, by chance, in one pass over rows whose number need not be known."""

import itertools
import math

import numpy as np

from mesic import Sample, SettingError


class Reservoir:
    """Draw rows without replacement in one pass, all with the same chance.

    The reservoir holds the first rows; later ones take the place of a random one after gaps that are drawn, so that
    chance is asked about ``size * log(n / size)`` times and not for each of n rows.

    Parameters
    ----------
    size : int, default=10000
        Rows that are drawn; all of them where there are fewer.

    References
    ----------
    K.-H. Li, Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n))), ACM TOMS 20, 1994 (algorithm L).

    Examples
    --------
    >>> Reservoir(size=3).drawn(iter(range(1000)), np.random.default_rng(0))
    [223, 496, 609]
    """

    def __init__(self, size=10_000):
        self.size = size

    def sample(self, view, rng):
        """Return the drawn rows, with weights that add up to the number of all."""
        index = np.sort(np.array(self.drawn(iter(range(len(view))), rng), dtype=np.int64))
        return Sample(index, np.full(index.size, len(view) / index.size))

    def drawn(self, things, rng):
        """Return some of the things that an iterator gives, in no particular order.

        Parameters
        ----------
        things : iterator
            Read once, to its end.
        rng : numpy.random.Generator
            Decides.

        Returns
        -------
        list
            ``size`` of them, or all.
        """
        if self.size < 1:
            raise SettingError("size", self.size, "a number of rows from 1")
        kept = list(itertools.islice(things, self.size))
        if len(kept) < self.size:
            return kept
        threshold = self._next(1.0, rng)
        while True:
            passed_over = int(math.log(1.0 - rng.random()) / math.log1p(-threshold))
            arrived = next(itertools.islice(things, passed_over, None), _END)
            if arrived is _END:
                return kept
            kept[int(rng.integers(self.size))] = arrived
            threshold = self._next(threshold, rng)

    def _next(self, threshold, rng):
        return threshold * math.exp(math.log(1.0 - rng.random()) / self.size)


_END = object()
