"""What became of calibrator, threshold and costs on rows that decided nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mesic.decision.curves import curves_of
from mesic.decision.money import PER, Money
from mesic.decision.reliability import change_of
from mesic.evaluation.comparison import paired_difference
from mesic.evaluation.losses import example_losses
from mesic.evaluation.metrics import Metric
from mesic.evaluation.scoring import best_baseline, find_score, scores_of
from mesic.findings import Finding
from mesic.host.building import build
from mesic.runs import plan
from mesic.runs.deciding import costs_of_answers, threshold_of
from mesic.runs.seeds import stage_rng
from mesic.runs.state import MAIN, Experiment, part_of
from mesic.runs.together import together
from mesic.training.folds import OutOfFold

PROBABILITY_METRICS = ("calibration_error", "log_loss", "brier")
LABEL_METRICS = ("precision", "recall")


def tell_decision(run: Experiment, predictions: Mapping[str, np.ndarray], answered: Mapping[str, np.ndarray]) -> None:
    """Add to the record what the test part says of the decisions.

    Parameters
    ----------
    run
        Whose test part was opened.
    predictions
        Probabilities by name, of the test rows.
    answered
        Class codes by name.
    """
    if not run.dataset.classes:
        return
    facts: dict[str, Any] = dict(run.record.facts.get("decision") or {})
    losses = example_losses(run.dataset.task, run.dataset.y[run.split.test], predictions[MAIN])
    if "calibration" in facts:
        facts["calibration"] |= _calibration(run, predictions[MAIN], run.taken.found, losses)
    if "threshold" in facts:
        facts["threshold"] |= _threshold(run, answered, losses)
        run.record.find(*broken_promise(facts["threshold"]))
    if run.dataset.task == "binary":
        marked = (facts.get("threshold") or {}).get("threshold")
        y, p = run.dataset.y[run.split.test], predictions[MAIN][:, 1]
        facts["curves"] = curves_of(y, p, marked=marked, **_about(run, run.split.test, "curves", losses))
    if money := _money(run, answered, predictions[MAIN].argmax(axis=1), losses):
        facts["money"] = money
    run.record.add(decision=facts)


def _about(run: Experiment, rows: np.ndarray, what: str, losses: np.ndarray) -> dict[str, Any]:
    """Return what comparisons on some rows take."""
    return {
        "weight": part_of(run.dataset.weight, rows),
        **together(run, rows, losses).for_losses(),
        "level": run.config["interval"]["level"],
        "rng": stage_rng(run.config["seed"], what),
    }


def _scored(
    run: Experiment, metrics: Mapping[str, Metric], codes: np.ndarray, losses: np.ndarray
) -> list[dict[str, Any]]:
    """Return scores of what is answered of the test rows, as those of the record are made."""
    test = run.split.test
    return scores_of(
        metrics,
        run.dataset.y[test],
        codes,
        labels=codes,
        weight=part_of(run.dataset.weight, test),
        **together(run, test, losses).for_scores(),
        **plan.interval_of(run.config),
        rng=stage_rng(run.config["seed"], "intervals of test"),
    )


def _metrics(run: Experiment, names: tuple[str, ...]) -> dict[str, Metric]:
    parts = [plan.named_part(run.registry, run.config, "metric", name) for name in names]
    return {part.name: build(part.offer, part.options, task=run.dataset.task) for part in parts}


def _calibration(run: Experiment, after: np.ndarray, before: OutOfFold, losses: np.ndarray) -> dict[str, Any]:
    """Return scores before and after, and how they changed, on test rows and out of fold."""
    metrics, test = _metrics(run, PROBABILITY_METRICS), run.split.test
    raw = run.undecided.predictor()(run.dataset.X.iloc[test])
    told = {"test": change_of(metrics, run.dataset.y[test], raw, after, **_about(run, test, "calibration", losses))}
    found = run.settled[MAIN].found
    if found is not None:
        inside = np.isin(before.fold, np.unique(found.fold))
        about = _about(run, found.rows, "calibration out of fold", found.losses)
        about["groups"] = found.rows if about["groups"] is None and found.is_repeated else about["groups"]
        y = run.dataset.y[found.rows]
        told["out_of_fold"] = change_of(metrics, y, before.prediction[inside], found.prediction, **about)
    return told


def _threshold(run: Experiment, answered: Mapping[str, np.ndarray], losses: np.ndarray) -> dict[str, Any]:
    """Return what the threshold does on test rows, and the thresholds of the baselines."""
    names = LABEL_METRICS if run.dataset.task == "binary" else ()
    facts: dict[str, Any] = {"positive": run.dataset.classes[1]} if names else {}
    facts["test"] = _scored(run, _metrics(run, names), answered[MAIN], losses)
    facts["answered"] = np.bincount(answered[MAIN], minlength=len(run.dataset.classes)).tolist()
    others = {name: settled.whole.chosen for name, settled in run.settled.items() if name != MAIN}
    facts["baselines"] = {name: chosen.facts["threshold"] for name, chosen in others.items() if chosen}
    return facts


def broken_promise(threshold: Mapping[str, Any]) -> list[Finding]:
    """Say so when test rows do not keep what was promised, and whether chance can be why."""
    promise = threshold.get("promise")
    if not promise or not promise["is_reached"]:
        return []
    score = find_score(threshold["test"], promise["of"])
    value, low, high = score["value"], score["low"], score["high"]
    if value is None or np.isnan(value) or value >= promise["at_least"]:
        return []
    span = "no interval" if low is None or high is None else f"{low:.1%} to {high:.1%}"
    is_chance = high is not None and high >= promise["at_least"]
    message = (
        f"the {promise['of']} on test rows is {value:.1%} ({span}), and {promise['at_least']:.1%} was promised with "
    )
    message += f"confidence {promise['confidence']:.0%}; " + (
        "that may be chance" if is_chance else "chance is not why"
    )
    fix = (
        "a larger threshold.confidence"
        if is_chance
        else "look whether test rows are of another kind: SPLIT-SHIFT, time"
    )
    return [Finding("PROMISE-BROKEN", "warning", message, {**promise, "score": dict(score)}, fix)]


def _money(
    run: Experiment, answered: Mapping[str, np.ndarray], plain: np.ndarray, losses: np.ndarray
) -> dict[str, Any] | None:
    """Return what 1,000 rows cost, the model's beside the baselines', and what it saves against the best of these."""
    costs = costs_of_answers(run.config, run.dataset.classes)
    if costs is None:
        return None
    money, test = Money(costs), run.split.test
    y, about = run.dataset.y[test], _about(run, test, "money", losses)
    scored = {name: _scored(run, {"money": money}, codes, losses)[0] for name, codes in answered.items()}
    most_probable = None
    if run.settled and not np.array_equal(plain, answered[MAIN]):
        most_probable = _scored(run, {"money": money}, plain, losses)[0]
    best = best_baseline({name: _cost_out_of_fold(run, name, money) for name in run.baselines})
    own, other = money.each(y, answered[MAIN]), money.each(y, answered[best])
    return {
        "unit": (run.config.get("costs") or {}).get("unit") or "",
        "per": PER,
        "costs": costs.tolist(),
        "classes": list(run.dataset.classes),
        "rule": threshold_of(run.config).rule,
        "model": scored[MAIN],
        "most_probable": most_probable,
        "baselines": {name: scored[name] for name in run.baselines},
        "against": best,
        "saved": dict(paired_difference(other, own, **about)),
    }


def _cost_out_of_fold(run: Experiment, name: str, money: Money) -> float:
    """Return what a baseline cost out of fold, by which the best one is chosen."""
    settled = run.settled.get(name)
    if settled is not None and settled.found is not None and settled.codes is not None:
        rows, codes = settled.found.rows, settled.codes
    else:
        rows, codes = run.found[name].rows, run.found[name].prediction.argmax(axis=1)
    return money.score(run.dataset.y[rows], codes, part_of(run.dataset.weight, rows))
