"""What a bundle answers beside its prediction: intervals or sets that hold the target as often as they promise."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

FILE = "coverage.json"
LOW, HIGH, SET = "prediction_low", "prediction_high", "prediction_set"
SMALLEST = 1e-12
Answer = Mapping[str, Any]


def intervals_of(answer: Answer, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of intervals around predictions, each of shape (n,).

    Parameters
    ----------
    answer
        ``low`` and ``high`` times the scale at the prediction are added to it; the scale runs straight between
        ``scales`` (b) at ``knots`` (b) and stays the same beyond them. None for an end that is not bounded.
    prediction
        Values, shape (n,).

    Examples
    --------
    >>> answer = {"kind": "interval", "low": -1.0, "high": 2.0, "knots": [4.0, 6.0], "scales": [1.0, 3.0]}
    >>> [end.tolist() for end in intervals_of(answer, np.array([3.0, 5.0]))]
    [[2.0, 3.0], [5.0, 9.0]]
    """
    scale = np.interp(prediction, answer["knots"], answer["scales"])
    low, high = answer["low"], answer["high"]
    return (
        prediction + scale * (-np.inf if low is None else low),
        prediction + scale * (np.inf if high is None else high),
    )


def class_scores(score: str, p: np.ndarray) -> np.ndarray:
    """Return how little each class belongs into the set, shape (n, k).

    Parameters
    ----------
    score
        ``lac``: one less the class's probability. ``aps``: the probability of all likelier classes and half of its own;
        the half stands for the draw of the original, so that an answer is always the same.
    p
        Probabilities, shape (n, k).

    References
    ----------
    M. Sadinle, J. Lei, L. Wasserman, Least Ambiguous Set-Valued Classifiers, JASA 114, 2019; Y. Romano, M. Sesia, E.
    Candes, Classification with Valid and Adaptive Coverage, NeurIPS 2020.

    Examples
    --------
    >>> class_scores("aps", np.array([[0.5, 0.2, 0.3]])).round(2).tolist()
    [[0.25, 0.9, 0.65]]
    """
    if score == "lac":
        return 1 - p
    order = np.argsort(-p, axis=1, kind="stable")
    ordered = np.take_along_axis(p, order, axis=1)
    scores = np.empty_like(p)
    np.put_along_axis(scores, order, np.cumsum(ordered, axis=1) - ordered / 2, axis=1)
    return scores


def sets_of(answer: Answer, p: np.ndarray) -> np.ndarray:
    """Return which classes each row's set holds, bool of shape (n, k); the likeliest whatever the threshold.

    Examples
    --------
    >>> p = np.array([[0.5, 0.2, 0.3]])
    >>> [sets_of({"score": s, "threshold": t}, p).tolist() for s, t in (("aps", 0.7), ("lac", 0.3))]
    [[[True, False, True]], [[True, False, False]]]
    """
    held = np.asarray(class_scores(answer["score"], p) <= answer["threshold"] + SMALLEST)
    held[np.arange(len(p)), p.argmax(axis=1)] = True
    return held


def columns_of(answer: Answer, classes: Sequence[str], scores: np.ndarray) -> dict[str, Any]:
    """Return ``prediction_low`` and ``prediction_high`` of numbers, or ``prediction_set``, labels as a JSON list.

    Examples
    --------
    >>> columns_of({"kind": "set", "score": "lac", "threshold": 0.6}, ("no", "yes"), np.array([[0.5, 0.5], [0.9, 0.1]]))
    {'prediction_set': ['["no", "yes"]', '["no"]']}
    """
    if answer["kind"] == "interval":
        low, high = intervals_of(answer, scores)
        return {LOW: low, HIGH: high}
    labels = [json.dumps(label, ensure_ascii=False) for label in classes]
    return {SET: ["[" + ", ".join(_chosen(labels, row)) + "]" for row in sets_of(answer, scores)]}


def _chosen(labels: Sequence[str], row: np.ndarray) -> list[str]:
    return [label for label, is_held in zip(labels, row, strict=True) if is_held]


def answer_of(evaluations: Mapping[str, Mapping[str, Any]]) -> Answer | None:
    """Return what evaluators told a bundle to answer: the first ``answer`` of a known kind, or None."""
    answers = [found.get("answer") for found in evaluations.values()]
    known = [answer for answer in answers if isinstance(answer, Mapping) and answer.get("kind") in ("interval", "set")]
    return known[0] if known else None
