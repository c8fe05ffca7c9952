"""What training has not seen is refused by whatever answers, and named; rows beside it are answered all the same."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy.stats import binomtest
from tests.engine.bundles_to_serve import CODES, ROW, make_bundle

pytest.importorskip("msgspec", reason="the extra serve is not installed")

from mesic.bundle.abstaining import envelope_facts
from mesic.bundle.bundle import load_bundle, write_bundle
from mesic.bundle.envelope import FILE, envelope_of, with_envelope
from mesic.data.account import RowAccount
from mesic.data.rules import RulesBroken
from mesic.data.schema import Column, Schema
from mesic.data.view import frame_of
from mesic.deployment.reference import reference_answers
from mesic.errors import CheckFailed, UsageError
from mesic.predicting.scoring import Asked, score_file
from mesic.serving.contracts import openapi_of
from mesic.serving.release import Release
from mesic.serving.scorer import RowsRefused
from mesic.serving.settings import ServeSettings
from mesic.streaming.answering import Answering
from mesic.streaming.settings import StreamOptions
from mesic.streaming.stream import Record
from mesic_plugins.sources.table import Table


def training_rows(count=300, seed=0):
    """Rows without a missing age, with missing incomes, all members, towns other than Graz."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2024-01-01") + rng.integers(0, 300, count)
    return [
        ROW
        | {
            "age": float(age),
            "income": None if number % 9 == 0 else float(income),
            "since": str(day),
            "town": str(town),
            "zone": 2.0,
        }
        for number, (age, income, day, town) in enumerate(
            zip(
                rng.uniform(20, 60, count), rng.uniform(10, 90, count), days, rng.choice(["Ulm", "Bonn"], count),
                strict=True,
            )
        )
    ]  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle that keeps its envelope, with a confidence set of which one in ten rows lies outside."""
    made = make_bundle(tmp_path_factory.mktemp("envelope") / "bundle")
    train = pa.Table.from_pylist(training_rows())
    coerced = made.coerced(train, RowAccount())
    X = frame_of({name: coerced[name].values for name in made.needed}, train.num_rows)
    for name in X.select_dtypes("category"):
        X[name] = X[name].cat.remove_unused_categories()
    sure = [row | {"town": "Graz" if n % 10 == 0 else row["town"]} for n, row in enumerate(training_rows(100, seed=7))]
    end_to_end = parquet.read_table(made.folder / "end_to_end.parquet")
    assets = {
        "end_to_end.parquet": end_to_end,
        "confidence.parquet": pa.Table.from_pylist([row | {"bought": "no"} for row in sure]),
        FILE: envelope_of(X, made.schema),
    }
    facts = {key: made.manifest[key] for key in ("task", "classes", "target", "metric")}
    write_bundle(made.folder, made.fitted, made.schema, facts, assets)
    return load_bundle(made.folder)


@pytest.fixture(scope="module")
def strict(bundle):
    return with_envelope(bundle, "strict")


OUTSIDE = {
    "a number": ("age", 110.0, "a number from 0 to 100"),
    "a time": ("since", "2031-05-05", "a date or time such as 2026-01-31T09:30:00Z from 2023-"),
    "a level": ("town", "Graz", "one of 'Bonn', 'Ulm'"),
    "a number as level": ("zone", 7, "one of '2'"),
    "a missing cell": ("age", None, "a number from 0 to 100"),
    "what is no number": ("age", "many", "a number from 0 to 100"),
    "a truth": ("member", False, "true"),
}
CASES = pytest.mark.parametrize(("name", "cell", "expected"), OUTSIDE.values(), ids=OUTSIDE)


def test_every_row_of_training_lies_inside(bundle, strict):
    rows = training_rows()
    expected = bundle.predict(pa.Table.from_pylist(rows))

    assert strict.predict(pa.Table.from_pylist(rows)).equals(expected)
    assert [answer["p_yes"] for answer in Release(strict, ServeSettings()).answers(rows)] == expected["p_yes"].tolist()


@CASES
def test_a_server_names_column_value_and_what_is_expected(bundle, name, cell, expected):
    release = Release(bundle, ServeSettings(envelope="strict"))
    rows = [training_rows(1)[0], training_rows(1)[0] | {name: cell}]

    with pytest.raises(RowsRefused) as refused:
        release.answers(rows)
    (problem,) = refused.value.problems
    assert (problem.row, problem.field) == (1, name)
    assert "as in training (envelope=strict)" in problem.message
    assert cell is None or str(float(cell) if isinstance(cell, bool) else cell) in problem.message
    assert problem.expected.startswith(expected)
    assert Release(bundle, ServeSettings()).answers(rows)  # the schema alone lets it pass


@CASES
def test_who_proves_artefacts_refuses_the_same(strict, bundle, name, cell, expected):
    row = training_rows(1)[0] | {name: float(cell) if isinstance(cell, int) else cell}

    assert "error" in reference_answers(strict, [row])[0]
    assert "error" not in reference_answers(bundle, [row])[0]
    with pytest.raises(RulesBroken, match=name):
        strict.predict(pa.Table.from_pylist([row]))


def test_a_stream_refuses_the_record_and_answers_those_beside_it(bundle):
    release = Release(bundle, ServeSettings(envelope="strict"))
    rows = [training_rows(1)[0] | {"town": town} for town in ("Ulm", "Graz", "Bonn")]
    records = [Record(json.dumps(row).encode(), str(number)) for number, row in enumerate(rows)]

    told = [json.loads(reply.line) for reply in Answering(release, StreamOptions()).replies(records)]

    assert ["error" in one for one in told] == [False, True, False]
    assert told[1]["error"]["problems"][0]["field"] == "town"
    assert told[0]["prediction"] == Release(bundle, ServeSettings()).answer(rows[0])["prediction"]


@pytest.mark.parametrize("batch", [16, 1_000])
def test_a_file_has_an_answer_for_every_other_row_and_says_why_not_for_these(bundle, tmp_path, batch):
    rows = training_rows(200, seed=3)
    rows[5]["town"], rows[190]["since"] = "Graz", "2031-01-01"
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet")
    asked = Asked(batch, threads=2, envelope="strict")

    scored = score_file(bundle, Table(tmp_path / "in.parquet"), tmp_path / "out.parquet", asked)

    found, free = parquet.read_table(tmp_path / "out.parquet").to_pandas(), bundle.predict(pa.Table.from_pylist(rows))
    refused = found["error"].notna()
    assert np.flatnonzero(refused).tolist() == [5, 190]
    assert found.loc[~refused, list(free)].equals(free[~refused])
    assert found.loc[refused, list(free)].isna().all(axis=None)
    assert found["error"][5] == "town holds 'Graz', and expected is one of 'Bonn', 'Ulm'"
    assert scored.refused.rows == 2
    assert scored.refused.columns == {"town": 1, "since": 1}
    assert [row for row, _ in scored.refused.first] == [5, 190]
    assert sum(one["rows"] for one in scored.answers.values()) == 198


def test_what_the_schema_forbids_still_ends_a_file(bundle, tmp_path):
    parquet.write_table(pa.Table.from_pylist([training_rows(1)[0] | {"age": 130.0}]), tmp_path / "in.parquet")

    with pytest.raises(RulesBroken, match=r"range: \[0, 120\]'"):
        score_file(bundle, Table(tmp_path / "in.parquet"), tmp_path / "out.csv", Asked(16, envelope="strict"))


def test_the_share_of_test_rows_that_are_refused_has_its_interval(bundle, strict):
    told = envelope_facts(strict)
    ends = binomtest(10, 100).proportion_ci(0.95, method="wilson")

    assert (told["kind"], told["rows"], told["refused"]["value"]) == ("strict", 100, 0.1)
    assert (told["refused"]["low"], told["refused"]["high"]) == pytest.approx((ends.low, ends.high))
    assert envelope_facts(bundle) == {"kind": "open"}
    assert Release(bundle, ServeSettings(envelope="strict")).facts()["envelope"] == told


def test_callers_are_told_what_is_expected(strict):
    fields = openapi_of(strict, "1")["components"]["schemas"]["Row"]["properties"]

    assert (fields["age"]["minimum"], fields["age"]["maximum"], fields["age"]["type"]) == (0, 100, ["number"])
    assert fields["town"]["enum"] == ["Bonn", "Ulm"]


def test_it_can_be_opened_again_and_says_which_it_is(bundle, strict):
    assert with_envelope(strict, "open").schema == bundle.schema
    assert with_envelope(strict, "strict") is strict
    assert (bundle.envelope, strict.envelope, strict.digest) == ("open", "strict", bundle.digest)


def test_a_bundle_that_keeps_none_says_so_and_a_strange_one_is_refused(bundle, tmp_path):
    old = make_bundle(tmp_path / "old")
    with pytest.raises(UsageError, match="run again"):
        with_envelope(old, "strict")

    facts = {key: bundle.manifest[key] for key in ("task", "classes", "target", "metric")}
    strange = {FILE: {"format": 1, "columns": {"age": {"missing": "none"}}}}
    write_bundle(tmp_path / "odd", bundle.fitted, bundle.schema, facts, strange)
    with pytest.raises(CheckFailed, match=FILE):
        with_envelope(load_bundle(tmp_path / "odd"), "strict")


def test_of_columns_without_a_value_and_those_with_a_clock_nothing_is_asked():
    X = pd.DataFrame({"empty": [np.nan, np.nan], "same": [3.0, 3.0], "late": [1.0, 2.0]})
    schema = Schema(
        (Column("empty", "number"), Column("same", "number"), Column("late", "number", available_at="then"))
    )

    columns = envelope_of(X, schema)["columns"]

    assert columns == {"empty": {"missing": 2}, "same": {"missing": 0, "low": 3.0, "high": 3.0, "range": [3.0, 3.0]}}


def test_a_mean_of_pipelines_keeps_it_as_one_pipeline_does(bundle, tmp_path):
    mean = make_bundle(tmp_path / "mean", "mean")
    (mean.folder / FILE).write_bytes((bundle.folder / FILE).read_bytes())
    release = Release(replace(mean), ServeSettings(envelope="strict"))

    assert release.bundle.needed == [column["name"] for column in CODES.params["columns"]]
    with pytest.raises(RowsRefused, match="town"):
        release.answer(training_rows(1)[0] | {"town": "Graz"})
