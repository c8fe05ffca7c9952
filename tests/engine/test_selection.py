"""What becomes of the choices of selectors: bounds, chains, fall-backs, stability, costs."""

import numpy as np
import pandas as pd
import pytest

from mesic import Matrix, PortableStep, UsageError, compile_pipeline
from mesic.training.examination import choice_facts, cost_findings, evidence_rows
from mesic.training.selection import Bounds, Choice, choice_of, nogueira, stability

NAMES = ["age", "bill 1", "bill 2", "town"]


class Chosen:
    """A fitted selector."""

    def __init__(self, support, **facts):
        self.support = np.array(support, dtype=bool)
        self.__dict__.update(facts)

    def get_support(self):
        return self.support


def test_bounds_are_names_and_patterns():
    bounds = Bounds(protect=["bill *"], forbid=["town"])

    assert bounds.protected(NAMES).tolist() == [False, True, True, False]
    assert bounds.forbidden(NAMES).tolist() == [False, False, False, True]
    assert Bounds(forbid=["[x]"]).forbidden(["[x]", "x"]).tolist() == [True, False], "a name is no pattern"


def test_an_entry_that_means_no_column_is_refused_where_it_must_mean_one():
    with pytest.raises(UsageError, match=r"selection.protect names 'agee'.*did you mean 'age'"):
        Bounds(protect=["agee"]).protected(NAMES)
    assert not Bounds(forbid=["made later"], is_strict=False).forbidden(NAMES).any()


def test_what_is_protected_stays_and_the_reason_says_so():
    evidence = pd.DataFrame({"column": NAMES, "statistic": [3.0, 2, 1, 0], "reason": list("abcd")})
    protected = np.array([False, False, False, True])
    choice = choice_of(Chosen([1, 0, 0, 0], evidence_=evidence), "spy", NAMES, protected)

    assert choice.kept.tolist() == [True, False, False, True]
    assert choice.reasons() == ["a", "b", "c", "d; protected"]


@pytest.mark.parametrize(
    ("facts", "best"),
    [
        ({}, "age"),
        ({"scores_": [1.0, 5.0, np.nan, 2.0]}, "bill 1"),
        ({"evidence_": pd.DataFrame({"statistic": [0.0, 0.0, 7.0, np.nan]})}, "bill 2"),
        ({"scores_": [1.0]}, "age"),
    ],
)
def test_where_nothing_is_left_the_best_stays(facts, best):
    choice = choice_of(Chosen([0, 0, 0, 0], **facts), "spy", NAMES, np.zeros(4, dtype=bool))

    assert [name for name, is_kept in zip(NAMES, choice.kept, strict=True) if is_kept] == [best]
    assert [finding.code for finding in choice.findings] == ["NOTHING-SELECTED"]


def test_nothing_is_added_where_protected_columns_are_left():
    choice = choice_of(Chosen([0, 0, 0, 0]), "spy", NAMES, np.array([False, True, False, False]))
    assert choice.kept.tolist() == [False, True, False, False]
    assert choice.findings == ()


def test_nogueira_is_one_for_the_same_and_zero_by_chance():
    rng = np.random.default_rng(0)
    by_chance = np.array([rng.permutation(40) < 10 for _ in range(400)])

    assert nogueira(np.tile([True, False, True], (5, 1))) == (1.0, 0.0)
    assert abs(nogueira(by_chance)[0]) < 0.01
    assert nogueira(np.ones((3, 4), dtype=bool)) == (1.0, 0.0)


def test_nogueira_is_the_mean_of_pairs_where_as_many_are_chosen():
    """Kuncheva's index, of which it is the generalisation."""
    rng = np.random.default_rng(1)
    chosen = np.array([(rng.permutation(20) < 5) | (np.arange(20) < 0) for _ in range(6)])
    pairs = [(a & b).sum() for place, a in enumerate(chosen) for b in chosen[:place]]
    kuncheva = np.mean([(common - 25 / 20) / (5 - 25 / 20) for common in pairs])

    assert nogueira(chosen)[0] == pytest.approx(kuncheva)


def test_the_interval_of_the_index_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    share = np.repeat([0.95, 0.5, 0.05], [10, 10, 30])
    truth = 1 - (share * (1 - share)).mean() / (share.mean() * (1 - share.mean()))
    held = 0
    for _ in range(400):
        names = [[str(place) for place in np.flatnonzero(rng.random(50) < share)] for _ in range(30)]
        found = stability(names, [str(place) for place in range(50)], 0.95)
        held += found["low"] <= truth <= found["high"]
    assert 0.9 <= held / 400 <= 0.99


def test_evidence_is_ranked_and_what_is_not_measured_is_left_open():
    evidence = pd.DataFrame({"statistic": [1.0, np.nan, 3.0, 2.0], "threshold": 2.5, "reason": list("abcd")})
    choice = Choice("spy", tuple(NAMES), np.array([0, 0, 1, 0], bool), np.zeros(4, bool), "worth", evidence)
    facts = choice_facts(choice)

    assert [row["column"] for row in facts["evidence"]] == ["bill 2", "town", "age", "bill 1"]
    assert facts["kept"] == 1
    assert facts["threshold"] == 2.5
    assert evidence_rows(choice)[1]["statistic"] is None


@pytest.mark.parametrize(("low", "codes"), [(0.01, ["SELECTION-COSTS"]), (-0.01, []), (None, [])])
def test_a_choice_that_costs_more_than_its_interval_is_said(low, codes):
    against = {"value": 0.02, "low": low, "high": 0.03}
    found = [{"name": "spy", "difference": None}, {"name": "all columns", "difference": against}]
    assert [finding.code for finding in cost_findings(found, "log loss")] == codes


def test_a_take_step_merges_levels():
    levels = {"town": {"names": ["Ulm", "(rare)"], "codes": [1, 1, 0]}}
    step = PortableStep("take", {"columns": [1], "levels": levels})
    matrix = Matrix(np.array([[1, 0], [2, 2], [3, np.nan]]), ("x", "town"), {"town": ("Bonn", "Rome", "Ulm")})

    np.testing.assert_array_equal(compile_pipeline([step])(matrix), [[1], [0], [np.nan]])
