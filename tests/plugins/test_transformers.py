from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from mesic import SettingError
from mesic_plugins import transformers
from mesic_plugins.transformers.binning import Binning
from mesic_plugins.transformers.crosses import Crosses
from mesic_plugins.transformers.dates import PARTS, Dates
from mesic_plugins.transformers.hashing import Hashing
from mesic_plugins.transformers.impute import Impute
from mesic_plugins.transformers.interactions import Interactions
from mesic_plugins.transformers.min_max import MinMax
from mesic_plugins.transformers.one_hot import OneHot
from mesic_plugins.transformers.ordinal import Ordinal
from mesic_plugins.transformers.quantile import Quantile
from mesic_plugins.transformers.robust import Robust
from mesic_plugins.transformers.standardize import Standardize
from mesic_plugins.transformers.target_encoding import TargetEncoding
from mesic_plugins.transformers.text_counts import TextCounts


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


@pytest.mark.parametrize(
    "transformer",
    [
        Impute(category="guess"),
        OneHot(max_levels=0),
        Robust(clip=0),
        Quantile(shape="round"),
        Quantile(knots=1),
        Binning(bins=1),
        Binning(strategy="guess"),
        Interactions(most=2),
        Dates(parts=["century"]),
        Hashing(buckets=1),
        TextCounts(weighting="guess"),
        TextCounts(max_words=0),
        Standardize(columns=["nothing"]),
        Standardize(columns=["town"]),
        OneHot(columns=["class"]),
    ],
    ids=repr,
)
def test_a_setting_that_cannot_work_is_named(transformer):
    with pytest.raises(SettingError, match="cannot work: give"):
        transformer.fit(mixed())


def test_options_are_the_parameters():
    for component in transformers.register_transformers():
        module, _, name = component.target.partition(":")
        kind = getattr(import_module(module), name)

        assert kind(**vars(component.options())).get_params() == kind().get_params()


def test_nothing_foreign_is_described():
    assert transformers.to_portable(StandardScaler()) is None


NUMBERS = pd.DataFrame(np.random.default_rng(3).lognormal(size=(200, 3)), columns=list("abc"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (MinMax(), MinMaxScaler(clip=True)),
        (Robust(), RobustScaler()),
        (Interactions(squares=True), PolynomialFeatures(2, include_bias=False)),
    ],
    ids=repr,
)
def test_numbers_are_rewritten_as_scikit_learn_does(ours, theirs):
    later = pd.DataFrame(np.random.default_rng(4).lognormal(size=(50, 3)), columns=list("abc"))
    found, expected = ours.fit(NUMBERS).transform(later).to_numpy(), theirs.fit(NUMBERS).transform(later)

    order = [0, 1, 2, *range(3, found.shape[1])]
    np.testing.assert_allclose(np.sort(found[:, order], axis=1), np.sort(expected, axis=1), rtol=1e-10)


def test_ranks_are_scikit_learns_within_the_grid():
    expected = QuantileTransformer(n_quantiles=200).fit_transform(NUMBERS)

    np.testing.assert_allclose(Quantile().fit_transform(NUMBERS), expected, atol=0.01)


def test_ranks_of_the_training_rows_are_normal_when_asked():
    made = Quantile(shape="normal").fit_transform(NUMBERS)

    np.testing.assert_allclose(made.mean(), 0, atol=0.02)
    np.testing.assert_allclose(made.std(), 1, atol=0.02)


def test_a_value_beyond_the_training_rows_is_as_the_last_one():
    found = Quantile().fit(NUMBERS)
    ends = found.transform(pd.DataFrame({name: [-1e300, 0.0, 1e300] for name in "abc"}))

    assert ends["a"].tolist() == [0.5 / 200, 0.5 / 200, 1 - 0.5 / 200]


def test_limits_hold_for_later_rows_only_where_they_are_asked_for():
    X, later = pd.DataFrame({"x": [0.0, 1, 2, 3, 4]}), pd.DataFrame({"x": [102.0]})

    assert Robust(clip=3).fit(X).transform(later)["x"].tolist() == [3.0]
    assert Robust().fit(X).transform(later)["x"].tolist() == [50.0]
    assert MinMax(clip=False).fit(X).transform(later)["x"].tolist() == [25.5]


def test_a_column_that_is_mostly_one_value_is_scaled_by_its_deviation():
    X = pd.DataFrame({"x": [0.0] * 90 + [1.0] * 10})

    assert Robust().fit_transform(X)["x"].std(ddof=0) == pytest.approx(1)


def test_every_bin_holds_training_rows_and_a_later_number_has_one():
    X = pd.DataFrame({"x": [0.0] * 60 + list(range(1, 41))})
    found = Binning(bins=5).fit(X)
    counts = found.transform(X)["x"].value_counts()

    assert counts.min() > 0
    assert counts.size == 3
    assert found.transform(pd.DataFrame({"x": [-9.0, 99.0]}))["x"].tolist() == ["below 0.5", "from 20.5"]


@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_bins_are_scikit_learns(strategy):
    theirs = KBinsDiscretizer(5, encode="ordinal", strategy=strategy, quantile_method="linear").fit_transform(NUMBERS)
    ours = Binning(5, strategy).fit_transform(NUMBERS).apply(lambda column: column.cat.codes)

    assert (ours.to_numpy() == theirs).mean() > 0.99


def test_parts_of_dates_are_those_of_the_calendar():
    when = pd.Series(pd.to_datetime(["2024-02-29T23:59:59", "1969-12-31T00:00:00", "2100-03-01T12:30:00"]))
    days = (when - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    made = Dates(parts=list(PARTS), keep=False, columns=["t"]).fit_transform(pd.DataFrame({"t": days}))

    for part in PARTS:
        own = getattr(when.dt, {"yearday": "day_of_year", "weekday": "day_of_week"}.get(part, part))
        assert made[f"t: {part}"].tolist() == own.tolist(), part


def test_on_the_circle_december_is_beside_january():
    X = pd.DataFrame({"t": [0.0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 336]})
    made = Dates(parts=["month"], circular=True, keep=False, columns=["t"]).fit_transform(X).to_numpy()
    steps = np.linalg.norm(made - np.roll(made, 1, axis=0), axis=1)

    np.testing.assert_allclose(steps, steps[0])


def test_only_columns_that_the_schema_calls_times_are_taken_apart():
    X = pd.DataFrame({"t": [0.0, 400.0], "x": [0.0, 400.0]})

    assert Dates(parts=["year"]).fit(X, kinds={"t": "time"}).get_feature_names_out().tolist() == ["t", "x", "t: year"]
    assert [finding.code for finding in Dates().fit(X).findings_] == ["NOTHING-TO-REWRITE"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_levels_of_many_rows_have_their_own_mean(task):
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, 30_000)
    X = pd.DataFrame({"town": pd.Categorical(np.array(list("abc"))[level])})
    y = level + rng.normal(size=level.size)
    if task != "regression":
        y = (y > 1).astype(int) if task == "binary" else np.digitize(y, [0, 2])
    outcomes = y[:, None] if task == "regression" else (y[:, None] == np.unique(y))[:, 1 if task == "binary" else 0 :]
    own = np.array([outcomes[level == code].mean(axis=0) for code in range(3)])

    np.testing.assert_allclose(TargetEncoding(task=task).fit(X, y).transform(X), own[level], atol=0.002)


def test_levels_that_differ_by_chance_alone_have_one_mean():
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"id": pd.Categorical(rng.integers(0, 900, 1800).astype(str))})
    made = TargetEncoding().fit(X, rng.integers(0, 2, 1800)).transform(X)["id: target"]

    assert made.std() < 0.05


def test_rare_levels_are_drawn_to_the_mean_so_far_that_later_rows_profit():
    rng = np.random.default_rng(0)
    effect, level = rng.normal(0, 1, 600), rng.integers(0, 600, 4000)
    y = rng.random(4000) < 1 / (1 + np.exp(-effect[level]))
    X = pd.DataFrame({"id": pd.Categorical(level.astype(str))})
    fit, later = slice(0, 2000), slice(2000, 4000)
    ours, plain = (
        made.fit(X[fit], y[fit]).transform(X[later])
        for made in (TargetEncoding(), TargetEncoder(target_type="binary", smooth=1e-9))
    )
    brier = [np.mean((np.ravel(answer) - y[later]) ** 2) for answer in (ours, plain, np.full(2000, y[fit].mean()))]

    assert brier[0] < min(brier[1:])


def test_copies_of_a_row_do_not_tell_it_its_target():
    rng = np.random.default_rng(0)
    copies = np.repeat(np.arange(300), 2)
    X = pd.DataFrame({"id": pd.Categorical((copies // 3).astype(str))})
    y = np.repeat(rng.normal(size=300), 2)
    told = TargetEncoding().fit_transform(X, y)["id: target"]
    honest = TargetEncoding().fit_transform(X, y, groups=copies)["id: target"]

    assert abs(np.corrcoef(honest, y)[0, 1]) < 0.15
    assert np.corrcoef(told, y)[0, 1] > 0.3


def test_training_rows_do_not_see_their_own_target():
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame({"id": pd.Categorical(rng.integers(0, 250, 500).astype(str))}), rng.normal(size=500)
    honest, peeking = TargetEncoding().fit_transform(X, y), TargetEncoding().fit(X, y).transform(X)

    assert abs(np.corrcoef(honest["id: target"], y)[0, 1]) < 0.1
    assert np.corrcoef(peeking["id: target"], y)[0, 1] > 0.5


def test_rows_of_a_group_do_not_see_its_targets():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(100), 5)
    X, y = pd.DataFrame({"id": pd.Categorical(group.astype(str))}), np.repeat(rng.normal(size=100), 5)
    honest, peeking = TargetEncoding().fit_transform(X, y, groups=group), TargetEncoding().fit_transform(X, y)

    assert abs(np.corrcoef(honest["id: target"], y)[0, 1]) < 0.15
    assert np.corrcoef(peeking["id: target"], y)[0, 1] > 0.9


def test_a_row_of_weight_zero_is_no_row_and_equal_weights_are_none():
    rng = np.random.default_rng(0)
    X, y = pd.DataFrame({"t": pd.Categorical(rng.choice(list("abc"), 60))}), rng.normal(size=60)
    counts = np.arange(60) % 3 > 0
    weighted, fewer = TargetEncoding().fit(X, y, counts.astype(float)), TargetEncoding().fit(X[counts], y[counts])

    np.testing.assert_allclose(weighted.transform(X), fewer.transform(X))
    np.testing.assert_allclose(
        TargetEncoding().fit_transform(X, y, np.full(60, 2.0)), TargetEncoding().fit_transform(X, y)
    )


TEXTS = ["Late again, late!", "never late", "Again and again", None, "über alles"] * 4


@pytest.mark.parametrize("weighting", ["counts", "presence", "tfidf"])
def test_words_are_counted_as_scikit_learn_does(weighting):
    X = pd.DataFrame({"note": pd.Categorical(TEXTS)})
    plain = [text or "" for text in TEXTS]
    theirs = (
        TfidfVectorizer(max_features=3)
        if weighting == "tfidf"
        else CountVectorizer(max_features=3, binary=weighting == "presence")
    )
    expected = theirs.fit_transform(plain).toarray()
    made = TextCounts(weighting, max_words=200, min_rows=1, columns=["note"]).fit_transform(X)
    full = type(theirs)(**{**theirs.get_params(), "max_features": None}).fit_transform(plain).toarray()

    assert expected.shape[1] == 3
    np.testing.assert_allclose(made, full)


def test_a_text_that_no_training_row_had_is_read():
    found = TextCounts(min_rows=1, columns=["note"]).fit(pd.DataFrame({"note": pd.Categorical(TEXTS)}))
    later = found.transform(pd.DataFrame({"note": pd.Categorical(["late late unheard", None])}))

    assert later["note: late"].tolist() == [2.0, 0.0]
    assert later.to_numpy().sum() == 2.0


def test_a_level_that_no_training_row_had_has_its_bucket():
    towns = pd.DataFrame({"town": pd.Categorical([f"town {number}" for number in range(100)])})
    found = Hashing(buckets=4).fit(towns)
    later = found.transform(pd.DataFrame({"town": pd.Categorical(["town 3", "elsewhere", None])}))

    assert later.sum(axis=1).tolist() == [1.0, 1.0, 0.0]
    assert later.iloc[0].tolist() == found.transform(towns).iloc[3].tolist()
    assert (found.transform(towns).sum() > 10).all()


def test_pairs_of_levels_that_are_rare_or_new_share_a_level():
    X = pd.DataFrame({"a": pd.Categorical(["x", "x", "x", "y"]), "b": pd.Categorical(["u", "u", "v", "v"])})
    found = Crosses(min_rows=2).fit(X)
    later = pd.DataFrame({"a": pd.Categorical(["y", "x", None]), "b": pd.Categorical(["u", "u", "v"])})

    assert found.transform(X)["a & b"].tolist() == ["x & u", "x & u", "(other)", "(other)"]
    assert found.transform(later)["a & b"].astype(object).where(lambda cells: cells.notna(), None).tolist() == [
        "(other)",
        "x & u",
        None,
    ]


def test_columns_that_are_not_named_stay_as_they_are():
    X = mixed()
    for transformer in (Standardize(columns=["cl*"]), MinMax(columns=["class"]), Impute(columns=["class"])):
        made = transformer.fit_transform(X)

        pd.testing.assert_frame_equal(made.drop(columns="class"), X.drop(columns="class"), check_categorical=False)
        assert not made["class"].equals(X["class"])


def test_times_of_a_plain_data_frame_are_days():
    when = pd.Series(pd.to_datetime(["2024-02-29", "2025-03-01"]))
    made = Dates(parts=["year"], keep=False, columns=["t"]).fit_transform(pd.DataFrame({"t": when}))

    assert made["t: year"].tolist() == [2024.0, 2025.0]


def test_one_column_has_no_pairs_and_it_is_said():
    X = pd.DataFrame({"x": [1.0, 2.0], "t": pd.Categorical(["a", "b"])})

    assert [finding.code for finding in Interactions().fit(X).findings_] == ["NOTHING-TO-REWRITE"]
    assert [finding.code for finding in Crosses(columns=["t"]).fit(X).findings_] == ["NOTHING-TO-REWRITE"]


def test_a_column_of_that_very_name_is_meant_and_no_pattern():
    X = pd.DataFrame({"a[1]": [1.0, 3.0], "a1": [1.0, 3.0]})
    made = Standardize(columns=["a[1]"]).fit_transform(X)

    assert made.to_dict("list") == {"a[1]": [-1.0, 1.0], "a1": [1.0, 3.0]}
