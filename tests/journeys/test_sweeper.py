"""``hydra/sweeper=mesic`` in a Hydra application that is not ours: real processes, real launchers, real kills."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
import yaml
from tests.conftest import Done

HELLO = Path(__file__).parents[1] / "hello_world"
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


class Sweeps:
    """Sweeps the application in a folder, as a user does."""

    def __init__(self, folder):
        self.folder = folder

    def start(self, *said, name="sweep"):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("MESIC", "HYDRA"))}
        where = [] if name is None else ["-m", "hydra/sweeper=mesic", f"hydra.sweep.dir={name}"]
        command = [sys.executable, self.folder / "app.py", *where, *map(str, said)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=kept, start_new_session=True, **pipes)

    def __call__(self, *said, name="sweep"):
        process = self.start(*said, name=name)
        out, _ = process.communicate(timeout=120)
        return Done(process.returncode, out, out)

    def rows(self, name="sweep"):
        """Return results.csv, a mapping a trial."""
        with (self.folder / name / "results.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def best(self, name="sweep"):
        return yaml.safe_load((self.folder / name / "best.yaml").read_text())

    def finished(self):
        """Return a line for each job that came to its end, in any process."""
        log = self.folder / "finished.log"
        return log.read_text().splitlines() if log.exists() else []

    def kill(self, process):
        """Strike the sweeper down; its workers, which hold its output open, may live on."""
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        process.stdout.close()

    def wait_for_jobs(self, count):
        for _ in range(600):
            if len(self.finished()) >= count:
                return
            time.sleep(0.02)
        pytest.fail("no job came to its end")


@pytest.fixture
def sweeps(tmp_path):
    shutil.copytree(HELLO, tmp_path, dirs_exist_ok=True)
    return Sweeps(tmp_path)


def refused(done, *words):
    assert done.status == 1, done.out
    assert "Traceback" not in done.out
    for word in words:
        assert word in done.out, done.out


def drawn(rows):
    return [(row["x"], row["value"]) for row in rows if row["state"] != "lost"]


def test_a_sweep_finds_more_than_chance_and_leaves_what_it_found(sweeps):
    done = sweeps(
        "x=interval(-5,5)", "y=int(interval(0,3))", "model=glob(tree*)", "hydra.sweeper.n_trials=25", "sleep=0"
    )
    rows, (best,) = sweeps.rows(), sweeps.best()

    assert done.status == 0, done.out
    assert "25 trials: 25 complete" in done.out
    assert f"best: trial {best['trial']}" in done.out
    assert min(float(row["value"]) for row in rows) == best["values"][0] < 1.5
    assert {row["model"] for row in rows} == {"tree", "trees"}
    assert (sweeps.folder / "sweep" / "sweep.svg").read_text().startswith("<svg")
    assert sorted(path.name for path in (sweeps.folder / "sweep").iterdir() if path.is_dir()) == sorted(
        str(number) for number in range(25)
    )
    assert sweeps(*best["overrides"], name=None).status == 0
    assert sweeps.finished()[-1].split()[1] == next(row["x"] for row in rows if row["trial"] == str(best["trial"]))


def test_a_sweep_that_was_killed_goes_on_as_if_it_had_not_been(sweeps):
    said = ("x=interval(-5,5)", "sleep=0.1", "hydra.sweeper.n_trials=14")
    assert sweeps(*said, name="whole").status == 0
    (sweeps.folder / "finished.log").unlink()
    for jobs in (3, 12):
        process = sweeps.start(*said)
        sweeps.wait_for_jobs(jobs)
        time.sleep(0.15)
        sweeps.kill(process)
        before = {path: path.stat().st_mtime_ns for path in (sweeps.folder / "sweep").glob("*/.hydra/config.yaml")}
    done = sweeps(*said)
    rows, finished = sweeps.rows(), sweeps.finished()

    assert "taken up again" in done.out
    assert drawn(rows) == drawn(sweeps.rows("whole"))
    assert [row["state"] for row in rows].count("lost") <= 2
    assert len({line.split()[1] for line in finished}) == 14
    assert len(finished) <= 14 + [row["state"] for row in rows].count("lost")
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())


def test_jobs_that_outlive_a_killed_sweeper_are_not_run_twice(sweeps):
    said = ("x=interval(-5,5)", "sleep=0.3", "hydra.sweeper.n_trials=8", *JOBLIB)
    process = sweeps.start(*said)
    sweeps.wait_for_jobs(2)
    sweeps.kill(process)
    done = sweeps(*said)

    assert done.status == 0, done.out
    assert "8 trials: 8 complete" in done.out
    assert len(sweeps.finished()) == len({line.split()[1] for line in sweeps.finished()}) == 8
    workers = {int(line.split()[2]) for line in sweeps.finished()}
    assert len(workers) > 2
    for _ in range(100):
        workers = {pid for pid in workers if Path(f"/proc/{pid}").exists()}
        time.sleep(0.05)
    assert workers == set()


def test_a_job_that_had_ended_when_the_sweeper_was_killed_is_taken_as_it_is(sweeps):
    said = ("x=interval(-5,5)", "hydra.sweeper.n_trials=2")
    assert sweeps(*said).status == 0
    journal = sweeps.folder / "sweep" / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    while '"state":1' not in lines[-1]:  # the journal as it was before trial 1 was told
        lines.pop()
    journal.write_text("".join(lines[:-1]) + '{"op_code":6,"worker_')  # and cut within a record
    notes = sweeps.folder / "sweep" / "trials"
    notes.mkdir()
    (notes / "1.json").write_text(json.dumps({"state": "complete", "values": [7.5], "seconds": 1.0}))
    done = sweeps(*said)

    assert "ended within a record" in done.out
    assert [row["value"] for row in sweeps.rows()][1] == "7.5"
    assert len(sweeps.finished()) == 2


def test_whatever_its_jobs_do_a_sweep_over_processes_goes_on(sweeps):
    done = sweeps(
        "do=fine,crash,raise,leave,hang,hang_in_c,eat", "hydra.sweeper.sampler=grid", "hydra.launcher.n_jobs=4",
        "hydra.sweeper.trial_timeout_s=1.5", "hydra.sweeper.trial_memory_mb=300", JOBLIB[0],
    )  # fmt: skip
    ends = {row["do"]: row for row in sweeps.rows() if row["state"] != "lost"}

    assert done.status == 0, done.out
    assert len(ends) == 7
    assert {how for how, row in ends.items() if row["state"] == "complete"} == {"fine"}
    reasons = {"crash": "process died", "raise": "the learner gave up", "leave": "SystemExit", "hang": "ran longer"}
    reasons |= {"hang_in_c": "it hung", "eat": "MiB, more than trial_memory_mb=300"}
    for how, row in ends.items():
        assert reasons.get(how, "") in row["reason"]


def test_a_sweep_runs_under_submitit(sweeps):
    pytest.importorskip("submitit")
    done = sweeps(
        "x=interval(-5,5)", "hydra/launcher=submitit_local", "hydra.sweeper.n_trials=3", "hydra.sweeper.batch=3"
    )

    assert done.status == 0, done.out
    assert "3 trials: 3 complete" in done.out


def test_jobs_start_as_others_end_where_it_is_asked_for(sweeps):
    done = sweeps("x=interval(-5,5)", "sleep=interval(0.01,0.4)", "hydra.sweeper.n_trials=10",
                  "hydra.sweeper.overlap=true", *JOBLIB)  # fmt: skip

    assert done.status == 0, done.out
    assert "10 trials: 10 complete" in done.out
    assert len(sweeps.finished()) == 10


@pytest.mark.parametrize("launcher", [(), JOBLIB], ids=["basic", "joblib"])
def test_hopeless_trials_are_pruned(sweeps, launcher):
    done = sweeps("x=interval(-5,5)", "steps=4", "hydra.sweeper.n_trials=16", "hydra.sweeper.startup=16", *launcher)
    states = [row["state"] for row in sweeps.rows()]

    assert done.status == 0, done.out
    assert set(states) == {"complete", "pruned"}
    assert len(sweeps.finished()) == states.count("complete")


def test_the_journal_is_a_study_that_optuna_opens(sweeps):
    sweeps("x=interval(-5,5)", "answer=constrained", "hydra.sweeper.n_trials=4")
    backend = optuna.storages.journal.JournalFileBackend(str(sweeps.folder / "sweep" / "journal.log"))
    study = optuna.load_study(study_name=None, storage=optuna.storages.JournalStorage(backend))

    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 4
    assert all(trial.constraints["small"] == trial.params["x"] - 1 for trial in study.trials)


def test_no_job_starts_when_the_time_is_up(sweeps):
    done = sweeps("x=interval(-5,5)", "sleep=0.3", "hydra.sweeper.timeout_s=0.5")

    assert done.status == 0, done.out
    assert 1 <= len(sweeps.rows()) < 4


def test_the_seed_makes_the_study(sweeps):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=4", "hydra.sweeper.startup=2",
               f"hydra.sweeper.seed={seed}", name=name)  # fmt: skip

    assert drawn(sweeps.rows("a")) == drawn(sweeps.rows("b")) != drawn(sweeps.rows("c"))


def test_a_study_can_be_kept_in_a_database(sweeps):
    said = ("x=interval(-5,5)", "hydra.sweeper.storage=sqlite:///studies.db", "hydra.sweeper.study=mine", "steps=1")
    assert sweeps(*said, "hydra.sweeper.n_trials=2").status == 0
    done = sweeps(*said, "hydra.sweeper.n_trials=3")

    assert "taken up again: 2 trials are done" in done.out
    assert not (sweeps.folder / "sweep" / "journal.log").exists()


def test_several_objectives_end_in_a_front(sweeps):
    done = sweeps("x=interval(-5,5)", "answer=two", "hydra.sweeper.direction=[minimize,minimize]",
                  "hydra.sweeper.sampler=nsga", "hydra.sweeper.n_trials=12", "steps=1")  # fmt: skip
    front = [best["values"] for best in sweeps.best()]

    assert done.status == 0, done.out
    assert len(front) > 1
    assert not any(a[0] <= b[0] and a[1] <= b[1] for a in front for b in front if a != b)


def test_the_best_trial_meets_the_constraints(sweeps):
    sweeps("x=interval(-5,5)", "answer=constrained", "hydra.sweeper.n_trials=20")
    (best,) = sweeps.best()
    rows = sweeps.rows()

    assert min(float(row["value"]) for row in rows) < best["values"][0]
    assert float(rows[best["trial"]]["constraint small"]) <= 0


def test_constraints_that_nothing_meets_are_said(sweeps):
    done = sweeps("x=interval(-5,5)", "answer=unmet", "hydra.sweeper.n_trials=1")

    assert done.status == 0, done.out
    assert "no trial meets the constraints; the nearest is trial 0, which misses small by" in done.out
    assert sweeps.best() == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["do=raise"], ["every trial failed", "ValueError: the learner gave up (trials 0, 1)"]),
        (["answer=not_a_number"], ["the objective is nan"]),
        (["answer=text"], ["the job returned 'good': return a number"]),
        (["answer=two"], ["the job returned 2 objectives, and hydra.sweeper.direction names 1"]),
    ],
    ids=["raise", "nan", "text", "two"],
)
def test_reasons_are_grouped_when_every_trial_fails(sweeps, said, words):
    refused(sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=2", *said), *words)
    assert [row["state"] for row in sweeps.rows()] == ["failed", "failed"]
    assert (sweeps.folder / "sweep" / "0" / "traceback.txt").read_text().startswith("Traceback")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["y=1"], "there is nothing to search"),
        (["x=interval(5,1)"], "the first number must be the lower"),
        (["x=tag(log,interval(0,1))"], "a log scale starts above 0"),
        (["x=tag(lg,interval(1,2))"], "the tag 'lg' cannot work"),
        (["x=1,2", "x=3"], "x is said twice"),
        (["y=range(5,1)"], "holds no value"),
        (["x=interval(0,1)", "hydra.sweeper.sampler=grid"], "which has no end of values"),
        (["x=interval(0,1)", "hydra.sweeper.sampler=tep"], "give one of tpe, random, grid, nsga"),
        (["x=interval(0,1)", "hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials=0 cannot work"),
        (["x=interval(0,1)", "hydra.sweeper.direction=up"], "give minimize or maximize"),
        (["x=interval(0,1)", "model=linear,forest"], "forest"),
        (["x=interval(0,1)", "hydra.sweeper.overlap=true"], "add hydra/launcher=joblib"),
        (["xx=interval(0,1)"], "xx"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_a_sweep_that_cannot_work_is_refused_before_any_job(sweeps, said, words):
    refused(sweeps(*said), words)
    assert not (sweeps.folder / "sweep").exists()


def test_the_folder_of_another_sweep_is_refused(sweeps):
    assert sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=1").status == 0

    refused(sweeps("x=interval(-5,6)"), "of another sweep (space.x differs)", "give another hydra.sweep.dir")
    refused(sweeps("x=interval(-5,5)", "y=2"), "(config.y, overrides differs)")
    assert sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=3", "hydra.sweeper.sampler=random").status == 0
    assert len(sweeps.rows()) == 3


def test_jobs_of_another_sweeper_are_not_written_over(sweeps):
    assert sweeps("x=1,2", "hydra/sweeper=basic").status == 0

    refused(sweeps("x=interval(-5,5)"), "holds jobs of another sweep (0, 1)")


def test_a_damaged_journal_is_refused_and_left_as_it_is(sweeps):
    assert sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=1").status == 0
    journal = sweeps.folder / "sweep" / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([lines[0], "x" + lines[1], *lines[2:]]))
    damaged = journal.read_text()

    refused(sweeps("x=interval(-5,5)"), "is damaged in line 2")
    assert journal.read_text() == damaged


def test_a_folder_is_swept_by_one_process_at_a_time(sweeps):
    first = sweeps.start("x=interval(-5,5)", "sleep=1", "hydra.sweeper.n_trials=6")
    sweeps.wait_for_jobs(1)
    second = sweeps("x=interval(-5,5)", "sleep=1")
    sweeps.kill(first)

    refused(second, f"is being swept by process {first.pid}")


def test_a_lock_that_a_killed_process_left_is_taken_away(sweeps):
    assert sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=1").status == 0
    journal = sweeps.folder / "sweep" / "journal.log"
    (sweeps.folder / "sweep" / "journal.log.lock").symlink_to(journal)
    done = sweeps("x=interval(-5,5)", "hydra.sweeper.n_trials=2")

    assert done.status == 0, done.out
    assert "was locked by a process that is gone" in done.out


def test_an_interrupted_sweep_says_how_it_goes_on(sweeps):
    process = sweeps.start("x=interval(-5,5)", "sleep=0.5")
    sweeps.wait_for_jobs(1)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=30)

    assert process.returncode != 0
    assert "the same command takes the sweep up again" in out
    assert sweeps.rows()[0]["state"] == "complete"


def test_what_is_swept_can_be_kept_in_the_configuration(sweeps):
    conf = sweeps.folder / "conf" / "config.yaml"
    kept = "hydra:\n  sweeper:\n    params: {x: 'interval(-5,5)', y: '1,2', sleep: 0.01}\n    n_trials: 3\n"
    conf.write_text(conf.read_text().replace("  - _self_", "  - override hydra/sweeper: mesic\n  - _self_") + kept)
    done = sweeps("y=3")

    assert done.status == 0, done.out
    assert "best: trial" in done.out
    assert list(sweeps.rows()[0])[3:4] == ["x"]
    assert "y=3" in sweeps.best()[0]["overrides"]
