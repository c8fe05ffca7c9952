"""Which models of LightGBM the kernels can answer."""

from mesic import UsageError, boosted_trees


def boosted(text):
    r"""Return the trees of a model in LightGBM's own words.

    Raises
    ------
    UsageError
        It has linear leaves, an objective, a mean or a treatment of zeros that has no kernel.

    Examples
    --------
    >>> head = "num_tree_per_iteration=1\nmax_feature_idx=2\nobjective=regression\n"
    >>> boosted(head + "\nTree=0\nnum_leaves=1\nleaf_value=2.5\n").value.tolist()
    [2.5]
    """
    model = boosted_trees(text)
    if model.is_mean:
        raise UsageError("a LightGBM model in mode rf has no kernel: give boosting_type=gbdt")
    if model.nodes.zero_is_blank.any():
        raise UsageError("a LightGBM model with zero_as_missing has no kernel: leave that option out")
    return model
