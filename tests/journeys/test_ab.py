"""mesic plan ab and mesic compare ab, as typed."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine
from tests.docs.shell import typed

SAID = ("base=0.2", "mde=25%", "per_day=1000", "outcome=bought", "guards=[seconds:+10%]")


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A folder with a plan, and a log of as many units as it asks for, whose treatment is better."""
    mesic = CommandLine(tmp_path_factory.mktemp("ab"))
    done = mesic("plan", "ab", *SAID, "out=plan.json", "--json")
    assert done.status == 0, done.err
    rng, rows = np.random.default_rng(0), done.json["units"]
    arm = rng.choice(["control", "treatment"], rows)
    frame = pd.DataFrame({"unit": np.arange(rows), "arm": arm, "seconds": rng.gamma(4, 2, rows)})
    frame["time"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(np.arange(rows), "min")
    frame["bought"] = rng.random(rows) < np.where(arm == "treatment", 0.28, 0.2)
    frame.to_csv(mesic.folder / "log.csv", index=False)
    frame.iloc[: rows // 2 + 9].to_parquet(mesic.folder / "half.parquet")
    frame[(arm == "control") | (np.arange(rows) % 4 > 0)].to_csv(mesic.folder / "broken.csv", index=False)
    return mesic, done.json


def test_a_plan_says_units_days_and_looks_and_is_written_once(planned):
    mesic, plan = planned
    written = json.loads((mesic.folder / "plan.json").read_text())
    again, said = mesic("plan", "ab", *SAID, "out=plan.json"), mesic("plan", "ab", *SAID)

    assert written["units"] == plan["units"] == sum(plan["by_arm"].values())
    assert plan["days"] == -(-plan["units"] // 1000)
    assert len(plan["looks"]) == 5
    assert again.status == 2
    assert "a plan stays as it was made" in again.err
    assert f"{plan['units']:,} units: " in said.out
    assert "effect that decides" in said.out
    assert "seconds may rise by 10 % at most" in said.out


def test_a_log_is_read_by_its_plan_on_the_terminal_as_json_and_as_a_page(planned):
    mesic, _ = planned
    said = mesic("compare", "ab", "log=log.csv", "plan=plan.json", "out=page.html")
    told = mesic("compare", "ab", "log=log.csv", "plan=plan.json", "--json").json
    page = (mesic.folder / "page.html").read_text()
    effect = told["arms"][0]["effect"]

    assert said.status == 0, said.err
    assert said.out.startswith("Promote treatment: better than the control")
    assert (told["decision"], told["arm"]) == ("promote", "treatment")
    assert 0 < effect["low"] < effect["value"] < effect["high"]
    assert told["arms"][0]["guards"][0]["state"] == "kept"
    assert "<h2>Looks</h2>" in page
    assert "Promote treatment" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_keys_say_the_same_as_the_plan_that_they_would_make(planned):
    mesic, _ = planned
    by_plan = mesic("compare", "ab", "log=half.parquet", "plan=plan.json", "--json").json
    by_keys = mesic("compare", "ab", "log=half.parquet", *SAID, "--json").json

    assert {**by_plan, "out": None} == by_keys
    assert by_plan["arms"][0]["look"] == 2


def test_a_broken_division_blocks_with_status_1_and_no_effect(planned):
    mesic, _ = planned
    done = mesic("compare", "ab", "log=broken.csv", "plan=plan.json", "out=broken.html")
    told = mesic("compare", "ab", "log=broken.csv", "plan=plan.json", "--json")

    assert (done.status, told.status) == (1, 1)
    assert "block  AB-SAMPLE-RATIO" in done.out
    assert "effect (interval)" not in done.out
    assert (told.json["decision"], told.json["arms"], told.json["so_far"]) == ("keep", [], {})
    assert "may not be read" in (mesic.folder / "broken.html").read_text()


MISTAKES = {
    "mesic plan ab base=0.2": (2, "mde"),
    "mesic plan ab base=0.2 mde=none": (2, "mde='none' cannot work"),
    "mesic plan ab base=0.2 mde=-1%": (2, "better=lower"),
    "mesic plan ab base=0.2 mde=1% lokks=3": (2, "did you mean 'looks'"),
    "mesic plan ab base=0.2 mde=1% spending=obf": (2, "obrien_fleming, pocock, always_valid"),
    "mesic plan ab base=0.2 mde=1% guards=[late]": (2, "COLUMN:LIMIT"),
    "mesic compare ab log=log.csv": (2, "give plan=FILE"),
    "mesic compare ab log=log.csv plan=plan.json alpha=0.1": (2, "settles alpha"),
    "mesic compare ab log=log.csv plan=log.csv": (2, "this is no JSON"),
    "mesic compare ab log=log.csv plan=gone.json": (2, "a file that can be read"),
    "mesic compare ab log=gone.csv plan=plan.json": (2, "gone.csv"),
    "mesic compare ab log=log.csv plan=plan.json out=page.pdf": (2, "ends in .html"),
    "mesic compare ab log=log.csv base=0.2 mde=5% outcome=seconds": (3, "give sd in the plan"),
    "mesic compare a=nowhere b=log.csv": (2, "nowhere"),
}


def test_what_cannot_work_is_said_in_one_message(planned):
    mesic, _ = planned
    ends = typed(mesic, list(MISTAKES))

    for line, (status, message) in MISTAKES.items():
        assert (ends[line].status, message in ends[line].err) == (status, True), (line, ends[line].err)


def test_help_names_every_key(planned):
    mesic, _ = planned
    plan, compare = typed(mesic, ["mesic plan ab --help", "mesic compare ab --help"]).values()

    assert "spending: str, default obrien_fleming" in plan.out
    assert "log: str, must be given" in compare.out
    assert list(mesic.folder.glob("*.log")) == []
