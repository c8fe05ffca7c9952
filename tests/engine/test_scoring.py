"""A file is scored in order, whatever the batches and the threads."""

import pandas as pd
import pytest
from pyarrow import csv, feather
from tests.conftest import people

from mesic.bundle.bundle import load_bundle
from mesic.bundle.scoring import score_file
from mesic.errors import DataError, UsageError
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
    rows, account, unused = score_file(
        bundle, source, tmp_path / "p.csv", batch=batch, threads=threads, keep=["person"]
    )
    whole = bundle.predict(people(300, seed=8))
    found = pd.read_csv(tmp_path / "p.csv")

    assert rows == account.read == 300
    assert set(unused) == {"planet", "bought", "note"}
    assert found["person"].tolist() == people(300, seed=8)["person"].tolist()
    assert found["prediction"].tolist() == list(whole["prediction"])
    assert found["p_yes"].to_numpy() == pytest.approx(whole["p_yes"].to_numpy(), rel=1e-12)


def test_every_format_says_the_same(bundle, source, tmp_path):
    tables = {}
    for suffix, read in {"csv": csv.read_csv, "parquet": pd.read_parquet, "feather": feather.read_table}.items():
        score_file(bundle, source, tmp_path / f"p.{suffix}", batch=50, threads=2)
        table = read(tmp_path / f"p.{suffix}")
        tables[suffix] = table if isinstance(table, pd.DataFrame) else table.to_pandas()

    assert tables["csv"].equals(tables["parquet"])
    assert tables["csv"].equals(tables["feather"])


def test_lost_cells_are_counted_over_all_batches(bundle, tmp_path):
    people(60).assign(age="old").to_csv(tmp_path / "new.csv", index=False)
    _, account, _ = score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", batch=7, threads=2)

    assert sum(entry.cells for entry in account.entries if entry.column == "age") == 60


@pytest.mark.parametrize(
    ("lost", "output", "keep", "error", "words"),
    [
        ("age", "p.csv", [], DataError, "'age'"),
        ("note", "p.csv", ["note"], DataError, "keep names columns that the input lacks: 'note'"),
        ("note", "p.xls", [], UsageError, "give a file that ends in .csv"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_left(bundle, tmp_path, lost, output, keep, error, words):
    people(20).drop(columns=lost, errors="ignore").to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(error, match=words):
        score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / output, batch=8, keep=keep)
    assert not (tmp_path / output).exists()


def test_a_file_that_breaks_in_the_middle_leaves_no_output(bundle, tmp_path):
    people(5000).to_csv(tmp_path / "new.csv", index=False)
    with (tmp_path / "new.csv").open("a") as file:
        file.write("too,few\n")

    with pytest.raises(DataError, match="cannot be read as csv"):
        score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", batch=100, threads=2)
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]
