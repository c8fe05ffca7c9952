"""Where the leaves of each tree stand, so that whoever goes down clears the smaller side; nothing is taken on trust."""

from dataclasses import dataclass

import numpy as np

from mesic.bundle.boosting import TreeNodes

MOST_LINES = 1 << 20
BITS = 8


class Unsuited(Exception):
    """These trees are not for the kernel; the message says why."""


@dataclass(frozen=True, eq=False)
class Places:
    """Where leaves stand.

    Parameters
    ----------
    first
        Place of the first leaf that a node may clear, counted within its tree; shape (nodes,).
    cleared
        How many it may clear, shape (nodes,).
    tree
        Tree of each node, shape (nodes,).
    clears_left
        Whether these are those on its left, shape (nodes,).
    line, leaf
        Where each tree's lines of eight leaves, and its leaves, begin; shape (trees + 1,).
    order
        The leaves in their new order, shape (leaves,).
    """

    first: np.ndarray
    cleared: np.ndarray
    tree: np.ndarray
    clears_left: np.ndarray
    line: np.ndarray
    leaf: np.ndarray
    order: np.ndarray


def placed(nodes: TreeNodes, root: np.ndarray, leaves: int) -> Places:
    """Return where the leaves of trees stand.

    Raises
    ------
    Unsuited
        Nodes and leaves are no trees, or there are too many of them.
    """
    check_trees(nodes.left, nodes.right, root, leaves)
    size = _sizes(nodes)
    of_tree = np.array([1 if start < 0 else size[start] for start in root.tolist()], dtype=np.int64)
    lines, begins = (np.concatenate([[0], np.cumsum(each)]) for each in (-(-of_tree // BITS), of_tree))
    if lines[-1] > MOST_LINES:
        raise Unsuited(f"its trees have {leaves:,} leaves")
    return _walked(nodes, root, size, lines, begins)


def _sizes(nodes: TreeNodes) -> list[int]:
    """Return how many leaves there are below each node."""
    left, right = nodes.left.tolist(), nodes.right.tolist()
    size = [0] * len(left)
    for node in range(len(left) - 1, -1, -1):
        size[node] = sum(1 if child < 0 else size[child] for child in (left[node], right[node]))
    return size


def _walked(nodes: TreeNodes, root: np.ndarray, size: list[int], lines: np.ndarray, begins: np.ndarray) -> Places:
    """Go through all nodes from the roots down; the smaller side of each stands first."""
    count, begin = len(size), begins.tolist()
    first, cleared, tree, small_left = [0] * count, [0] * count, [0] * count, [False] * count
    spot = [0] * int(begins[-1])
    for number, start in enumerate(root.tolist()):
        if start < 0:
            spot[~start] = begin[number]
        else:
            tree[start] = number
    for node, (left, right) in enumerate(zip(nodes.left.tolist(), nodes.right.tolist(), strict=True)):
        on_left, on_right = (1 if child < 0 else size[child] for child in (left, right))
        small_left[node], cleared[node] = on_left <= on_right, min(on_left, on_right)
        near, far = (left, right) if small_left[node] else (right, left)
        for child, start in ((near, first[node]), (far, first[node] + cleared[node])):
            if child < 0:
                spot[~child] = begin[tree[node]] + start
            else:
                first[child], tree[child] = start, tree[node]
    order = np.empty(len(spot), dtype=np.int64)
    order[np.array(spot, dtype=np.int64)] = np.arange(len(spot))
    places, sizes, trees = (np.array(one, dtype=np.int64) for one in (first, cleared, tree))
    return Places(places, sizes, trees, np.array(small_left, dtype=bool), lines, begins, order)


def check_trees(left: np.ndarray, right: np.ndarray, root: np.ndarray, leaves: int) -> None:
    """Refuse what is no forest: every node but the roots, and every leaf, is somebody's child, once, and comes later.

    Raises
    ------
    Unsuited
        It is none.
    """
    count = left.size
    own, child = np.tile(np.arange(count), 2), np.concatenate([left, right])
    asked = np.concatenate([child, root])
    if asked.size and (asked.min() < -leaves or asked.max() >= count):
        raise Unsuited("its nodes name others that are not there")
    if (child[child >= 0] <= own[child >= 0]).any():
        raise Unsuited("its nodes go round in circles")
    times = np.bincount(asked[asked >= 0], minlength=count), np.bincount(~asked[asked < 0], minlength=leaves)
    if any((one != 1).any() for one in times):
        raise Unsuited("its nodes are no trees")
