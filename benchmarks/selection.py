"""Which columns selectors find, and what that costs, beside BorutaPy and celer; on tables of which the truth is known.

    python benchmarks/selection.py [FIGURE ...]

The peers come with ``pip install 'mesic[benchmark-selection]'``; figures that need one that is not there are skipped.
Each choice is made by ``choosing.py`` with one thread. Figures: null noises copies probes few friedman madelon blocks
many_rows classic wide words tail_auto tail path real.
"""

import json
import os
import re
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
NOISES = ("noise_tails", "noise_levels", "noise_rare", "noise_outliers", "noise_classes")
REAL = {
    "sylva": ["source.target=y"],
    "grants": ["source.target=class", "source.ignore=[period]"],  # three periods are too few for a split by time
    "mice_protein": [
        "source.target=class",
        "source.group=mouse",
        "source.ignore=[Genotype,Treatment,Behavior,MouseID]",
    ],
}
Answers = list[dict[str, object]]


def main() -> None:
    asked = sys.argv[1:] or list(FIGURES)
    for name in asked:
        FIGURES[name]()


def null() -> None:
    found = chosen("boruta", "null", range(20))
    peer = {"peer": [kept(one) for one in peers("borutapy", "null", range(2))]}
    what = "noise 1,000 x 100: draws of 20 in which boruta keeps any column"
    told(what, any_kept(found), most=0.1, **cost(found), **peer)


def noises() -> None:
    for table in NOISES:
        found = chosen("boruta", table, range(20))
        told(f"{table}: draws of 20 in which boruta keeps any column", any_kept(found), most=0.1)


def copies() -> None:
    found = chosen("boruta", "copies_of_null", range(5))
    peer = peers("borutapy", "copies_of_null", range(1))
    beside = {"peer": len(peer[0]["kept"]), "peer_seconds": median(peer)} if peer else {}
    told("noise, rows drawn with replacement: most columns kept", max(map(kept, found)), most=2, **beside)


def probes() -> None:
    for table in ("diabetes_probes", "cancer_probes"):
        found = chosen("boruta", table, range(20))
        share = sum(one["false"] == 0 for one in found) / len(found)
        told(f"{table}: draws of 20 in which none of ten shuffled columns is kept", share, least=0.95)


def few() -> None:
    found = chosen("boruta", "friedman_50", range(20))
    told("Friedman #1, 500 x 55: least of five true columns that are kept", min(one["true"] for one in found), least=5)
    told("Friedman #1, 500 x 55: most of fifty columns of noise that are kept", most_false(found), most=1)


def friedman() -> None:
    faster("friedman", "Friedman #1, 1,000 x 105", least_f1=1.0, least_ratio=30, seeds=10, peer_seeds=2)


def madelon() -> None:
    faster("madelon", "Madelon-like, 2,000 x 500", least_f1=0.97, least_ratio=25, seeds=5, peer_seeds=1)


def faster(table: str, what: str, *, least_f1: float, least_ratio: float, seeds: int, peer_seeds: int) -> None:
    """Show the F1 of boruta, and how many times less CPU than BorutaPy it takes on the same tables."""
    found = chosen("boruta", table, range(seeds))
    told(f"{what}: F1 of boruta, mean of {seeds}", mean_f1(found), least=least_f1, each=[one["f1"] for one in found])
    peer = peers("borutapy", table, range(peer_seeds))
    if peer:
        more = {**cost(found), "peer_seconds": median(peer), "peer_f1": mean_f1(peer)}
        told(f"{what}: times faster than BorutaPy", ratio(peer, found), least=least_ratio, **more)


def blocks() -> None:
    found = chosen("boruta", "blocks", range(5))
    told("correlated blocks, 5,000 x 200: F1 of boruta", mean_f1(found), least=0.99, **cost(found))


def many_rows() -> None:
    what = "50,000 x 300"
    found, classic = chosen("boruta", "many_rows", range(3)), chosen("classic", "many_rows", range(1))
    more = {"mean_of_3": mean_f1(found), "classic_seconds": median(classic)}
    told(f"{what}: F1 of boruta", found[0]["f1"], least=classic[0]["f1"], **more)
    told(f"{what}: CPU seconds of boruta", median(found), most=12)
    told(f"{what}: MiB above the data", max(one["mib"] for one in found), most=200)


def classic() -> None:
    """Set the published rule beside the reference's own: BorutaPy as the paper has it."""
    for table, columns in (("null", 100), ("friedman", 105), ("friedman_50", 55)):
        found, peer = chosen("classic", table, range(1)), peers("published", table, range(1))
        if peer:
            differ = len(set(found[0]["kept"]) ^ set(peer[0]["kept"]))
            told(
                f"{table}: share of columns on which rule=classic and BorutaPy decide alike",
                round(1 - differ / columns, 3), least=0.95, times_faster=ratio(peer, found),
                kept=kept(found[0]), peer=kept(peer[0]),
            )  # fmt: skip


def wide() -> None:
    found = chosen("l1", "wide", range(5))
    told("200 x 2,000: F1 of l1, by stability", mean_f1(found), least=0.95, **cost(found))
    findings = chosen("boruta", "wide", range(1))[0]["findings"]
    told("200 x 2,000: boruta says that it is the wrong tool", "WIDE-TABLE" in findings)


def words() -> None:
    found = chosen("tail_boruta", "words", range(10))
    told("words, 20,000 x 5,000 sparse: F1 of long_tail, boruta", mean_f1(found), least=0.97)
    told("words, 20,000 x 5,000 sparse: CPU seconds", median(found), most=5)


def tail_auto() -> None:
    found = chosen("tail_auto", "words", range(5))
    told("words: accuracy lost by long_tail min_rows=auto, at most", max(one["lost"] for one in found), most=0.005)
    told("words: share of words kept, at most", max(one["share"] for one in found), most=0.6, **cost(found))


def tail() -> None:
    """Count a matrix of 47 million numbers; beside it scikit-learn's variance threshold."""
    from scipy import sparse
    from sklearn.feature_selection import VarianceThreshold

    from mesic_plugins.selectors.long_tail import LongTail, rows_that_say

    rng = np.random.default_rng(0)
    rows, columns, drawn = 1_000_000, 100_000, 64_000_000
    weight = np.cumsum(np.arange(1, columns + 1) ** -1.1)
    places = np.searchsorted(weight / weight[-1], rng.random(drawn)).astype(np.int32)
    starts = np.linspace(0, drawn, rows + 1).astype(np.int32)
    X = sparse.csr_matrix((np.ones(drawn, np.float32), places, starts), shape=(rows, columns))
    X.sum_duplicates()
    counting = least_seconds(lambda: rows_that_say(X))
    whole = least_seconds(lambda: LongTail().fit(X))
    peer = least_seconds(lambda: VarianceThreshold().fit(X))
    more = {"numbers": X.nnz, "fit_seconds": whole, "variance_threshold_seconds": peer}
    told("1,000,000 x 100,000: CPU seconds of counting 47 million numbers", counting, most=0.2, **more)


def path() -> None:
    """Follow the whole path in five folds; then compare objectives with celer's, where no intercept is needed."""
    found = chosen("l1_path", "many_rows", range(2))
    told("50,000 x 300: CPU seconds of the L1 path, 50 penalties x 5 folds and the final path", median(found), most=8)
    for answer in peers("celer", "many_rows", range(1), module="celer"):
        told("50,000 x 300: largest excess of the objective over celer's", answer["excess"], most=1e-8)
        told(
            "50,000 x 300: penalties of which the support differs from celer's", answer.pop("differ"), most=0, **answer
        )


def real() -> None:
    """Add a shuffled copy of every column and see what boruta leaves, and what that costs."""
    import pandas as pd

    for name, said in REAL.items():
        source = DATA / f"{name}.parquet"
        if not source.exists():
            show({"skipped": f"{source} does not exist: set MESIC_BENCHMARK_DATA"})
            continue
        table = pd.read_parquet(source)
        roles = {word for text in said for word in re.findall(r"\w+", text)}
        own = [column for column in table if column not in roles]
        order = np.random.default_rng(0).permutation(len(table))
        probes = table[own].iloc[order].reset_index(drop=True).add_prefix("probe ")
        record = run_on(pd.concat([table, probes], axis=1), said)
        against = next(row["difference"] for row in record["selection"]["beside"] if row["name"] == "all columns")
        columns = record["model"]["columns"]
        what = f"{name} with as many probes"
        told(f"{what}: loss against all columns, lower end", against["low"], most=0.0, high=against["high"])
        share, shuffled = len(columns) / (2 * len(own)), sum(column.startswith("probe ") for column in columns)
        told(f"{what}: share of columns kept", round(share, 3), most=0.5, probes_kept=shuffled)


def run_on(table, said):
    """Return the record of a run that selects columns of a table."""
    with tempfile.TemporaryDirectory() as folder:
        table.to_parquet(Path(folder) / "t.parquet")
        command = [sys.executable, "-m", "mesic", "run", "source=table", "source.path=t.parquet", *said,
                   "selector=[long_tail,boruta]", "selection.subsamples=0", "auditor=[]", "tuner.trials=8", "out=r",
                   "--json"]  # fmt: skip
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return json.loads((Path(folder) / "r" / "record.json").read_text())


def chosen(method: str, table: str, seeds: range) -> Answers:
    """Return what a method chose of tables of these seeds, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("choosing.py")), method, table, *map(str, seeds)]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answers: Answers = json.loads(done.stdout.splitlines()[-1])
    return answers


def peers(method: str, table: str, seeds: range, *, module: str = "boruta") -> Answers:
    """Return what a peer chose; nothing where it is not installed, and say so."""
    if find_spec(module) is None:
        show({"skipped": f"{module} is not installed: pip install 'mesic[benchmark-selection]'"})
        return []
    return chosen(method, table, seeds)


def told(figure: str, value: object, *, most: float | None = None, least: float | None = None, **more: object) -> None:
    """Print a figure and whether what is asked was reached."""
    bounds = {"at_most": most, "at_least": least}
    is_reached = bool(value) if most is None and least is None else True
    is_reached &= most is None or value <= most  # type: ignore[operator]
    is_reached &= least is None or value >= least  # type: ignore[operator]
    asked = {name: bound for name, bound in bounds.items() if bound is not None}
    show({"figure": figure, "value": value, **asked, "reached": bool(is_reached), **more})


def kept(answer):
    return len(answer["kept"])


def any_kept(found):
    return sum(kept(one) > 0 for one in found) / len(found)


def most_false(found):
    return max(one["false"] for one in found)


def mean_f1(found):
    return round(statistics.mean(one["f1"] for one in found), 4)


def median(found):
    """Return the median of CPU seconds."""
    return round(statistics.median(one["cpu_s"] for one in found), 2)


def cost(found):
    return {"seconds": median(found)}


def ratio(peer, found):
    """Return the median of how many times the CPU seconds of a choice a peer takes on the same table."""
    pairs = zip(peer, found, strict=False)
    return round(statistics.median(theirs["cpu_s"] / ours["cpu_s"] for theirs, ours in pairs), 1)


def least_seconds(work):
    """Return the least CPU seconds of three turns."""
    seconds = []
    for _ in range(3):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return round(min(seconds), 3)


FIGURES = {
    made.__name__: made
    for made in (null, noises, copies, probes, few, friedman, madelon, blocks, many_rows, classic, wide, words,
                 tail_auto, tail, path, real)
}  # fmt: skip

if __name__ == "__main__":
    main()
