"""Boruta: what it finds, what it leaves, and what it does not depend on."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from mesic import SettingError
from mesic_plugins.selectors.boruta.classic import verdicts
from mesic_plugins.selectors.boruta.estimator import Boruta
from mesic_plugins.selectors.boruta.levels import BLANK, TOP, levels_of, ordered_levels
from mesic_plugins.selectors.boruta.pooled import tail_p_values
from mesic_plugins.selectors.boruta.shadows import Groups, Rows, Time, units_of

known_columns = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("known_columns.py"))))
friedman = known_columns.friedman
nothing = known_columns.nothing
words = known_columns.words

CODES = {"WIDE-TABLE", "REPEATED-ROWS", "DOMINANT-COLUMN"}


def codes(found):
    return {finding.code for finding in found.findings_}


@pytest.mark.parametrize("seed", range(4))
def test_columns_that_matter_are_found_among_noise(seed):
    X, y, matters = friedman(seed)
    found = Boruta().fit(X, y)

    assert found.get_support()[matters].all()
    assert found.get_support()[~matters].sum() <= 1
    assert found.evidence_["kept_at_1_percent"].sum() <= found.evidence_["kept_at_5_percent"].sum()


def test_noise_is_left_in_most_tables_and_in_copies_of_its_rows():
    kept = repeated = 0
    for seed in range(10):
        X, y = nothing(seed)
        kept += Boruta().fit(X, y).get_support().any()
        drawn = np.random.default_rng(seed).integers(0, len(y), len(y))
        again = Boruta().fit(X[drawn], y[drawn])
        repeated += again.get_support().sum()
        assert codes(again) == {"REPEATED-ROWS"}

    assert kept <= 1
    assert repeated <= 2


def test_words_are_found_in_a_sparse_matrix_as_in_a_dense_one():
    X, y, telling = words(0)
    found, dense = Boruta().fit(X, y), Boruta().fit(X.toarray(), y)

    for support in (found.get_support(), dense.get_support()):
        assert support[telling].mean() >= 0.8
        assert support[~telling].sum() <= 2
    assert sparse.issparse(found.transform(X))


@pytest.mark.parametrize("task", ["multiclass", "binary", "regression"])
def test_every_task_with_categories_missing_cells_and_weights(task):
    rng = np.random.default_rng(1)
    rows = 900
    X = pd.DataFrame({f"noise {n}": rng.normal(size=rows) for n in range(20)})
    X["town"] = pd.Categorical(rng.choice([f"town {n:02}" for n in range(40)], rows))
    X["idle"] = pd.Categorical(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rows))
    X["said"] = np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows))
    X["gone"] = np.where(rng.random(rows) < 0.5, np.nan, 1.0)
    value = (X["town"].cat.codes % 3) + X["said"].fillna(0) + 2 * X["gone"].isna() + rng.normal(0, 0.5, rows)
    y = value if task == "regression" else pd.qcut(value, 3 if task == "multiclass" else 2, labels=False)

    found = Boruta(task=task).fit(X, y, sample_weight=rng.uniform(0.5, 2, rows))

    assert found.get_feature_names_out().tolist() == ["town", "said", "gone"]


def test_neither_order_nor_names_nor_units_of_columns_count():
    X, y, _ = friedman(3, noise=20)
    frame = pd.DataFrame(X, columns=[f"c{n}" for n in range(25)])
    other = frame.iloc[:, ::-1].rename(columns=lambda name: f"{name} again") * 1024

    first, second = Boruta().fit(frame, y), Boruta().fit(other, y)

    assert second.evidence_["p_value"].tolist()[::-1] == first.evidence_["p_value"].tolist()


def test_nothing_is_changed_and_a_second_fit_gives_the_same():
    X, y, _ = friedman(5, noise=10)
    X.flags.writeable = y.flags.writeable = False
    state = np.random.get_state()[1].copy()
    selector = Boruta(threads=1)
    first = selector.fit(X, y).evidence_.copy()

    pd.testing.assert_frame_equal(selector.fit(X, y).evidence_, first)
    pd.testing.assert_frame_equal(Boruta(threads=2).fit(X, y).evidence_, first)
    assert (np.random.get_state()[1] == state).all()
    assert selector.get_params() == Boruta(threads=1).get_params()


def test_history_has_every_draw_and_its_bar():
    X, y, matters = friedman(1, noise=10)
    history = Boruta().fit(X, y).history_

    assert history.shape == (10, 16)
    assert history["bar"].gt(0).all()
    above = history.iloc[4:, :-1].gt(history["bar"].iloc[4:], axis=0).all()
    assert above[matters].all()


def test_the_published_test_is_that_of_the_binomial_distribution():
    hits = np.arange(31)
    confirmed, rejected = verdicts(hits, 30, 0.01)

    exact = [stats.binomtest(int(n), 30, 0.5, "greater").pvalue * 31 < 0.01 for n in hits]
    assert confirmed.tolist() == exact
    assert rejected.tolist() == exact[::-1]


def test_the_classic_rule_decides_and_says_how():
    X, y, matters = friedman(2, noise=20)
    found = Boruta(rule="classic").fit(X, y)
    evidence = found.evidence_

    assert set(evidence["decision"]) <= {"confirmed", "rejected", "tentative"}
    assert evidence["kept"].tolist() == (evidence["decision"] == "confirmed").tolist()
    assert evidence["kept"][matters].all()
    assert (evidence["hits"] <= evidence["rounds"]).all()
    assert evidence.loc[evidence["decision"] == "rejected", "rounds"].max() <= len(found.history_)
    first_out = evidence.index[evidence["decision"] == "rejected"][0]
    assert found.history_.iloc[:, first_out].notna().sum() == evidence["rounds"][first_out]


def test_too_few_rounds_leave_columns_tentative_and_not_kept():
    X, y, _ = friedman(2, noise=20)
    found = Boruta(rule="classic", max_rounds=3).fit(X, y)

    assert set(found.evidence_["decision"]) == {"tentative"}
    assert not found.get_support().any()


def test_groups_move_as_wholes():
    rng = np.random.default_rng(0)
    homes = rng.normal(size=(40, 15))
    groups = np.repeat(np.arange(40), 25)
    said = np.repeat(rng.integers(0, 2, 40), 25)
    X = homes[groups] + rng.normal(0, 0.05, (1000, 15))

    by_row = Boruta().fit(X, said)
    by_home = Boruta(shadows="group").fit(X, said, groups=groups)

    assert by_row.get_support().sum() >= 10, "forty homes and a thousand rows: each column of noise tells homes apart"
    assert by_home.get_support().sum() <= 1


def test_series_are_shifted_and_keep_what_follows_upon_what():
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.normal(size=(600, 12)), axis=0)
    y = np.cumsum(rng.normal(size=600))
    order = rng.permutation(600)

    by_row = Boruta().fit(walks[order], y[order])
    in_time = Boruta(shadows="time").fit(walks[order], y[order], time=order)

    assert by_row.get_support().sum() > in_time.get_support().sum()
    assert in_time.get_support().sum() <= 2


@pytest.mark.parametrize("name", ["group", "time"])
def test_what_is_shuffled_must_be_given(name):
    X, y, _ = friedman(0, noise=5)
    with pytest.raises(SettingError, match=f"source.{name}"):
        Boruta(shadows=name).fit(X, y)


@pytest.mark.parametrize("name", ["group", "time"])
def test_what_is_shuffled_must_be_of_all_rows(name):
    X, y, _ = friedman(0, noise=5)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Boruta(shadows=name).fit(X, y, **{"groups" if name == "group" else name: np.arange(7)})


def test_levels_are_ordered_by_rows_as_they_weigh():
    codes, y = np.tile([0, 1, 2], 40), np.tile([0.0, 1.0, 2.0, 2.0, 1.0, 0.0], 20)
    half, first = np.arange(120) // 6 % 2 == 0, np.arange(120) % 6 < 3

    one = ordered_levels(codes, y, half, np.where(first, 1.0, 1e-6))
    other = ordered_levels(codes, y, half, np.where(first, 1e-6, 1.0))

    assert (np.diff(one[:3].astype(int)) > 0).all()
    assert (np.diff(other[:3].astype(int)) < 0).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rule": "both"}, "rule"),
        ({"alpha": 0}, "alpha"),
        ({"shadows": "cells"}, "shadows"),
        ({"max_rounds": 0}, "max"),
    ],
)
def test_options_that_cannot_work_are_named(options, words):
    X, y, _ = friedman(0, noise=5)
    with pytest.raises(SettingError, match=words):
        Boruta(**options).fit(X, y)


class TestBadInput:
    """Each is named, and the right thing done."""

    def test_constant_and_missing_columns_are_never_kept(self):
        X, y, matters = friedman(0, noise=5)
        X[:, ~matters] = 7.0
        X[:, np.flatnonzero(~matters)[0]] = np.nan
        found = Boruta().fit(X, y)

        assert found.get_support().tolist() == matters.tolist()
        assert not Boruta().fit(np.ones((50, 3)), np.arange(50) % 2).get_support().any()

    def test_one_column(self):
        X, y, matters = friedman(0, noise=5)
        assert Boruta().fit(X[:, matters][:, :1], y).get_support().tolist() == [True]
        assert Boruta().fit(X[:, ~matters][:, :1], y).get_support().tolist() == [False]

    def test_far_more_columns_than_rows_is_said_to_be_the_wrong_tool(self):
        X = np.random.default_rng(0).normal(size=(20, 2_000))
        found = Boruta().fit(X, np.arange(20) % 2)

        assert codes(found) == {"WIDE-TABLE"}
        assert "selector=[l1]" in found.findings_[0].fix
        assert found.get_support().sum() <= 1

    def test_duplicated_columns_are_all_kept(self):
        X, y, matters = friedman(0, noise=10)
        found = Boruta().fit(np.hstack([X, X[:, matters]]), y)
        assert found.get_support()[15:].all()
        assert found.get_support()[:15][matters].all()

    def test_a_target_that_leaks_is_named_and_hides_no_other(self):
        X, y, matters = friedman(0, noise=10)
        found = Boruta().fit(np.column_stack([X, y]), y)
        (finding,) = found.findings_

        assert finding.code == "DOMINANT-COLUMN"
        assert finding.evidence["column"] == "x15"
        assert found.get_support()[:15][matters].all()

    def test_weights_of_zero_leave_rows_out(self):
        X, y, _ = friedman(0, noise=5)
        weight = (np.arange(len(y)) % 5 > 0).astype(float)
        noisy = np.where(weight > 0, y, -1e6)
        found, without = Boruta().fit(X, noisy, sample_weight=weight), Boruta().fit(X[weight > 0], y[weight > 0])

        pd.testing.assert_frame_equal(found.evidence_, without.evidence_)
        with pytest.raises(ValueError, match="non-zero"):
            Boruta().fit(X, y, sample_weight=0 * weight)


def test_few_values_are_spread_over_the_levels_so_that_every_threshold_divides():
    X = np.column_stack([np.arange(400) % 2, np.arange(400) % 5, np.arange(400), np.arange(400) == 7]).astype(float)
    cells = levels_of(X, ()).cells

    assert np.unique(cells[:, 0]).tolist() == [0, TOP]
    assert np.unique(cells[:, 1]).size == 5
    assert np.unique(cells[:, 2]).tolist() == list(range(16))
    assert (cells[:, 3] == TOP).sum() == 1


def test_a_value_of_most_rows_does_not_take_the_levels_of_the_others():
    column = np.where(np.arange(1000) < 900, 0.0, np.arange(1000))[:, None]
    counts = np.bincount(levels_of(column, ()).cells[:, 0])

    assert counts[0] == 900
    assert (counts > 0).sum() == 9
    assert np.flatnonzero(counts)[1] > 1, "the threshold beside the value of most rows is drawn most often"


def test_sparse_levels_are_those_of_the_dense_matrix():
    X, _, _ = words(1, rows=500, columns=40)
    X = X * 3
    X.data[::50] = np.nan
    dense, stored = levels_of(X.toarray(), ()).cells, levels_of(X, ()).cells.toarray()

    np.testing.assert_array_equal(stored == BLANK, dense == BLANK)
    np.testing.assert_array_equal(stored == 0, dense == 0)


@pytest.mark.parametrize("policy", [Rows(np.arange(60) // 2), Groups(np.arange(60) // 6), Time(np.arange(60)[::-1])])
def test_shadows_show_every_cell_as_often_as_it_is_there(policy):
    rng = np.random.default_rng(0)
    column = (np.arange(60) // 6).astype(np.uint8)
    places = policy.places(policy.order(rng), column, rng)

    assert np.bincount(column[places]).tolist() == [6] * 10
    assert (column[places] != column).any()


def test_rows_that_are_alike_by_chance_are_no_copies():
    rng = np.random.default_rng(0)
    coarse, fine = rng.integers(0, 2, (300, 6)).astype(float), rng.normal(size=(300, 6))
    drawn = rng.integers(0, 300, 300)

    assert np.unique(units_of(coarse, np.zeros(300))).size == 300
    for values in (fine, np.hstack([coarse, fine[:, :2]]), sparse.csr_array(fine)):
        assert np.unique(units_of(values[drawn], np.zeros(300))).size == np.unique(drawn).size


@pytest.mark.parametrize("seed", range(3))
def test_short_texts_are_alike_by_chance_and_no_copies(seed):
    rng = np.random.default_rng(seed)
    share = np.where(np.isin(np.arange(500), [1, 2, 3]), 0.3, 0.0005)
    texts = sparse.csr_matrix(rng.random((3_000, 500)) < share, dtype=np.float64)

    for table in (texts, texts.toarray()):
        assert np.unique(units_of(table, np.arange(3_000) % 2)).size == 3_000


def test_tail_probabilities_hold_what_they_say():
    rng = np.random.default_rng(0)
    below = np.array([tail_p_values(rng.exponential(size=1), rng.exponential(size=400))[0] for _ in range(20_000)])

    for level in (0.05, 0.01, 0.001):
        assert (below <= level).mean() == pytest.approx(level, rel=0.35)
