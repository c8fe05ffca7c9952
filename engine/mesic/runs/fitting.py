"""The stage ``fit``: what was taken from the zone, fitted on all training rows."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mesic.findings import Finding
from mesic.runs import facts, tables
from mesic.runs.state import MAIN, Experiment
from mesic.runs.timeline import Activity
from mesic.training import examination
from mesic.training.costs import BATCH_ROWS, costs_of
from mesic.training.fitted import Fitted
from mesic.training.folds import cross_fit, final_fit
from mesic.training.mean import fitted_mean
from mesic.training.selection import Choice


def fit(run: Experiment, activity: Activity) -> None:
    """Fit the chosen recipe, and the baselines, on all training rows."""
    run.between("fit")(MAIN)
    model = run.fitted[MAIN] = _model(run)
    for name, recipe in run.baselines.items():
        run.between("fit")(name)
        run.fitted[name] = final_fit(recipe, run.dataset, run.split.train)
    run.costs = costs_of(model, run.dataset.X.iloc[run.split.train[:BATCH_ROWS]])
    run.record.add(costs=run.costs.facts())
    run.digests["steps"] = {f"{n:02d}-{step.op}": step.digest() for n, step in enumerate(model.steps)}
    activity.rows_in = activity.rows_out = run.split.train.size
    why = run.record.facts["zone"]["reason"]
    run.record.find(*model.findings)
    run.record.add(model=facts.model_facts(run.recipe, model, why, run.digests["steps"]))
    _keep_choices(run, model.choices)


def _model(run: Experiment) -> Fitted:
    """Return what was taken from the zone: a trial fitted on all training rows, or the mean of several.

    Folds in the order of time leave the latest rows to none of their models, so these do not count.
    """
    view = run.dataset.view(run.split.train)
    if not run.taken.is_mean:
        return run.recipe.fit(view)
    folds_of = (lambda _: ()) if run.split.by == "time" else partial(fold_models, run)
    mean = fitted_mean(run.taken.counts, folds_of, lambda number: run.members[number].fit(view))
    choices = tuple(run.recipe.choices(view)) if mean.choices else ()
    return replace(mean, threads=run.threads, choices=choices)


def fold_models(run: Experiment, number: int) -> tuple[Fitted, ...]:
    """Return the models that a trial of the zone left in its folds."""
    recipe, between = run.members[number], run.between("fit")
    return run.attempts.models.of(number, lambda: cross_fit(recipe, run.dataset, run.split.folds, between))


def _keep_choices(run: Experiment, choices: Sequence[Choice]) -> None:
    """Write down which columns the final fit's selectors kept, and why."""
    if not choices:
        return
    run.record.find(*_of_sampler(run, choices), *(finding for choice in choices for finding in choice.findings))
    run.record.add(
        selection={
            **run.record.facts.get("selection", {}),
            "choices": [examination.choice_facts(choice) for choice in choices],
        }
    )
    tables.write_parquet(run.folder / "selection.parquet", tables.selection_columns(choices))


def _of_sampler(run: Experiment, choices: Sequence[Choice]) -> list[Finding]:
    """Warn of rows that were made before columns were chosen."""
    made = (run.record.facts.get("sample") or {}).get("made")
    if not made or not run.recipe.selectors:
        return []
    names = ", ".join(dict.fromkeys(choice.selector for choice in choices))
    message = f"sampler={run.recipe.sampler.name} made {made:,} rows before selector=[{names}] chose among columns"
    fix = "rows made from others repeat what noise says of them: choose columns with sampler=everything"
    return [Finding("SAMPLER-BEFORE-SELECTOR", "warning", message, {"made": made}, fix)]
