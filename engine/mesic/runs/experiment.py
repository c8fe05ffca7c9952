"""One experiment, its stages in order. Read this first.

``source -> partition -> audit -> baselines -> search in the zone -> selection, examined -> fit -> the test part, opened
once -> bundle``, then the report.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.audit.auditing import audit
from mesic.bundle import packing
from mesic.bundle.bundle import load_bundle, write_bundle
from mesic.config.settings import Zone
from mesic.data.account import Entry, RowAccount
from mesic.data.availability import read_columns
from mesic.data.identity import array_digest
from mesic.data.preparing import prepare
from mesic.data.reading import findings_of, read_table, type_table
from mesic.data.schema import Schema
from mesic.data.snapshot import keep
from mesic.data.view import Dataset
from mesic.errors import UsageError
from mesic.evaluation import scoring
from mesic.evaluation.losses import example_losses
from mesic.evaluation.metrics import Metric
from mesic.evaluation.view import EvaluationView
from mesic.findings import Finding
from mesic.host.building import build
from mesic.host.registry import Registry, notify
from mesic.partition.proof import partition
from mesic.partition.rows import Split
from mesic.profile.profile import Profile
from mesic.report.charts import zone_chart
from mesic.report.page import render
from mesic.runs import facts, plan, tables
from mesic.runs.environment import environment_lock
from mesic.runs.files import json_digest, write_json, write_text
from mesic.runs.record import PAGE, Record
from mesic.runs.resources import MemoryLimit, release_free_memory
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.runs.stages import Stage, Store, run_stage
from mesic.runs.timeline import Activity, Timeline, read_timeline
from mesic.runs.trials import Attempts
from mesic.training import examination
from mesic.training.costs import BATCH_ROWS, Costs, costs_of
from mesic.training.fitted import Fitted, Predictor
from mesic.training.folds import OutOfFold, cross_fit, final_fit, losses_by_row
from mesic.training.mean import fitted_mean, mean_of
from mesic.training.preferences import Taken, all_that_can_be_taken, preference_facts
from mesic.training.recipe import Recipe
from mesic.training.sampling import is_even, is_whole, sample_facts
from mesic.training.search import Budget, Rules, limits_of, search, search_space
from mesic.training.selection import Choice
from mesic.training.variance import second_look
from mesic.training.zone import Trial, estimate_zone
from mesic.training.zone_findings import edge_findings, zone_findings
from mesic.training.zone_width import width_of

MAIN, SINGLE = "model", "one trial"
FEW_ROWS = 200


@dataclass
class Experiment:
    """The state of one run; each stage reads what earlier ones left and leaves its own.

    Parameters
    ----------
    config
        The composed configuration, resolved.
    folder
        The run's folder.
    registry
        Where names are looked up.
    record, timeline
        Where everything is written.
    threads
        Of the numeric libraries.
    say
        Told what is being done; for progress on a terminal.
    """

    config: plan.Config
    folder: Path
    registry: Registry
    record: Record
    timeline: Timeline
    threads: int
    say: Callable[[str], None] = lambda _: None
    raw: pa.Table = field(init=False)
    schema: Schema = field(init=False)
    account: RowAccount = field(init=False)
    dataset: Dataset = field(init=False)
    split: Split = field(init=False)
    sealed: packing.SealedRows = field(init=False)
    recipe: Recipe = field(init=False)
    baselines: dict[str, Recipe] = field(init=False)
    found: dict[str, OutOfFold] = field(default_factory=dict)
    fitted: dict[str, Fitted] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(init=False)
    budget: Budget = field(init=False)
    costs: Costs = field(init=False)
    taken: Taken = field(init=False)
    members: dict[int, Recipe] = field(init=False)
    attempts: Attempts = field(init=False)
    digests: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        """Do every stage, or those of a check; what a stage found is on disk before the next one starts."""
        stages: tuple[tuple[str, Callable[[Activity], None]], ...] = (
            ("read", self.read),
            ("partition", self.divide),
            ("audit", self.audit),
        )
        learning: tuple[tuple[str, Callable[[Activity], None]], ...] = (
            ("baselines", self.cross_fit_baselines),
            ("search", self.search),
            *((("selection", self.examine_selection),) if self.config.get("selector") else ()),
            ("fit", self.fit),
            ("evaluate", self.evaluate),
            ("bundle", self.pack),
        )
        for name, work in stages + (learning if self.record.facts["verb"] == "run" else ()):
            self._stage(name, work)
        Store(self.folder / "stages").clear()
        self.record.digest_files()
        self.record.add(digests=self.digests)

    def _stage(self, name: str, work: Callable[[Activity], None]) -> None:
        self.say(name)
        release_free_memory()
        self.memory.check(f"starting to {name}")
        with self._booked(name) as activity:
            run_stage(self.registry, Stage(name, lambda: _done(work, activity)))
        self.record.save()

    @contextmanager
    def _booked(self, name: str) -> Iterator[Activity]:
        with self.timeline.activity(name) as activity:
            yield activity
        line = read_timeline(self.folder)[-1]
        for deaf in notify(self.registry, "stage_finished", activity=line):
            self.record.find(deaf_finding(deaf.provider.entry_point, deaf.error))

    @property
    def memory(self) -> MemoryLimit:
        """The limit of resident memory."""
        return MemoryLimit(self.config["resources"]["memory_mb"])

    def read(self, activity: Activity) -> None:
        """Read the source, type its columns, prepare target and roles."""
        source, declared = plan.source_of(self.registry, self.config)
        self.raw = read_table(source)
        typed = type_table(self.raw, declared, declared.get("target") or source.target)
        self.account = typed.account
        self.schema = typed.schema
        self.dataset, findings = prepare(typed, declared)
        activity.rows_in, activity.rows_out = typed.rows, len(self.dataset)
        typed.schema.save(self.folder / "schema.yaml")
        self.record.find(*findings_of(source), *typed.findings, *findings)
        self.digests["data"] = typed.digest
        data = facts.data_facts(self.config["source"], typed, self.dataset)
        if self.config["snapshot"]:
            data["snapshot"] = str(keep(Path(self.config["snapshot"]), self.raw, typed).folder)
        self.record.add(data=data, row_account=typed.account.as_dict())
        task, classes = self.dataset.task, len(self.dataset.classes)
        self.recipe = plan.recipe_of(self.registry, self.config, task=task, classes=classes, threads=self.threads)
        self.recipe.refuse_bounds([str(name) for name in self.dataset.X])
        plan.refuse_unread_text(self.recipe, self.dataset)
        self.metrics = plan.metrics_of(self.registry, self.config, task)
        self.record.facts["primary"] = next(iter(self.metrics))

    def divide(self, activity: Activity) -> None:
        """Divide the rows, prove the parts, write them down; of the raw rows only those of the bundle are kept."""
        part = plan.part_of(self.registry, self.config, "splitter")
        splitter = build(part.offer, part.options)
        seed = stage_seed(self.config["seed"], "partition")
        self.split, proof, findings = partition(splitter, self.dataset, seed=seed)
        self.record.find(*findings)
        self.digests["partition"] = proof["digest"]
        tables.write_parquet(self.folder / "partition.parquet", tables.partition_columns(self.dataset, self.split))
        activity.rows_in, activity.rows_out = len(self.dataset), self.split.train.size
        why = f"splitter={part.name} puts them in neither part"
        self.account.add(Entry("partition", "", "left out", why, rows=self.split.left_out.size))
        self.record.facts["row_account"] = self.account.as_dict()
        self.record.add(partition=facts.partition_facts(part.name, self.dataset, self.split, proof))
        self.record.refuse_leaks()
        self.recipe.refuse_transformers(self.dataset.view(self.split.train[:FEW_ROWS]))
        self._look_at_sample()
        target, rng = self.record.facts["data"]["target"], stage_rng(self.config["seed"], "bundle")
        names = read_columns(self.schema, [str(name) for name in self.dataset.X])
        self.sealed = packing.sealed_rows(self.raw, names, self.dataset, self.split, target, rng)
        del self.raw

    def audit(self, activity: Activity) -> None:
        """Ask what is wrong with the data and its parts before anything is learned from them."""
        auditors = plan.parts_of(self.registry, self.config, "auditor")
        everything = plan.named_part(self.registry, self.config, "sampler", "everything")
        learner = plan.part_of(self.registry, self.config, "learner")
        found = audit(
            auditors,
            self.dataset.without_texts(),
            self.schema,
            self.split,
            self.recipe.plain(learner, everything),
            plan.price_metric_of(self.registry, self.config, self.dataset.task),
            level=self.config["interval"],
            seed=self.config["seed"],
        )
        self.record.find(*found.findings)
        self.record.add(audits=found.answers)
        self.record.refuse_leaks()
        activity.rows_in = activity.rows_out = len(self.dataset)

    def _look_at_sample(self) -> None:
        """Draw what the final fit will draw, and say what it is before anything is fitted."""
        view, learner = self.dataset.view(self.split.train), self.recipe.learner
        sample = self.recipe.drawn(view)
        self.record.find(*sample.findings)
        if not is_even(sample) and "weights" not in learner.traits:
            raise UsageError(
                f"sampler={self.recipe.sampler.name} lets rows count differently, but learner={learner.name} takes no "
                "weights: choose another of the two"
            )
        drawn = None
        if not is_whole(sample, view):
            drawn = sample_facts(sample, view, self.dataset.classes, self.config["interval"])
            drawn = {"sampler": self.recipe.sampler.name, **drawn}
            origin = self.dataset.origin[self.split.train]
            tables.write_parquet(self.folder / "sample.parquet", tables.sample_columns(sample, origin))
        self.record.add(sample=drawn)

    def cross_fit_baselines(self, activity: Activity) -> None:
        """Predict every training row with every baseline, out of fold."""
        parts = plan.baselines_of(self.registry, self.config)
        plain = plan.named_part(self.registry, self.config, "sampler", "everything")
        self.baselines = {
            part.name: self.recipe.plain(part, plain)
            for part in parts
            if self.dataset.task in part.offer.component.tasks
        }
        for name, recipe in self.baselines.items():
            self.found[name] = cross_fit(recipe, self.dataset, self.split.folds, self._between(name))
        activity.rows_in = activity.rows_out = self.split.train.size

    def _between(self, what: str) -> Callable[[str], None]:
        def between(doing: str) -> None:
            self.say(f"{what}, {doing}")
            self.memory.check(doing)

        return between

    def search(self, activity: Activity) -> None:
        """Search options inside the budget, estimate the zone of solutions, choose from it."""
        tuner_part, own, shared = plan.tuner_of(self.registry, self.config)
        learner = self.recipe.learner
        space = search_space(learner.offer.component, learner.options, shared["space"])
        start = {name: learner.options[name] for name in space}
        seed = stage_seed(self.config["seed"], "search")
        tuner = build(tuner_part.offer, {**own, "space": space, "start": start}, seed=seed)
        self.budget = Budget(shared["trials"], shared["budget_s"])
        key = self._key("search", [tuner_part.name, own, str(space)])
        attempts = self.attempts = Attempts(self.folder, self.registry, key)
        trials = search(
            tuner,
            self._recipe_of,
            self.dataset,
            self.split.folds,
            self.budget,
            kept=attempts,
            between=self._between("search"),
            rules=Rules(
                look=second_look(self.split, self.dataset, stage_rng(self.config["seed"], "variance")),
            ),
        )
        attempts.write(trials)
        self.record.find(*attempts.findings)
        self.digests["trials"] = json_digest([trial.as_dict() for trial in trials])
        self._take_from_zone(trials, attempts, space)
        activity.rows_in = activity.rows_out = self.split.train.size
        tried = {
            "tried": len(trials),
            "failed": sum(t.state == "failed" for t in trials),
            "pruned": sum(t.state == "pruned" for t in trials),
            "tuner": tuner_part.name,
        }
        self.record.add(trials=tried)

    def _key(self, stage: str, more: Any) -> str:
        inputs = [
            self.digests,
            self.recipe.facts(),
            self.record.facts["code"],
            self.threads,
            self.config["seed"],
        ]
        return json_digest([stage, inputs, more])

    def _recipe_of(self, params: Mapping[str, Any]) -> Recipe:
        """Return the recipe of some options of the learner."""
        return self.recipe.with_learner(self.recipe.learner.with_options(params))

    def _take_from_zone(self, trials: list[Trial], attempts: Attempts, space: Mapping[str, Any]) -> None:
        rows = np.unique(self.found[plan.ZERO_RULE].rows)
        weight, groups = _of(self.dataset.weight, rows), _of(self.dataset.groups, rows)
        settings = Zone(**self.config["zone"])
        zone = estimate_zone(trials, self.found[plan.ZERO_RULE].loss, settings, weight, groups)
        members = [trial for trial in trials if trial.number in set(zone["takeable"])]
        taken = all_that_can_be_taken(members, attempts.load, self.dataset)
        self.taken = taken.get(settings.prefer, taken["best"])
        self.members = {trial.number: self._recipe_of(trial.params) for trial in members}
        rng = stage_rng(self.config["seed"], "preferences")
        zone |= {
            "width": width_of(zone, space),
            "loss": "squared error" if self.dataset.task == "regression" else "log loss",
            "prefer": self.taken.name,
            "reason": self.taken.reason,
            "taken": {str(number): count for number, count in self.taken.counts.items()},
            "preferences": preference_facts(
                taken, self.taken.name, self.dataset, level=self.config["interval"], rng=rng
            ),
        }
        self.found[MAIN] = self.taken.found
        self.found[SINGLE] = attempts.load(zone["chosen"])
        self.recipe = self.members[zone["chosen"]]
        best = next(trial for trial in trials if trial.number == zone["best"])
        assert best.losses is not None
        baselines = {name: losses_by_row(self.found[name].rows, self.found[name].losses) for name in self.baselines}
        self.record.find(
            *edge_findings(zone, space, limits_of(self.recipe.learner.offer.component)),
            *zone_findings(zone, best.losses, baselines, weight),
        )
        write_json(self.folder / "zone.json", zone)
        write_text(self.folder / "zone.svg", zone_chart(zone))
        columns = tables.out_of_fold_columns(self.dataset, self.found[MAIN])
        tables.write_parquet(self.folder / "oof.parquet", columns)
        self.digests["out_of_fold"] = array_digest(self.found[MAIN].prediction, self.found[MAIN].losses)
        self.record.add(zone=zone)

    def examine_selection(self, activity: Activity) -> None:
        """Set the choice beside all columns and univariate control, and let selectors choose again on halves."""
        control = plan.named_part(self.registry, self.config, "selector", plan.UNIVARIATE)
        given = [(part.name, dict(part.options)) for part in self.recipe.selectors]
        others = {examination.ALL_COLUMNS: self.recipe.with_selectors(())}
        if given != [(control.name, dict(control.options))]:
            others[f"{plan.UNIVARIATE} control"] = self.recipe.with_selectors([control])
        level, rng = self.config["interval"], stage_rng(self.config["seed"], "selection")
        found = examination.beside(
            self.recipe,
            self.found[SINGLE],
            others,
            self.dataset,
            self.split.folds,
            level=level,
            rng=rng,
            between=self._between("selection"),
        )
        halves = examination.again_on_halves(
            self.recipe,
            self.dataset,
            self.split.train,
            self.config["selection"]["subsamples"],
            level=level,
            rng=rng,
            between=self._between("selection"),
        )
        loss = self.record.facts["zone"]["loss"]
        self.record.find(*examination.cost_findings(found, loss))
        self.record.add(selection={"beside": found, "loss": loss, "stability": halves})
        activity.rows_in = activity.rows_out = self.split.train.size

    def _keep_choices(self, choices: Sequence[Choice]) -> None:
        """Write down which columns the final fit's selectors kept, and why."""
        if not choices:
            return
        self.record.find(*self._of_sampler(choices), *(finding for choice in choices for finding in choice.findings))
        self.record.add(
            selection={
                **self.record.facts.get("selection", {}),
                "choices": [examination.choice_facts(choice) for choice in choices],
            }
        )
        tables.write_parquet(self.folder / "selection.parquet", tables.selection_columns(choices))

    def _of_sampler(self, choices: Sequence[Choice]) -> list[Finding]:
        """Warn of rows that were made before columns were chosen."""
        made = (self.record.facts.get("sample") or {}).get("made")
        if not made or not self.recipe.selectors:
            return []
        names = ", ".join(dict.fromkeys(choice.selector for choice in choices))
        message = f"sampler={self.recipe.sampler.name} made {made:,} rows before selector=[{names}] chose among columns"
        fix = "rows made from others repeat what noise says of them: choose columns with sampler=everything"
        return [Finding("SAMPLER-BEFORE-SELECTOR", "warning", message, {"made": made}, fix)]

    def fit(self, activity: Activity) -> None:
        """Fit the chosen recipe, and the baselines, on all training rows."""
        self._between("fit")(MAIN)
        model = self.fitted[MAIN] = self._model()
        for name, recipe in self.baselines.items():
            self._between("fit")(name)
            self.fitted[name] = final_fit(recipe, self.dataset, self.split.train)
        self.costs = costs_of(model, self.dataset.X.iloc[self.split.train[:BATCH_ROWS]])
        self.record.add(costs=self.costs.facts())
        self.digests["steps"] = {f"{n:02d}-{step.op}": step.digest() for n, step in enumerate(model.steps)}
        activity.rows_in = activity.rows_out = self.split.train.size
        why = self.record.facts["zone"]["reason"]
        self.record.find(*model.findings)
        self.record.add(model=facts.model_facts(self.recipe, model, why, self.digests["steps"]))
        self._keep_choices(model.choices)

    def _model(self) -> Fitted:
        """Return what was taken from the zone: a trial fitted on all training rows, or the mean of several.

        Folds in the order of time leave the latest rows to none of their models, so these do not count.
        """
        view = self.dataset.view(self.split.train)
        if not self.taken.is_mean:
            return self.recipe.fit(view)
        folds_of = (lambda _: ()) if self.split.by == "time" else self._fold_models
        mean = fitted_mean(self.taken.counts, folds_of, lambda number: self.members[number].fit(view))
        choices = tuple(self.recipe.choices(view)) if mean.choices else ()
        return replace(mean, threads=self.threads, choices=choices)

    def _fold_models(self, number: int) -> tuple[Fitted, ...]:
        recipe, between = self.members[number], self._between("fit")
        return self.attempts.models.of(number, lambda: cross_fit(recipe, self.dataset, self.split.folds, between))

    def evaluate(self, activity: Activity) -> None:
        """Open the test part, once: score model and baselines on it, ask the evaluators."""
        test, y = self.split.test, self.dataset.y[self.split.test]
        predictors = {name: fitted.predictor() for name, fitted in self.fitted.items()}
        predictions = {name: predict(self.dataset.X.iloc[test]) for name, predict in predictors.items()}
        losses = {name: example_losses(self.dataset.task, y, answer) for name, answer in predictions.items()}
        columns = tables.prediction_columns(self.dataset, test, predictions[MAIN], losses[MAIN])
        tables.write_parquet(self.folder / "test_predictions.parquet", columns)
        self.digests["test_predictions"] = array_digest(predictions[MAIN], losses[MAIN])
        activity.rows_in = activity.rows_out = test.size
        self._score(predictions, losses)
        self._ask_evaluators(self._view(self.split.train, test, predictors[MAIN]))

    def _score(self, predictions: Mapping[str, np.ndarray], losses: Mapping[str, np.ndarray]) -> None:
        test = self.split.test
        groups = _of(self.dataset.groups, test)
        inside = self._scores_out_of_fold(self.found[MAIN])
        tables_of_scores = {name: self._scores(test, answer, "test", groups) for name, answer in predictions.items()}
        baselines = [
            {"name": name, "summary": recipe.learner.offer.component.summary} | {"test": tables_of_scores[name]}
            for name, recipe in self.baselines.items()
        ]
        scores = {"out_of_fold": inside, "test": tables_of_scores[MAIN]}
        self.digests["scores"] = json_digest(scores)
        self.record.facts["scores"] = scores
        self.record.add(baselines=baselines, skill=self._skill(losses))
        self.record.find(*self._error_findings(predictions[MAIN]))

    def _error_findings(self, prediction: np.ndarray) -> list[Finding]:
        """Say so when the upper end of the error passes ``policy.max_error``."""
        bound, test = self.config["policy"]["max_error"], self.split.test
        if bound is None:
            return []
        part = plan.named_part(self.registry, self.config, "metric", "accuracy" if self.dataset.classes else "mae")
        metric = build(part.offer, part.options, task=self.dataset.task)
        (score,) = scoring.scores_of(
            {part.name: metric},
            self.dataset.y[test],
            prediction,
            weight=_of(self.dataset.weight, test),
            groups=_of(self.dataset.groups, test),
            level=self.config["interval"],
            rng=stage_rng(self.config["seed"], "intervals of test"),
        )
        return scoring.bound_findings(score, bound)

    def _scores_out_of_fold(self, found: OutOfFold) -> list[dict[str, Any]]:
        """Score what was predicted out of fold; predictions of one row by repeated folds stay together."""
        apart = found.rows if found.is_repeated else None
        groups = _of(self.dataset.groups, found.rows) if self.dataset.groups is not None else apart
        return self._scores(found.rows, found.prediction, "out of fold", groups)

    def _scores(
        self, rows: np.ndarray, prediction: np.ndarray, part: str, groups: np.ndarray | None
    ) -> list[dict[str, Any]]:
        return scoring.scores_of(
            self.metrics,
            self.dataset.y[rows],
            prediction,
            weight=_of(self.dataset.weight, rows),
            groups=groups,
            level=self.config["interval"],
            rng=stage_rng(self.config["seed"], f"intervals of {part}"),
        )

    def _skill(self, losses: Mapping[str, np.ndarray]) -> dict[str, Any]:
        means = {name: self.found[name].loss for name in self.baselines}
        skill = scoring.skill_against(
            losses[MAIN],
            losses,
            scoring.best_baseline(means),
            weight=_of(self.dataset.weight, self.split.test),
            groups=_of(self.dataset.groups, self.split.test),
            level=self.config["interval"],
            rng=stage_rng(self.config["seed"], "skill"),
        )
        self.record.find(*scoring.baseline_findings(skill, means))
        return skill | {"loss": self.record.facts["zone"]["loss"]}

    def _view(self, learned: np.ndarray, asked: np.ndarray, predict: Predictor) -> EvaluationView:
        """Return rows as evaluators see them, by a model that learned from others."""
        prediction = predict(self.dataset.X.iloc[asked])
        return EvaluationView(
            task=self.dataset.task,
            classes=self.dataset.classes,
            X=self.dataset.X.iloc[asked],
            y=self.dataset.y[asked],
            prediction=prediction,
            losses=example_losses(self.dataset.task, self.dataset.y[asked], prediction),
            origin=self.dataset.origin[asked],
            weight=_of(self.dataset.weight, asked),
            groups=_of(self.dataset.groups, asked),
            predict=predict,
            level=self.config["interval"],
            rng=stage_rng(self.config["seed"], "evaluators"),
            reference=self.dataset.view(learned),
            columns={column.name: {"kind": column.kind, **column.told} for column in self.schema.features},
            costs=self.costs.columns,
        )

    def _validation_view(self) -> EvaluationView:
        """Return the last fold's validation rows, by a model that learned from its fitting rows."""
        fit, validate = self.split.folds[-1]
        models = [self._fold_models(number)[-1] for number in self.taken.counts]
        return self._view(fit, validate, mean_of(models, list(self.taken.counts.values())).predictor())

    def _ask_evaluators(self, view: EvaluationView) -> None:
        answers, inside = {}, None
        for part in plan.parts_of(self.registry, self.config, "evaluator"):
            if "validation" in part.traits:
                inside = self._validation_view() if inside is None else inside
            asked = inside if inside is not None and "validation" in part.traits else view
            evaluation = build(part.offer, part.options).evaluate(asked)
            answers[part.name] = dict(evaluation.data)
            self.record.find(*evaluation.findings)
        self.record.add(evaluations=answers)

    def pack(self, activity: Activity) -> None:
        """Seal everything that an answer needs into the bundle, and load it again as a stranger would."""
        model, sealed, folder = self.fitted[MAIN], self.sealed, self.folder / "bundle"
        names = read_columns(self.schema, [column["name"] for column in model.steps[0].params["columns"]])
        schema = Schema(tuple(column for column in self.schema.columns if column.name in names))
        assets = {
            "profile.parquet": Profile.of(
                self.dataset.without_texts().view(self.split.train).X, threads=self.threads
            ).table(),
            "card.md": packing.card(self.record.facts),
            "environment.txt": "\n".join(environment_lock()) + "\n",
            "config.json": self.config,
            "end_to_end.parquet": packing.with_columns(
                sealed.end_to_end, self._answers(model, sealed.rows), "expected "
            ),
            "confidence.parquet": sealed.confidence,
        }
        told = facts.bundle_facts(self.record.facts, self.config)
        self.digests["bundle"] = write_bundle(folder, model, schema, told, assets)
        load_bundle(folder).check_end_to_end()
        activity.rows_in = activity.rows_out = sealed.rows.size
        self.record.facts["bundle"] = {"folder": "bundle", "digest": self.digests["bundle"]}

    def _answers(self, model: Fitted, rows: np.ndarray) -> pd.DataFrame:
        scores = model.predictor()(self.dataset.X.iloc[rows])
        columns = tables.prediction_columns(self.dataset, rows, scores, np.zeros(rows.size))
        return pd.DataFrame({n: v for n, v in columns.items() if n == "prediction" or n.startswith("p_")})

    def write_report(self) -> None:
        """Draw the page, from record and timeline alone."""
        write_text(self.folder / PAGE, render(self.record.facts, read_timeline(self.folder)))


def _done(work: Callable[[Activity], None], activity: Activity) -> bool:
    """Do a stage's work; a first-result hook needs an answer."""
    work(activity)
    return True


def _of(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    return None if values is None else values[rows]


def deaf_finding(plugin: str, error: str) -> Finding:
    """Say that a plugin could not hear of a moment."""
    return Finding("PLUGIN-FAILED", "warning", f"plugin {plugin!r} failed to listen: {error}", {}, "mend or disable it")
