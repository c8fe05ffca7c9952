"""mesic data trace: why a row is where it is, from the files of a run alone."""

import json

import numpy as np
import pandas as pd
import pytest
from tests.conftest import people

RUN = ("run", "source=table", "source.path=t.csv", "source.target=bought", "learner=tree", "tuner=single", "auditor=[]")


@pytest.fixture
def shop(mesic):
    """300 people of whom rows 5 and 6 have no target, and row 8 says what row 7 says."""
    table = people()
    table.loc[[5, 6], "bought"] = None
    table.loc[8] = table.loc[7]
    table.to_csv(mesic.folder / "t.csv", index=False)
    return table


def test_each_row_is_in_training_or_it_is_said_why_not(mesic, shop):
    run = mesic(*RUN, "out=r", "sampler=random", "sampler.share=0.5")
    parts = pd.read_parquet(mesic.folder / "r" / "partition.parquet").set_index("row")
    sample = pd.read_parquet(mesic.folder / "r" / "sample.parquet").set_index("row")
    tests, train = parts.index[parts["part"] == "test"], parts.index[parts["part"] == "train"]
    undrawn = np.setdiff1d(train, sample.index)

    def traced(row):
        return mesic("data", "trace", "run=r", f"row={row}", "--json").json

    drawn, not_drawn, test, dropped, twin = (
        traced(row) for row in (sample.index[0], undrawn[0], tests[0], 5, 7)
    )  # fmt: skip

    assert run.status == 0, run.err
    assert (drawn["part"], drawn["times"], drawn["weight"], drawn["is_learned_from"]) == ("train", 1, 2.0, True)
    assert drawn["folds"] == [parts["fold"][sample.index[0]]]
    assert (not_drawn["part"], not_drawn["times"], not_drawn["is_learned_from"]) == ("train", 0, False)
    assert "sampler=random did not draw it" in not_drawn["why"]
    assert (test["part"], test["answers"][0]["part"], test["is_learned_from"]) == ("test", "test", False)
    assert test["answers"][0]["target"] == shop["bought"][tests[0]]
    assert (dropped["part"], dropped["is_learned_from"]) == ("dropped", False)
    assert "the target is missing ('bought', 2 rows)" in dropped["why"]
    assert twin["twins"] == [8]


def test_rows_of_a_gap_are_booked_and_traced(mesic, shop):
    done = mesic("data", "check", *RUN[1:6], "source.time=since", "splitter=time", "splitter.gap=30", "out=c")
    record = json.loads((mesic.folder / "c" / "record.json").read_text())
    parts = pd.read_parquet(mesic.folder / "c" / "partition.parquet")
    row = parts["row"][parts["part"] == "left_out"].iloc[0]
    account = record["row_account"]

    assert done.status == 0, done.err
    said = mesic("data", "trace", "run=c", f"row={row}").out
    assert said.startswith(f"row {row} is not learned from: it is left out: splitter=time divides by time")
    assert "the gap of 30 before later rows" in said
    assert account["read"] == account["used"] + sum(entry["rows"] for entry in account["entries"])
    assert account["used"] == record["partition"]["rows"]["train"] + record["partition"]["rows"]["test"] < 298


def test_a_row_is_found_by_what_its_key_says(mesic, shop):
    done = mesic("data", "check", *RUN[1:], "source.key=person", "out=c")
    found = mesic("data", "trace", "run=c", "key=p00007", "--json")

    assert done.status == 3  # rows 7 and 8 have one key
    assert "source.key='person' is not unique" in done.err
    assert (found.status, found.err.count("ended before its rows were divided: source.key='person'")) == (2, 1)
    shop.drop(index=8).to_csv(mesic.folder / "t.csv", index=False)
    assert mesic("data", "check", *RUN[1:], "source.key=person", "out=d").status == 0
    assert mesic("data", "trace", "run=d", "key=p00007", "--json").json["row"] == 7
    assert "key=p9 stands in no row that was used" in mesic("data", "trace", "run=d", "key=p9").err


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (("row=300",), "row=300 cannot work: the source has the rows 0 to 299"),
        ((), "give row=NUMBER"),
        (("row=1", "key=2"), "give row=NUMBER"),
        (("key=2",), "the run declares no source.key"),
        (("row=-1",), "row=-1 cannot work: give a number from 0"),
    ],
)
def test_what_names_no_row_is_refused(mesic, finished_run, said, message):
    done = mesic("data", "trace", f"run={finished_run}", *said)

    assert (done.status, done.out) == (2, "")
    assert message in done.err
