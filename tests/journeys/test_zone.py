"""The zone on the command line: its mean, its members, and what is written down of it."""

import json
import re

import pyarrow.parquet as pq
import pytest
from tests.conftest import people

from mesic.report.zone_panel import PARTS
from mesic.report.zone_picture import SEEN_LINE, UNSEEN_LINE

SOURCE = ("source=table", "source.path=people.csv", "source.target=bought", "auditor=[]", "splitter.folds=3")
ZONE = ("zone.tolerance=1", "zone.level=0.99", "tuner.trials=4", "zone.prefer=mean")


@pytest.fixture
def table(tmp_path):
    people(240).to_csv(tmp_path / "people.csv", index=False)


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def test_the_mean_of_the_zone_answers_alike_in_run_bundle_and_reproduction(mesic, table, tmp_path):
    done = mesic("run", *SOURCE, *ZONE, "learner=linear", "out=r")

    assert done.status == 0, done.err
    zone = record_of(tmp_path / "r")["zone"]
    assert zone["prefer"] == "mean"
    assert set(map(int, zone["taken"])) >= set(zone["members"][:1])
    steps = tmp_path / "r/bundle/steps"
    assert sorted(path.name for path in steps.iterdir()) == ["00-codes", "01-mean"]
    members = list((steps / "01-mean").glob("member-*"))
    assert len(members) == len(zone["taken"])
    assert mesic("predict", "bundle=r/bundle", "input=people.csv", "output=a.parquet").status == 0
    answers = pq.read_table(tmp_path / "a.parquet").to_pandas()
    known = pq.read_table(tmp_path / "r/test_predictions.parquet").to_pandas()
    assert answers.loc[known["row"], "p_yes"].tolist() == known["p_yes"].tolist()
    assert "identical" in mesic("reproduce", "run=r").out


def test_a_member_of_the_mean_that_was_altered_is_refused(mesic, table, tmp_path):
    assert mesic("run", *SOURCE, *ZONE, "learner=linear", "out=r").status == 0
    (array,) = (tmp_path / "r/bundle/steps/01-mean/member-00").glob("*/coef.arrow")
    array.write_bytes(array.read_bytes().replace(b"\x00", b"\x01", 1))

    done = mesic("predict", "bundle=r/bundle", "input=people.csv", "output=a.csv")

    assert done.status == 1
    assert "member-00" in done.err


@pytest.mark.parametrize("prefer", ["best", "simplest", "fastest", "stable"])
def test_one_trial_of_the_zone_is_fitted_on_request(mesic, table, tmp_path, prefer):
    done = mesic("run", *SOURCE, *ZONE[:-1], "learner=linear", f"zone.prefer={prefer}", "evaluator=[]", "out=r")

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    zone, model = record["zone"], record["model"]
    assert (zone["prefer"], list(zone["taken"].values())) == (prefer, [1])
    assert model["steps"][-1]["name"].endswith("linear")
    found = {row["name"]: row for row in zone["preferences"]}
    assert set(found) == {"mean", "best", "simplest", "fastest", "stable"}
    assert found[prefer]["worse"] is None
    assert found["best"]["worse"] is None or found["best"]["worse"]["low"] <= 0
    trials = {trial["number"]: trial for trial in zone["trials"]}
    (number,) = map(int, zone["taken"])
    inside = [trials[member] for member in zone["members"]]
    if prefer == "simplest":
        assert trials[number]["complexity"] == min(trial["complexity"] for trial in inside)
    if prefer == "stable":
        assert trials[number]["variance"] == min(trial["variance"] for trial in inside)


def test_one_trial_has_no_zone_and_is_fitted_once(mesic, table, tmp_path):
    assert mesic("run", *SOURCE, "tuner=single", "learner=linear", "evaluator=[]", "out=r").status == 0

    zone = record_of(tmp_path / "r")["zone"]
    assert zone["prefer"] == "best"


def test_where_folds_follow_time_the_mean_learns_from_the_latest_rows_too(mesic, tmp_path):
    frame = people(240)
    frame.to_csv(tmp_path / "people.csv", index=False)
    done = mesic("run", *SOURCE, *ZONE, "source.time=since", "learner=linear", "evaluator=[]", "out=r")

    assert done.status == 0, done.err
    zone = record_of(tmp_path / "r")["zone"]
    members = list((tmp_path / "r/bundle/steps/01-mean").glob("member-*"))
    assert len(members) == len(zone["taken"])
    assert all(trial["variance"] is None for trial in zone["trials"])


@pytest.mark.parametrize("learner", ["lightgbm", "linear", "tree", "neighbors", "random_forest", "extra_trees"])
def test_the_picture_of_every_learner_has_the_zone_the_curves_and_the_choice(mesic, table, tmp_path, learner):
    trials = "tuner.trials=6"
    assert mesic("run", *SOURCE, trials, f"learner={learner}", "zone.level=0.99", "evaluator=[]", "out=r").status == 0

    svg = (tmp_path / "r/zone.svg").read_text()
    zone = record_of(tmp_path / "r")["zone"]
    shade = re.search(r'<rect [^>]*width="([0-9.]+)"[^>]*fill:var\(--zone\);opacity:.15', svg)
    assert shade is not None
    assert float(shade.group(1)) > 10
    for line in (UNSEEN_LINE, SEEN_LINE, *(style for _, _, style, _ in PARTS)):
        assert f'style="fill:none;{line}"/>' in svg, "a curve"
    assert f"chosen: trial {zone['chosen']}," in svg
    for said in ("too simple: bias", "too complex: variance", f"model complexity: {zone['complexity']}"):
        assert said in svg
    assert set(zone["width"]) <= set(zone["edges"])
    assert all(0 <= share <= 1 for share in zone["width"].values())
    assert zone["complexity_width"] >= 1
    assert len(zone["trials"]) + len(zone["pruned"]) == 6
    assert "of 6 trials" in svg


def test_the_page_draws_bias_and_variance_and_what_else_could_be_taken(mesic, table, tmp_path):
    assert mesic("run", *SOURCE, *ZONE, "learner=linear", "evaluator=[]", "out=r").status == 0

    page = (tmp_path / "r/report.html").read_text()
    assert "Trials by bias and variance" in page
    assert "What else could be taken from the zone" in page
