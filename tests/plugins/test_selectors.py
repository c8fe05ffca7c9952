import numpy as np
import pandas as pd
import pytest

from mesic import SettingError
from mesic_plugins import selectors
from mesic_plugins.selectors.long_tail import LongTail

X = pd.DataFrame(
    {
        "full": np.arange(1.0, 9.0),
        "rare": [0.0] * 7 + [1.0],
        "void": np.nan,
        'odd "name"': [np.nan, 2.0] * 4,
        "mostly": pd.Categorical(["a"] * 7 + ["b"]),
        "even": pd.Categorical(["a", "b"] * 4),
        "lost": pd.Categorical([None] * 8, categories=pd.Index([], dtype=object)),
    }
)


def test_columns_that_say_something_in_enough_rows_are_kept():
    fitted = LongTail(min_share=0.2).fit(X)

    assert fitted.get_feature_names_out().tolist() == ["full", 'odd "name"', "even"]
    assert fitted.evidence_["share"].tolist() == [1, 1 / 8, 0, 1 / 2, 1 / 8, 1 / 2, 0]
    assert fitted.evidence_["kept"].tolist() == fitted.get_support().tolist()


def test_the_best_column_always_stays_and_the_evidence_says_so():
    fitted = LongTail(min_share=1.0).fit(X[["rare", "even", "void"]])

    assert fitted.get_support(indices=True).tolist() == [1]
    assert "one column always stays" in fitted.evidence_["reason"][1]
    assert LongTail().fit(X[["void"]]).get_support().tolist() == [True]


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_keep_a_column(rows):
    assert LongTail().fit(X.head(rows)).get_support().any()


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_cannot_work_is_named(share):
    with pytest.raises(SettingError, match="min_share"):
        LongTail(share).fit(X)


def test_options_are_the_parameters():
    (component,) = selectors.register_selectors()

    assert vars(component.options()) == LongTail().get_params()
    assert selectors.to_portable(object()) is None
