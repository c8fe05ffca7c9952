"""What is wrong with cells, levels and labels is named with its rows; a table in order is left in peace."""

import dataclasses
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from mesic.audit.auditing import audit
from mesic.data.preparing import prepare
from mesic.data.reading import type_table
from mesic.errors import DataError
from mesic.host.building import build
from mesic.host.registry import build_registry
from mesic.partition.proof import partition
from mesic.runs import plan
from mesic.testing.fitted import recipe_of
from mesic.testing.subjects import Subject
from mesic.training.part import Part

REGISTRY = build_registry()
AUDITORS = ("missing_cells", "outliers", "level_spellings", "label_conflicts", "suspect_labels")


def findings_of(frame, target="bought", **roles):
    """Return what reading and the auditors of quality find, by code."""
    declared = {"target": target, "task": "auto", **roles}
    typed = type_table(pa.Table.from_pandas(frame, preserve_index=False), declared, target)
    data, more = prepare(typed, declared)
    split, _, _ = partition(build(REGISTRY.find("splitter", "auto"), {}), data, seed=0)
    metric = plan.price_metric_of(REGISTRY, {"plugins": {"prefer": {}}}, data.task)
    recipe = recipe_of(Subject(REGISTRY.find("learner", "lightgbm"), {"n_estimators": 50}), data.task)
    offers = [REGISTRY.find("auditor", name) for name in AUDITORS]
    parts = [Part(offer, dataclasses.asdict(offer.component.options())) for offer in offers]
    found = audit(parts, data, typed.schema, split, recipe, metric, level=0.95, seed=0).findings
    return {finding.code: finding for finding in (*typed.findings, *more, *found)}


@pytest.fixture
def shop():
    """Return a table in order: what is bought follows clearly from two columns."""
    rng = np.random.default_rng(0)
    rows = 1_500
    frame = pd.DataFrame(
        {
            "age": rng.normal(45, 12, rows).round(2),
            "income": rng.lognormal(10, 0.8, rows).round(2),
            "town": rng.choice(["Bern", "Graz", "Linz", "Salzburg"], rows),
            "seen": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, rows), "D")).astype(str),
        }
    )
    score = (frame["age"] - 45) / 4 + 3 * (frame["town"] == "Graz") + rng.logistic(0, 0.2, rows)
    return frame.assign(bought=np.where(score > 0, "yes", "no"))


def test_a_table_in_order_is_left_in_peace(shop):
    assert findings_of(shop).keys() <= {"SUSPECT-LABELS"}


def numbers_stand_for_missing_ones(shop):
    shop.loc[::40, "age"] = -999


def cells_are_gone(shop):
    shop.loc[::8, "income"] = np.nan


def cells_are_gone_where_nothing_is_bought(shop):
    shop.loc[(shop["bought"] == "no") & (shop.index % 3 == 0), "income"] = np.nan


def a_price_in_cents(shop):
    shop.loc[7, "age"] *= 100


def thousands_are_kept_apart(shop):
    shop["income"] = [f"{value:,.2f}" for value in shop["income"]]


def decimal_commas(shop):
    shop["age"] = shop["age"].astype(str).str.replace(".", ",")


def units_are_written(shop):
    shop["age"] = shop["age"].astype(str) + " y"


def half_of_the_times_say_their_zone(shop):
    shop.loc[::2, "seen"] = shop["seen"][::2] + "T00:00:00+02:00"


def a_town_in_capitals(shop):
    shop.loc[shop.index[shop["town"] == "Linz"][:9], "town"] = "LINZ"


def a_slip_of_the_pen(shop):
    shop.loc[shop.index[shop["town"] == "Salzburg"][:2], "town"] = "Salzbrug"


def words_among_numbers(shop):
    shop["age"] = shop["age"].astype(str)
    shop.loc[::50, "age"] = "unknown"


def rows_that_contradict_each_other(shop):
    twins = shop.index % 2 == 0
    shop.loc[twins, ["age", "income", "town", "seen"]] = shop.loc[~twins, ["age", "income", "town", "seen"]].to_numpy()


@pytest.mark.parametrize(
    ("spoil", "code", "named"),
    [
        (numbers_stand_for_missing_ones, "SENTINEL-VALUES", "-999 stands in"),
        (cells_are_gone, "MISSING-CELLS", "'income' (12.5%)"),
        (cells_are_gone_where_nothing_is_bought, "MISSING-TELLS", "'income'"),
        (a_price_in_cents, "OUTLIERS", "(row 7)"),
        (thousands_are_kept_apart, "NUMBERS-AS-TEXT", "'income'"),
        (decimal_commas, "NUMBERS-AS-TEXT", "'age'"),
        (units_are_written, "NUMBERS-AS-TEXT", "'age'"),
        (half_of_the_times_say_their_zone, "MIXED-ZONES", "'seen'"),
        (a_town_in_capitals, "LEVEL-SPELLINGS", "'LINZ' (9 rows)"),
        (a_slip_of_the_pen, "LEVEL-SPELLINGS", "'Salzbrug' (2 rows)"),
        (words_among_numbers, "COERCED-CELLS", "'unknown'"),
        (rows_that_contradict_each_other, "CONFLICTING-LABELS", "no model of these columns reaches more than accuracy"),
    ],
)
def test_what_was_spoilt_is_named(shop, spoil, code, named):
    spoil(shop)
    found = findings_of(shop)

    assert code in found
    assert named in found[code].message


def test_labels_that_were_turned_over_are_most_of_the_suspects(shop):
    turned = np.random.default_rng(1).choice(len(shop), 60, replace=False)
    shop.loc[turned, "bought"] = shop.loc[turned, "bought"].map({"yes": "no", "no": "yes"})
    named = [one["row"] for one in findings_of(shop)["SUSPECT-LABELS"].evidence["rows"][:30]]

    assert len(set(named) & set(turned)) >= 24


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_of_a_target_that_nothing_tells_of_no_label_is_suspect(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(600, 4)), columns=list("abcd")).round(6)
    classes, numbers = np.where(rng.random(600) < 0.4, "yes", "no"), rng.normal(size=600)

    for y in (classes, numbers):
        found = findings_of(frame.assign(y=y), "y")
        assert "UNTOLD-LABELS" in found
        assert "SUSPECT-LABELS" not in found


def test_where_little_can_be_told_few_labels_are_suspect():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(3_000, 4)), columns=list("abcd"))
    found = findings_of(frame.assign(y=np.where(rng.normal(size=3_000) + frame["a"] / 2 > 0, "yes", "no")), "y")

    assert found["SUSPECT-LABELS"].evidence["suspect"] < 600


@pytest.mark.parametrize("load", [partial(load_digits, n_class=3), load_breast_cancer])
def test_of_turned_labels_three_in_five_come_first(load):
    X, y = load(return_X_y=True)
    rng, classes = np.random.default_rng(0), y.max() + 1
    turned = np.flatnonzero(rng.random(y.size) < 0.05)
    y[turned] = (y[turned] + rng.integers(1, classes, turned.size)) % classes
    frame = pd.DataFrame(X).rename(columns=lambda place: f"x{place}").assign(y=[f"class {label}" for label in y])
    suspects = [one["row"] for one in findings_of(frame, "y")["SUSPECT-LABELS"].evidence["rows"]]
    first = suspects[: min(turned.size, 50)]

    assert len(set(first) & set(turned)) >= 0.6 * len(first)


def test_targets_that_were_mistyped_are_most_of_the_suspects_of_numbers(shop):
    mistyped = np.arange(10, 200, 10)
    shop["spent"] = 1000 + 10 * shop["age"] + np.random.default_rng(2).normal(0, 5, len(shop))
    shop.loc[mistyped, "spent"] *= 10
    named = [one["row"] for one in findings_of(shop.drop(columns="bought"), "spent")["SUSPECT-LABELS"].evidence["rows"]]

    assert len(set(named[:15]) & set(mistyped)) >= 13


def test_the_ceiling_is_what_the_best_of_all_models_reaches():
    rng = np.random.default_rng(3)
    levels = rng.choice(["a", "b", "c"], 3_000)
    chance = pd.Series(levels).map({"a": 0.1, "b": 0.5, "c": 0.8}).to_numpy()
    frame = pd.DataFrame({"level": levels, "y": np.where(rng.random(3_000) < chance, "yes", "no")})
    ceiling = findings_of(frame, "y")["CONFLICTING-LABELS"].evidence["ceiling"]

    assert ceiling == pytest.approx((0.9 + 0.5 + 0.8) / 3, abs=0.02)


@pytest.mark.parametrize(("spoil", "said"), [("x7", "2 and 7"), (None, "is missing in 1 rows, first in row 7")])
def test_a_key_that_names_two_rows_or_none_is_refused(shop, spoil, said):
    shop["key"] = [f"x{number}" for number in range(len(shop))]
    shop.loc[2, "key"] = "x7" if spoil else "x2"
    shop.loc[7, "key"] = spoil
    with pytest.raises(DataError, match=said):
        findings_of(shop, key="key")
