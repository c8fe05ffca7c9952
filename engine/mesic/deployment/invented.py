"""Rows that are nobody's: made of what a pipeline says itself, so that they may go wherever it goes."""

from typing import Any

import numpy as np

from mesic.bundle.bundle import Bundle
from mesic.bundle.inputs import Input
from mesic.deployment.landmarks import landmarks
from mesic.deployment.reference import reference_answers

MISSING, TRIES = 0.15, 20
FIRST_DAY, LAST_DAY = np.datetime64("1971-01-01"), np.datetime64("2099-01-01")
TEXTS = ("late again", "fine, thanks", "Größe 42 – Ärger", "one two three", "0")


def invented_rows(bundle: Bundle, count: int = 24) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return rows that keep every rule, and what the bundle answers: the same for the same bundle.

    Numbers lie on, between and beside thresholds, edges and knots, levels are those that were seen; no cell of the
    data is among them, unless the pipeline itself tells it.

    Parameters
    ----------
    bundle
        Whose columns they have.
    count
        How many are wanted; there are fewer where rules leave no more.
    """
    rng = np.random.default_rng([int(bundle.digest[:15], 16), 24])
    marks = landmarks(bundle)
    made = [
        {one.name: _cell(one, marks.get(one.name, np.empty(0)), rng) for one in bundle.inputs}
        for _ in range(TRIES * count)
    ]
    answers = reference_answers(bundle, made)
    kept = [(row, answer) for row, answer in zip(made, answers, strict=True) if _is_plain(answer)][:count]
    return [row for row, _ in kept], [answer for _, answer in kept]


def _is_plain(answer: dict[str, Any]) -> bool:
    """Return whether a row is answered, in numbers that JSON has."""
    return "error" not in answer and all(isinstance(v, str) or bool(np.isfinite(v)) for v in answer.values())


def _cell(own: Input, marks: np.ndarray, rng: np.random.Generator) -> Any:
    if not own.refuses_missing and rng.random() < MISSING:
        return None
    if own.reading == "boolean":
        return float(rng.integers(2))
    if own.reading == "time":
        first = int(np.clip(np.ceil(own.low), FIRST_DAY.astype(int), LAST_DAY.astype(int) - 1))
        last = int(np.clip(np.floor(own.high), first, LAST_DAY.astype(int) - 1))
        return str(rng.integers(first, last + 1).astype("datetime64[D]"))
    if own.reading == "number":
        return _number(own, marks, rng)
    known = own.levels or TEXTS
    return str(known[int(rng.integers(len(known)))])


def _number(own: Input, marks: np.ndarray, rng: np.random.Generator) -> float:
    """Return a number between or beside what a pipeline compares with."""
    ends = [end for end in (own.low, own.high) if np.isfinite(end)]
    known = np.concatenate([marks, ends]) if marks.size + len(ends) else np.array([-1.0, 0.0, 1.0])
    first, second = rng.choice(known, 2)
    share = float(rng.choice([0.0, 0.5, rng.random()]))
    return float(np.clip(first + share * (second - first), own.low, own.high))
