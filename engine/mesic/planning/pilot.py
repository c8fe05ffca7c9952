"""A pilot: the table read, divided and audited, and a few fits on training rows; nothing is written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mesic.audit.auditing import Audited, audit
from mesic.audit.pricing import Pricing
from mesic.data.preparing import prepare
from mesic.data.reading import findings_of, read_table, type_table
from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.findings import Finding
from mesic.host.building import build
from mesic.host.registry import Registry
from mesic.partition.proof import partition
from mesic.partition.rows import Split
from mesic.runs import plan
from mesic.runs.deciding import refuse_decision
from mesic.runs.resources import Clock
from mesic.runs.seeds import stage_seed
from mesic.training.part import Part
from mesic.training.recipe import Recipe

MOST_ROWS = 20_000
RULES = 4  # leaves of a tree of two questions
RULES_DEPTH = 2
LEARNER, RULE_LIST, ZERO_RULE = "learner", "rules", "zero_rule"


@dataclass(frozen=True)
class Pilot:
    """What a pilot saw.

    Parameters
    ----------
    dataset, split
        The rows, and how they are divided; test rows are not looked at.
    recipe
        What the configuration describes.
    rows
        Training rows that were predicted out of fold, shape (m,).
    predictions
        Of the learner, of four rules and of the zero rule, by models that never saw the row.
    audited
        What the auditors found.
    findings
        What reading and dividing found.
    seconds
        Wall seconds by stage, and of one fit of the learner on a fold.
    """

    dataset: Dataset
    split: Split
    recipe: Recipe
    rows: np.ndarray
    predictions: Mapping[str, np.ndarray]
    audited: Audited
    findings: tuple[Finding, ...]
    seconds: Mapping[str, float]

    @property
    def y(self) -> np.ndarray:
        """Targets of the predicted rows."""
        return np.asarray(self.dataset.y[self.rows])

    def losses(self, name: str) -> np.ndarray:
        """Return the loss of each predicted row: log loss, or squared error."""
        return example_losses(self.dataset.task, self.y, self.predictions[name])

    def errors(self, name: str) -> np.ndarray:
        """Return the error of each predicted row: 1 where the class is wrong, or the absolute error."""
        prediction = self.predictions[name]
        if self.dataset.classes:
            return np.asarray(prediction.argmax(axis=1) != self.y, dtype=float)
        return np.asarray(np.abs(prediction - self.y))

    def predicted_by(self, fit: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """Return what the learner answers for some training rows, fitted on others."""
        fitted = self.recipe.fit(self.dataset.view(fit))
        return np.asarray(fitted.predictor()(self.dataset.X.iloc[asked]))


def pilot(config: plan.Config, registry: Registry, *, threads: int, say: Callable[[str], None]) -> Pilot:
    """Read, divide, audit, and predict training rows by models that never saw them.

    Parameters
    ----------
    config
        The composed configuration of a run.
    registry
        Where names are looked up.
    threads
        Of the numeric libraries.
    say
        Told what is being done.
    """
    stages = _Stages(say)
    with stages.timed("read"):
        source, declared = plan.source_of(registry, config)
        typed = type_table(read_table(source), declared, declared.get("target") or source.target)
        dataset, found = prepare(typed, declared)
    with stages.timed("partition"):
        part = plan.part_of(registry, config, "splitter")
        seed = stage_seed(config["seed"], "partition")
        split, _, of_split = partition(build(part.offer, part.options), dataset, seed=seed)
    task, classes = dataset.task, len(dataset.classes)
    recipe = plan.recipe_of(registry, config, task=task, classes=classes, threads=threads)
    refuse_decision(config, task, dataset.classes)
    plan.refuse_unread_text(recipe, dataset)
    metric = plan.price_metric_of(registry, config, task)
    plain = plan.named_part(registry, config, "sampler", "everything")
    level, seed = config["interval"]["level"], config["seed"]
    with stages.timed("audit"):
        auditors = plan.parts_of(registry, config, "auditor")
        alone = recipe.plain(recipe.learner, plain)
        columns = dataset.without_texts()
        audited = audit(auditors, columns, typed.schema, split, alone, metric, level=level, seed=seed)
    recipes = {
        LEARNER: recipe,
        RULE_LIST: recipe.plain(_rules(registry, config), plain),
        ZERO_RULE: recipe.plain(plan.named_part(registry, config, "baseline", ZERO_RULE), plain),
    }
    predictions = {}
    rows = np.array([], dtype=np.int64)
    for name, each in recipes.items():
        with stages.timed(name):
            priced = Pricing(each, dataset, split.folds[-1], metric, level, seed)
            rows, predictions[name] = priced.out_of_fold(split.folds, most=MOST_ROWS)
    findings = (*findings_of(source), *typed.findings, *found, *of_split)
    return Pilot(dataset, split, recipe, rows, predictions, audited, findings, stages.seconds)


def _rules(registry: Registry, config: plan.Config) -> Part:
    """Return the best list of four rules: a tree of two questions."""
    part = plan.named_part(registry, config, "baseline", "simple")
    return part.with_options({"max_depth": RULES_DEPTH})


def some_rows(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rows, or 20,000 of them, in ascending order."""
    return rows if rows.size <= MOST_ROWS else np.sort(rng.choice(rows, MOST_ROWS, replace=False))


class _Stages:
    """Times stages, and says them."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say, self.seconds = say, dict[str, float]()

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        self.say(name)
        clock = Clock.started()
        yield
        self.seconds[name] = clock.wall_s()
