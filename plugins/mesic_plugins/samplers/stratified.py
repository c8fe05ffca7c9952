"""Groups of like rows first, then rows of each by chance."""

import numpy as np
import pandas as pd

from mesic import Finding, Sample, SettingError

DECILES = 10


class Stratified:
    """Draw rows without replacement, stratum by stratum.

    Parameters
    ----------
    share : float, default=0.1
        Share of the training rows that are drawn, in (0, 1]; at least one row of each stratum.
    by : str, optional
        Column whose values are the strata, missing ones being one of them; deciles of a column of numbers with more
        than ten values. By default the target's classes or deciles.
    allocation : {"proportional", "equal", "neyman"}
        ``proportional`` draws the share of each stratum, ``equal`` the same number of rows of each, ``neyman`` rows
        in proportion to a stratum's size times the spread of the target in it, which makes the target's mean over all
        rows as sure as can be. A stratum with fewer rows than it should give is taken whole.

    References
    ----------
    J. Neyman, On the two different aspects of the representative method, Journal of the Royal Statistical Society 97,
    1934.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> y = np.repeat([0, 1], [90, 10])
    >>> sample = Stratified(share=0.2).sample(TrainingView(None, y), np.random.default_rng(0))
    >>> np.bincount(y[sample.index]).tolist()
    [18, 2]
    """

    def __init__(self, share=0.1, by=None, allocation="proportional", task="binary"):
        self.share, self.by, self.allocation, self.task = share, by, allocation, task

    def sample(self, view, rng):
        """Return the drawn rows; each stands for as many as its stratum has, over those drawn of it."""
        if not 0 < self.share <= 1:
            raise SettingError("share", self.share, "a share of rows above 0, to 1")
        stratum, names = self._strata(view)
        sizes = np.bincount(stratum, minlength=len(names))
        wanted = self._wanted(view, stratum, sizes)
        drawn = np.minimum(np.maximum(np.round(wanted).astype(int), 1), sizes)
        index = np.sort(np.concatenate([
            rng.choice(np.flatnonzero(stratum == number), count, replace=False) for number, count in enumerate(drawn)
        ]))  # fmt: skip
        own = stratum[index]
        return Sample(index, (sizes / drawn)[own], strata=own, findings=tuple(_findings(names, wanted, sizes)))

    def _strata(self, view):
        """Return the stratum of each row and the names of the strata."""
        values = pd.Series(view.y) if self.by is None else self._column(view.X)
        if self.by is None and self.task != "regression":
            is_number = False
        else:
            is_number = pd.api.types.is_numeric_dtype(values) and values.nunique() > DECILES
        if is_number:
            values = pd.qcut(values, DECILES, labels=False, duplicates="drop")
        codes, names = pd.factorize(values, sort=True, use_na_sentinel=False)
        return codes, [str(name) for name in names]

    def _column(self, X):
        if self.by not in X:
            raise SettingError("sampler.by", self.by, f"a column that the learner sees: {', '.join(map(str, X))}")
        return X[self.by].reset_index(drop=True)

    def _wanted(self, view, stratum, sizes):
        total = self.share * len(view)
        if self.allocation == "equal":
            return np.full(sizes.size, total / sizes.size)
        if self.allocation == "proportional":
            return self.share * sizes
        parts = sizes * self._spread(view.y, stratum, sizes)
        if not parts.sum() > 0:
            raise SettingError(
                "sampler.allocation", "neyman", "sampler.by=COLUMN: in strata of the target itself it has no spread"
            )
        return total * parts / parts.sum()

    def _spread(self, y, stratum, sizes):
        """Return the standard deviation of the target in each stratum; of classes, that of all their indicators."""
        columns = [y.astype(float)] if self.task == "regression" else [(y == code).astype(float) for code in set(y)]
        variance = np.zeros(sizes.size)
        for column in columns:
            mean = np.bincount(stratum, column, minlength=sizes.size) / sizes
            variance += np.bincount(stratum, (column - mean[stratum]) ** 2, minlength=sizes.size) / sizes
        return np.sqrt(variance)


def _findings(names, wanted, sizes):
    small = np.flatnonzero(np.round(wanted) > sizes)
    if small.size:
        shown = ", ".join(f"{names[n]!r} ({sizes[n]} of {round(wanted[n])})" for n in small[:5])
        yield Finding(
            "SMALL-STRATUM",
            "warning",
            f"{small.size} strata have fewer rows than they should give and are taken whole: {shown}",
            {"strata": [names[n] for n in small], "rows": sizes[small].tolist()},
            "sampler.allocation=proportional, or a smaller sampler.share",
        )
