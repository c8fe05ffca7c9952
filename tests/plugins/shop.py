"""A shop's table with columns of every kind, pipelines fitted on it, and bundles in which something is wrong."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from mesic.data.schema import Column
from mesic.host.registry import installed
from mesic.testing.fitted import recipe_of
from mesic.testing.subjects import Subject
from mesic.testing.tables import with_target
from mesic.training.folds import final_fit
from mesic.training.part import Part

COLUMNS = (
    Column("age", "number", range=(0.0, 120.0), misfits="forbidden"),
    Column("when", "time"),
    Column("vip", "boolean"),
    Column("town", "category", levels=("Ulm", "Bonn", "Köln", "Trier"), missing="forbidden"),
    Column("code", "category", seen={"cells": "number"}),
)


def shop(task="binary", rows=240, seed=0):
    """Return rows of every kind of column: numbers, moments, truths, levels, numbers as levels, free text."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": pd.Series(rng.integers(18, 90, rows).astype(float)).mask(rng.random(rows) < 0.1),
            "when": np.round(rng.uniform(10_000, 20_000, rows) * 86_400) / 86_400,
            "vip": rng.integers(0, 2, rows).astype(float),
            "town": pd.Categorical(rng.choice(["Ulm", "Bonn", "Köln"], rows)),
            "code": pd.Categorical(rng.choice(["1", "2", "30", "0.5"], rows)),
            "note": pd.Categorical(
                rng.choice(["late again", "broken box, LATE", "fine – thanks", "Größe passt"], rows)
            ),
        }
    )
    value = X["age"].fillna(40) / 30 + (X["town"] == "Ulm") + X["vip"] * (X["note"] == "late again")
    data = with_target(X, value.to_numpy() + rng.normal(0, 0.3, rows), task, rng)
    return replace(data, kinds={"when": "time", "vip": "boolean", "note": "text"})


def without_text(data):
    return replace(data, X=data.X.drop(columns="note"))


def fitted(data, learner, *transformers, rows=None, **options):
    """Fit a pipeline as a run does."""
    subject = Subject(installed().find("learner", learner), options)
    parts = [
        Part(found, {**Subject(found).options, **own})
        for name, own in transformers
        for found in [installed().find("transformer", name)]
    ]
    recipe = replace(recipe_of(subject, data.task), transformers=parts)
    return final_fit(recipe, data, np.arange(len(data)) if rows is None else rows)


TREES = {"n_estimators": 12}
PIPELINES = {
    "levels as they are": ("lightgbm", TREES, []),
    "dates and hashes": ("lightgbm", TREES, [("hashing", {"columns": ["town", "code"]}), ("dates", {})]),
    "bins and crosses": ("linear", {}, [("binning", {}), ("crosses", {})]),
    "quantiles and products": ("linear", {}, [("quantile", {}), ("interactions", {})]),
    "means of the target": ("naive_bayes", {}, [("target_encoding", {}), ("robust", {})]),
    "filled and coded": ("extra_trees", TREES, [("impute", {"category": "most_frequent"}), ("ordinal", {})]),
}


def with_steps(bundle, steps):
    return replace(bundle, fitted=replace(bundle.fitted, steps=tuple(steps)))


def with_last_text(bundle, change):
    *first, last = bundle.fitted.steps
    return with_steps(bundle, [*first, replace(last, text=change(last.text))])


def swapped_classes(bundle):
    return replace(bundle, manifest={**bundle.manifest, "classes": bundle.manifest["classes"][::-1]})


def as_float32(bundle):
    return with_last_text(
        bundle,
        lambda text: re.sub(
            r"^(threshold|leaf_value)=(.*)$",
            lambda line: f"{line[1]}=" + " ".join(repr(float(np.float32(word))) for word in line[2].split()),
            text,
            flags=re.MULTILINE,
        ),
    )


def one_threshold_beside(bundle):
    """Move one threshold of a number by one unit in its last place."""

    def moved(text):
        trees = re.split(r"(?=^Tree=)", text, flags=re.MULTILINE)
        values = re.search(r"^threshold=(.*)$", trees[1], re.MULTILINE)[1].split()
        kinds = re.search(r"^decision_type=(.*)$", trees[1], re.MULTILINE)[1].split()
        place = next(place for place, kind in enumerate(kinds) if not int(kind) & 1)
        values[place] = repr(float(np.nextafter(float(values[place]), np.inf)))
        trees[1] = re.sub(r"^threshold=.*$", f"threshold={' '.join(values)}", trees[1], flags=re.MULTILINE)
        return "".join(trees)

    return with_last_text(bundle, moved)


def truncated(bundle):
    return with_last_text(
        bundle,
        lambda text: re.sub(r"^Tree=11\n.*?(?=^end of trees)", "\n", text, flags=re.MULTILINE | re.DOTALL),
    )
