"""A forest as the arrays that the kernel reads; every size and place is checked here, so that C need not."""

from collections.abc import Mapping

import numpy as np

from mesic.bundle.step import PortableStep
from mesic.kernel.forest import Unsuited, check_trees

MOST_COLUMNS, MOST_NODES, MOST_OUTPUTS = 1 << 16, 2**31 - 1, 4096
QUESTION = np.dtype([("limit", "f4"), ("asks", "u4"), ("left", "i4"), ("right", "i4")])
NODES = ("feature", "threshold", "left", "right", "missing_left")


def forest_arrays(step: PortableStep) -> dict[str, np.ndarray]:
    """Return `root`, `nodes` and `leaf` of a ``trees`` step as the kernel reads them; leaves are no nodes there.

    Raises
    ------
    Unsuited
        It has trees that the kernel cannot answer, or what is none.
    """
    found, root, leaf = step.arrays, step.arrays["root"], step.arrays["value"]
    _check_shapes(found)
    is_leaf = found["feature"] < 0
    asks, place = np.flatnonzero(~is_leaf), np.cumsum(~is_leaf) - 1
    named = np.concatenate([found["left"][asks], found["right"][asks], root]).astype(np.int64)
    if named.size and not (named.min() >= 0 and named.max() < is_leaf.size):
        raise Unsuited("its nodes name others that are not there")
    moved = np.where(is_leaf, ~found["right"].astype(np.int64), place)[named]
    left, right, begins = np.split(moved, [asks.size, 2 * asks.size])
    check_trees(left, right, begins, len(leaf))
    nodes = np.zeros(asks.size, dtype=QUESTION)
    nodes["limit"] = as_float32(found["threshold"][asks])
    nodes["asks"] = 2 * found["feature"][asks].astype(np.int64) + found["missing_left"][asks].astype(bool)
    nodes["left"], nodes["right"] = left, right
    return {"root": begins.astype(np.int32), "nodes": nodes, "leaf": np.ascontiguousarray(leaf)}


def as_float32(threshold: np.ndarray) -> np.ndarray:
    """Return the largest float32 at most each threshold: no float32 lies between the two.

    Examples
    --------
    >>> as_float32(np.array([0.5, 1e300, -1e300])).tolist()
    [0.5, 3.4028234663852886e+38, -inf]
    """
    with np.errstate(over="ignore"):
        nearest = threshold.astype(np.float32)
        below: np.ndarray = np.where(
            nearest.astype(np.float64) > threshold, np.nextafter(nearest, np.float32(-np.inf)), nearest
        )
    return below


def _check_shapes(found: Mapping[str, np.ndarray]) -> None:
    feature, root, leaf = found["feature"], found["root"], found["value"]
    if {found[name].shape for name in NODES} != {(feature.size,)} or root.ndim != 1 or leaf.ndim != 2:
        raise Unsuited("its arrays have other shapes than a forest's")
    if any(found[name].dtype.kind != "i" for name in ("feature", "left", "right", "root")) or leaf.dtype != np.float64:
        raise Unsuited("its arrays have other types than a forest's")
    if not root.size or leaf.shape[1] not in range(1, MOST_OUTPUTS + 1) or max(feature.size, len(leaf)) > MOST_NODES:
        raise Unsuited(f"it has {root.size} trees, {feature.size} nodes, and {leaf.shape[1]} numbers a leaf")
    if (found["right"][feature < 0] < 0).any():
        raise Unsuited("its nodes name others that are not there")
    if feature.max(initial=0) >= MOST_COLUMNS:
        raise Unsuited(f"it asks for a column {feature.max():,}")
    if np.isnan(found["threshold"]).any():
        raise Unsuited("a threshold is no number")
