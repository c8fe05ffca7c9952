import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from mesic import Matrix, compile_pipeline
from mesic_plugins import baselines
from mesic_plugins.baselines.random import Random
from mesic_plugins.baselines.simple import Simple
from mesic_plugins.baselines.zero_rule import ZeroRule

TASKS = ("binary", "multiclass", "regression")


def table(task, rows=90, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"x[0]": rng.normal(size=rows), "void": np.nan, "one": 1.0})
    X["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn"], rows))
    X = X.mask(rng.random(X.shape) < 0.1)
    y = X["x[0]"].fillna(3).to_numpy()
    return X, y if task == "regression" else np.digitize(y, [0.0] if task == "binary" else [-0.5, 0.5])


def portable(fitted, X):
    return compile_pipeline([baselines.to_portable(fitted)])(Matrix.from_frame(X))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", [ZeroRule, Simple, Random])
def test_one_row_is_its_own_answer(kind, task):
    X, y = table(task)

    assert kind(task=task).fit(X.head(1), y[:1]).predict(X.head(1)).tolist() == y[:1].tolist()


def test_the_zero_rule_answers_weighted_shares_and_means():
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0]})

    assert ZeroRule().fit(X, [0, 0, 1], [1.0, 1.0, 2.0]).predict_proba(X.head(1)).tolist() == [[0.5, 0.5]]
    assert ZeroRule("regression").fit(X, [0.0, 0.0, 1.0], [1.0, 1.0, 2.0]).predict(X.head(1)).tolist() == [0.5]


def test_the_simple_baseline_is_a_tree_of_three_levels_on_codes():
    X, y = table("multiclass")
    fitted = Simple(task="multiclass").fit(X, y)
    codes = Matrix.from_frame(X).values
    peer = DecisionTreeClassifier(max_depth=3, random_state=0).fit(codes, y)

    np.testing.assert_array_equal(fitted.predict_proba(X), peer.predict_proba(codes))


def test_few_rows_still_show_every_class():
    X, y = table("multiclass", rows=500)
    y = np.where(np.arange(500) == 499, 3, y)

    assert Simple(max_rows=10, task="multiclass").fit(X, y).predict_proba(X).shape == (500, 4)


def test_weights_count_for_the_simple_baseline():
    X, y = table("binary")
    y = np.where(np.arange(len(y)) % 5 == 0, 1 - y, y)
    heavy = Simple().fit(X, y, np.where(y == 1, 100.0, 1.0))

    assert heavy.to_portable().digest() != Simple().fit(X, y).to_portable().digest()


def test_random_answers_every_class_alike_or_observed_targets():
    X, y = table("multiclass")
    assert np.unique(Random("multiclass").fit(X, y).predict_proba(X)).tolist() == [1 / 3]

    X, y = table("regression")
    drawn = Random("regression").fit(X, y).predict(X)
    assert np.isin(drawn, y).all()
    assert np.unique(drawn).size > 20


def test_a_random_answer_follows_from_the_row_alone():
    X, y = table("regression")
    fitted = Random("regression").fit(X, y)
    whole = fitted.predict(X)

    np.testing.assert_array_equal(fitted.predict(X[::-1]), whole[::-1])
    np.testing.assert_array_equal(np.concatenate([fitted.predict(X.iloc[[row]]) for row in range(5)]), whole[:5])
    assert (Random("regression", seed=1).fit(X, y).predict(X) != whole).mean() > 0.5


def test_random_targets_are_spread_as_the_observed_ones_are():
    X = pd.DataFrame({"x": np.arange(20_000.0)})
    y = np.repeat([1.0, 2.0, 3.0, 4.0], 5_000)
    shares = np.bincount(Random("regression").fit(X, y).predict(X).astype(int), minlength=5)[1:] / 20_000

    np.testing.assert_allclose(shares, 0.25, atol=0.02)
    heavy = Random("regression").fit(X, y, sample_weight=np.where(y == 4, 3.0, 1.0)).predict(X)
    np.testing.assert_allclose((heavy == 4).mean(), 0.5, atol=0.02)


def test_options_are_the_parameters():
    offered = {component.name: component for component in baselines.register_baselines()}
    simple = Simple().get_params()

    assert vars(offered["simple"].options()) == {name: simple[name] for name in ("max_depth", "max_rows")}
