"""Trees as the arrays that the kernel reads; every size and place is checked here, so that C need not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesic.bundle.boosting import LEAST, BoostedTrees, TreeNodes
from mesic.kernel.forest import BITS, Places, Unsuited, placed

MOST_THRESHOLDS, MOST_CODES, MOST_LEVELS, MOST_OUTPUTS = 255, 255, 1 << 20, 4096
AS_ZERO, LOWEST, HIGHEST, ZEROS = 0, 1, 2, 2
LINKS = {"identity": 0, "sigmoid": 1, "softmax": 2}
SPLIT = np.dtype([("line", "u4"), ("keep", "u1"), ("limit", "u1"), ("unused", "u2")])


@dataclass(frozen=True, eq=False)
class KernelArrays:
    """What the kernel reads: numbers by name, and arrays by name."""

    numbers: dict[str, float]
    arrays: dict[str, np.ndarray]


def kernel_arrays(model: BoostedTrees) -> KernelArrays:
    """Return a model as the kernel reads it.

    Raises
    ------
    Unsuited
        It has trees that the kernel cannot answer, or what is none.
    """
    trees, nodes = model.root.size, model.nodes
    if not trees or model.outputs not in range(1, MOST_OUTPUTS + 1) or trees % model.outputs:
        raise Unsuited(f"it has {trees} trees for {model.outputs} outputs")
    if nodes.feature.size and not (nodes.feature.min() >= 0 and nodes.feature.max() < model.width):
        raise Unsuited(f"it asks for other columns than its {model.width}")
    if np.isnan(nodes.threshold).any():
        raise Unsuited("a threshold is no number")
    places = placed(nodes, model.root, model.value.size)
    is_number = np.array([not words for words in nodes.levels], dtype=bool)
    found = _numbers(nodes, places, np.flatnonzero(is_number)) | _levels(nodes, places, np.flatnonzero(~is_number))
    numbers = {
        "width": model.width,
        "trees": trees,
        "outputs": model.outputs,
        "each": 1,
        "link": LINKS[model.link],
        "slots": found["slot_column"].size,
        "columns": found["level_column"].size,
        "lines": int(places.line[-1]),
        "slope": model.slope,
        "divisor": float(trees // model.outputs) if model.is_mean else 1.0,
        "least": LEAST,
    }
    found |= {"tree_line": places.line, "tree_leaf": places.leaf, "leaf": model.value[places.order]}
    return KernelArrays(numbers, {name: _stored(array) for name, array in found.items()})


def _stored(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.int64:
        if array.size and not (array.min() >= -(2**31) and array.max() < 2**31):
            raise Unsuited("it is too large")
        array = array.astype(np.int32)
    return np.ascontiguousarray(array)


def _numbers(nodes: TreeNodes, places: Places, asks: np.ndarray) -> dict[str, np.ndarray]:
    """Return slots of columns of numbers: a column, 255 of its thresholds at most, what becomes of missing cells."""
    columns, blanks, edges, pieces, starts, counts = [], [], [], [], [], []
    total = 0
    for column in np.unique(nodes.feature[asks]):
        own = asks[nodes.feature[asks] == column]
        limits = np.unique(nodes.threshold[own])
        rank, kind = np.searchsorted(limits, nodes.threshold[own]), _kinds(nodes, own)
        for start in range(0, limits.size, MOST_THRESHOLDS):
            part = limits[start : start + MOST_THRESHOLDS]
            here = (rank >= start) & (rank < start + MOST_THRESHOLDS)
            for blank in np.unique(kind[here]):
                mine = here & (kind == blank)
                columns.append(column)
                blanks.append(blank)
                starts.append(total)
                counts.append(part.size)
                pieces.append((own[mine], rank[mine] - start))
            edges.append(part)
            total += part.size
    sides = [places.clears_left[own] for own, _ in pieces]
    above = [_splits(places, own[side], limit[side]) for (own, limit), side in zip(pieces, sides, strict=True)]
    upto = [_splits(places, own[~side], limit[~side])[::-1] for (own, limit), side in zip(pieces, sides, strict=True)]
    whole = {"slot_column": columns, "slot_blank": blanks, "slot_edges": starts, "slot_count": counts}
    return {
        **{name: np.array(values, dtype=np.int64) for name, values in whole.items()},
        "above": _starts(above),
        "upto": _starts(upto),
        "edges": np.concatenate([np.empty(0), *edges]),
        "splits_above": np.concatenate([np.empty(0, dtype=SPLIT), *above]),
        "splits_upto": np.concatenate([np.empty(0, dtype=SPLIT), *upto]),
    }


def _kinds(nodes: TreeNodes, own: np.ndarray) -> np.ndarray:
    """Return what becomes of a missing cell at each node of one column."""
    left, zeros = nodes.blank_left[own], nodes.zero_is_blank[own]
    if not zeros.any() and (left == (nodes.threshold[own] >= 0)).all():
        return np.full(own.size, AS_ZERO)
    return np.where(left, LOWEST, HIGHEST) + np.where(zeros, ZEROS, 0)


def _splits(places: Places, own: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Return what nodes clear, a line of eight leaves each, by limit."""
    first, end = places.first[own], places.first[own] + places.cleared[own]
    lines = (end - 1) // BITS - first // BITS + 1
    node = np.repeat(np.arange(own.size), lines)
    line = np.arange(node.size) - np.repeat(np.cumsum(lines) - lines, lines) + first[node] // BITS
    low, high = np.maximum(first[node] - BITS * line, 0), np.minimum(end[node] - BITS * line, BITS)
    found = np.zeros(node.size, dtype=SPLIT)
    found["line"] = places.line[places.tree[own[node]]] + line
    found["keep"] = 255 - ((1 << high) - (1 << low))
    found["limit"] = limit[node]
    return found[np.lexsort((found["line"], found["limit"]))]


def _starts(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum([part.size for part in parts])]).astype(np.int64)


def _levels(nodes: TreeNodes, places: Places, asks: np.ndarray) -> dict[str, np.ndarray]:
    """Return columns of levels: a code for each level that a set names, and for each set the codes that are in it."""
    columns = np.unique(nodes.feature[asks])
    codes, sets, inside, splits, each = [], [], [], [], []
    for column in columns:
        own = asks[nodes.feature[asks] == column]
        keys = sorted({(nodes.levels[node], bool(places.clears_left[node])) for node in own})
        named = np.unique(np.concatenate([_members(words) for words, _ in keys]))
        if named.size > MOST_CODES:
            raise Unsuited(f"sets of column {column} name {named.size:,} levels")
        if named.size and named[-1] >= MOST_LEVELS:
            raise Unsuited(f"column {column} has a level {named[-1]:,}")
        table = np.full((int(named[-1]) + 1 if named.size else 0) + 1, named.size, dtype=np.uint8)
        table[named] = np.arange(named.size)
        codes.append(table)
        each.append(len(keys))
        where = {key: own_set for own_set, key in enumerate(keys)}
        number = np.array([where[nodes.levels[node], bool(places.clears_left[node])] for node in own])
        for place, (words, clears_left) in enumerate(keys):
            sets.append(_bits(np.searchsorted(named, _members(words))))
            inside.append(not clears_left)
            splits.append(_splits(places, own[number == place], np.zeros(int((number == place).sum()), dtype=np.int64)))
    return {
        "level_column": columns.astype(np.int64),
        "level_start": _starts(codes),
        "level_code": np.concatenate([np.empty(0, dtype=np.uint8), *codes]),
        "set_start": np.concatenate([[0], np.cumsum(each)]).astype(np.int64),
        "set_splits": _starts(splits),
        "sets": np.concatenate([np.empty(0, dtype=np.uint8), *sets]),
        "set_inside": np.array(inside, dtype=np.int64),
        "splits_set": np.concatenate([np.empty(0, dtype=SPLIT), *splits]),
    }


def _members(words: tuple[int, ...]) -> np.ndarray:
    if any(not 0 <= word < 2**32 for word in words):
        raise Unsuited("a set of levels is none")
    return np.flatnonzero(np.unpackbits(np.array(words, dtype="<u4").view(np.uint8), bitorder="little"))


def _bits(codes: np.ndarray) -> np.ndarray:
    held = np.zeros(256, dtype=np.uint8)
    held[codes] = 1
    return np.packbits(held, bitorder="little")
