"""Views of rows with predictions, for the tests of evaluators."""

import numpy as np
import pandas as pd

from mesic import EvaluationView, PredictedRows, example_losses


def view_of(X, y, prediction, *, aside=None, inside=0, columns=None, predict=None, seed=0, **more):
    """Return rows as an evaluator sees them, the first `inside` of them as predicted out of fold."""
    task = "regression" if prediction.ndim == 1 else "binary" if prediction.shape[1] == 2 else "multiclass"
    classes = () if task == "regression" else tuple(f"class {code}" for code in range(prediction.shape[1]))
    losses = example_losses(task, y, prediction)
    known, asked = slice(0, inside), slice(inside, len(y))
    part = {name: None if values is None else values[asked] for name, values in more.items()}
    rest = {name: None if values is None else values[known] for name, values in more.items()}
    before = None if aside is None else aside[known]
    out_of_fold = PredictedRows(X[known], y[known], prediction[known], losses[known], aside=before, **rest)
    return EvaluationView(
        task=task,
        classes=classes,
        X=X[asked],
        y=y[asked],
        prediction=prediction[asked],
        losses=losses[asked],
        origin=np.arange(len(y))[asked],
        **{"weight": None, "groups": None} | part,
        predict=predict,
        level=0.95,
        rng=np.random.default_rng(seed),
        columns=columns or {},
        aside=None if aside is None else aside[asked],
        out_of_fold=out_of_fold if inside else None,
    )


def of_two(p):
    """Return the probabilities of two classes, shape (n, 2)."""
    return np.column_stack([1 - p, p])


def people(rows, seed=0):
    """Return rows of numbers and levels."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{place}": rng.normal(size=rows) for place in range(6)})
    frame["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn", "Rome", "Oslo", "Linz"], rows))
    frame["rooms"] = rng.integers(1, 31, rows).astype(float)
    return frame, rng
