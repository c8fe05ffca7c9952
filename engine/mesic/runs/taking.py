"""What is taken from the zone of solutions, and what is written of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from mesic.config.settings import Zone
from mesic.data.identity import array_digest
from mesic.report.charts import zone_chart
from mesic.runs import plan, tables
from mesic.runs.files import write_json, write_text
from mesic.runs.seeds import stage_rng
from mesic.runs.state import MAIN, SINGLE, Experiment, part_of
from mesic.training.folds import OutOfFold, losses_by_row
from mesic.training.optimism import optimism_of_best
from mesic.training.preferences import all_that_can_be_taken, preference_facts
from mesic.training.recipe import Recipe
from mesic.training.zone import Trial, estimate_zone, front_of
from mesic.training.zone_findings import edge_findings, zone_findings
from mesic.training.zone_width import width_of


@dataclass(frozen=True)
class Pool:
    """What can be taken from.

    Parameters
    ----------
    trials
        One of them complete, at least.
    load
        Returns what a complete trial predicted out of fold.
    recipes
        Of complete trials, by number.
    baselines
        Names of those that a trial is set beside.
    reason
        Why what is taken is taken; empty: as the zone says.
    within
        Numbers of those that there are models of; None: all can be fitted.
    """

    trials: Sequence[Trial]
    load: Callable[[int], OutOfFold]
    recipes: Mapping[int, Recipe]
    baselines: Sequence[str]
    reason: str = ""
    within: frozenset[int] | None = None

    def has(self, number: int) -> bool:
        """Return whether a trial can be taken."""
        return self.within is None or number in self.within


def take_from_zone(run: Experiment, pool: Pool) -> None:
    """Estimate the zone of solutions, choose from it, write both down."""
    rows = np.unique(run.found[plan.ZERO_RULE].rows)
    weight, groups = part_of(run.dataset.weight, rows), part_of(run.dataset.groups, rows)
    settings = Zone(**run.config["zone"])
    zone = estimate_zone(pool.trials, run.found[plan.ZERO_RULE].loss, settings, weight, groups)
    members = [trial for trial in pool.trials if trial.number in set(zone["members"])]
    skill = zone["baseline_loss"] - min(trial.loss for trial in members)
    members = [trial for trial in members if pool.has(trial.number)]
    takeable = [trial for trial in members if trial.number in set(zone["takeable"])] or members
    complete = [trial for trial in pool.trials if trial.losses is not None and trial.is_feasible]
    reachable = [trial for trial in complete if pool.has(trial.number)]
    is_searched = len(pool.trials) > 1
    taken = all_that_can_be_taken(members, reachable, takeable, pool.load, run.dataset, skill, is_searched=is_searched)
    run.pool = pool
    run.taken = taken.get(settings.prefer, taken["best"])
    run.taken = replace(run.taken, reason=pool.reason or run.taken.reason)
    run.members = {trial.number: pool.recipes[trial.number] for trial in complete}
    run.params = {trial.number: trial.params for trial in complete}
    run.seconds = {trial.number: trial.fit_s for trial in complete}
    rng = stage_rng(run.config["seed"], "preferences")
    zone |= {
        "width": width_of(zone, run.space.every_span()),
        "front": front_of(pool.trials, _beside(run)),
        "optimism": _optimism(run, pool.trials, weight, groups),
        "loss": "squared error" if run.dataset.task == "regression" else "log loss",
        "prefer": run.taken.name,
        "reason": run.taken.reason,
        "taken": {str(number): count for number, count in run.taken.counts.items()},
        "preferences": preference_facts(
            taken, run.taken.name, run.dataset, level=run.config["interval"]["level"], rng=rng
        ),
    }
    run.found[MAIN] = run.taken.found
    run.found[SINGLE] = pool.load(zone["chosen"])
    run.recipe = run.members[zone["chosen"]]
    best = next(trial for trial in pool.trials if trial.number == zone["best"])
    assert best.losses is not None
    baselines = {name: losses_by_row(run.found[name].rows, run.found[name].losses) for name in pool.baselines}
    run.record.find(
        *edge_findings(zone, run.space.every_span(), run.space.limits()),
        *zone_findings(zone, best.losses, baselines, weight),
    )
    write_json(run.folder / "zone.json", zone)
    write_text(run.folder / "zone.svg", zone_chart(zone))
    columns = tables.out_of_fold_columns(run.dataset, run.found[MAIN])
    tables.write_parquet(run.folder / "oof.parquet", columns)
    run.digests["out_of_fold"] = array_digest(run.found[MAIN].prediction, run.found[MAIN].losses)
    run.record.add(zone=zone)


def _beside(run: Experiment) -> list[str]:
    return list(plan.tuner_of(run.registry, run.config)[2]["beside"])


def _optimism(
    run: Experiment, trials: Sequence[Trial], weight: np.ndarray | None, groups: np.ndarray | None
) -> dict[str, Any] | None:
    """Return by how much the best trial's loss is too good, for it is the best of several."""
    losses = [trial.losses for trial in trials if trial.losses is not None]
    rng = stage_rng(run.config["seed"], "optimism")
    found = optimism_of_best(losses, weight=weight, groups=groups, level=run.config["interval"]["level"], rng=rng)
    return None if found is None else {**asdict(found), "trials": len(losses)}
