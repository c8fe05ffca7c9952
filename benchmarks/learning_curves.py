"""Whether a learning curve tells what eight times the rows would bring, beside simpler ways to go on with it.

    python benchmarks/learning_curves.py

Eighteen curves: six generated tables, each learned by LightGBM, logistic regression and nearest neighbours on 64 to
16,384 rows; everything is told from 2,048 rows and fewer, and held against the error at 16,384. Beside the
extrapolation of `mesic advise data`: the last value, and power laws of two, three and four parameters fitted by least
squares from several starts. Well under two minutes on one core.
"""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
from lightgbm import LGBMClassifier
from measure import show
from scipy.optimize import least_squares
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from mesic.advising.curve import LearningCurve

SIZES = np.unique(np.round(64 * 2 ** (np.arange(17) / 2)).astype(int))
KNOWN, LAST = 2_048, 16_384
POOL, SCORED = 20_000, slice(20_000, 26_000)
REPLICATES, LEVEL = 400, 0.95
LEARNERS: dict[str, Callable[[], object]] = {
    "lightgbm": lambda: LGBMClassifier(n_estimators=60, num_leaves=15, n_jobs=1, verbose=-1, min_child_samples=5),
    "logistic": lambda: LogisticRegression(max_iter=200),
    "neighbours": lambda: KNeighborsClassifier(9),
}
LAWS = {
    "pow2": (lambda t, n: t[0] * n ** -t[1], 2),
    "pow3": (lambda t, n: t[0] * n ** -t[1] + t[2], 3),
    "pow4": (lambda t, n: t[0] * (n + t[3]) ** -t[1] + t[2], 4),
}


def main() -> None:
    """Print a line a curve, then what they come to."""
    warnings.filterwarnings("ignore")
    lines = [_told(task, learner, wrong) for task, learner, wrong in curves()]
    ways = ("ours", "peer: last value", "peer: pow2", "peer: pow3", "peer: pow4")
    off = {way: np.array([abs(line[way] - line["truth"]) for line in lines if line[way] is not None]) for way in ways}
    told = [line for line in lines if line["ours"] is not None]
    show(
        {"figure": "error of the extrapolated score", "curves": len(lines), "refused": len(lines) - len(told)}
        | {f"mean, {way}": float(errors.mean()) for way, errors in off.items()}
        | {f"median, {way}": float(np.median(errors)) for way, errors in off.items()}
        | {"bands hold the truth": float(np.mean([line["low"] <= line["truth"] <= line["high"] for line in told]))}
        | {"mean width of bands": float(np.mean([line["high"] - line["low"] for line in told]))}
    )


def curves() -> Iterator[tuple[int, str, dict[int, np.ndarray]]]:
    """Yield which of the scored rows each draw of each size gets wrong, shape (draws, rows)."""
    for task in range(6):
        X, y = make_classification(
            36_000,
            20,
            n_informative=6 + 2 * task,
            n_redundant=2,
            n_clusters_per_class=3,
            class_sep=0.7 + 0.1 * task,
            flip_y=0.05,
            random_state=task,
        )
        for name, make in LEARNERS.items():
            yield task, name, {int(size): _wrong(make, X, y, size) for size in SIZES}


def _wrong(make: Callable[[], object], X: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    rng, draws = np.random.default_rng(size), 5 if size < 2_000 else 2
    picked = [rng.choice(POOL, size, replace=False) for _ in range(draws)]
    return np.stack([make().fit(X[rows], y[rows]).predict(X[SCORED]) != y[SCORED] for rows in picked])


def _told(task: int, learner: str, wrong: dict[int, np.ndarray]) -> dict[str, object]:
    sizes = SIZES[SIZES <= KNOWN]
    errors = np.array([wrong[size].mean() for size in sizes])
    curve = LearningCurve(
        "error", sizes, errors, _drawn(wrong, sizes), perfect=0.0, greater_is_better=False, level=LEVEL
    )
    expected = {"value": None, "low": None, "high": None} if curve.refusal else curve.expected(LAST)
    line: dict[str, object] = {"task": task, "learner": learner, "truth": float(wrong[LAST].mean())}
    line |= {"ours": expected["value"], "low": expected["low"], "high": expected["high"]}
    line |= {"peer: last value": float(errors[-1])}
    line |= {f"peer: {name}": _peer(name, sizes.astype(float), errors) for name in LAWS}
    show(line)
    return line


def _drawn(wrong: dict[int, np.ndarray], sizes: np.ndarray) -> np.ndarray:
    """Return errors on resampled rows, each by one draw of a size, shape (replicates, sizes)."""
    rng, rows = np.random.default_rng(0), wrong[int(sizes[0])].shape[1]
    counts = rng.multinomial(rows, np.full(rows, 1 / rows), size=REPLICATES) / rows
    of_draws = [wrong[int(size)].astype(float) @ counts.T for size in sizes]
    picked = [each[rng.integers(0, len(each), REPLICATES), np.arange(REPLICATES)] for each in of_draws]
    return np.column_stack(picked)


def _peer(name: str, n: np.ndarray, errors: np.ndarray) -> float:
    """Return what a power law says that was fitted by least squares from twelve starts, larger sizes weighing more."""
    law, parameters = LAWS[name]
    weight = np.sqrt(np.arange(1, n.size + 1))
    low = np.array([0, 1e-3, 0, 1 - n[0]][:parameters])
    high = np.array([np.inf, 3, 1, 10 * n[-1]][:parameters])
    best = None
    for exponent in (0.1, 0.3, 0.6, 1.0):
        for share in (0.0, 0.5, 0.9):
            start = [max(errors[0] - share * errors[-1], 1e-3) * n[0] ** exponent, exponent, share * errors[-1], 1.0]
            found = least_squares(
                lambda t: (law(t, n) - errors) * weight,
                np.clip(start[:parameters], low + 1e-9, high),
                bounds=(low, high),
                max_nfev=400,
            )
            best = found if best is None or found.cost < best.cost else best
    assert best is not None
    return float(law(best.x, float(LAST)))


if __name__ == "__main__":
    main()
