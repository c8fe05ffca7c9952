"""Thresholds keep what they promise, by formulas, brute force and simulation."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import confusion_matrix, fbeta_score, precision_score, recall_score, roc_curve

from mesic.bundle.step import PortableStep
from mesic.config.settings import Threshold
from mesic.decision.curves import curves_of
from mesic.decision.cuts import Scored, cuts_of
from mesic.decision.money import Money, cost_matrix
from mesic.decision.promise import ENDLESS, Promise, p_value, reached
from mesic.decision.reliability import change_of, reliability
from mesic.decision.rules import NEVER, Rule, choose
from mesic.decision.settling import settle
from mesic.errors import UsageError
from mesic.evaluation.losses import example_losses
from mesic.training.folds import OutOfFold
from mesic_plugins.metrics.brier import Brier


def scored(p, y, weight=None, unit=None):
    weight = np.ones(len(p)) if weight is None else weight
    return Scored(p, y, weight, np.arange(len(p)) if unit is None else unit, p)


def drawn(rows, seed=0, power=1.0):
    rng = np.random.default_rng(seed)
    p = rng.random(rows) ** power
    return p, (rng.random(rows) < p).astype(int)


def test_a_p_value_is_the_chance_of_so_many_hits_among_all_rows_if_the_promise_is_broken():
    rng = np.random.default_rng(0)
    hits, size, coming, at_least = 27, 30, 20, 0.8
    broken = 15  # of 20: the most that break a promise of 0.8
    urn = np.r_[np.ones(hits + broken), np.zeros(size + coming - hits - broken)]
    seen = np.array([rng.permutation(urn)[:size].sum() for _ in range(20_000)])

    assert p_value(hits, size, coming, at_least) == pytest.approx((seen >= hits).mean(), abs=0.01)
    assert p_value(hits, size, ENDLESS, at_least) == pytest.approx(binom.sf(hits - 1, size, at_least), rel=1e-9)
    assert p_value(hits, size, 10**5, at_least) == pytest.approx(binom.sf(hits - 1, size, at_least), rel=0.01)


@pytest.mark.parametrize(("of", "power"), [("precision", 1.0), ("recall", 2.0)])
def test_a_promise_is_kept_on_new_rows_as_often_as_is_said_where_naive_picking_fails(of, power):
    kept, naive = [], []
    for seed in range(150):
        p, y = drawn(1_250, seed, power)
        p = p.round(2)  # fewer thresholds, so that the test is short
        known, new = slice(0, 1_000), slice(1_000, None)
        cuts = cuts_of(scored(p[known], y[known]))
        found = reached(cuts, Promise(of, 0.8, 0.9, 250))
        if found.cut is None:
            continue
        shares = cuts.hits / (cuts.answered if of == "precision" else cuts.positive)
        good = np.flatnonzero(shares >= 0.8)
        for places, told in ((found.cut, kept), (good[-1] if of == "precision" else good[0], naive)):
            answered = p[new] >= cuts.threshold[places]
            score = precision_score if of == "precision" else recall_score
            told.append(score(y[new], answered) >= 0.8)

    assert len(kept) > 100
    assert np.mean(kept) >= 0.87  # 0.9 less two and a half standard errors would be 0.84
    assert np.mean(naive) < 0.7


def test_rows_of_one_group_count_once():
    p, y = drawn(400)
    promise = Promise("precision", 0.75, 0.9, ENDLESS)
    once = cuts_of(scored(p, y))
    copied = cuts_of(scored(np.repeat(p, 7), np.repeat(y, 7), unit=np.repeat(np.arange(400), 7)))

    np.testing.assert_allclose(once.size, copied.size)
    assert once.threshold[reached(once, promise).cut] == copied.threshold[reached(copied, promise).cut]
    alone = cuts_of(scored(np.repeat(p, 7), np.repeat(y, 7)))
    assert alone.threshold[reached(alone, promise).cut] < once.threshold[reached(once, promise).cut]


def test_what_cannot_be_promised_is_said_with_the_best_and_the_rows_that_it_takes():
    p, y = drawn(300)
    few = reached(cuts_of(scored(p, y)), Promise("precision", 0.93, 0.9, ENDLESS))
    hopeless = reached(cuts_of(scored(np.full(300, 0.5), y)), Promise("precision", 0.9, 0.9, 100))
    times = int(np.ceil(few.needed))
    more = cuts_of(scored(np.repeat(p, times), np.repeat(y, times)))

    assert few.cut is None
    assert 0.7 < few.best < 0.93
    assert few.needed > 1
    assert reached(more, Promise("precision", 0.93, 0.9, ENDLESS)).cut is not None
    assert hopeless.cut is None
    assert hopeless.needed is None
    nobody = cuts_of(scored(p, np.zeros(300, int)))
    assert reached(nobody, Promise("recall", 0.5, 0.9, 100)).cut is None


def test_f_beta_and_cost_are_the_best_of_all_thresholds():
    p, y = drawn(200)
    costs = np.array([[0.0, 1.0], [5.0, -0.5]])
    by_f = choose(Rule(Threshold(rule="f_beta", beta=2.0), None, 1), scored(p, y)).facts["threshold"]
    by_cost = choose(Rule(Threshold(rule="cost"), costs, 1), scored(p, y)).facts["threshold"]
    everywhere = np.r_[0, np.sort(p), 1.1]

    def cost(threshold):
        return (confusion_matrix(y, p >= threshold, labels=[0, 1]) * costs).sum()

    assert fbeta_score(y, p >= by_f, beta=2) == max(fbeta_score(y, p >= t, beta=2, zero_division=0) for t in everywhere)
    assert cost(by_cost) == min(cost(t) for t in everywhere)


def test_the_positive_class_is_never_answered_where_that_costs_least():
    p, y = drawn(50)
    rule = Rule(Threshold(rule="cost"), np.array([[0.0, 100.0], [1.0, 0.0]]), 1)

    assert choose(rule, scored(p * 0.1, (y * 0) | (np.arange(50) == 0))).facts["threshold"] == NEVER


@dataclass
class Few:
    """What is read of a dataset."""

    y: np.ndarray
    task: str = "binary"
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    classes: tuple = field(default=("no", "yes"))


def out_of_fold(p, y, fold):
    both = np.column_stack([1 - p, p])
    losses = example_losses("binary", y, both)
    return OutOfFold(np.arange(len(p)), fold, both, losses, losses.mean(), (), 0.0, None)


def halved(p, y, weight):
    """Calibrate by the share of positive rows, so that it is seen whose rows were learned from."""
    arrays = {"coef": np.zeros((1, 2)), "intercept": np.array([np.log(y.mean() / (1 - y.mean()))])}
    return PortableStep("log_odds", {"classes": 2}, arrays), ()


def test_what_is_told_of_a_fold_is_learned_from_the_others():
    p, y = drawn(300)
    fold = np.arange(300) % 3
    rule = Rule(Threshold(rule="f_beta"), None, 1)
    settled = settle(out_of_fold(p, y, fold), Few(y), calibrate=halved, rule=rule, in_time=False)
    turned = np.where(fold == 0, 1 - y, y)
    other = settle(out_of_fold(p, turned, fold), Few(turned), calibrate=halved, rule=rule, in_time=False)

    for number in range(3):
        assert settled.found.prediction[fold == number, 1] == pytest.approx(y[fold != number].mean())
    np.testing.assert_array_equal(settled.found.prediction[fold == 0], other.found.prediction[fold == 0])
    np.testing.assert_array_equal(settled.codes[fold == 0], other.codes[fold == 0])
    assert settled.whole.answers(np.array([[0.5, 0.5]]))[0, 1] == pytest.approx(y.mean())


def test_in_time_only_earlier_folds_say_what_is_done_with_a_fold():
    p, y = drawn(300)
    fold = np.arange(300) // 100
    settled = settle(out_of_fold(p, y, fold), Few(y), calibrate=halved, rule=None, in_time=True)

    assert set(settled.found.fold) == {1, 2}
    assert settled.found.prediction[settled.found.fold == 1, 1] == pytest.approx(y[:100].mean())
    assert settled.found.prediction[settled.found.fold == 2, 1] == pytest.approx(y[:200].mean())


def test_nothing_is_told_out_of_fold_where_there_is_one_fold():
    p, y = drawn(100)
    settled = settle(out_of_fold(p, y, np.zeros(100, int)), Few(y), calibrate=halved, rule=None, in_time=False)

    assert settled.found is None
    assert settled.codes is None
    assert settled.whole.steps


def test_rows_that_repeated_folds_predict_do_not_decide_for_themselves_and_count_once():
    p, y = drawn(200)
    rows, fold = np.repeat(np.arange(200), 2), np.tile([0, 10], 200) + np.repeat(np.arange(200) % 2, 2)
    found = out_of_fold(np.repeat(p, 2), np.repeat(y, 2), fold)
    found = OutOfFold(rows, *(getattr(found, name) for name in list(vars(found))[1:]))
    rule = Rule(Threshold(rule="precision", at_least=0.75), None, 400)
    settled = settle(found, Few(y), calibrate=halved, rule=None, in_time=False)
    promised = settle(found, Few(y), calibrate=None, rule=rule, in_time=False).whole.chosen
    once = choose(rule, scored(p, y))

    assert settled.found.prediction[fold == 0, 1] == pytest.approx(y[1::2].mean())
    assert promised.facts == once.facts
    assert promised.facts["promise"]["chosen_from"] == 200


def test_costs_of_two_classes_and_of_many():
    assert cost_matrix({"false_positive": None, "matrix": None}, ("a", "b")) is None
    with pytest.raises(UsageError, match="is of two classes, and here are 3"):
        cost_matrix({"false_positive": 1.0}, ("a", "b", "c"))
    with pytest.raises(UsageError, match="'bird', which is no class"):
        cost_matrix({"matrix": {"bird": {"a": 1.0}}}, ("a", "b"))
    y, said = np.array([0, 1, 2, 2]), np.array([0, 0, 2, 1])
    costs = np.array([[0.0, 1, 2], [3, 0, 4], [5, 6, -1]])
    assert Money(costs).score(y, said) == 1000 * (0 + 3 - 1 + 6) / 4
    assert Money(costs).each(y, said).mean() == 2000.0


def test_curves_are_those_of_scikit_learn():
    p, y = drawn(300)
    found = curves_of(y, p, weight=None, groups=None, level=0.95, rng=np.random.default_rng(0), marked=0.4)
    for point in found["points"]:
        answered = p >= point["threshold"]
        assert point["precision"]["value"] == pytest.approx(precision_score(y, answered))
        assert point["recall"]["value"] == pytest.approx(recall_score(y, answered))
        assert point["recall"]["low"] <= point["recall"]["value"] <= point["recall"]["high"]
    false, true, _ = roc_curve(y, p, drop_intermediate=False)
    known = {(round(x, 9), round(up, 9)) for x, up in zip(false, true, strict=True)}
    points = {(round(at["false_alarms"]["value"], 9), round(at["recall"]["value"], 9)) for at in found["points"]}
    assert len(points) > 50
    assert points <= known
    assert 0.4 in [point["threshold"] for point in found["points"]]
    assert curves_of(np.ones(5, int), np.ones(5), weight=None, groups=None, level=0.9, rng=None) is None


def test_bands_of_groups_are_wider_than_those_of_rows():
    p, y = drawn(200)
    p, y, groups = np.repeat(p, 5), np.repeat(y, 5), np.repeat(np.arange(200), 5)
    about = {"weight": None, "level": 0.95}
    by_row = curves_of(y, p, groups=None, rng=np.random.default_rng(0), **about)
    by_group = curves_of(y, p, groups=groups, rng=np.random.default_rng(0), **about)
    widths = [
        np.mean([point["precision"]["high"] - point["precision"]["low"] for point in found["points"]])
        for found in (by_row, by_group)
    ]

    assert widths[1] > 1.7 * widths[0]  # about the square root of five


def test_reliability_holds_every_row_once():
    p, y = drawn(95)
    both = np.column_stack([1 - p, p])
    bins = reliability(y, both, None, None, 0.95)

    assert sum(row["n"] for row in bins) == 95
    assert np.average([row["predicted"] for row in bins], weights=[row["n"] for row in bins]) == pytest.approx(p.mean())
    assert all(row["low"] <= row["observed"] <= row["high"] for row in bins)


def test_a_change_is_the_difference_of_scores_and_its_interval_covers_the_truth():
    covered = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        p = rng.random(300)
        y = (rng.random(300) < p).astype(int)
        bold = p**3 / (p**3 + (1 - p) ** 3)
        before, after = (np.column_stack([1 - q, q]) for q in (bold, p))
        about = {"weight": None, "groups": None, "level": 0.95, "rng": np.random.default_rng(seed)}
        found = change_of({"brier": Brier()}, y, before, after, **about)
        change = found["change"]["brier"]
        assert change["value"] == pytest.approx(found["after"][0]["value"] - found["before"][0]["value"])
        u = np.linspace(0.0005, 0.9995, 1000)
        truth = -((u**3 / (u**3 + (1 - u) ** 3) - u) ** 2).mean()
        covered.append(change["low"] <= truth <= change["high"])

    assert np.mean(covered) >= 0.88
