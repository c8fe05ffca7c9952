"""Leaks that are planted are found, named and priced; clean tables are left in peace."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from mesic.audit.auditing import audit
from mesic.data.preparing import prepare
from mesic.data.reading import type_table
from mesic.host.building import build
from mesic.host.registry import build_registry
from mesic.partition.proof import partition
from mesic.runs import plan
from mesic.testing.fitted import recipe_of
from mesic.testing.subjects import Subject
from mesic.training.part import Part

import pyarrow as pa  # isort: skip

REGISTRY = build_registry()
AUDITORS = ("post_event", "target_function", "golden_column", "twins", "hidden_group", "hidden_time", "late_times",
            "split_shift")  # fmt: skip


def findings_of(frame, target, splitter="auto", **roles):
    """Return what all auditors find, by code."""
    declared = {"target": target, "task": "auto", **roles}
    typed = type_table(pa.Table.from_pandas(frame, preserve_index=False), declared, target)
    data, _ = prepare(typed, declared)
    split, _, _ = partition(build(REGISTRY.find("splitter", splitter), {}), data, seed=0)
    metric = plan.price_metric_of(REGISTRY, {"plugins": {"prefer": {}}}, data.task)
    recipe = recipe_of(Subject(REGISTRY.find("learner", "lightgbm"), {"n_estimators": 50}), data.task)
    parts = [
        Part(offer, dataclasses.asdict(offer.component.options()))
        for offer in (REGISTRY.find("auditor", name) for name in AUDITORS)
    ]
    found = audit(parts, data, typed.schema, split, recipe, metric, level=0.95, seed=0).findings
    return {finding.code: finding for finding in found}


def people(rows=1_500, seed=0):
    """Return a table without a leak: a churn of which a few columns tell something."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, rows),
            "income": rng.lognormal(10, 0.5, rows).round(2),
            "calls": rng.poisson(3, rows),
            "plan": rng.choice(["basic", "plus", "pro"], rows),
            "town": rng.choice([f"t{number}" for number in range(30)], rows),
            "score": rng.normal(size=rows).round(4),
        }
    )
    risk = 0.8 * frame["score"] + 0.3 * (frame["calls"] - 3) + 0.5 * (frame["plan"] == "basic")
    frame["churn"] = np.where(risk + rng.logistic(size=rows) > 0.3, "yes", "no")
    frame["bill"] = (20 + 3 * frame["calls"] + frame["income"] / 2_000 + rng.normal(0, 8, rows)).round(2)
    return frame


def rng():
    return np.random.default_rng(9)


def the_target_by_another_name(frame):
    return frame.assign(status=np.where(frame["churn"] == "yes", "left", "active"))


def the_target_in_numbers(frame):
    return frame.assign(days_left=np.where(frame["churn"] == "yes", 0.0, rng().exponential(90, len(frame)) + 1))


def nearly_the_target(frame):
    wrong = rng().random(len(frame)) < 0.04
    return frame.assign(flag=((frame["churn"] == "yes") ^ wrong).map({True: "a", False: "b"}))


def two_columns_that_differ_where_it_is_true(frame):
    first = rng().choice(["x", "y"], len(frame))
    other = np.where(first == "x", "y", "x")
    return frame.assign(before=first, after=np.where(frame["churn"] == "yes", other, first))


def three_columns_together(frame):
    left, middle = rng().integers(0, 2, len(frame)), rng().permutation(len(frame)) % 2
    right = left ^ middle ^ (frame["churn"] == "yes").to_numpy()
    return frame.assign(left=left, middle=middle, right=right.astype(int))


def two_parts_of_a_sum(frame):
    share = rng().random(len(frame))
    return frame.assign(fees=frame["bill"] * share, usage=frame["bill"] * (1 - share)).drop(columns="churn")


def a_ratio_of_two(frame):
    units = rng().integers(1, 50, len(frame))
    return frame.assign(units=units, total=frame["bill"] * units).drop(columns="churn")


def a_noisy_outcome(frame):
    return frame.assign(collected=frame["bill"] + rng().normal(0, 0.7, len(frame))).drop(columns="churn")


def a_column_that_comes_with_the_target(frame):
    open_still = rng().random(len(frame)) < 0.1
    frame = frame.assign(closed_by=rng().choice(["ann", "bob"], len(frame)))
    frame.loc[open_still, ["churn", "closed_by"]] = None
    return frame


def rows_that_both_parts_hold(frame):
    twice = pd.concat([frame, frame.sample(400, random_state=1)], ignore_index=True)
    return twice.assign(part=rng().choice(["train", "test"], len(twice), p=[0.7, 0.3]))


def people_who_come_often(frame):
    patients = frame.iloc[np.arange(len(frame)) // 10].reset_index(drop=True)
    wobble = rng().normal(0, 0.01, len(frame))
    return patients.assign(
        patient=[f"p{number // 10}" for number in range(len(frame))],
        score=patients["score"] + wobble,
        income=patients["income"] * (1 + wobble / 10),
    )


def prices_that_drift(frame):
    days = pd.date_range("2020-01-01", periods=len(frame), freq="h")
    walk = np.cumsum(rng().normal(0, 1.0, len(frame)))
    return frame.assign(at=days.astype(str), bill=(frame["bill"] + 3 * walk).round(2)).drop(columns="churn")


PLANTED = [
    (the_target_by_another_name, "churn", "LEAK-FUNCTION", ["status"]),
    (the_target_in_numbers, "churn", "LEAK-FUNCTION", ["days_left"]),
    (nearly_the_target, "churn", "LEAK-GOLDEN", ["flag"]),
    (two_columns_that_differ_where_it_is_true, "churn", "LEAK-FUNCTION", ["after", "before"]),
    (three_columns_together, "churn", "LEAK-FUNCTION", ["left", "middle", "right"]),
    (two_parts_of_a_sum, "bill", "LEAK-FUNCTION", ["fees", "usage"]),
    (a_ratio_of_two, "bill", "LEAK-FUNCTION", ["total", "units"]),
    (a_noisy_outcome, "bill", "LEAK-GOLDEN", ["collected"]),
    (a_column_that_comes_with_the_target, "churn", "LEAK-POST-EVENT", ["closed_by"]),
    (rows_that_both_parts_hold, "churn", "LEAK-TWINS", None),
    (people_who_come_often, "churn", "LEAK-GROUP", "patient"),
    (prices_that_drift, "bill", "LEAK-TIME", "at"),
]


@pytest.mark.parametrize(
    ("plant", "target", "code", "named"), PLANTED, ids=lambda part: getattr(part, "__name__", None)
)
def test_a_planted_leak_is_found_and_named_with_its_price(plant, target, code, named):
    roles = {"part": "part"} if plant is rows_that_both_parts_hold else {}
    found = findings_of(plant(people()), target, **roles)

    assert code in found, sorted(found)
    evidence = found[code].evidence
    assert named in (None, evidence.get("column"), sorted(evidence.get("leaking", [])))
    prices = [value for value in evidence.values() if isinstance(value, dict) and "metric" in value]
    assert code == "LEAK-TWINS" or len(prices) == 2
    assert all(price["low"] <= price["value"] <= price["high"] for price in prices)
    assert found[code].fix


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("target", ["churn", "bill"])
def test_a_table_without_a_leak_is_left_in_peace(seed, target):
    frame = people(seed=seed).drop(columns="bill" if target == "churn" else "churn")

    assert findings_of(frame, target) == {}


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_the_tables_of_scikit_learn_are_left_in_peace(name):
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame

    assert not [code for code in findings_of(frame, "target") if code.startswith("LEAK")]


def test_several_leaks_do_not_hide_each_others_price():
    found = findings_of(the_target_by_another_name(a_column_that_comes_with_the_target(people())), "churn")
    price = found["LEAK-FUNCTION"].evidence

    assert set(found) >= {"LEAK-POST-EVENT", "LEAK-FUNCTION"}
    assert price["with"]["value"] > 0.99
    assert price["without"]["high"] < 0.9


def test_repeated_rows_are_said_with_what_they_would_flatter():
    frame = people(800).drop(columns="bill")
    frame["churn"] = rng().permutation(frame["churn"])
    frame = pd.concat([frame, frame], ignore_index=True)
    found = findings_of(frame, "churn")["DUPLICATE-ROWS"]

    assert found.severity == "warning"
    assert found.evidence["rows"] == 800
    assert found.evidence["by_chance"]["low"] > found.evidence["without_twins"]["high"]


def test_parts_that_differ_are_told_apart_and_those_that_do_not_are_not():
    frame = people(2_000).drop(columns="bill")
    named = frame.assign(part=rng().choice(["train", "test"], 2_000))
    shifted = named.assign(score=named["score"] + 0.8 * (named["part"] == "test"))
    assert "SPLIT-SHIFT" not in findings_of(named, "churn", part="part")
    found = findings_of(shifted, "churn", part="part")["SPLIT-SHIFT"]

    assert next(iter(found.evidence["columns"])) == "score"
    assert found.evidence["area"]["low"] > 0.55
