"""The mean of trees that try random thresholds."""

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor


def extra_trees(*, n_estimators=100, max_features=0.33, min_samples_leaf=2, task="binary", seed=0, threads=1):
    """Return an unfitted forest of extremely randomized trees.

    Parameters
    ----------
    n_estimators : int
        Trees, from 1.
    max_features : float
        Share of the columns tried at a split, in (0, 1].
    min_samples_leaf : int
        Rows that a leaf needs, from 1.

    References
    ----------
    P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63, 2006.

    Examples
    --------
    >>> extra_trees(task="regression").fit([[0.0], [1.0]], [2.0, 4.0]).predict([[0.0]]).tolist()
    [3.0]
    """
    kind = ExtraTreesRegressor if task == "regression" else ExtraTreesClassifier
    return kind(
        n_estimators,
        max_features=float(max_features),
        min_samples_leaf=min_samples_leaf,
        random_state=seed % 2**32,
        n_jobs=threads,
    )
