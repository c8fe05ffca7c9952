"""Decision trees and their means, as scikit-learn grows them."""

from collections.abc import Callable

import numpy as np

from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep

PATHS_AT_ONCE = 65_536  # rows times trees that walk together; more would leave the processor's cache


def trees(step: PortableStep, threads: int) -> Callable[[Matrix], np.ndarray]:  # noqa: ARG001 - as all
    """Return the mean of the leaves that a row falls into.

    Nodes of all trees share the arrays ``feature`` (-1 in a leaf), ``threshold``, ``left``, ``right`` and
    ``missing_left``, shape (nodes,); ``root`` (trees,) says where each begins. A row goes left when its value
    as float32 is at most the threshold, or is missing and ``missing_left`` says so. In a leaf ``right``
    points into ``value`` (leaves, k). ``params["classes"]`` is k, or 0 for regression.
    """
    forest = _Forest(step)

    def run(matrix: Matrix) -> np.ndarray:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and goes right
            X = matrix.values.astype(np.float32)
        out = np.empty((len(X), forest.value.shape[1]))
        for start in range(0, len(X), PATHS_AT_ONCE):
            out[start : start + PATHS_AT_ONCE] = forest.mean(X[start : start + PATHS_AT_ONCE])
        return out if step.params["classes"] else out[:, 0]

    return run


class _Forest:
    """The node arrays, and the walk down them."""

    def __init__(self, step: PortableStep) -> None:
        arrays = step.arrays
        self.feature, self.threshold, self.value = arrays["feature"], arrays["threshold"], arrays["value"]
        self.child = np.stack([arrays["right"], arrays["left"]], axis=1).astype(np.int64).reshape(-1)
        self.missing_left = arrays["missing_left"].astype(bool)
        self.root = arrays["root"].astype(np.int64)

    def mean(self, X: np.ndarray) -> np.ndarray:
        total = np.zeros((len(X), self.value.shape[1]))
        together = max(1, PATHS_AT_ONCE // max(len(X), 1))
        for start in range(0, self.root.size, together):
            for leaf in self._leaves(X, self.root[start : start + together]):
                total += self.value[self.child[2 * leaf]]  # one tree after the other, as scikit-learn adds
        return total / self.root.size

    def _leaves(self, X: np.ndarray, roots: np.ndarray) -> np.ndarray:
        """Return the leaf of every tree and row, shape (trees, rows)."""
        rows, columns = X.shape
        node, cell_of_row = np.repeat(roots, rows), np.tile(np.arange(rows) * columns, roots.size)
        cells, has_missing = X.reshape(-1), bool(np.isnan(X).any())
        walking = np.flatnonzero(self.feature[node] >= 0)
        while walking.size:
            here = node[walking]
            value = cells[cell_of_row[walking] + self.feature[here]]
            goes_left = value <= self.threshold[here]
            if has_missing:
                goes_left |= np.isnan(value) & self.missing_left[here]
            below = self.child[2 * here + goes_left]
            node[walking] = below
            walking = walking[self.feature[below] >= 0]
        return node.reshape(roots.size, rows)
