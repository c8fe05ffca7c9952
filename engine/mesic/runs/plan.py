"""From a composed configuration to the parts of a run."""

import os
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from mesic.caching.cache import StageCache
from mesic.config.settings import SourceOptions, TunerOptions
from mesic.data.view import Dataset
from mesic.errors import UsageError
from mesic.host.building import build, load_target
from mesic.host.components import flat
from mesic.host.kinds import KINDS
from mesic.host.registry import Registry, installed
from mesic.runs.secrets import from_environment
from mesic.runs.seeds import stage_seed
from mesic.training.constraints import Constraints
from mesic.training.needs import NEED_OF_TRAIT
from mesic.training.part import Part
from mesic.training.recipe import Recipe
from mesic.training.selection import Bounds
from mesic.training.space import SearchSpace

Config = Mapping[str, Any]

ZERO_RULE = "zero_rule"
UNIVARIATE = "univariate"

USUAL_METRICS = {
    "binary": ("log_loss", "roc_auc", "average_precision", "brier", "accuracy", "f1", "precision", "recall"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "f1", "kappa", "brier"),
    "regression": ("rmse", "mae", "median_ae", "r2"),
}
PRICE_METRIC = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "r2"}


def part_of(registry: Registry, config: Config, kind: str, node: Mapping[str, Any] | None = None) -> Part:
    """Return the component that a configuration chose for one kind."""
    chosen = from_environment(config[kind] if node is None else node)
    offer = registry.find(kind, chosen.pop("name"), config["plugins"]["prefer"])
    return Part(offer, chosen)


def learners_of(registry: Registry, config: Config) -> list[Part]:
    """Return the learner that a configuration chose, or the several that it chose."""
    node = config["learner"]
    nodes = [node] if "name" in node else list(node.values())
    return [part_of(registry, config, "learner", one) for one in nodes]


def learner_names(config: Config) -> list[str]:
    """Return the names of the learners that a configuration chose."""
    node = config.get("learner") or {}
    return [node["name"]] if "name" in node else [one["name"] for one in node.values()]


def parts_of(registry: Registry, config: Config, kind: str) -> list[Part]:
    """Return the components of a list group, in the order of the configuration."""
    assert KINDS[kind].is_list
    return [part_of(registry, config, kind, node) for node in (config.get(kind) or {}).values()]


def baselines_of(registry: Registry, config: Config) -> list[Part]:
    """Return the baselines; the zero rule is always among them, for skill and zone are measured from it."""
    parts = parts_of(registry, config, "baseline")
    given = {part.name for part in parts}
    return parts if ZERO_RULE in given else [named_part(registry, config, "baseline", ZERO_RULE), *parts]


FITTED = ("learner", "sampler", "transformer", "selector")


def import_components(registry: Registry, config: Config, kinds: Collection[str] = tuple(KINDS)) -> None:
    """Import everything that a configuration chose, or what it chose of some kinds.

    Raises
    ------
    ComponentError
        One of them cannot be imported; said before anything is computed.
    """
    wanted = [KINDS[name] for name in kinds]
    single = [kind.name for kind in wanted if not kind.is_list and config.get(kind.name)]
    chosen = [part_of(registry, config, name) for name in single if name != "learner"]
    chosen += learners_of(registry, config) if "learner" in single else []
    chosen += [part for kind in wanted if kind.is_list for part in parts_of(registry, config, kind.name)]
    for part in chosen:
        load_target(part.offer)


def named_part(registry: Registry, config: Config, kind: str, name: str) -> Part:
    """Return a component by name, with its default options."""
    return Part(registry.find(kind, name, config["plugins"]["prefer"]))


def own_options(part: Part, shared: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a part's options, those of the component apart from those that the engine reads."""
    names = {field.name for field in fields(shared)}
    own = {name: value for name, value in part.options.items() if name not in names}
    return own, {name: part.options[name] for name in names if name in part.options}


def source_of(registry: Registry, config: Config) -> tuple[Any, dict[str, Any]]:
    """Return the source and what was declared of its columns, and whether free text is read."""
    part = part_of(registry, config, "source")
    own, declared = own_options(part, SourceOptions)
    reads_text = any("text" in part.traits for part in parts_of(registry, config, "transformer"))
    return build(part.offer, own), declared | {"reads_text": reads_text}


def recipe_of(
    registry: Registry, config: Config, *, task: str, classes: int, threads: int, cache: StageCache | None = None
) -> Recipe:
    """Return the recipe that the configuration describes, of its first learner; `cache` keeps what it prepares.

    Raises
    ------
    UsageError
        A learner does not serve the task.
    """
    learners = learners_of(registry, config)
    for learner in learners:
        if task not in learner.offer.component.tasks:
            able = [o.component.name for o in registry if o.kind.name == "learner" and task in o.component.tasks]
            raise UsageError(f"learner={learner.name} does not serve a {task} task; these do: {', '.join(able)}")
    needs = config["needs"]
    return Recipe(
        learner=learners[0],
        sampler=part_of(registry, config, "sampler"),
        transformers=parts_of(registry, config, "transformer"),
        selectors=parts_of(registry, config, "selector"),
        needs={
            trait: named_part(registry, config, "transformer", needs[need]) if needs[need] else None
            for trait, need in NEED_OF_TRAIT.items()
        },
        registry=registry,
        task=task,
        classes=classes,
        seed=stage_seed(config["seed"], "fit"),
        threads=threads,
        bounds=Bounds(tuple(config["selection"]["protect"]), tuple(config["selection"]["forbid"])),
        cache=cache,
    )


def refuse_unknown_columns(registry: Registry, config: Config, columns: Mapping[str, Mapping[str, Any]]) -> None:
    """Let evaluators refuse columns that are not there, before anything is computed.

    Raises
    ------
    SettingError
        Which option names what.
    """
    for part in parts_of(registry, config, "evaluator"):
        check = getattr(build(part.offer, part.options), "check", None)
        if check is not None:
            check(columns)


def refuse_unread_text(recipe: Recipe, dataset: Dataset) -> None:
    """Refuse free text as a feature where no transformer reads it.

    Raises
    ------
    UsageError
        Of which columns.
    """
    texts = [repr(name) for name, kind in dataset.kinds.items() if kind == "text"]
    if texts and not any("text" in part.traits for part in recipe.transformers):
        raise UsageError(
            f"the schema has the free text of {', '.join(texts)} as features, and no transformer reads it: "
            "transformer=[text_counts], or role: ignored"
        )


def metrics_of(registry: Registry, config: Config, task: str) -> dict[str, Any]:
    """Return the metrics of a run by name; the primary one comes first.

    Raises
    ------
    UsageError
        A metric does not serve the task.
    """
    primary = part_of(registry, config, "metric") if config.get("metric") else None
    names = config["metrics"] if config["metrics"] is not None else USUAL_METRICS[task]
    parts = [primary] if primary else []
    parts += [named_part(registry, config, "metric", name) for name in names if primary is None or name != primary.name]
    for part in parts:
        if task not in part.offer.component.tasks:
            raise UsageError(f"metric {part.name!r} does not serve a {task} task")
    return {part.name: build(part.offer, part.options, task=task) for part in parts}


def price_metric_of(registry: Registry, config: Config, task: str) -> Any:
    """Return the metric by which auditors say what a suspicion costs."""
    part = price_part_of(registry, config, task)
    return build(part.offer, part.options, task=task)


def price_part_of(registry: Registry, config: Config, task: str) -> Part:
    """Return the component of that metric."""
    return named_part(registry, config, "metric", PRICE_METRIC[task])


def tuner_of(registry: Registry, config: Config) -> tuple[Part, dict[str, Any], dict[str, Any]]:
    """Return the tuner, its own options, and when it ends."""
    part = part_of(registry, config, "tuner")
    own, shared = own_options(part, TunerOptions)
    return (
        part,
        own,
        {
            "trials": None,
            "budget_s": None,
            "trial_s": None,
            "patience": None,
            "plateau": None,
            "beside": [],
            "space": {},
        }
        | shared,
    )


def space_of(registry: Registry, config: Config) -> SearchSpace:
    """Return what a search varies."""
    asked = tuner_of(registry, config)[2]["space"] or {}
    return SearchSpace.of(learners_of(registry, config), asked, registry)


def constraints_of(config: Config, dataset: Dataset) -> Constraints | None:
    """Return what trials have to keep to beside their loss, or None."""
    said = dict(flat((config.get("tuner") or {}).get("constraints") or {}))
    return Constraints(said, dataset) if said else None


def interval_of(config: Config) -> dict[str, Any]:
    """Return how intervals of scores are made, as functions that score take it."""
    return {name: config["interval"][name] for name in ("level", "method", "replicates")}


def is_search(registry: Registry, config: Config) -> bool:
    """Return whether several trials may be made."""
    tuner, _, shared = tuner_of(registry, config)
    searches = issubclass(tuner.offer.component.options, TunerOptions) and shared["trials"] != 1
    return searches and space_of(registry, config).is_searched


def needs_process(registry: Registry, config: Config) -> bool:
    """Return whether trials want a process of their own: there are several, or one may have to be ended.

    A registry that was made by hand cannot be made again in another process, and only POSIX hands a pipe on.
    """
    shared = tuner_of(registry, config)[2]
    is_limited = shared["budget_s"] is not None or shared["trial_s"] is not None
    return os.name == "posix" and registry is installed() and (is_limited or is_search(registry, config))
