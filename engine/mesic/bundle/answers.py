"""Operators on answers: probabilities that are made to mean what they say, and which class is answered.

Each function reads its step once and returns what is called for the probabilities, shape (n, k), of every batch.
``params["classes"]`` is k.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mesic.bundle.step import PortableStep

Answer = Callable[[np.ndarray], np.ndarray]
SMALLEST = 1e-9  # no finite number of rows tells a probability from a smaller one


def log_odds(step: PortableStep) -> Answer:
    """Return ``sigmoid(coef[0] ln(p) - coef[1] ln(1 - p) + intercept)`` of a class, with ``coef`` (m, 2).

    ``m`` is 1 for two classes, and then about the second one; else k, and the results are made to sum to 1.
    """
    coef, intercept = step.arrays["coef"], step.arrays["intercept"]

    def one(place: int, p: np.ndarray) -> np.ndarray:
        p = np.clip(p, SMALLEST, 1 - SMALLEST)
        score = coef[place, 0] * np.log(p) - coef[place, 1] * np.log1p(-p) + intercept[place]
        with np.errstate(over="ignore"):  # exp(-score) may be infinite; its probability is 0
            return np.asarray(1 / (1 + np.exp(-score)))

    return _class_by_class(one, len(intercept))


def isotonic(step: PortableStep) -> Answer:
    """Return what straight lines between knots say of a class's probability, and nothing new beyond the last ones.

    The knots of a class are ``x[start[j]:start[j + 1]]``, ascending, and ``y`` of the same places. Of two classes the
    second alone has knots; of more all have, and the results are made to sum to 1.
    """
    start, x, y = (step.arrays[name] for name in ("start", "x", "y"))

    def one(place: int, p: np.ndarray) -> np.ndarray:
        knots = slice(start[place], start[place + 1])
        return np.asarray(np.interp(p, x[knots], y[knots]))

    return _class_by_class(one, len(start) - 1)


def temperature(step: PortableStep) -> Answer:
    """Return probabilities to the power of one over ``temperature`` (1,), made to sum to 1."""
    power = 1 / float(step.arrays["temperature"][0])

    def run(p: np.ndarray) -> np.ndarray:
        score = np.log(np.clip(p, SMALLEST, None)) * power
        odds = np.exp(score - score.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    return run


def decide(step: PortableStep) -> Answer:  # noqa: ARG001 - as every operator
    """Return the probabilities as they are; :func:`decided` reads from the step which class is answered."""
    return lambda p: p


def decided(steps: Sequence[PortableStep], p: np.ndarray) -> np.ndarray:
    """Return the class codes that a pipeline answers for probabilities of shape (n, k), int64 of shape (n,).

    Without a step ``decide`` that is the most probable class, the first of equals. With ``threshold`` (1,) it is the
    second of two classes from there on; with ``costs`` (k, k), a row a class and a column an answer, what costs least.

    Examples
    --------
    >>> p = np.array([[0.7, 0.3], [0.4, 0.6]])
    >>> step = PortableStep("decide", {"classes": 2}, {"threshold": np.array([0.2])})
    >>> decided([step], p).tolist(), decided([], p).tolist()
    ([1, 1], [0, 1])
    """
    arrays = steps[-1].arrays if steps and steps[-1].op == "decide" else {}
    if "threshold" in arrays:
        return np.asarray(p[:, 1] >= arrays["threshold"][0], dtype=np.int64)
    if "costs" in arrays:
        return np.asarray(_expected(p, arrays["costs"]).argmin(axis=1))
    return np.asarray(p.argmax(axis=1))


def _expected(p: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the expected cost of each answer, shape (n, k), added class by class: alike in every batch."""
    total = np.zeros(p.shape)
    for code, own in enumerate(costs):
        total += p[:, code, np.newaxis] * own
    return total


def _class_by_class(one: Callable[[int, np.ndarray], np.ndarray], count: int) -> Answer:
    if count == 1:
        return lambda p: _of_two(one(0, p[:, 1]))
    return lambda p: _shares(np.stack([one(place, p[:, place]) for place in range(count)], axis=1))


def _of_two(second: np.ndarray) -> np.ndarray:
    return np.stack([1 - second, second], axis=1)


def _shares(each: np.ndarray) -> np.ndarray:
    """Return rows that sum to 1; one of nothing but zeros knows nothing."""
    total = each.sum(axis=1, keepdims=True)
    even = np.full(each.shape, 1 / max(each.shape[1], 1))
    return np.where(total > 0, each / np.where(total > 0, total, 1), even)
