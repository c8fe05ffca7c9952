"""Small bundles of every kind of column, made in a moment, without a run."""

import lightgbm
import numpy as np
import pyarrow as pa

from mesic.bundle.bundle import load_bundle, write_bundle
from mesic.bundle.step import PortableStep
from mesic.data.schema import Column, Schema
from mesic.training.fitted import Fitted

TOWNS, ZONES, PLANS = ["Bonn", "Graz", "Ulm"], ["1", "2", "7"], ["basic", "extra", "full"]
COLUMNS = (
    Column("age", "number", range=(0.0, 120.0)),
    Column("income", "number", misfits="forbidden", seen={"low": 10.0, "high": 90.0}),
    Column("member", "boolean"),
    Column("since", "time"),
    Column("town", "category"),
    Column("zone", "category", seen={"cells": "number"}),
    Column("plan", "category", missing="forbidden", levels=tuple(PLANS)),
)
CODES = PortableStep(
    "codes",
    {
        "columns": [
            {"name": "age", "kind": "number"},
            {"name": "income", "kind": "number"},
            {"name": "member", "kind": "number"},
            {"name": "since", "kind": "number"},
            {"name": "town", "kind": "category", "levels": TOWNS},
            {"name": "zone", "kind": "category", "levels": ZONES},
            {"name": "plan", "kind": "category", "levels": PLANS},
        ]
    },
)
ROW = {
    "age": 31.5, "income": 40, "member": True, "since": "2024-02-29T12:30:00Z", "town": "Ulm", "zone": 2,
    "plan": "full",
}  # fmt: skip


def booster(kind, seed=0, rounds=30):
    """Return a step of LightGBM, fitted to noise that hangs on every column."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(0, 100, (600, len(COLUMNS)))
    X[:, 3] = rng.uniform(18_000, 21_000, 600)
    X[:, [2, 4, 5, 6]] = rng.integers(0, [2, 3, 3, 3], (600, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    score = np.nansum((X - np.nanmean(X, axis=0)) / np.nanstd(X, axis=0), axis=1) + rng.normal(0, 1, 600)
    y = {"binary": score > 0, "multiclass": np.digitize(score, [-1, 1]), "regression": score}[kind]
    options = {"objective": kind, "num_leaves": 15, "verbose": -1, "num_threads": 1, "seed": seed}
    options |= {"num_class": 3} if kind == "multiclass" else {}
    model = lightgbm.train(options, lightgbm.Dataset(X, y.astype(float)), rounds)
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[kind]
    return PortableStep("lightgbm", {"classes": classes}, text=model.model_to_string())


def linear():
    """Return steps that fill, scale and weigh columns, for two classes."""
    rng = np.random.default_rng(5)
    names, places = [column.name for column in COLUMNS], len(COLUMNS)
    levels = {"town": TOWNS, "zone": ZONES, "plan": PLANS}
    fill = {"value": np.linspace(0.5, 2.5, places), "indicator": np.array([], dtype=np.int64)}
    limits = {"low": np.full(places, -9.0), "high": np.full(places, 9.0)}
    return (
        CODES,
        PortableStep("impute", {"names": names, "levels": levels}, fill),
        PortableStep("scale", {}, {"center": rng.normal(size=places), "scale": rng.uniform(1, 99, places), **limits}),
        PortableStep(
            "linear",
            {"link": "sigmoid", "classes": 2},
            {"coef": rng.normal(size=(1, places)), "intercept": np.array([0.3])},
        ),
    )


def mean_of(*members):
    """Return the weighted mean of pipelines for two classes."""
    weights = {"weight": np.arange(1.0, len(members) + 1)}
    return PortableStep("mean", {"classes": 2, "present": [[0, 1]] * len(members)}, weights, members=members)


def words():
    """Return steps that count words of a text."""
    codes = PortableStep("codes", {"columns": [{"name": "age", "kind": "number"}, {"name": "note", "kind": "text"}]})
    arrays = {
        "keep": np.array([0]), "places": np.array([1]), "start": np.array([0, 2]), "weight": np.array([1.0, 2.0]),
    }  # fmt: skip
    params = {"words": [["late", "again"]], "presence": False, "unit": True, "names": ["late", "again"]}
    line = {"coef": np.array([[0.01, 2.0, -1.0]]), "intercept": np.array([0.1])}
    return [
        codes,
        PortableStep("words", params, arrays),
        PortableStep("linear", {"link": "identity", "classes": 0}, line),
    ]


PIPELINES = {
    "boosted": lambda: [CODES, booster("binary")],
    "classes": lambda: [CODES, booster("multiclass")],
    "value": lambda: [CODES, booster("regression")],
    "mean": lambda: [CODES, mean_of((CODES, booster("binary", 1)), linear(), (CODES, booster("binary", 2)))],
    "decided": lambda: [
        CODES,
        booster("binary"),
        PortableStep("temperature", {"classes": 2}, {"temperature": np.array([1.7])}),
        PortableStep("decide", {"classes": 2}, {"threshold": np.array([0.2])}),
    ],
    "words": words,
}


def sure(rows, truth):
    """Return what a proof asks beside the end-to-end set: a confidence set of these rows, and how it is scored."""
    table = pa.Table.from_pylist([row | {"bought": one} for row, one in zip(rows, truth, strict=True)])
    return {"confidence.parquet": table, "config.json": {"metric": None, "metrics": None, "plugins": {"prefer": {}}}}


def make_bundle(
    folder, pipeline="boosted", *, steps=None, columns=COLUMNS, rows=(ROW,), coverage=None, confidence=None, **facts
):
    """Write a bundle and return it loaded; `rows` are its end-to-end set."""
    steps = PIPELINES[pipeline]() if steps is None else steps
    if pipeline == "words":
        columns = (Column("age", "number"), Column("note", "text"))
        rows = ({"age": 3.0, "note": "late again"},)
    labels = {"value": [], "words": [], "classes": ["bad", "fair", "good"]}.get(pipeline, ["no", "yes"])
    task = {0: "regression", 2: "binary", 3: "multiclass"}[len(labels)]
    schema = Schema((*columns, Column("person", "id", "ignored")))  # without the target, as a run writes it
    fitted = Fitted(tuple(steps), np.arange(len(labels)), len(labels), 1)
    told = {"task": task, "classes": labels, "target": "bought", "metric": "log_loss", **facts}
    table, assets = pa.Table.from_pylist(list(rows)), {"coverage.json": coverage} if coverage else {}
    assets |= confidence or {}
    write_bundle(folder, fitted, schema, told, {"end_to_end.parquet": table})
    answers = load_bundle(folder).predict(table)
    for name in answers:
        table = table.append_column(f"expected {name}", pa.array(answers[name]))
    write_bundle(folder, fitted, schema, told, {"end_to_end.parquet": table, **assets})
    return load_bundle(folder)
