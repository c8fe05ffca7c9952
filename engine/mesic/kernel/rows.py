"""Rows on which a kernel and LightGBM must agree: every threshold and its neighbours, every level, all that is odd."""

from collections.abc import Iterator

import numpy as np

from mesic.bundle.boosting import LEAST, BoostedTrees

FEWEST = 4_096
ODD = (
    *(0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, -5e-324, LEAST, -LEAST),
    *(float(np.nextafter(LEAST, 1)), float(np.nextafter(-LEAST, -1)), 1e-300, 1e300, -1e300),
    *(-0.5, -1.0, 0.5, 1.5, 254.0, 255.0, 256.0, 2.0**31, 2.0**31 - 0.5, -(2.0**31), 2.0**53, 2.0**63),
)


def telling_rows(model: BoostedTrees) -> np.ndarray:
    r"""Return rows in which every column holds each of its telling values, shuffled; shape (n, width), n from 4,096.

    Examples
    --------
    >>> from mesic.bundle.boosting import boosted_trees
    >>> head = "num_tree_per_iteration=1\nmax_feature_idx=2\nobjective=regression\n"
    >>> telling_rows(boosted_trees(head)).shape
    (4096, 3)
    """
    pools = [np.concatenate([np.array(ODD), *_values(model, column)]) for column in range(model.width)]
    rows = max(FEWEST, *(pool.size for pool in pools)) if pools else FEWEST
    rng = np.random.default_rng(0)
    return np.column_stack([rng.permutation(np.resize(pool, rows)) for pool in pools])


def _values(model: BoostedTrees, column: int) -> Iterator[np.ndarray]:
    own = np.flatnonzero(model.nodes.feature == column)
    words = [model.nodes.levels[node] for node in own]
    limits = np.unique(model.nodes.threshold[own[[not levels for levels in words]]])
    yield from (limits, np.nextafter(limits, np.inf), np.nextafter(limits, -np.inf))
    if widest := max(map(len, words), default=0):
        yield np.arange(-1.0, min(32 * widest, FEWEST) + 2)
