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
    clears_left
        Whether these are those on its left, shape (nodes,).
    tree
        Tree of each node, shape (nodes,).
    line, leaf
        Where each tree's lines of eight leaves, and its leaves, begin; shape (trees + 1,).
    order
        The leaves in their new order, shape (leaves,).
    """

    first: np.ndarray
    cleared: np.ndarray
    clears_left: np.ndarray
    tree: np.ndarray
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
    check_trees(nodes, root, leaves)
    left, right, count = nodes.left.tolist(), nodes.right.tolist(), nodes.feature.size
    size, small_left = [0] * count, [False] * count
    for node in range(count - 1, -1, -1):
        on_left, on_right = (1 if child < 0 else size[child] for child in (left[node], right[node]))
        size[node], small_left[node] = on_left + on_right, on_left <= on_right
    first, tree, spot = [0] * count, [0] * count, [0] * leaves
    of_tree = [1 if start < 0 else size[start] for start in root.tolist()]
    begins = np.concatenate([[0], np.cumsum(of_tree)]).astype(np.int64)
    cleared = [0] * count
    for number, start in enumerate(root.tolist()):
        if start < 0:
            spot[~start] = int(begins[number])
        else:
            tree[start] = number
    offsets = begins.tolist()
    for node in range(count):
        near, far = (left[node], right[node]) if small_left[node] else (right[node], left[node])
        cleared[node] = 1 if near < 0 else size[near]
        for child, start in ((near, first[node]), (far, first[node] + cleared[node])):
            if child < 0:
                spot[~child] = offsets[tree[node]] + start
            else:
                first[child], tree[child] = start, tree[node]
    lines = np.concatenate([[0], np.cumsum(-(-np.array(of_tree, dtype=np.int64) // BITS))]).astype(np.int64)
    if lines[-1] > MOST_LINES:
        raise Unsuited(f"its trees have {leaves:,} leaves")
    order = np.empty(leaves, dtype=np.int64)
    order[np.array(spot, dtype=np.int64)] = np.arange(leaves)
    arrays = (np.array(one, dtype=np.int64) for one in (first, cleared))
    return Places(*arrays, np.array(small_left, dtype=bool), np.array(tree, dtype=np.int64), lines, begins, order)


def check_trees(nodes: TreeNodes, root: np.ndarray, leaves: int) -> None:
    """Refuse what is no forest: every node but the roots, and every leaf, is somebody's child, once, and comes later.

    Raises
    ------
    Unsuited
        It is none.
    """
    count = nodes.feature.size
    own, child = np.tile(np.arange(count), 2), np.concatenate([nodes.left, nodes.right])
    asked = np.concatenate([child, root])
    if asked.size and (asked.min() < -leaves or asked.max() >= count):
        raise Unsuited("its nodes name others that are not there")
    if (child[child >= 0] <= own[child >= 0]).any():
        raise Unsuited("its nodes go round in circles")
    times = np.bincount(asked[asked >= 0], minlength=count), np.bincount(~asked[asked < 0], minlength=leaves)
    if any((one != 1).any() for one in times):
        raise Unsuited("its nodes are no trees")
