"""Choose columns in a process of its own: ``python choosing.py METHOD TABLE SEED [SEED ...]`` prints an answer a seed.

CPU seconds are those of fitting, without imports; memory is what fitting holds above what was held before, at most.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from known_columns import TABLES

METHODS = {}


def method(function):
    """Offer a method under its name: given a table, it returns support and findings, or facts."""
    METHODS[function.__name__] = function
    return function


def main(name, table_name, *seeds):
    warnings.simplefilter("ignore")
    METHODS[name](TABLES["friedman"](0, 200, 5))  # imports, and what is compiled once
    print(json.dumps([_answer(METHODS[name], TABLES[table_name](int(seed))) for seed in seeds]))


def _answer(choose, table):
    before = _forget_peak()
    start = time.process_time()
    answer = choose(table)
    used = {"cpu_s": round(time.process_time() - start, 3), "mib": _mib("VmHWM") - before}
    if isinstance(answer, dict):
        return answer | used
    support, findings = answer
    true = int((support & table.matters).sum())
    total = int(support.sum() + table.matters.sum())
    return used | {
        "kept": np.flatnonzero(support).tolist(),
        "true": true,
        "false": int(support.sum()) - true,
        "f1": round(2 * true / total, 4) if total else 1.0,
        "findings": [finding.code for finding in findings],
    }


def _forget_peak():
    """Return the memory in use, in MiB, and let the peak begin there; 0 where there is no /proc to ask."""
    if not Path("/proc/self/clear_refs").exists():
        return 0
    Path("/proc/self/clear_refs").write_text("5")
    return _mib("VmRSS")


def _mib(fact):
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(fact)), 0)


@method
def boruta(table, **options):
    from mesic_plugins.selectors.boruta.estimator import Boruta

    found = Boruta(task=_task(table), **options).fit(table.X, table.y)
    return found.get_support(), found.findings_


@method
def classic(table):
    return boruta(table, rule="classic")


@method
def l1(table):
    from mesic_plugins.selectors.l1.estimator import L1

    found = L1(task=_task(table)).fit(table.X, table.y)
    return found.get_support(), found.findings_


@method
def tail_boruta(table):
    from mesic_plugins.selectors.long_tail import LongTail

    tail = LongTail().fit(table.X).get_support()
    support = np.zeros(tail.size, dtype=bool)
    found, findings = boruta(type(table)(table.X[:, tail], table.y, table.is_classes, table.matters[tail]))
    support[np.flatnonzero(tail)[found]] = True
    return support, findings


@method
def tail_auto(table):
    """Cut words by the even rows; say how accurate a linear model of all words and one of the rest is on the odd."""
    from sklearn.linear_model import LogisticRegression

    from mesic_plugins.selectors.long_tail import LongTail

    if not table.is_classes:
        return {}
    X, y = table.X, table.y
    kept = LongTail(min_rows="auto").fit(X[::2], y[::2]).get_support()
    every, rest = (
        LogisticRegression(max_iter=1_000).fit(X[::2][:, some], y[::2]).score(X[1::2][:, some], y[1::2])
        for some in (np.ones_like(kept), kept)
    )
    return {"share": round(float(kept.mean()), 4), "lost": round(every - rest, 4)}


@method
def borutapy(table, **options):
    from boruta import BorutaPy
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    forest = RandomForestClassifier if table.is_classes else RandomForestRegressor
    more = {"class_weight": "balanced"} if table.is_classes else {}
    found = BorutaPy(forest(max_depth=5, n_jobs=1, **more), n_estimators="auto", random_state=0, **options)
    return found.fit(table.X, table.y).support_, ()


@method
def published(table):
    """Decide as the paper does: BorutaPy without its own correction, at the level of R's Boruta."""
    return borutapy(table, two_step=False, perc=100, alpha=0.01)


@method
def l1_path(table):
    """Follow 50 penalties in five folds, and again on all rows, without leaving the path early."""
    from mesic_plugins.selectors.l1.path import path as follow

    design, penalties = _problem(table)
    y = table.y.astype(np.float64)
    fold = np.arange(y.size) % 5
    inside = np.stack([(fold != place).astype(np.float64) for place in range(5)], axis=1)
    for weights, tolerance in ((inside, 1e-3), (np.ones((y.size, 1)), 1e-7)):
        for _ in follow(design, y, weights, penalties, is_logistic=table.is_classes, tolerance=tolerance):
            pass
    return {}


@method
def celer(table):
    """Fit both on rows and their mirror images, of which the best intercept is 0: celer has none."""
    from celer import LogisticRegression

    from mesic_plugins.selectors.l1.path import path as follow

    if not table.is_classes:
        return {}
    half = len(table.y) // 2
    X = np.vstack([table.X[:half], 2 * table.X[:half].mean(axis=0) - table.X[:half]])
    y = np.concatenate([table.y[:half], 1 - table.y[:half]])
    design, penalties = _problem(type(table)(X, y, True, table.matters))
    sign, excess, differ, theirs_s = 2.0 * y - 1, -np.inf, 0, 0.0
    start = time.process_time()
    points = list(follow(design, y.astype(float), np.ones((y.size, 1)), penalties, is_logistic=True, tolerance=1e-7))
    ours_s = time.process_time() - start
    for point in points[4::9]:
        start = time.process_time()
        peer = LogisticRegression(C=1 / (point.penalty * y.size), tol=1e-9, max_iter=200).fit(design.X, y)
        theirs_s += time.process_time() - start
        ours, theirs = (
            np.logaddexp(0, -sign * (design.X @ coef)).mean() + point.penalty * np.abs(coef).sum()
            for coef in (point.coef[:, 0], peer.coef_[0])
        )
        excess = max(excess, float(ours - theirs))
        differ += int(((point.coef[:, 0] != 0) != (np.abs(peer.coef_[0]) > 1e-10)).any())
    seconds = {"path_of_50_s": round(ours_s, 2), "celer_5_penalties_s": round(theirs_s, 2)}
    return {"excess": excess, "differ": differ, **seconds}


def _problem(table):
    from mesic_plugins.selectors.columns import Columns
    from mesic_plugins.selectors.l1.design import design_of
    from mesic_plugins.selectors.l1.path import penalties_of

    design = design_of(Columns(table.X, tuple(map(str, range(table.X.shape[1]))), {}), None)
    y = table.y.astype(np.float64)
    return design, penalties_of(design, y, np.ones(y.size), 50, 0.02)


def _task(table):
    if not table.is_classes:
        return "regression"
    return "binary" if np.unique(table.y).size == 2 else "multiclass"


if __name__ == "__main__":
    main(*sys.argv[1:])
