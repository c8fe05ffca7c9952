"""The first stages: the table read, divided, audited, and predicted by baselines."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from mesic.audit.auditing import Asking, ask, audit
from mesic.audit.keeping import CachedAsking
from mesic.bundle import packing
from mesic.bundle.beside import refuse_taken_names
from mesic.data.account import Entry
from mesic.data.availability import read_columns
from mesic.errors import UsageError
from mesic.host.building import build
from mesic.partition.proof import partition
from mesic.runs import facts, plan, tables
from mesic.runs.deciding import refuse_decision
from mesic.runs.reading import rows_of
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.runs.state import Experiment
from mesic.runs.timeline import Activity
from mesic.training.attempting import Attempting, Here
from mesic.training.fitted import Fitted
from mesic.training.folds import OutOfFold, cross_fit, final_fit
from mesic.training.part import Part
from mesic.training.recipe import Recipe
from mesic.training.sampling import is_even, is_whole, sample_facts
from mesic.training.variance import second_look
from mesic.workers.messages import Table

T = TypeVar("T")
FEW_ROWS = 200


def read(run: Experiment, activity: Activity) -> None:
    """Read the source, type its columns, prepare target and roles."""
    rows = rows_of(run.config, run.registry, run.cache)
    run.raw, run.schema, run.account = rows.raw, rows.schema, rows.account
    run.dataset, run.aside = rows.dataset, rows.aside
    activity.rows_in, activity.rows_out = rows.rows, len(run.dataset)
    run.schema.save(run.folder / "schema.yaml")
    run.record.find(*rows.findings)
    run.digests["data"] = rows.digest
    data = facts.data_facts(run.config["source"], rows, run.dataset)
    if rows.snapshot is not None:
        data["snapshot"] = rows.snapshot
    run.record.add(data=data, row_account=run.account.as_dict())
    task, classes = run.dataset.task, len(run.dataset.classes)
    run.recipe = plan.recipe_of(
        run.registry, run.config, task=task, classes=classes, threads=run.threads, cache=run.cache
    )
    run.recipe.refuse_bounds([str(name) for name in run.dataset.X])
    plan.refuse_unread_text(run.recipe, run.dataset)
    refuse_taken_names(map(str, run.dataset.X), run.dataset.classes)
    plan.refuse_unknown_columns(run.registry, run.config, facts.columns_of(run.schema, [*run.dataset.X, *run.aside]))
    refuse_decision(run.config, task, run.dataset.classes)
    run.metrics = plan.metrics_of(run.registry, run.config, task)
    run.record.facts["primary"] = next(iter(run.metrics))


def divide(run: Experiment, activity: Activity) -> None:
    """Divide the rows, prove the parts, write them down; of the raw rows only those of the bundle are kept."""
    part = plan.part_of(run.registry, run.config, "splitter")
    splitter = build(part.offer, part.options)
    seed = stage_seed(run.config["seed"], "partition")
    run.split, proof, findings = kept(
        run, "partition", [seed], [part], lambda: partition(splitter, run.dataset, seed=seed)
    )
    run.record.find(*findings)
    run.digests["partition"] = proof["digest"]
    tables.write_parquet(run.folder / "partition.parquet", tables.partition_columns(run.dataset, run.split))
    activity.rows_in, activity.rows_out = len(run.dataset), run.split.train.size
    why = f"splitter={part.name} puts them in neither part"
    run.account.add(Entry("partition", "", "left out", why, rows=run.split.left_out.size))
    run.record.facts["row_account"] = run.account.as_dict()
    run.record.add(partition=facts.partition_facts(part.name, run.dataset, run.split, proof))
    run.record.refuse_leaks()
    run.recipe.refuse_transformers(run.dataset.view(run.split.train[:FEW_ROWS]))
    _look_at_sample(run)
    target, rng = run.record.facts["data"]["target"], stage_rng(run.config["seed"], "bundle")
    names = read_columns(run.schema, [str(name) for name in run.dataset.X])
    run.sealed = packing.sealed_rows(run.raw, names, run.dataset, run.split, target, rng)
    del run.raw


def audit_rows(run: Experiment, activity: Activity) -> None:
    """Ask what is wrong with the data and its parts before anything is learned from them."""
    auditors = plan.parts_of(run.registry, run.config, "auditor")
    everything = plan.named_part(run.registry, run.config, "sampler", "everything")
    alone = run.recipe.plain(run.recipe.learner, everything)
    found = audit(
        auditors,
        run.dataset.without_texts(),
        run.schema,
        run.split,
        alone,
        plan.price_metric_of(run.registry, run.config, run.dataset.task),
        level=run.config["interval"]["level"],
        seed=run.config["seed"],
        asked=_asked(run, alone),
    )
    run.record.find(*found.findings)
    run.record.add(audits=found.answers)
    run.record.refuse_leaks()
    activity.rows_in = activity.rows_out = len(run.dataset)


def _asked(run: Experiment, alone: Recipe) -> Asking:
    """Return what asks an auditor, or takes what it has said of the same rows; where it priced, the learner counts."""
    if run.cache is None:
        return ask
    cache, inputs = run.cache, [run.dataset.identity, run.digests["partition"]]
    parts = [plan.price_part_of(run.registry, run.config, run.dataset.task), *alone.parts]
    return CachedAsking(cache, inputs, alone.facts(), parts)


def kept(run: Experiment, what: str, depends: Sequence[Any], parts: Sequence[Part], make: Callable[[], T]) -> T:
    """Return what a part of a stage makes of the run's rows, or what another run has made of the same ones."""
    if run.cache is None:
        return make()
    return run.cache.of(what, [run.dataset.identity, *depends], parts, make)


def _look_at_sample(run: Experiment) -> None:
    """Draw what the final fit will draw, and say what it is before anything is fitted."""
    view = run.dataset.view(run.split.train)
    sample = run.recipe.drawn(view)
    run.record.find(*sample.findings)
    for learner in plan.learners_of(run.registry, run.config):
        if not is_even(sample) and "weights" not in learner.traits:
            raise UsageError(
                f"sampler={run.recipe.sampler.name} lets rows count differently, but learner={learner.name} takes no "
                "weights: choose another of the two"
            )
    drawn = None
    if not is_whole(sample, view):
        drawn = sample_facts(sample, view, run.dataset.classes, run.config["interval"]["level"])
        drawn = {"sampler": run.recipe.sampler.name, **drawn}
        origin = run.dataset.origin[run.split.train]
        tables.write_parquet(run.folder / "sample.parquet", tables.sample_columns(sample, origin))
    run.record.add(sample=drawn)


def cross_fit_baselines(run: Experiment, activity: Activity) -> None:
    """Predict every training row with every baseline, out of fold, and fit it on all of them.

    Meanwhile the process for trials takes in the table.
    """
    run.space = plan.space_of(run.registry, run.config)
    run.attempting = _attempting(run)
    parts = plan.baselines_of(run.registry, run.config)
    plain = plan.named_part(run.registry, run.config, "sampler", "everything")
    run.baselines = {
        part.name: run.recipe.plain(part, plain) for part in parts if run.dataset.task in part.offer.component.tasks
    }
    for name, recipe in run.baselines.items():
        run.found[name], run.fitted[name] = _baseline(run, name, recipe)
    if run.workers is not None:
        run.workers.wait()  # the budget of the search is not for imports
    activity.rows_in = activity.rows_out = run.split.train.size


def _baseline(run: Experiment, name: str, recipe: Recipe) -> tuple[OutOfFold, Fitted]:
    """Return what a baseline predicts out of fold, and what it is when it has seen all training rows."""

    def make() -> tuple[OutOfFold, Fitted]:
        found = cross_fit(recipe, run.dataset, run.split.folds, run.between(name))
        return replace(found, models=()), final_fit(recipe, run.dataset, run.split.train)

    return kept(run, f"baseline {name}", [run.digests["partition"], recipe.facts()], recipe.parts, make)


def _attempting(run: Experiment) -> Attempting:
    """Return where trials are made: in the process that was started for them, or here."""
    look = second_look(run.split, run.dataset, stage_rng(run.config["seed"], "variance"))
    if run.workers is None:
        return Here(run.bench(look), run.between("search"))
    run.workers.give(Table(run.dataset, run.split.folds, run.split.train, look), run.between("search"))
    return run.workers
