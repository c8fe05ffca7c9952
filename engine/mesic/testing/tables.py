"""Tables that are made to be hard: strange names, columns that say nothing, blanks, rare and lost levels."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mesic.data.view import Dataset

ROWS = 90
NAMES = ("signal", 'a"b', "[x]", "{y: 1}", "größe", "class", "a,b", " ", "a:b\n", "town=Ulm")
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
READS_ALL = ("categories", "missing")


def dataset(task: str, reads: Iterable[str] = READS_ALL, *, rows: int = ROWS, seed: int = 0) -> Dataset:
    """Return rows of which the column ``signal`` tells the target almost.

    Parameters
    ----------
    task
        What is predicted.
    reads
        ``categories`` and ``missing`` stand for columns of levels and for blanks.
    rows
        How many, from 30 for every class to occur in each half.
    seed
        Another seed, other rows.

    Examples
    --------
    >>> dataset("multiclass", ["missing"]).X.columns.tolist()[-3:]
    ['town=Ulm', 'constant', 'void']
    """
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({name: rng.normal(size=rows) for name in NAMES})
    value = X["signal"].to_numpy() + rng.normal(0, 0.1, rows)
    X["constant"] = 1.0
    if "categories" in reads:
        X["town"] = pd.Categorical(
            rng.choice(["Ulm", "Bonn", "Rome", "(other)", "(missing)"], rows, p=[0.5, 0.3, 0.1, 0.05, 0.05])
        )
        X["lost"] = pd.Categorical([None] * rows, categories=pd.Index([], dtype=object))
    if "missing" in reads:
        blank = X.columns.difference(["signal", "constant"], sort=False)
        X[blank] = X[blank].mask(rng.random((rows, len(blank))) < 0.2)
        X["void"] = np.nan
    elif "categories" in reads:
        X = X.drop(columns="lost")
    labels = tuple(f"label {code}" for code in range(CLASSES[task]))
    return Dataset(
        X=X,
        y=10 + 5 * value if task == "regression" else _codes(value, len(labels)),
        task=task,
        classes=labels,
        keys=rng.integers(0, 2**63, rows).astype(np.uint64),
        origin=np.arange(rows),
    )


def _codes(value: np.ndarray, classes: int) -> np.ndarray:
    edges = np.quantile(value, np.arange(1, classes) / classes)
    return np.searchsorted(edges, value).astype(np.int64)


def later(X: pd.DataFrame, reads: Iterable[str] = READS_ALL) -> pd.DataFrame:
    """Return rows as they may come later: of levels that nobody saw, blank where no cell was blank."""
    strange = {str(name): pd.Categorical(["Oslo"] * len(X)) for name in X if X[name].dtype == "category"}
    return X.assign(**strange, **({"constant": np.nan} if "missing" in reads else {}))


def rescaled(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose columns of numbers have other units, without a loss of digits."""
    return X.assign(**{str(name): X[name] * 2.0**place for place, name in enumerate(X.select_dtypes("number"), -3)})
