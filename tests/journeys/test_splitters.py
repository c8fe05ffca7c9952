"""Splitters from the command line: parts as they were asked for, and a declaration that is not kept stops the run."""

import json

import numpy as np
import pandas as pd
import pytest

SAID = ("run", "source=table", "source.path=shops.csv", "source.target=sold", "learner=tree", "tuner=single", "out=r")


@pytest.fixture
def shops(mesic):
    """Write days of sales of thirty shops, with parts that somebody declared."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=300).astype(str), "rain": rng.normal(size=300)})
    table["shop"] = [f"s{number}" for number in rng.integers(0, 30, 300)]
    table["part"] = rng.choice(["train", "validate", "test"], 300, p=[0.6, 0.2, 0.2])
    table["sold"] = (3 * table["rain"] + rng.normal(size=300)).round(3)
    table.to_csv(mesic.folder / "shops.csv", index=False)
    return table


def record_of(mesic):
    return json.loads((mesic.folder / "r" / "record.json").read_text())


@pytest.mark.parametrize(
    ("said", "code", "mend"),
    [
        (["source.time=day", "splitter=holdout"], "LEAK-TIME", "splitter=time"),
        (["source.group=shop", "splitter=hash", "source.ignore=[day]"], None, None),
        (["source.group=shop", "splitter=holdout"], "LEAK-GROUP", "splitter=group"),
        (["source.time=day", "source.part=part"], "LEAK-TIME", "splitter=time"),
    ],
)
def test_parts_that_do_not_keep_what_was_declared_stop_the_run_before_anything_is_fitted(
    mesic, shops, said, code, mend
):
    done = mesic(*SAID, *said)
    record = record_of(mesic)

    assert (done.status, record["exit_status"]) == ((1, 1) if code else (0, 0))
    if code:
        assert f"{code}: rows are divided by" in done.err
        assert f"to mend it: {mend}" in done.err
        assert f"'+policy.accept.{code}=REASON'" in done.err
        assert "trials" not in record
        assert [finding["code"] for finding in record["findings"] if finding["severity"] == "block"] == [code]


def test_a_leak_that_is_accepted_stops_nothing_and_keeps_its_reason(mesic, shops):
    done = mesic(*SAID, "source.time=day", "splitter=holdout", "+policy.accept.LEAK-TIME=days are of no account here")
    leak = next(finding for finding in record_of(mesic)["findings"] if finding["code"] == "LEAK-TIME")

    assert done.status == 0, done.err
    assert leak["accepted"] == "days are of no account here"
    assert "accepted: days are of no account here" in done.out + done.err
    assert "Accepted: days are of no account here" in (mesic.folder / "r" / "report.html").read_text()


def test_a_gap_and_a_window_leave_rows_out_of_both_parts(mesic, shops):
    done = mesic(*SAID, "source.time=day", "splitter.gap=7", "splitter.window=90", "splitter=time")
    partition = record_of(mesic)["partition"]
    table = pd.read_parquet(mesic.folder / "r" / "partition.parquet")

    assert done.status == 0, done.err
    assert partition["rows"] == {"train": 90, "test": 60, "left_out": 150}
    assert table["part"].value_counts().to_dict() == {"left_out": 150, "train": 90, "test": 60}
    assert partition["facts"]["gap"] == 7
    assert partition["place"] == {"before": 143, "between": 7}
    assert "150 rows left out of both" in (mesic.folder / "r" / "report.html").read_text()


def test_repeated_folds_predict_rows_several_times_and_are_not_taken_for_more_rows(mesic, shops):
    scores = {}
    for repeats in (1, 4):
        done = mesic(*SAID[:-1], f"out=r{repeats}", "splitter=holdout", f"splitter.repeats={repeats}")
        assert done.status == 0, done.err
        record = json.loads((mesic.folder / f"r{repeats}" / "record.json").read_text())
        scores[repeats] = record["scores"]["out_of_fold"][0]
    found = pd.read_parquet(mesic.folder / "r4" / "oof.parquet")
    parts = pd.read_parquet(mesic.folder / "r4" / "partition.parquet")
    width = {repeats: score["high"] - score["low"] for repeats, score in scores.items()}

    assert (found.groupby("row").size() == 4).all()
    assert list(parts.columns) == ["row", "key", "part", "fold", "fold_2", "fold_3", "fold_4"]
    assert width[4] > 0.75 * width[1]
    assert scores[4]["n"] == 4 * scores[1]["n"]


def test_a_nested_sweep_tests_every_row_once(mesic, shops):
    done = mesic(*SAID, "splitter=nested", "splitter.outer=3", "splitter.outer_fold=0,1,2", "-m")
    tested = [pd.read_parquet(mesic.folder / "r" / str(job) / "test_predictions.parquet")["row"] for job in range(3)]

    assert done.status == 0, done.err
    assert sorted(pd.concat(tested)) == list(range(300))


def test_parts_that_a_column_says_are_kept(mesic, shops):
    done = mesic(*SAID, "source.part=part", "source.ignore=[day]")
    parts = pd.read_parquet(mesic.folder / "r" / "partition.parquet").set_index("row")

    assert done.status == 0, done.err
    assert ((parts["part"] == "test") == (shops["part"] == "test")).all()
    assert (parts["fold"].notna() == (shops["part"] == "validate")).all()
