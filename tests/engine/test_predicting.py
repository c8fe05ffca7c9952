"""A file is scored in order, whatever the batches and the threads."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet
from tests.conftest import people

import mesic
from mesic.bundle.bundle import load_bundle
from mesic.errors import DataError, UsageError
from mesic.predicting.scoring import Asked, score_file
from mesic_plugins.sources.table import Table


@pytest.fixture
def bundle(finished_run):
    return load_bundle(finished_run / "bundle")


@pytest.fixture
def source(tmp_path):
    people(300, seed=8).assign(note="n").to_csv(tmp_path / "new.csv", index=False)
    return Table(tmp_path / "new.csv")


@pytest.mark.parametrize(("batch", "threads"), [(300, 1), (7, 1), (7, 3), (64, 8)])
def test_batches_and_threads_change_nothing(bundle, source, tmp_path, batch, threads):
    scored = score_file(bundle, source, tmp_path / "p.csv", Asked(batch, threads, ("person",)))
    whole = bundle.predict(people(300, seed=8))
    found = pd.read_csv(tmp_path / "p.csv")

    assert scored.rows == scored.account.read == 300
    assert set(scored.unused) == {"planet", "bought", "note"}
    assert found["person"].tolist() == people(300, seed=8)["person"].tolist()
    assert found["prediction"].tolist() == list(whole["prediction"])
    assert found["p_yes"].to_numpy() == pytest.approx(whole["p_yes"].to_numpy(), rel=1e-12)


def test_every_format_says_the_same(bundle, source, tmp_path):
    tables = {}
    for suffix, read in {"csv": csv.read_csv, "parquet": pd.read_parquet, "feather": feather.read_table}.items():
        score_file(bundle, source, tmp_path / f"p.{suffix}", Asked(50, 2))
        table = read(tmp_path / f"p.{suffix}")
        tables[suffix] = table if isinstance(table, pd.DataFrame) else table.to_pandas()

    assert tables["csv"].equals(tables["parquet"])
    assert tables["csv"].equals(tables["feather"])


def test_lost_cells_are_counted_over_all_batches(bundle, tmp_path):
    people(60).assign(age="old").to_csv(tmp_path / "new.csv", index=False)
    scored = score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", Asked(7, 2))

    assert sum(entry.cells for entry in scored.account.entries if entry.column == "age") == 60


@pytest.mark.parametrize(
    ("lost", "output", "keep", "error", "words"),
    [
        ("age", "p.csv", [], DataError, "'age'"),
        ("note", "p.csv", ["p_yes"], UsageError, "keep names 'p_yes': so is a column of the answers called"),
        ("note", "p.csv", ["note"], DataError, "keep names columns that the input lacks: 'note'"),
        ("note", "p.xls", [], UsageError, "give a file that ends in .csv"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_left(bundle, tmp_path, lost, output, keep, error, words):
    people(20).assign(p_yes=1).drop(columns=lost, errors="ignore").to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(error, match=words):
        score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / output, Asked(8, keep=tuple(keep)))
    assert not (tmp_path / output).exists()


def test_a_file_that_breaks_in_the_middle_leaves_no_output(bundle, tmp_path):
    people(5000).to_csv(tmp_path / "new.csv", index=False)
    with (tmp_path / "new.csv").open("a") as file:
        file.write("too,few\n")

    with pytest.raises(DataError, match="cannot be read as csv"):
        score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", Asked(100, 2))
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


def test_the_bytes_of_the_answers_depend_on_neither_batches_nor_threads(bundle, source, tmp_path):
    written = []
    for batch, threads in ((300, 1), (1, 2), (41, 2), (41, 1), (1000, 4)):
        score_file(bundle, source, tmp_path / "p.csv", Asked(batch, threads, ("person", "age")))
        written.append((tmp_path / "p.csv").read_bytes())

    assert len(set(written)) == 1


def test_equal_rows_get_equal_answers_whatever_format_they_come_in(bundle, source, tmp_path):
    table = csv.read_csv(source.path)
    parquet.write_table(table, tmp_path / "new.parquet")
    feather.write_feather(table, tmp_path / "new.feather")
    answers = []
    for suffix in ("csv", "parquet", "feather"):
        score_file(bundle, Table(tmp_path / f"new.{suffix}"), tmp_path / "p.csv", Asked(50, 2))
        answers.append((tmp_path / "p.csv").read_bytes())

    assert answers[0] == answers[1] == answers[2]


def test_a_file_without_rows_is_answered_by_a_file_without_rows(bundle, tmp_path):
    people(20).head(0).to_csv(tmp_path / "new.csv", index=False)
    scored = score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", Asked(8))

    assert (scored.rows, scored.account.entries) == (0, [])
    assert pd.read_csv(tmp_path / "p.csv").columns.tolist()[0] == "prediction"


def test_numbers_are_answered_by_numbers_and_times_of_every_sort_are_read_as_they_were_learned(tmp_path):
    rows = np.arange(120)
    frame = pa.table(
        {
            "day": [dt.date(2020 if n % 3 else 9999, 1, n % 28 + 1) for n in range(120)],
            "moment": [dt.datetime(2020, 1, 1) + dt.timedelta(minutes=997 * n) for n in range(120)],
            "clock": [dt.time(n * 7 % 24, 30) for n in range(120)],
            "sold": (rows * 7 % 24) + 10.0 * (rows % 3 == 0) + rows / 50,
        }
    )
    csv.write_csv(frame, tmp_path / "sales.csv")
    said = ["source=table", f"source.path={tmp_path}/sales.csv", "learner=tree", "tuner=single", "baseline=[]"]
    run = mesic.run(target="sold", overrides=said, out=tmp_path / "run")
    score_file(run.bundle, Table(tmp_path / "sales.csv"), tmp_path / "p.csv", Asked(50, 2))
    found = pd.read_csv(tmp_path / "p.csv")

    assert found.columns.tolist() == ["prediction"]
    assert found["prediction"].tolist() == run.predict(frame)["prediction"].tolist()
    assert np.corrcoef(found["prediction"], frame["sold"])[0, 1] > 0.9
    assert [entry for entry in run.record["row_account"]["entries"] if entry["cells"]] == []
