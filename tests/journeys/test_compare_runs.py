"""mesic compare: runs on the same rows, lists and sweeps, bundles on new rows, people and model."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine, people

from mesic.comparing.candidates import candidate_of
from mesic.comparing.people import compare_people
from mesic.comparing.runs import compare_runs, listed_runs
from mesic.errors import UsageError
from mesic.report.comparison_words import pair_sentence

RUN = ("run", "source=table", "source.path=people.csv", "source.target=bought", "auditor=[]", "evaluator=[]")
SINGLE = (*RUN, "tuner=single")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with runs on the same rows, and one that divides them otherwise."""
    mesic = CommandLine(tmp_path_factory.mktemp("runs"))
    people(400).to_csv(mesic.folder / "people.csv", index=False)
    for out, more in {
        "linear": ("learner=linear",),
        "poor": ("learner=linear", "selection.forbid=[age,city]"),
        "short": ("learner=lightgbm", "tuner=random", "tuner.budget_s=0.001"),
        "seeded": ("learner=linear", "seed=1"),
    }.items():
        done = mesic(*(RUN if out == "short" else SINGLE), *more, f"out={out}")
        assert done.status == 0, done.err
    return mesic


def candidates(runs, *names):
    return [candidate_of(runs.folder / name, key="runs", name=name) for name in names]


def compared(runs, *names, **more):
    return compare_runs(candidates(runs, *names), **more).as_dict()


def test_the_better_of_two_runs_is_told_on_the_terminal_in_json_and_on_a_page(runs):
    said = runs("compare", "a=poor", "b=linear", "out=compare.html")
    found = runs("compare", "a=poor", "b=linear", "--json").json
    page = (runs.folder / "compare.html").read_text()

    assert said.status == 0
    assert said.out.startswith("linear is better than poor: its log loss is")
    assert "Compared on the same 80 test rows." in said.out
    assert found["pairs"][0]["verdict"] == "better"
    assert found["pairs"][0]["difference"]["high"] < 0
    assert (found["beside"]["part"], found["beside"]["verdict"]) == ("out of fold", "better")
    assert {one["metric"] for one in found["pairs"][0]["metrics"]} >= {"roc_auc", "f1", "brier"}
    assert "linear is better than poor" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_difference_is_that_of_the_mean_losses_of_the_test_rows(runs):
    found = compared(runs, "poor", "linear", against="poor")
    losses = {
        name: pd.read_parquet(runs.folder / name / "test_predictions.parquet").set_index("row")["loss"]
        for name in ("poor", "linear")
    }

    assert found["pairs"][0]["difference"]["value"] == pytest.approx((losses["linear"] - losses["poor"]).mean())


def test_a_run_is_equivalent_to_its_copy_and_within_a_margin(runs):
    shutil.copytree(runs.folder / "linear", runs.folder / "copy", dirs_exist_ok=True)
    copy = compared(runs, "linear", "copy", against="linear")
    wide = compared(runs, "poor", "linear", against="poor", metric={"name": "roc_auc"}, margin=0.9)

    assert pair_sentence(copy["pairs"][0], copy) == (
        "copy and linear are equivalent: their log loss is the same on every row."
    )
    assert wide["pairs"][0]["verdict"] == "equivalent"
    assert wide["by"] == "roc_auc"


def test_what_cannot_be_told_says_how_many_rows_would_decide(runs):
    found = compared(runs, "linear", "short", against="linear", part="out of fold")["pairs"][0]

    assert (found["rows_to_decide"] is not None) == (found["verdict"] == "cannot tell")
    assert "1.35" in found["difference"]["method"]


def test_a_run_whose_model_is_a_baseline_is_compared_too(runs):
    record = json.loads((runs.folder / "short" / "record.json").read_text())
    found = compared(runs, "linear", "poor", "short")

    assert "BUDGET-TOO-SMALL" in [finding["code"] for finding in record["findings"]]
    assert sorted(model["name"] for model in found["models"]) == ["linear", "poor", "short"]
    assert (found["part"], found["tests"]) == ("out of fold", 3)
    assert found["worth"]["name"] == found["reference"] == found["models"][0]["name"]
    assert found["worth"]["low"] < found["worth"]["expected"] < found["worth"]["high"]


def test_a_named_reference_counts_its_own_tests_only(runs):
    found = compared(runs, "linear", "poor", "short", against="poor", part="test")
    said = runs("compare", "runs=[linear,poor,short]", "against=poor", "by=test").out

    assert (found["reference"], found["tests"], found["worth"]) == ("poor", 2, None)
    assert "Difference to poor; p by Holm for 2 tests" in said


def test_the_jobs_of_a_sweep_are_told_apart_by_their_overrides(runs):
    for number, source in enumerate(("linear", "poor")):
        shutil.copytree(runs.folder / source, runs.folder / "sweep" / str(number), dirs_exist_ok=True)
    (runs.folder / "sweep" / "2").mkdir(exist_ok=True)
    record = json.loads((runs.folder / "linear" / "record.json").read_text())
    (runs.folder / "sweep" / "2" / "record.json").write_text(json.dumps(record | {"status": "failed"}))
    jobs, left = listed_runs([str(runs.folder / "sweep")])

    assert [(job.name, job.learner) for job in jobs] == [("0", "linear"), ("1", "selection.forbid=[age,city]")]
    assert left == ["2"]


def test_losses_of_folds_stand_in_where_those_of_rows_are_gone(runs):
    for name in ("linear", "poor"):
        shutil.copytree(runs.folder / name, runs.folder / f"{name}_bare", dirs_exist_ok=True)
        (runs.folder / f"{name}_bare" / "oof.parquet").unlink()
    found = compared(runs, "poor_bare", "linear_bare", against="poor_bare", part="out of fold")

    assert found["unit"] == "folds"
    assert found["pairs"][0]["difference"]["method"] == "Nadeau-Bengio t over folds"
    assert found["pairs"][0]["difference"]["value"] < 0
    assert "answers out of fold are gone" in found["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("a=linear", "b=seeded"), 2, "divides the rows otherwise than linear (seed differs)"),
        (("a=linear",), 2, "give a=RUN b=RUN"),
        (("runs=[linear,poor]", "against=best", "by=test"), 2, "against='best' cannot work: give one of linear, poor"),
        (("a=linear", "b=poor", "metric=rmse"), 2, "metric 'rmse' does not serve a binary task"),
        (("a=linear", "b=poor", "on=people.csv"), 2, "on=people.csv is the table that linear learned from"),
        (("a=linear", "b=people.csv", "margin=1"), 2, "margin= would change nothing here: b is newer data"),
    ],
)
def test_what_cannot_be_compared_is_refused(runs, arguments, status, message):
    done = runs("compare", *arguments)

    assert done.status == status
    assert message in " ".join(done.err.split())


def test_lists_that_hold_too_little_and_people_who_said_nothing_are_refused(runs):
    with pytest.raises(UsageError, match="1 finished runs: give two at least"):
        compared(runs, "linear")
    with pytest.raises(UsageError, match="holds neither a run nor a sweep"):
        listed_runs([str(runs.folder / "nowhere")])
    with pytest.raises(UsageError, match="names a more than once"):
        listed_runs(["a", "a"])
    with pytest.raises(UsageError, match="knows no answers of people"):
        compare_people(*candidates(runs, "poor"))


def test_two_bundles_on_new_rows(runs):
    fresh = people(500, seed=9)
    fresh.assign(bought=fresh["bought"].where(fresh.index >= 20)).to_csv(runs.folder / "new.csv", index=False)
    fresh.drop(columns="bought").to_csv(runs.folder / "blind.csv", index=False)
    fresh.assign(bought="maybe").to_csv(runs.folder / "strange.csv", index=False)
    both = ("a=poor/bundle", "b=linear")
    found = runs("compare", *both, "on=new.csv", "--json").json
    grouped = runs("compare", *both, "on=new.csv", "group=since", "--json").json
    blind, strange = (runs("compare", *both, f"on={name}.csv") for name in ("blind", "strange"))
    answers = pd.DataFrame({"y": fresh["bought"][20:]})
    for name in ("poor", "linear"):
        runs("predict", f"bundle={name}/bundle", "input=new.csv", f"output={name}.csv")
        p = pd.read_csv(runs.folder / f"{name}.csv")[20:]
        answers[name] = -np.log(np.where(answers["y"] == "yes", p["p_yes"], p["p_no"]))

    assert found["rows"] == 480
    assert found["pairs"][0]["verdict"] == "better"
    assert found["pairs"][0]["difference"]["value"] == pytest.approx((answers["linear"] - answers["poor"]).mean())
    assert grouped["unit"] == "groups"
    assert (blind.status, strange.status) == (3, 3)
    assert "has no column 'bought'" in blind.err
    assert "labels of 'bought' that the bundles do not know: maybe" in strange.err


def test_people_against_the_model_that_they_labelled(runs):
    runs("data", "label", "run=linear", "rows=60")
    sheets = list((runs.folder / "tasks").glob("human.csv"))
    sheet = pd.read_csv(sheets[0], dtype={"task": str})
    truth = pd.read_parquet(runs.folder / "linear" / "test_predictions.parquet").set_index("row")["target"]
    tasks = pd.read_parquet(runs.folder / "linear" / "labels" / "tasks.parquet").set_index("task")["row"]
    sheet.assign(answer=sheet["task"].map(tasks.map(truth))).to_csv(sheets[0], index=False)
    taken = runs("data", "label", "run=linear", "answers=[tasks/human.csv]")
    found = runs("compare", "a=people", "b=linear", "--json").json
    said = runs("compare", "a=people", "b=linear").out

    assert taken.status == 0, taken.err
    assert found["by"] == "share of wrong answers"
    assert found["pairs"][0]["difference"]["value"] <= 0
    assert found["pairs"][0]["verdict"] in ("better", "cannot tell", "equivalent")
    assert said.startswith("human ")
