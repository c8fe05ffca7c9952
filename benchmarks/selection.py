"""Which columns selectors find, and what that costs, beside BorutaPy and celer; on tables of which the truth is known.

    python benchmarks/selection.py [FIGURE ...]

The peers come with ``pip install 'mesic[benchmark-selection]'``; figures that need one that is not there are skipped.
Each choice is made in a process of its own with one thread, and CPU seconds are those of fitting, without imports.
Figures: null copies friedman madelon blocks many_rows wide words tail path real.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from measure import DATA, show

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
REAL = {
    "sylva": ["source.target=y"],
    "grants": ["source.target=class", "source.time=period"],
    "mice_protein": [
        "source.target=class",
        "source.group=mouse",
        "source.ignore=[Genotype,Treatment,Behavior,MouseID]",
    ],
}


def main() -> None:
    asked = sys.argv[1:] or list(FIGURES)
    for name in asked:
        FIGURES[name]()


def null() -> None:
    found = [chosen("boruta", "null", seed) for seed in range(20)]
    share = sum(one["kept"] > 0 for one in found) / len(found)
    told("noise 1,000 x 100: draws of 20 in which boruta keeps any column", share, most=0.1, seconds=median(found))


def copies() -> None:
    found = [chosen("boruta", "copies_of_null", seed) for seed in range(5)]
    peer = beside("borutapy", "copies_of_null", 0)
    told("noise, rows drawn with replacement: most columns kept", max(one["kept"] for one in found), most=2, **peer)


def friedman() -> None:
    faster("friedman", "Friedman #1, 1,000 x 105", least_f1=1.0, least_ratio=30, seeds=10, peer_seeds=2)


def madelon() -> None:
    faster("madelon", "Madelon-like, 2,000 x 500", least_f1=0.97, least_ratio=25, seeds=5, peer_seeds=1)


def faster(table: str, what: str, *, least_f1: float, least_ratio: float, seeds: int, peer_seeds: int) -> None:
    """Show the F1 of boruta, and how many times less CPU than BorutaPy it takes on the same tables."""
    found = [chosen("boruta", table, seed) for seed in range(seeds)]
    told(f"{what}: F1 of boruta, mean of {seeds}", mean_f1(found), least=least_f1, each=[one["f1"] for one in found])
    if not has("boruta"):
        return
    peers = [chosen("borutapy", table, seed) for seed in range(peer_seeds)]
    ratio = statistics.median(peer["cpu_s"] / own["cpu_s"] for own, peer in zip(found, peers, strict=False))
    told(
        f"{what}: times faster than BorutaPy",
        round(ratio, 1),
        least=least_ratio,
        seconds=median(found),
        peer_seconds=median(peers),
        peer_f1=mean_f1(peers),
    )


def blocks() -> None:
    found = [chosen("boruta", "blocks", seed) for seed in range(5)]
    told("correlated blocks, 5,000 x 200: F1 of boruta", mean_f1(found), least=0.99, seconds=median(found))


def many_rows() -> None:
    found = [chosen("boruta", "many_rows", seed) for seed in range(3)]
    classic = chosen("classic", "many_rows", 0)
    what = "50,000 x 300"
    told(
        f"{what}: F1 of boruta", found[0]["f1"], least=classic["f1"], classic_s=classic["cpu_s"], others=mean_f1(found)
    )
    told(f"{what}: CPU seconds of boruta", median(found), most=12)
    told(f"{what}: MiB above the data", max(one["mib"] for one in found), most=200)


def wide() -> None:
    found = [chosen("l1", "wide", seed) for seed in range(5)]
    told("200 x 2,000: F1 of l1, by stability", mean_f1(found), least=0.95, seconds=median(found))
    told("200 x 2,000: boruta says that it is the wrong tool", "WIDE-TABLE" in chosen("boruta", "wide", 0)["findings"])


def words() -> None:
    found = [chosen("tail_boruta", "words", seed) for seed in range(3)]
    told("words, 20,000 x 5,000 sparse: F1 of long_tail, boruta", mean_f1(found), least=0.97)
    told("words, 20,000 x 5,000 sparse: CPU seconds", median(found), most=5)


def tail() -> None:
    """Count a matrix of 47 million numbers; beside it scikit-learn's variance threshold."""
    from scipy import sparse
    from sklearn.feature_selection import VarianceThreshold

    from mesic_plugins.selectors.long_tail import LongTail, rows_that_say

    rng = np.random.default_rng(0)
    rows, columns, stored = 1_000_000, 100_000, 47_000_000
    weight = np.cumsum(np.arange(1, columns + 1) ** -1.1)
    places = np.searchsorted(weight / weight[-1], rng.random(stored)).astype(np.int32)
    starts = np.linspace(0, stored, rows + 1).astype(np.int32)
    X = sparse.csr_matrix((np.ones(stored, np.float32), places, starts), shape=(rows, columns))
    counting = least_seconds(lambda: rows_that_say(X))
    whole = least_seconds(lambda: LongTail().fit(X))
    peer = least_seconds(lambda: VarianceThreshold().fit(X))
    told("47 million numbers: CPU seconds of counting", counting, most=0.2, fit_s=whole, variance_threshold_s=peer)


def path() -> None:
    """Follow the whole path in five folds; then compare objectives with celer's, where no intercept is needed."""
    found = [chosen("l1_path", "many_rows", seed) for seed in range(2)]
    told("50,000 x 300: CPU seconds of the L1 path, 50 penalties x 5 folds and the final path", median(found), most=8)
    if has("celer"):
        answer = child("celer", "many_rows", 0)
        told("50,000 x 300: largest excess of the objective over celer's", answer["excess"], most=1e-8)
        told("50,000 x 300: penalties of which the support differs from celer's", answer["differ"], most=0, **answer)


def real() -> None:
    """Add a shuffled copy of every column and see what boruta leaves, and what that costs."""
    import pandas as pd

    for name, said in REAL.items():
        source = DATA / f"{name}.parquet"
        if not source.exists():
            show({"skipped": f"{source} does not exist: set MESIC_BENCHMARK_DATA"})
            continue
        with tempfile.TemporaryDirectory() as folder:
            table = pd.read_parquet(source)
            roles = {text.split("=", 1)[1] for text in said if not text.startswith("source.ignore")}
            roles |= {"Genotype", "Treatment", "Behavior", "MouseID"}
            own = [column for column in table if column not in roles]
            rng = np.random.default_rng(0)
            probes = {f"probe {column}": table[column].to_numpy()[rng.permutation(len(table))] for column in own}
            pd.concat([table, pd.DataFrame(probes)], axis=1).to_parquet(Path(folder) / "t.parquet")
            command = [sys.executable, "-m", "mesic", "run", "source=table", "source.path=t.parquet", *said,
                       "selector=[long_tail,boruta]", "selection.subsamples=0", "auditor=[]", "tuner.trials=8",
                       "out=r", "--json"]  # fmt: skip
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            record = json.loads((Path(folder) / "r" / "record.json").read_text())
        against = next(row["difference"] for row in record["selection"]["beside"] if row["name"] == "all columns")
        kept = record["model"]["columns"]
        told(f"{name} with as many probes: loss against all columns, lower end", against["low"], most=0.0, **against)
        told(
            f"{name} with as many probes: share of columns kept",
            round(len(kept) / (2 * len(own)), 3),
            most=0.5,
            probes_kept=sum(column.startswith("probe ") for column in kept),
        )


def chosen(method: str, table: str, seed: int) -> dict[str, object]:
    """Return what a method chose, in a process of its own."""
    return child(method, table, seed)


def child(method: str, table: str, seed: int) -> dict[str, object]:
    command = [sys.executable, __file__, "--child", method, table, str(seed)]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def choose(method: str, table_name: str, seed: int) -> None:
    """Make one choice and print it."""
    import resource
    import warnings

    from known_columns import TABLES

    warnings.simplefilter("ignore")
    table = TABLES[table_name](seed)
    fit = METHODS[method]
    fit(TABLES["friedman"](0, 200, 5))  # imports, and what is compiled once
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    answer = fit(table)
    seconds = time.process_time() - start
    if isinstance(answer, dict):
        print(json.dumps(answer | {"cpu_s": round(seconds, 3)}))
        return
    support, findings = answer
    true = int((support & table.matters).sum())
    total = int(support.sum() + table.matters.sum())
    facts = {
        "kept": int(support.sum()),
        "true": true,
        "f1": round(2 * true / total, 4) if total else 1.0,
        "cpu_s": round(seconds, 3),
        "mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
        "findings": [finding.code for finding in findings],
    }
    print(json.dumps(facts))


def _boruta(table, **options):
    from mesic_plugins.selectors.boruta.estimator import Boruta

    found = Boruta(task="classification" if table.is_classes else "regression", **options).fit(table.X, table.y)
    return found.get_support(), found.findings_


def _l1(table):
    from mesic_plugins.selectors.l1.estimator import L1

    found = L1(task="classification" if table.is_classes else "regression").fit(table.X, table.y)
    return found.get_support(), found.findings_


def _tail_boruta(table):
    from mesic_plugins.selectors.long_tail import LongTail

    tail = LongTail().fit(table.X).get_support()
    support = np.zeros(tail.size, dtype=bool)
    found, findings = _boruta(type(table)(table.X[:, tail], table.y, table.is_classes, table.matters[tail]))
    support[np.flatnonzero(tail)[found]] = True
    return support, findings


def _borutapy(table):
    from boruta import BorutaPy
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    forest = RandomForestClassifier if table.is_classes else RandomForestRegressor
    more = {"class_weight": "balanced"} if table.is_classes else {}
    found = BorutaPy(forest(max_depth=5, n_jobs=1, **more), n_estimators="auto", random_state=0)
    return found.fit(table.X, table.y).support_, ()


def _l1_path(table):
    """Follow 50 penalties in five folds, and again on all rows, without leaving the path early."""
    design, penalties = _problem(table)
    from mesic_plugins.selectors.l1.path import path as follow

    y = table.y.astype(np.float64)
    fold = np.arange(y.size) % 5
    inside = np.stack([(fold != place).astype(np.float64) for place in range(5)], axis=1)
    for weights, tolerance in ((inside, 1e-3), (np.ones((y.size, 1)), 1e-7)):
        for _ in follow(design, y, weights, penalties, is_logistic=table.is_classes, tolerance=tolerance):
            pass
    return {}


def _problem(table):
    from mesic_plugins.selectors.columns import Columns
    from mesic_plugins.selectors.l1.design import design_of
    from mesic_plugins.selectors.l1.path import penalties_of

    design = design_of(Columns(table.X, tuple(map(str, range(table.X.shape[1]))), {}), None)
    y = table.y.astype(np.float64)
    return design, penalties_of(design, y, np.ones(y.size), 50, 0.02)


def _celer(table):
    """Fit both on rows and their mirror images, of which the best intercept is 0: celer has none."""
    from celer import LogisticRegression

    from mesic_plugins.selectors.l1.path import path as follow

    if not table.is_classes:
        return {}
    half = len(table.y) // 2
    X = np.vstack([table.X[:half], 2 * table.X[:half].mean(axis=0) - table.X[:half]])
    y = np.concatenate([table.y[:half], 1 - table.y[:half]])
    design, penalties = _problem(type(table)(X, y, True, table.matters))
    sign, excess, differ, ours_s, celer_s = 2.0 * y - 1, -np.inf, 0, 0.0, 0.0
    start = time.process_time()
    points = list(follow(design, y.astype(float), np.ones((y.size, 1)), penalties, is_logistic=True, tolerance=1e-7))
    ours_s = time.process_time() - start
    for point in points[4::9]:
        start = time.process_time()
        peer = LogisticRegression(C=1 / (point.penalty * y.size), tol=1e-9, max_iter=200).fit(design.X, y)
        celer_s += time.process_time() - start
        ours, theirs = (
            np.logaddexp(0, -sign * (design.X @ coef)).mean() + point.penalty * np.abs(coef).sum()
            for coef in (point.coef[:, 0], peer.coef_[0])
        )
        excess = max(excess, float(ours - theirs))
        differ += int(((point.coef[:, 0] != 0) != (np.abs(peer.coef_[0]) > 1e-10)).any())
    return {
        "excess": excess,
        "differ": differ,
        "path_of_50_s": round(ours_s, 2),
        "celer_5_penalties_s": round(celer_s, 2),
    }


METHODS = {
    "boruta": _boruta,
    "classic": lambda table: _boruta(table, rule="classic"),
    "l1": _l1,
    "tail_boruta": _tail_boruta,
    "borutapy": _borutapy,
    "l1_path": _l1_path,
    "celer": _celer,
}
FIGURES = {
    made.__name__: made for made in (null, copies, friedman, madelon, blocks, many_rows, wide, words, tail, path, real)
}


def beside(method: str, table: str, seed: int) -> dict[str, object]:
    """Return what BorutaPy keeps and takes, where it is installed."""
    if not has("boruta"):
        return {}
    peer = chosen(method, table, seed)
    return {"peer": peer["kept"], "peer_seconds": peer["cpu_s"]}


def has(module: str) -> bool:
    """Say whether a peer is installed; where it is not, show that its figures are skipped."""
    if find_spec(module) is None:
        show({"skipped": f"{module} is not installed: pip install 'mesic[benchmark-selection]'"})
        return False
    return True


def told(figure: str, value: object, *, most: float | None = None, least: float | None = None, **more: object) -> None:
    """Print a figure and whether what is asked was reached."""
    bounds = {"at_most": most, "at_least": least}
    is_reached = bool(value) if most is None and least is None else True
    is_reached &= most is None or value <= most  # type: ignore[operator]
    is_reached &= least is None or value >= least  # type: ignore[operator]
    asked = {name: bound for name, bound in bounds.items() if bound is not None}
    show({"figure": figure, "value": value, **asked, "reached": bool(is_reached), **more})


def median(found: list[dict[str, object]]) -> float:
    """Return the median of CPU seconds."""
    return round(statistics.median(float(str(one["cpu_s"])) for one in found), 2)


def mean_f1(found: list[dict[str, object]]) -> float:
    """Return the mean of F1."""
    return round(statistics.mean(float(str(one["f1"])) for one in found), 4)


def least_seconds(work) -> float:
    """Return the least CPU seconds of three turns."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return round(min(seconds), 3)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        choose(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
