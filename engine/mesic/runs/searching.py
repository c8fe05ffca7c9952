"""The stage ``search``: options inside the budget, the zone of solutions, what is taken from it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesic.host.building import build
from mesic.runs import plan
from mesic.runs.files import json_digest
from mesic.runs.narrating import Narrated, progress_of
from mesic.runs.seeds import stage_seed
from mesic.runs.shortage import pool_without_trials
from mesic.runs.stages import Store
from mesic.runs.state import Experiment
from mesic.runs.taking import Pool, take_from_zone
from mesic.runs.timeline import Activity
from mesic.runs.trials import Attempts
from mesic.training.affordable import left_out_finding, too_dear
from mesic.training.budget import Budget
from mesic.training.constraints import refuse_unmet
from mesic.training.making import Making
from mesic.training.mean import FITS
from mesic.training.progress import progress_findings
from mesic.training.search import Searched, search
from mesic.training.stopping import Rest

if TYPE_CHECKING:
    from mesic.runs.journal import Journal


def search_zone(run: Experiment, activity: Activity) -> None:
    """Search options inside the budget, estimate the zone of solutions, choose from it."""
    tuner_part, own, shared = plan.tuner_of(run.registry, run.config)
    finals = FITS if run.config["zone"]["prefer"] == "mean" else 1
    at_once, _ = run.recipe.side_by_side(len(run.split.folds))
    turns = (len(run.split.folds) + 1) / at_once
    budget = Budget(shared["trials"], shared["budget_s"], finals=finals, turns=turns, replay=run.replay)
    key = run.key("search", [tuner_part.name, own, run.space.facts(), shared["beside"]])
    left_out = _left_out(run, budget, key)
    space = run.space.without(left_out)
    starts = space.starts(run.recipe)
    seed = stage_seed(run.config["seed"], "search")
    given = {**own, "space": space.spans, "starts": starts}
    tuner = build(tuner_part.offer, given, seed=seed, objectives=1 + len(shared["beside"]))
    attempts = run.attempts = Attempts(run.folder, run.registry, key, _journal(run, starts))
    kept = Narrated(attempts, run, progress_of(run))
    making = Making(run.attempting, run.dataset, budget, kept, space, run.found[plan.ZERO_RULE].loss)
    searched = search(tuner, making, rest=Rest(shared["patience"], shared["plateau"]), beside=shared["beside"])
    attempts.write(searched.trials)
    refuse_unmet(searched.finished)
    run.record.find(*attempts.findings)
    run.digests["trials"] = json_digest([trial.as_dict() for trial in searched.finished])
    take_from_zone(run, _pool(run, searched, budget))
    activity.rows_in = activity.rows_out = run.split.train.size
    states = [trial.state for trial in searched.finished]
    counts = {"failed": states.count("failed"), "pruned": states.count("pruned"), "cut": int(searched.cut is not None)}
    replay = searched.replay(left_out)
    progress = _progress(run, searched)
    run.record.find(*progress_findings(progress, searched.ended))
    about = {"tuner": tuner_part.name, "ended": searched.ended, "replay": replay.facts(), "progress": progress}
    run.record.add(trials={"tried": len(states), **counts, **about})
    run.left_s = budget.left_s()


def _left_out(run: Experiment, budget: Budget, key: str) -> tuple[str, ...]:
    """Return the learners that there is no time for, and say so; a run that is taken up leaves out the same."""
    name, store = f"left-out-{key[:16]}", Store(run.folder / "stages")
    budget_s = budget.budget_s if len(run.space.learners) > 1 else None
    known = None if budget_s is None else store.load(name)
    if known is not None:
        names = tuple(known[0]["learners"])
    else:
        names = too_dear(run.space, run.space.starts(run.recipe), budget, run.attempting.first_fold_s)
    if budget_s is not None:
        store.save(name, {"learners": list(names)}, {})
        run.record.find(*left_out_finding(names, budget_s))
    return names


def _progress(run: Experiment, searched: Searched) -> dict[str, Any] | None:
    """Return how the search went, from its first trial on, also where it was taken up again."""
    run.so_far, told = "", progress_of(run)
    for trial in searched.finished:
        told.hear(trial)
    return told.facts(searched.finished)


def _journal(run: Experiment, starts: Sequence[Mapping[str, Any]]) -> "Journal | None":
    if not plan.is_search(run.registry, run.config):
        return None
    from mesic.runs.journal import Journal

    return Journal(run.folder, run.space.every_span(), starts)


def _pool(run: Experiment, searched: Searched, budget: Budget) -> Pool:
    if searched.is_empty:
        return pool_without_trials(run, searched, budget)
    recipes = {trial.number: run.recipe_of(trial.params) for trial in searched.trials if trial.losses is not None}
    return Pool(searched.trials, run.attempts.load, recipes, list(run.baselines))
