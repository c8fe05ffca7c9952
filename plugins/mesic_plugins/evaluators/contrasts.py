"""Means, shares, ratios and differences between rows, with intervals that respect weights and groups."""

import math

import numpy as np
from scipy import special

FEWEST_UNITS = 2


class Rows:
    """How rows count and which belong together.

    Parameters
    ----------
    count : int
        Number of rows.
    weight, groups : ndarray of shape (count,) or None
        How much each counts; which are not independent.
    level : float
        Of the intervals.
    """

    def __init__(self, count, weight=None, groups=None, level=0.95):
        self.weight = np.ones(count) if weight is None else np.asarray(weight, dtype=float)
        self.unit = "rows" if groups is None else "groups"
        self.group = np.arange(count) if groups is None else np.unique(groups, return_inverse=True)[1]
        self.level = level

    def part(self, inside):
        """Return some of the rows."""
        groups = None if self.unit == "rows" else self.group[inside]
        return Rows(int(np.count_nonzero(inside)), self.weight[inside], groups, self.level)

    def __len__(self):
        return self.weight.size

    @property
    def units(self):
        """As how many equal units they count (L. Kish, Survey Sampling, 1965)."""
        sums = np.bincount(self.group, self.weight) if len(self) else np.zeros(1)
        return float(sums.sum() ** 2 / (sums**2).sum()) if sums.any() else 0.0

    def mean(self, values):
        """Return the weighted mean of values, shape (n,), with an interval by Student's t."""
        total = self.weight.sum()
        if not total > 0:
            return self.said(math.nan, math.nan, math.nan, "Student t")
        mean = float(self.weight @ values / total)
        if self.units < FEWEST_UNITS:
            return self.said(mean, math.nan, math.nan, "Student t")
        half = _quantile(self.units - 1, self.level) * math.sqrt(self._variance(self.weight * (values - mean) / total))
        return self.said(mean, mean - half, mean + half, "Student t")

    def share(self, holds, level=None):
        """Return the weighted share of rows for which something holds, with Wilson's interval.

        Rows that count differently, or in groups that are alike, are worth fewer (E. B. Wilson, JASA 22, 1927; E. L.
        Korn, B. I. Graubard, Survey Methodology 24, 1998).
        """
        level = self.level if level is None else level
        total = self.weight.sum()
        if not total > 0:
            return self.said(math.nan, math.nan, math.nan, "Wilson", level)
        share = float(self.weight @ holds / total)
        units = float(self.weight.sum() ** 2 / (self.weight**2).sum())
        if self.unit == "groups":
            variance = self._variance(self.weight * (holds - share) / total)
            units = min(units, share * (1 - share) / variance) if variance > 0 else min(units, self.units)
        low, high = wilson(share, units, level)
        return self.said(share, low, high, "Wilson", level)

    def part_of_all(self, values, inside):
        """Return which share of the weighted sum of values lies inside, with an interval by linearisation."""
        total = float(self.weight @ values)
        if not total > 0 or self.units < FEWEST_UNITS:
            return self.said(math.nan, math.nan, math.nan, "linearised ratio")
        share = float(self.weight @ (values * inside) / total)
        error = math.sqrt(self._variance(self.weight * values * (inside - share) / total))
        half = _quantile(self.units - 1, self.level) * error
        return self.said(share, max(0.0, share - half), min(1.0, share + half), "linearised ratio")

    def contrast(self, values, inside):
        """Return the mean of values inside less that of the others, by Welch's t; ``greater`` is the one-sided p.

        Parameters
        ----------
        values : ndarray of shape (n,)
        inside : ndarray of bool, shape (n,)

        Examples
        --------
        >>> found = Rows(8).contrast(np.array([3.0, 4, 5, 4, 1, 2, 1, 2]), np.arange(8) < 4)
        >>> found["value"], round(found["p"], 4), found["n"]
        (2.5, 0.0033, 4)
        """
        parts = [self.part(inside), self.part(~inside)]
        if min(part.units for part in parts) < FEWEST_UNITS:
            found = self.said(math.nan, math.nan, math.nan, "Welch t")
            return found | {"p": None, "greater": None, "n": len(parts[0])}
        pieces = [(part, values[where]) for part, where in zip(parts, (inside, ~inside), strict=True)]
        means = [float(part.weight @ of / part.weight.sum()) for part, of in pieces]
        leaning = np.zeros(len(self))
        for sign, where, mean in ((1, inside, means[0]), (-1, ~inside, means[1])):
            leaning[where] = sign * self.weight[where] * (values[where] - mean) / self.weight[where].sum()
        variances = [part._variance(leaning[where]) for part, where in zip(parts, (inside, ~inside), strict=True)]
        together = sum(variances) if self.unit == "rows" else self._variance(leaning)
        value = means[0] - means[1]
        freedom = (
            sum(variances) ** 2 / sum(v**2 / (part.units - 1) for v, part in zip(variances, parts, strict=True))
            if sum(variances) > 0
            else math.inf
        )
        return self._told(value, math.sqrt(together), freedom) | {"n": len(parts[0])}

    def _told(self, value, error, freedom):
        if error == 0:
            found = self.said(value, value, value, "Welch t")
            return found | {"p": float(value == 0), "greater": 0.0 if value > 0 else 1.0}
        half = _quantile(freedom, self.level) * error
        found = self.said(value, value - half, value + half, "Welch t")
        below = float(special.stdtr(freedom, -value / error))
        return found | {"p": 2 * min(below, 1 - below), "greater": below}

    def _variance(self, leaning):
        """Return the variance of a sum of what each row adds, groups taken whole."""
        if self.units <= 1:
            return math.nan
        sums = leaning if self.unit == "rows" else np.bincount(self.group, leaning)
        return float((sums**2).sum() * self.units / (self.units - 1))

    def said(self, value, low, high, method, level=None):
        """Return a number as the record holds it."""
        level = self.level if level is None else level
        facts = {"value": value, "low": low, "high": high}
        facts = {name: float(number) if math.isfinite(number) else None for name, number in facts.items()}
        return facts | {"level": level, "method": method, "unit": self.unit, "n": len(self)}


def _quantile(freedom, level):
    if math.isinf(freedom):
        return float(special.ndtri(0.5 + level / 2))
    return -float(special.stdtrit(freedom, (1 - level) / 2))


def wilson(share, units, level):
    """Return the ends of Wilson's interval of a share of so many equal units.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0.9, 100, 0.95)]
    [0.8256, 0.9448]
    """
    z = float(special.ndtri(0.5 + level / 2))
    centre = (share + z**2 / (2 * units)) / (1 + z**2 / units)
    half = z * math.sqrt(max(share * (1 - share), 0.0) / units + z**2 / (4 * units**2)) / (1 + z**2 / units)
    return max(0.0, centre - half), min(1.0, centre + half)
