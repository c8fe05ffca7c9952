"""From scikit-learn's trees and forests to node arrays."""

import numpy as np

from mesic import PortableStep


def trees_step(model):
    """Return a fitted tree or forest as a ``trees`` step; None for one with several targets.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> step = trees_step(DecisionTreeRegressor().fit([[0.0], [1.0]], [3.0, 5.0]))
    >>> step.arrays["threshold"].tolist(), step.arrays["value"].tolist()
    ([0.5, 0.0, 0.0], [[3.0], [5.0]])
    """
    if model.n_outputs_ > 1:
        return None
    parts, nodes, leaves = [], 0, 0
    for tree in _trees(model):
        parts.append(_arrays(tree, nodes, leaves))
        nodes, leaves = nodes + tree.node_count, leaves + tree.n_leaves
    classes = int(getattr(model, "n_classes_", 0))
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return PortableStep("trees", {"classes": classes}, arrays)


def count_leaves(model):
    """Return how many leaves a fitted tree or forest has, and the unit."""
    return float(sum(tree.n_leaves for tree in _trees(model))), "leaves"


def _trees(model):
    estimators = model.estimators_ if hasattr(model, "estimators_") else [model]
    return [estimator.tree_ for estimator in estimators]


def _arrays(tree, first_node, first_leaf):
    is_leaf = tree.children_left < 0
    leaf_number = first_leaf + np.cumsum(is_leaf) - 1
    return {
        "root": np.array([first_node], dtype=np.int32),
        "feature": np.where(is_leaf, -1, tree.feature).astype(np.int32),
        "threshold": np.where(is_leaf, 0.0, tree.threshold),
        "left": np.where(is_leaf, -1, tree.children_left + first_node).astype(np.int32),
        "right": np.where(is_leaf, leaf_number, tree.children_right + first_node).astype(np.int32),
        "missing_left": tree.missing_go_to_left.astype(bool) & ~is_leaf,
        "value": tree.value[is_leaf, 0, :],
    }
