"""Agreement and consensus: published values, simulated labelers, and what cannot be."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from mesic.errors import DataError, SettingError
from mesic.evaluation.comparison import paired_difference
from mesic.labels.agreement import alpha, kappa, pairs
from mesic.labels.baseline import rows_to_tell
from mesic.labels.consensus import consensus
from mesic.labels.ratings import ratings_of
from mesic.labels.table import summarise


def long(*labelers):
    """Return ratings of labelers a, b, ... who gave the items these labels; None: none."""
    table = pd.DataFrame(
        [
            (f"{item:03d}", "abcdef"[who], label)
            for who, given in enumerate(labelers)
            for item, label in enumerate(given)
        ],
        columns=["item", "labeler", "label"],
    )
    return ratings_of(table["item"], table["labeler"], table["label"])


def simulated(noises, truth, seed=0):
    rng = np.random.default_rng(seed)
    return long(*(np.where(rng.random(truth.size) < noise, 1 - truth, truth).astype(str) for noise in noises))


@pytest.fixture
def truth():
    return np.random.default_rng(7).integers(0, 2, 1000)


def test_alpha_is_that_of_krippendorffs_reliability_data():
    a = [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None]
    b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3]
    c = [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None]
    d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None]
    found = alpha(long(a, b, c, d))

    assert found.value == pytest.approx(0.743, abs=0.0005)  # Krippendorff, Computing Krippendorff's alpha-reliability
    assert found.low < found.value < found.high
    assert found.items == 11


def test_fleiss_kappa_is_that_of_fleiss_table():
    table = np.array([[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
                      [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]])  # fmt: skip
    rows = [
        (f"{item}", f"{place:02d}", str(label))
        for item, counts in enumerate(table)
        for place, label in enumerate(np.repeat(np.arange(5), counts))
    ]
    frame = pd.DataFrame(rows, columns=["item", "labeler", "label"])

    assert kappa(ratings_of(frame["item"], frame["labeler"], frame["label"])).value == pytest.approx(0.210, abs=0.0005)


def test_cohens_kappa_is_that_of_scikit_learn_and_its_interval_covers():
    rng = np.random.default_rng(0)
    covered = []
    for seed in range(60):
        truth = rng.integers(0, 3, 200)
        first, second = (np.where(rng.random(200) < 0.3, rng.integers(0, 3, 200), truth) for _ in range(2))
        found = kappa(long(first.astype(str), second.astype(str)), seed=seed)
        covered.append(found.low <= 0.49 <= found.high)  # 0.7 squared
        assert found.value == pytest.approx(cohen_kappa_score(first, second))
    assert np.mean(covered) >= 0.9


def test_the_worst_labeler_is_last_and_each_is_as_right_as_simulated(truth):
    ratings = simulated([0.05, 0.15, 0.4], truth)
    facts = summarise(ratings, "dawid_skene").facts

    assert [one["labeler"] for one in facts["labelers"]] == ["a", "b", "c"]
    assert [one["accuracy"] for one in facts["labelers"]] == pytest.approx([0.95, 0.85, 0.6], abs=0.04)
    assert pairs(ratings)[0].between == ("b", "c")


def test_dawid_and_skenes_labels_are_better_than_the_majoritys(truth):
    errors = np.zeros((2, 10 * truth.size))
    for seed in range(10):
        ratings = simulated([0.05, 0.15, 0.4], truth, seed)
        for row, aggregation in enumerate(("majority", "dawid_skene")):
            wrong = consensus(ratings, aggregation).label != truth
            errors[row, seed * truth.size :][: truth.size] = wrong
    found = paired_difference(errors[0], errors[1], rng=np.random.default_rng(0))

    assert found["low"] > 0.01


def test_a_single_labelers_word_counts_and_the_others_fill_what_they_left_out():
    made = consensus(long(["x", "y", None], ["y", "y", "x"], ["y", "x", "x"]), "single:a")

    assert made.label.tolist() == [0, 1, 0]
    with pytest.raises(SettingError, match="dawid_skene, majority or single:LABELER"):
        consensus(long(["x", "y"], ["y", "x"]), "single:zoe")


def test_labelers_who_disagree_on_everything_are_refused(truth):
    opposed = long(truth.astype(str), (1 - truth).astype(str))
    chance = np.random.default_rng(1).integers(0, 2, (2, 1000)).astype(str)

    with pytest.raises(DataError, match=r"agree no more than by chance \(alpha -0\.99"):
        summarise(opposed, "majority")
    said = summarise(long(*np.where(np.random.default_rng(2).random((2, 1000)) < 0.08, truth.astype(str), chance)),
                     "majority").facts  # fmt: skip
    assert any("cannot be told from chance" in warning for warning in said["warnings"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((["a", "a"], ["x", "x"], ["1", "2"]), "two labels of one labeler, such as a of x"),
        ((["a", "b"], ["x", "x"], ["1", "2"]), "one labeler only, x"),
        ((["a", "a"], ["x", "y"], ["1", "1"]), "labels are of 1 classes"),
        ((["a", None], ["x", "y"], ["1", "2"]), "the item is missing in 1 rows, first in row 1"),
    ],
)
def test_what_are_no_ratings_is_refused(columns, message):
    with pytest.raises(DataError, match=message):
        ratings_of(*map(pd.Series, columns))


def test_rows_to_tell_give_the_power_that_they_promise():
    rng = np.random.default_rng(0)
    pilot = rng.choice([-1.0, 0.0, 1.0], 100_000, p=[0.1, 0.75, 0.15])
    rows = rows_to_tell(pilot)
    seen = [
        paired_difference(drawn, np.zeros(rows), rng=rng)["p"] < 0.05
        for drawn in rng.choice([-1.0, 0.0, 1.0], (300, rows), p=[0.1, 0.75, 0.15])
    ]

    assert np.mean(seen) == pytest.approx(0.8, abs=0.07)
    assert rows_to_tell(np.zeros(5)) is None
