"""Trees in ONNX: thresholds of float64 as they are, sets of levels as columns of 0 and 1."""

import numpy as np
from onnx import numpy_helper

from mesic_plugins.targets.onnx.graph import INT64, ML

AT_MOST, SUM = 0, 1  # words of ai.onnx.ml.TreeEnsemble
IN_SET, OUT_OF_SET = 0.0, 1.0


def forest(  # noqa: PLR0913, PLR0917 - constants
    graph, row, width, outputs, each, features, start, edges, slots, blanks, set_features, set_slots, set_levels,
    set_start, set_rows, root, nodes, value
):  # fmt: skip
    """Return the sums of the leaves that a row falls into."""
    table, asked = row, [int(features[place]) for place in slots]
    blocks = _sets(graph, row, set_features, set_slots, set_levels, set_start, set_rows)
    if blocks:
        table = graph.beside(row, *blocks)
        asked += [width + number for number in range(int(set_slots[-1] - set_slots[0]))]
    limits = _limits(nodes, slots, start, edges)
    is_set = nodes["slot"] >= len(slots)
    blank_left = np.append(np.asarray(blanks) == 0, np.zeros(max(is_set.size, 1), dtype=bool))
    trees = {
        "nodes_featureids": np.asarray(asked, dtype=np.int64)[nodes["slot"]],
        "nodes_splits": limits,
        "nodes_missing_value_tracks_true": blank_left[nodes["slot"]].astype(np.int64) * ~is_set,
        **_children(nodes),
    }
    trees, roots = _with_stumps(trees, np.asarray(root, dtype=np.int64))
    if each == 1:
        weights, targets = value, _targets_of_leaves(nodes, root, outputs, len(value))
        return _ensemble(graph, table, trees, roots, weights, targets, outputs)
    leaves = len(value) // each
    at = _ensemble(
        graph,
        table,
        trees,
        roots,
        np.arange(float(leaves)),
        _targets_of_leaves(nodes, root, len(root), leaves),
        len(root),
    )
    found = graph.add("Gather", graph.constant(value.reshape(-1, each)), graph.cast(at, INT64))
    return graph.add("ReduceSum", found, graph.whole([1]), keepdims=0)


def _sets(graph, row, set_features, set_slots, set_levels, set_start, set_rows):
    """Return for each column of levels a table of 0 where a set holds the level and 1 where it does not."""
    if not len(set_features):
        return []
    cells, levels = graph.columns(row, set_features), graph.constant(np.asarray(set_levels, dtype=np.float64))
    is_there = graph.add("GreaterOrEqual", cells, graph.constant(0.0))
    is_known = graph.add("And", is_there, graph.add("Less", cells, levels))
    lines = graph.cast(graph.where(is_known, cells, levels), INT64)
    blocks = []
    for j, count in enumerate(np.diff(set_slots).tolist()):
        rows = np.asarray(set_rows[set_start[j] : set_start[j + 1]], dtype=np.float64).reshape(-1, count)
        line = graph.add("Gather", lines, graph.whole(j), axis=1)
        blocks.append(graph.add("Gather", graph.constant(rows), line))
    return blocks


def _limits(nodes, slots, start, edges):
    """Return the largest number that goes left at each node; of a set its 0 does."""
    is_number = nodes["slot"] < len(slots)
    limits = np.full(nodes.size, 0.5)
    own = np.asarray(slots, dtype=np.int64)[nodes["slot"][is_number]]
    limits[is_number] = edges[np.asarray(start, dtype=np.int64)[own] + nodes["limit"][is_number]]
    return limits


def _children(nodes):
    found = {}
    for side, word in (("left", "true"), ("right", "false")):
        child = nodes[side].astype(np.int64)
        found[f"nodes_{word}nodeids"] = np.where(child < 0, ~child, child)
        found[f"nodes_{word}leafs"] = (child < 0).astype(np.int64)
    return found


def _with_stumps(trees, root):
    """Return trees and their roots; a tree of one leaf becomes a node both sides of which are that leaf."""
    size, roots = trees["nodes_featureids"].size, root.copy()
    lone = np.flatnonzero(root < 0)
    roots[lone] = size + np.arange(lone.size)
    leaf = ~root[lone]
    more = {"nodes_trueleafs": 1, "nodes_falseleafs": 1, "nodes_truenodeids": leaf, "nodes_falsenodeids": leaf}
    joined = {
        name: np.append(own, np.broadcast_to(more.get(name, 0), lone.size).astype(own.dtype))
        for name, own in trees.items()
    }
    return joined, roots


def _targets_of_leaves(nodes, root, targets, leaves):
    """Return to which sum each leaf adds: that of its tree."""
    found, left, right = np.zeros(leaves, dtype=np.int64), nodes["left"], nodes["right"]
    for tree, first in enumerate(np.asarray(root).tolist()):
        waiting = [first]
        while waiting:
            place = waiting.pop()
            if place < 0:
                found[~place] = tree % targets
            else:
                waiting += [int(left[place]), int(right[place])]
    return found


def _ensemble(graph, table, trees, roots, weights, targets, count):
    attributes = {name: own.tolist() for name, own in trees.items() if name != "nodes_splits"}
    return graph.add(
        "TreeEnsemble",
        table,
        domain=ML,
        nodes_splits=numpy_helper.from_array(trees["nodes_splits"].astype(np.float64), "splits"),
        nodes_modes=numpy_helper.from_array(np.full(trees["nodes_splits"].size, AT_MOST, dtype=np.uint8), "modes"),
        leaf_weights=numpy_helper.from_array(np.asarray(weights, dtype=np.float64), "weights"),
        leaf_targetids=targets.tolist(),
        tree_roots=roots.tolist(),
        n_targets=count,
        aggregate_function=SUM,
        post_transform=0,
        **attributes,
    )
