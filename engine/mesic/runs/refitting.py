"""Fits on halves of the training rows, scored on the test rows: what the procedure, not this model, would reach."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mesic.bundle.answers import decided
from mesic.bundle.step import PortableStep
from mesic.data.view import Dataset
from mesic.errors import MemoryLimitReached, message_of
from mesic.evaluation.procedure import FEWEST_REFITS, of_procedure
from mesic.findings import Finding
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.runs.state import MAIN, Experiment, part_of
from mesic.training.fold_fit import fit_whole
from mesic.training.mean import fitted_mean, followed_by
from mesic.training.prepared import PreparedFolds, most_bytes

STRETCHES = 50


@dataclass
class Refits:
    """What came of the fits: predictions of the test rows, and why others failed."""

    predictions: list[np.ndarray] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def score_procedure(run: Experiment) -> None:
    """Add to the record's scores those of the procedure, where ``interval.refit`` asks for them."""
    asked = run.config["interval"]
    run.record.add(refits=None)
    if not asked["refit"]:
        return
    if run.instead is not None:
        run.record.find(_not_made(asked["refits"], 0, "the model stands in for a recipe that could not be fitted"))
        return
    refits = _refitted(run, asked["refits"], asked["refit_s"])
    made = len(refits.predictions)
    run.record.add(refits={"asked": asked["refits"], "made": made, "failed": len(refits.failures)})
    if made < asked["refits"]:
        why = refits.failures[0] if refits.failures else "interval.refit_s was used up"
        run.record.find(_not_made(asked["refits"], made, why))
    if made >= FEWEST_REFITS:
        run.record.facts["scores"]["procedure"] = _scores(run, refits.predictions)


def _not_made(asked: int, made: int, why: str) -> Finding:
    message = f"{made} of {asked} fits on halves of the training rows were made: {why}"
    if made < FEWEST_REFITS:
        message += "; there are no intervals of the procedure"
    fix = "a larger interval.refit_s, or null, if it is the clock"
    return Finding("FEW-REFITS", "warning", message, {"asked": asked, "made": made}, fix)


def _refitted(run: Experiment, number: int, seconds: float | None) -> Refits:
    refits, until = Refits(), None if seconds is None else time.monotonic() + seconds
    rng = stage_rng(run.config["seed"], "halves of the procedure")
    halves = halves_of(run.dataset, run.split.train, run.split.by == "time", rng)
    X = run.dataset.X.iloc[run.split.test]
    for place in range(number):
        if until is not None and time.monotonic() >= until:
            break
        run.between("evaluate")(f"fit {place + 1} of {number} on half of the training rows")
        half = next(halves)
        try:
            refits.predictions.append(_fitted(run, half, place).predictor()(X))
        except MemoryLimitReached:
            raise
        except Exception as error:  # noqa: BLE001 - half of the rows may break a learner that all of them do not
            refits.failures.append(f"{type(error).__name__}: {message_of(error)}")
    return refits


def halves_of(dataset: Dataset, train: np.ndarray, is_ordered: bool, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield halves of training rows without end, drawn without replacement: groups whole, or half of each class.

    Where parts are in the order of time, fifty stretches of it are kept whole.
    """
    units, strata = np.arange(train.size), np.zeros(train.size, dtype=np.int64)
    if dataset.groups is not None:
        units = np.unique(dataset.groups[train], return_inverse=True)[1]
    elif is_ordered and dataset.time is not None:
        units = np.empty(train.size, dtype=np.int64)
        units[np.argsort(dataset.time[train], kind="stable")] = np.arange(train.size) * STRETCHES // train.size
    elif dataset.classes:
        strata = dataset.y[train]
    stratum = np.zeros(units.max() + 1, dtype=np.int64)
    stratum[units] = strata
    while True:
        place = np.empty(stratum.size)
        for one in np.unique(stratum):
            members = np.flatnonzero(stratum == one)
            place[members] = (rng.permutation(members.size) + 0.5) / members.size
        yield train[(place < 0.5 + 0.25 / stratum.size)[units]]


def _fitted(run: Experiment, half: np.ndarray, place: int) -> Any:
    kept = PreparedFolds(most_bytes(run.config["resources"]["memory_mb"]))
    seed = stage_seed(run.config["seed"], f"half {place} of the procedure")

    def models_of(number: int) -> list[Any]:
        copies = range(run.fits.get(number, 1))
        recipes = [replace(run.members[number], seed=seed, copy=copy) for copy in copies]
        return [fit_whole(recipe, run.dataset, half, kept) for recipe in recipes]

    return followed_by(replace(fitted_mean(run.taken.counts, models_of), threads=run.threads), _after(run))


def _after(run: Experiment) -> tuple[PortableStep, ...]:
    """Return what comes after the model: calibrator and threshold stay as they are."""
    return run.settled[MAIN].whole.steps if MAIN in run.settled else ()


def _scores(run: Experiment, predictions: list[np.ndarray]) -> list[dict[str, Any]]:
    test, found = run.split.test, []
    y, weight, groups = run.dataset.y[test], part_of(run.dataset.weight, test), part_of(run.dataset.groups, test)
    for score, metric in zip(run.record.facts["scores"]["test"], run.metrics.values(), strict=True):
        answers = [decided(_after(run), p) if metric.needs == "label" else p for p in predictions]
        again = [metric.score(y, answer, weight, groups) for answer in answers]
        found.append(of_procedure(score, again, metric.bounds))
    return found
