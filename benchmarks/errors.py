"""What the error analysis finds and how often it is wrong, where the truth is known, beside the usual way.

    python benchmarks/errors.py [FIGURE ...]

Figures: known learned null suspects numbers classes. Each prints JSON lines; about ten minutes on one core.

``known``: a model that is right but for labels that are turned over in a tenth of the rows; ``learned``: LightGBM that
learned from such labels. The usual way is a small tree on the losses of the test rows, its worst leaf first. ``null``:
alarms of a model that is right; the usual way is the smallest p of all slices of one column on the rows they were found
in, uncorrected. ``suspects``: planted labels among as many named first, beside those of the least probability, and
cleanlab where it is installed. ``numbers`` and ``classes``: the share of targets held, beside errors on the rows that a
model learned from, intervals of one width, and sets that take a model at its word.
"""

import sys
from importlib.util import find_spec

import lightgbm
import numpy as np
import pandas as pd
from measure import show
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_classification, make_regression
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeRegressor

from mesic import EvaluationView, PredictedRows, example_losses
from mesic_plugins.auditors.suspect_labels import _classes
from mesic_plugins.evaluators.conformal import Conformal
from mesic_plugins.evaluators.slice_search import Hunt
from mesic_plugins.evaluators.slice_words import declared_slices, read_slice
from mesic_plugins.evaluators.slices import Slices

SEEDS, DRAWS, NULLS = 20, 200, 200
TRAIN, TEST = 4_000, 1_000
TURNED, COVERAGE = 0.3, 0.9


def main() -> None:
    """Print the figures that were asked for."""
    for name in sys.argv[1:] or FIGURES:
        FIGURES[name]()


def known() -> None:
    """Find a slice that a model does not know of."""
    for shape, spoil in SPOILT.items():
        found = [planted(seed, spoil, learned=False) for seed in range(SEEDS)]
        told(f"{shape}, unknown to the model: found first in draws", found)


def learned() -> None:
    """Find a slice of labels that a model has learned from."""
    for shape, spoil in SPOILT.items():
        found = [planted(seed, spoil, learned=True) for seed in range(SEEDS)]
        told(f"{shape}, learned by LightGBM: found first in draws", found)


def told(what: str, found: list[tuple[bool, bool]]) -> None:
    """Print how often ours and the tree's first slice is the planted one."""
    ours, peer = (sum(one) for one in zip(*found, strict=True))
    show({"figure": what, "mesic": ours, "of": len(found), "peer": peer, "at_least": 0.75 * len(found)})


def table(seed: int) -> tuple[pd.DataFrame, np.ndarray, np.random.Generator]:
    """Return rows, their probability of the positive class, and what draws the rest."""
    rng = np.random.default_rng(seed)
    rows = TRAIN + TEST
    X = pd.DataFrame({f"x{place}": rng.normal(size=rows) for place in range(8)})
    X["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn", "Rome", "Oslo", "Linz"], rows))
    X["rooms"] = rng.integers(1, 31, rows).astype(float)
    return X, 1 / (1 + np.exp(-(4 * X["x0"] + 2 * X["x1"]).to_numpy())), rng


SPOILT = {
    "range": lambda X: (X["x2"] > stats.norm.isf(0.1)).to_numpy(),
    "pair": lambda X: ((X["town"] == "Rome") & (X["rooms"] >= 16)).to_numpy(),
}


def planted(seed: int, spoil, *, learned: bool) -> tuple[bool, bool]:
    """Return whether the planted slice is named first, by mesic and by a tree on the losses."""
    X, p, rng = table(seed)
    y, bad = (rng.random(p.size) < p).astype(int), spoil(X)
    y = np.where(bad & (rng.random(p.size) < TURNED), 1 - y, y)
    view = view_of(X, y, fitted(X, y) if learned else of_two(p), seed)
    searched = Slices().evaluate(view).data["searched"]
    is_found = bool(searched) and searched[0]["found"]
    ours = rows_of(view, searched[0]["slice"]) if is_found else np.zeros(TEST, dtype=bool)
    return alike(ours, bad[TRAIN:]), alike(worst_leaf(view), bad[TRAIN:])


def fitted(X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Return probabilities out of fold of the training rows, and of the test rows by a model of all of them."""
    model = lightgbm.LGBMClassifier(n_estimators=60, num_leaves=15, n_jobs=1, verbosity=-1)
    inside = cross_val_predict(model, X[:TRAIN], y[:TRAIN], cv=5, method="predict_proba")
    return np.concatenate([inside, model.fit(X[:TRAIN], y[:TRAIN]).predict_proba(X[TRAIN:])])


def of_two(p: np.ndarray) -> np.ndarray:
    """Return the probabilities of two classes."""
    return np.column_stack([1 - p, p])


def view_of(X: pd.DataFrame, y: np.ndarray, prediction: np.ndarray, seed: int, inside: int = TRAIN) -> EvaluationView:
    """Return the last rows as an evaluator sees them, the others as predicted out of fold."""
    task = "regression" if prediction.ndim == 1 else "binary" if prediction.shape[1] == 2 else "multiclass"
    losses = example_losses(task, y, prediction)
    return EvaluationView(
        task=task,
        classes=() if prediction.ndim == 1 else tuple(f"class {code}" for code in range(prediction.shape[1])),
        X=X[inside:],
        y=y[inside:],
        prediction=prediction[inside:],
        losses=losses[inside:],
        origin=np.arange(inside, len(y)),
        weight=None,
        groups=None,
        predict=lambda X: np.zeros(len(X)),
        level=0.95,
        rng=np.random.default_rng(seed),
        out_of_fold=PredictedRows(X[:inside], y[:inside], prediction[:inside], losses[:inside]),
    )


def rows_of(view: EvaluationView, said: str) -> np.ndarray:
    """Return which test rows a slice holds."""
    (part,) = declared_slices(view, read_slice(said, view.X.columns, "slice"), parts=4, setting="slice")
    return part.holds(view)


def worst_leaf(view: EvaluationView) -> np.ndarray:
    """Return the rows of the leaf with the highest loss of a small tree on the test rows."""
    X = pd.get_dummies(view.X).to_numpy(dtype=float)
    tree = DecisionTreeRegressor(max_leaf_nodes=8, min_samples_leaf=30, random_state=0).fit(X, view.losses)
    leaf = tree.apply(X)
    return leaf == leaf[tree.predict(X).argmax()]


def alike(found: np.ndarray, planted: np.ndarray) -> bool:
    """Return whether two sets of rows overlap by half of both together."""
    return bool((found & planted).sum() >= 0.5 * (found | planted).sum())


def null() -> None:
    """Count alarms where there is nothing to find."""
    ours, naive = [], []
    for seed in range(NULLS):
        X, p, rng = table(seed)
        view = view_of(X, (rng.random(p.size) < 0.2).astype(int), of_two(np.full(p.size, 0.2)), seed)
        ours.append(any(row["found"] for row in Slices().evaluate(view).data["searched"]))
        hunt = Hunt(view, view, fewest=30, rng=np.random.default_rng(seed))
        p_values = [_worse(view.losses, held) for column in hunt.fine for held in column.held()]
        naive.append(min(p_values) < 0.05)
    show(
        {
            "figure": "runs of nothing with an alarm",
            "mesic": float(np.mean(ours)),
            "peer": float(np.mean(naive)),
            "at_most": 0.05,
        }
    )


def _worse(losses: np.ndarray, inside: np.ndarray) -> float:
    if min(inside.sum(), (~inside).sum()) < 30:
        return 1.0
    return float(stats.ttest_ind(losses[inside], losses[~inside], equal_var=False, alternative="greater").pvalue)


def suspects() -> None:
    """Name labels that were turned over, as many as there are."""
    made = [make_classification(4_000, 20, n_informative=10, n_classes=k, flip_y=0, random_state=k) for k in (2, 3)]
    tables = {"digits": load_digits(return_X_y=True), "breast cancer": load_breast_cancer(return_X_y=True)}
    for name, (X, y) in (tables | {"made, 2 classes": made[0], "made, 3 classes": made[1]}).items():
        show({"figure": f"turned labels among as many named first: {name}", **precision(X, y), "at_least": 0.6})


def precision(X: np.ndarray, y: np.ndarray) -> dict[str, object]:
    """Return the share of labels that were turned over among as many named first, by each way."""
    rng, classes = np.random.default_rng(0), int(y.max()) + 1
    turned = rng.random(y.size) < 0.05
    y = np.where(turned, (y + rng.integers(1, classes, y.size)) % classes, y)
    model = lightgbm.LGBMClassifier(n_estimators=60, n_jobs=1, verbosity=-1)
    p = cross_val_predict(model, X, y, cv=5, method="predict_proba")
    suspect, clear, _ = _classes(p, y)
    ours = np.flatnonzero(suspect)[np.argsort(-clear[suspect], kind="stable")]
    ways = {"mesic": ours, "least probability": np.argsort(p[np.arange(y.size), y], kind="stable")}
    if find_spec("cleanlab"):
        from cleanlab.filter import find_label_issues

        ways["cleanlab"] = find_label_issues(y, p, return_indices_ranked_by="self_confidence")
    count = int(turned.sum())
    found = {way: round(float(turned[order[:count]].sum() / count), 3) for way, order in ways.items()}
    return found | {"named": ours.size, "of": count, "turned_of_named": round(float(turned[ours].mean()), 3)}


def numbers() -> None:
    """Hold numbers in intervals, where errors are even, grow, and come of a forest."""
    diabetes = load_diabetes(return_X_y=True)
    friedman = make_regression(1_500, 10, noise=20, random_state=0)
    for name, (X, y) in {"diabetes": diabetes, "made": friedman}.items():
        found = [forest(X, y, seed) for seed in range(SEEDS)]
        ours, width, inside = (float(np.mean(one)) for one in zip(*found, strict=True))
        facts = {"mesic": round(ours, 4), "width": round(width, 1), "peer": round(inside, 4), "promised": COVERAGE}
        show({"figure": f"targets held by intervals of a forest: {name}", **facts})
    for name, spread in {"even errors": lambda said: 1 + 0 * said, "errors that grow": lambda said: 0.1 + said}.items():
        found = [drawn(seed, spread) for seed in range(DRAWS)]
        ours, width, even = (float(np.mean(one)) for one in zip(*found, strict=True))
        facts = {"mesic": round(ours, 4), "width": round(width, 2), "peer_width": round(even, 2), "promised": COVERAGE}
        show({"figure": f"targets held by intervals: {name}", **facts})


def forest(X: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Return the share of held test targets and the width, and the share by errors on training rows."""
    order = np.random.default_rng(seed).permutation(y.size)
    X, y, inside = X[order], y[order], round(0.8 * y.size)
    model = RandomForestRegressor(60, min_samples_leaf=3, random_state=0)
    known_p = cross_val_predict(model, X[:inside], y[:inside], cv=5)
    model.fit(X[:inside], y[:inside])
    said = np.concatenate([known_p, model.predict(X[inside:])])
    data = Conformal(coverage=COVERAGE).evaluate(view_of(pd.DataFrame(X), y, said, seed, inside)).data
    half = np.quantile(np.abs(y[:inside] - model.predict(X[:inside])), COVERAGE)
    naive = np.mean(np.abs(y[inside:] - said[inside:]) <= half)
    return data["coverage"]["value"], data["size"]["value"], float(naive)


def drawn(seed: int, spread) -> tuple[float, float, float]:
    """Return the share of held targets, the width, and the width of intervals that are all alike."""
    rng = np.random.default_rng(seed)
    said = rng.uniform(0, 10, 2_000)
    y = said + spread(said) * rng.standard_t(5, said.size)
    data = Conformal(coverage=COVERAGE).evaluate(view_of(pd.DataFrame({"x": said}), y, said, seed, 500)).data
    alike = 2 * np.quantile(np.abs(y - said)[:500], COVERAGE)
    return data["coverage"]["value"], data["size"]["value"], float(alike)


def classes() -> None:
    """Hold classes in sets, by both scores; the peer takes the likeliest until their sum is what was promised."""
    for score in ("lac", "aps"):
        found = [sets(seed, score) for seed in range(DRAWS)]
        ours, size, peer, peer_size = (round(float(np.mean(one)), 4) for one in zip(*found, strict=True))
        facts = {"mesic": ours, "size": size, "peer": peer, "peer_size": peer_size, "promised": COVERAGE}
        show({"figure": f"targets held by sets: {score}, a model that is too sure", **facts})


def sets(seed: int, score: str) -> tuple[float, float, float, float]:
    """Return coverage and size of sets of an overconfident model, and those of its own claims."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.7] * 6, 2_000)
    y = (p.cumsum(axis=1) < rng.random((p.shape[0], 1))).sum(axis=1).clip(max=5)
    sure = p**1.8 / (p**1.8).sum(axis=1, keepdims=True)
    view = view_of(pd.DataFrame({"x": p[:, 0]}), y, sure, seed, 500)
    data = Conformal(coverage=COVERAGE, sets=score).evaluate(view).data
    order = np.argsort(-sure, axis=1)
    sums = np.cumsum(np.take_along_axis(sure, order, axis=1), axis=1)
    size = 1 + (sums < COVERAGE).sum(axis=1)
    place = (order == y[:, np.newaxis]).argmax(axis=1)
    return (
        data["coverage"]["value"],
        data["size"]["value"],
        float(np.mean(place[500:] < size[500:])),
        float(size.mean()),
    )


FIGURES = {
    "known": known,
    "learned": learned,
    "null": null,
    "suspects": suspects,
    "numbers": numbers,
    "classes": classes,
}

if __name__ == "__main__":
    main()
