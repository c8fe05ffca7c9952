"""The stage ``decide``: a calibrator and a threshold, learned from what was predicted out of fold."""

from typing import Any

import numpy as np

from mesic.config.settings import Threshold
from mesic.data.identity import array_digest
from mesic.decision.money import cost_matrix, has_costs
from mesic.decision.promise import ENDLESS
from mesic.decision.rules import Rule
from mesic.decision.settling import Settled, calibration_by, described, settle
from mesic.errors import UsageError
from mesic.evaluation.comparison import paired_difference
from mesic.findings import Finding
from mesic.runs import plan, tables
from mesic.runs.seeds import stage_rng
from mesic.runs.state import MAIN, Experiment, part_of
from mesic.runs.timeline import Activity
from mesic.training.folds import OutOfFold, losses_by_row
from mesic.training.mean import followed_by

WHAT = {"precision": "positive answers that are right", "recall": "positive rows that are answered so"}


def is_asked(config: plan.Config) -> bool:
    """Return whether a calibrator or a threshold is wanted."""
    return bool(config.get("calibrator")) or threshold_of(config).rule is not None


def threshold_of(config: plan.Config) -> Threshold:
    """Return the settings of the threshold; a configuration of earlier days has none."""
    return Threshold(**(config.get("threshold") or {}))


def costs_of_answers(config: plan.Config, classes: tuple[str, ...]) -> np.ndarray | None:
    """Return what answers cost, shape (k, k), or None where nothing is said."""
    return cost_matrix(config.get("costs") or {}, classes)


def refuse_decision(config: plan.Config, task: str, classes: tuple[str, ...]) -> None:
    """Refuse what does not serve the task, before anything is learned.

    Raises
    ------
    UsageError
        A calibrator, a threshold or costs of answers that this task has no use for.
    """
    rule, calibrator = threshold_of(config).rule, config.get("calibrator")
    if calibrator and task == "regression":
        raise UsageError(
            f"calibrator={calibrator['name']} is for probabilities, and a regression task has none: take it out"
        )
    if rule is not None and task == "regression":
        raise UsageError(f"threshold.rule={rule} decides between classes, and a regression task has none: take it out")
    if rule not in (None, "cost") and task == "multiclass":
        raise UsageError(
            f"threshold.rule={rule} is for two classes, and here are {len(classes)}: give threshold.rule=cost with "
            "costs.matrix, or none"
        )
    if has_costs(config.get("costs") or {}) and task == "regression":
        raise UsageError("costs of answers are for classes, and a regression task has none: take them out of costs")
    costs_of_answers(config, classes)


def decide(run: Experiment, activity: Activity) -> None:
    """Put a calibrator and a threshold behind the model, and a threshold behind each baseline, by the same rule."""
    task, found = run.dataset.task, run.found[MAIN]
    calibrate = None
    if run.config.get("calibrator"):
        calibrate = calibration_by(plan.part_of(run.registry, run.config, "calibrator"), task)
    rule, in_time = _rule(run), run.split.by == "time"
    run.undecided = run.fitted[MAIN]
    about: dict[str, Any] = {"rule": rule, "in_time": in_time}
    run.settled = {MAIN: settle(found, run.dataset, calibrate=calibrate, **about)}
    if rule is not None:
        run.settled |= {name: settle(run.found[name], run.dataset, calibrate=None, **about) for name in run.baselines}
    for name, settled in run.settled.items():
        run.fitted[name] = followed_by(run.fitted[name], settled.whole.steps)
    _tell(run, found, run.settled[MAIN])
    activity.rows_in = activity.rows_out = found.rows.size


def _rule(run: Experiment) -> Rule | None:
    settings = threshold_of(run.config)
    if settings.rule is None:
        return None
    rows = run.split.test.size if settings.rows is None else min(settings.rows, ENDLESS)
    return Rule(settings, costs_of_answers(run.config, run.dataset.classes), rows)


def _tell(run: Experiment, before: OutOfFold, settled: Settled) -> None:
    """Write down what was learned, and let everything that is told out of fold be of the answers as they are now."""
    model = run.fitted[MAIN]
    run.digests["steps"] = {f"{n:02d}-{step.op}": step.digest() for n, step in enumerate(model.steps)}
    run.record.facts["model"]["steps"] = [{"name": n, "digest": digest} for n, digest in run.digests["steps"].items()]
    run.record.find(*settled.whole.findings, *promise_findings(settled))
    if settled.found is not None and settled.codes is not None:
        run.record.find(*_worse(run, before, settled.found))
        run.found[MAIN] = settled.found
        columns = tables.out_of_fold_columns(run.dataset, settled.found, settled.codes)
        tables.write_parquet(run.folder / "oof.parquet", columns)
        run.digests["out_of_fold"] = array_digest(settled.found.prediction, settled.found.losses, settled.codes)
    run.record.add(decision=_facts(run, settled))


def _facts(run: Experiment, settled: Settled) -> dict[str, Any]:
    facts: dict[str, Any] = {"is_told_out_of_fold": settled.found is not None}
    if run.config.get("calibrator"):
        part = plan.part_of(run.registry, run.config, "calibrator")
        facts["calibration"] = {"calibrator": part.name, **described(settled.whole.steps[0])}
    if settled.whole.chosen is not None:
        facts["threshold"] = {"rule": threshold_of(run.config).rule, **settled.whole.chosen.facts}
    return facts


def promise_findings(settled: Settled) -> list[Finding]:
    """Say so when no threshold keeps what is asked, what is the best that can be promised, and what it would take."""
    chosen = settled.whole.chosen
    promise = chosen.facts.get("promise") if chosen else None
    if not promise or promise["is_reached"]:
        return []
    of, best, needed = promise["of"], promise["best"], promise["rows_needed"]
    said = f"no threshold promises a {of} of {promise['at_least']:.1%} with confidence {promise['confidence']:.0%} "
    said += f"for the next {promise['rows']:,} rows, from {promise['chosen_from']:,} rows predicted out of fold"
    can = "nothing can be promised" if best is None else f"the best that can be promised is {best:.1%}"
    at = "" if best is None else f", from a probability of {promise['best_threshold']:.3g} on"
    more = "more rows alone would not do" if needed is None else f"about {needed:,} rows would do"
    message = f"{said}: {can}{at}; {more}; the most probable class is answered instead, without a promise"
    reach = "more rows" if needed is not None else "better columns"
    fix = f"threshold.at_least={best:.3f}, {reach}, or a larger threshold.rows" if best else f"{reach}, or another rule"
    return [Finding("PROMISE-OUT-OF-REACH", "block", message, promise, fix)]


def _worse(run: Experiment, before: OutOfFold, after: OutOfFold) -> list[Finding]:
    """Say so when calibrating costs more than its interval, out of fold."""
    if not run.config.get("calibrator"):
        return []
    inside = np.isin(before.fold, np.unique(after.fold))
    rows = np.unique(after.rows)
    change = paired_difference(
        losses_by_row(after.rows, after.losses),
        losses_by_row(before.rows[inside], before.losses[inside]),
        weight=part_of(run.dataset.weight, rows),
        groups=part_of(run.dataset.groups, rows),
        level=run.config["interval"]["level"],
        rng=stage_rng(run.config["seed"], "decide"),
    )
    low, high, value = change["low"], change["high"], change["value"]
    if low is None or high is None or value is None or low <= 0:
        return []
    name = run.config["calibrator"]["name"]
    message = f"calibrator={name} makes the log loss worse out of fold, by {value:.4g} ({low:.4g} to {high:.4g})"
    fix = "leave the calibrator out, or take one that bends less: isotonic bends most, temperature least"
    return [Finding("CALIBRATION-COSTS", "warning", message, dict(change), fix)]
