"""Conformal prediction: how far targets may lie from predictions, told by rows that models did not see."""

import math
from dataclasses import dataclass

import numpy as np

from mesic import intervals_of

BINS, FEWEST = 10, 100
SMALLEST = 1e-12


def quantile_above(scores, share, mass=None, beyond=None):
    """Return the smallest score that at least `share` of the mass lies at or below, with one more row at infinity.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    share : float
        In (0, 1).
    mass : ndarray of shape (n,), optional
        How much each counts; by default one.
    beyond : float, optional
        The mass of the row that is asked about, by default the mean one.

    Examples
    --------
    >>> quantile_above(np.arange(1.0, 20.0), 0.9), quantile_above(np.arange(1.0, 5.0), 0.9)
    (18.0, inf)

    References
    ----------
    V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, 2005; R. F. Barber et al., Conformal
    prediction beyond exchangeability, Annals of Statistics 51, 2023 (mass).
    """
    mass = np.ones(scores.size) if mass is None else mass
    beyond = float(mass.mean()) if beyond is None else beyond
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(mass[order]) / (mass.sum() + beyond)
    place = int(np.searchsorted(reached, share - SMALLEST))
    return float(scores[order[place]]) if place < scores.size else math.inf


@dataclass(frozen=True)
class Known:
    """Predictions and targets, shape (n,), how much each row counts, and how much the row to come does."""

    prediction: np.ndarray
    y: np.ndarray
    mass: np.ndarray
    beyond: float

    def part(self, inside):
        """Return some of the rows."""
        return Known(self.prediction[inside], self.y[inside], self.mass[inside], self.beyond)


def chosen_intervals(known, share, is_first):
    """Return intervals of one width or scaled ones, whichever lose less where each half is judged by the other.

    Returns
    -------
    Intervals, and what they are in words
    """
    halves = [known.part(is_first), known.part(~is_first)]
    judged = [halves, halves[::-1]] if all(half.y.size for half in halves) else []
    fines = [
        sum(Intervals.fitted(one, share, is_scaled=is_scaled).winkler(other, share) for one, other in judged)
        for is_scaled in (False, True)
    ]
    is_scaled = fines[1] < fines[0]
    shape = "scaled by the usual error at the prediction" if is_scaled else "of one width"
    return Intervals.fitted(known, share, is_scaled=is_scaled), shape


class Intervals:
    """Ends of the interval around a predicted number: how far the target lies from it, where it is that large.

    Parameters
    ----------
    low, high : float
        What is added to a prediction, in units of the scale at it.
    knots, scales : ndarray of shape (b,)
        Predictions and the scale at each, in the target's unit.
    """

    def __init__(self, low, high, knots, scales):
        self.low, self.high, self.knots, self.scales = low, high, np.asarray(knots), np.asarray(scales)

    @classmethod
    def fitted(cls, known, share, *, is_scaled):
        """Return intervals that hold `share` of the targets, as much of the rest below as above.

        With `is_scaled` the scale is the median absolute error at such a prediction, else it is one everywhere.
        """
        error = np.abs(known.y - known.prediction)
        knots, scales = _scales(known.prediction, error) if is_scaled else ((0.0,), (1.0,))
        found = cls(0.0, 0.0, knots, scales)
        far = (known.y - known.prediction) / found.scale(known.prediction)
        tail = 1 - (1 - share) / 2
        found.high = quantile_above(far, tail, known.mass, known.beyond)
        found.low = -quantile_above(-far, tail, known.mass, known.beyond)
        return found

    def scale(self, prediction):
        """Return the scale at predictions, shape (n,)."""
        return np.interp(prediction, self.knots, self.scales)

    def at(self, prediction):
        """Return the ends of the intervals of predictions, two of shape (n,)."""
        return intervals_of(self.as_dict(), prediction)

    def winkler(self, known, share):
        """Return the mean interval score of rows: width, and a fine for each target outside.

        References
        ----------
        R. L. Winkler, JASA 67, 1972; T. Gneiting, A. E. Raftery, JASA 102, 2007.
        """
        low, high = self.at(known.prediction)
        outside = np.maximum(low - known.y, 0) + np.maximum(known.y - high, 0)
        return float(np.average(high - low + 2 / (1 - share) * outside, weights=known.mass))

    def as_dict(self):
        """Return what a bundle answers intervals by."""
        facts = {"low": self.low, "high": self.high}
        facts = {name: end if math.isfinite(end) else None for name, end in facts.items()}
        return {"kind": "interval"} | facts | {"knots": self.knots.tolist(), "scales": self.scales.tolist()}


def _scales(prediction, error):
    """Return places of predictions, in order, and the median absolute error around each."""
    count = max(1, min(BINS, prediction.size // FEWEST))
    bins = np.searchsorted(np.quantile(prediction, np.arange(1, count) / count), prediction, side="right")
    whole = float(np.median(error)) or float(error.mean()) or 1.0
    inside = [bins == place for place in np.unique(bins)]
    scales = [max(float(np.median(error[one])), whole / 10) for one in inside]
    return [float(prediction[one].mean()) for one in inside], scales
