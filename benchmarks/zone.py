"""What the zone is worth: its mean, its simplest trial and the defaults, beside the best trial fitted again.

    python benchmarks/zone.py [SEEDS]

A cell is a table and a seed: 700 training rows (half of a smaller table), 5 folds, 24 trials of LightGBM, up to 6,000
test rows. All rules choose from the same trials, the simplest at several tolerances. Tables of MESIC_BENCHMARK_DATA are
taken where they are, else those that scikit-learn ships.
"""

import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd
from measure import DATA, show
from scipy import stats
from sklearn import datasets
from sklearn.model_selection import KFold, StratifiedKFold

ROWS, TEST_ROWS, TRIALS, FOLDS = 700, 6_000, 24, 5
TOLERANCES = (0.01, 0.015, 0.02, 0.025, 0.03, 0.05)
TABLES = {
    "bike_sharing": ("cnt", ["casual", "registered"]),
    "diamonds": (None, []),
    "german_credit": (None, []),
    "jm1_defects": (None, []),
    "nyc_flights": ("arr_delay", ["dep_delay", "dep_time", "arr_time", "air_time"]),
    "satimage": (None, []),
    "sylva": (None, []),
    "telco_churn": ("Churn", []),
    "wine_quality": (None, []),
}
SHIPPED = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "digits": datasets.load_digits,
}


@dataclass(frozen=True)
class Cell:
    """What each rule loses on the test rows, shape (m,) each; sizes; what knowing nothing loses; the zone's share."""

    table: str
    losses: dict[str, np.ndarray]
    sizes: dict[str, float]
    nothing: float
    zone: float


def main(seeds: int) -> None:
    """Print each figure with what is asked."""
    cells = [cell_of(name, frame, target, seed) for name, frame, target in tables() for seed in range(seeds)]
    gains = [1 - mean(cell, "mean") / mean(cell, "best") for cell in cells]
    about = {"cells": len(cells), "tables": len({cell.table for cell in cells})}
    better = statistics.mean(gain > 0 for gain in gains)
    p = float(stats.wilcoxon(gains).pvalue) if any(gains) else 1.0
    show({"figure": "zone mean better than the best trial, share of cells", "value": better, "at_least": 0.85, **about})
    show({"figure": "relative gain of the zone mean, mean", "value": statistics.mean(gains), "at_least": 0.04, "p": p})
    worse = [cell.table for cell in cells if is_worse(cell.losses["mean"], cell.losses["defaults"])]
    show(
        {"figure": "cells in which the mean is worse than the defaults", "value": len(worse), "at_most": 0, "in": worse}
    )
    show({"figure": "trials in the zone, share, median", "value": statistics.median(cell.zone for cell in cells)})
    for tolerance in TOLERANCES:
        simplest = f"simplest at {tolerance}"
        lost = [skill_lost(cell, simplest) for cell in cells]
        about = {"tolerance": tolerance, "of": [round(own, 4) for own in lost]}
        show(
            {"figure": "skill that simplest loses, median", "value": statistics.median(lost), "at_most": 0.003, **about}
        )
        show(
            {"figure": "skill that simplest loses, worst", "value": max(lost), "at_most": 0.03, "tolerance": tolerance}
        )
        sizes = [cell.sizes[simplest] / cell.sizes["best"] for cell in cells]
        about = {"tolerance": tolerance, "of": [round(own, 3) for own in sizes]}
        show({"figure": "size of simplest, median", "value": statistics.median(sizes), "at_most": 0.8, **about})


def mean(cell: Cell, rule: str) -> float:
    """Return the mean loss of a rule."""
    return float(cell.losses[rule].mean())


def is_worse(losses: np.ndarray, others: np.ndarray) -> bool:
    """Say whether the interval of the paired difference lies above zero."""
    worse = losses - others
    return bool(worse.mean() > 1.96 * worse.std(ddof=1) / np.sqrt(worse.size))


def skill_lost(cell: Cell, rule: str) -> float:
    """Return what a rule loses of the best trial's skill on the test rows."""
    return (mean(cell, rule) - mean(cell, "best")) / max(cell.nothing - mean(cell, "best"), 1e-12)


def tables() -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Yield name, rows and target."""
    found = [name for name in TABLES if (DATA / f"{name}.parquet").exists()]
    for name in found:
        target, ignored = TABLES[name]
        frame = pd.read_parquet(DATA / f"{name}.parquet").drop(columns=ignored)
        yield name, frame, target or frame.columns[-1]
    for name, load in {} if found else SHIPPED.items():
        yield name, load(as_frame=True).frame, "target"


def cell_of(name: str, frame: pd.DataFrame, target: str, seed: int) -> Cell:
    """Search, and score what each rule takes."""
    from mesic.training.mean import fits_of, fitted_mean
    from mesic.training.preferences import all_that_can_be_taken
    from mesic.training.zone import choose

    data, train, test = parts(frame, target, seed)
    recipe, trials, kept, nothing = searched(data, train, seed)
    zone = zone_of(trials, nothing)
    inside, takeable = ([trials[number] for number in zone[which]] for which in ("members", "takeable"))
    skill = zone["baseline_loss"] - min(trial.loss for trial in inside)
    complete = [trial for trial in trials if trial.losses is not None]
    taken = all_that_can_be_taken(inside, complete, takeable, kept.load, data, skill)
    rules = {"best": zone["best"]}
    for tolerance in TOLERANCES:
        members = [trials[number] for number in zone_of(trials, nothing, tolerance=tolerance)["takeable"]]
        rules[f"simplest at {tolerance}"] = choose(members, "simplest")[0].number
    fitted = {number: with_params(recipe, trials[number]).fit(data.view(train)) for number in set(rules.values())}
    answers = {"defaults": recipe.fit(data.view(train))} | {rule: fitted[number] for rule, number in rules.items()}
    counts = taken["mean"].counts if "mean" in taken else taken["best"].counts
    fits = fits_of(counts)

    def fitted_again(number):
        own = with_params(recipe, trials[number])
        return [fitted[number], *(replace(own, copy=copy).fit(data.view(train)) for copy in range(1, fits[number]))]

    fitted |= {n: with_params(recipe, trials[n]).fit(data.view(train)) for n in counts if n not in fitted}
    answers["mean"] = fitted_mean(counts, fitted_again)
    losses = {rule: losses_of(model, data, test) for rule, model in answers.items()}
    sizes = {rule: answers[rule].complexity[0] for rule in rules}
    zero = recipe.plain(part("baseline", "zero_rule"), part("sampler", "everything")).fit(data.view(train))
    nothing = float(losses_of(zero, data, test).mean())
    return Cell(name, losses, sizes, nothing, len(zone["members"]) / len(zone["trials"]))


def parts(frame, target, seed):
    """Return the typed rows, and which train and test."""
    import pyarrow as pa

    from mesic.data.preparing import prepare
    from mesic.data.reading import type_table

    drawn = frame.sample(min(len(frame), ROWS + TEST_ROWS), random_state=seed)
    table = pa.Table.from_pandas(drawn, preserve_index=False)
    data, _ = prepare(type_table(table, {"schema": None, "ignore": []}, target), {"task": "auto", "positive": None})
    size = min(ROWS, len(data) // 2)
    return data, np.arange(size), np.arange(size, len(data))


def folds_of(data, train, seed):
    """Return pairs of fitting and validation rows."""
    kind = StratifiedKFold if data.classes else KFold
    dealt = kind(FOLDS, shuffle=True, random_state=seed).split(train, data.y[train] if data.classes else None)
    return [(train[fit], train[validate]) for fit, validate in dealt]


def part(kind, name):
    """Return a component with its default options."""
    from mesic.host.registry import installed
    from mesic.training.part import Part

    offer = installed().find(kind, name)
    return Part(offer, asdict(offer.component.options()))


def searched(data, train, seed):
    """Return the recipe of the defaults, the trials, where they are kept, and the loss of knowing nothing."""
    from mesic.host.building import build
    from mesic.host.registry import installed
    from mesic.training.attempting import Bench, Here
    from mesic.training.folds import cross_fit
    from mesic.training.needs import NEED_OF_TRAIT
    from mesic.training.recipe import Recipe
    from mesic.training.search import Budget, search
    from mesic.training.space import SearchSpace

    learner, folds = part("learner", "lightgbm"), folds_of(data, train, seed)
    recipe = Recipe(
        learner, part("sampler", "everything"), [], [], dict.fromkeys(NEED_OF_TRAIT), installed(), data.task,
        len(data.classes), seed, len(os.sched_getaffinity(0)),
    )  # fmt: skip
    space, kept = SearchSpace.of([learner], {}, installed()), InMemory()
    options = {"space": space.spans, "starts": space.starts(recipe)}
    tuner = build(installed().find("tuner", "tpe"), options, seed=seed)
    bench = Bench(space, recipe, data, folds, train)
    trials = search(tuner, Here(bench, lambda _: None), data, Budget(TRIALS, None), kept=kept).trials
    zero = recipe.plain(part("baseline", "zero_rule"), part("sampler", "everything"))
    return recipe, trials, kept, cross_fit(zero, data, folds).loss


class InMemory:
    """Trials that are kept while the process lasts."""

    def __init__(self):
        from mesic.training.mean import FoldModels

        self.finished, self.found, self.models = {}, {}, FoldModels()

    def keep(self, trial, found):
        """Keep a trial's predictions, and the models of the best."""
        self.found[trial.number] = found
        self.models.hear(trial, found)

    def load(self, number):
        """Return what a trial predicted."""
        return self.found[number]


def zone_of(trials, nothing, **settings):
    """Return the zone, by the default rule where nothing else is said."""
    from mesic.config.settings import Zone
    from mesic.training.zone import estimate_zone

    return estimate_zone(trials, nothing, Zone(**settings))


def with_params(recipe, trial):
    """Return the recipe of a trial."""
    return recipe.with_learner(recipe.learner.with_options(trial.params))


def losses_of(model, data, rows):
    """Return the loss of each row."""
    from mesic.evaluation.losses import example_losses

    return example_losses(data.task, data.y[rows], model.predictor()(data.X.iloc[rows]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
