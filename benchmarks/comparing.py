"""Whether rules that say "A is better than B" are right, and what the best of a list is worth elsewhere.

    python benchmarks/comparing.py [SIMULATIONS]

Type-I errors at nominal 5 % where both models are equally good: ridge and trees of exchangeable columns, cross-fitted
once and repeatedly; fixed models of equal risk on test rows, alone and in groups; lists of ten. Beside them the plain
paired t test and Wilcoxon's test over folds, and "more than a standard error apart". Then twenty searches: the best
one's loss as it seems and corrected, against its loss on many fresh rows. SIMULATIONS (400) of each setting: some
minutes on one core.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from measure import show
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeRegressor

from mesic.comparing.folds import FoldLosses
from mesic.comparing.means import mean_losses
from mesic.comparing.multiplicity import holm
from mesic.comparing.replicates import Side
from mesic.comparing.scores import scores_of_sides
from mesic.evaluation.resampling import plan_resampling
from mesic.training.confidence import SHARED_ROWS
from mesic.training.optimism import optimism_of_best
from mesic_plugins.metrics.f1 import F1
from mesic_plugins.metrics.roc_auc import RocAuc

LEVEL = 0.95
SCHEMES = ((200, 5, 1), (200, 10, 1), (200, 10, 10), (1_000, 5, 1), (1_000, 5, 5))
SWEEPS, FRESH = 20, 20_000


def main(simulations: int) -> None:
    """Print every figure."""
    warnings.filterwarnings("ignore")
    for learner, predict in (("ridge", ridge), ("tree", tree)):
        for rows, folds, repeats in SCHEMES if learner == "ridge" else SCHEMES[:3]:
            errors = cross_validated(predict, rows, folds, repeats, simulations)
            setting = {"learner": learner, "rows": rows, "folds": folds, "repeats": repeats}
            show({"figure": "type I, cross-validated"} | setting | errors)
    show({"figure": "type I, test rows"} | test_rows(simulations))
    show({"figure": "type I, groups"} | grouped_rows(simulations))
    show({"figure": "type I, metrics"} | by_metrics(simulations))
    show({"figure": "any false claim, the best of ten"} | lists(simulations))
    for rows in (200, 1_000):
        for sweeps, start in ((SWEEPS, 0), (10 * SWEEPS, 1_000)):
            show({"figure": "the best of forty", "rows": rows} | winners(rows, sweeps, start))


def ridge(X: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return asked @ np.linalg.solve(X.T @ X + np.eye(X.shape[1]), X.T @ y)


def tree(X: np.ndarray, y: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return DecisionTreeRegressor(min_samples_leaf=5, random_state=0).fit(X, y).predict(asked)


def cross_validated(
    predict: Callable[..., np.ndarray], rows: int, folds: int, repeats: int, simulations: int
) -> dict[str, float]:
    """Return how often each rule tells two learners apart that are equally good: each sees ten columns of its own."""
    rng, said = np.random.default_rng(0), []
    for _ in range(simulations):
        X = rng.standard_normal((rows, 20))
        y = X @ np.full(20, 0.3) + rng.standard_normal(rows)
        a, b, by_row = [], [], np.zeros((2, rows))
        for _ in range(repeats):
            for validate in np.array_split(rng.permutation(rows), folds):
                fit = np.setdiff1d(np.arange(rows), validate, assume_unique=True)
                both = [
                    (predict(X[fit, s], y[fit], X[validate, s]) - y[validate]) ** 2 for s in (np.s_[:10], np.s_[10:])
                ]
                a.append(both[0].mean())
                b.append(both[1].mean())
                by_row[:, validate] += np.stack(both) / repeats
        said.append(rules(np.array(a), np.array(b), by_row, folds))
    return {name: float(np.mean([one[name] for one in said])) for name in said[0]}


def rules(a: np.ndarray, b: np.ndarray, by_row: np.ndarray, folds: int) -> dict[str, bool]:
    """Return what each rule says of one pair: ours first."""
    plan = plan_resampling(by_row.shape[1], None, rng=np.random.default_rng(0))
    difference, count = a - b, a.size
    return {
        "rows, widened": mean_losses(by_row, plan, widened=SHARED_ROWS).p(0, 1) < 0.05,
        "Nadeau-Bengio": FoldLosses(np.stack([a, b]), folds - 1, 1).p(0, 1) < 0.05,
        "peer: rows, as if independent": mean_losses(by_row, plan).p(0, 1) < 0.05,
        "peer: paired t over folds": stats.ttest_rel(a, b).pvalue < 0.05,
        "peer: Wilcoxon over folds": stats.wilcoxon(difference).pvalue < 0.05,
        "peer: one standard error": abs(difference.mean()) > a.std(ddof=1) / np.sqrt(count),
    }


def equally_good(rng: np.random.Generator, rows: int, models: int = 2) -> np.ndarray:
    """Return squared errors of fixed models of equal risk on fresh rows, shape (models, rows)."""
    X = rng.standard_normal((rows, 10))
    astray = rng.standard_normal((models, 10))
    astray *= 0.5 / np.linalg.norm(astray, axis=1, keepdims=True)
    noise = rng.standard_normal(rows)
    return (astray @ X.T - noise) ** 2


def test_rows(simulations: int) -> dict[str, float]:
    """Return how often two fixed models of equal risk are told apart by their losses on test rows."""
    rng, found = np.random.default_rng(1), {}
    for rows in (50, 200, 3_000):
        plan = plan_resampling(rows, None, rng=np.random.default_rng(0))
        told = [mean_losses(equally_good(rng, rows), plan).p(0, 1) < 0.05 for _ in range(4 * simulations)]
        found[f"{rows} rows"] = float(np.mean(told))
    return found


def grouped_rows(simulations: int) -> dict[str, float]:
    """Return the same where rows of a group share most of the difference: by group, and as if rows were independent."""
    rng, told = np.random.default_rng(2), {"by group": [], "peer: by row": []}
    group = np.repeat(np.arange(40), 10)
    for _ in range(4 * simulations):
        losses = rng.exponential(size=(2, 400)) + rng.normal(size=(2, 40))[:, group]
        for name, groups in (("by group", group), ("peer: by row", None)):
            plan = plan_resampling(400, groups, rng=np.random.default_rng(0))
            told[name].append(mean_losses(losses, plan).p(0, 1) < 0.05)
    return {name: float(np.mean(said)) for name, said in told.items()}


def by_metrics(simulations: int) -> dict[str, float]:
    """Return how often two equally good classifiers are told apart by metrics that are no means."""
    rng, told = np.random.default_rng(3), {"roc_auc": [], "f1": []}
    for number in range(2 * simulations):
        y = (rng.random(300) < 0.3).astype(np.int64)
        plan = plan_resampling(300, None, rng=np.random.default_rng(number), replicates=1_000)
        seen = y + rng.normal(0, 0.7, 300)
        sides = [
            side(y, 1 / (1 + np.exp(3 - 5 * (seen + rng.normal(0, 0.7, 300)))), plan.unit_of_row) for _ in range(2)
        ]
        for name, metric in (("roc_auc", RocAuc()), ("f1", F1())):
            told[name].append(scores_of_sides(metric, sides, plan, None).p(0, 1) < 0.05)
    return {name: float(np.mean(said)) for name, said in told.items()}


def side(y: np.ndarray, p: np.ndarray, unit: np.ndarray) -> Side:
    return Side(y, (p > 0.5).astype(np.int64), np.column_stack([1 - p, p]), unit)


def lists(simulations: int) -> dict[str, float]:
    """Return how often any of ten equally good models is called worse than the best of them."""
    rng, told = np.random.default_rng(4), {"Holm over all pairs": [], "peer: each by itself": []}
    for _ in range(2 * simulations):
        losses = equally_good(rng, 400, models=10)
        found = mean_losses(losses, plan_resampling(400, None, rng=np.random.default_rng(0)))
        best = int(found.values.argmin())
        pairs = list(combinations(range(10), 2))
        p = np.array([found.p(*pair) for pair in pairs])
        with_best = np.array([best in pair for pair in pairs])
        told["Holm over all pairs"].append(min(np.array(holm(p))[with_best]) < 0.05)
        told["peer: each by itself"].append(p[with_best].min() < 0.05)
    return {name: float(np.mean(said)) for name, said in told.items()}


def winners(rows: int, sweeps: int, start: int = 0) -> dict[str, float]:
    """Return mean errors of what the best of forty seems to lose and of what is expected, in widths of the interval."""
    found = list(_winners(rows, sweeps, start))
    naive, corrected, width, covered = (np.array(column) for column in zip(*found, strict=True))
    return {
        "sweeps": sweeps,
        "naive error / width": float((naive / width).mean()),
        "corrected error / width": float((corrected / width).mean()),
        "interval holds the truth": float(covered.mean()),
    }


def _winners(rows: int, sweeps: int, start: int) -> Iterator[tuple[float, float, float, bool]]:
    for number in range(start, start + sweeps):
        X, y = make_classification(
            rows + FRESH, 15, n_informative=4, n_redundant=0, class_sep=0.8, flip_y=0.1, random_state=number
        )
        rng = np.random.default_rng(number)
        losses, truth = zip(*(_trial(X, y, rows, rng) for _ in range(40)), strict=True)
        best = int(np.argmin([loss.mean() for loss in losses]))
        worth = optimism_of_best(losses, rng=np.random.default_rng(number))
        true = truth[best]
        yield losses[best].mean() - true, worth.expected - true, worth.high - worth.low, worth.low <= true <= worth.high


def _trial(X: np.ndarray, y: np.ndarray, rows: int, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return squared errors a row out of fold of ridge on drawn columns, and the mean on fresh rows."""
    columns = rng.choice(15, int(rng.integers(3, 12)), replace=False)
    losses, fresh = np.empty(rows), []
    for validate in np.array_split(np.arange(rows), 5):
        fit = np.setdiff1d(np.arange(rows), validate)
        asked = np.concatenate([validate, np.arange(rows, rows + FRESH)])
        error = (ridge(X[np.ix_(fit, columns)], y[fit] - 0.5, X[np.ix_(asked, columns)]) - y[asked] + 0.5) ** 2
        losses[validate] = error[: validate.size]
        fresh.append(error[validate.size :].mean())
    return losses, float(np.mean(fresh))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
