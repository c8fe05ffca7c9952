"""LightGBM's own text of a model, read as its predictor reads it; all that answers with trees begins here."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mesic.errors import UsageError

CATEGORICAL, DEFAULT_LEFT, ZERO, NAN = 1, 2, 1, 2
LEAST = float(np.float32(1e-35))  # LightGBM takes what is not farther from zero for zero


@dataclass(frozen=True, eq=False)
class TreeNodes:
    """Nodes of all trees, arrays of shape (nodes,).

    Parameters
    ----------
    feature
        Place of the column that is asked.
    threshold
        A number at most this goes left.
    blank_left
        Whether a missing cell goes left.
    zero_is_blank
        Whether a zero is taken for a missing cell.
    left, right
        The next node, or a leaf: ``~leaf`` is its place among the leaves.
    levels
        Of each node the levels that go left, as words of 32 bits; empty where a number is asked.
    """

    feature: np.ndarray
    threshold: np.ndarray
    blank_left: np.ndarray
    zero_is_blank: np.ndarray
    left: np.ndarray
    right: np.ndarray
    levels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class BoostedTrees:
    """What a text says.

    Parameters
    ----------
    nodes
        Of all trees.
    root
        Where each tree begins, as a child is told; shape (trees,).
    value
        Of the leaves, shape (leaves,).
    width
        Columns of a row.
    outputs
        Trees of a round.
    link
        ``identity``, ``sigmoid`` or ``softmax``.
    slope
        Of the sigmoid.
    is_mean
        Whether sums are divided by the rounds.
    """

    nodes: TreeNodes
    root: np.ndarray
    value: np.ndarray
    width: int
    outputs: int
    link: str
    slope: float = 1.0
    is_mean: bool = False


def boosted_trees(text: str) -> BoostedTrees:
    r"""Return the trees of a model.

    Raises
    ------
    UsageError
        It has linear leaves or an objective that is not known, or is no model at all.

    Examples
    --------
    >>> head = "num_tree_per_iteration=1\nmax_feature_idx=2\nobjective=regression\n"
    >>> found = boosted_trees(head + "\nTree=0\nnum_leaves=1\nleaf_value=2.5\n")
    >>> found.link, found.root.tolist(), found.value.tolist()
    ('identity', [-1], [2.5])
    """
    head, *blocks = re.split(r"^Tree=\d+\n", text.partition("\nend of trees")[0], flags=re.MULTILINE)
    facts = _facts(head)
    link, slope = _link(facts)
    parts: list[tuple[TreeNodes, np.ndarray, int]] = []
    nodes = leaves = 0
    try:
        for block in blocks:
            parts.append(_tree(_facts(block), nodes, leaves))
            nodes, leaves = nodes + parts[-1][0].feature.size, leaves + parts[-1][1].size
        width, outputs = int(facts["max_feature_idx"]) + 1, int(facts["num_tree_per_iteration"])
        joined = _joined([part[0] for part in parts])
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise UsageError(f"the text of a LightGBM model cannot be read: {error}") from error
    return BoostedTrees(
        joined,
        np.array([part[2] for part in parts], dtype=np.int64),
        np.concatenate([np.empty(0), *(part[1] for part in parts)]),
        width,
        outputs,
        link,
        slope,
        is_mean=any(line == "average_output" for line in head.splitlines()),
    )


def _joined(parts: list[TreeNodes]) -> TreeNodes:
    names = ("feature", "threshold", "blank_left", "zero_is_blank", "left", "right")
    arrays = {name: np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)]) for name in names}
    kinds = {"threshold": np.float64, "blank_left": np.bool_, "zero_is_blank": np.bool_}
    arrays = {name: array.astype(kinds.get(name, np.int64)) for name, array in arrays.items()}
    return TreeNodes(**arrays, levels=tuple(words for part in parts for words in part.levels))


def _facts(block: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)


def _link(facts: Mapping[str, str]) -> tuple[str, float]:
    name, *more = facts.get("objective", "regression").split()
    settings = dict(part.partition(":")[::2] for part in more)
    if name == "regression" and "sqrt" not in more:
        return "identity", 1.0
    if name == "binary":
        return "sigmoid", float(settings.get("sigmoid", 1))
    if name == "multiclass":
        return "softmax", 1.0
    raise UsageError(f"a LightGBM model with objective {' '.join([name, *more])!r} has no kernel: give another learner")


def _tree(tree: Mapping[str, str], nodes: int, leaves: int) -> tuple[TreeNodes, np.ndarray, int]:
    """Return nodes, leaves and root of a tree behind so many nodes and leaves of others."""
    value = _numbers(tree["leaf_value"])
    if tree.get("is_linear", "0") != "0":
        raise UsageError("a LightGBM model with linear leaves has no kernel: give linear_tree=false")
    if int(tree["num_leaves"]) == 1:
        nothing = np.empty(0)
        return TreeNodes(nothing, nothing, nothing, nothing, nothing, nothing, ()), value[:1], ~leaves
    said = np.array(_whole(tree["decision_type"]))
    is_level, missing = (said & CATEGORICAL) > 0, said >> 2 & 3
    threshold = _numbers(tree["threshold"])
    sets = list(_level_sets(tree)) if is_level.any() else []
    children = [np.array(_whole(tree[f"{side}_child"])) for side in ("left", "right")]
    left, right = (np.where(child < 0, child - leaves, child + nodes) for child in children)
    asked = np.array(_whole(tree["split_feature"]))
    if {array.size + 1 for array in (asked, said, threshold, left, right)} != {value.size}:
        raise ValueError("a tree has lists of different lengths")
    return (
        TreeNodes(
            feature=asked,
            threshold=threshold,
            blank_left=np.where(missing > 0, (said & DEFAULT_LEFT) > 0, threshold >= 0) & ~is_level,
            zero_is_blank=(missing == ZERO) & ~is_level,
            left=left,
            right=right,
            levels=tuple(sets[int(t)] if asks else () for t, asks in zip(threshold, is_level, strict=True)),
        ),
        value,
        nodes,
    )


def _level_sets(tree: Mapping[str, str]) -> Iterator[tuple[int, ...]]:
    """Yield the sets of levels that go left, as words of 32 bits."""
    edges, words = _whole(tree["cat_boundaries"]), _whole(tree["cat_threshold"])
    for start, end in pairwise(edges):
        yield tuple(words[start:end])


def _numbers(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()])


def _whole(text: str) -> list[int]:
    return [int(word) for word in text.split()]
