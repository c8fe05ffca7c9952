"""Trees as a kernel walks them: a cell is ranked once among the thresholds of its column, and nodes compare ranks."""

import numpy as np

from mesic import TreeNodes, UsageError
from mesic_plugins.targets.program.program import NODE, Call

MOST_CELLS = 4_000_000


def forest(nodes: TreeNodes, root: np.ndarray, value: np.ndarray, *, outputs: int, each: int) -> Call:
    """Return the call that adds the leaves of trees.

    Parameters
    ----------
    nodes
        Of all trees.
    root
        Where each tree begins, as a child is told.
    value
        Of the leaves, `each` numbers a leaf.
    outputs
        How many sums there are; a leaf of tree t is added from sum ``t * each % outputs`` on.
    """
    features, start, edges = _edges(nodes)
    found = np.zeros(nodes.feature.size, dtype=NODE)
    found["left"], found["right"] = nodes.left, nodes.right
    is_number = np.array([not words for words in nodes.levels], dtype=bool)
    ranked: dict[tuple[int, bool], int] = {}
    for node in np.flatnonzero(is_number):
        place = int(np.searchsorted(features, nodes.feature[node]))
        own = edges[start[place] : start[place + 1]]
        found["limit"][node] = np.searchsorted(own, nodes.threshold[node])
        found["slot"][node] = ranked.setdefault((place, bool(nodes.blank_left[node])), len(ranked))
    wanted = {(int(nodes.feature[node]), nodes.levels[node]) for node in np.flatnonzero(~is_number)}
    sets = {key: len(ranked) + number for number, key in enumerate(sorted(wanted))}
    for node in np.flatnonzero(~is_number):
        found["slot"][node] = sets[int(nodes.feature[node]), nodes.levels[node]]
    beyond = int(np.diff(start).max(initial=0)) + 1
    values = {
        "outputs": outputs,
        "each": each,
        "features": features,
        "start": start,
        "edges": edges,
        "slots": np.array([place for place, _ in ranked], dtype=np.int64),
        "blanks": np.array([0 if is_left else beyond for _, is_left in ranked], dtype=np.int64),
        **_sets(list(sets), len(ranked)),
        "root": root,
        "nodes": found,
        "value": value,
    }
    return Call("forest", outputs, values)


def _sets(sets: list[tuple[int, tuple[int, ...]]], first: int) -> dict[str, np.ndarray]:
    """Return, by column and level, whether a level is in none of each set (1) or in it (0); levels beyond are in none.

    Raises
    ------
    UsageError
        There are too many levels.
    """
    features = sorted({feature for feature, _ in sets})
    own = [[words for feature, words in sets if feature == wanted] for wanted in features]
    levels = [32 * max(map(len, words)) for words in own]
    if sum((size + 1) * len(words) for size, words in zip(levels, own, strict=True)) > MOST_CELLS:
        raise UsageError(
            f"the trees ask for sets of more than {max(levels):,} levels, which would make a table of more than "
            f"{MOST_CELLS:,} cells: give transformer=[target_encoding] or [hashing]"
        )
    rows = [_rows(words, size) for words, size in zip(own, levels, strict=True)]
    slots = first + np.cumsum([0, *map(len, own)])
    return {
        "set_features": np.array(features, dtype=np.int64),
        "set_slots": slots,
        "set_levels": np.array(levels, dtype=np.int64),
        "set_start": np.cumsum([0, *(part.size for part in rows)]),
        "set_rows": np.concatenate([np.empty(0, dtype=np.int64), *rows]),
    }


def _rows(sets: list[tuple[int, ...]], levels: int) -> np.ndarray:
    outside = np.ones((levels + 1, len(sets)), dtype=np.int64)
    for number, words in enumerate(sets):
        bits = np.unpackbits(np.array(words, dtype="<u4").view(np.uint8), bitorder="little")
        outside[: bits.size, number] -= bits
    return outside.reshape(-1)


def _edges(nodes: TreeNodes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns of numbers that are asked, and the thresholds of each, ascending."""
    is_number = np.array([not words for words in nodes.levels], dtype=bool)
    features = np.unique(nodes.feature[is_number]).astype(np.int64)
    pieces = [np.unique(nodes.threshold[is_number & (nodes.feature == feature)]) for feature in features]
    start = np.cumsum([0, *(piece.size for piece in pieces)])
    return features, start, np.concatenate([np.empty(0), *pieces])
