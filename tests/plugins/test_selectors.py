"""Univariate control, permutation importance, redundancy; and what all selectors have in common."""

import runpy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from sklearn.feature_selection import f_classif, f_regression
from sklearn.utils.estimator_checks import parametrize_with_checks

from mesic import SettingError
from mesic_plugins import selectors
from mesic_plugins.selectors.boruta.estimator import Boruta
from mesic_plugins.selectors.l1.estimator import L1
from mesic_plugins.selectors.long_tail import LongTail
from mesic_plugins.selectors.permutation import Permutation
from mesic_plugins.selectors.redundancy import Redundancy, similarities
from mesic_plugins.selectors.univariate import Univariate

known_columns = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("known_columns.py"))))
friedman = known_columns.friedman
nothing = known_columns.nothing

EVERY = [
    Boruta(),
    Boruta(rule="classic", max_rounds=12),
    L1(),
    L1(rule="stability"),
    L1(rule="ebic"),
    LongTail(),
    LongTail(min_rows="auto"),
    Permutation(),
    Redundancy(),
    Univariate(),
]
WEIGHTS_ARE_NOT_COPIES = (
    "a copy of a row is no second witness: shadows move copies together, intervals count weights less"
)


def _exceptions(selector):
    if isinstance(selector, Boruta | LongTail | Redundancy):
        return {}
    names = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
    return dict.fromkeys(names, WEIGHTS_ARE_NOT_COPIES)


@pytest.mark.filterwarnings("ignore:No features were selected")
@parametrize_with_checks(EVERY, expected_failed_checks=_exceptions)
def test_scikit_learns_own_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize("component", selectors.register_selectors(), ids=lambda component: component.name)
def test_options_are_the_parameters_and_their_defaults(component):
    module, _, name = component.target.partition(":")
    made = getattr(__import__(module, fromlist=[name]), name)()
    told = {key: value for key, value in made.get_params().items() if key not in ("task", "seed", "threads")}

    assert {key: str(value) for key, value in vars(component.options()).items()} == {
        key: str(value) for key, value in told.items()
    }


def test_what_is_no_selector_is_not_described():
    assert selectors.to_portable(object()) is None


JUDGES = [selector for selector in EVERY if not isinstance(selector, LongTail | Redundancy)]
WEIGHING = [selector for selector in EVERY if not isinstance(selector, Redundancy)]


def named(selector):
    options = selector.get_params()
    return "-".join(
        [type(selector).__name__, *(str(options[name]) for name in ("rule", "min_rows") if name in options)]
    )


def mixed(rows=200):
    """Return a table with a column of levels and a class that its first column tells of."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(rows, 5)), columns=list("abcde"))
    X["town"] = pd.Categorical(rng.choice(list("xyz"), rows))
    return X, (X["a"] + rng.normal(0, 0.3, rows) > 0).astype(int).to_numpy()


class TestBadInput:
    """Each is named, and the right thing done."""

    @pytest.mark.parametrize("selector", EVERY, ids=named)
    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_infinity_is_refused_beside_levels_too(self, selector, value):
        X, y = mixed()
        X.loc[3, "b"] = value
        with pytest.raises(ValueError, match="infinity"):
            selector.fit(X, y)

    @pytest.mark.parametrize("selector", JUDGES, ids=named)
    def test_one_row_is_refused_beside_levels_too(self, selector):
        X, y = mixed()
        with pytest.raises(ValueError, match="1 sample"):
            selector.fit(X[:1], y[:1])
        with pytest.raises(ValueError, match="of weight above 0"):
            selector.fit(X, y, sample_weight=np.arange(len(y)) == 7)

    @pytest.mark.parametrize("selector", WEIGHING, ids=named)
    def test_rows_of_weight_zero_are_as_if_they_were_not_there(self, selector):
        X, y = mixed()
        weight = np.random.default_rng(1).integers(0, 2, len(y)) * 2.0
        X.loc[weight == 0, ["a", "d"]] = 1e9
        there = pd.DataFrame(X[weight > 0])

        found = selector.fit(X, np.where(weight, y, 3), sample_weight=weight).evidence_.copy()

        pd.testing.assert_frame_equal(found, selector.fit(there, y[weight > 0]).evidence_)
        counts = sparse.csr_matrix(np.maximum(np.round(X[list("abcde")]), 0))
        found = selector.fit(counts, y, sample_weight=weight).evidence_.copy()
        pd.testing.assert_frame_equal(found, selector.fit(counts[weight > 0], y[weight > 0]).evidence_)

    @pytest.mark.parametrize("selector", [*JUDGES, LongTail(min_rows="auto")], ids=named)
    def test_a_row_a_class_is_refused(self, selector):
        X, y = mixed()
        with pytest.raises(ValueError, match="each of the 200 rows has a class of its own"):
            selector.fit(X, [f"class {row}" for row in range(len(y))])

    @pytest.mark.parametrize("selector", [*JUDGES, LongTail(min_rows="auto")], ids=named)
    def test_a_class_of_one_row_does_no_harm(self, selector):
        X, y = mixed()
        assert selector.fit(X, np.where(np.arange(len(y)) == 3, 2, y)).get_support()[0]

    @pytest.mark.parametrize("selector", WEIGHING, ids=named)
    @pytest.mark.parametrize("cell", [1.0, np.nan])
    def test_columns_that_say_nothing_are_not_kept(self, selector, cell):
        _, y = mixed()
        blank = pd.DataFrame({"a": np.full(200, cell), "town": pd.Categorical(["x" if cell == 1 else None] * 200)})

        assert not selector.fit(blank, y).get_support().any()
        assert not selector.fit(np.full((200, 3), cell), y).get_support().any()
        if cell == 1:
            assert not selector.fit(sparse.csr_matrix(np.ones((200, 3))), y).get_support().any()

    @pytest.mark.parametrize("selector", EVERY, ids=named)
    def test_large_numbers_do_not_overflow(self, selector):
        X, y = mixed()
        huge = X.assign(**{name: X[name] * 1e300 for name in "abcde"})
        assert selector.fit(huge, y).get_support()[0]

    @pytest.mark.parametrize("selector", [*JUDGES, LongTail(min_rows="auto")], ids=named)
    @pytest.mark.parametrize(("unit", "middle"), [(1e200, 0), (1e-200, 0), (1, 1e9)])
    def test_the_unit_of_the_target_does_not_count(self, selector, unit, middle):
        X, _ = mixed()
        y = X["a"] + np.random.default_rng(1).normal(0, 0.3, 200)
        assert selector.fit(X, y * unit + middle).get_support()[0]

    @pytest.mark.parametrize("selector", WEIGHING, ids=named)
    @pytest.mark.parametrize("unit", [1e-9, 1e300])
    def test_the_unit_of_weights_does_not_count(self, selector, unit):
        X, y = mixed()
        weight = np.random.default_rng(1).uniform(0.5, 1.5, 200)
        found = selector.fit(X, y, sample_weight=weight).get_support()
        np.testing.assert_array_equal(selector.fit(X, y, sample_weight=weight * unit).get_support(), found)
        assert found[0]

    @pytest.mark.parametrize("selector", JUDGES, ids=named)
    def test_far_more_columns_than_rows(self, selector):
        X = np.random.default_rng(0).normal(size=(20, 2_000))
        assert selector.fit(X, np.arange(20) % 2).get_support().sum() <= 2

    @pytest.mark.parametrize("selector", EVERY, ids=named)
    def test_of_columns_that_are_alike_one_stays_at_least(self, selector):
        X, y = mixed()
        X["again"] = X["a"]
        support = selector.fit(X, y).get_support()
        assert support[0] | support[-1]

    @pytest.mark.parametrize("selector", JUDGES, ids=named)
    def test_a_column_that_is_the_target_is_kept_and_named(self, selector):
        X, y = mixed()
        found = selector.fit(X.assign(leak=y), y)

        assert found.get_support()[-1]
        if isinstance(selector, L1 | Boruta) and selector.rule not in ("classic", "stability"):
            assert [finding.evidence["column"] for finding in found.findings_] == ["leak"]

    @pytest.mark.parametrize("selector", EVERY, ids=named)
    def test_cells_that_are_stored_twice_or_in_disorder_are_read_and_left_alone(self, selector):
        X, y = mixed()
        cells = sparse.csc_matrix(np.round(X[list("abcde")].to_numpy()))
        ends = 2 * cells.indptr
        order = np.concatenate([np.arange(start, end)[::-1] for start, end in pairwise(ends)])
        halves = sparse.csc_matrix(
            (np.repeat(cells.data / 2, 2)[order], np.repeat(cells.indices, 2)[order], ends), shape=cells.shape
        )
        before = halves.indices.copy()

        found = selector.fit(halves, y).evidence_.copy()

        pd.testing.assert_frame_equal(found, selector.fit(cells, y).evidence_)
        np.testing.assert_array_equal(halves.indices, before)


class TestUnivariate:
    """Its p-values are the textbooks'."""

    def test_numbers(self):
        X, y, _ = friedman(0)
        found = Univariate().fit(X, y).evidence_["p_value"]
        np.testing.assert_allclose(found, f_regression(X, y)[1], rtol=1e-6)
        labels = pd.qcut(y, 3, labels=False)
        found = Univariate().fit(X, labels).evidence_["p_value"]
        np.testing.assert_allclose(found, f_classif(X, labels)[1], rtol=1e-6)

    def test_levels(self):
        rng = np.random.default_rng(0)
        town, y = rng.choice(list("abc"), 300), rng.integers(0, 2, 300)
        X = pd.DataFrame({"town": pd.Categorical(town), "x": rng.normal(size=300)})
        table = pd.crosstab(town, y)
        value = rng.normal(size=300)

        by_class = Univariate().fit(X, y).evidence_["p_value"][0]
        by_value = Univariate().fit(X, value).evidence_["p_value"][0]

        assert by_class == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
        assert by_value == pytest.approx(stats.f_oneway(*(value[town == level] for level in "abc")).pvalue)

    def test_what_is_missing_may_tell(self):
        rng = np.random.default_rng(0)
        y = rng.integers(0, 2, 400)
        X = np.column_stack([np.where(y & (rng.random(400) < 0.5), np.nan, rng.normal(size=400)), rng.normal(size=400)])
        found = Univariate().fit(X, y)

        assert found.get_support().tolist() == [True, False]
        assert found.evidence_["test"][0] == "what is missing"

    def test_noise_is_left_in_most_tables(self):
        assert sum(Univariate().fit(*nothing(seed)).get_support().any() for seed in range(20)) <= 4

    def test_unequal_weights_count_as_the_fewer_rows_that_they_are(self):
        X, y, _ = friedman(0)
        weight = np.where(np.arange(len(y)) < 20, 100.0, 1.0)
        even, uneven = Univariate().fit(X, y), Univariate().fit(X, y, sample_weight=weight)
        assert uneven.get_support().sum() < even.get_support().sum()


class TestPermutation:
    """What one model needs."""

    def test_interactions_are_found_and_noise_is_left(self):
        X, y, matters = friedman(0, noise=15)
        found = Permutation().fit(X, y)
        assert found.get_support()[matters].all()
        assert found.get_support()[~matters].sum() <= 1
        assert (found.evidence_["low"] <= found.evidence_["statistic"]).all()
        assert (found.evidence_["statistic"] <= found.evidence_["high"]).all()

    @pytest.mark.parametrize("labels", [2, 3])
    def test_classes_with_categories(self, labels):
        rng = np.random.default_rng(0)
        X = pd.DataFrame({"town": pd.Categorical(rng.choice(list("abcdef"), 600)), "x": rng.normal(size=600)})
        y = (X["town"].cat.codes + (rng.random(600) < 0.2)) % labels
        assert Permutation().fit(X, y).get_feature_names_out().tolist() == ["town"]

    @pytest.mark.parametrize(("options", "words"), [({"alpha": 1}, "alpha"), ({"folds": 1}, "folds")])
    def test_options_that_cannot_work_are_named(self, options, words):
        X, y, _ = friedman(0)
        with pytest.raises(SettingError, match=words):
            Permutation(**options).fit(X, y)


class TestRedundancy:
    """Who says the same as whom, and who stays."""

    def test_the_fullest_column_of_a_cluster_stays(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=300)
        X = pd.DataFrame(
            {"holes": np.where(rng.random(300) < 0.05, np.nan, x), "exp": np.exp(x), "other": rng.normal(size=300)}
        )
        found = Redundancy().fit(X)

        assert found.get_feature_names_out().tolist() == ["exp", "other"]
        assert found.evidence_["says_the_same_as"].tolist() == ["exp", "exp", "other"]

    def test_levels_are_compared_with_levels_and_with_numbers(self):
        rng = np.random.default_rng(0)
        code = rng.integers(0, 4, 400)
        values = np.column_stack([code, 3 - code, code * 2.0 + rng.normal(0, 0.01, 400), rng.integers(0, 4, 400)])
        alike = similarities(values.astype(float), [0, 1, 3])

        assert alike[0, 1] == pytest.approx(1, abs=0.01)
        assert alike[0, 2] > 0.95
        assert alike[0, 3] < 0.2
        np.testing.assert_allclose(alike, alike.T)

    def test_constant_and_missing_columns_are_like_nothing(self):
        X = np.column_stack([np.ones(50), np.full(50, np.nan), np.arange(50.0)])
        assert Redundancy().fit(X).get_support().all()

    def test_a_similarity_that_cannot_work_is_named(self):
        with pytest.raises(SettingError, match="similarity"):
            Redundancy(similarity=0).fit(np.ones((3, 2)))
