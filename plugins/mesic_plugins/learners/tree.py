"""One decision tree that a person can read."""

from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def tree(*, max_depth=5, min_samples_leaf=10, task="binary", seed=0):
    """Return an unfitted decision tree.

    Parameters
    ----------
    max_depth : int
        Questions from root to leaf at most, from 1.
    min_samples_leaf : int
        Rows that a leaf needs, from 1.

    References
    ----------
    L. Breiman et al., Classification and Regression Trees, 1984.

    Examples
    --------
    >>> tree(min_samples_leaf=1).fit([[0.0], [1.0]], [0, 1]).predict([[0.8]]).tolist()
    [1]
    """
    kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
    return kind(max_depth=max_depth, min_samples_leaf=min_samples_leaf, random_state=seed % 2**32)
