"""The first stages: the table read, divided, audited, and predicted by baselines."""

from dataclasses import replace
from pathlib import Path

from mesic.audit.auditing import audit
from mesic.bundle import packing
from mesic.data.account import Entry
from mesic.data.aside import columns_aside
from mesic.data.availability import read_columns
from mesic.data.preparing import prepare
from mesic.data.reading import findings_of, read_table, type_table
from mesic.data.snapshot import keep
from mesic.errors import UsageError
from mesic.host.building import build
from mesic.partition.proof import partition
from mesic.runs import facts, plan, tables
from mesic.runs.deciding import refuse_decision
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.runs.state import Experiment
from mesic.runs.timeline import Activity
from mesic.training.attempting import Attempting, Here
from mesic.training.folds import cross_fit, final_fit
from mesic.training.sampling import is_even, is_whole, sample_facts
from mesic.training.variance import second_look
from mesic.workers.messages import Table

FEW_ROWS = 200


def read(run: Experiment, activity: Activity) -> None:
    """Read the source, type its columns, prepare target and roles."""
    source, declared = plan.source_of(run.registry, run.config)
    run.raw = read_table(source)
    typed = type_table(run.raw, declared, declared.get("target") or source.target)
    typed = replace(typed, schema=typed.schema.with_sensitive(run.config["policy"].get("sensitive") or ()))
    run.account = typed.account
    run.schema = typed.schema
    run.dataset, findings = prepare(typed, declared)
    run.aside = columns_aside(typed)
    activity.rows_in, activity.rows_out = typed.rows, len(run.dataset)
    typed.schema.save(run.folder / "schema.yaml")
    run.record.find(*findings_of(source), *typed.findings, *findings)
    run.digests["data"] = typed.digest
    data = facts.data_facts(run.config["source"], typed, run.dataset)
    if run.config["snapshot"]:
        data["snapshot"] = str(keep(Path(run.config["snapshot"]), run.raw, typed).folder)
    run.record.add(data=data, row_account=typed.account.as_dict())
    task, classes = run.dataset.task, len(run.dataset.classes)
    run.recipe = plan.recipe_of(run.registry, run.config, task=task, classes=classes, threads=run.threads)
    run.recipe.refuse_bounds([str(name) for name in run.dataset.X])
    plan.refuse_unread_text(run.recipe, run.dataset)
    plan.refuse_unknown_columns(run.registry, run.config, facts.columns_of(run.schema, [*run.dataset.X, *run.aside]))
    refuse_decision(run.config, task, run.dataset.classes)
    run.metrics = plan.metrics_of(run.registry, run.config, task)
    run.record.facts["primary"] = next(iter(run.metrics))


def divide(run: Experiment, activity: Activity) -> None:
    """Divide the rows, prove the parts, write them down; of the raw rows only those of the bundle are kept."""
    part = plan.part_of(run.registry, run.config, "splitter")
    splitter = build(part.offer, part.options)
    seed = stage_seed(run.config["seed"], "partition")
    run.split, proof, findings = partition(splitter, run.dataset, seed=seed)
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
    found = audit(
        auditors,
        run.dataset.without_texts(),
        run.schema,
        run.split,
        run.recipe.plain(run.recipe.learner, everything),
        plan.price_metric_of(run.registry, run.config, run.dataset.task),
        level=run.config["interval"]["level"],
        seed=run.config["seed"],
    )
    run.record.find(*found.findings)
    run.record.add(audits=found.answers)
    run.record.refuse_leaks()
    activity.rows_in = activity.rows_out = len(run.dataset)


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
        run.found[name] = cross_fit(recipe, run.dataset, run.split.folds, run.between(name))
        run.fitted[name] = final_fit(recipe, run.dataset, run.split.train)
    if run.workers is not None:
        run.workers.wait()  # the budget of the search is not for imports
    activity.rows_in = activity.rows_out = run.split.train.size


def _attempting(run: Experiment) -> Attempting:
    """Return where trials are made: in the process that was started for them, or here."""
    look = second_look(run.split, run.dataset, stage_rng(run.config["seed"], "variance"))
    if run.workers is None:
        return Here(run.bench(look), run.between("search"))
    run.workers.give(Table(run.dataset, run.split.folds, run.split.train, look), run.between("search"))
    return run.workers
