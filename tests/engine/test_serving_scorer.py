"""Rows that are answered on demand are answered as `mesic predict` answers them: same bits, same refusals."""

import datetime
import json
import math
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("msgspec", reason="the extra serve is not installed")

from tests.engine.bundles_to_serve import COLUMNS, PIPELINES, ROW, make_bundle

from mesic.data.account import RowAccount
from mesic.data.schema import Column
from mesic.errors import DataError, UsageError
from mesic.serving.caching import AnswerCache
from mesic.serving.cells import coerced_cell, reader_of, slow_reader
from mesic.serving.release import Release
from mesic.serving.scorer import RowsRefused, Scorer
from mesic.serving.settings import ServeSettings

CELLS = {
    "age": [0, 31, 31.5, 120.0, -0.0, True, None, math.nan, "31", " 31.5 ", "3e1", "", "NA", "x", 5e-324, 121, -1],
    "income": [1, 2.5, 1e308, -1e308, 2**62, None, math.nan, "7", "", "n/a", math.inf, "inf", "twelve", False],
    "member": [True, False, 0, 1, 0.0, 1.0, 2, None, math.nan, "yes", "NO", " t ", "1.0", "", "maybe", "0"],
    "since": [
        "2024-02-29", "2024-02-29T12:30:00Z", "2024-02-29 12:30:00", "2024-02-29T12:30:15.250+02:00",
        "1969-12-31T23:59",
        "2024/02/29", "12:30", "20240229", "2023-02-29", "1500-01-01", "2999-01-01T00:00:01", None, "", "soon",
        20240229, 1.5, True, "2024-02-29T12:30:15.123456", datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 12, 30, 15, 7),
        "2024-02-29T24:00:00", "2024-2-9",
    ],
    "town": ["Ulm", "Bonn", " Ulm ", "\u00a0Ulm", "Rome", "ulm", None, "", "NA", math.nan, 3, 3.5, True, "Zürich"],
    "zone": [1, 2, 7, 3, 1.0, 7.5, "1", "1.0", " 2.00 ", "07", "x", None, math.nan, True, 1e22, -0.0, math.inf, "+7"],
    "plan": ["basic", "extra", " full", "none", None, "", 3],
}  # fmt: skip


def alone(bundle, row):
    """Return what the batch code says of a row in a table of its own: scores, or its message."""
    try:
        return bundle.scores(pa.Table.from_pylist([row]), RowAccount())
    except DataError as error:
        return str(error)


def on_demand(ask):
    try:
        return ask()
    except DataError as error:
        return str(error)


def nasty_rows(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield {name: cells[rng.integers(len(cells))] for name, cells in CELLS.items()}


@pytest.mark.parametrize("pipeline", ["boosted", "classes", "value", "mean", "decided"])
def test_a_row_is_answered_to_the_last_bit_or_refused_in_the_same_words(tmp_path, pipeline):
    bundle = make_bundle(tmp_path / "b", pipeline)
    scorer, refused = Scorer(bundle), 0

    for number, row in enumerate(
        [*nasty_rows(250, 1), *({**ROW, name: cell} for name in CELLS for cell in CELLS[name])]
    ):
        wanted, given = alone(bundle, row), on_demand(lambda row=row: scorer.row(row))
        many = on_demand(lambda row=row: scorer.rows([row]))
        if isinstance(wanted, str):
            refused += 1
            assert given == wanted == many, (number, row)
        else:
            assert np.array_equal(np.atleast_1d(wanted[0]), given), (number, row)
            assert np.array_equal(wanted, many), (number, row)

    assert 50 < refused < 350


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("missing", ["allowed", "forbidden"])
def test_each_cell_alone_is_read_as_the_batch_reads_it(column, missing):
    import dataclasses

    column = dataclasses.replace(column, missing=missing, levels=None, misfits="allowed", range=None)
    read = reader_of(column)

    for cell in (one for cells in CELLS.values() for one in cells):
        wanted = coerced_cell(column, cell).values[0]
        is_missing = wanted is None or wanted != wanted
        if is_missing and missing == "forbidden":
            with pytest.raises(Exception, match=r"^$"):
                read(cell)
        elif is_missing:
            assert read(cell) is None or math.isnan(read(cell)), cell
        else:
            assert read(cell) == wanted, cell


def test_rows_and_columns_give_the_bits_that_single_rows_give(tmp_path):
    bundle = make_bundle(tmp_path / "b", "mean")
    scorer = Scorer(bundle)
    rows = [row for row in nasty_rows(400, 2) if not isinstance(on_demand(lambda row=row: scorer.row(row)), str)]

    together = scorer.rows(rows)
    by_name = scorer.columns({name: [row[name] for row in rows] for name in ROW})

    assert len(rows) > 30
    assert np.array_equal(together, [scorer.row(row) for row in rows])
    assert np.array_equal(together, by_name)
    assert np.array_equal(together, np.vstack([alone(bundle, row) for row in rows]))


def test_texts_are_read_word_by_word(tmp_path):
    bundle = make_bundle(tmp_path / "b", "words")
    scorer = Scorer(bundle)
    rows = [{"age": 3, "note": note} for note in ("late again, late", None, "", "ÄGAIN again", "x", " late ", 12)]

    assert [scorer.row(row) for row in rows] == [alone(bundle, row).tolist() for row in rows]
    assert scorer.rows(rows).tolist() == [alone(bundle, row)[0] for row in rows]


def test_cells_that_were_not_known_yet_are_hidden(tmp_path):
    columns = [Column("asked", "time", "time"), Column("paid_at", "time", "ignored", why="clock"), *COLUMNS]
    columns[2] = Column("age", "number", available_at="paid_at")
    bundle = make_bundle(tmp_path / "b", columns=tuple(columns))
    scorer = Scorer(bundle)
    late = {**ROW, "asked": "2024-01-01", "paid_at": "2024-01-02"}
    known = {**late, "paid_at": "2023-12-31"}

    assert scorer.row(late) == alone(bundle, late)[0].tolist() == scorer.row({**ROW, "age": None})
    assert scorer.row(known) == alone(bundle, known)[0].tolist() == scorer.row(ROW)
    assert scorer.row(late) != scorer.row(known)


def test_all_that_is_wrong_is_named_with_what_is_expected(tmp_path):
    scorer = Scorer(make_bundle(tmp_path / "b"), knows_others=False)
    row = {**ROW, "age": 200, "plan": None, "twon": "Ulm", "person": "p1"}

    with pytest.raises(RowsRefused, match="range") as refused:
        scorer.rows([ROW, row])

    assert [(one.row, one.field, one.expected) for one in refused.value.problems] == [
        (1, "age", "a number from 0 to 120, or null"),
        (1, "plan", "one of 'basic', 'extra', 'full'"),
        (1, "twon", "a field of the schema"),
    ]
    assert "'town'" in refused.value.problems[2].message


@pytest.mark.parametrize("row", [[], None, 3, "age", {}, {"age": 1}, {**ROW, "age": [1]}, {**ROW, "town": {"a": 1}}])
def test_what_is_no_row_is_refused_in_words(tmp_path, row):
    scorer = Scorer(make_bundle(tmp_path / "b"))

    for ask in (lambda: scorer.row(row), lambda: scorer.rows([row])):
        with pytest.raises(RowsRefused) as refused:
            ask()

        assert refused.value.problems
        assert all(problem.expected for problem in refused.value.problems)


def test_huge_whole_numbers_are_numbers_or_misfits(tmp_path):
    scorer = Scorer(make_bundle(tmp_path / "b"))

    assert scorer.row({**ROW, "income": 10**30}) == scorer.row({**ROW, "income": 1e30})
    with pytest.raises(RowsRefused, match="income"):
        scorer.row({**ROW, "income": 10**400})


def test_threads_that_share_a_scorer_get_their_own_answers(tmp_path):
    scorer, wrong = Scorer(make_bundle(tmp_path / "b", "mean")), []
    rows = [{**ROW, "age": age} for age in range(8)]
    wanted = [scorer.row(row) for row in rows]

    def ask(place):
        wrong.extend(place for _ in range(300) if scorer.row(rows[place]) != wanted[place])

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len({tuple(answer) for answer in wanted}) > 1


def test_a_kept_answer_is_that_of_a_row_that_says_the_same(tmp_path):
    scorer, cache = Scorer(make_bundle(tmp_path / "b")), AnswerCache(2)
    same = [ROW, {**ROW, "age": "31.5"}, {**ROW, "zone": "2.0", "town": " Ulm"}]

    answers = [scorer.row(row, cache) for row in same]
    other = [scorer.row({**ROW, "age": age}, cache) for age in (1, 2, 3)]

    assert answers == [scorer.row(ROW)] * 3
    assert other == [scorer.row({**ROW, "age": age}) for age in (1, 2, 3)]
    assert (cache.hits, cache.misses, len(cache)) == (2, 4, 2)


@pytest.mark.parametrize("pipeline", ["classes", "value", "mean"])
def test_reasons_are_what_the_answer_would_be_without_the_field(tmp_path, pipeline):
    scorer = Scorer(make_bundle(tmp_path / "b", pipeline))
    whole = scorer.row({**ROW, "town": "Rome"})

    changes = dict(scorer.changes({**ROW, "town": "Rome"}, 0))

    assert set(changes) == set(ROW) - {"town"}  # an unseen town is missing already
    assert changes["age"] == whole[0] - scorer.row({**ROW, "town": "Rome", "age": None})[0]


def test_neither_hydra_nor_scikit_learn_is_imported(tmp_path):
    make_bundle(tmp_path / "b", "mean")
    code = (
        "import sys; from mesic.bundle.bundle import load_bundle; from mesic.serving.scorer import Scorer; "
        "import mesic.serving.worker; "
        f"s = Scorer(load_bundle({str(tmp_path / 'b')!r})); s.row({ROW!r}); s.rows([{ROW!r}]); "
        "print([name for name in ('sklearn', 'hydra', 'omegaconf', 'lightgbm') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_decisions_are_those_of_predict(tmp_path, pipeline):
    bundle = make_bundle(tmp_path / "b", pipeline)
    release = Release(bundle, ServeSettings(bundle="b"))
    row = {"age": 3, "note": "late"} if pipeline == "words" else ROW
    rows = [{**row, "age": age} for age in range(0, 120, 3)]

    wanted = bundle.predict(pa.Table.from_pylist(rows)).to_dict("records")

    assert [release.answer(one) for one in rows] == wanted
    assert release.answers(rows) == wanted


def test_a_threshold_decides_and_not_the_larger_probability(tmp_path):
    release = Release(make_bundle(tmp_path / "b", "decided"), ServeSettings(bundle="b"))

    rows = [{**ROW, "age": age, "income": age, "zone": age % 3, "plan": "basic", "town": "Bonn"} for age in range(100)]
    answers = [release.answer(row) for row in rows]

    assert {answer["prediction"] for answer in answers} == {"no", "yes"}
    assert all((answer["prediction"] == "yes") == (answer["p_yes"] >= 0.2) for answer in answers)
    assert any(0.2 <= answer["p_yes"] < 0.5 for answer in answers)


SAID = {
    "value": {"kind": "interval", "low": -1.0, "high": None, "knots": [0.0, 1.0], "scales": [1.0, 2.0]},
    "classes": {"kind": "set", "score": "lac", "threshold": 0.9},
}


@pytest.mark.parametrize("pipeline", SAID)
def test_intervals_and_sets_are_those_of_predict(tmp_path, pipeline):
    bundle = make_bundle(tmp_path / "b", pipeline, coverage=SAID[pipeline])
    release = Release(bundle, ServeSettings(bundle="b"))
    rows = [{**ROW, "age": age} for age in (1, 50, 119)]

    wanted = bundle.predict(pa.Table.from_pylist(rows), intervals=True).to_dict("records")
    if pipeline == "classes":
        wanted = [answer | {"prediction_set": json.loads(answer["prediction_set"])} for answer in wanted]

    assert [release.answer(row, intervals=True) for row in rows] == wanted
    assert release.answers(rows, intervals=True) == wanted
    with pytest.raises(UsageError, match="conformal"):
        Release(make_bundle(tmp_path / "c"), ServeSettings(bundle="c")).answer(ROW, intervals=True)


def test_numbers_that_come_as_text_are_read_as_a_column_of_text_is():
    rng = np.random.default_rng(3)
    texts = [repr(float(value)) for value in rng.normal(0, 1e3, 60)]
    texts += [f"{value:.25f}" for value in rng.normal(0, 1, 60)]
    texts += [repr(float(value)) for value in rng.integers(0, 2**62, 60).view(np.float64)]
    texts += [
        "-0",
        "+7",
        "007",
        "1e5",
        "1E-400",
        "1e400",
        "5.",
        ".5",
        "1_0",
        " 3",
        "٣",
        "9007199254740993",
        "12345678901234567890",
        "9" * 30,
        "nan",
    ]
    column = Column("age", "number")
    fast, slow = reader_of(column), slow_reader(column)

    for text in texts:
        assert np.array_equal(fast(text), slow(text), equal_nan=True), text
