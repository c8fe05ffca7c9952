"""What it costs to refuse what training has not seen, and whether risks that are promised are kept.

``python benchmarks/abstaining.py envelope`` deals tables into training and fresh rows again and again: how many fresh
rows lie outside of the strict envelope, beside the least and the largest value as they are; and how many rows with one
wrong cell (a thousand times too large, the wrong sign) it notices.

``python benchmarks/abstaining.py risk`` draws tables from a known law: how often the risk of the answers, as it is for
endless rows, is what was promised, beside the cut at which it looked so; and how often intervals of the area hold it.

Each figure is a line of JSON.
"""

import json
import sys

import numpy as np
import pandas as pd
from sklearn import datasets

from mesic.bundle.envelope import envelope_of
from mesic.data.schema import Column, Schema
from mesic.evaluation.view import EvaluationView, PredictedRows
from mesic_plugins.evaluators.risk_curves import area
from mesic_plugins.evaluators.selective import Selective

DEALS, TABLES = 200, 500
SHARE, AT_MOST, CONFIDENCE = 0.8, 0.1, 0.9


def tell(**facts):
    """Print a figure."""
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in facts.items()}))


def tables():
    """Yield tables of numbers by name."""
    for name in ("breast_cancer", "wine", "diabetes"):
        yield name, getattr(datasets, f"load_{name}")(as_frame=True).data.astype(float)
    rng = np.random.default_rng(0)
    yield "lognormal", pd.DataFrame(rng.lognormal(0, 1, (2_000, 10)), columns=[f"x{n}" for n in range(10)])
    yield "t3", pd.DataFrame(rng.standard_t(3, (2_000, 10)), columns=[f"x{n}" for n in range(10)])


def is_outside(X, limits):
    """Return which rows have a cell outside."""
    low, high = (np.array([ends[place] for ends in limits.values()]) for place in (0, 1))
    cells = X.to_numpy()
    return ((cells < low) | (cells > high)).any(axis=1)


def envelope():
    """Measure the envelope."""
    for name, X in tables():
        rng, found = np.random.default_rng(1), []
        schema = Schema(tuple(Column(column, "number") for column in X))
        for _ in range(DEALS):
            order = rng.permutation(len(X))
            train, fresh = X.iloc[order[: int(SHARE * len(X))]], X.iloc[order[int(SHARE * len(X)) :]]
            shown = envelope_of(train, schema)["columns"]
            strict = {column: facts["range"] for column, facts in shown.items()}
            bare = {column: (facts["low"], facts["high"]) for column, facts in shown.items()}
            found.append(
                [
                    is_outside(wrong, limits).mean()
                    for wrong in (fresh, *broken(fresh, rng))
                    for limits in (strict, bare)
                ]
            )
        for what, place in (("fresh rows", 0), ("a cell 1,000 times too large", 2), ("a cell of the wrong sign", 4)):
            of = np.array(found)[:, place : place + 2].mean(axis=0)
            tell(
                figure="refused",
                table=name,
                rows=what,
                deals=DEALS,
                strict=float(of[0]),
                least_and_largest=float(of[1]),
            )


def broken(fresh, rng):
    """Return rows with one wrong cell each."""
    columns = rng.integers(fresh.shape[1], size=len(fresh))
    for factor in (1_000.0, -1.0):
        cells = fresh.to_numpy(copy=True)
        cells[np.arange(len(fresh)), columns] *= factor
        yield pd.DataFrame(cells, columns=fresh.columns)


def view_of(rng, known, asked):
    """Return rows of two classes whose probabilities are as stated, a tenth of them turned to be harder."""
    p = rng.beta(0.6, 0.6, known + asked)
    y = (rng.random(p.size) < p).astype(int)
    said, X = np.column_stack([1 - p, p]), pd.DataFrame({"x": np.zeros(p.size)})
    before, after = slice(0, known), slice(known, None)
    rows = PredictedRows(X[before], y[before], said[before], np.zeros(known))
    told = ("binary", ("no", "yes"), X[after], y[after], said[after], np.zeros(asked), np.arange(asked))
    return EvaluationView(*told, None, None, None, 0.95, rng, out_of_fold=rows)


def risk():
    """Measure promises and intervals."""
    rng = np.random.default_rng(2)
    p = rng.beta(0.6, 0.6, 2_000_000)
    sure, wrong = np.maximum(p, 1 - p), np.minimum(p, 1 - p)
    order = np.argsort(-sure)
    sure, reached = sure[order], np.cumsum(wrong[order]) / np.arange(1, p.size + 1)
    truth = area(sure, wrong[order], np.ones(p.size))
    best = float(np.searchsorted(reached, AT_MOST) / p.size)
    kept, naive, held, answered = [], [], [], []
    for _ in range(TABLES):
        view = view_of(rng, 400, 400)
        data = Selective(at_most=AT_MOST, confidence=CONFIDENCE).evaluate(view).data
        cut = data["chosen"]["cut"]
        at = 0 if cut is None else int(np.searchsorted(-sure, -cut, side="right"))
        kept.append(at == 0 or reached[at - 1] <= AT_MOST)
        answered.append(at / p.size)
        naive.append(_true_risk(sure, reached, view.out_of_fold) <= AT_MOST)
        held.append(data["area"]["low"] <= truth <= data["area"]["high"])
    facts = {"tables": TABLES, "rows": 400, "at_most": AT_MOST}
    tell(
        figure="risk kept",
        **facts,
        promised=CONFIDENCE,
        kept=float(np.mean(kept)),
        answered=float(np.mean(answered)),
        could=best,
    )
    tell(figure="risk kept", **facts, promised="by the cut at which it looks so", kept=float(np.mean(naive)))
    tell(figure="area held", tables=TABLES, rows=400, level=0.95, held=float(np.mean(held)), truth=truth)


def _true_risk(sure, reached, rows):
    """Return the risk of the cut that answers most rows of those that lose no more than may be, as it looks."""
    said = rows.prediction.max(axis=1)
    order = np.argsort(-said)
    looks = np.cumsum((rows.prediction.argmax(axis=1) != rows.y)[order]) / np.arange(1, said.size + 1)
    good = np.flatnonzero(looks <= AT_MOST)
    at = int(np.searchsorted(-sure, -said[order][good[-1]], side="right")) if good.size else 1
    return reached[at - 1]


if __name__ == "__main__":
    {"envelope": envelope, "risk": risk}[sys.argv[1]]()
