"""One learning tool after another on the same halves of the same tables, each in a process of its own.

What ``tuning.py rank`` is made of: competitors, cells, how a cell is run and scored.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measure import show
from public_tables import Table, halves
from sklearn import metrics

SCRIPT = Path(__file__).parent / "peers" / "tuned.py"
FAMILIES = {  # whose virtual environment a competitor runs in, and what must be importable there
    "mesic": ("mesic", "import mesic"),
    "flaml": ("flaml", "from flaml import AutoML"),
    "flaml_lgbm": ("flaml", "from flaml import AutoML"),
    "autogluon_medium": ("autogluon", "from autogluon.tabular import TabularPredictor"),
    "autogluon_best": ("autogluon", "from autogluon.tabular import TabularPredictor"),
    "lightgbm_tuner_cv": ("optuna", "import optuna_integration.lightgbm, lightgbm"),
    "naive": ("optuna", "import optuna, lightgbm, sklearn"),
    "defaults": ("optuna", "import lightgbm, sklearn"),
}
LOWER_IS_BETTER = {"roc_auc": False, "log_loss": True, "rmse": True}
SMALLEST_SHARE = 1e-7
POLL_S = 0.1
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Terms:
    """What is the same for every competitor, and where each lives.

    Parameters
    ----------
    budget_s, threads
        What each is told.
    grace, slack_s
        A process is killed after `grace` budgets and `slack_s` seconds, which imports and predictions take.
    overrides
        Said to mesic beside source, budget and threads.
    venvs
        Virtual environments by competitor or family; others run in this one.
    """

    budget_s: float
    threads: int
    grace: float = 1.5
    slack_s: float = 60.0
    overrides: tuple[str, ...] = ()
    venvs: Mapping[str, Path] = field(default_factory=dict)

    def python(self, name: str) -> str:
        """Return the Python that a competitor runs on."""
        venv = self.venvs.get(name) or self.venvs.get(FAMILIES[name][0])
        return str(Path(venv, "bin", "python").absolute()) if venv else sys.executable

    @property
    def most_s(self) -> float:
        """Wall seconds after which a process is killed."""
        return self.grace * self.budget_s + self.slack_s

    def of(self, name: str) -> dict[str, object]:
        """Return what a result of a competitor depends on."""
        said = {"budget_s": self.budget_s, "threads": self.threads}
        return said | ({"overrides": list(self.overrides)} if name == "mesic" else {})


@dataclass(frozen=True)
class Heat:
    """A table cut in two by a seed: files for the competitors, the truth for the judge."""

    table: Table
    seed: int
    folder: Path
    truth: pd.Series

    @classmethod
    def made(cls, table: Table, frame: pd.DataFrame, seed: int, folder: Path) -> "Heat":
        """Write both halves, the second without its target."""
        train, test = halves(table, frame, seed)
        folder.mkdir()
        train.to_parquet(folder / "train.parquet", index=False)
        test.drop(columns="target").to_parquet(folder / "test.parquet", index=False)
        return cls(table, seed, folder, test["target"].reset_index(drop=True))


class Results:
    """Cells that are done, kept in a file as they end, so that a contest goes on after a kill."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self.lines = list(_read(path)) if path and path.exists() else []

    def has(self, table: str, seed: int, name: str, terms: Terms) -> bool:
        """Say whether a cell was done on these terms."""
        return self.of(table, seed, name, terms) is not None

    def of(self, table: str, seed: int, name: str, terms: Terms) -> dict[str, object] | None:
        """Return the last line of a cell; None where there is none."""
        wanted = {"table": table, "seed": seed, "competitor": name, **terms.of(name)}
        found = [line for line in self.lines if wanted.items() <= line.items()]
        return found[-1] if found else None

    def add(self, line: dict[str, object]) -> None:
        """Show a cell, and keep it."""
        with self._lock:
            self.lines.append(line)
            show(line)
            if self.path:
                with self.path.open("a") as file:
                    file.write(json.dumps(line) + "\n")


def _read(path: Path) -> Iterator[dict[str, object]]:
    for text in path.read_text().splitlines():
        try:
            yield json.loads(text)
        except ValueError:  # a kill cut it off
            continue


def missing(names: Sequence[str], terms: Terms) -> dict[str, str]:
    """Return, by name, why a competitor cannot take part."""
    found = {}
    for name in names:
        command = [terms.python(name), "-c", FAMILIES[name][1]]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            found[name] = str(error)
            continue
        if done.returncode:
            found[name] = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return found


def hold(
    cells: Sequence[tuple[Table, int, str]], terms: Terms, lanes: Sequence[Sequence[int]], results: Results
) -> None:
    """Run every cell that is not done yet, as many side by side as there are lanes; a lane is a list of cores."""
    waiting = [(table, seed, name) for table, seed, name in cells if not results.has(table.name, seed, name, terms)]
    free: queue.SimpleQueue[Sequence[int]] = queue.SimpleQueue()
    for lane in lanes:
        free.put(lane)
    is_over = threading.Event()

    def run(cell: tuple[Heat, str]) -> None:
        lane = free.get()
        try:
            line = cell_of(*cell, terms, lane)
            if not is_over.is_set():  # a cell that was ended with us is none
                results.add(line)
        finally:
            free.put(lane)

    with tempfile.TemporaryDirectory() as folder, _children_end_with_us():
        heats = _heats(waiting, Path(folder))
        work = [(heats[table.name, seed], name) for table, seed, name in waiting]
        with ThreadPoolExecutor(len(lanes)) as pool:
            try:
                list(pool.map(run, work))
            except BaseException:
                is_over.set()
                pool.shutdown(wait=False, cancel_futures=True)
                _end_children()
                raise


def _heats(waiting: Sequence[tuple[Table, int, str]], folder: Path) -> dict[tuple[str, int], Heat]:
    found: dict[tuple[str, int], Heat] = {}
    for table in dict.fromkeys(table for table, _, _ in waiting):
        frame = table.frame()
        for seed in sorted({seed for other, seed, _ in waiting if other == table}):
            found[table.name, seed] = Heat.made(table, frame, seed, folder / f"{table.name}-{seed}")
    return found


def cell_of(heat: Heat, name: str, terms: Terms, cores: Sequence[int]) -> dict[str, object]:
    """Run one competitor on one heat; return the line that tells of it."""
    table, about = heat.table, {"cell": f"{heat.table.name}/{heat.seed}/{name}"}
    about |= {"table": table.name, "seed": heat.seed, "competitor": name, "task": table.task, "metric": table.metric}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        out = Path(place)
        command = [
            terms.python(name), SCRIPT, name, heat.folder / "train.parquet", heat.folder / "test.parquet", out,
            "--task", table.task, "--metric", table.metric, "--budget-s", terms.budget_s, "--threads", terms.threads,
            "--seed", heat.seed, "--cores", ",".join(map(str, cores)),
        ]  # fmt: skip
        more = ["--overrides", *terms.overrides] if terms.overrides and name == "mesic" else []
        cost = _run([*command, *more], out, terms.most_s)
        line = {**about, **terms.of(name), **cost}
        if "error" in line:
            return line | {"score": None, "overrun_s": round(max(0.0, cost["wall_s"] - terms.budget_s), 2)}
        return line | _outcome(heat, out, terms)


def _outcome(heat: Heat, out: Path, terms: Terms) -> dict[str, object]:
    facts = json.loads((out / "facts.json").read_text())
    overrun = {"overrun_s": round(max(0.0, facts["fit_s"] - terms.budget_s), 2)}
    try:
        value = score(heat.table, heat.truth, pd.read_parquet(out / "answers.parquet"))
    except ValueError as error:  # answers that cannot be scored are no answers
        return {"score": None, "error": f"{type(error).__name__}: {error}", **overrun, **facts}
    return {"score": value, **overrun, **facts}


def score(table: Table, truth: pd.Series, answers: pd.DataFrame) -> float:
    """Score the answers of a competitor by the table's metric."""
    if table.task == "regression":
        return float(metrics.root_mean_squared_error(truth, answers["prediction"]))
    if table.task == "binary":
        positive = max(answers)
        return float(metrics.roc_auc_score(truth == positive, answers[positive]))
    labels = sorted({*truth, *answers})
    shares = answers.reindex(columns=labels, fill_value=0.0).to_numpy().clip(SMALLEST_SHARE, 1.0)
    return float(metrics.log_loss(truth, shares / shares.sum(axis=1, keepdims=True), labels=labels))


_RUNNING: set[int] = set()


def _run(command: Sequence[object], folder: Path, most_s: float) -> dict[str, Any]:
    """Run to the end or to the limit; return wall seconds, peak memory of all its processes, and what went wrong."""
    errors = folder / "stderr.txt"
    began = time.monotonic()
    with errors.open("wb") as file:
        process = subprocess.Popen(
            list(map(str, command)), cwd=folder, stdout=subprocess.DEVNULL, stderr=file, start_new_session=True
        )
        _RUNNING.add(process.pid)
        is_late, peak = False, 0.0
        while process.poll() is None:
            peak = max(peak, tree_mib(process.pid))
            if not is_late and time.monotonic() - began > most_s:
                is_late = True
                _kill(process.pid)
            time.sleep(POLL_S)
        _kill(process.pid)  # what it may have left running
        _RUNNING.discard(process.pid)
    cost: dict[str, Any] = {"wall_s": round(time.monotonic() - began, 2), "peak_mib": round(peak) or None}
    if is_late:
        return cost | {"error": f"no answer after {most_s:g} s: killed"}
    if process.returncode:
        said = errors.read_text(errors="replace").strip().splitlines() or [""]
        return cost | {"error": f"ended with {process.returncode}: {said[-1][-300:]}"}
    return cost


def tree_mib(pid: int) -> float:
    """Return the resident memory of a process and of those that it started; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        started = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except (OSError, IndexError):  # it has ended
        return 0.0
    return pages * PAGE_MIB + sum(tree_mib(int(child)) for children in started for child in children)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all of them have ended
        os.killpg(group, signal.SIGKILL)


def _end_children() -> None:
    for group in list(_RUNNING):
        _kill(group)


@contextmanager
def _children_end_with_us() -> Iterator[None]:
    """End the competitors when the contest is told to end."""

    def stop(*_: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        _end_children()
        signal.signal(signal.SIGTERM, before)


def ranks(lines: Sequence[dict[str, object]]) -> np.ndarray:
    """Return the rank of each competitor in one heat, 1 the best; equals share theirs, no answer is the last rank.

    Examples
    --------
    >>> lines = [{"metric": "rmse", "score": score} for score in (3.0, None, 1.0, None)]
    >>> ranks(lines).tolist()
    [2.0, 4.0, 1.0, 4.0]
    """
    values = np.array([np.nan if line["score"] is None else line["score"] for line in lines], dtype=float)
    signed = values if LOWER_IS_BETTER[str(lines[0]["metric"])] else -values
    found = pd.Series(signed).rank().to_numpy()
    return np.where(np.isnan(found), len(lines), found)
