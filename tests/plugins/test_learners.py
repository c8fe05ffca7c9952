import dataclasses
import warnings

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from mesic import Matrix, SettingError, compile_pipeline
from mesic.host.building import build
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic_plugins import learners
from mesic_plugins.learners.linear import Linear

STRANGE = ['a"b', "[x]", "{y: 1}", "größe", "class", "a,b", " ", "a:b\n"]
COMPONENTS = {component.name: component for component in learners.register_learners()}
PAIRS = [(name, task) for name, component in COMPONENTS.items() for task in component.tasks]
QUICK = {
    "lightgbm": {"n_estimators": 20},
    "extra_trees": {"n_estimators": 8},
    "random_forest": {"n_estimators": 8},
}
TABLES = {"binary": load_breast_cancer, "multiclass": load_iris, "regression": load_diabetes}


def made(name, task, *, threads=1, **options):
    offer = Offer(KINDS["learner"], COMPONENTS[name], Provider("learners", learners.__name__, "mesic", "0"))
    given = {**dataclasses.asdict(COMPONENTS[name].options()), **QUICK.get(name, {}), **options}
    return build(offer, given, task=task, seed=7, threads=threads)


def table(task):
    X, y = TABLES[task](return_X_y=True, as_frame=True)
    X = X.astype(np.float64)
    return (X - X.mean()) / X.std(), y.to_numpy()


def random_table(name, rows=120, seed=0):
    """Return what a learner's traits allow: strange names, a constant, missing cells, categories."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({column: rng.normal(size=rows) for column in STRANGE})
    X["constant"] = 1.0
    if "missing" in COMPONENTS[name].traits:
        X = X.mask(rng.random(X.shape) < 0.2)
        X["void"] = np.nan
    if "categories" in COMPONENTS[name].traits:
        X["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn", "Rome"], rows)).set_categories(["Rome", "Ulm"])
    return X


def answers(estimator, X, task):
    return estimator.predict(X) if task == "regression" else estimator.predict_proba(X)


def portable(estimator, X, **options):
    return compile_pipeline([learners.to_portable(estimator)], **options)(Matrix.from_frame(X))


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(name, task):
    X, y = table(task)
    X, y = X.iloc[::3], y[::3]
    digests = {learners.to_portable(made(name, task, threads=n).fit(X, y)).digest() for n in (1, 1, 2)}

    assert len(digests) == 1


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_one_row_is_enough(name, task):
    X = random_table(name).head(1)
    estimator = made(name, task).fit(X, np.zeros(1, dtype=np.int64) if task != "regression" else np.array([2.5]))

    np.testing.assert_allclose(portable(estimator, X), [2.5] if task == "regression" else [[1.0]])
    assert learners.describe_complexity(estimator)[0] >= 0


@pytest.mark.parametrize("name", [name for name in COMPONENTS if "multiclass" in COMPONENTS[name].tasks])
def test_a_lone_class_is_certain(name):
    X, _ = table("multiclass")
    lone = made(name, "multiclass").fit(X, np.zeros(150, dtype=np.int64))

    assert (portable(lone, X) == 1).all()


def test_rows_of_neighbors_cannot_be_weighted():
    with pytest.raises(TypeError):
        made("neighbors", "binary").fit(*table("binary"), sample_weight=np.ones(569))


@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_everything_has_a_complexity_with_a_unit(name, task):
    size, unit = learners.describe_complexity(made(name, task).fit(*table(task)))

    assert isinstance(size, float)
    assert size > 0
    assert unit in {"leaves", "C", "parameters", "rows per neighbour"}


def test_nothing_foreign_is_described():
    assert learners.to_portable(object()) is None
    assert learners.describe_complexity(KNeighborsClassifier()) is None


def test_forests_read_missing_cells_as_scikit_learn_does():
    X, y = table("binary")
    rng = np.random.default_rng(0)
    X = X.mask(rng.random(X.shape) < 0.3)
    for name in ("tree", "extra_trees", "random_forest"):
        forest = made(name, "binary").fit(X.head(300), y[:300])

        np.testing.assert_array_equal(portable(forest, X), forest.predict_proba(X))


def test_lightgbm_is_what_plain_training_gives():
    X, y = table("binary")
    estimator = made("lightgbm", "binary", n_estimators=50)
    booster = lightgbm.train(estimator._params(2, len(X), 1), lightgbm.Dataset(X.to_numpy(), y), 50)

    np.testing.assert_array_equal(portable(estimator.fit(X, y), X)[:, 1], booster.predict(X.to_numpy()))


def test_lightgbm_reads_levels_as_levels_and_an_unseen_one_as_missing():
    town = pd.Categorical(["a", "b", "c", "d"] * 50)
    X, y = pd.DataFrame({"town": town}), np.tile([0, 1, 0, 1], 50)
    estimator = made("lightgbm", "binary", n_estimators=100).fit(X, y)
    strange = pd.DataFrame({"town": pd.Categorical(["x", None, "b"])})

    assert (estimator.predict(X) == y).all()
    unseen, missing, known = estimator.predict_proba(strange)[:, 1]
    assert unseen == missing != known


def test_level_lists_in_another_order_give_the_same_answers():
    X = random_table("lightgbm")
    y = np.random.default_rng(0).integers(0, 2, len(X))
    estimator = made("lightgbm", "binary").fit(X, y)
    turned = X.assign(town=X["town"].cat.set_categories(["Oslo", "Ulm", "Rome"]))

    np.testing.assert_array_equal(estimator.predict_proba(turned), estimator.predict_proba(X))


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_logistic_regression_is_scikit_learns(task):
    X, y = table(task)
    expected = LogisticRegression(C=0.5, max_iter=5_000).fit(X.to_numpy(), y).predict_proba(X.to_numpy())

    np.testing.assert_allclose(portable(made("linear", task, C=0.5).fit(X, y), X), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("penalty", "peer"), [("l2", Ridge(alpha=2.0)), ("l1", None)])
def test_linear_regression_is_scikit_learns(penalty, peer):
    X, y = table("regression")
    peer = peer or Lasso(alpha=2.0 * np.std(y) / len(y))
    expected = peer.fit(X.to_numpy(), y).predict(X.to_numpy())

    ours = portable(made("linear", "regression", penalty=penalty, C=0.5).fit(X, y), X)
    np.testing.assert_allclose(ours, expected, rtol=1e-12 if penalty == "l2" else 1e-3)


@pytest.mark.parametrize("task", COMPONENTS["linear"].tasks)
@pytest.mark.parametrize("penalty", ["l1", "elastic_net"])
def test_a_strong_l1_penalty_leaves_few_coefficients(penalty, task):
    X, y = table(task)
    strong, weak = (made("linear", task, penalty=penalty, C=C).fit(X, y) for C in (0.02, 1.0))

    assert learners.describe_complexity(strong)[0] < learners.describe_complexity(weak)[0]
    assert learners.describe_complexity(strong)[1] == "coefficients"


def test_a_solver_that_does_not_arrive_says_so_without_a_warning(monkeypatch):
    monkeypatch.setattr("mesic_plugins.learners.linear.MAX_STEPS", {"lbfgs": 1, "saga": 1})
    X, y = table("binary")
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert made("linear", "binary").fit(X, y).converged_ is False
    monkeypatch.undo()
    assert made("linear", "binary").fit(X, y).converged_ is True


@pytest.mark.parametrize(("setting", "value"), [("penalty", "l3"), ("C", 0.0)])
def test_a_setting_that_cannot_work_is_named(setting, value):
    with pytest.raises(SettingError, match=setting):
        Linear(**{setting: value}).fit(*table("binary"))


def test_naive_bayes_is_scikit_learns():
    X, y = table("multiclass")
    expected = GaussianNB().fit(X.to_numpy(), y).predict_proba(X.to_numpy())

    np.testing.assert_allclose(portable(made("naive_bayes", "multiclass").fit(X, y), X), expected, atol=1e-12)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("task", COMPONENTS["neighbors"].tasks)
def test_neighbors_are_scikit_learns(task, weights):
    X, y = table(task)
    kind = KNeighborsRegressor if task == "regression" else KNeighborsClassifier
    expected = answers(kind(5, weights=weights).fit(X.to_numpy(), y), X.to_numpy(), task)

    ours = made("neighbors", task, k=5, weights=weights).fit(X, y)
    np.testing.assert_allclose(portable(ours, X), expected, rtol=1e-12, atol=1e-6)  # its distances are rounded


def test_labels_of_any_kind_come_back():
    X, y = table("multiclass")
    labels = np.array(["x", "y", "z"])[y]

    assert (made("lightgbm", "multiclass").fit(X, labels).predict(X) == labels).mean() > 0.9
