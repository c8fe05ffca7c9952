"""One search over several learners, and over what stands before them."""

import json

import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tests.conftest import people

SOURCE = ("source=table", "source.path=people.csv", "source.target=bought", "auditor=[]", "evaluator=[]")
QUICK = ("splitter.folds=3", "baseline=[]")


@pytest.fixture
def table(tmp_path):
    frame = people(240)
    frame.to_csv(tmp_path / "people.csv", index=False)
    return frame


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def trials_of(folder):
    return [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]


def test_several_learners_are_tried_in_one_search_and_one_bundle_answers(mesic, table, tmp_path):
    said = ("learner=[tree,linear]", "learner.linear.C=0.5", "tuner.trials=6", "zone.level=0.99")
    done = mesic("run", *SOURCE, *QUICK, *said, "out=r")

    assert done.status == 0, done.err
    trials = trials_of(tmp_path / "r")
    assert [trial["params"]["learner"] for trial in trials[:2]] == ["tree", "linear"]
    assert trials[1]["params"] == {"learner": "linear"}, "what was set by hand is not searched"
    assert {"tree.max_depth", "tree.min_samples_leaf"} <= trials[0]["params"].keys()
    record = record_of(tmp_path / "r")
    assert set(record["model"]["learner"].split(", ")) <= {"tree", "linear"}
    assert record["trials"]["ended"] == "budget"
    assert record["zone"]["optimism"]["trials"] > 1
    answers = mesic("predict", "bundle=r/bundle", "input=people.csv", "output=p.parquet")
    assert answers.status == 0, answers.err
    assert len(pd.read_parquet(tmp_path / "p.parquet")) == len(table)
    assert mesic("reproduce", "run=r", "out=again").status == 0


def test_without_a_search_each_of_several_learners_is_tried_as_it_is(mesic, table, tmp_path):
    done = mesic("run", *SOURCE, *QUICK, "learner=[tree,linear]", "tuner=single", "zone.prefer=best", "out=r")

    assert done.status == 0, done.err
    assert [trial["params"] for trial in trials_of(tmp_path / "r")] == [{"learner": "tree"}, {"learner": "linear"}]


def test_auto_stands_for_several(mesic):
    done = mesic("run", "learner=auto", "learner.linear.C=3", "--cfg", "job", "--package", "learner")

    assert done.status == 0, done.err
    assert [line for line in done.out.splitlines() if line and not line.startswith((" ", "#"))] == [
        "lightgbm:", "extra_trees:", "linear:",
    ]  # fmt: skip
    assert "C: 3" in done.out


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (["learner=[tree,liner]"], "did you mean 'linear'"),
        (["learner=[tree,tree]"], "names 'tree' twice"),
        (["learner=[]"], "leaves nothing that learns"),
        (["learner=[tree,linear]", "learner.max_depth=3"], "no key 'learner.max_depth'"),
        (["learner=[tree,linear]", "tuner.space.C=[0.1,1]"], "tuner.space.C is no option of learner=tree, linear"),
        (["learner=[tree,linear]", "learner.linear.C=-1"], "learner.linear.C=-1"),
        (["learner=[tree,naive_bayes]", "source.dataset=diabetes", "source.task=regression"], "naive_bayes does not"),
        (["tuner.beside=[size]"], "tuner.beside names 'size'"),
        (["tuner.constraints={speed: 3}"], "tuner.constraints.speed is unknown"),
        (["tuner.constraints={predict_us: -3}"], "tuner.constraints.predict_us=-3"),
        (["tuner.space.sampler=[everything,oversampel]"], "oversampel"),
    ],
)
def test_what_cannot_work_is_said_before_any_work(mesic, said, message):
    done = mesic("check", *said)

    assert done.status == 2
    assert message in done.out + done.err


def test_a_sweep_over_lists_of_learners(mesic, table, tmp_path):
    done = mesic(
        "run", "-m", *SOURCE, *QUICK, "learner=[tree,linear],tree", "tuner=single", "zone.prefer=best", "out=s"
    )  # fmt: skip

    assert done.status == 0, done.err
    assert [len(trials_of(tmp_path / "s" / job)) for job in "01"] == [2, 1]


def test_samplers_and_selectors_are_searched_with_the_learner(mesic, table, tmp_path):
    asked = (
        "tuner.space.sampler=[everything,oversample]",
        "tuner.space.selector=[none,univariate]",
        "tuner.space.max_depth=[2,5]",
    )
    done = mesic("run", *SOURCE, *QUICK, "learner=tree", "tuner=random", "tuner.trials=8", *asked, "out=r")

    assert done.status == 0, done.err
    params = [trial["params"] for trial in trials_of(tmp_path / "r")]
    assert params[0]["sampler"] == "everything"
    assert params[0]["selector"] == "none"
    assert {trial["sampler"] for trial in params} == {"everything", "oversample"}
    assert {trial["selector"] for trial in params} == {"none", "univariate"}
    assert mesic("reproduce", "run=r", "out=again").status == 0


def test_a_constraint_that_no_trial_meets_ends_the_run_and_names_the_nearest(mesic, table, tmp_path):
    limits = "tuner.constraints={complexity: 1, disparity: {city: 0.9}}"
    done = mesic("run", *SOURCE, *QUICK, "learner=tree", "tuner.trials=3", limits, "out=r")

    assert done.status == 1
    assert "complete trials keeps to tuner.constraints; the nearest, trial" in done.err
    assert "exceeds complexity by" in done.err
    assert len(trials_of(tmp_path / "r")) == 3


def test_a_model_that_keeps_to_a_constraint_is_taken(mesic, table, tmp_path):
    limits = "tuner.constraints={complexity: 6}"
    done = mesic("run", *SOURCE, *QUICK, "learner=tree", "tuner.trials=8", limits, "zone.prefer=best", "out=r")

    assert done.status == 0, done.err
    trials = {trial["number"]: trial for trial in trials_of(tmp_path / "r")}
    zone = record_of(tmp_path / "r")["zone"]
    assert all(trials[number]["excess"]["complexity"] <= 0 for number in zone["members"])
    assert any(trial["excess"]["complexity"] > 0 for trial in trials.values() if "excess" in trial)


def test_time_is_made_small_beside_the_loss(mesic, table, tmp_path):
    done = mesic("run", *SOURCE, *QUICK, "learner=tree", "tuner.trials=12", "tuner.beside=[complexity]", "out=r")

    assert done.status == 0, done.err
    trials = [trial for trial in trials_of(tmp_path / "r") if trial["state"] == "complete"]
    front = json.loads((tmp_path / "r/zone.json").read_text())["front"]
    told = {trial["number"]: (trial["loss"], trial["complexity"][0]) for trial in trials}
    for number, (loss, size) in told.items():
        is_beaten = any(a <= loss and b <= size and (a, b) != (loss, size) for a, b in told.values())
        assert (number in front) != is_beaten
    study = optuna.load_study(
        study_name="mesic run", storage=JournalStorage(JournalFileBackend(str(tmp_path / "r/study.journal")))
    )
    assert len(study.trials) == 12
