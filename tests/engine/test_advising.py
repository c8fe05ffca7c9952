"""Learning curves: what they say of more rows, and when they refuse."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from mesic.advising.curve import LearningCurve
from mesic.advising.power_law import fit_power_laws
from mesic.advising.slices import slices_of
from mesic.advising.subsets import Nested, usable_shares
from mesic.advising.worth import offer, offers
from mesic.data.view import Dataset
from mesic.errors import UsageError

SIZES = np.round(64 * 2 ** (np.arange(11) / 2))


def law(sizes, scale=2.0, exponent=0.6, floor=0.1, shift=20.0):
    return scale * (np.asarray(sizes) + shift) ** -exponent + floor


def curve(errors, *, noise=0.002, sizes=SIZES, seed=0, perfect=0.0, greater=False):
    rng = np.random.default_rng(seed)
    drawn = errors + noise * rng.normal(size=(300, len(sizes)))
    values = errors + noise / 2 * rng.normal(size=len(sizes))
    told = (perfect - values, perfect - drawn) if greater else (values, drawn)
    return LearningCurve("error", np.asarray(sizes), *told, perfect, greater, 0.95)


def dataset(rows=120, *, groups=None, time=None, classes=("no", "yes"), seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.25).astype(np.int64) if classes else rng.normal(size=rows)
    X = pd.DataFrame({"age": rng.normal(size=rows), "town": pd.Categorical(rng.choice(["a", "b", "c"], rows))})
    task = "binary" if classes else "regression"
    return Dataset(X, y, task, classes, np.arange(rows, dtype=np.uint64), np.arange(rows), groups=groups, time=time)


class TestPowerLaws:
    @pytest.mark.parametrize(
        "facts", [{}, {"exponent": 0.3, "floor": 0.0}, {"exponent": 1.2, "shift": -30.0, "scale": 9}]
    )
    def test_a_law_is_found_again(self, facts):
        found = fit_power_laws(SIZES, law(SIZES, **facts)[np.newaxis])

        assert found.at(16 * SIZES[-1])[0] == pytest.approx(law(16 * SIZES[-1], **facts), abs=0.005)

    def test_a_curve_that_rises_is_taken_as_flat_and_no_floor_lies_below_the_least(self):
        rising = fit_power_laws(SIZES, np.linspace(0.1, 0.2, SIZES.size)[np.newaxis])
        steep = fit_power_laws(SIZES, (0.6 - 0.05 * np.log(SIZES))[np.newaxis], least=0.0)

        assert rising.at(1e6)[0] == pytest.approx(rising.at(64)[0])
        assert steep.at(1e9)[0] >= 0


class TestLearningCurve:
    def test_the_band_holds_what_lies_beyond(self):
        held = []
        for seed in range(20):
            found = curve(law(SIZES), seed=seed).expected(8 * SIZES[-1])
            held.append(found["low"] <= law(8 * SIZES[-1]) <= found["high"])

        assert np.mean(held) >= 0.9

    def test_a_score_that_grows_is_its_mirror(self):
        down, up = curve(law(SIZES)), curve(law(SIZES), perfect=1.0, greater=True)

        assert up.expected(5_000)["value"] == pytest.approx(1 - down.expected(5_000)["value"])
        assert up.gain(2_000, 2_000)["value"] == pytest.approx(down.gain(2_000, 2_000)["value"])
        assert up.gain(2_000, 2_000)["value"] > 0

    def test_more_than_eight_times_the_rows_are_refused(self):
        found = curve(law(SIZES))

        assert found.reach == 8 * SIZES[-1]
        with pytest.raises(ValueError, match="more than 8 times"):
            found.at(found.reach + 1)

    def test_a_curve_that_gets_worse_refuses_and_says_where(self):
        errors = law(SIZES)
        errors[-3:] += 0.05
        found = curve(errors)

        assert "gets worse from" in found.refusal
        with pytest.raises(ValueError, match="gets worse"):
            found.expected(3_000)

    def test_noise_alone_is_no_rise(self):
        assert np.mean([bool(curve(np.full(SIZES.size, 0.2), seed=seed).refusal) for seed in range(60)]) <= 0.1

    def test_a_learner_that_wakes_up_late_is_told_from_there(self):
        late = np.where(SIZES < 300, 0.45, law(SIZES))
        found = curve(late)

        assert found.refusal == ""
        assert SIZES[found.start] >= 256
        assert found.expected(4 * SIZES[-1])["value"] == pytest.approx(law(4 * SIZES[-1]), abs=0.01)

    def test_a_curve_that_no_law_fits_and_one_of_few_sizes_refuse(self):
        bent = np.concatenate([np.full(7, 0.5), [0.49, 0.44, 0.34, 0.16]])

        assert "no power law fits" in curve(bent).refusal
        assert "too few" in curve(law(SIZES[:4]), sizes=SIZES[:4]).refusal


class TestSubsets:
    def test_larger_parts_hold_the_smaller_ones_with_the_classes_in_their_shares(self):
        data = dataset(400)
        folds = ((np.arange(0, 320), np.arange(320, 400)),)
        order = Nested.drawn(data, np.random.default_rng(0), by_time=False)
        parts = [set(order.folds(folds, share)[0][0]) for share in (0.125, 0.25, 0.5, 1.0)]
        shares = [data.y[list(part)].mean() for part in parts]

        assert all(small < large for small, large in pairwise(parts))
        assert [len(part) for part in parts] == pytest.approx([40, 80, 160, 320], abs=2)
        assert shares == pytest.approx([shares[-1]] * 4, abs=0.03)

    def test_groups_stay_whole(self):
        group = np.repeat(np.arange(24), 5)
        order = Nested.drawn(dataset(groups=group), np.random.default_rng(1), by_time=False)
        part = order.folds(((np.arange(100), np.arange(100, 120)),), 0.3)[0][0]
        counts = np.bincount(group[part], minlength=24)

        assert set(counts) == {0, 5}
        assert 30 <= part.size < 35

    def test_by_time_the_latest_rows_are_taken(self):
        time = np.random.default_rng(2).permutation(120).astype(float)
        fit = np.flatnonzero(time < 100)
        part = Nested.drawn(dataset(time=time), np.random.default_rng(0), by_time=True).folds(((fit, fit[:1]),), 0.25)[
            0
        ][0]

        assert time[part].min() == 75
        assert part.size == 25

    def test_shares_leave_rows_of_every_class(self):
        data = dataset(400)
        rare = Dataset(data.X, (np.arange(400) < 20).astype(np.int64), "binary", ("no", "yes"), data.keys, data.origin)
        folds = ((np.arange(400), np.arange(1)),)

        assert min(usable_shares(rare, folds)) * 20 >= 4
        assert min(usable_shares(data, folds)) * 400 >= 32


class TestWorth:
    def test_price_and_value_make_money(self):
        found = offer(curve(law(SIZES)), 2_000, 1_000, 0.5, 1e6)

        assert found["cost"] == 500
        assert found["net"]["value"] == pytest.approx(1e6 * found["gain"]["value"] - 500)
        assert found["worth_from"]["value"] == pytest.approx(500 / found["gain"]["value"])
        assert found["worth_from"]["low"] < found["worth_from"]["value"] < found["worth_from"]["high"]
        assert found["verdict"] == "worth it"
        assert offer(curve(law(SIZES)), 2_000, 1_000, 0.5, 1.0)["verdict"] == "not worth it"

    def test_a_flat_curve_promises_no_gain(self):
        told = [offer(curve(np.full(SIZES.size, 0.2), seed=seed), 2_000, 2_000, None, None) for seed in range(10)]

        assert {found["verdict"] for found in told} <= {"cannot tell", "no gain"}

    def test_offers_end_where_the_curve_does(self):
        found = offers(curve(law(SIZES)), 2_048, None, 1.0, None)

        assert [one["more"] for one in found] == [512, 1_024, 2_048, 4_096, 8_192]
        assert all(one["verdict"] == "a gain" for one in found[:3])


class TestSlices:
    def test_classes_levels_and_quarters(self):
        data = dataset(200)
        by_class, by_town, by_age = (slices_of(data, column) for column in (None, "town", "age"))

        assert list(by_class) == ["no", "yes"]
        assert set(by_town) == {"a", "b", "c"}
        assert len(by_age) == 4
        for found in (by_class, by_town, by_age):
            assert (np.sum(list(found.values()), axis=0) == 1).all()
        assert len(slices_of(dataset(200, classes=()), None)) == 4

    def test_a_strange_column_is_refused(self):
        with pytest.raises(UsageError, match=r"by='agee' is no column.*did you mean 'age'"):
            slices_of(dataset(), "agee")
