"""Snapshots: what was used is kept once, whatever the format, and serves when the source has moved on."""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.conftest import people

RUN = ("run", "source=table", "source.target=bought", "learner=tree", "tuner=single", "auditor=[]", "snapshot=kept")


def data_of(folder):
    return json.loads((folder / "record.json").read_text())["data"]


def test_equal_rows_of_two_formats_are_kept_once(mesic, table):
    frame = people()
    frame["income"] = pd.to_numeric(frame["income"], errors="coerce")
    frame.astype({"city": "category"}).to_parquet(mesic.folder / "people.parquet")
    ends = [mesic(*RUN, f"source.path=people.{suffix}", f"out={suffix}") for suffix in ("csv", "parquet")]
    kept = [data_of(mesic.folder / suffix) for suffix in ("csv", "parquet")]

    assert [end.status for end in ends] == [0, 0]
    assert kept[0]["digest"] == kept[1]["digest"]
    assert kept[0]["snapshot"] == kept[1]["snapshot"]
    assert len(list((mesic.folder / "kept").iterdir())) == 1


def test_a_run_is_reproduced_from_its_snapshot_when_the_source_is_gone(mesic, table):
    run = mesic(*RUN, "source.path=people.csv", "out=r")
    people(310).to_csv(table, index=False)
    changed = mesic("reproduce", "run=r")
    table.unlink()
    gone = mesic("reproduce", "run=r", "--json")
    diff = mesic("data", "diff", "a=r", "b=r")

    assert run.status == 0, run.err
    assert (changed.status, changed.out.split(":")[0]) == (0, "identical")
    assert gone.json["verdict"] == "identical"
    assert (diff.status, "say the same: 300 rows" in diff.out) == (0, True), diff.err


def test_an_altered_snapshot_is_refused(mesic, table):
    mesic(*RUN, "source.path=people.csv", "out=r")
    rows = mesic.folder / data_of(mesic.folder / "r")["snapshot"] / "rows.parquet"
    altered = pq.read_table(rows).to_pandas()
    altered.loc[3, "age"] += 1
    altered.to_parquet(rows)
    table.unlink()
    done = mesic("reproduce", "run=r")

    assert done.status == 3
    assert "was altered: its rows have digest" in done.err


def test_every_kind_of_column_survives(mesic):
    rng = np.random.default_rng(0)
    rows = 200
    frame = pd.DataFrame(
        {
            "code": [f"{number:05d}" for number in rng.integers(0, 99, rows)],
            "grade": rng.integers(1, 5, rows),
            "flag": rng.choice(["yes", "no"], rows),
            "day": pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**9, rows), "ms")),
            "text_day": pd.Series(pd.date_range("2024-01-01", periods=rows).strftime("%Y/%m/%d")),
            "clock": pd.Series(pd.date_range("2024-01-01", periods=rows, freq="7min").strftime("%H:%M")),
            "size": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "y": rng.normal(size=rows),
        }
    )
    frame.to_csv(mesic.folder / "t.csv", index=False)
    run = mesic("run", "source=table", "source.path=t.csv", "source.target=y", *RUN[3:], "out=r")
    shutil.move(mesic.folder / "t.csv", mesic.folder / "away.csv")

    assert run.status == 0, run.err
    assert mesic("reproduce", "run=r").out.startswith("identical")


@pytest.mark.parametrize("place", ["people.csv", "people.csv/kept"])
def test_a_place_where_nothing_can_be_kept_is_said(mesic, table, place):
    done = mesic(*RUN[:-1], "source.path=people.csv", f"snapshot={place}", "out=r")

    assert done.status == 2
    assert "cannot write people.csv" in done.err
