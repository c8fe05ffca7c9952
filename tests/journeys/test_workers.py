"""Learners that crash, hang, eat memory or take too long end a trial; runs that are killed in a trial lose none."""

import json
import signal
import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tests.conftest import CommandLine, install_module, people

HARMFUL = '''
"""A learner that does harm on demand, where its depth is large enough."""

import ctypes
import os
import signal
import time
from dataclasses import dataclass

import numpy as np

from mesic import Component, Range, hookimpl, option
from mesic_plugins.learners.portable import PortableLearner, constant_step

KEPT = []


class Harmful(PortableLearner):
    def __init__(self, task="binary", seed=0, depth=1, harm="", least=8, seconds=60.0, rows=0):
        self.rows = rows
        self.task, self.depth, self.harm, self.least, self.seconds = task, depth, harm, least, seconds

    def _learn(self, matrix, y, classes, weight):
        share = np.bincount(y, weights=weight, minlength=classes) / len(y)
        if self.depth >= self.least and self.harm and (self.harm != "segfault" or len(y) >= self.rows):
            getattr(self, self.harm)()
        share = np.full(classes, np.nan) if self.harm == "nan" and self.depth >= self.least else share
        return constant_step(share + 1e-3 * self.depth, classes)

    def segfault(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def leave(self):
        os._exit(3)

    def hang(self):
        time.sleep(1000)

    def sleep(self):
        time.sleep(self.seconds)

    def eat(self):
        kept = []
        for _ in range(200):
            kept.append(np.ones(2_500_000))
            time.sleep(0.02)

    def keep(self):
        KEPT.append(np.ones(7_500_000))

    def hold(self):
        ctypes.PyDLL(None).sleep(1000)  # and lets no other thread of Python run

    def speak(self):
        print("a learner speaks")

    def nan(self):
        pass

    def begin(self):
        import subprocess, sys
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(500)", "begun by a learner"])
        time.sleep(self.seconds)


@dataclass
class HarmfulOptions:
    depth: int = option(1, "how deep", low=1)
    harm: str = option("", "what it does")
    least: int = option(8, "from which depth on", low=1)
    seconds: float = option(60.0, "how long it sleeps", low=0)
    rows: int = option(0, "fewest rows that it crashes on", low=0)


@hookimpl
def register_learners():
    traits = frozenset({"categories", "missing", "unscaled"})
    space = {"depth": Range(1, 16, complexity=1)}
    return [Component("harmful", "harmful:Harmful", "does harm", HarmfulOptions, traits=traits, space=space)]
'''
RUN = ["run", "source=table", "source.path=people.csv", "source.target=bought", "learner=harmful", "evaluator=[]",
       "auditor=[]", "metrics=[]", "metric=log_loss"]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    install_module(folder, "harmful", HARMFUL)
    return folder


@pytest.fixture
def harmful(site, tmp_path):
    """A command line that knows the harmful learner, in a folder with a table."""
    people(150).to_csv(tmp_path / "people.csv", index=False)
    command = CommandLine(tmp_path)
    do = lambda *said, **extra: command.anew(*RUN, *said, "out=r", PYTHONPATH=str(site), **extra)  # noqa: E731
    do.do = lambda *said: command.anew(*said, PYTHONPATH=str(site))
    do.start = lambda *said: command.start(*RUN, *said, "out=r", PYTHONPATH=str(site))
    return do


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def trials_of(folder):
    return [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]


def codes_of(folder):
    return {finding["code"] for finding in record_of(folder)["findings"]}


def study_of(folder):
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    return optuna.load_study(study_name=None, storage=storage)


def seconds_of(folder, *stages):
    lines = [json.loads(line) for line in (folder / "timeline.jsonl").read_text().splitlines()]
    return sum(line["wall_s"] for line in lines if line["event"] == "end" and line["stage"] in stages)


def processes_with(text):
    """Return the processes of this machine whose command line has a text, but for zombies."""
    return [
        pid
        for pid in map(int, filter(str.isdigit, (path.name for path in Path("/proc").iterdir())))
        if text in line_of(pid) and is_alive(pid)
    ]


def read(path):
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def line_of(pid):
    return read(Path(f"/proc/{pid}/cmdline"))


def facts_of(pid):
    """Return state and parent of a process."""
    return (read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split() or ["Z", "0"])[:2]


def is_alive(pid):
    return facts_of(pid)[0] != "Z"


def child_of(pid):
    return next((p for p in processes_with("mesic.workers.child") if parent_of(p) == pid), None)


def parent_of(pid):
    return int(facts_of(pid)[1])


def wait_for(seen, seconds=60):
    ends = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)
    return found


@pytest.mark.parametrize(
    ("harm", "reason", "more"),
    [
        ("segfault", "the process of the trial was killed by SIGSEGV", []),
        ("leave", "the process of the trial ended with status 3", []),
        ("hang", "took longer than tuner.trial_s=3", ["tuner.trial_s=3"]),
        ("hold", "took longer than tuner.trial_s=3", ["tuner.trial_s=3"]),
        ("eat", "resources.memory_mb=900", ["resources.memory_mb=900"]),
        ("nan", "the learner's predictions are not finite", []),
    ],
)
def test_a_trial_that_does_harm_fails_and_the_search_goes_on(harmful, tmp_path, harm, reason, more):
    done = harmful(f"learner.harm={harm}", "tuner.trials=6", "tuner=random", *more)

    assert done.status == 0, done.err
    assert "Traceback" not in done.err
    trials = trials_of(tmp_path / "r")
    assert len(trials) == 6
    for trial in trials:
        assert (trial["state"] == "failed") == (trial["params"]["depth"] >= 8)
        assert trial["error"] is None or reason in trial["error"]
    assert {trial["state"] for trial in trials} == {"complete", "failed"} | {trial["state"] for trial in trials}
    known = study_of(tmp_path / "r").get_trials()
    assert [{"complete": "COMPLETE", "failed": "FAIL", "pruned": "PRUNED"}[t["state"]] for t in trials] == [
        trial.state.name for trial in known
    ]
    assert [trial.user_attrs.get("error") for trial in known] == [trial["error"] for trial in trials]


def test_when_all_trials_crash_the_reasons_are_grouped(harmful):
    done = harmful("learner.harm=segfault", "learner.least=1", "tuner.trials=2")

    assert done.status == 1
    assert "every trial failed:\n  the process of the trial was killed by SIGSEGV (trials 0, 1)" in done.err


def test_what_a_learner_prints_does_not_disturb_json(harmful):
    done = harmful("learner.harm=speak", "learner.least=1", "tuner.trials=2", "--json")

    assert done.status == 0, done.err
    assert "a learner speaks" in done.err
    assert done.json["status"] == "finished"


def test_no_room_for_any_trial_stops_the_run(harmful):
    done = harmful("tuner.trials=3", "resources.memory_mb=330")

    assert done.status == 1
    assert "resources.memory_mb=330" in done.err
    assert "Traceback" not in done.err


def test_what_trials_leave_behind_in_their_process_makes_no_later_one_fail(harmful, tmp_path):
    done = harmful("learner.harm=keep", "learner.least=1", "tuner.trials=4", "resources.memory_mb=950")

    assert done.status == 0, done.err
    assert [trial["error"] for trial in trials_of(tmp_path / "r")] == [None] * 4


@pytest.mark.parametrize("more", [[], ["source.time=since"], ["zone.prefer=mean"]])
def test_a_final_fit_that_crashes_leaves_the_models_of_the_folds(harmful, tmp_path, more):
    whole = ["learner.harm=segfault", "learner.least=1", "learner.rows=115"]
    done = harmful(*whole, "tuner.trials=2", *more)

    assert done.status == 0, done.err
    (finding, *_) = (f for f in record_of(tmp_path / "r")["findings"] if f["code"] == "NO-FINAL-FIT")
    assert "the process of the trial was killed by SIGSEGV" in finding["message"]
    assert record_of(tmp_path / "r")["model"]["learner"] == "harmful"


def test_a_single_trial_has_no_process_of_its_own_and_no_journal(harmful, tmp_path):
    process = harmful.start("tuner=single", "learner.harm=sleep", "learner.least=1", "learner.seconds=0.2")
    seen = []
    while process.poll() is None:
        seen += [found for found in [child_of(process.pid)] if found]
        time.sleep(0.05)
    process.communicate()

    assert process.returncode == 0
    assert seen == []
    assert not (tmp_path / "r" / "study.journal").exists()


SLOW = ["learner.harm=sleep", "learner.least=1", "learner.seconds=0.15", "tuner.trials=6", "tuner=random"]


def test_who_kills_the_run_in_a_trial_leaves_no_process_and_loses_no_trial(harmful, tmp_path):
    whole = harmful(*SLOW)
    (tmp_path / "r").rename(tmp_path / "whole")
    for kept in (1, 3):
        process = harmful.start(*SLOW)
        wait_for(lambda: len(list((tmp_path / "r" / "stages").glob("trial-*"))) > kept)  # noqa: B023 - called at once
        child = wait_for(lambda: child_of(process.pid))  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_for(lambda: child not in processes_with("mesic.workers.child"), 5)  # noqa: B023
    with (tmp_path / "r" / "study.journal").open("ab") as journal:
        journal.write(b'{"op_code":4,"worker')  # as a process that was killed while it wrote
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "r" / "stages").glob("trial-*")}
    again = harmful(*SLOW)

    assert whole.status == again.status == 0, again.err
    assert len(before) >= 4
    assert (tmp_path / "r" / "trials.jsonl").read_bytes() == (tmp_path / "whole" / "trials.jsonl").read_bytes()
    assert len(study_of(tmp_path / "r").get_trials()) == 6
    assert record_of(tmp_path / "r")["digests"] == record_of(tmp_path / "whole")["digests"]


def test_a_learner_that_lets_no_thread_run_ends_with_the_run_that_is_killed(harmful, tmp_path):
    process = harmful.start("learner.harm=hold", "learner.least=1")
    wait_for(lambda: "search" in read(tmp_path / "r" / "timeline.jsonl"))
    child = wait_for(lambda: child_of(process.pid))
    time.sleep(2)
    assert is_alive(child)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    wait_for(lambda: not is_alive(child), 5)


def test_a_crash_is_not_tried_again_by_a_run_that_is_taken_up(harmful, tmp_path):
    said = ["learner.harm=sleep", "learner.seconds=30", "learner.least=2", "tuner.trials=4", "tuner.trial_s=3"]
    process = harmful.start(*said)
    wait_for(lambda: len(list((tmp_path / "r" / "stages").glob("trial-*"))) > 1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    lasting = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "r" / "stages").glob("trial-*")}
    process = harmful.start(*said)
    wait_for(lambda: len(list((tmp_path / "r" / "stages").glob("trial-*"))) > len(lasting))
    now = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "r" / "stages").glob("trial-*")}
    process.communicate()

    assert process.returncode == 0
    assert {name: now[name] for name in lasting} == lasting


def test_control_c_ends_a_trial_and_what_it_began(harmful, tmp_path):
    process = harmful.start("learner.harm=begin", "learner.least=1")
    wait_for(lambda: processes_with("begun by a learner"))
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert time.monotonic() - start < 3
    assert "Traceback" not in err
    assert record_of(tmp_path / "r")["status"] == "interrupted"
    wait_for(lambda: not processes_with("begun by a learner"), 5)


BUDGET_S = 3.0


def assert_within(folder, budget_s=BUDGET_S):
    assert seconds_of(folder, "search", "fit") <= 1.1 * budget_s + 2


def test_a_fit_longer_than_the_budget_leaves_the_best_baseline(harmful, tmp_path):
    sleeps = ["learner.harm=sleep", "learner.least=1", "learner.seconds=30"]
    done = harmful(*sleeps, f"tuner.budget_s={BUDGET_S}")

    assert done.status == 0, done.err
    assert_within(tmp_path / "r")
    record = record_of(tmp_path / "r")
    assert "BUDGET-TOO-SMALL" in codes_of(tmp_path / "r")
    assert record["model"]["learner"] in {baseline["name"] for baseline in record["baselines"]}
    assert [trial["error"] for trial in trials_of(tmp_path / "r")] == ["the budget was used up"]
    assert (tmp_path / "r" / "bundle" / "manifest.json").exists()


def test_a_budget_for_some_folds_leaves_the_mean_of_their_models(harmful, tmp_path):
    sleeps = ["learner.harm=sleep", "learner.least=1", "learner.seconds=1.1"]
    done = harmful(*sleeps, f"tuner.budget_s={BUDGET_S}", "resources.threads=1")

    assert done.status == 0, done.err
    assert_within(tmp_path / "r")
    (finding,) = (f for f in record_of(tmp_path / "r")["findings"] if f["code"] == "BUDGET-TOO-SMALL")
    folds = finding["evidence"]["folds"]
    assert folds in ([0], [0, 1])
    assert record_of(tmp_path / "r")["model"]["learner"] == "harmful"
    assert set(pd.read_parquet(tmp_path / "r" / "oof.parquet")["fold"]) == set(folds)
    again = harmful.do("reproduce", "run=r", "out=again", "--json")
    assert again.status == 1, again.err
    assert "tuner.budget_s cut the run short, and here there was no clock" in json.loads(again.out)["causes"]


def test_a_final_fit_that_does_not_fit_is_left_out(harmful, tmp_path):
    sleeps = ["learner.harm=sleep", "learner.least=1", "learner.seconds=0.5"]
    done = harmful(*sleeps, f"tuner.budget_s={BUDGET_S + 0.2}", "resources.threads=1", "splitter.folds=5")

    assert done.status == 0, done.err
    assert_within(tmp_path / "r", BUDGET_S + 0.2)
    assert codes_of(tmp_path / "r") & {"NO-FINAL-FIT", "BUDGET-TOO-SMALL"}
    assert record_of(tmp_path / "r")["model"]["learner"] == "harmful"


def test_a_budget_holds_the_fits_of_all_members_of_a_mean(harmful, tmp_path):
    sleeps = ["learner.harm=sleep", "learner.least=1", "learner.seconds=0.05", "zone.prefer=mean"]
    done = harmful(*sleeps, "tuner.budget_s=10", "tuner.trials=null")

    assert done.status == 0, done.err
    assert_within(tmp_path / "r", 10)
    assert len(trials_of(tmp_path / "r")) > 1


def test_a_run_that_its_budget_cut_short_is_reproduced_without_the_clock(harmful, tmp_path):
    sleeps = ["learner.harm=sleep", "learner.least=1", "learner.seconds=0.4", "resources.threads=1"]
    done = harmful(*sleeps, f"tuner.budget_s={2 * BUDGET_S}", "tuner.trials=null")
    again = harmful.do("reproduce", "run=r")

    assert done.status == 0, done.err
    assert again.status == 0 or "tuner.budget_s cut the run short" in again.out, again.out + again.err


def test_a_budget_is_kept_on_many_rows(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200_000, 15))
    target = np.where(X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=len(X)) > 0, "yes", "no")
    table = pd.DataFrame(X, columns=[f"x{n}" for n in range(X.shape[1])]).assign(target=target)
    table.to_parquet(tmp_path / "many.parquet")
    said = ["source=table", "source.path=many.parquet", "source.target=target", "auditor=[]", "evaluator=[]"]
    done = CommandLine(tmp_path).anew("run", *said, f"tuner.budget_s={BUDGET_S}", "tuner.trials=null", "out=r")

    assert done.status == 0, done.err
    assert_within(tmp_path / "r")


def test_a_journal_of_another_study_is_named(harmful, tmp_path):
    (tmp_path / "r").mkdir()
    storage = JournalStorage(JournalFileBackend(str(tmp_path / "r" / "study.journal")))
    optuna.create_study(study_name="mine", storage=storage)
    done = harmful("tuner.trials=2")

    assert done.status == 2
    assert "study.journal is of another study" in done.err
    assert "Traceback" not in done.err


def test_a_journal_that_another_process_left_locked_is_freed(harmful, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "study.journal.lock").symlink_to(tmp_path / "r" / "study.journal")
    done = harmful("tuner.trials=2")

    assert done.status == 0, done.err
    assert len(study_of(tmp_path / "r").get_trials()) == 2


def test_the_journal_can_be_read_while_the_run_goes_on(harmful, tmp_path):
    process = harmful.start(*SLOW)
    wait_for(lambda: len(list((tmp_path / "r" / "stages").glob("trial-*"))) > 2)
    underway = study_of(tmp_path / "r").get_trials()
    process.communicate()
    ended = study_of(tmp_path / "r").get_trials()

    assert 2 <= len(underway) <= 6 == len(ended)
    assert [trial.params for trial in ended] == [trial["params"] for trial in trials_of(tmp_path / "r")]
    assert all({"train_loss", "fold_losses"} <= set(t.user_attrs) for t in ended if t.state.name == "COMPLETE")
