"""scikit-learn's most used transformers and selectors keep the promises; where one does not, the reason stands here."""

from dataclasses import dataclass

import pytest

from mesic import NoOptions, option
from mesic.data.schema import Column, Schema
from mesic.host.components import TRAITS, Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import SchemaTables, Subject, broken_promises


@dataclass
class OneHotOptions:
    handle_unknown: str = option("ignore", "what becomes of a new level; by default scikit-learn refuses the rows")


@dataclass
class OrdinalOptions:
    handle_unknown: str = option("use_encoded_value", "what becomes of a new level; by default rows are refused")
    unknown_value: int = option(-1, "the number of a new level")


NUMBERS, BLANKS = (), ("missing",)
TRANSFORMERS = {
    "preprocessing:StandardScaler": BLANKS,
    "preprocessing:MinMaxScaler": BLANKS,
    "preprocessing:MaxAbsScaler": BLANKS,
    "preprocessing:RobustScaler": BLANKS,
    "preprocessing:QuantileTransformer": BLANKS,
    "preprocessing:PowerTransformer": NUMBERS,  # passes blanks, but fails at a column that has nothing else
    "preprocessing:Normalizer": NUMBERS,
    "preprocessing:Binarizer": NUMBERS,
    "preprocessing:KBinsDiscretizer": NUMBERS,
    "preprocessing:PolynomialFeatures": NUMBERS,
    "preprocessing:SplineTransformer": NUMBERS,
    "preprocessing:OneHotEncoder": NUMBERS,
    "preprocessing:OrdinalEncoder": NUMBERS,
    "preprocessing:TargetEncoder": NUMBERS,
    "impute:SimpleImputer": BLANKS,
    "decomposition:PCA": NUMBERS,
}
SELECTORS = {
    "feature_selection:VarianceThreshold": BLANKS,
    "feature_selection:SelectKBest": NUMBERS,
    "feature_selection:SelectPercentile": NUMBERS,
}
OPTIONS = {"OneHotEncoder": OneHotOptions, "OrdinalEncoder": OrdinalOptions}
TASKS = dict.fromkeys(
    ("SelectKBest", "SelectPercentile"), ("binary", "multiclass")
)  # their default score is for classes
EXCEPTIONS = {
    "KBinsDiscretizer": {
        "narrow_numbers_are_read_as_wide_ones": "subtracts truths, which NumPy refuses with a TypeError",
    },
    "PowerTransformer": {
        "the_hugest_and_tiniest_numbers_are_answered": "powers of 1e300 are infinite, and its own scaler refuses them",
    },
    "TargetEncoder": {
        "fit_transform_answers_as_fit_and_transform": "encodes training rows out of fold, and says so",
    },
}
HEIGHTS = Schema(
    (
        Column("age", "number", range=(18.0, 99.0), missing="forbidden", seen={"low": 18, "high": 99}),
        Column("height", "number", range=(1.2, 2.2), missing=0.3),
        Column("married", "boolean", missing="forbidden"),
        Column("town", "category", levels=("Bonn", "Rome", "Ulm")),
        Column("since", "time", range=(10_957.0, 20_088.0)),
    )
)


def subject(kind, target, traits):
    name = target.partition(":")[2]
    facts = {"tasks": TASKS[name]} if name in TASKS else {}
    component = Component(
        "sklearn", f"sklearn.{target}", "tested", OPTIONS.get(name, NoOptions), traits=traits, **facts
    )
    return Subject(Offer(KINDS[kind], component, Provider("sklearn", "json", "scikit-learn", "1")))


def unexcused(kind, target, traits, tables=None):
    """Return the broken promises, and those that an exception says to be broken but are not."""
    broken = broken_promises(subject(kind, target, traits), tables)
    excused = EXCEPTIONS.get(target.partition(":")[2], {})
    accused = [str(one) for one in broken if one.promise not in excused]
    return accused, excused.keys() - {one.promise for one in broken}


@pytest.mark.parametrize("target", TRANSFORMERS)
def test_a_transformer_of_scikit_learn_is_accused_only_of_what_it_does(target):
    assert unexcused("transformer", target, TRANSFORMERS[target]) == ([], set())


@pytest.mark.parametrize("target", SELECTORS)
def test_a_selector_of_scikit_learn_keeps_its_promises(target):
    assert unexcused("selector", target, SELECTORS[target]) == ([], set())


@pytest.mark.parametrize("target", TRANSFORMERS)
def test_a_transformer_of_scikit_learn_is_not_accused_on_rows_of_a_schema(target):
    accused, _ = unexcused("transformer", target, TRANSFORMERS[target], SchemaTables(HEIGHTS))

    assert accused == []


def test_who_claims_to_answer_training_rows_out_of_fold_is_not_accused_of_it(monkeypatch):
    monkeypatch.setitem(TRAITS, "out_of_fold", "answers training rows by what other rows taught")

    assert broken_promises(subject("transformer", "preprocessing:TargetEncoder", {"out_of_fold"})) == []
