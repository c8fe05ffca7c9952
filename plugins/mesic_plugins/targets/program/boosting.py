"""LightGBM's own text of a model, read as its predictor reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mesic import UsageError
from mesic_plugins.targets.program.program import NODE

CATEGORICAL, DEFAULT_LEFT, NAN = 1, 2, 2


@dataclass(frozen=True)
class Boosted:
    """What a text says.

    Parameters
    ----------
    nodes, root, value, bits
        As the kernel ``level_forest`` wants them; no bits: no node asks for levels.
    outputs
        Trees of a round.
    link
        ``identity``, ``sigmoid`` or ``softmax``.
    slope
        Of the sigmoid.
    """

    nodes: np.ndarray
    root: np.ndarray
    value: np.ndarray
    bits: np.ndarray
    outputs: int
    link: str
    slope: float = 1.0


def boosted(text: str) -> Boosted:
    """Return the trees of a model.

    Raises
    ------
    UsageError
        It has linear leaves, an objective or a treatment of zeros that has no kernel.

    Examples
    --------
    >>> found = boosted("num_tree_per_iteration=1\\nobjective=regression\\n\\nTree=0\\nnum_leaves=1\\nleaf_value=2.5\\n")
    >>> found.link, found.root.tolist(), found.value.tolist()
    ('identity', [-1], [2.5])
    """
    head, *blocks = re.split(r"^Tree=\d+\n", text.partition("\nend of trees")[0], flags=re.MULTILINE)
    facts = _facts(head)
    link, slope = _link(facts)
    if any(line == "average_output" for line in head.splitlines()):
        raise UsageError("a LightGBM model in mode rf has no kernel: give boosting_type=gbdt")
    trees, nodes, leaves, bits = [_facts(block) for block in blocks], 0, 0, 0
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, int]] = []
    for tree in trees:
        parts.append(_tree(tree, nodes, leaves, bits))
        nodes, leaves, bits = nodes + len(parts[-1][0]), leaves + len(parts[-1][1]), bits + len(parts[-1][2])
    return Boosted(
        np.concatenate([np.empty(0, dtype=NODE), *(part[0] for part in parts)]),
        np.array([part[3] for part in parts], dtype=np.int64),
        np.concatenate([np.empty(0), *(part[1] for part in parts)]),
        np.concatenate([np.empty(0, dtype=np.int64), *(part[2] for part in parts)]),
        int(facts["num_tree_per_iteration"]),
        link,
        slope,
    )


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


def _tree(tree: dict[str, str], nodes: int, leaves: int, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return nodes, leaves, bits and root of a tree whose parts lie behind so many of others."""
    value = np.array([float(word) for word in tree["leaf_value"].split()])
    if tree.get("is_linear", "0") != "0":
        raise UsageError("a LightGBM model with linear leaves has no kernel: give linear_tree=false")
    if int(tree["num_leaves"]) == 1:
        return np.empty(0, dtype=NODE), value, np.empty(0, dtype=np.int64), ~leaves
    said = np.array(_whole(tree["decision_type"]))
    is_level, missing = (said & CATEGORICAL) > 0, said >> 2 & 3
    if (missing[~is_level] == 1).any():
        raise UsageError("a LightGBM model with zero_as_missing has no kernel: leave that option out")
    found = np.zeros(said.size, dtype=NODE)
    threshold = np.array([float(word) for word in tree["threshold"].split()])
    found["feature"], found["threshold"], found["bits"] = _whole(tree["split_feature"]), threshold, -1
    found["blank_left"] = np.where(missing == NAN, (said & DEFAULT_LEFT) > 0, threshold >= 0) & ~is_level
    for side in ("left", "right"):
        child = np.array(_whole(tree[f"{side}_child"]))
        found[side] = np.where(child < 0, child - leaves, child + nodes)
    sets = list(_level_sets(tree)) if is_level.any() else []
    starts = np.cumsum([bits, *(len(one) for one in sets)])
    found["bits"][is_level] = starts[threshold[is_level].astype(np.int64)]
    return found, value, np.array([word for one in sets for word in one], dtype=np.int64), nodes


def _level_sets(tree: dict[str, str]) -> Iterator[list[int]]:
    """Yield the sets of levels that go left: how many words of 32 bits, then these."""
    edges, words = _whole(tree["cat_boundaries"]), _whole(tree["cat_threshold"])
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        yield [end - start, *words[start:end]]


def _whole(text: str) -> list[int]:
    return [int(word) for word in text.split()]
