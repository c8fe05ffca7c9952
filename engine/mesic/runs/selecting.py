"""The stage ``selection``: what selectors chose, examined."""

from mesic.runs import plan
from mesic.runs.seeds import stage_rng
from mesic.runs.state import SINGLE, Experiment
from mesic.runs.timeline import Activity
from mesic.training import examination


def examine_selection(run: Experiment, activity: Activity) -> None:
    """Set the choice beside all columns and univariate control, and let selectors choose again on halves."""
    if not run.recipe.selectors:  # a baseline stands in for what could not be fitted
        return
    control = plan.named_part(run.registry, run.config, "selector", plan.UNIVARIATE)
    given = [(part.name, dict(part.options)) for part in run.recipe.selectors]
    others = {examination.ALL_COLUMNS: run.recipe.with_selectors(())}
    if given != [(control.name, dict(control.options))]:
        others[f"{plan.UNIVARIATE} control"] = run.recipe.with_selectors([control])
    level, rng = run.config["interval"]["level"], stage_rng(run.config["seed"], "selection")
    found = examination.beside(
        run.recipe,
        run.found[SINGLE],
        others,
        run.dataset,
        run.split.folds,
        level=level,
        rng=rng,
        between=run.between("selection"),
    )
    halves = examination.again_on_halves(
        run.recipe,
        run.dataset,
        run.split.train,
        run.config["selection"]["subsamples"],
        level=level,
        rng=rng,
        between=run.between("selection"),
    )
    loss = run.record.facts["zone"]["loss"]
    run.record.find(*examination.cost_findings(found, loss))
    run.record.add(selection={"beside": found, "loss": loss, "stability": halves})
    activity.rows_in = activity.rows_out = run.split.train.size
