"""What is taken where the budget did not last for one trial: the folds that ended, or else the best baseline."""

import math
from dataclasses import replace

import numpy as np

from mesic.evaluation import scoring
from mesic.findings import Finding
from mesic.runs.state import Experiment
from mesic.runs.taking import Pool
from mesic.training.attempting import Asked, trial_of
from mesic.training.budget import Budget
from mesic.training.folds import OutOfFold, in_folds, of_folds
from mesic.training.mean import mean_of
from mesic.training.search import Searched

CUT_SHORT = "BUDGET-TOO-SMALL"
SPARE = 1.5  # a budget that is asked for holds so many times what a trial and a final fit seem to take


def pool_without_trials(run: Experiment, searched: Searched, budget: Budget) -> Pool:
    """Return what can be taken although no trial is complete, and say so."""
    assert searched.cut is not None
    seconds = searched.cut.trial.fit_s
    folds = searched.cut.folds
    if folds and all(np.isfinite(fold.losses).all() for fold in folds):
        return _folds_that_ended(run, searched, folds, seconds, budget)
    return pool_of_baseline(run, searched, _shortage(run, seconds, budget))


def _folds_that_ended(
    run: Experiment, searched: Searched, folds: tuple[OutOfFold, ...], seconds: float, budget: Budget
) -> Pool:
    """Take the models of the folds that ended; everything out of fold is told of the rows that these validated.

    From here on the run is one whose splitter gave these folds only.
    """
    cut, found = searched.trials[-1], of_folds(run.dataset, folds)
    ended = np.unique(found.fold).tolist()
    trial = trial_of(Asked(cut.number, cut.params), found, seconds)
    run.attempts.models.hear(trial, found)
    run.found = {name: in_folds(run.dataset, other, ended) for name, other in run.found.items()}
    every = len(run.split.folds)
    run.split = replace(run.split, folds=tuple(run.split.folds[fold] for fold in ended))
    run.instead = replace(mean_of(found.models, [1.0] * len(ended)), threads=run.threads)
    seems = seconds * every / len(ended)
    message = (
        f"tuner.budget_s={budget.budget_s:g} lasted for {len(ended)} of the {every} folds of the first trial: the "
        f"model is the mean of what these left, each fitted on a part of the training rows, and its loss out of "
        f"fold is of {found.rows.size:,} rows"
    )
    evidence = {"folds": ended, "seconds": round(seconds, 3), "budget_s": budget.budget_s}
    run.record.find(Finding(CUT_SHORT, "warning", message, evidence, _more(seems, "would do")))
    reason = f"the {len(ended)} of {every} folds that ended within tuner.budget_s={budget.budget_s:g}"
    return Pool([trial], lambda _: found, {trial.number: run.recipe_of(trial.params)}, list(run.baselines), reason)


def _shortage(run: Experiment, seconds: float, budget: Budget) -> Finding:
    at_once, _ = run.recipe.side_by_side(len(run.split.folds))
    seems = seconds * math.ceil(len(run.split.folds) / at_once)
    message = (
        f"tuner.budget_s={budget.budget_s:g} did not last for one fit of learner={run.recipe.learner.name}, which took "
        f"longer than {seconds:.1f} s: the model is the best baseline"
    )
    evidence = {"folds": [], "seconds": round(seconds, 3), "budget_s": budget.budget_s}
    return Finding(CUT_SHORT, "warning", message, evidence, _more(seems, "at the very least"))


def _more(seconds: float, how_sure: str) -> str:
    return f"tuner.budget_s={math.ceil(SPARE * seconds)} {how_sure}, or a learner that is faster"


def pool_of_baseline(run: Experiment, searched: Searched | None, finding: Finding) -> Pool:
    """Return the best baseline, as the one thing that can be taken."""
    run.record.find(finding)
    name = scoring.best_baseline({name: run.found[name].loss for name in run.baselines})
    found, number = run.found[name], len(searched.trials) if searched else max(run.members) + 1
    run.instead = run.fitted[name]
    trial = trial_of(Asked(number, {}), found, 0.0)
    reason = f"the best baseline, {name}, for there is no model of learner={run.recipe.learner.name}"
    return Pool([trial], lambda _: found, {number: run.baselines[name]}, [], reason)
