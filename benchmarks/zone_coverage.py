"""Whether the zone holds the trial that is truly best, and how large it is, where the truth is known.

    python benchmarks/zone_coverage.py [TASKS]

Drawn tasks: losses of trials a row, correlated as those of neighbours in a search are, with mean losses that are
known: all equal, a valley, one winner, half of them best; few and many trials and rows, light and heavy tails, rows
that share the luck of their fold's model or do not. Learned tasks: ridge, neighbours, trees and LightGBM, cross-fitted
on generated tables; the truth is the mean loss of fresh training sets of the fold's size on fresh rows. Every rule sees
the same tasks; TASKS (200) of each drawn setting, half as many of each learned one: about half an hour on one core.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product

import lightgbm
import numpy as np
from measure import show
from scipy import stats
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mesic.training.confidence import excess_over

LEVEL, FOLDS, DRAWS = 0.9, 5, 300
SIZES = ((10, 200), (30, 1_000), (30, 5_000), (100, 400))
SHAPES = ("equal", "valley", "steep valley", "winner", "weak winner", "half")
FOLD_LUCK = 0.7  # mean differences then vary 1.5 times as much as rows say: what trees and LightGBM show below
FRESH_SETS, FRESH_ROWS = 100, 4_000
COLUMNS = 15
TABLES = (("regression", 200), ("classes", 300), ("heavy tails", 300), ("regression", 600))


@dataclass(frozen=True)
class Task:
    """Losses a row, shape (trials, rows), the fold of each row, and which trial is truly best."""

    losses: np.ndarray
    fold: np.ndarray
    truth: int


@dataclass
class Tally:
    """How often a rule held the truth, and how large its zone was, by setting."""

    held: dict[str, list[bool]] = field(default_factory=dict)
    size: dict[str, list[float]] = field(default_factory=dict)

    def add(self, setting: str, is_held: bool, size: float) -> None:
        """Count one task."""
        self.held.setdefault(setting, []).append(is_held)
        self.size.setdefault(setting, []).append(size)


def main(tasks: int) -> None:
    """Print coverage and size of each rule, then what races cost."""
    for kind, settings in (("drawn", drawn_settings(tasks)), ("learned", learned_settings(tasks // 2))):
        rules, races = {name: Tally() for name in RULES}, {errors: (Tally(), Tally()) for errors in (2.0, 2.5, 3.0)}
        for setting, these in settings:
            for number, task in enumerate(these):
                evidence = Evidence(task.losses)
                for name, rule in RULES.items():
                    members = rule(evidence)
                    rules[name].add(setting, bool(members[task.truth]), float(members.mean()))
                for errors, (alone, both) in races.items():
                    raced(task, number, errors, setting, alone, both)
        for name, tally in rules.items():
            report(f"{kind} tasks whose zone holds the truly best trial", name, tally, "zone")
        for errors, (alone, both) in races.items():
            report(f"{kind} tasks whose truly best trial outlives the race", f"{errors:g} SE", alone, "fits")
            report(f"{kind} tasks whose zone of survivors holds the truly best trial", f"{errors:g} SE", both, "zone")


def report(figure: str, rule: str, tally: Tally, of: str) -> None:
    """Print the mean and the worst setting."""
    held = {setting: float(np.mean(own)) for setting, own in tally.held.items()}
    worst = min(held, key=held.__getitem__)
    show(
        {
            "figure": figure,
            "rule": rule,
            "worst": round(held[worst], 3),
            "at_least": LEVEL,
            "mean": round(float(np.mean(list(held.values()))), 3),
            of: round(float(np.mean([np.mean(own) for own in tally.size.values()])), 3),
            "settings": len(held),
            "below": sum(share < LEVEL for share in held.values()),
            "worst_in": worst,
            "tasks": len(tally.held[worst]),
        }
    )


class Evidence:
    """What rules are made of: excess over the best, standard errors of all pairs, draws of what luck does."""

    def __init__(self, losses: np.ndarray) -> None:
        self.losses, self.rows = losses, losses.shape[1]
        self.best = int(losses.mean(axis=1).argmin())
        excess = (losses - losses[self.best]) / self.rows
        self.excess = excess.sum(axis=1)
        spread = (excess - self.excess[:, None] / self.rows) * np.sqrt(self.rows / (self.rows - 1))
        both = spread @ spread.T
        size = np.diag(both)
        error = np.sqrt(np.maximum(size[:, None] + size - 2 * both, 0.0))
        self.error = np.where(error > 1e-9, error, np.inf)
        self.lead = self.excess / self.error[self.best]
        self.luck = np.random.default_rng(1).normal(size=(DRAWS, self.rows)) @ spread.T


def within(errors: float) -> Callable[[Evidence], np.ndarray]:
    """Return the rule of a number of paired standard errors."""
    return lambda evidence: evidence.lead <= errors


def bonferroni(evidence: Evidence, of: int | None = None) -> np.ndarray:
    """Test every trial against the best at the level that all tests share out."""
    others = max((of or evidence.lead.size) - 1, 1)
    return evidence.lead <= stats.t.ppf(1 - (1 - LEVEL) / others, evidence.rows - 1)


def holm(evidence: Evidence) -> np.ndarray:
    """Share the level out among those that are left, again and again."""
    members = bonferroni(evidence)
    while (left := members & bonferroni(evidence, int(members.sum()))).sum() < members.sum():
        members = left
    return members


def largest_of_all_pairs(evidence: Evidence) -> np.ndarray:
    """Hsu's multiple comparisons with the best: no other trial is better than luck explains."""
    found = ((evidence.excess[:, None] - evidence.excess) / evidence.error).max(axis=1)
    luck = evidence.luck
    limits = [np.quantile(((luck[:, [n]] - luck) / evidence.error[n]).max(axis=1), LEVEL) for n in range(luck.shape[1])]
    return found <= limits


def model_confidence_set(evidence: Evidence) -> np.ndarray:
    """Hansen, Lunde and Nason: put the worst out until those left cannot be told from their mean."""
    left = np.arange(evidence.lead.size)
    while left.size > 1:
        luck = evidence.luck[:, left] - evidence.luck[:, left].mean(axis=1, keepdims=True)
        error = np.where(luck.std(axis=0) > 0, luck.std(axis=0), 1.0)
        found = (evidence.excess[left] - evidence.excess[left].mean()) / error
        if found.max() <= np.quantile((luck / error).max(axis=1), LEVEL):
            break
        left = np.delete(left, found.argmax())
    return np.isin(np.arange(evidence.lead.size), left)


def luck_of_the_leader(evidence: Evidence) -> np.ndarray:
    """Do as the engine does, without its correction for shared training rows, all trials competing."""
    leader = evidence.luck.argmin(axis=1)
    trails = (evidence.luck - evidence.luck.min(axis=1, keepdims=True)) / evidence.error[leader]
    return evidence.lead <= np.quantile(trails, LEVEL, axis=0)


def engine(evidence: Evidence) -> np.ndarray:
    """Do as the engine does."""
    return excess_over(evidence.losses[evidence.best], list(evidence.losses), level=LEVEL).cannot_be_told


NADEAU_BENGIO = np.sqrt(1 + FOLDS / (FOLDS - 1))
RULES: dict[str, Callable[[Evidence], np.ndarray]] = {
    "1 SE": within(1),
    "1.28 SE": within(1.28),
    "1.645 SE": within(1.645),
    "2 SE": within(2),
    "1.28 SE, Nadeau-Bengio": within(1.28 * NADEAU_BENGIO),
    "2 SE, Nadeau-Bengio": within(2 * NADEAU_BENGIO),
    "Bonferroni": bonferroni,
    "Holm": holm,
    "max-t over pairs": largest_of_all_pairs,
    "model confidence set": model_confidence_set,
    "luck of the leader": luck_of_the_leader,
    "the engine's": engine,
}


def raced(task: Task, seed: int, errors: float, setting: str, alone: Tally, both: Tally) -> None:
    """Race the trials in a random order as the search does; count survival, fits, and the zone of survivors."""
    best, alive, fits = -1, np.ones(len(task.losses), dtype=bool), 0
    for number in np.random.default_rng(seed).permutation(len(task.losses)):
        looks = [look for look in (2, 4) if best >= 0 and is_lost(task, number, best, look, errors)]
        alive[number] = not looks
        fits += looks[0] if looks else FOLDS
        if not looks and (best < 0 or task.losses[number].mean() < task.losses[best].mean()):
            best = number
    alone.add(setting, bool(alive[task.truth]), fits / (FOLDS * alive.size))
    losses, place = list(task.losses[alive]), np.cumsum(alive)[task.truth] - 1
    members = excess_over(task.losses[best], losses, level=LEVEL).cannot_be_told
    both.add(setting, bool(alive[task.truth] and members[place]), float(members.sum() / alive.size))


def is_lost(task: Task, number: int, best: int, look: int, errors: float) -> bool:
    """Say whether a trial is clearly worse on the first folds."""
    worse = (task.losses[number] - task.losses[best])[task.fold < look]
    return bool(worse.mean() > errors * worse.std() / np.sqrt(worse.size) > 0)


def drawn_settings(tasks: int) -> Iterator[tuple[str, Iterator[Task]]]:
    """Yield each setting and its tasks."""
    for shape, (trials, rows), tails, luck in product(SHAPES, SIZES, ("light", "heavy"), (0.0, FOLD_LUCK)):
        name = f"{shape}, {trials} trials, {rows} rows, {tails} tails, {'fold luck' if luck else 'no fold luck'}"
        rng = np.random.default_rng(0)
        yield name, (drawn(shape, trials, tails, luck, rows, rng) for _ in range(tasks))


def drawn(shape: str, trials: int, tails: str, luck: float, rows: int, rng: np.random.Generator) -> Task:
    """Draw one task."""
    noise = 0.7 * along_the_search(trials, rows, rng) + 0.3 * rng.normal(size=(trials, rows))
    scale = np.sqrt(0.58)
    if tails == "heavy":
        tall = 0.4 * np.expm1(1.2 * np.abs(noise)) * np.exp(0.5 * rng.normal(size=rows))
        noise, scale = np.where(noise > 0, 2 * tall, -tall / 2), 2.0
    error = scale * np.sqrt(2 / rows)
    truth = int(rng.integers(trials))
    mean, truth = means(shape, trials, error, truth)
    fold = np.arange(rows) % FOLDS
    shared = 0.6 * along_the_search(trials, FOLDS, rng) + 0.4 * rng.normal(size=(trials, FOLDS))
    losses = rng.exponential(size=rows) + noise + mean[:, None] + luck * error * np.sqrt(FOLDS / 2) * shared[:, fold]
    return Task(losses, fold, truth)


def means(shape: str, trials: int, error: float, truth: int) -> tuple[np.ndarray, int]:
    """Return the true mean losses of a shape in standard errors of a difference, and which is least."""
    place, others = np.linspace(0, 1, trials), np.arange(trials) != truth
    found = {
        "equal": np.zeros(trials),
        "valley": 8 * (2 * place - 1) ** 2,
        "steep valley": 40 * np.abs(2 * place - 0.9),
        "winner": 4.0 * others,
        "weak winner": 0.7 * others,
        "half": np.where(np.arange(trials) % 2 == truth % 2, 1e-3 * others, 3.0),
    }[shape]
    return error * found, truth if shape == "equal" else int(found.argmin())


def along_the_search(trials: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return normal noise that neighbours in the search share."""
    place = np.linspace(0, 1, trials)
    shared = np.exp(-((place[:, None] - place) ** 2) / (2 * 0.15**2)) + 1e-9 * np.eye(trials)
    return np.linalg.cholesky(shared) @ rng.normal(size=(trials, size))


def learned_settings(tasks: int) -> Iterator[tuple[str, Iterator[Task]]]:
    """Yield each table and learner, and its tasks; last of a table all learners together."""
    for kind, rows in TABLES:
        rng = np.random.default_rng(5)
        truth = true_losses(kind, rows * (FOLDS - 1) // FOLDS, rng)
        found = [cross_fitted(kind, rows, rng) for _ in range(tasks)]
        fold = np.arange(rows) % FOLDS
        for name, own in (truth | {"all": np.concatenate(list(truth.values()))}).items():
            losses = (np.concatenate(list(one.values())) if name == "all" else one[name] for one in found)
            yield f"{name}, {kind}, {rows} rows", (Task(one, fold, int(own.argmin())) for one in losses)


def true_losses(kind: str, rows: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the mean loss of each trial, by learner, over fresh training sets and fresh rows."""
    found = []
    for _ in range(FRESH_SETS):
        (X, y), (fresh, target) = table(kind, rows, rng), table(kind, FRESH_ROWS, rng)
        answers = predictions(kind, X, y, fresh)
        found.append({name: losses_of(kind, target, own).mean(axis=1) for name, own in answers.items()})
    return {name: np.mean([one[name] for one in found], axis=0) for name in found[0]}


def cross_fitted(kind: str, rows: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return out-of-fold losses of each trial, by learner, on one table."""
    X, y = table(kind, rows, rng)
    fold, found = np.arange(rows) % FOLDS, {}
    for number in range(FOLDS):
        fit, validate = fold != number, fold == number
        for name, own in predictions(kind, X[fit], y[fit], X[validate]).items():
            found.setdefault(name, np.empty((len(own), rows)))[:, validate] = losses_of(kind, y[validate], own)
    return found


def table(kind: str, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return Friedman's function of five columns among fifteen, as numbers or as classes."""
    X = rng.uniform(size=(rows, COLUMNS))
    signal = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
    if kind == "classes":
        return X, (rng.random(rows) < 1 / (1 + np.exp((14.4 - signal) / 2.5))).astype(float)
    noise = 2 * rng.standard_t(3, size=rows) if kind == "heavy tails" else 3 * rng.normal(size=rows)
    return X, signal + noise


def losses_of(kind: str, y: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return log loss of classes, squared error of numbers."""
    if kind != "classes":
        return (y - answers) ** 2
    p = np.clip(answers, 1e-4, 1 - 1e-4)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def predictions(kind: str, X: np.ndarray, y: np.ndarray, asked: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each trial answers, by learner, shape (trials, rows)."""
    centre, scale = X.mean(axis=0), X.std(axis=0)
    Z, A = (X - centre) / scale, (asked - centre) / scale
    left, singular, right = np.linalg.svd(Z, full_matrices=False)
    along = left.T @ (y - y.mean())
    alphas = np.geomspace(0.1, 1e4, 20)
    ridge = [y.mean() + A @ (right.T @ (singular / (singular**2 + alpha) * along)) for alpha in alphas]
    far = (A**2).sum(axis=1)[:, None] + (Z**2).sum(axis=1) - 2 * A @ Z.T
    nearest = np.cumsum(y[np.argsort(far, axis=1)[:, :100]], axis=1)
    neighbours = [nearest[:, k - 1] / k for k in np.unique(np.geomspace(2, 100, 20).astype(int))]
    return {
        "ridge": np.array(ridge),
        "neighbours": np.array(neighbours),
        "trees": np.array([tree(kind, X, y, asked, *own) for own in product((1, 2, 3, 4, 5, 6, 8, 12), (2, 8, 20))]),
        "lightgbm": np.array([boosted(kind, X, y, asked, leaves) for leaves in (3, 7, 15)]).reshape(-1, len(asked)),
    }


def tree(kind: str, X: np.ndarray, y: np.ndarray, asked: np.ndarray, depth: int, leaf: int) -> np.ndarray:
    """Return the answers of one tree."""
    learner = DecisionTreeClassifier if kind == "classes" else DecisionTreeRegressor
    fitted = learner(max_depth=depth, min_samples_leaf=leaf, random_state=0).fit(X, y)
    return fitted.predict_proba(asked)[:, 1] if kind == "classes" else fitted.predict(asked)


def boosted(kind: str, X: np.ndarray, y: np.ndarray, asked: np.ndarray, leaves: int) -> list[np.ndarray]:
    """Return the answers after three numbers of rounds."""
    options = {
        "objective": "binary" if kind == "classes" else "l2", "num_leaves": leaves, "min_data_in_leaf": 10,
        "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    fitted = lightgbm.train(options, lightgbm.Dataset(X, y), 100)
    return [fitted.predict(asked, num_iteration=rounds) for rounds in (15, 40, 100)]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
