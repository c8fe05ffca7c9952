"""Tables that are made to be hard: strange names, columns that say nothing, blanks, rare and lost levels."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mesic.data.view import Dataset

ROWS = 90
NAMES = ("signal", 'a"b', "[x]", "{y: 1}", "größe", "class", "a,b", " ", "a:b\n", "town=Ulm")
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
READS_ALL = ("categories", "missing")
EXTREMES = (1e300, -1e300, 5e-324, 2.0**53 + 2, -(2.0**53), 0.0)


class Tables:
    """The tables that a suite asks its promises on; a subclass makes others.

    Examples
    --------
    >>> len(Tables().rows("binary", ["missing"])), list(Tables().strange(pd.DataFrame({"x": [1.0, 2.0]}), []))
    (90, ['levels that nobody saw', 'numbers at and beyond the ends'])
    """

    def rows(self, task: str, reads: Iterable[str] = READS_ALL, *, rows: int = ROWS, seed: int = 0) -> Dataset:
        """Return training rows; see :func:`dataset`."""
        return dataset(task, reads, rows=rows, seed=seed)

    def later(self, X: pd.DataFrame, reads: Iterable[str] = READS_ALL) -> pd.DataFrame:
        """Return rows as they may come later: of levels that nobody saw, blank where no cell was blank."""
        blank = {"constant": np.nan} if "missing" in reads and "constant" in X else {}
        return _of_new_levels(X).assign(**blank)

    def strange(self, X: pd.DataFrame, reads: Iterable[str] = READS_ALL) -> dict[str, pd.DataFrame]:
        """Return what else may come later, by what is strange of it."""
        numbers = X.select_dtypes("number")
        found = {
            "levels that nobody saw": _of_new_levels(X),
            "numbers at and beyond the ends": X.assign(**{str(name): _ends(numbers[name]) for name in numbers}),
        }
        return found | ({"nothing but blanks": self.blank(X)} if "missing" in reads else {})

    def blank(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the rows without a cell, but for those that are never missing."""
        return blank(X, X.columns)


def _of_new_levels(X: pd.DataFrame) -> pd.DataFrame:
    return X.assign(**{str(name): pd.Categorical(["Oslo"] * len(X)) for name in X if X[name].dtype == "category"})


def _ends(column: pd.Series) -> np.ndarray:
    """Return the ends of a column in turn, and what lies as far beyond them as they lie apart."""
    if not column.notna().any():
        return column.to_numpy()
    low, high = float(column.min()), float(column.max())
    return np.resize([low, high, 2 * low - high, 2 * high - low], len(column))


def blank(X: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return rows of which some columns have no cell."""
    return X.assign(**{name: X[name].mask(np.ones(len(X), dtype=bool)) for name in names})


def extremes(X: pd.DataFrame, values: Iterable[float] = EXTREMES) -> pd.DataFrame:
    """Return rows whose numbers are the hugest, the tiniest and those that are hardest to count with.

    Examples
    --------
    >>> extremes(pd.DataFrame({"x": [1.0, 2.0]}))["x"].tolist()
    [1e+300, -1e+300]
    """
    column = np.resize(np.fromiter(values, np.float64), len(X))
    return X.assign(**{str(name): column for name in X.select_dtypes("number")})


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
    return with_target(X, value, task, rng)


def with_target(X: pd.DataFrame, value: np.ndarray, task: str, rng: np.random.Generator) -> Dataset:
    """Return rows with a target that a value tells: as many of each class, or a number of another unit."""
    labels = tuple(f"label {code}" for code in range(CLASSES[task]))
    return Dataset(
        X=X,
        y=10 + 5 * value if task == "regression" else _codes(value, len(labels)),
        task=task,
        classes=labels,
        keys=rng.integers(0, 2**63, len(X)).astype(np.uint64),
        origin=np.arange(len(X)),
    )


def _codes(value: np.ndarray, classes: int) -> np.ndarray:
    edges = np.quantile(value, np.arange(1, classes) / classes)
    return np.searchsorted(edges, value).astype(np.int64)


def rescaled(X: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose columns of numbers have other units, without a loss of digits."""
    return X.assign(**{str(name): X[name] * 2.0**place for place, name in enumerate(X.select_dtypes("number"), -3)})
