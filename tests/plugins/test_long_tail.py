"""The long tail: what is counted, what is cut, what is merged."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from mesic import Matrix, SettingError, compile_pipeline
from mesic_plugins.selectors.long_tail import LongTail

known_columns = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("known_columns.py"))))
words = known_columns.words

X = pd.DataFrame(
    {
        "full": np.arange(1.0, 9.0),
        "rare": [0.0] * 7 + [1.0],
        "near": [5.0] * 7 + [4.0],
        "void": np.nan,
        'odd "name"': [np.nan, 2.0] * 4,
        "mostly": pd.Categorical(["a"] * 7 + ["b"]),
        "even": pd.Categorical(["a", "b"] * 4),
        "many": pd.Categorical(list("aaabbcde")),
        "lost": pd.Categorical([None] * 8, categories=pd.Index([], dtype=object)),
    }
)


def test_what_a_column_says_is_counted():
    found = LongTail(min_rows=2).fit(X)

    assert found.evidence_["statistic"].tolist() == [8, 1, 1, 0, 4, 1, 4, 5, 0]
    assert found.get_feature_names_out().tolist() == ["full", 'odd "name"', "even", "many"]
    assert found.evidence_["kept"].tolist() == found.get_support().tolist()


def test_rare_levels_share_one_and_the_column_stays():
    found = LongTail(min_rows=2).fit(X)
    kept = found.transform(X)

    assert kept["many"].tolist() == ["a", "a", "a", "b", "b", "(rare)", "(rare)", "(rare)"]
    assert found.evidence_.set_index("column")["rare_levels"]["many"] == 3
    described = compile_pipeline([found.to_portable()])(Matrix.from_frame(X))
    np.testing.assert_array_equal(described, Matrix.from_frame(kept).values)


def test_one_rare_level_keeps_its_name_and_a_name_that_is_taken_is_not_taken_again():
    one = pd.DataFrame({"town": pd.Categorical([*list("aabb"), "c"])})
    taken = pd.DataFrame({"town": pd.Categorical(["(rare)"] * 3 + list("bbcd"))})

    assert LongTail(min_rows=2).fit(one).transform(one)["town"].tolist()[-1] == "c"
    assert LongTail(min_rows=2).fit(taken).transform(taken)["town"].tolist()[-1] == "(rare)_"


@pytest.mark.parametrize(("said", "cut"), [(3, 3), ("3", 3), (0.25, 2), ("0.3", 3), (0.001, 1)])
def test_rows_and_shares_are_the_same_cut(said, cut):
    assert LongTail(min_rows=said).fit(X).cut_ == cut


@pytest.mark.parametrize("said", [0, -1, 1.5, "some", float("nan"), None])
def test_a_cut_that_cannot_work_is_named(said):
    with pytest.raises(SettingError, match="min_rows"):
        LongTail(min_rows=said).fit(X)


def test_mass_keeps_as_few_columns_as_hold_it():
    counts = np.array([50, 30, 10, 5, 3, 2])
    table = (np.arange(100)[:, None] < counts).astype(float)
    for mass, kept in ((0.5, 1), (0.8, 2), (0.9, 3), (1.0, 6)):
        found = LongTail(mass=mass).fit(table)
        assert found.get_support().sum() == kept
        assert counts[found.get_support()].sum() >= mass * counts.sum()
    with pytest.raises(SettingError, match="mass"):
        LongTail(mass=0).fit(table)


@pytest.mark.parametrize("layout", ["csr", "csc"])
def test_sparse_counts_are_those_of_cells_that_are_neither_zero_nor_missing(layout):
    table, _, _ = words(0, rows=500, columns=80)
    table.data[::9] = 0
    table.data[::11] = np.nan
    dense = table.toarray()
    found = LongTail().fit(table.asformat(layout))

    assert found.evidence_["statistic"].tolist() == ((dense != 0) & ~np.isnan(dense)).sum(axis=0).tolist()
    assert found.transform(table.asformat(layout)).shape == (500, found.get_support().sum())


@pytest.mark.parametrize("seed", range(3))
def test_auto_cuts_what_costs_nothing_and_keeps_what_tells(seed):
    table, y, telling = words(seed)
    found = LongTail(min_rows="auto").fit(table, y)

    assert found.get_support()[telling].all()
    assert found.get_support().mean() < 0.6
    assert found.trials_["cut"].is_monotonic_increasing
    assert found.cut_ in found.trials_["cut"].tolist()


def test_auto_costs_little_accuracy_where_many_rare_words_tell_a_little_of_four_classes():
    lost = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 4, 2_000)
        share = np.exp(0.4 * rng.normal(size=(4, 4_000))) / np.arange(1, 4_001) ** 1.05
        table = sparse.csr_matrix([rng.multinomial(40, own) for own in (share / share.sum(axis=1, keepdims=True))[y]])
        fit, rest = np.split(rng.permutation(2_000), 2)
        kept = LongTail(min_rows="auto").fit(table[fit], y[fit]).get_support()
        every, few = (
            LogisticRegression(max_iter=1_000).fit(table[fit][:, some], y[fit]).score(table[rest][:, some], y[rest])
            for some in (np.ones_like(kept), kept)
        )
        lost.append(every - few)

    assert np.mean(lost) < 0.02


def test_auto_leaves_a_tail_that_tells():
    rng = np.random.default_rng(0)
    rows = np.arange(600)
    table = np.zeros((600, 60))
    table[rows, rows % 60] = 1
    y = np.where(rng.permutation(60) < 30, 0, 1)[rows % 60]

    assert LongTail(min_rows="auto").fit(table, y).get_support().all()
    assert not LongTail(min_rows=12).fit(table).get_support().any()


def test_auto_needs_a_target_and_rows_to_judge_by():
    with pytest.raises(ValueError, match="requires y"):
        LongTail(min_rows="auto").fit(X)
    assert LongTail(min_rows="auto").fit(X, np.arange(8) % 2).cut_ == 1


def test_the_table_stays_as_it_is():
    before = X.copy(deep=True)
    LongTail(min_rows=2).fit(X).transform(X)
    pd.testing.assert_frame_equal(X, before)
    assert not sparse.issparse(LongTail().fit(X).transform(X))
