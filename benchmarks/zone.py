"""What the zone is worth: its mean, its simplest trial and the defaults, beside the best trial fitted again.

    python benchmarks/zone.py [--seeds 0,1,2] [--trials 36] [--tuner tpe] [--tables a,b]

A cell is a table and a seed: 700 training rows (half of a smaller table), 5 folds, trials of LightGBM, up to 6,000 test
rows. All rules choose from the same trials, the simplest at several tolerances. The best trial is the one of the best
mean score of the folds, as scikit-learn's searches choose it (ROC AUC of two classes, log loss of more, squared error
of numbers), and that of the least loss, as mesic chooses it.
The random tuner knows no portfolio. Tables of
MESIC_BENCHMARK_DATA are taken where they are, else those that scikit-learn ships, which the figures then say.
"""

import argparse
import os
import statistics
from dataclasses import asdict, dataclass, replace

import numpy as np
from measure import show
from public_tables import Table, tables
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold

ROWS, TEST_ROWS, FOLDS = 700, 6_000, 5
TOLERANCES = (0.01, 0.015, 0.02, 0.025, 0.03, 0.05)
PEERS = {"best": "the best trial by its loss", "best_score": "the best trial by its score"}


@dataclass(frozen=True)
class Cell:
    """What each rule loses on the test rows, shape (m,) each; sizes; what knowing nothing loses; the zone's share."""

    table: str
    losses: dict[str, np.ndarray]
    sizes: dict[str, float]
    nothing: float
    zone: float


def main() -> None:
    """Print each figure with what is asked."""
    asked = arguments()
    chosen, note = tables(asked.tables)
    cells = [cell_of(table, seed, asked) for table in chosen for seed in asked.seeds]
    about = {"cells": len(cells), "tables": len(chosen), "tuner": asked.tuner, "trials": asked.trials}
    about |= {"note": note} if note else {}
    for peer, name in PEERS.items():
        gains = [1 - mean(cell, "mean") / mean(cell, peer) for cell in cells]
        p = float(stats.wilcoxon(gains).pvalue) if any(gains) else 1.0
        facts = {"peer": name, "of": [round(gain, 4) for gain in gains], **about}
        better = statistics.mean(gain > 0 for gain in gains)
        show({"figure": "zone mean better, share of cells", "value": better, "at_least": 0.85, **facts})
        gain = statistics.mean(gains)
        show({"figure": "relative gain of the zone mean, mean", "value": gain, "at_least": 0.04, "p": p, **facts})
    worse = [cell.table for cell in cells if is_worse(cell.losses["mean"], cell.losses["defaults"])]
    show(
        {"figure": "cells in which the mean is worse than the defaults", "value": len(worse), "at_most": 0, "in": worse}
    )
    show({"figure": "trials in the zone, share, median", "value": statistics.median(cell.zone for cell in cells)})
    for tolerance in TOLERANCES:
        show_simplest(cells, tolerance)


def show_simplest(cells: list[Cell], tolerance: float) -> None:
    """Print what the simplest trial loses at a tolerance, and its size."""
    simplest = f"simplest at {tolerance}"
    lost = [skill_lost(cell, simplest) for cell in cells]
    about = {"tolerance": tolerance, "of": [round(own, 4) for own in lost]}
    show({"figure": "skill that simplest loses, median", "value": statistics.median(lost), "at_most": 0.003, **about})
    show({"figure": "skill that simplest loses, worst", "value": max(lost), "at_most": 0.03, "tolerance": tolerance})
    sizes = [cell.sizes[simplest] / cell.sizes["best"] for cell in cells]
    about = {"tolerance": tolerance, "of": [round(own, 3) for own in sizes]}
    show({"figure": "size of simplest, median", "value": statistics.median(sizes), "at_most": 0.8, **about})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=lambda text: [int(word) for word in text.split(",")], default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=36)
    parser.add_argument("--tuner", choices=["tpe", "random"], default="tpe")
    parser.add_argument("--tables", type=lambda text: text.split(","), default=None)
    return parser.parse_args()


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


def cell_of(table: Table, seed: int, asked: argparse.Namespace) -> Cell:
    """Search, and score what each rule takes."""
    from mesic.training.mean import fits_of, fitted_mean
    from mesic.training.preferences import all_that_can_be_taken
    from mesic.training.zone import choose

    data, train, test = parts(table.frame(), seed)
    recipe, trials, kept, nothing = searched(data, train, seed, asked)
    zone = zone_of(trials, nothing)
    inside, takeable = ([trials[number] for number in zone[which]] for which in ("members", "takeable"))
    skill = zone["baseline_loss"] - min(trial.loss for trial in inside)
    complete = [trial for trial in trials if trial.losses is not None]
    taken = all_that_can_be_taken(inside, complete, takeable, kept.load, data, skill)
    rules = {"best": zone["best"], "best_score": best_score(complete, kept.load, data)}
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
    return Cell(table.name, losses, sizes, nothing, len(zone["members"]) / len(zone["trials"]))


def parts(frame, seed):
    """Return the typed rows, and which train and test."""
    import pyarrow as pa

    from mesic.data.preparing import prepare
    from mesic.data.reading import type_table

    drawn = frame.sample(min(len(frame), ROWS + TEST_ROWS), random_state=seed)
    table = pa.Table.from_pandas(drawn, preserve_index=False)
    data, _ = prepare(type_table(table, {"schema": None, "ignore": []}, "target"), {"task": "auto", "positive": None})
    size = min(ROWS, len(data) // 2)
    return data, np.arange(size), np.arange(size, len(data))


def best_score(trials, load, data):
    """Return the number of the trial of the best mean score of the folds."""

    def score(trial):
        found = load(trial.number)
        if len(data.classes) != 2:
            return -float(np.mean(found.fold_losses))
        folds = [found.fold == fold for fold in np.unique(found.fold)]
        return float(np.mean([roc_auc_score(data.y[found.rows[of]], found.prediction[of, 1]) for of in folds]))

    return max(trials, key=score).number


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


def searched(data, train, seed, asked):
    """Return the recipe of the defaults, the trials, where they are kept, and the loss of knowing nothing."""
    from mesic.host.building import build
    from mesic.host.registry import installed
    from mesic.training.attempting import Bench, Here
    from mesic.training.budget import Budget
    from mesic.training.folds import cross_fit
    from mesic.training.making import Making
    from mesic.training.needs import NEED_OF_TRAIT
    from mesic.training.recipe import Recipe
    from mesic.training.search import search
    from mesic.training.space import SearchSpace

    learner, folds = part("learner", "lightgbm"), folds_of(data, train, seed)
    recipe = Recipe(
        learner, part("sampler", "everything"), [], [], dict.fromkeys(NEED_OF_TRAIT), installed(), data.task,
        len(data.classes), seed, len(os.sched_getaffinity(0)),
    )  # fmt: skip
    space, kept = SearchSpace.of([learner], {}, installed()), InMemory()
    options = {"space": space.spans, "starts": space.starts(recipe) if asked.tuner == "tpe" else []}
    tuner = build(installed().find("tuner", asked.tuner), options, seed=seed)
    bench = Bench(space, recipe, data, folds, train)
    making = Making(Here(bench, lambda _: None), data, Budget(asked.trials, None), kept, space)
    trials = search(tuner, making).trials
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
    main()
