"""What comes after the model: a calibrator and a threshold, learned from answers out of fold.

What is told of them out of fold is nested: each fold's answers are calibrated and decided by what the other folds say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mesic.bundle.answers import decided
from mesic.bundle.portable import ANSWERS
from mesic.bundle.step import PortableStep
from mesic.data.view import Dataset
from mesic.decision.cuts import Scored
from mesic.decision.rules import Chosen, Rule, by_expected_cost, choose
from mesic.errors import ComponentError
from mesic.evaluation.losses import example_losses
from mesic.evaluation.resampling import coded
from mesic.findings import Finding
from mesic.host.building import build
from mesic.training.folds import OutOfFold
from mesic.training.part import Part

CALIBRATING = tuple(op for op in ANSWERS if op != "decide")
Calibrate = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[PortableStep, tuple[Finding, ...]]]


@dataclass(frozen=True)
class Learned:
    """What was learned from some rows.

    Parameters
    ----------
    steps
        For the end of the pipeline, in order.
    chosen
        What the rule chose, or None without one.
    findings
        Of the calibrator.
    """

    steps: tuple[PortableStep, ...]
    chosen: Chosen | None = None
    findings: tuple[Finding, ...] = ()

    def answers(self, p: np.ndarray) -> np.ndarray:
        """Return probabilities as the steps make them, shape (n, k)."""
        for step in self.steps:
            p = ANSWERS[step.op](step)(p)
        return p


@dataclass(frozen=True)
class Settled:
    """What comes after a model, and what is told of it out of fold.

    Parameters
    ----------
    whole
        Learned from all rows that were predicted out of fold.
    found
        Their predictions, those of each fold as the other folds calibrate them; None where no fold has others.
    codes
        Which class is answered for these, by the thresholds of the other folds, shape (m,).
    """

    whole: Learned
    found: OutOfFold | None
    codes: np.ndarray | None


class Calibrator(Protocol):
    """Makes probabilities mean what they say.

    Attributes
    ----------
    step_ : PortableStep
        After a fit: what it learned, by one of the words ``log_odds``, ``isotonic``, ``temperature``.
    """

    step_: PortableStep

    def fit(self, p: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> "Calibrator":
        """Learn from probabilities (n, k) that were given before the class codes y (n,) were known."""
        ...


def calibration_by(part: Part, task: str) -> Calibrate:
    """Return what fits a calibrator on probabilities, class codes and weights, and describes it."""

    def calibrate(p: np.ndarray, y: np.ndarray, weight: np.ndarray) -> tuple[PortableStep, tuple[Finding, ...]]:
        made = build(part.offer, part.options, task=task)
        fitted = made.fit(p, y, sample_weight=weight)
        step = getattr(fitted, "step_", None)
        if not isinstance(step, PortableStep) or step.op not in CALIBRATING:
            raise ComponentError(
                f"{part.offer.address} of {part.offer.provider} has no portable form: after fit, step_ must be a "
                f"PortableStep of one of {', '.join(CALIBRATING)}"
            )
        return step, tuple(getattr(fitted, "findings_", ()))

    return calibrate


def settle(
    found: OutOfFold, dataset: Dataset, *, calibrate: Calibrate | None, rule: Rule | None, in_time: bool
) -> Settled:
    """Learn what comes after a model.

    Parameters
    ----------
    found
        What the model predicted out of fold.
    dataset
        All rows.
    calibrate
        Fits a calibrator, or None.
    rule
        Chooses a threshold, or None.
    in_time
        Whether folds stand in the order of time: then only earlier ones say what is done with a fold.
    """
    rows = _scored(found, dataset)
    others = _others(found, in_time=in_time)

    def calibrated(inside: np.ndarray) -> Learned:
        if calibrate is None:
            return Learned(())
        step, findings = calibrate(found.prediction[inside], rows.y[inside], rows.weight[inside])
        return Learned((step,), None, findings)

    by_fold = {fold: calibrated(inside) for fold, inside in others.items()}
    rows = replace(rows, stated=_stated(found, by_fold))

    def with_rule(learned: Learned, inside: np.ndarray) -> Learned:
        chosen = _choose(rule, rows.taken(inside), learned.answers(found.prediction[inside]))
        return replace(learned, steps=learned.steps + ((chosen.step,) if chosen and chosen.step else ()), chosen=chosen)

    everything = np.ones(found.rows.size, dtype=bool)
    whole = with_rule(calibrated(everything), everything)
    nested = _nested(found, dataset, {fold: with_rule(by_fold[fold], inside) for fold, inside in others.items()})
    return Settled(whole, *nested)


def _scored(found: OutOfFold, dataset: Dataset) -> Scored:
    """Return the rows as thresholds see them; rows that several folds predict count once together."""
    _, place, times = np.unique(found.rows, return_inverse=True, return_counts=True)
    weight = 1 / times[place] if dataset.weight is None else dataset.weight[found.rows] / times[place]
    unit = found.rows if dataset.groups is None else dataset.groups[found.rows]
    stated = found.prediction[:, 1]
    return Scored(stated, dataset.y[found.rows], weight, coded(unit), stated, times[place])


def _others(found: OutOfFold, *, in_time: bool) -> dict[int, np.ndarray]:
    """Return which predictions say what is done with a fold: those of other folds, of rows that are not in it."""
    told = {}
    for fold in np.unique(found.fold):
        inside = found.fold < fold if in_time else found.fold != fold
        inside &= ~np.isin(found.rows, found.rows[found.fold == fold])  # repeated folds predict these, too
        if inside.any():
            told[int(fold)] = inside
    return told


def _stated(found: OutOfFold, by_fold: Mapping[int, Learned]) -> np.ndarray:
    """Return the probability of the second class as the other folds calibrate it, shape (m,)."""
    stated = found.prediction[:, 1].copy()
    for fold, learned in by_fold.items():
        own = found.fold == fold
        stated[own] = learned.answers(found.prediction[own])[:, 1]
    return stated


def _choose(rule: Rule | None, rows: Scored, answers: np.ndarray) -> Chosen | None:
    if rule is None:
        return None
    if rule.name == "cost" and answers.shape[1] > 2:
        assert rule.costs is not None
        return by_expected_cost(rule.costs)
    return choose(rule, replace(rows, p=answers[:, 1]))


def _nested(
    found: OutOfFold, dataset: Dataset, by_fold: Mapping[int, Learned]
) -> tuple[OutOfFold | None, np.ndarray | None]:
    """Return the answers of each fold as others make them; None where no fold has others."""
    if not by_fold:
        return None, None
    prediction, codes = found.prediction.copy(), np.zeros(found.rows.size, dtype=np.int64)
    for fold, learned in by_fold.items():
        own = found.fold == fold
        prediction[own] = learned.answers(found.prediction[own])
        codes[own] = decided(learned.steps, prediction[own])
    told = np.isin(found.fold, list(by_fold))
    rows, prediction = found.rows[told], prediction[told]
    losses = example_losses(dataset.task, dataset.y[rows], prediction)
    weight = None if dataset.weight is None else dataset.weight[rows]
    loss = float(np.average(losses, weights=weight))
    nested = replace(found, rows=rows, fold=found.fold[told], prediction=prediction, losses=losses, loss=loss)
    return nested, codes[told]


def described(step: PortableStep) -> Mapping[str, Any]:
    """Return what a small step says, for people."""
    sizes = {name: array.size for name, array in step.arrays.items()}
    return {
        "op": step.op,
        **{name: array.tolist() for name, array in step.arrays.items() if max(sizes.values()) <= 20},
    }
