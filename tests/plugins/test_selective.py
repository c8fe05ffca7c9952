"""Risk over coverage: numbers are those of a plain count, cuts hang on training rows alone, keys do what they say."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta
from tests.plugins.predicted import of_two, view_of

from mesic import SettingError
from mesic.bundle.abstaining import Abstention
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.risk_curves import Areas, area
from mesic_plugins.evaluators.selective import COVERAGES, Selective


def two_classes(rows=900, inside=600, seed=0, **more):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.7, 0.7, rows)
    return view_of(pd.DataFrame({"x": p}), (rng.random(rows) < p).astype(int), of_two(p), inside=inside, **more)


@pytest.fixture(scope="module")
def found():
    return Selective().evaluate(two_classes()).data


def naive_area(sureness, losses, weight):
    """Answer the surest first, equals together, and average the risk so far over the rows."""
    risks = [np.average(losses[sureness >= one], weights=weight[sureness >= one]) for one in sureness]
    return np.average(risks, weights=weight)


def test_the_area_is_the_mean_of_the_risks_so_far_with_ties_and_weights():
    rng = np.random.default_rng(1)
    sureness, losses, weight = rng.integers(0, 12, 80).astype(float), rng.random(80), rng.random(80)

    assert area(sureness, losses, weight) == pytest.approx(naive_area(sureness, losses, weight))


def test_the_interval_of_the_area_is_that_of_rows_drawn_again_and_again():
    rng = np.random.default_rng(2)
    sureness = rng.random(300)
    losses = (rng.random(300) > sureness).astype(float)
    told = Areas(Rows(300), sureness, losses, np.random.default_rng(0)).told("model")

    drawn = [area(sureness[rows], losses[rows], np.ones(300)) for rows in rng.integers(0, 300, (400, 300))]

    assert told["value"] == area(sureness, losses, np.ones(300))
    width = told["high"] - told["low"]
    assert (told["low"], told["high"]) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=width / 8)


def test_every_point_is_a_plain_count_of_test_rows(found):
    view = two_classes()
    sure, wrong = view.prediction.max(axis=1), view.prediction.argmax(axis=1) != view.y

    assert [point["wanted"] for point in found["points"]] == list(COVERAGES)
    for point in found["points"]:
        assert point["coverage"]["value"] == pytest.approx((sure >= point["cut"]).mean())
        assert point["risk"]["value"] == pytest.approx(wrong[sure >= point["cut"]].mean())
    assert found["area_of_chance"]["value"] == pytest.approx(wrong.mean())
    assert found["area_of_hindsight"]["value"] < found["area"]["value"] < found["area_of_chance"]["value"]


def test_what_test_rows_are_changes_no_cut(found):
    view = two_classes()
    other = replace(view, y=1 - view.y, prediction=view.prediction[::-1])
    again = Selective().evaluate(other).data

    assert [point["cut"] for point in again["points"]] == [point["cut"] for point in found["points"]]
    assert again["chosen"]["out_of_fold"] == found["chosen"]["out_of_fold"]
    assert again["chosen"]["test"]["risk"] != found["chosen"]["test"]["risk"]
    known = view.out_of_fold
    assert found["chosen"]["cut"] == np.sort(known.prediction.max(axis=1))[::-1][int(0.9 * len(known)) - 1]


def test_a_risk_is_promised_where_the_binomial_says_so_all_the_way_from_a_start():
    view = two_classes(rows=3_000, inside=2_700)
    chosen = Selective(at_most=0.1, confidence=0.9).evaluate(view).data["chosen"]
    known = view.out_of_fold
    sure, wrong = known.prediction.max(axis=1), known.prediction.argmax(axis=1) != known.y
    best = None
    for start in (2, 6, 10, 14):  # twentieths of the rows
        for share in range(start, 21):
            cut = np.sort(sure)[::-1][share * 135 - 1]
            lost, answered = wrong[sure >= cut].sum(), (sure >= cut).sum()
            if beta.ppf(1 - 0.1 / 4, lost + 1, answered - lost) > 0.1:
                break
            best = max(share, best or 0)

    assert chosen["cut"] == np.sort(sure)[::-1][best * 135 - 1]
    assert chosen["out_of_fold"]["risk"]["value"] < 0.1
    assert 0.2 < chosen["test"]["coverage"]["value"] < 0.9


@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_the_keys_let_a_bundle_answer_just_these_rows(threshold):
    def decide(p):
        return (p[:, 1] > threshold).astype(int)

    view = replace(two_classes(), decide=decide)
    chosen = Selective(coverage=0.7).evaluate(view).data["chosen"]
    keys = {name.removeprefix("abstain_"): value for name, value in chosen["keys"].items()}
    bundle = SimpleNamespace(classes=("no", "yes"), fitted=SimpleNamespace(decided=decide))

    reasons = Abstention(**keys).reasons(bundle, view.prediction)

    assert set(keys) == ({"below"} if threshold == 0.5 else {"between"})
    assert np.mean([why is None for why in reasons]) == pytest.approx(chosen["test"]["coverage"]["value"], abs=0.004)
    answered = np.array([why is None for why in reasons])
    wrong = decide(view.prediction) != view.y
    assert wrong[answered].mean() == pytest.approx(chosen["test"]["risk"]["value"], abs=0.004)


def test_numbers_are_ranked_by_the_usual_error_at_such_a_prediction():
    rng = np.random.default_rng(3)
    said = rng.uniform(0, 10, 2_000)
    y = said + (0.1 + said) * rng.normal(size=2_000)
    data = Selective().evaluate(view_of(pd.DataFrame({"x": said}), y, said, inside=1_500)).data

    assert data["saved"]["low"] > 0
    assert data["loss"] == "absolute error"
    assert data["chosen"]["keys"] == {}
    with pytest.raises(SettingError, match="share of wrong classes"):
        Selective(at_most=0.1).evaluate(view_of(pd.DataFrame({"x": said}), y, said, inside=1_500))


def codes(evaluator, view):
    return [finding.code for finding in evaluator.evaluate(view).findings]


def test_doubt_that_tells_nothing_and_risks_that_are_out_of_reach_or_broken_are_found():
    view = two_classes()
    sure = view.prediction.max(axis=1)
    said = view.prediction.argmax(axis=1)
    turned = replace(view, y=np.where(sure > np.median(sure), 1 - said, said))

    assert codes(Selective(), view) == []
    assert codes(Selective(), turned) == ["DOUBT-UNTOLD"]
    assert codes(Selective(at_most=1e-4), view) == ["RISK-OUT-OF-REACH"]
    assert codes(Selective(at_most=0.1), turned) == ["DOUBT-UNTOLD", "RISK-MISSED"]


def test_rows_of_a_group_count_together_and_without_rows_out_of_fold_nothing_is_chosen():
    groups = np.repeat(np.arange(90), 10)
    alone, together = (Selective().evaluate(two_classes(groups=of)).data["area"] for of in (None, groups))
    bare = Selective().evaluate(replace(two_classes(), out_of_fold=None)).data

    assert (alone["unit"], together["unit"]) == ("rows", "groups")
    assert together["value"] == alone["value"]
    assert (bare["chosen"], bare["cuts_from"]) == (None, "test rows")


def test_many_rows_are_dealt_into_blocks_and_cost_no_more():
    data = Selective().evaluate(two_classes(rows=30_000, inside=10_000)).data

    assert data["area"]["low"] < data["area"]["value"] < data["area"]["high"]
    assert data["area"]["high"] - data["area"]["low"] < 0.02
