"""Tables of which it is known which columns matter; columns stand in an order that no method profits from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, make_classification, make_friedman1

ORDER = 20_100


@dataclass(frozen=True)
class Table:
    """X of n rows, a target, whether it is of classes, and which columns say anything of it."""

    X: "np.ndarray | sparse.csr_matrix | pd.DataFrame"
    y: np.ndarray
    is_classes: bool
    matters: np.ndarray


def null(seed, rows=1_000, columns=100):
    """Return noise of mixed cardinality."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns))
    X[:, :30] = rng.integers(0, 2, (rows, 30))
    X[:, 30:60] = rng.integers(0, 5, (rows, 30))
    X[:, 60:75] = np.exp(2 * X[:, 60:75])
    return _shuffled(X, rng.integers(0, 2, rows), True, 0)


def noise_tails(seed):
    """Return noise without a variance."""
    rng = np.random.default_rng(seed)
    return _noise(rng.standard_cauchy((500, 60)), rng.integers(0, 2, 500))


def noise_levels(seed):
    """Return categories of 2 to 200 levels beside numbers."""
    rng = np.random.default_rng(seed)
    numbers = [levels for levels in (2, 5, 10, 50, 200) for _ in range(6)]
    X = {f"levels {place}": pd.Categorical(rng.integers(0, own, 500)) for place, own in enumerate(numbers)}
    X |= {f"number {place}": rng.standard_normal(500) for place in range(30)}
    return _noise(pd.DataFrame(X), rng.integers(0, 2, 500))


def noise_rare(seed):
    """Return noise of mixed cardinality and a class of 5 % of the rows."""
    table = null(seed, 500)
    return _noise(table.X, (np.random.default_rng(seed + 1).random(500) < 0.05).astype(int))


def noise_outliers(seed):
    """Return noise of mixed cardinality and values of which a few are far out."""
    table = null(seed, 500)
    return _noise(table.X, np.random.default_rng(seed + 1).standard_t(1.5, 500), is_classes=False)


def noise_classes(seed):
    """Return noise of mixed cardinality and four classes."""
    table = null(seed, 500)
    return _noise(table.X, np.random.default_rng(seed + 1).integers(0, 4, 500))


def diabetes_probes(seed):
    """Return ten measurements of patients, ten shuffled copies of them, and how the disease went on."""
    return _with_probes(load_diabetes(), seed, is_classes=False)


def cancer_probes(seed):
    """Return thirty measurements of tumours, shuffled copies of ten of them, and which are malignant."""
    return _with_probes(load_breast_cancer(), seed, is_classes=True)


def friedman_50(seed):
    """Return Friedman's first problem in 500 rows, among fifty columns of noise."""
    return friedman(seed, rows=500, noise=50)


def copies_of_null(seed):
    """Return rows of noise drawn with replacement."""
    table = null(seed)
    drawn = np.random.default_rng(seed + 1).integers(0, len(table.y), len(table.y))
    return Table(table.X[drawn], table.y[drawn], True, table.matters)


def friedman(seed, rows=1_000, noise=100):
    """Return Friedman's first problem: five columns matter, one squared, two as a product."""
    X, y = make_friedman1(rows, 5 + noise, noise=1.0, random_state=seed)
    return _shuffled(X, y, False, 5)


def madelon(seed, rows=2_000, columns=500):
    """Return Guyon's construction: clusters on a cube, five informative columns and fifteen made of them."""
    X, y = make_classification(
        rows, columns, n_informative=5, n_redundant=15, n_clusters_per_class=16, flip_y=0.01, class_sep=2.0,
        shuffle=False, random_state=seed,
    )  # fmt: skip
    return _shuffled(X, y, True, 20)


def blocks(seed, rows=5_000):
    """Return twenty blocks of ten correlated columns; two of each of five blocks make the target."""
    rng = np.random.default_rng(seed)
    common, own = rng.standard_normal((rows, 20, 1)), rng.standard_normal((rows, 20, 10))
    X = (np.sqrt(0.8) * common + np.sqrt(0.2) * own).reshape(rows, 200)
    a, b = X[:, [0, 10, 20, 30, 40]].T, X[:, [1, 11, 21, 31, 41]].T
    y = a[0] + 0.8 * b[0] + 0.7 * a[1] + 0.7 * b[1] + 0.6 * (a[2] ** 2 - 1) + 0.5 * b[2]
    y += 0.7 * a[3] * a[4] + 0.5 * b[3] + 0.5 * b[4]
    return _shuffled(X, y + rng.standard_normal(rows) * y.std() * 0.7, False, 50)


def many_rows(seed, rows=50_000):
    """Return 300 columns of which 30 matter, from strong to weak, four of them only as products."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, 300))
    X[:, 20:30] = rng.integers(0, 5, (rows, 10))
    X[:, 100:150] = np.exp(X[:, 100:150])
    X[:, 150:200] = rng.integers(0, 4, (rows, 50))
    X[:, 200:230] = rng.integers(0, 2, (rows, 30))
    X[:, 230:250] = np.round(X[:, 230:250], 1)
    score = X[:, :10] @ np.geomspace(1.0, 0.15, 10) + 0.6 * (X[:, 10] ** 2 - 1) + 0.5 * (np.abs(X[:, 11]) > 1)
    score += (
        0.4 * (X[:, 12] > 0.5) + 0.7 * X[:, 13] * X[:, 14] + 0.5 * X[:, 15] * X[:, 16] + 0.35 * np.sin(2 * X[:, 17])
    )
    score += 0.3 * X[:, 18] * (X[:, 0] > 0) + 0.3 * X[:, 19] * (X[:, 1] > 0)
    score += (X[:, 20:30] - 2) @ np.geomspace(0.5, 0.08, 10)
    y = rng.random(rows) < 1 / (1 + np.exp(-2 * score / score.std()))
    return _shuffled(X, y.astype(int), True, 30)


def wide(seed, rows=200, columns=2_000):
    """Return ten linear effects among far more columns than rows."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns))
    weight = np.linspace(1.5, 0.6, 10) * np.where(np.arange(10) % 2, -1, 1)
    return _shuffled(X, X[:, :10] @ weight + rng.standard_normal(rows), False, 10)


def words(seed, rows=20_000, columns=5_000):
    """Return counts of words as a sparse matrix: most occur in fewer than 5 rows, 50 of the frequent ones matter."""
    rng = np.random.default_rng(seed)
    rank = np.arange(1, columns + 1)
    share = np.maximum(0.30 * rank**-1.05, 1.0 / rows)
    share[900:] = np.maximum(share[900:] * 0.12, 0.8 / rows)
    where = [rng.choice(rows, rng.binomial(rows, own), replace=False) for own in share]
    places = np.repeat(np.arange(columns), [own.size for own in where])
    counts = 1.0 + rng.poisson(0.3, places.size)
    X = sparse.csc_matrix((counts, (np.concatenate(where), places)), shape=(rows, columns))
    frequent = np.flatnonzero((share * rows >= 60) & (rank > 3))
    pick = np.random.default_rng(ORDER + 1).choice(frequent, 50, replace=False)
    weight = np.random.default_rng(ORDER + 2).uniform(0.8, 2.0, 50) * np.where(np.arange(50) % 2, -1, 1)
    score = (X[:, pick] > 0) @ weight
    y = rng.random(rows) < 1 / (1 + np.exp(-1.5 * (score - score.mean())))
    matters = np.isin(np.arange(columns), pick)
    order = np.random.default_rng(ORDER).permutation(columns)
    return Table(X[:, order].tocsr(), y.astype(int), True, matters[order])


def _noise(X, y, *, is_classes=True):
    return Table(X, y, is_classes, np.zeros(X.shape[1], dtype=bool))


def _with_probes(data, seed, *, is_classes):
    rng = np.random.default_rng(seed)
    copied = rng.choice(data.data.shape[1], 10, replace=False)
    X = np.hstack([data.data, rng.permuted(data.data[:, copied], axis=0)])
    return Table(X, data.target, is_classes, np.arange(X.shape[1]) < data.data.shape[1])


def _shuffled(X, y, is_classes, first):
    order = np.random.default_rng(ORDER).permutation(X.shape[1])
    return Table(np.ascontiguousarray(X[:, order]), y, is_classes, order < first)


TABLES = {
    made.__name__: made
    for made in (null, noise_tails, noise_levels, noise_rare, noise_outliers, noise_classes, copies_of_null,
                 diabetes_probes, cancer_probes, friedman, friedman_50, madelon, blocks, many_rows, wide, words)
}  # fmt: skip
