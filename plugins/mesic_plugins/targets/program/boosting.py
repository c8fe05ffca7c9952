"""LightGBM's own text of a model, read as its predictor reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mesic import UsageError
from mesic_plugins.targets.program.forests import Nodes

CATEGORICAL, DEFAULT_LEFT, NAN = 1, 2, 2


@dataclass(frozen=True)
class Boosted:
    """What a text says.

    Parameters
    ----------
    nodes, root, value
        As :func:`forest` wants them.
    outputs
        Trees of a round.
    link
        ``identity``, ``sigmoid`` or ``softmax``.
    slope
        Of the sigmoid.
    """

    nodes: Nodes
    root: np.ndarray
    value: np.ndarray
    outputs: int
    link: str
    slope: float = 1.0


def boosted(text: str) -> Boosted:
    r"""Return the trees of a model.

    Raises
    ------
    UsageError
        It has linear leaves, an objective or a treatment of zeros that has no kernel.

    Examples
    --------
    >>> head = "num_tree_per_iteration=1\nobjective=regression\n"
    >>> found = boosted(head + "\nTree=0\nnum_leaves=1\nleaf_value=2.5\n")
    >>> found.link, found.root.tolist(), found.value.tolist()
    ('identity', [-1], [2.5])
    """
    head, *blocks = re.split(r"^Tree=\d+\n", text.partition("\nend of trees")[0], flags=re.MULTILINE)
    facts = _facts(head)
    link, slope = _link(facts)
    if any(line == "average_output" for line in head.splitlines()):
        raise UsageError("a LightGBM model in mode rf has no kernel: give boosting_type=gbdt")
    parts: list[tuple[Nodes, np.ndarray, int]] = []
    nodes = leaves = 0
    for block in blocks:
        parts.append(_tree(_facts(block), nodes, leaves))
        nodes, leaves = nodes + parts[-1][0].feature.size, leaves + parts[-1][1].size
    return Boosted(
        _joined([part[0] for part in parts]),
        np.array([part[2] for part in parts], dtype=np.int64),
        np.concatenate([np.empty(0), *(part[1] for part in parts)]),
        int(facts["num_tree_per_iteration"]),
        link,
        slope,
    )


def _joined(parts: list[Nodes]) -> Nodes:
    names = ("feature", "threshold", "blank_left", "left", "right")
    arrays = {name: np.concatenate([np.empty(0), *(getattr(part, name) for part in parts)]) for name in names}
    kinds = {"threshold": np.float64, "blank_left": np.bool_}
    arrays = {name: array.astype(kinds.get(name, np.int64)) for name, array in arrays.items()}
    return Nodes(**arrays, levels=tuple(words for part in parts for words in part.levels))


def _facts(block: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)


def _link(facts: dict[str, str]) -> tuple[str, float]:
    name, *more = facts.get("objective", "regression").split()
    settings = dict(part.partition(":")[::2] for part in more)
    if name == "regression" and "sqrt" not in more:
        return "identity", 1.0
    if name == "binary":
        return "sigmoid", float(settings.get("sigmoid", 1))
    if name == "multiclass":
        return "softmax", 1.0
    raise UsageError(f"a LightGBM model with objective {' '.join([name, *more])!r} has no kernel: give another learner")


def _tree(tree: dict[str, str], nodes: int, leaves: int) -> tuple[Nodes, np.ndarray, int]:
    """Return nodes, leaves and root of a tree behind so many nodes and leaves of others."""
    value = np.array([float(word) for word in tree["leaf_value"].split()])
    if tree.get("is_linear", "0") != "0":
        raise UsageError("a LightGBM model with linear leaves has no kernel: give linear_tree=false")
    if int(tree["num_leaves"]) == 1:
        nothing = np.empty(0)
        return Nodes(nothing, nothing, nothing, nothing, nothing, ()), value, ~leaves
    said = np.array(_whole(tree["decision_type"]))
    is_level, missing = (said & CATEGORICAL) > 0, said >> 2 & 3
    if (missing[~is_level] == 1).any():
        raise UsageError("a LightGBM model with zero_as_missing has no kernel: leave that option out")
    threshold = np.array([float(word) for word in tree["threshold"].split()])
    sets = list(_level_sets(tree)) if is_level.any() else []
    children = [np.array(_whole(tree[f"{side}_child"])) for side in ("left", "right")]
    left, right = (np.where(child < 0, child - leaves, child + nodes) for child in children)
    return (
        Nodes(
            feature=np.array(_whole(tree["split_feature"])),
            threshold=threshold,
            blank_left=np.where(missing == NAN, (said & DEFAULT_LEFT) > 0, threshold >= 0) & ~is_level,
            left=left,
            right=right,
            levels=tuple(sets[int(t)] if asks else () for t, asks in zip(threshold, is_level, strict=True)),
        ),
        value,
        nodes,
    )


def _level_sets(tree: dict[str, str]) -> Iterator[tuple[int, ...]]:
    """Yield the sets of levels that go left, as words of 32 bits."""
    edges, words = _whole(tree["cat_boundaries"]), _whole(tree["cat_threshold"])
    for start, end in pairwise(edges):
        yield tuple(words[start:end])


def _whole(text: str) -> list[int]:
    return [int(word) for word in text.split()]
