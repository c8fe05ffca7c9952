"""Intervals of scores beside a scikit-learn loop: how fast, whether they end where it ends, whether they cover.

    python benchmarks/intervals.py speed [ROWS]
    python benchmarks/intervals.py ends [ROWS]
    python benchmarks/intervals.py coverage [TABLES]

speed: B = 1,000 resamples of ROWS (100,000) rows, CPU seconds; the loop's are scaled from 100 resamples in the same
process, ours are the median of nine that take turns. ends: how far the ends are from the loop's, in Monte-Carlo
standard deviations of an end (ROWS: 3,000). coverage: how many of TABLES (1,000) drawn tables have their truth, known
from four million rows, in the nominal 95 % interval; by `method=auto`, which is what a run prints, and by either
bootstrap.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from measure import show
from scipy import stats
from sklearn import metrics as peers

from mesic import Metric
from mesic.evaluation.intervals import score_with_interval
from mesic_plugins.metrics.accuracy import Accuracy
from mesic_plugins.metrics.average_precision import AveragePrecision
from mesic_plugins.metrics.f1 import F1
from mesic_plugins.metrics.f_beta import FBeta
from mesic_plugins.metrics.log_loss import LogLoss
from mesic_plugins.metrics.rmse import Rmse
from mesic_plugins.metrics.roc_auc import RocAuc

THRESHOLD, REPLICATES, LOOPED, REPEATS = 0.3, 1_000, 100, 9
SEPARATION = 1.2


@dataclass(frozen=True)
class Case:
    """A metric of ours, the peer's of what is ranked or predicted, and how many times faster it is to be."""

    metric: Metric
    peer: Callable[[np.ndarray, np.ndarray], float]
    asked: float

    @property
    def name(self) -> str:
        """As users type it."""
        return self.metric.name


CASES = (
    Case(RocAuc(), peers.roc_auc_score, 100),
    Case(AveragePrecision(), peers.average_precision_score, 100),
    Case(LogLoss(), peers.log_loss, 100),
    Case(FBeta(beta=2.0), lambda y, p: peers.fbeta_score(y, p >= THRESHOLD, beta=2.0), 1_000),
    Case(Rmse(), peers.root_mean_squared_error, 15),
)


def drawn(metric: Metric, rows: int, seed: int, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and probabilities of code 1 that hold for them, or values and predictions.

    Errors are normal, or, where `share` is 0, those of Student's t with five degrees of freedom.
    """
    random = np.random.default_rng(seed)
    if metric.needs == "value":
        y = random.normal(size=rows) * 3
        return y, y + (random.normal(size=rows) if share else random.standard_t(5, rows))
    y = (random.random(rows) < share).astype(int)
    signal = random.normal(size=rows) + SEPARATION * y
    odds = share / (1 - share) * np.exp(SEPARATION * signal - SEPARATION**2 / 2)
    return y, odds / (1 + odds)


def given(metric: Metric, p: np.ndarray) -> np.ndarray:
    """Return what a metric of ours needs of predictions."""
    if metric.needs == "label":
        return (p >= THRESHOLD).astype(int)
    return np.column_stack([1 - p, p]) if metric.needs == "probability" else p


def looped(case: Case, y: np.ndarray, p: np.ndarray, replicates: int, seed: int = 1) -> np.ndarray:
    """Return the peer's scores of resampled rows, shape (replicates,)."""
    random = np.random.default_rng(seed)
    rows = (random.integers(0, y.size, y.size) for _ in range(replicates))
    return np.array([case.peer(y[drawn], p[drawn]) for drawn in rows])


def seconds_of(calls: Mapping[str, Callable[[int], object]]) -> dict[str, float]:
    """Return the median CPU seconds of each call; they take turns, after one warm-up."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(REPEATS + 1):
        for place, (name, call) in enumerate(calls.items()):
            start = time.process_time()
            call(number * len(calls) + place)  # draws are kept, and each call is to make its own
            taken[name].append(time.process_time() - start)
    return {name: statistics.median(own[1:]) for name, own in taken.items()}


def speed(rows: int = 100_000) -> None:
    """Print how many times faster than the loop each interval is, as by default and by either bootstrap."""
    for case in CASES:
        y, p = drawn(case.metric, rows, 7)
        start = time.process_time()
        looped(case, y, p, LOOPED)
        loop = (time.process_time() - start) * REPLICATES / LOOPED
        prediction = given(case.metric, p)
        taken = seconds_of({method: _ours(case.metric, y, prediction, method) for method in METHODS})
        for method, own in taken.items():
            show(
                {
                    "figure": f"interval of {case.name}, {rows:,} rows, {REPLICATES:,} resamples",
                    "method": method,
                    "seconds": round(own, 5),
                    "loop_seconds": round(loop, 2),
                    "times_faster": round(loop / own, 1),
                    "asked": case.asked,
                    "met": loop / own >= case.asked,
                }
            )
        ratio = taken["bca"] / taken["percentile"]
        name = f"BCa against percentiles, {case.name}, {rows:,} rows"
        show({"figure": name, "ratio": round(ratio, 3), "asked": 1.2, "met": ratio <= 1.2})
    _scipy(2_000)


METHODS = ("auto", "percentile", "bca")


def _ours(metric: Metric, y: np.ndarray, prediction: np.ndarray, method: str) -> Callable[[int], object]:
    def call(seed: int) -> object:
        rng = np.random.default_rng(seed)
        return score_with_interval(metric, y, prediction, rng=rng, replicates=REPLICATES, method=method)

    return call


def _scipy(rows: int) -> None:
    """Print SciPy's BCa, which calls the metric once a row, beside ours where that is affordable."""
    case = CASES[0]
    y, p = drawn(case.metric, rows, 7)
    start = time.process_time()
    options = {"paired": True, "vectorized": False, "method": "BCa", "n_resamples": REPLICATES, "batch": 1}
    stats.bootstrap((y, p), case.peer, rng=np.random.default_rng(1), **options)
    scipys = time.process_time() - start
    own = seconds_of({"bca": _ours(case.metric, y, given(case.metric, p), "bca")})["bca"]
    name = f"BCa of {case.name}, {rows:,} rows, against scipy.stats.bootstrap"
    show({"figure": name, "seconds": round(own, 4), "scipy_seconds": round(scipys, 2), "ratio": round(scipys / own, 1)})


def ends(rows: int = 3_000, replicates: int = 2_000, repeats: int = 40) -> None:
    """Print how far apart the ends are from the loop's, in Monte-Carlo standard deviations and in standard errors."""
    for case in CASES:
        y, p = drawn(case.metric, rows, 7)
        loop = looped(case, y, p, replicates)
        theirs = np.quantile(loop, [0.025, 0.975])
        prediction = given(case.metric, p)
        for method in ("percentile", "auto"):
            found = [_pair(case.metric, y, prediction, seed, replicates, method) for seed in range(repeats)]
            own = np.array(found)
            chance = _chance_of_end(loop)
            apart = (own.mean(axis=0) - theirs) / np.hypot(chance, own.std(axis=0, ddof=1) / repeats**0.5)
            show(
                {
                    "figure": f"ends of {case.name} apart from the loop's, {rows:,} rows, {replicates:,} resamples",
                    "method": method,
                    "sd": [round(float(z), 2) for z in apart],
                    "standard_errors": [round(float(d), 3) for d in (own.mean(axis=0) - theirs) / loop.std(ddof=1)],
                    "one_end_sd": [round(float(s), 3) for s in own.std(axis=0, ddof=1) / loop.std(ddof=1)],
                    "asked": 3,
                    "met": bool((np.abs(apart) <= 3).all()),
                }
            )


def _chance_of_end(loop: np.ndarray) -> np.ndarray:
    """Return the Monte-Carlo standard deviation of the loop's ends, by resampling its scores."""
    random = np.random.default_rng(0)
    again = [np.quantile(random.choice(loop, loop.size), [0.025, 0.975]) for _ in range(500)]
    return np.std(again, axis=0, ddof=1)


def _pair(
    metric: Metric, y: np.ndarray, prediction: np.ndarray, seed: int, replicates: int, method: str
) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    found = score_with_interval(metric, y, prediction, rng=rng, replicates=replicates, method=method)
    return found.low, found.high


@dataclass(frozen=True)
class Setting:
    """Tables whose intervals should hold the truth in `asked` of them."""

    name: str
    rows: int
    share: float
    metrics: Sequence[Metric]
    asked: tuple[float, float]


SETTINGS = (
    Setting(
        "20 % of rows positive",
        200,
        0.2,
        (*[c.metric for c in CASES if c.name != "f_beta"], F1(), Accuracy()),
        (0.93, 0.97),
    ),
    Setting("10 of 200 rows positive", 200, 0.05, (F1(), RocAuc()), (0.93, 0.98)),
    Setting("20 of 1,000 rows positive", 1_000, 0.02, (F1(), RocAuc()), (0.93, 0.98)),
    Setting("heavy tails (t5), a limit", 200, 0.0, (Rmse(),), (0.0, 1.0)),
    Setting("heavy tails (t5), a limit", 1_000, 0.0, (Rmse(),), (0.0, 1.0)),
    Setting("10 of 200 rows positive, others", 200, 0.05, (AveragePrecision(), LogLoss(), Accuracy()), (0.0, 1.0)),
)


def coverage(tables: int = 1_000) -> None:
    """Print how often nominal 95 % intervals hold the truth."""
    for setting in SETTINGS:
        for metric in setting.metrics:
            truth = _truth(metric, setting)
            for method in METHODS:
                found = np.array(list(_intervals(metric, setting, tables, method)))
                held = float(((found[:, 0] <= truth) & (truth <= found[:, 1])).mean())
                low, high = setting.asked
                show(
                    {
                        "figure": f"coverage of {metric.name}, {setting.rows} rows, {setting.name}",
                        "method": method,
                        "coverage": round(held, 4),
                        "chance": round((held * (1 - held) / tables) ** 0.5, 4),
                        "truth_below": round(float((truth < found[:, 0]).mean()), 4),
                        "truth_above": round(float((truth > found[:, 1]).mean()), 4),
                        "width": round(float((found[:, 1] - found[:, 0]).mean()), 4),
                        "asked": [low, high] if method == "auto" else None,
                        "met": low <= held <= high if method == "auto" else None,
                    }
                )


def _truth(metric: Metric, setting: Setting) -> float:
    scores = []
    for seed in (900, 901):
        y, p = drawn(metric, 2_000_000, seed, setting.share)
        scores.append(metric.score(y, given(metric, p)))
    return float(np.mean(scores))


def _intervals(metric: Metric, setting: Setting, tables: int, method: str) -> Iterator[tuple[float, float]]:
    for seed in range(tables):
        y, p = drawn(metric, setting.rows, 10_000 + seed, setting.share)
        yield _pair(metric, y, given(metric, p), seed, REPLICATES, method)


COMMANDS = {"speed": speed, "ends": ends, "coverage": coverage}

if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[asked](*map(int, sys.argv[2:3]))
