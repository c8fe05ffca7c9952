"""L1: optima that are optima, rules, groups and stability."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import Lasso, LogisticRegression

from mesic import SettingError
from mesic_plugins.selectors.columns import Columns
from mesic_plugins.selectors.l1.design import design_of
from mesic_plugins.selectors.l1.estimator import L1
from mesic_plugins.selectors.l1.path import path, penalties_of

known_columns = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("known_columns.py"))))
friedman = known_columns.friedman
nothing = known_columns.nothing
words = known_columns.words


def linear(seed, rows=300, columns=40, telling=5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) @ np.diag(rng.uniform(0.1, 10, columns)) + 100
    weight = np.where(np.arange(columns) < telling, 1 / X.std(axis=0), 0)
    return X, X @ weight + rng.normal(size=rows), weight != 0


def columns_of(X):
    return Columns(X, tuple(f"x{n}" for n in range(X.shape[1])), {})


def objective(design, y, coef, eta, penalty, is_logistic):
    loss = np.logaddexp(0, eta) - y * eta if is_logistic else (y - eta) ** 2 / 2
    return loss.mean() + penalty * np.abs(coef).sum()


def test_every_point_of_the_path_is_the_lasso_that_scikit_learn_finds():
    X, y, _ = linear(0)
    design = design_of(columns_of(X), None)
    penalties = penalties_of(design, y, np.ones(300), 20, 0.01)

    for point in path(design, y, np.ones((300, 1)), penalties, is_logistic=False, tolerance=1e-9):
        peer = Lasso(alpha=point.penalty, tol=1e-12, max_iter=100_000).fit(design.X, y)
        np.testing.assert_allclose(point.coef[:, 0], peer.coef_, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Liblinear failed to converge")
def test_every_point_of_the_path_is_no_worse_than_the_logistic_model_that_liblinear_finds():
    X, value, _ = linear(1)
    y = (value > np.median(value)).astype(float)
    design = design_of(columns_of(X), None)
    penalties = penalties_of(design, y, np.ones(300), 12, 0.02)

    for point in path(design, y, np.ones((300, 1)), penalties, is_logistic=True, tolerance=1e-9):
        peer = LogisticRegression(
            l1_ratio=1,
            C=1 / (300 * point.penalty),
            solver="liblinear",
            tol=1e-10,
            max_iter=10_000,
            intercept_scaling=1e4,
        ).fit(design.X, y)
        theirs = objective(design, y, peer.coef_[0], peer.decision_function(design.X), point.penalty, True)
        ours = objective(design, y, point.coef[:, 0], point.eta[:, 0], point.penalty, True)
        assert ours <= theirs + 1e-8


def test_models_side_by_side_are_those_fitted_alone_and_weights_of_zero_leave_rows_out():
    X, value, _ = linear(2)
    y = (value > np.median(value)).astype(float)
    design = design_of(columns_of(X), None)
    penalties = penalties_of(design, y, np.ones(300), 10, 0.05)
    weights = np.ones((300, 3))
    weights[:100, 0] = weights[100:200, 1] = 0
    weights[::3, 2] = 2.5
    together = list(path(design, y, weights, penalties, is_logistic=True, tolerance=1e-9))

    for place in range(3):
        alone = list(path(design, y, weights[:, [place]], penalties, is_logistic=True, tolerance=1e-9))
        for one, all_three in zip(alone, together, strict=True):
            np.testing.assert_allclose(all_three.coef[:, place], one.coef[:, 0], atol=1e-6)


def test_the_columns_of_a_category_enter_and_leave_together():
    rng = np.random.default_rng(0)
    rows = 600
    town = pd.Categorical(rng.choice(list("abcdef"), rows))
    X = pd.DataFrame(
        {"town": town, "idle": pd.Categorical(rng.choice(list("uvwxyz"), rows)), "x": rng.normal(size=rows)}
    )
    y = (town.codes == 2) * 1.5 + rng.normal(0, 0.5, rows)
    design = design_of(
        Columns(
            np.column_stack([town.codes, X["idle"].cat.codes, X["x"]]), ("town", "idle", "x"), {"town": (), "idle": ()}
        ),
        None,
    )

    assert design.size.tolist() == [5, 5, 1]
    for point in path(
        design,
        y,
        np.ones((rows, 1)),
        penalties_of(design, y, np.ones(rows), 15, 0.01),
        is_logistic=False,
        tolerance=1e-8,
    ):
        for group in range(3):
            assert len(set((point.coef[design.group == group] != 0).ravel())) == 1
    assert L1().fit(X, y).get_feature_names_out().tolist() == ["town"]


@pytest.mark.parametrize(("rule", "most"), [("1se", 14), ("ebic", 6), ("min", 25), ("stability", 6)])
def test_every_rule_finds_what_a_linear_model_can(rule, most):
    X, y, matters = linear(3)
    for target in (y, (y > np.median(y)).astype(int)):
        found = L1(rule=rule).fit(X, target)
        assert found.get_support()[matters].all()
        assert found.get_support().sum() <= most


def test_one_standard_error_keeps_fewer_columns_than_the_minimum():
    X, y, _ = friedman(0)
    assert L1(rule="1se").fit(X, y).get_support().sum() < L1(rule="min").fit(X, y).get_support().sum()


def test_more_columns_than_rows_are_selected_by_stability():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 600))
    y = X[:, :6] @ np.array([2, -2, 2, -2, 2, -2]) + rng.normal(size=100)
    found = L1().fit(X, y)

    assert found.rule_ == "stability"
    assert found.get_support(indices=True).tolist() == [0, 1, 2, 3, 4, 5]
    assert {finding.code for finding in L1(rule="1se").fit(X, y).findings_} == {"WIDE-TABLE"}


def test_noise_is_left():
    for seed in range(5):
        assert L1().fit(*nothing(seed)).get_support().sum() <= 1
        assert L1(rule="stability").fit(*nothing(seed)).get_support().sum() <= 1


@pytest.mark.parametrize("columns", [1, 2, 6, 30, 120])
@pytest.mark.parametrize("classes", [0, 2, 4])
def test_stability_leaves_noise_however_few_columns_and_many_classes_there_are(columns, classes):
    kept = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, classes, 150) if classes else rng.normal(size=150)
        kept += L1(rule="stability").fit(rng.normal(size=(150, columns)), y).get_support().any()

    assert kept <= 3


def test_stability_finds_what_tells_of_any_of_several_classes():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 30))
    y = np.select([X[:, 0] > 1, X[:, 1] > 1, X[:, 2] > 1], [1, 2, 3])

    assert L1(rule="stability").fit(X, y).get_support(indices=True).tolist() == [0, 1, 2]
    assert L1(rule="stability").fit(X[:, :3], y).get_support().all()


def test_several_classes_weights_missing_cells_and_sparse_input():
    X, y, telling = words(0, rows=2_000, columns=120)
    assert L1(rule="ebic").fit(X, y).get_support()[telling].mean() > 0.8
    dense, labels, matters = linear(4)
    dense[::7, 3] = np.nan
    labels = pd.qcut(labels, 3, labels=["low", "mid", "high"])
    found = L1().fit(dense, labels, sample_weight=np.linspace(0.5, 2, 300))
    assert found.get_support()[matters].sum() >= 4


def test_sparse_columns_give_what_dense_ones_give():
    X, y, _ = words(2, rows=1_000, columns=60)
    first, second = L1(rule="ebic").fit(X, y), L1(rule="ebic").fit(X.toarray(), y)
    np.testing.assert_array_equal(first.get_support(), second.get_support())
    np.testing.assert_allclose(first.evidence_["statistic"], second.evidence_["statistic"], atol=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_do_not_count(threads):
    from threadpoolctl import threadpool_limits

    X, y, _ = linear(5)
    with threadpool_limits(threads):
        assert L1().fit(X, y).get_support(indices=True).tolist() == L1().fit(X, y).get_support(indices=True).tolist()


def test_constant_and_missing_columns_have_no_weight():
    X, y, matters = linear(6, columns=10)
    X[:, 8], X[:, 9] = 3.0, np.nan
    assert L1().fit(X, y).get_support().tolist() == matters.tolist()
    assert not L1().fit(np.ones((30, 2)), np.arange(30.0)).get_support().any()
    assert not L1(rule="stability").fit(sparse.csr_matrix((30, 2)), np.arange(30.0)).get_support().any()


@pytest.mark.parametrize(
    ("options", "words"), [({"rule": "bic"}, "rule"), ({"folds": 1}, "folds"), ({"threshold": 0.5}, "threshold")]
)
def test_options_that_cannot_work_are_named(options, words):
    X, y, _ = linear(0)
    with pytest.raises(SettingError, match=words):
        L1(**options).fit(X, y)
