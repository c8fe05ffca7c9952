"""Gradient-boosted trees; they read missing values and category columns as they are."""

import re

import lightgbm

from mesic import PortableStep
from mesic_plugins.learners.portable import PortableLearner

CELLS_WORTH_THREADS = 500_000  # below, threads that wait for each other cost more than they bring
MIN_GROUP = 100  # LightGBM's rows a group of levels; small tables need less, or levels would never be used


class LightGBM(PortableLearner):
    """LightGBM behind a matrix: columns may have any name, and the same seed gives the same model.

    Parameters
    ----------
    n_estimators : int
        Rounds of boosting, from 1.
    learning_rate : float
        Share of each tree that is added, in (0, 1].
    num_leaves : int
        Leaves of a tree at most, from 2.
    min_child_samples : int
        Rows that a leaf needs, from 1.
    subsample, colsample_bytree : float
        Shares of the rows and of the columns that a tree sees, in (0, 1].
    reg_lambda, reg_alpha : float
        L2 and L1 penalties on the values of leaves, from 0.
    max_bin : int
        Bins that the values of a column are put in, from 2.
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    seed, threads : int
        Of the draws, and of LightGBM.

    References
    ----------
    G. Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x[0]": range(100)}, dtype=float)
    >>> LightGBM(n_estimators=20).fit(X, X["x[0]"] > 49).predict(X.iloc[[0, 99]]).tolist()
    [False, True]
    """

    def __init__(  # noqa: PLR0913 - one parameter an option
        self,
        *,
        n_estimators=200,
        learning_rate=0.05,
        num_leaves=31,
        min_child_samples=20,
        subsample=0.8,
        colsample_bytree=1.0,
        reg_lambda=1.0,
        reg_alpha=0.0,
        max_bin=255,
        task="binary",
        seed=0,
        threads=1,
    ):
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.reg_lambda = reg_lambda
        self.reg_alpha = reg_alpha
        self.max_bin = max_bin
        self.task = task
        self.seed = seed
        self.threads = threads

    def complexity(self):
        """Return the number of leaves of all trees, and the unit."""
        return float(sum(map(int, re.findall(r"^num_leaves=(\d+)$", self.step_.text, re.MULTILINE)))), "leaves"

    def _learn(self, matrix, y, classes, weight):
        threads = self.threads if matrix.values.size >= CELLS_WORTH_THREADS else 1
        params = self._params(classes, len(matrix), threads)
        categories = [place for place, name in enumerate(matrix.names) if name in matrix.levels]
        data = lightgbm.Dataset(matrix.values, y, weight=weight, categorical_feature=categories, params=params)
        data.construct()
        del matrix  # LightGBM has binned it
        booster = lightgbm.train(params, data, self.n_estimators, keep_training_booster=True)
        text = booster.model_to_string().replace(f"[num_threads: {threads}]", "[num_threads: 0]")
        return PortableStep("lightgbm", {"classes": classes}, text=text)

    def _params(self, classes, rows, threads):
        has_bags = self.subsample < 1 <= int(self.subsample * rows)
        objective = {0: {"objective": "regression"}, 2: {"objective": "binary"}}
        return objective.get(classes, {"objective": "multiclass", "num_class": classes}) | {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_child_samples,
            "min_data_per_group": min(MIN_GROUP, max(self.min_child_samples, rows // 100)),
            "bagging_fraction": self.subsample,
            "bagging_freq": int(has_bags),
            "feature_fraction": self.colsample_bytree,
            "lambda_l2": self.reg_lambda,
            "lambda_l1": self.reg_alpha,
            "max_bin": self.max_bin,
            "seed": self.seed % 2**31,
            "num_threads": threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
