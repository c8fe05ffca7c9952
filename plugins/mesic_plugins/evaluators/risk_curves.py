"""Risk over coverage: what the answers lose that are left when the least sure ones are not given."""

import numpy as np
from scipy import special

MOST_UNITS, MOST_BINS = 1_000, 100


def cut_for(sureness, weight, coverage):
    """Return the highest cut from which on at least this share of the rows is answered.

    Examples
    --------
    >>> cut_for(np.array([0.9, 0.6, 0.8, 0.7]), np.ones(4), 0.5)
    0.8
    """
    order = np.argsort(-sureness, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    return float(sureness[order[min(int(np.searchsorted(reached, coverage - 1e-12)), sureness.size - 1)]])


def risk_bound(wrong, units, confidence):
    """Return what a share of wrong answers lies below with this confidence: exact, by the binomial's tail.

    References
    ----------
    C. J. Clopper, E. S. Pearson, Biometrika 26, 1934; Y. Geifman, R. El-Yaniv, Selective Classification for Deep Neural
    Networks, NIPS 2017.

    Examples
    --------
    >>> round(risk_bound(0.0, 100.0, 0.95), 4)
    0.0295
    """
    return 1.0 if wrong >= units else float(special.betaincinv(wrong + 1, units - wrong, confidence))


def area(sureness, losses, weight):
    """Return the area under the curve of risk over coverage; rows that are equally sure are answered together.

    References
    ----------
    Y. Geifman, G. Uziel, R. El-Yaniv, Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019.

    Examples
    --------
    >>> losses = np.array([0.0, 0.0, 1.0])
    >>> [round(area(np.array(sureness), losses, np.ones(3)), 4) for sureness in ([3, 2, 1], [1, 1, 1])]
    [0.1111, 0.3333]
    """
    _, place = np.unique(-sureness, return_inverse=True)
    return float(_area(np.bincount(place, weight)[:, None], np.bincount(place, weight * losses)[:, None])[0])


def _area(weight, loss):
    """Return the areas of columns of bins, the surest first, shape (replicates,)."""
    answered, lost = weight.cumsum(axis=0), loss.cumsum(axis=0)
    risk = np.divide(lost, answered, out=np.zeros_like(lost), where=answered > 0)
    return (risk * weight).sum(axis=0) / answered[-1]


class Areas:
    """The area of a ranking beside those of chance and of hindsight, with intervals by one bootstrap.

    Rows, or whole groups, are drawn; more than 1,000 are dealt into 1,000 blocks. Drawn are sums of at most 100 bins of
    rows that are about equally sure; ends are moved by what that changes.

    Parameters
    ----------
    rows : Rows
        How rows count.
    sureness, losses : ndarray of shape (n,)
        How sure each answer is, and what it loses.
    rng : Generator
    replicates : int
    """

    METHOD = "percentiles of a bootstrap"

    def __init__(self, rows, sureness, losses, rng, replicates=1_000):
        self.rows, self.weight, self.losses = rows, rows.weight, losses
        units = int(rows.group.max()) + 1
        deal = rng.permutation(units) % MOST_UNITS if units > MOST_UNITS else np.arange(units)
        self.unit = deal[rows.group]
        units = min(units, MOST_UNITS)
        self.counts = rng.multinomial(units, np.full(units, 1 / units), size=replicates).T.astype(float)
        self.found = {"model": self._drawn(sureness), "hindsight": self._drawn(-losses)}
        chance = float(self.weight @ losses / self.weight.sum())
        drawn = self._sums(np.zeros(len(losses), dtype=np.int64))
        self.found["chance"] = chance, (drawn[1] / drawn[0])[0]

    def _drawn(self, sureness):
        edges = np.unique(np.quantile(-sureness, np.linspace(0, 1, MOST_BINS + 1)[1:-1], method="inverted_cdf"))
        place = np.searchsorted(edges, -sureness, side="left")
        exact = area(sureness, self.losses, self.weight)
        whole = np.bincount(place, self.weight)[:, None], np.bincount(place, self.weight * self.losses)[:, None]
        return exact, _area(*self._sums(place)) + exact - _area(*whole)[0]

    def _sums(self, place):
        """Return weight and loss of each bin in each replicate, two of shape (bins, replicates)."""
        shape = int(place.max()) + 1, self.counts.shape[0]
        cell = place * shape[1] + self.unit
        weight, loss = self.weight, self.weight * self.losses
        return [np.bincount(cell, of, shape[0] * shape[1]).reshape(shape) @ self.counts for of in (weight, loss)]

    def told(self, name):
        """Return the area of ``model``, ``chance`` or ``hindsight``."""
        return self._said(*self.found[name])

    def saved(self):
        """Return by how much the ranking's area is smaller than that of chance, drawn together."""
        (model, models), (chance, chances) = self.found["model"], self.found["chance"]
        return self._said(chance - model, chances - models)

    def _said(self, value, drawn):
        known = drawn[np.isfinite(drawn)]
        if self.counts.shape[0] < 2 or not known.size:
            return self.rows.said(value, np.nan, np.nan, self.METHOD)
        tail = (1 - self.rows.level) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        return self.rows.said(value, min(low, value), max(high, value), self.METHOD)
