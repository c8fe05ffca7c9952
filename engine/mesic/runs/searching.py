"""The stage ``search``: options inside the budget, the zone of solutions, what is taken from it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mesic.config.settings import Zone
from mesic.data.identity import array_digest
from mesic.host.building import build
from mesic.report.charts import zone_chart
from mesic.runs import plan, tables
from mesic.runs.files import json_digest, write_json, write_text
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.runs.state import MAIN, SINGLE, Experiment, part_of
from mesic.runs.timeline import Activity
from mesic.runs.trials import Attempts
from mesic.training.folds import losses_by_row
from mesic.training.preferences import all_that_can_be_taken, preference_facts
from mesic.training.search import Budget, Rules, limits_of, search, search_space
from mesic.training.variance import second_look
from mesic.training.zone import Trial, estimate_zone
from mesic.training.zone_findings import edge_findings, zone_findings


def search_zone(run: Experiment, activity: Activity) -> None:
    """Search options inside the budget, estimate the zone of solutions, choose from it."""
    tuner_part, own, shared = plan.tuner_of(run.registry, run.config)
    learner = run.recipe.learner
    space = search_space(learner.offer.component, learner.options, shared["space"])
    start = {name: learner.options[name] for name in space}
    seed = stage_seed(run.config["seed"], "search")
    tuner = build(tuner_part.offer, {**own, "space": space, "start": start}, seed=seed)
    run.budget = Budget(shared["trials"], shared["budget_s"])
    key = run.key("search", [tuner_part.name, own, str(space)])
    attempts = run.attempts = Attempts(run.folder, run.registry, key)
    trials = search(
        tuner,
        run.recipe_of,
        run.dataset,
        run.split.folds,
        run.budget,
        kept=attempts,
        between=run.between("search"),
        rules=Rules(
            standard_errors=max(2.0, 1.0 + run.config["zone"]["standard_errors"]),
            look=second_look(run.split, run.dataset, stage_rng(run.config["seed"], "variance")),
        ),
    )
    attempts.write(trials)
    run.record.find(*attempts.findings)
    run.digests["trials"] = json_digest([trial.as_dict() for trial in trials])
    _take_from_zone(run, trials, attempts, space)
    activity.rows_in = activity.rows_out = run.split.train.size
    tried = {
        "tried": len(trials),
        "failed": sum(t.state == "failed" for t in trials),
        "pruned": sum(t.state == "pruned" for t in trials),
        "tuner": tuner_part.name,
    }
    run.record.add(trials=tried)


def _take_from_zone(run: Experiment, trials: list[Trial], attempts: Attempts, space: Mapping[str, Any]) -> None:
    weight = part_of(run.dataset.weight, np.unique(run.found[plan.ZERO_RULE].rows))
    settings = Zone(**run.config["zone"])
    zone = estimate_zone(trials, run.found[plan.ZERO_RULE].loss, settings, weight)
    members = [trial for trial in trials if trial.number in set(zone["members"])]
    taken = all_that_can_be_taken(members, attempts.load, run.dataset)
    run.taken = taken.get(settings.prefer, taken["best"])
    run.members = {trial.number: run.recipe_of(trial.params) for trial in members}
    rng = stage_rng(run.config["seed"], "preferences")
    zone |= {
        "loss": "squared error" if run.dataset.task == "regression" else "log loss",
        "prefer": run.taken.name,
        "reason": run.taken.reason,
        "taken": {str(number): count for number, count in run.taken.counts.items()},
        "preferences": preference_facts(taken, run.taken.name, run.dataset, level=run.config["interval"], rng=rng),
    }
    run.found[MAIN] = run.taken.found
    run.found[SINGLE] = attempts.load(zone["chosen"])
    run.recipe = run.members[zone["chosen"]]
    best = next(trial for trial in trials if trial.number == zone["best"])
    assert best.losses is not None
    baselines = {name: losses_by_row(run.found[name].rows, run.found[name].losses) for name in run.baselines}
    run.record.find(
        *edge_findings(zone, space, limits_of(run.recipe.learner.offer.component)),
        *zone_findings(zone, best.losses, baselines, weight),
    )
    write_json(run.folder / "zone.json", zone)
    write_text(run.folder / "zone.svg", zone_chart(zone))
    columns = tables.out_of_fold_columns(run.dataset, run.found[MAIN])
    tables.write_parquet(run.folder / "oof.parquet", columns)
    run.digests["out_of_fold"] = array_digest(run.found[MAIN].prediction, run.found[MAIN].losses)
    run.record.add(zone=zone)
