"""Of which rows a model is sure: a number a row, and what a bundle is told so that it answers only these."""

import numpy as np
from scipy import special

from mesic_plugins.evaluators.conformal_scores import Intervals, Known

MIDDLE = 1e-9  # a threshold that is no farther from 0.5 is none
STEPS, LEAST = 80, 1e-12


def doubts_of(view, known):
    """Return what ranks rows of a task; `known` are rows that models did not see."""
    if view.task == "regression":
        return UsualErrors(known)
    turn = turning_point(view.decide) if view.task == "binary" else None
    if turn is None or abs(turn - 0.5) < MIDDLE:
        return AnsweredShares(view.decide)
    return Distances(turn)


def turning_point(decide):
    """Return from which probability of the second of two classes on it is answered; None where one always is.

    Examples
    --------
    >>> round(turning_point(lambda p: (p[:, 1] >= 0.3).astype(int)), 12)
    0.3
    """
    low, high = 0.0, 1.0
    if _answer(decide, low) == _answer(decide, high):
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _answer(decide, middle) else (middle, high)
    return high


def _answer(decide, p):
    return int(decide(np.array([[1 - p, p]]))[0])


class AnsweredShares:
    """Sure is who gives the class that is answered a high probability."""

    words = "the probability of the class that is answered"

    def __init__(self, decide):
        self.decide = decide

    def sureness(self, prediction):
        """Return how sure each answer is, shape (n,)."""
        return prediction[np.arange(len(prediction)), self.decide(prediction)]

    def key(self, cut):
        """Return what `mesic serve` and `mesic predict` are told, so that rows below the cut are not answered."""
        return {"abstain_below": float(cut)}


class Distances:
    """Sure is whose probability is far from the threshold, in log odds."""

    words = "how far the probability lies from the threshold, in log odds"

    def __init__(self, turn):
        self.turn = turn

    def sureness(self, prediction):
        """Return how sure each answer is, shape (n,)."""
        p = np.clip(prediction[:, 1], LEAST, 1 - LEAST)
        return np.abs(special.logit(p) - special.logit(self.turn))

    def key(self, cut):
        """Return the two probabilities between which rows are not answered."""
        middle = special.logit(self.turn)
        low, high = float(special.expit(middle - cut)), float(special.expit(middle + cut))
        return {"abstain_between": [low, high]} if low < high else {}


class UsualErrors:
    """Sure is where numbers that were predicted so were not far off."""

    words = "the usual error at such a prediction, out of fold, the smallest first"

    def __init__(self, known):
        mass = np.ones(len(known)) if known.weight is None else known.weight.astype(float)
        of = Known(known.prediction, known.y, mass, float(mass.mean()))
        self.intervals = Intervals.fitted(of, 0.9, is_scaled=True)

    def sureness(self, prediction):
        """Return how sure each answer is, shape (n,)."""
        return -self.intervals.scale(prediction)

    def key(self, cut):  # noqa: ARG002 - as those of classes
        """Return nothing: widths of intervals are of whoever calibrates them."""
        return {}
