import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from mesic import SettingError
from mesic_plugins import transformers
from mesic_plugins.transformers.impute import Impute
from mesic_plugins.transformers.one_hot import OneHot
from mesic_plugins.transformers.ordinal import Ordinal
from mesic_plugins.transformers.standardize import Standardize


def mixed(rows=40, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=rows) for name in ('a"b', "[x]", "größe", "town=Ulm", "class")})
    frame["one"] = 5.0
    frame["void"] = np.nan
    frame["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn", "Rome", "(other)", "(missing)"], rows))
    frame["lost"] = pd.Categorical([None] * rows, categories=pd.Index([], dtype=object))
    kept = [name for name in frame if name != "one"]
    frame[kept] = frame[kept].mask(rng.random((rows, len(kept))) < 0.2)
    return frame


@pytest.mark.parametrize(
    "transformer", [Impute(indicator=True), OneHot(max_levels=2), Ordinal(), Standardize()], ids=repr
)
def test_another_order_of_columns_is_put_right(transformer):
    X = mixed()
    fitted = transformer.fit(X)

    pd.testing.assert_frame_equal(fitted.transform(X[X.columns[::-1]]), fitted.transform(X))


def test_numbers_get_the_median_of_the_training_rows():
    fitted = Impute().fit(pd.DataFrame({"x": [1.0, 2.0, 9.0, np.nan]}))

    assert fitted.transform(pd.DataFrame({"x": [np.nan, 7.0]}))["x"].tolist() == [2.0, 7.0]


def test_nothing_is_missing_after_imputing():
    for transformer in (Impute(), Impute("most_frequent"), Impute(indicator=True)):
        X = mixed()
        fitted = transformer.fit(X)

        assert not fitted.transform(X).isna().to_numpy().any()
        assert not fitted.transform(X.mask(X.notna())).isna().to_numpy().any()


def test_the_own_level_of_missing_cells_collides_with_no_level():
    X = pd.DataFrame({"town": pd.Categorical(["(missing)", "Ulm", None])})

    assert Impute().fit_transform(X)["town"].tolist() == ["(missing)", "Ulm", "(missing)_"]


def test_the_most_frequent_level_fills():
    X = pd.DataFrame({"town": pd.Categorical(["Bonn", "Ulm", "Ulm", None])})

    assert Impute("most_frequent").fit_transform(X)["town"].tolist() == ["Bonn", "Ulm", "Ulm", "Ulm"]


def test_an_indicator_says_where_cells_were_missing():
    X = pd.DataFrame({"x": [1.0, np.nan], "x is missing": [3.0, 4.0]})
    out = Impute(indicator=True).fit_transform(X)

    assert out.columns.tolist() == ["x", "x is missing", "x is missing_"]
    assert out["x is missing_"].tolist() == [0.0, 1.0]


def test_levels_come_by_count_then_name_and_the_rest_shares_a_column():
    X = pd.DataFrame({"t": pd.Categorical(["c", "b", "b", "a", "d", "d", "d"]), "t=b": np.arange(7.0)})
    out = OneHot(max_levels=3).fit_transform(X)

    assert out.columns.tolist() == ["t=d", "t=b_", "t=a", "t=(other)", "t=b"]
    assert out["t=(other)"].tolist() == [1, 0, 0, 0, 0, 0, 0]


def test_every_row_has_one_one():
    X = mixed()[["town"]]

    assert (OneHot(max_levels=2).fit_transform(X).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    ("levels", "max_levels", "expected"),
    [
        (["a", "b", None], 32, {"t=(missing)": 1.0}),
        (["a", "b", "b"], 1, {"t=(other)": 1.0}),
        (["a", "b", "b"], 32, {"t=a": 0.0, "t=b": 0.0}),
    ],
)
def test_an_unseen_level_goes_where_missing_or_rare_ones_go(levels, max_levels, expected):
    fitted = OneHot(max_levels=max_levels).fit(pd.DataFrame({"t": pd.Categorical(levels)}))
    out = fitted.transform(pd.DataFrame({"t": pd.Categorical(["new"])})).iloc[0].to_dict()

    assert {name: out[name] for name in expected} == expected
    assert sum(out.values()) == sum(expected.values())


def test_standardizing_is_scikit_learns_and_leaves_missing_cells():
    X = mixed().drop(columns=["town", "lost", "void"])
    expected = StandardScaler().fit_transform(X)

    np.testing.assert_allclose(Standardize().fit_transform(X), expected, atol=1e-12)


@pytest.mark.parametrize("value", [0.1, 1e300, -7e-300, 0.0])
def test_a_constant_column_becomes_zero(value):
    assert (
        Standardize().fit_transform(pd.DataFrame({"x": [value] * 7}))["x"].abs() < 1e-15 * abs(value) + 1e-300
    ).all()


@pytest.mark.parametrize("transformer", [Impute(category="guess"), OneHot(max_levels=0)], ids=repr)
def test_a_setting_that_cannot_work_is_named(transformer):
    with pytest.raises(SettingError, match="cannot work: give"):
        transformer.fit(mixed())


def test_options_are_the_parameters():
    for component in transformers.register_transformers():
        kind = {"impute": Impute, "one_hot": OneHot, "ordinal": Ordinal, "standardize": Standardize}[component.name]

        assert kind(**vars(component.options())).get_params() == kind().get_params()


def test_nothing_foreign_is_described():
    assert transformers.to_portable(StandardScaler()) is None
