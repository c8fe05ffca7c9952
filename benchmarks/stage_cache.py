"""What is saved by stages that are not done again, what their keys cost, and how well growth is told.

    python benchmarks/stage_cache.py [PAIRS]

A sweep over learners, where another learner has gone before, beside the same sweep without a cache; a run that finds
nothing in the cache beside one without; the exponents of three planted transformers, by CPU time.
"""

import sys
import tempfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from measure import cost_of, data_file, figure, show
from sklearn.base import BaseEstimator

LEARNERS = "linear,naive_bayes,lightgbm"
CHOSEN = ["transformer=[target_encoding]", "selector=[boruta]", "selection.subsamples=2"]


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    churn = data_file("telco_churn.csv")
    source = ["source=table", f"source.path={churn}", "source.target=Churn", "tuner=single"]
    for name, said in (("boruta on telco_churn", [*source, *CHOSEN]), ("all columns of telco_churn", source)):
        swept(name, said)
    overhead("telco_churn", source, pairs)
    overhead("breast_cancer", ["tuner=single"], pairs)
    for kind, exponent in (("n", 1.0), ("n log n", 1.1), ("n^2", 2.0)):
        grown(kind, exponent)


def swept(name: str, said: list[str]) -> None:
    """Sweep three learners after a run of a fourth, and without a cache."""
    with tempfile.TemporaryDirectory() as folder:
        here, run = Path(folder), ["mesic", "run", *said]
        cost_of([*run, "learner=tree", "out=first"], folder=here)
        with_cache = cost_of([*run, "-m", f"learner={LEARNERS}", "out=with"], folder=here)
        without = cost_of([*run, "-m", f"learner={LEARNERS}", "out=without", "cache.enabled=false"], folder=here)
        size = sum(path.stat().st_size for path in here.rglob("*.arrow") if ".mesic" in path.parts) / 2**20
    for of in ("wall_s", "cpu_s"):
        show(figure(f"sweep after another learner, {name}", [(with_cache, without)], of, most=0.4, mib=round(size, 1)))


def overhead(name: str, said: list[str], pairs: int) -> None:
    """Run with a cache that is empty each time, and without one, in turn."""
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(pairs + 1):
            run = ["mesic", "run", *said]
            ours = cost_of([*run, f"out=a{number}", f"cache.folder=cache{number}"], folder=Path(folder))
            peer = cost_of([*run, f"out=b{number}", "cache.enabled=false"], folder=Path(folder))
            costs.append((ours, peer))
    show(figure(f"keys and entries of a run without hits, {name}", costs[1:], "cpu_s", most=1.1))


class Planted(BaseEstimator):
    """Changes nothing, and takes its time."""

    kind = "n"

    def fit(self, X, y=None):
        """Take time."""
        n = len(X)
        rng = np.random.default_rng(0)
        if self.kind == "n":
            for _ in range(20):
                rng.random((n, 200)).sum(axis=1)
        elif self.kind == "n log n":
            for _ in range(60):
                np.sort(rng.random((5, n)), axis=1, kind="heapsort")
        else:
            left = rng.random(n)
            for start, other in product(range(0, n, 250), range(0, n, 250)):  # blocks that the processor's cache holds
                np.abs(left[start : start + 250, None] - left[other : other + 250]).sum()
        return self

    def transform(self, X):
        """Return the rows as they are."""
        return X


def grown(kind: str, exponent: float) -> None:
    """Say how a planted transformer grows on 20,000 rows."""
    import mesic.training.recipe as fitting
    from mesic import PortableStep
    from mesic.config.composition import compose, config_loader
    from mesic.host.components import Component
    from mesic.host.kinds import KINDS
    from mesic.host.registry import Offer, Provider, installed
    from mesic.planning.growth import growth_of
    from mesic.runs import plan
    from mesic.runs.reading import rows_of
    from mesic.training.part import Part
    from mesic.verbs.run import plain

    Planted.kind, usual = kind, fitting.portable_step
    keeps = PortableStep("take", {"columns": [0, 1, 2]}, {})
    fitting.portable_step = lambda registry, step, offer: (
        keeps if isinstance(step, Planted) else usual(registry, step, offer)
    )
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        rows = rng.random((20_000, 4)).round(6)
        text = "\n".join(["a,b,c,y", *(f"{a},{b},{c},{int(d > 0.5)}" for a, b, c, d in rows)])
        path.write_text(text + "\n")
        said = ["source=table", f"source.path={path}", "source.target=y", "learner=naive_bayes"]
        config = plain(compose(config_loader(), "run", said))
        dataset = rows_of(config, installed(), None).dataset
    offer = Offer(
        KINDS["transformer"], Component("planted", f"{__name__}:Planted", "planted"), Provider("", "", "", "")
    )
    recipe = plan.recipe_of(installed(), config, task="binary", classes=2, threads=1)
    recipe = replace(recipe, transformers=[Part(offer, {})])
    found = growth_of(recipe, dataset, np.arange(len(dataset)), budget_s=60.0, level=0.95, rng=rng)
    own = next(one for one in found if one.step == "transformer/planted")
    near = {"low": round(own.low, 3), "high": round(own.high, 3), "expected": exponent, "within": 0.2}
    told = {"figure": f"exponent of a planted {kind}", "exponent": round(own.exponent, 3), **near}
    show(told | {"reached": abs(own.exponent - exponent) <= 0.2, "rows": list(own.rows)})


if __name__ == "__main__":
    main()
