"""Tables of which it is known which columns matter."""

import numpy as np
from scipy import sparse
from sklearn.datasets import make_friedman1


def friedman(seed, rows=500, noise=45):
    """Return X, y and which columns matter: five of them, two only together with each other, one squared."""
    X, y = make_friedman1(rows, 5 + noise, noise=1.0, random_state=seed)
    order = np.random.default_rng(seed).permutation(5 + noise)
    return X[:, order], y, order < 5


def nothing(seed, rows=500, columns=50):
    """Return columns of mixed cardinality and classes that they say nothing of."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    X[:, :15] = rng.integers(0, 2, (rows, 15))
    X[:, 15:30] = rng.integers(0, 5, (rows, 15))
    X[:, 30:37] = np.exp(2 * X[:, 30:37])
    return X, rng.integers(0, 2, rows)


def words(seed, rows=4_000, columns=600):
    """Return counts of words as a sparse matrix, a class, and the words that tell of it, twenty at most."""
    rng = np.random.default_rng(seed)
    share = np.maximum(0.3 / np.arange(1, columns + 1), 1 / rows)
    counts = sparse.csc_matrix(rng.random((rows, columns)) < share, dtype=np.float64)
    pool = np.flatnonzero(share * rows >= rows / 100)
    telling = np.zeros(columns, dtype=bool)
    telling[rng.choice(pool[2:], min(20, len(pool) // 2), replace=False)] = True
    weight = np.where(telling, rng.choice([-2.5, 2.5], columns), 0)
    score = counts @ weight
    return counts.tocsr(), (rng.random(rows) < 1 / (1 + np.exp(score.mean() - score))).astype(int), telling
