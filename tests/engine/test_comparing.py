"""Which of several models is better, against references that are computed otherwise."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from mesic.comparing.candidates import OUT_OF_FOLD, TEST, Answers, Candidate
from mesic.comparing.comparing import compared
from mesic.comparing.folds import FoldLosses
from mesic.comparing.ground import Roles
from mesic.comparing.means import mean_losses
from mesic.comparing.multiplicity import holm
from mesic.comparing.question import Question
from mesic.comparing.replicates import Side, replicated
from mesic.comparing.scores import scores_of_sides
from mesic.comparing.verdicts import rows_to_decide, verdict_of
from mesic.comparing.winner import worth_of_best
from mesic.errors import DataError, SettingError
from mesic.evaluation.comparison import Comparison, paired_difference
from mesic.evaluation.intervals import BLOCKS_OF_TIME
from mesic.evaluation.losses import example_losses
from mesic.evaluation.resampling import plan_resampling
from mesic_plugins.metrics.accuracy import Accuracy
from mesic_plugins.metrics.f1 import F1
from mesic_plugins.metrics.median_ae import MedianAe
from mesic_plugins.metrics.roc_auc import RocAuc


def planned(rows, groups=None, seed=0, replicates=1_000):
    return plan_resampling(rows, groups, rng=np.random.default_rng(seed), replicates=replicates)


def difference(value, low, high, *, p=None, n=500, unit="rows"):
    return Comparison(value=value, low=low, high=high, p=p, level=0.95, method="", unit=unit, n=n)


def classifier(rng, y, sharpness):
    p = 1 / (1 + np.exp(-sharpness * (2 * y - 1) - rng.normal(size=y.size)))
    return np.column_stack([1 - p, p])


def side(y, p, unit, **more):
    return Side(y, p.argmax(axis=1), p, unit, **more)


def candidate(name, y, p, part=TEST, rows=None, luck=0.0):
    rows = np.arange(y.size) if rows is None else rows
    answers = Answers(rows, y, p.argmax(axis=1), p, example_losses("binary", y, p))
    return Candidate(name, "binary", ("no", "yes"), {"zone": {"optimism": {"value": luck}}}, given={part: answers})


def asked(candidates, part=TEST, roles=lambda rows: Roles(), **more):
    metrics = {"log_loss": Accuracy(), "roc_auc": RocAuc()}  # by the name only; the loss decides
    return compared(candidates, Question(metrics, **more), part=part, roles=roles)


class TestMeans:
    def test_two_models_are_told_apart_as_by_the_paired_t_test(self):
        losses = np.random.default_rng(0).exponential(size=(2, 60))
        found = mean_losses(losses, planned(60)).difference(0, 1, 0.95)
        reference = stats.ttest_rel(*losses)

        assert found["p"] == pytest.approx(reference.pvalue)
        assert (found["low"], found["high"]) == pytest.approx(tuple(reference.confidence_interval(0.95)))

    def test_weights_and_groups_count_as_they_do_for_two(self):
        rng = np.random.default_rng(1)
        losses, group, weight = rng.exponential(size=(3, 200)), np.repeat(np.arange(20), 10), rng.uniform(1, 3, 200)
        found = mean_losses(losses, planned(200, group), weight).difference(2, 0, 0.9)
        two = paired_difference(
            losses[2], losses[0], weight=weight, groups=group, rng=np.random.default_rng(0), level=0.9
        )

        assert found["unit"] == "groups"
        for name in ("value", "low", "high", "p"):
            assert found[name] == pytest.approx(two[name])

    def test_errors_are_widened_where_folds_share_rows(self):
        losses = np.random.default_rng(2).exponential(size=(2, 80))
        plain, wide = (mean_losses(losses, planned(80), widened=widened) for widened in (1.0, 1.35))

        assert wide.error(0, 1) == pytest.approx(1.35 * plain.error(0, 1))
        assert "times 1.35" in wide.difference(0, 1, 0.95)["method"]

    def test_the_same_losses_are_no_difference(self):
        own = np.random.default_rng(3).exponential(size=50)
        found = mean_losses(np.stack([own, own]), planned(50)).difference(0, 1, 0.95)

        assert (found["value"], found["low"], found["high"], found["p"]) == (0, 0, 0, 1)

    def test_a_single_unit_says_nothing(self):
        found = mean_losses(np.ones((2, 5)) * [[1], [2]], planned(5, np.zeros(5, dtype=int))).difference(0, 1, 0.95)

        assert (found["value"], found["low"], found["p"]) == (-1, None, None)


class TestReplicates:
    @pytest.mark.parametrize("metric", [F1(), Accuracy()], ids=repr)
    def test_a_resample_is_scored_as_its_rows_would_be(self, metric):
        rng = np.random.default_rng(4)
        y = rng.integers(0, 2, 90)
        p, plan = classifier(rng, y, 0.7), planned(90, replicates=5)
        scored = {"f1": sk.f1_score, "accuracy": sk.accuracy_score}[metric.name]
        rows = [np.repeat(np.arange(90), times.astype(int)) for times in plan.counts]

        assert replicated(metric, side(y, p, plan.unit_of_row), plan.counts) == pytest.approx(
            [scored(y[drawn], p[drawn].argmax(axis=1)) for drawn in rows]
        )

    def test_what_has_no_sums_is_scored_anew_on_the_same_rows(self):
        rng = np.random.default_rng(5)
        y, answer, plan = rng.normal(size=70), rng.normal(size=70), planned(70, replicates=6)
        own = Side(y, None, answer, plan.unit_of_row)
        rows = [np.repeat(np.arange(70), times.astype(int)) for times in plan.counts]

        assert replicated(MedianAe(), own, plan.counts) == pytest.approx(
            [sk.median_absolute_error(y[drawn], answer[drawn]) for drawn in rows]
        )

    def test_the_spread_of_an_area_is_that_of_scoring_each_resample_anew(self):
        rng = np.random.default_rng(6)
        y = rng.integers(0, 2, 300)
        p, plan = classifier(rng, y, 0.6), planned(300, replicates=600)
        drawn = replicated(RocAuc(), side(y, p, plan.unit_of_row), plan.counts)
        rows = [np.repeat(np.arange(300), times.astype(int)) for times in plan.counts]
        anew = np.array([sk.roc_auc_score(y[own], p[own, 1]) for own in rows])

        assert np.std(drawn) == pytest.approx(np.std(anew), rel=0.08)
        assert np.corrcoef(drawn, anew)[0, 1] > 0.97


class TestScores:
    def test_p_and_interval_say_the_same(self):
        for seed in range(25):
            rng = np.random.default_rng(seed)
            y = rng.integers(0, 2, 120)
            plan = planned(120, seed=seed)
            sides = [side(y, classifier(rng, y, sharp), plan.unit_of_row) for sharp in (0.5, 0.8)]
            found = scores_of_sides(RocAuc(), sides, plan, None).difference(0, 1, 0.95)
            if abs(found["p"] - 0.05) > 0.01:
                assert (found["p"] < 0.05) == (found["high"] < 0 or found["low"] > 0)

    def test_equally_good_models_are_rarely_told_apart(self):
        told = []
        for seed in range(150):
            rng = np.random.default_rng(seed)
            y = rng.integers(0, 2, 150)
            plan = planned(150, seed=seed)
            sides = [side(y, classifier(rng, y, 0.6), plan.unit_of_row) for _ in range(2)]
            told.append(scores_of_sides(RocAuc(), sides, plan, None).p(0, 1) < 0.05)

        assert np.mean(told) <= 0.08

    def test_an_undefined_score_cannot_be_told(self):
        y, plan = np.zeros(20, dtype=int), planned(20)
        one = side(y, np.full((20, 2), 0.5), plan.unit_of_row)
        found = scores_of_sides(RocAuc(), [one, one], plan, None).difference(0, 1, 0.95)

        assert found["value"] is None
        assert verdict_of(found, p=None, greater_is_better=True) == "cannot tell"


def test_folds_are_compared_with_the_correction_of_nadeau_and_bengio():
    rng = np.random.default_rng(7)
    losses = rng.normal(1, 0.1, size=(2, 10))
    apart = losses[0] - losses[1]
    t = apart.mean() / np.sqrt(apart.var(ddof=1) * (1 / 10 + 20 / 180))

    assert FoldLosses(losses, 180, 20).p(0, 1) == pytest.approx(2 * stats.t.sf(abs(t), 9))
    assert FoldLosses(losses[:, :1], 180, 20).difference(0, 1, 0.95)["p"] is None


def test_holm_multiplies_the_smallest_p_by_the_number_of_tests():
    assert holm([0.01, 0.5, 0.02, 0.02]) == pytest.approx([0.04, 0.5, 0.06, 0.06])
    assert np.isnan(holm([float("nan"), 0.01])[0])
    assert holm([float("nan"), 0.01])[1] == pytest.approx(0.02)


class TestVerdicts:
    @pytest.mark.parametrize(
        ("ends", "p", "greater", "margin", "verdict"),
        [
            ((0.02, 0.01, 0.03), 0.001, True, None, "better"),
            ((0.02, 0.01, 0.03), 0.001, False, None, "worse"),
            ((0.02, -0.01, 0.05), 0.2, False, None, "cannot tell"),
            ((0.02, 0.01, 0.03), 0.06, True, None, "cannot tell"),
            ((0.02, 0.01, 0.03), 0.001, True, 0.03, "equivalent"),
            ((0.02, 0.01, 0.03), 0.001, True, 0.029, "better"),
            ((0.0, 0.0, 0.0), 1.0, True, None, "equivalent"),
        ],
    )
    def test_words(self, ends, p, greater, margin, verdict):
        assert verdict_of(difference(*ends), p=p, greater_is_better=greater, margin=margin) == verdict

    def test_as_many_rows_as_are_named_show_a_difference_in_four_cases_of_five(self):
        rng = np.random.default_rng(8)
        pilot = rng.normal(0.1, 1, 400)
        found = mean_losses(np.stack([pilot, np.zeros(400)]), planned(400)).difference(0, 1, 0.95)
        rows = rows_to_decide(found, size=0.1)
        shown = [stats.ttest_1samp(rng.normal(0.1, pilot.std(), rows), 0).pvalue < 0.05 for _ in range(600)]

        assert np.mean(shown) == pytest.approx(0.8, abs=0.05)

    def test_no_difference_needs_no_number_of_rows_and_more_tests_need_more(self):
        assert rows_to_decide(difference(0.0, -0.1, 0.1)) is None
        assert rows_to_decide(difference(1e-9, -0.1, 0.1)) is None
        assert rows_to_decide(difference(0.05, -0.1, 0.2), tests=9) > rows_to_decide(difference(0.05, -0.1, 0.2))


class TestCompared:
    def two(self, seed=0, rows=400, sharp=(0.3, 1.2)):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, rows)
        return y, [candidate(name, y, classifier(rng, y, own)) for name, own in zip("ab", sharp, strict=True)]

    def test_the_better_of_two(self):
        _, both = self.two()
        found = asked(both, against="a")

        assert found.pairs[0]["verdict"] == "better"
        assert found.pairs[0]["difference"]["high"] < 0
        assert [model["name"] for model in found.models] == ["b", "a"]
        assert found.worth is None

    def test_a_metric_may_decide(self):
        _, both = self.two()
        found = asked(both, against="b", by="roc_auc")

        assert found.pairs[0]["verdict"] == "worse"
        assert found.pairs[0]["difference"]["value"] < 0
        assert found.greater_is_better
        assert "roc_auc" not in [one["metric"] for one in found.pairs[0]["metrics"]]

    def test_groups_are_read_and_make_a_claim_harder(self):
        y, both = self.two(sharp=(0.6, 0.75))
        group = np.repeat(np.arange(8), 50)
        found = asked(both, against="a", roles=lambda rows: Roles(groups=group[rows]))

        assert found.unit == "groups"
        assert found.pairs[0]["difference"]["n"] == y.size

    def test_stretches_of_time_are_drawn_whole(self):
        rng = np.random.default_rng(12)
        y = rng.integers(0, 2, 400)
        slow = np.repeat(rng.normal(0, 1, 20), 20)
        p = 1 / (1 + np.exp(-slow * (2 * y - 1)))
        both = [candidate("a", y, classifier(rng, y, 0.6)), candidate("b", y, np.column_stack([1 - p, p]))]
        found = asked([both[1], both[0]], against="b", roles=lambda rows: Roles(time=1.0 * rows))

        assert found.unit == BLOCKS_OF_TIME
        assert found.pairs[0]["difference"]["unit"] == BLOCKS_OF_TIME

    def test_the_best_of_equals_is_called_better_than_none_of_them(self):
        claims = []
        for seed in range(40):
            rng = np.random.default_rng(seed)
            y = rng.integers(0, 2, 200)
            found = asked([candidate(str(n), y, classifier(rng, y, 0.6)) for n in range(8)])
            claims.append(any(pair["verdict"] != "cannot tell" for pair in found.pairs))
            assert found.is_chosen
            assert found.tests == 28

        assert np.mean(claims) <= 0.08

    def test_the_best_of_many_is_worth_less_than_it_seems(self):
        rng = np.random.default_rng(9)
        y = rng.integers(0, 2, 200)
        many = [candidate(str(n), y, classifier(rng, y, 0.6)) for n in range(20)]
        by_loss, by_metric = asked(many), asked(many, by="roc_auc")

        assert by_loss.worth["expected"] > by_loss.worth["seems"]
        assert by_metric.worth["expected"] < by_metric.worth["seems"]
        assert by_loss.worth["models"] == 20

    def test_luck_of_a_search_is_added_to_its_loss_out_of_fold(self):
        rng = np.random.default_rng(10)
        y = rng.integers(0, 2, 300)
        p = classifier(rng, y, 0.8)
        both = [candidate("plain", y, p, OUT_OF_FOLD), candidate("searched", y, p, OUT_OF_FOLD, luck=0.01)]
        found = asked(both, OUT_OF_FOLD, against="plain")

        assert found.pairs[0]["difference"]["value"] == pytest.approx(0.01)
        assert "0.01 of searched" in found.notes[0]

    def test_repeated_folds_count_each_row_once(self):
        y, both = self.two()
        once = [Candidate(one.name, one.task, one.classes, {}, given={OUT_OF_FOLD: one.answers(TEST)}) for one in both]
        twice = [self.repeated(one) for one in once]
        single, double = (asked(them, OUT_OF_FOLD, against="a") for them in (once, twice))

        assert double.rows == y.size
        assert double.pairs[0]["difference"] == pytest.approx(single.pairs[0]["difference"])
        assert double.pairs[0]["metrics"][-1]["difference"] == pytest.approx(
            single.pairs[0]["metrics"][-1]["difference"]
        )

    def repeated(self, one):
        told = one.given[OUT_OF_FOLD]
        twice = {
            name: np.repeat(getattr(told, name), 2, axis=0) for name in ("rows", "y", "labels", "prediction", "losses")
        }
        return Candidate(one.name, one.task, one.classes, {}, given={OUT_OF_FOLD: Answers(**twice)})

    def test_only_rows_that_all_answered_count_and_there_must_be_some(self):
        rng = np.random.default_rng(11)
        y = rng.integers(0, 2, 100)
        p = classifier(rng, y, 1.0)
        part = [candidate("a", y, p), candidate("b", y[:60], p[:60])]
        apart = [candidate("a", y[:50], p[:50]), candidate("b", y[50:], p[50:], rows=np.arange(50, 100))]

        assert asked(part, against="a").rows == 60
        assert asked(part, against="a").pairs[0]["verdict"] == "equivalent"
        with pytest.raises(DataError, match="nothing to compare on"):
            asked(apart, against="a")

    def test_a_reference_that_is_none_of_them_is_refused(self):
        with pytest.raises(SettingError, match="against='c' cannot work: give one of a, b"):
            asked(self.two()[1], against="c")

    def test_the_same_seed_says_the_same(self):
        _, both = self.two()

        assert asked(both, against="a").as_dict() == asked(both, against="a").as_dict()


def test_the_worth_of_the_best_by_a_metric_is_what_new_rows_say():
    misses, corrected = [], []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 150)
        plan = planned(150, seed=seed, replicates=300)
        sides = [side(y, classifier(rng, y, 0.5), plan.unit_of_row) for _ in range(15)]
        found = worth_of_best(Accuracy(), sides, plan, level=0.95)
        misses.append(max(one.score(Accuracy()) for one in sides))
        corrected.append(found.expected)
    truth = stats.norm.cdf(0.5)

    assert np.mean(misses) > truth + 0.03
    assert np.mean(corrected) == pytest.approx(truth, abs=0.015)
