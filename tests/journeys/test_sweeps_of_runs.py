"""``mesic run -m hydra/sweeper=mesic``: what is declared is searched, what is wrong is said, what is killed goes on."""

import csv
import os
import signal
import time

import yaml

QUICK = ("tuner=single", "evaluator=[]", "auditor=[]", "selection.subsamples=0", "resources.threads=1")
SEARCH = ("run", "-m", "hydra/sweeper=mesic", *QUICK, "out=sweep")


def rows(mesic):
    with (mesic.folder / "sweep" / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_spaces_of_the_learners_that_are_swept_are_searched(mesic):
    done = mesic(*SEARCH, "hydra.sweeper.space=declared", "learner=tree,linear", "hydra.sweeper.n_trials=5", "--json")
    (best,) = yaml.safe_load((mesic.folder / "sweep" / "best.yaml").read_text())

    assert done.status == 0, done.err
    assert len(done.json["runs"]) == 5
    for row in rows(mesic):
        assert bool(row["learner.max_depth"]) == bool(row["learner.min_samples_leaf"]) == (row["learner"] == "tree")
        assert bool(row["learner.C"]) == (row["learner"] == "linear")
    losses = {run["run"]: run["zone"]["trials"][0]["loss"] for run in done.json["runs"]}
    assert losses[f"sweep/{best['trial']}"] == best["values"][0] == min(losses.values())


def test_what_is_said_by_hand_is_not_searched(mesic):
    done = mesic(
        *SEARCH, "hydra.sweeper.space=declared", "learner=tree", "learner.max_depth=3", "hydra.sweeper.n_trials=2"
    )

    assert done.status == 0, done.err
    assert [name for name in rows(mesic)[0] if name.startswith("learner")] == ["learner.min_samples_leaf"]


def test_a_run_that_fails_is_recorded_and_the_others_go_on(mesic):
    done = mesic(
        *SEARCH, "source.dataset=diabetes", "learner=tree,naive_bayes", "hydra.sweeper.sampler=grid", "--json"
    )  # fmt: skip

    assert done.status == 0, done.err
    assert [run["run"] for run in done.json["runs"]] == ["sweep/0"]
    assert "naive_bayes does not serve a regression task" in rows(mesic)[1]["reason"]


def test_a_killed_search_is_taken_up_by_the_same_command(mesic):
    said = (*SEARCH, "learner=tree", "learner.max_depth=range(2,9)", "hydra.sweeper.n_trials=4")
    process = mesic.start(*said)
    while not list(mesic.folder.glob("sweep/1/record.json")):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    done = mesic(*said)

    assert done.status == 0, done.err
    assert "4 trials: 4 complete" in done.err
    assert [row["state"] for row in rows(mesic)].count("lost") == 1


def test_mistakes_in_what_is_searched_are_found_before_the_first_run(mesic):
    done = mesic(*SEARCH, "learner=tree", "learner.max_dpth=range(1,3)", "learner.min_samples_leaf=interval(0,9)")

    assert done.status == 2
    assert "did you mean 'learner.max_depth'" in done.err
    assert "learner.min_samples_leaf=0.0 cannot work" in done.err
    assert not (mesic.folder / "sweep").exists()


def test_an_interval_needs_a_sweeper_that_searches(mesic):
    done = mesic("run", "-m", "learner=tree", "learner.max_depth=interval(1,3)")

    assert done.status == 2
    assert "add hydra/sweeper=mesic" in done.err
