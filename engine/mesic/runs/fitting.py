"""The stage ``fit``: what was taken from the zone, fitted on all training rows."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mesic.findings import Finding, Severity
from mesic.runs import facts, tables
from mesic.runs.shortage import pool_of_baseline
from mesic.runs.state import MAIN, Experiment
from mesic.runs.taking import take_from_zone
from mesic.runs.timeline import Activity
from mesic.training import examination
from mesic.training.attempting import Here, NotFitted
from mesic.training.fitted import Fitted
from mesic.training.mean import fits_of, fitted_mean
from mesic.training.recipe import Recipe
from mesic.training.selection import Choice


def fit(run: Experiment, activity: Activity) -> None:
    """Fit what was chosen on all training rows."""
    run.between("fit")(MAIN)
    model = _model(run)
    run.fitted = {MAIN: model, **run.fitted}
    _end_process(run)
    run.digests["steps"] = {f"{n:02d}-{step.op}": step.digest() for n, step in enumerate(model.steps)}
    activity.rows_in = activity.rows_out = run.split.train.size
    why = run.record.facts["zone"]["reason"]
    run.record.find(*model.findings)
    about = facts.model_facts(_taken_recipes(run), model, why, run.digests["steps"])
    run.record.add(model=about | {"fits": {str(number): fits for number, fits in run.fits.items()}})
    _keep_choices(run, model.choices)


def _taken_recipes(run: Experiment) -> list[Recipe]:
    """Return the recipes of what was taken, that which counts most first."""
    counts = run.taken.counts
    return [run.members[number] for number in sorted(counts, key=lambda number: -counts[number])]


def _end_process(run: Experiment) -> None:
    """Give back the memory of the process for trials; what is fitted from here on is fitted here."""
    if run.workers is not None:
        run.workers.end()
    run.attempting = Here(run.bench(), run.between("evaluate"))


def _model(run: Experiment) -> Fitted:
    """Return what was taken from the zone, or what stands in its place."""
    if run.instead is not None:
        return run.instead
    until = None if run.left_s is None else time.monotonic() + run.left_s
    wholes: dict[int, Fitted] = {}
    try:
        return _fitted(run, until, wholes)
    except NotFitted as error:
        return _fitted_of_reachable(run, until, wholes, error)


def _fitted_of_reachable(run: Experiment, until: float | None, wholes: dict[int, Fitted], error: NotFitted) -> Fitted:
    """Take again, from those that there are models of: too little is left to fit another one."""
    within = frozenset({*wholes, *run.attempts.models.kept})
    if within & set(run.record.facts["zone"]["members"]):
        take_from_zone(run, replace(run.pool, within=within))
        return _fitted(run, until, wholes)
    # a run that was taken up again has no models of folds that were fitted before
    take_from_zone(run, pool_of_baseline(run, None, _no_model(run, error)))
    assert run.instead is not None
    return run.instead


def _fitted(run: Experiment, until: float | None, wholes: dict[int, Fitted]) -> Fitted:
    """Return what is taken, each trial fitted on all training rows, or else by the models of its folds.

    Those that count most are fitted first.
    """
    counts = run.taken.counts
    ranked = sorted(counts, key=lambda number: -counts[number])
    reason = ""
    for number in ranked:
        try:
            wholes[number] = wholes.get(number) or _whole(run, number, until)
        except NotFitted as error:
            reason = str(error)
    of_folds = {number: _models_of_all_rows(run, number, until) for number in ranked if number not in wholes}
    if of_folds:
        _tell_of_folds(run, list(of_folds), reason)
    fitted = {number: [wholes[number]] for number in ranked if number in wholes}
    if run.taken.is_mean:
        _fit_again(run, fitted, until)
        run.fits = {number: len(fits) for number, fits in fitted.items()}
    elif fitted:
        return wholes[ranked[0]]
    models: dict[int, Sequence[Fitted]] = {**fitted, **of_folds}
    return replace(fitted_mean(counts, models.__getitem__), threads=run.threads)


def _fit_again(run: Experiment, fitted: Mapping[int, list[Fitted]], until: float | None) -> None:
    """Fit what is taken with other seeds, as long as the seconds last, and where these make a difference."""
    wanted = fits_of(run.taken.counts) if run.replay is None else run.replay.fits
    for copy in range(1, max(wanted.values(), default=1)):
        for number in [number for number in fitted if wanted.get(number, 1) > copy == len(fitted[number])]:
            try:
                again = _whole(run, number, until, copy)
            except NotFitted:
                return
            if again.steps[-1].digest() != fitted[number][0].steps[-1].digest():
                fitted[number].append(again)


def _tell_of_folds(run: Experiment, numbers: Sequence[int], reason: str) -> None:
    which = f"trial {numbers[0]} was" if len(numbers) == 1 else f"{len(numbers)} trials of the mean were"
    message = f"{which} not fitted on all training rows: {reason}; the models of its folds are taken"
    message = message.replace("of its folds", "of their folds") if len(numbers) > 1 else message
    fix = "a larger tuner.budget_s, if it is the budget"
    severity: Severity = "warning" if len(numbers) == len(run.taken.counts) else "info"
    run.record.find(Finding("NO-FINAL-FIT", severity, message, {"trials": list(numbers)}, fix))


def _whole(run: Experiment, number: int, until: float | None, copy: int = 0) -> Fitted:
    """Return a trial fitted on all training rows; raise NotFitted where that does not come to an end in time."""
    _refuse_what_does_not_fit(run, number, until)
    whole = run.attempting.whole(run.params[number], until, copy)
    run.took += whole.took
    return whole


def _refuse_what_does_not_fit(run: Experiment, number: int, until: float | None) -> None:
    """Raise NotFitted where too little is left; a fit on all rows takes a fold's share of its trial, at least."""
    least = run.seconds[number] / len(run.split.folds)
    if until is not None and least > until - time.monotonic():
        raise NotFitted(f"it would take {least:.1f} s or more, beyond what is left of tuner.budget_s")


def _models_of_all_rows(run: Experiment, number: int, until: float | None) -> tuple[Fitted, ...]:
    """Return the models that stand for one of all rows; of folds in the order of time, the one of the latest rows."""
    models = fold_models(run, number, until)
    return models[-1:] if run.split.by == "time" else models


def fold_models(run: Experiment, number: int, until: float | None = None) -> tuple[Fitted, ...]:
    """Return the models that a trial of the zone left in its folds."""
    return run.attempts.models.of(number, lambda: run.attempting.folds(run.params[number], until))


def _no_model(run: Experiment, error: NotFitted) -> Finding:
    message = f"there is no model of learner={run.recipe.learner.name}: {error}; the model is the best baseline"
    return Finding("BUDGET-TOO-SMALL", "warning", message, {"folds": []}, "a larger tuner.budget_s")


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
