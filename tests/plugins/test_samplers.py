"""Samples obey the laws of the books that they are named after."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mesic import SettingError, TrainingView, UsageError
from mesic.training.sampling import estimated_mean, sample_facts
from mesic_plugins.samplers import register_samplers
from mesic_plugins.samplers.balance import ClassWeights, Oversample, Undersample
from mesic_plugins.samplers.cluster import Cluster
from mesic_plugins.samplers.everything import Everything
from mesic_plugins.samplers.imbalanced_learn import Cleaned, Smote
from mesic_plugins.samplers.random import Random
from mesic_plugins.samplers.reservoir import Reservoir
from mesic_plugins.samplers.stratified import Stratified
from mesic_plugins.samplers.systematic import Systematic

DRAWS = 1_000
MADE = {
    "everything": Everything,
    "random": Random,
    "reservoir": Reservoir,
    "systematic": Systematic,
    "stratified": Stratified,
    "cluster": Cluster,
    "oversample": Oversample,
    "undersample": Undersample,
    "class_weights": ClassWeights,
    "smote": Smote,
    "cleaned": Cleaned,
}


def rng(seed=0):
    return np.random.default_rng(seed)


def view_of(y, X=None, groups=None, time=None):
    return TrainingView(X, np.asarray(y), None, groups, time)


def families(count=200):
    """Rows of groups of different size whose members are alike, and a column that tells the spread of the target."""
    chance = rng(5)
    groups = np.repeat(np.arange(count), chance.integers(3, 12, count))
    kind = chance.integers(0, 4, groups.size)
    y = chance.normal(0, 1, count)[groups] + chance.normal(0, 0.2, groups.size) * (1 + 3 * kind)
    return view_of(y, pd.DataFrame({"kind": kind.astype(float)}), groups)


@pytest.mark.parametrize("sampler", [Random(0.14), Reservoir(7), Systematic(7)])
def test_every_row_is_drawn_equally_often(sampler):
    drawn = [sampler.sample(view_of(np.zeros(50)), rng(seed)).index for seed in range(10 * DRAWS)]
    times = np.bincount(np.concatenate(drawn), minlength=50)
    expected = sum(map(len, drawn)) / 50
    spread = 1 if isinstance(sampler, Systematic) else 1 - 7 / 50  # rows of a draw are drawn without replacement

    if isinstance(sampler, Systematic):  # whole phases are drawn, so it is the 7 phases that have a law
        times, expected = times[:7], times[:7].mean()
    assert stats.chi2.sf(((times - expected) ** 2 / expected).sum() / spread, times.size - 1) > 0.001


@given(rows=st.integers(1, 300), share=st.floats(0.001, 1), seed=st.integers(0, 2**31))
def test_a_random_sample_holds_different_rows_that_stand_for_all(rows, share, seed):
    sample = Random(share).sample(view_of(np.zeros(rows)), rng(seed))

    assert len(sample) == max(1, round(share * rows))
    assert np.unique(sample.index).size == len(sample)
    assert sample.index.max() < rows
    np.testing.assert_allclose(sample.weight.sum(), rows)


@given(things=st.integers(0, 60), size=st.integers(1, 50), seed=st.integers(0, 999))
def test_a_reservoir_reads_an_iterator_once_and_keeps_as_many_as_it_holds(things, size, seed):
    iterator = iter(range(things))
    kept = Reservoir(size).drawn(iterator, rng(seed))

    assert len(set(kept)) == len(kept) == min(things, size)
    assert next(iterator, "end") == "end"


@pytest.mark.parametrize(
    ("sampler", "low", "high"),
    [
        (Random(0.1), 0.93, 0.97),
        (Stratified(0.1, "kind", task="regression"), 0.93, 0.97),
        (Stratified(0.1, "kind", "equal", task="regression"), 0.93, 0.97),
        (Stratified(0.1, "kind", "neyman", task="regression"), 0.93, 0.97),
        (Cluster(0.2), 0.93, 0.97),
    ],
    ids=["random", "proportional", "equal", "neyman", "cluster"],
)
def test_intervals_of_a_sample_hold_the_mean_of_all_rows(sampler, low, high):
    view = families()
    samples = [sampler.sample(view, rng(seed)) for seed in range(DRAWS)]
    found = [estimated_mean(sample, view.y[sample.index]) for sample in samples]

    assert low <= np.mean([one.low <= view.y.mean() <= one.high for one in found]) <= high


def test_an_interval_that_takes_rows_of_groups_for_single_rows_covers_far_less():
    view = families()
    samples = [dataclasses.replace(Cluster(0.2).sample(view, rng(seed)), clusters=None) for seed in range(DRAWS)]
    found = [estimated_mean(sample, view.y[sample.index]) for sample in samples]

    assert np.mean([one.low <= view.y.mean() <= one.high for one in found]) < 0.75


def test_the_design_effect_of_groups_is_that_of_their_likeness():
    view = families()
    effects = [sample_facts(Cluster(0.3).sample(view, rng(seed)), view, (), 0.95) for seed in range(50)]

    assert 3 < np.mean([facts["design_effect"] for facts in effects]) < 12
    assert all(facts["effective_rows"] < facts["rows"] for facts in effects)


@pytest.mark.parametrize("better", ["proportional", "neyman"])
def test_strata_make_the_mean_surer_than_chance_does(better):
    chance = rng(1)
    kind = np.repeat(np.arange(4), [400, 300, 200, 100])
    y = 3.0 * kind + chance.normal(0, 1 + 2 * kind)
    view = view_of(y, pd.DataFrame({"kind": kind.astype(float)}))

    def spread(sampler):
        samples = [sampler.sample(view, rng(seed)) for seed in range(500)]
        return np.var([np.average(y[sample.index], weights=sample.weight) for sample in samples])

    best = spread(Stratified(0.1, "kind", better, task="regression"))
    assert best < 0.75 * spread(Random(0.1))
    assert spread(Stratified(0.1, "kind", "neyman", task="regression")) <= 1.1 * best


def test_a_stratified_sample_holds_every_class_as_it_is():
    y = np.repeat([0, 1], [950, 50])
    counts = [np.bincount(y[Stratified(0.2).sample(view_of(y), rng(seed)).index])[1] for seed in range(100)]

    assert set(counts) == {10}


def test_missing_values_and_deciles_are_strata():
    X = pd.DataFrame({"age": np.r_[np.arange(100.0), [np.nan] * 50]})
    sample = Stratified(0.2, "age").sample(view_of(np.zeros(150, int), X), rng())

    assert np.bincount(sample.strata).tolist() == [2] * 10 + [10]


def test_a_stratum_that_is_too_small_is_taken_whole_and_said():
    y = np.repeat([0, 1], [95, 5])
    sample = Stratified(0.5, allocation="equal").sample(view_of(y), rng())

    (finding,) = sample.findings
    assert np.bincount(y[sample.index]).tolist() == [25, 5]
    assert "'1' (5 of 25)" in finding.message


def test_strata_of_the_target_itself_have_no_spread_to_go_by():
    with pytest.raises(SettingError, match=r"sampler\.by=COLUMN"):
        Stratified(0.5, allocation="neyman").sample(view_of(np.repeat([0, 1], 50)), rng())
    with pytest.raises(SettingError, match=r"sampler\.by='town' cannot work: give a column that the learner sees: age"):
        Stratified(0.5, "town").sample(view_of(np.zeros(9, int), pd.DataFrame({"age": range(9)})), rng())


def half_hours(days=365):
    """Demand by the half hour: a period of 48."""
    moment = np.arange(48 * days)
    return np.sin(2 * np.pi * moment / 48) + rng(2).normal(0, 0.3, moment.size)


@pytest.mark.parametrize(("step", "said"), [(48, ["sampler.step=47"]), (96, ["sampler.step=95"]), (47, []), (49, [])])
def test_a_step_that_meets_the_period_of_the_rows_is_warned_of(step, said):
    y = half_hours()
    in_time = view_of(y, time=np.arange(y.size, dtype=float))
    shuffled = rng(3).permutation(y.size)
    jumbled = view_of(y[shuffled], time=shuffled.astype(float))  # time decides the order, not the file

    for view in (in_time, jumbled):
        found = Systematic(step).sample(view, rng()).findings
        assert [finding.fix.split(",")[0] for finding in found] == said


def test_a_column_with_a_period_is_named_and_chance_is_not():
    y = rng(4).normal(size=half_hours().size)
    (finding,) = Systematic(48).sample(view_of(y, pd.DataFrame({"load": half_hours()})), rng()).findings
    alarms = [Systematic(10).sample(view_of(rng(seed).normal(size=400)), rng()).findings for seed in range(200)]

    assert "column 'load'" in finding.message
    assert not any(alarms)


def test_the_spread_of_a_systematic_sample_is_as_bad_as_was_said():
    y = half_hours()
    means = {step: [y[start::step].mean() for start in range(step)] for step in (47, 48)}
    by_chance = [Random(1 / 48).sample(view_of(y), rng(seed)) for seed in range(500)]
    chance = np.std([y[sample.index].mean() for sample in by_chance])

    assert np.std(means[48]) > 10 * chance
    assert np.std(means[47]) < 2 * chance


def test_classes_are_balanced_and_keep_their_shares_by_weight():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    for sampler, counts in (
        (Oversample(), [60, 60, 60]),
        (Oversample(0.5), [60, 30, 30]),
        (Undersample(), [10, 10, 10]),
        (Undersample(0.5), [20, 20, 10]),
    ):
        sample = sampler.sample(view_of(y), rng())
        assert np.bincount(y[sample.index]).tolist() == counts
        np.testing.assert_allclose(np.bincount(y[sample.index], sample.weight), [60, 30, 10])
        sampler.correct = False
        assert set(sampler.sample(view_of(y), rng()).weight) == {1.0}
    weighted = ClassWeights().sample(view_of(y), rng())
    np.testing.assert_allclose(np.bincount(y[weighted.index], weighted.weight), [100 / 3] * 3)


def test_every_row_of_a_small_class_is_shown_before_one_is_shown_again():
    y = np.repeat([0, 1], [25, 10])
    times = np.bincount(Oversample().sample(view_of(y), rng()).index)

    assert set(times[25:]) == {2, 3}


def two_towns(small=20):
    """Two clouds of which one is small; the second column has a thousand times the scale of the first."""
    chance = rng(7)
    y = np.repeat([0, 1], [200, small])
    X = pd.DataFrame({"a": chance.normal(0, 1, y.size) + 4 * y, "b": 1000 * (chance.normal(0, 1, y.size) + 4 * y)})
    return view_of(y, X)


@pytest.mark.parametrize("kind", ["smote", "borderline", "adasyn"])
def test_rows_are_made_within_their_class_and_classes_keep_their_shares(kind):
    pytest.importorskip("imblearn", reason="needs mesic[imbalance]")
    view = two_towns()
    if kind != "smote":
        view = dataclasses.replace(view, X=view.X - 2.5 * np.outer(view.y, [1, 1000]))  # classes must meet for these
    sample = Smote(kind).sample(view, rng())
    own = view.X[view.y == 1]

    assert 150 <= len(sample.made) <= 210
    assert set(sample.made.y) == {1}
    assert (sample.made.X.ge(own.min() - 1e-9) & sample.made.X.le(own.max() + 1e-9)).all(axis=None)
    np.testing.assert_allclose(sample.weight[view.y == 1].sum() + sample.made.weight.sum(), 20)
    np.testing.assert_allclose(sample.weight[view.y == 0].sum(), 200)


def test_made_rows_have_the_categories_of_their_column():
    pytest.importorskip("imblearn", reason="needs mesic[imbalance]")
    view = two_towns()
    town = pd.Categorical(np.where(view.y == 1, "Ulm", "Bonn"), categories=["Bonn", "Rome", "Ulm"])
    made = Smote().sample(dataclasses.replace(view, X=view.X.assign(town=town)), rng()).made

    assert made.X["town"].dtype == town.dtype
    assert set(made.X["town"]) == {"Ulm"}
    with pytest.raises(UsageError, match="reads numbers only"):
        Smote("adasyn").sample(dataclasses.replace(view, X=view.X.assign(town=town)), rng())


def test_neighbours_do_not_depend_on_the_unit_of_a_column():
    pytest.importorskip("imblearn", reason="needs mesic[imbalance]")
    view = two_towns()
    other = dataclasses.replace(view, X=view.X * [1.0, 2.0**-20])

    made, same = (Smote().sample(one, rng()).made.X["a"] for one in (view, other))
    np.testing.assert_allclose(made, same)


def test_one_row_has_no_neighbour_of_its_class():
    with pytest.raises(UsageError, match="two rows of each class"):
        Smote().sample(two_towns(small=1), rng())


def test_rows_among_another_class_are_left_out():
    pytest.importorskip("imblearn", reason="needs mesic[imbalance]")
    view = two_towns()
    X = view.X.copy()
    X.iloc[0] = X[view.y == 1].iloc[0] + [1e-6, 1e-3]  # a row of the large class right beside one of the small
    sample = Cleaned().sample(dataclasses.replace(view, X=X), rng())

    assert 0 not in sample.index
    assert set(np.flatnonzero(view.y == 1)) <= set(sample.index)


def test_groups_are_drawn_whole():
    view = families()
    sample = Cluster(0.1).sample(view, rng())
    drawn = np.unique(view.groups[sample.index])

    assert drawn.size == 20
    assert sample.index.tolist() == np.flatnonzero(np.isin(view.groups, drawn)).tolist()
    assert set(sample.weight) == {10.0}


def test_everything_is_every_row_once():
    sample = Everything().sample(view_of(np.zeros(4)), rng())

    assert sample.index.tolist() == [0, 1, 2, 3]
    assert sample.weight.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("share", [0, -1, 1.5])
@pytest.mark.parametrize("sampler", [Random, Stratified, Cluster])
def test_a_share_that_cannot_work_is_named(sampler, share):
    with pytest.raises(SettingError, match="share"):
        sampler(share).sample(view_of(np.zeros(4, int), groups=np.arange(4)), rng())


def test_options_are_the_parameters():
    offered = {component.name: component for component in register_samplers()}

    assert offered.keys() == MADE.keys()
    for name, thing in MADE.items():
        own = {key: value for key, value in vars(thing()).items() if key != "task"}
        assert vars(offered[name].options()) == own, name
