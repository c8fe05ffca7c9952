"""How fast a search goes: trials a second beside the naive script's, and what the engine adds to a trial.

What ``tuning.py throughput`` and ``own_cost`` are made of. Tables of two classes are made: 14 numbers, some of them
with gaps, 6 categories of 3 to 60 levels, and a tenth of the labels turned. The naive script, which is
``peers/naive_search.py``, and mesic get the same rows, the same five folds and the same seconds, each with the threads
that it takes by itself; what either has found counts by the log loss out of these folds, and is tested on rows that
neither has seen. Threads that wait for a core make the naive script many times slower: measure on an idle machine.

The engine's own part of a trial is the time from trial to trial, less what Optuna's ask and tell and the learner's fits
took, of a learner that takes next to nothing (``plugin/``), in one thread.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from measure import show
from sklearn.model_selection import StratifiedKFold

HERE = Path(__file__).parent
TIMES_NAIVE = {1_000: 40.0, 20_000: 3.0, 200_000: 1.5}
OWN_MS_AT_MOST = 10.0
NUMBERS, LEVELS = 14, (3, 5, 8, 12, 25, 60)
TEST_ROWS, TURNED, GAPS = 5_000, 0.1, 0.05
FOLDS = 5
METADATA = "Metadata-Version: 2.1\nName: mesic-benchmark\nVersion: 0\n"
ENTRY_POINTS = "[mesic]\nbenchmark = mesic_benchmark\n"


def show_throughput(rows: Sequence[int], seconds: Sequence[int], overrides: Sequence[str]) -> None:
    """Show, by number of rows, trials a second and the time to the naive script's best score."""
    for count, budget_s in zip(rows, seconds, strict=True):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, "table.parquet")
            table(count, seed=0).to_parquet(path, index=False)
            naive = told([sys.executable, HERE / "peers" / "naive_search.py", path, budget_s])
            learner = ["learner=lightgbm", "metric=log_loss", "tuner.trials=null", f"tuner.budget_s={budget_s}"]
            ours = searched(path, Path(place, "run"), [*learner, *overrides])
        compare(count, budget_s, summary(ours), summary(naive), {"mesic": ours, "naive": naive})


def compare(rows, budget_s, ours, naive, found):
    """Show both figures of one size."""
    ratio, asked = naive["ms_a_trial"] / ours["ms_a_trial"], TIMES_NAIVE.get(rows)
    is_as_good = ours["best_log_loss"] <= naive["best_log_loss"]
    limit = {} if asked is None else {"at_least": asked, "reached": bool(ratio >= asked and is_as_good)}
    show(
        {
            "figure": f"trials a second, times the naive script, {rows:,} rows",
            "ratio": round(ratio, 2),
            **limit,
            "as_good_or_better": is_as_good,
            "seconds": budget_s,
            "mesic": ours,
            "naive": naive,
        }
    )
    needed = {side: seconds_to(one["trials"], naive["best_log_loss"]) for side, one in found.items()}
    sooner = None if needed["mesic"] is None else round(needed["naive"] / needed["mesic"], 2)
    show({"figure": f"times sooner at the naive script's best score, {rows:,} rows", "ratio": sooner, **needed})


def summary(found):
    """Return what a search did: trials and their time, the best loss and what it is worth on other rows."""
    trials = found["trials"]
    states = [trial.get("state", "complete") for trial in trials]
    return {
        "trials": len(trials),
        "complete": states.count("complete"),
        "ms_a_trial": round(1_000 * trials[-1]["at_s"] / max(1, len(states) - states.count("failed")), 2),
        "best_log_loss": round(min(losses(trials)), 6),
        "test_log_loss": round(found["test_log_loss"], 6),
    }


def losses(trials):
    """Return the loss of every trial that is complete."""
    return [trial["loss"] for trial in trials if trial.get("state", "complete") == "complete"]


def seconds_to(trials, loss):
    """Return when a search had found that loss or a better one; None: never."""
    done = [trial["at_s"] for trial in trials if losses([trial]) and round(trial["loss"], 6) <= loss]
    return round(min(done), 3) if done else None


def searched(path: Path, run: Path, said: Sequence[str]) -> dict[str, object]:
    """Search with mesic; return its trials, each with the second of its end, and the score on the test rows."""
    trials = run.with_suffix(".jsonl")
    source = ["source=table", f"source.path={path}", "source.target=target", "source.part=part", "splitter=predefined"]
    command = [sys.executable, "-m", "mesic", "run", *source, "auditor=[]", "evaluator=[]", f"out={run}", *said]
    folder = run.with_suffix(".plugin")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(folder, trials))
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    lines = [json.loads(line) for line in (run / "timeline.jsonl").read_text().splitlines()]
    began = next(line["time"] for line in lines if line["stage"] == "search" and line["event"] == "start")
    start = datetime.fromisoformat(began).timestamp()
    scores = json.loads((run / "record.json").read_text())["scores"]["test"]
    test = next(score["value"] for score in scores if score["metric"] == "log_loss")
    found = [json.loads(line) for line in trials.read_text().splitlines()]
    return {"trials": [trial | {"at_s": trial["at"] - start} for trial in found], "test_log_loss": test}


def environment(folder: Path, trials: Path) -> dict[str, str]:
    """Make the benchmarks' plugin known without installing it, and name the file of trials."""
    about = folder / "mesic_benchmark-0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    path = [str(folder), str(HERE / "plugin"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "MESIC_BENCHMARK_TRIALS": str(trials)}


def told(command: Sequence[object]) -> dict[str, object]:
    """Run a peer's script and return the JSON object that it printed last."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answer: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def show_own_cost(rows: Sequence[int], trials: int, times: int) -> None:
    """Show, by number of rows, the milliseconds that the engine adds to a trial."""
    for count in rows:
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, "table.parquet")
            table(count, seed=0).to_parquet(path, index=False)
            said = ["learner=benchmark_idle", f"tuner.trials={trials}", "resources.threads=1"]
            found = [searched(path, Path(place, f"run{n}"), said)["trials"] for n in range(times)]
        parts = [parts_of(run) for run in found]
        own = statistics.median(part["own_ms"] for part in parts)
        middle = sorted(parts, key=lambda part: part["own_ms"])[len(parts) // 2]
        show(
            {
                "figure": f"milliseconds that the engine adds to a trial, {count:,} rows",
                "value": own,
                "at_most": OWN_MS_AT_MOST,
                "reached": own <= OWN_MS_AT_MOST,
                "trials": trials,
                "complete": sum(trial["state"] == "complete" for trial in found[0]),
                **middle,
                "all": [part["own_ms"] for part in parts],
            }
        )


def parts_of(trials):
    """Return what a trial took, the first left out: in all, by Optuna, by the learner, by the rest, and late ones."""
    half = len(trials) // 2

    def between(first, last):
        return {name: 1_000 * (last[name] - first[name]) for name in ("at", "optuna_s", "learner_s")}

    def own(first, last, count):
        taken = between(first, last)
        return round((taken["at"] - taken["optuna_s"] - taken["learner_s"]) / count, 2)

    count, taken = len(trials) - 1, between(trials[0], trials[-1])
    return {
        "own_ms": own(trials[0], trials[-1], count),
        "own_ms_late": own(trials[half], trials[-1], count - half),
        "wall_ms": round(taken["at"] / count, 2),
        "optuna_ms": round(taken["optuna_s"] / count, 2),
        "learner_ms": round(taken["learner_s"] / count, 3),
    }


def table(rows: int, seed: int) -> pd.DataFrame:
    """Return numbers, categories, a target of two classes, and the part of each row: the number of a fold, or test."""
    rng = np.random.default_rng(seed)
    size = rows + TEST_ROWS
    numbers = rng.standard_normal((size, NUMBERS)) ** np.where(np.arange(NUMBERS) % 3 == 2, 3, 1)
    codes = [rng.integers(0, count, size) for count in LEVELS]
    effects = [rng.standard_normal(count) for count in LEVELS]
    odds = np.sin(2 * numbers[:, 0]) + numbers[:, 1] * (numbers[:, 3] > 0) + 0.5 * numbers[:, 4] ** 2 - 0.5
    odds += effects[2][codes[2]] * (numbers[:, 6] > 0) + 0.8 * effects[4][codes[4]] + effects[5][codes[5]]
    labels = (odds + rng.logistic(size=size) > 0) ^ (rng.random(size) < TURNED)
    frame = pd.DataFrame(numbers, columns=[f"n{place:02d}" for place in range(NUMBERS)])
    frame.iloc[:, ::5] = frame.iloc[:, ::5].mask(rng.random((size, len(frame.columns[::5]))) < GAPS)
    for place, count in enumerate(LEVELS):
        frame[f"c{place}"] = pd.Categorical.from_codes(codes[place], [f"v{level}" for level in range(count)])
    frame["target"] = np.where(labels, "yes", "no")
    part = np.full(size, "test", dtype=object)
    for number, (_, validated) in enumerate(StratifiedKFold(FOLDS).split(numbers[:rows], labels[:rows])):
        part[validated] = str(number)  # the folds that cross_val_score makes of cv=5
    return frame.assign(part=part)
