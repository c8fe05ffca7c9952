"""The mean of trees that each see resampled rows."""

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor


def random_forest(*, n_estimators=100, max_features=0.33, min_samples_leaf=2, task="binary", seed=0, threads=1):
    """Return an unfitted random forest.

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
    L. Breiman, Random Forests, Machine Learning 45, 2001.

    Examples
    --------
    >>> random_forest(task="regression", n_estimators=1).fit([[0.0]], [2.0]).predict([[9.0]]).tolist()
    [2.0]
    """
    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    return kind(
        n_estimators,
        max_features=float(max_features),
        min_samples_leaf=min_samples_leaf,
        random_state=seed % 2**32,
        n_jobs=threads,
    )
