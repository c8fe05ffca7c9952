"""Samplers from the command line: what was drawn is recorded, what cannot work is refused before anything is fitted."""

import json

import pandas as pd
import pytest

PEOPLE = ("source=table", "source.path=people.csv", "source.target=bought", "tuner=single")


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        (["sampler=random", "sampler.share=0.5"], 120),
        (["sampler=reservoir", "sampler.size=50"], 50),
        (["sampler=systematic", "sampler.step=4"], 60),
        (["sampler=stratified", "sampler.share=0.25", "sampler.by=city"], 60),
        (["sampler=class_weights"], 240),
    ],
)
def test_what_the_learner_sees_is_recorded_with_what_it_is_worth(mesic, table, said, rows):
    done = mesic("run", *PEOPLE, "learner=tree", "baseline=[]", "evaluator=[]", *said, "out=r")
    sample = json.loads((mesic.folder / "r" / "record.json").read_text())["sample"]

    assert done.status == 0, done.err
    assert abs(sample["rows"] - rows) <= 2
    assert sample["of"] == 240
    assert sample["effective_rows"] <= 240
    assert all(one["low"] <= one["sample"] <= one["high"] for one in sample["target"])
    assert "Design effect" in (mesic.folder / "r" / "report.html").read_text()


def test_groups_are_drawn_where_they_are_declared(mesic, table):
    frame = pd.read_csv(table).assign(family=lambda t: [f"f{row // 3}" for row in range(len(t))])
    frame.to_csv(table, index=False)
    said = (*PEOPLE, "learner=tree", "baseline=[]", "sampler=cluster", "sampler.share=0.5")
    refused = mesic("run", *said, "out=r")
    done = mesic("run", *said, "source.group=family", "out=r", "--json")

    assert (refused.status, "sampler=cluster needs source.group=COLUMN" in refused.err) == (2, True)
    assert done.status == 0, done.err


def test_rows_that_count_differently_need_a_learner_that_takes_weights(mesic, table):
    done = mesic("run", *PEOPLE, "learner=neighbors", "sampler=undersample", "out=r")
    record = json.loads((mesic.folder / "r" / "record.json").read_text())

    assert done.status == 2
    assert "sampler=undersample lets rows count differently, but learner=neighbors takes no weights" in done.err
    assert record["status"] == "failed"
    assert "scores" not in record


def test_a_period_of_the_rows_is_said_in_the_run(mesic):
    hours = pd.DataFrame({"hour": range(24 * 60)})
    hours["load"] = (hours["hour"] % 24).map(lambda hour: abs(hour - 12) + (hour % 5) / 10)
    hours["other"] = hours["hour"] % 7
    hours.to_csv(mesic.folder / "hours.csv", index=False)
    said = ("source=table", "source.path=hours.csv", "source.target=load", "source.time=hour", "learner=tree")
    done = mesic("run", *said, "tuner=single", "sampler=systematic", "sampler.step=24", "out=r")

    assert done.status == 0, done.err
    assert "PERIODIC-ORDER" in done.out
    assert "sampler.step=23" in done.out


def test_a_sampler_that_reads_no_missing_values_names_the_columns_that_have_some(mesic, table):
    done = mesic("run", *PEOPLE, "learner=tree", "sampler=smote", "out=r")
    mended = mesic("run", *PEOPLE, "learner=tree", "sampler=smote", "source.ignore=[income]", "out=s")

    assert done.status == 2
    assert "sampler=smote reads no missing values, and 'income' have some" in done.err
    assert mended.status == 0, mended.err
    assert json.loads((mesic.folder / "s" / "record.json").read_text())["sample"]["made"] > 0


def test_rows_that_are_made_have_no_declared_weight(mesic, table):
    said = ("sampler=smote", "source.ignore=[income]", "source.weight=age")
    done = mesic("run", *PEOPLE, "learner=tree", *said, "out=r")

    assert done.status == 2
    assert "sampler=smote makes rows, and source.weight weighs none" in done.err
