"""The stage ``evaluate``: the test part, opened once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.identity import array_digest
from mesic.evaluation import scoring
from mesic.evaluation.cautions import cautions_of
from mesic.evaluation.losses import example_losses
from mesic.evaluation.paired import paired_scores
from mesic.evaluation.view import EvaluationView, PredictedRows
from mesic.findings import Finding
from mesic.host.building import build
from mesic.runs import facts, plan, tables
from mesic.runs.decision_facts import tell_decision
from mesic.runs.files import json_digest
from mesic.runs.fitting import fold_models
from mesic.runs.opening import judge_test_part, open_test_part
from mesic.runs.refitting import score_procedure
from mesic.runs.seeds import stage_rng
from mesic.runs.state import MAIN, Experiment, part_of
from mesic.runs.timeline import Activity
from mesic.runs.together import Together, together
from mesic.training.costs import BATCH_ROWS, costs_of
from mesic.training.fitted import Predictor
from mesic.training.folds import OutOfFold
from mesic.training.mean import mean_of
from mesic.training.metering import fit_facts


def evaluate(run: Experiment, activity: Activity) -> None:
    """Open the test part, once: score model and baselines on it, ask the evaluators; what answers cost is measured."""
    run.costs = costs_of(run.fitted[MAIN], run.dataset.X.iloc[run.split.train[:BATCH_ROWS]])
    run.record.add(costs=run.costs.facts() | {"fit": fit_facts(run.took)})
    test, y = run.split.test, run.dataset.y[run.split.test]
    predictors = {name: fitted.predictor() for name, fitted in run.fitted.items()}
    predictions = {name: predict(run.dataset.X.iloc[test]) for name, predict in predictors.items()}
    losses = {name: example_losses(run.dataset.task, y, answer) for name, answer in predictions.items()}
    codes = {name: run.fitted[name].decided(p) for name, p in predictions.items()} if run.dataset.classes else {}
    columns = tables.prediction_columns(run.dataset, test, predictions[MAIN], losses[MAIN], codes=codes.get(MAIN))
    tables.write_parquet(run.folder / "test_predictions.parquet", columns)
    decided = [codes[MAIN]] if run.settled else []
    run.digests["test_predictions"] = array_digest(predictions[MAIN], losses[MAIN], *decided)
    open_test_part(run, array_digest(predictions[MAIN]))
    activity.rows_in = activity.rows_out = test.size
    _score(run, predictions, losses, codes)
    judge_test_part(run)
    tell_decision(run, predictions, codes)
    _ask_evaluators(run, _view(run, run.split.train, test, predictors[MAIN]))


def _score(
    run: Experiment,
    predictions: Mapping[str, np.ndarray],
    losses: Mapping[str, np.ndarray],
    codes: Mapping[str, np.ndarray],
) -> None:
    test = run.split.test
    drawn = together(run, test, losses[MAIN])
    inside = _scores_out_of_fold(run, run.found[MAIN])
    tables_of_scores = {
        name: _scores(run, test, answer, "test", drawn, labels=codes.get(name)) for name, answer in predictions.items()
    }
    baselines = [
        {"name": name, "summary": recipe.learner.offer.component.summary} | {"test": tables_of_scores[name]}
        for name, recipe in run.baselines.items()
    ]
    scores = {"out_of_fold": inside, "test": tables_of_scores[MAIN]}
    run.record.facts["scores"] = scores
    score_procedure(run)
    run.digests["scores"] = json_digest(scores)
    skill = _skill(run, losses, drawn)
    skill["advantage"] = _advantage(run, predictions, codes, skill["against"], drawn)
    run.record.add(baselines=baselines, skill=skill)
    errors = _error_findings(run, predictions[MAIN], drawn, codes.get(MAIN))
    run.record.find(*errors, *_cautions(run, losses[MAIN]))


def _cautions(run: Experiment, losses: np.ndarray) -> list[Finding]:
    return cautions_of(
        run.record.facts["scores"]["test"],
        run.dataset.y[run.split.test],
        losses,
        classes=run.dataset.classes,
        groups=part_of(run.dataset.groups, run.split.test),
    )


def _error_findings(
    run: Experiment, prediction: np.ndarray, drawn: Together, labels: np.ndarray | None
) -> list[Finding]:
    """Say so when the upper end of the error passes ``policy.max_error``."""
    bound, test = run.config["policy"]["max_error"], run.split.test
    if bound is None:
        return []
    part = plan.named_part(run.registry, run.config, "metric", "accuracy" if run.dataset.classes else "mae")
    metric = build(part.offer, part.options, task=run.dataset.task)
    (score,) = scoring.scores_of(
        {part.name: metric},
        run.dataset.y[test],
        prediction,
        weight=part_of(run.dataset.weight, test),
        **drawn.for_scores(),
        **plan.interval_of(run.config),
        rng=stage_rng(run.config["seed"], "intervals of test"),
        labels=labels,
    )
    return scoring.bound_findings(score, bound)


def _scores_out_of_fold(run: Experiment, found: OutOfFold) -> list[dict[str, Any]]:
    """Score what was predicted out of fold; predictions of one row by repeated folds stay together."""
    is_apart = run.dataset.groups is None and found.is_repeated
    drawn = Together(found.rows) if is_apart else together(run, found.rows, found.losses)
    settled = run.settled.get(MAIN)
    labels = settled.codes if settled is not None else None
    return _scores(run, found.rows, found.prediction, "out of fold", drawn, labels=labels)


def _scores(
    run: Experiment,
    rows: np.ndarray,
    prediction: np.ndarray,
    part: str,
    drawn: Together,
    *,
    labels: np.ndarray | None,
) -> list[dict[str, Any]]:
    return scoring.scores_of(
        run.metrics,
        run.dataset.y[rows],
        prediction,
        weight=part_of(run.dataset.weight, rows),
        **drawn.for_scores(),
        **plan.interval_of(run.config),
        rng=stage_rng(run.config["seed"], f"intervals of {part}"),
        labels=labels,
    )


def _skill(run: Experiment, losses: Mapping[str, np.ndarray], drawn: Together) -> dict[str, Any]:
    means = {name: run.found[name].loss for name in run.baselines}
    skill = scoring.skill_against(
        losses[MAIN],
        losses,
        scoring.best_baseline(means),
        weight=part_of(run.dataset.weight, run.split.test),
        **drawn.for_losses(),
        level=run.config["interval"]["level"],
        rng=stage_rng(run.config["seed"], "skill"),
    )
    run.record.find(*scoring.baseline_findings(skill, means))
    return skill | {"loss": run.record.facts["zone"]["loss"]}


def _aside(run: Experiment, rows: np.ndarray) -> pd.DataFrame:
    aside: pd.DataFrame = run.aside.iloc[run.dataset.origin[rows]]
    return aside


def _out_of_fold(run: Experiment) -> PredictedRows:
    """Return the training rows as models predicted them that did not see them."""
    found = run.found[MAIN]
    apart = found.rows if found.is_repeated else None
    return PredictedRows(
        X=run.dataset.X.iloc[found.rows],
        y=run.dataset.y[found.rows],
        prediction=found.prediction,
        losses=found.losses,
        weight=part_of(run.dataset.weight, found.rows),
        groups=apart if run.dataset.groups is None else run.dataset.groups[found.rows],
        time=part_of(run.dataset.time, found.rows),
        aside=_aside(run, found.rows),
    )


def _advantage(
    run: Experiment,
    predictions: Mapping[str, np.ndarray],
    codes: Mapping[str, np.ndarray],
    best: str,
    drawn: Together,
) -> dict[str, Any]:
    """Return by how much the primary metric is better than that of the best baseline, on the same test rows."""
    name, metric = next(iter(run.metrics.items()))
    answers = codes if metric.needs == "label" else predictions
    better, worse = (MAIN, best) if metric.greater_is_better else (best, MAIN)
    found = paired_scores(
        metric,
        run.dataset.y[run.split.test],
        answers[better],
        answers[worse],
        weight=part_of(run.dataset.weight, run.split.test),
        **drawn.for_losses(),
        level=run.config["interval"]["level"],
        rng=stage_rng(run.config["seed"], "advantage"),
    )
    return {"metric": name, **found}


def _view(run: Experiment, learned: np.ndarray, asked: np.ndarray, predict: Predictor) -> EvaluationView:
    """Return rows as evaluators see them, by a model that learned from others."""
    prediction = predict(run.dataset.X.iloc[asked])
    return EvaluationView(
        task=run.dataset.task,
        classes=run.dataset.classes,
        X=run.dataset.X.iloc[asked],
        y=run.dataset.y[asked],
        prediction=prediction,
        losses=example_losses(run.dataset.task, run.dataset.y[asked], prediction),
        origin=run.dataset.origin[asked],
        weight=part_of(run.dataset.weight, asked),
        groups=part_of(run.dataset.groups, asked),
        predict=predict,
        level=run.config["interval"]["level"],
        rng=stage_rng(run.config["seed"], "evaluators"),
        reference=run.dataset.view(learned),
        columns=facts.columns_of(run.schema, [*run.dataset.X, *run.aside]),
        costs=run.costs.columns,
        time=part_of(run.dataset.time, asked),
        aside=_aside(run, asked),
        out_of_fold=_out_of_fold(run),
        decide=predict.fitted.decided,
    )


def _validation_view(run: Experiment) -> EvaluationView:
    """Return the last fold's validation rows, by a model that learned from its fitting rows."""
    fit, validate = run.split.folds[-1]
    models = [fold_models(run, number)[-1] for number in run.taken.counts]
    return _view(run, fit, validate, mean_of(models, list(run.taken.counts.values())).predictor())


def _ask_evaluators(run: Experiment, view: EvaluationView) -> None:
    answers, inside = {}, None
    for part in plan.parts_of(run.registry, run.config, "evaluator"):
        if "validation" in part.traits:
            inside = _validation_view(run) if inside is None else inside
        asked = inside if inside is not None and "validation" in part.traits else view
        evaluation = build(part.offer, part.options).evaluate(asked)
        answers[part.name] = dict(evaluation.data)
        run.record.find(*evaluation.findings)
    run.record.add(evaluations=answers)
