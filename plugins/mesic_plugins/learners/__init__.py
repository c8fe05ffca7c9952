"""Learners: what learns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import CLASSES, Choice, Component, Range, hookimpl, option

_HOME = "mesic_plugins.learners"
_TREES = ("sklearn.tree.", "sklearn.ensemble._forest")


@dataclass
class LightGBMOptions:
    """Options of ``lightgbm``."""

    n_estimators: int = option(200, "rounds of boosting", low=1, unit="trees")
    learning_rate: float = option(0.05, "share of each tree that is added", low=0, high=1, open_low=True)
    num_leaves: int = option(31, "leaves of a tree at most", low=2, high=131072)
    min_child_samples: int = option(20, "rows that a leaf needs", low=1, unit="rows")
    subsample: float = option(0.8, "share of the rows that a tree sees", low=0, high=1, open_low=True)
    colsample_bytree: float = option(1.0, "share of the columns that a tree sees", low=0, high=1, open_low=True)
    reg_lambda: float = option(1.0, "L2 penalty on the values of leaves", low=0)
    reg_alpha: float = option(0.0, "L1 penalty on the values of leaves", low=0)
    extra_trees: bool = option(False, "whether a column is split at a threshold that is drawn at random")
    max_bin: int | None = option(
        None, "bins of a column's values; null: one for every 40 rows, 31 to 255", low=2, high=65535
    )


@dataclass
class LinearOptions:
    """Options of ``linear``."""

    penalty: str = option("l2", "what keeps coefficients small", choices=("l1", "l2", "elastic_net"))
    C: float = option(1.0, "inverse strength of the penalty", low=0, open_low=True)
    l1_ratio: float = option(0.5, "share of L1 in elastic_net", low=0, high=1)


@dataclass
class ForestOptions:
    """Options of ``extra_trees`` and ``random_forest``."""

    n_estimators: int = option(100, "trees", low=1, unit="trees")
    max_features: float = option(0.33, "share of the columns tried at a split", low=0, high=1, open_low=True)
    min_samples_leaf: int = option(2, "rows that a leaf needs", low=1, unit="rows")


@dataclass
class TreeOptions:
    """Options of ``tree``."""

    max_depth: int = option(5, "questions from root to leaf at most", low=1, high=30)
    min_samples_leaf: int = option(10, "rows that a leaf needs", low=1, unit="rows")


@dataclass
class NaiveBayesOptions:
    """Options of ``naive_bayes``."""

    var_smoothing: float = option(1e-9, "share of the largest variance that is added to all", low=0)


@dataclass
class NeighborsOptions:
    """Options of ``neighbors``."""

    k: int = option(15, "nearest rows that are asked; all, where there are fewer", low=1, unit="rows")
    weights: str = option("distance", "whether nearer rows count more", choices=("uniform", "distance"))


@hookimpl
def register_learners() -> Iterable[Component]:
    """Offer the built-in learners."""
    return (_lightgbm(), _linear(), *_forests(), _tree(), _naive_bayes(), _neighbors())


def _lightgbm() -> Component:
    return Component(
        "lightgbm",
        f"{_HOME}.lightgbm:LightGBM",
        "gradient-boosted trees",
        LightGBMOptions,
        traits=frozenset({"categories", "missing", "unscaled", "weights", "deterministic", "concurrent"})
        | {"rare_classes"},
        space={
            "num_leaves": Range(4, 256, log=True, complexity=+1),
            "learning_rate": Range(0.03, 0.3, log=True),
            "n_estimators": Range(50, 2000, log=True, complexity=+1),
            "min_child_samples": Range(2, 100, log=True, complexity=-1),
            "colsample_bytree": Range(0.4, 1.0),
            "reg_lambda": Range(1e-3, 10, log=True, complexity=-1),
            "extra_trees": Choice((False, True)),
        },
        rounds="n_estimators",
        shrinkage="learning_rate",
        portfolio=(
            {"learning_rate": 0.1},
            {"num_leaves": 64, "extra_trees": True, "min_child_samples": 3, "colsample_bytree": 0.8},
            {"num_leaves": 128, "learning_rate": 0.03, "colsample_bytree": 0.9, "min_child_samples": 5},
            {"num_leaves": 8, "colsample_bytree": 0.6, "min_child_samples": 10},
            {"num_leaves": 5, "learning_rate": 0.1, "min_child_samples": 40, "colsample_bytree": 0.8},
            {"extra_trees": True},
            {"num_leaves": 16, "learning_rate": 0.03, "colsample_bytree": 0.5, "reg_lambda": 5.0},
        ),
        reference="G. Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017",
    )


def _linear() -> Component:
    return Component(
        "linear",
        f"{_HOME}.linear:Linear",
        "logistic or linear regression with a penalty",
        LinearOptions,
        traits=frozenset({"weights", "deterministic", "glassbox", "rare_classes"}),
        space={"C": Range(1e-3, 1e3, log=True, complexity=+1)},
        portfolio=({"C": 0.05},),
        reference="T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2009",
    )


def _forests() -> Iterable[Component]:
    traits = frozenset({"missing", "unscaled", "weights", "deterministic", "concurrent", "rare_classes"})
    space = {
        "max_features": Range(0.1, 1.0),
        "min_samples_leaf": Range(1, 32, log=True, complexity=-1),
    }
    extra = "P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63, 2006"
    forest = "L. Breiman, Random Forests, Machine Learning 45, 2001"
    return (
        Component(
            "extra_trees",
            f"{_HOME}.extra_trees:extra_trees",
            "mean of trees with random thresholds",
            ForestOptions,
            traits=traits,
            space=space,
            portfolio=({"max_features": 0.5, "min_samples_leaf": 8}, {"max_features": 0.7, "min_samples_leaf": 1}),
            reference=extra,
        ),
        Component(
            "random_forest",
            f"{_HOME}.random_forest:random_forest",
            "mean of trees on resampled rows",
            ForestOptions,
            traits=traits,
            space=space,
            reference=forest,
        ),
    )


def _tree() -> Component:
    return Component(
        "tree",
        f"{_HOME}.tree:tree",
        "one decision tree of limited depth",
        TreeOptions,
        traits=frozenset({"missing", "unscaled", "weights", "deterministic", "concurrent", "glassbox", "rare_classes"}),
        space={
            "max_depth": Range(2, 12, complexity=+1),
            "min_samples_leaf": Range(2, 200, log=True, complexity=-1),
        },
        reference="L. Breiman et al., Classification and Regression Trees, 1984",
    )


def _naive_bayes() -> Component:
    return Component(
        "naive_bayes",
        f"{_HOME}.naive_bayes:NaiveBayes",
        "one Gaussian a class and column",
        NaiveBayesOptions,
        tasks=CLASSES,
        traits=frozenset({"weights", "deterministic", "concurrent", "glassbox", "rare_classes"}),
        space={"var_smoothing": Range(1e-9, 1.0, log=True, complexity=-1)},
        reference="D. Hand, K. Yu, Idiot's Bayes: Not So Stupid After All?, Int. Stat. Review 69, 2001",
    )


def _neighbors() -> Component:
    return Component(
        "neighbors",
        f"{_HOME}.neighbors:Neighbors",
        "mean of the nearest training rows",
        NeighborsOptions,
        traits=frozenset({"deterministic", "concurrent", "rare_classes"}),
        space={
            "k": Range(1, 200, log=True, complexity=-1),
            "weights": Choice(("uniform", "distance")),
        },
        reference="T. Cover, P. Hart, Nearest neighbor pattern classification, IEEE Transactions 13, 1967",
    )


@hookimpl
def to_portable(step: Any) -> Any:
    """Describe a learner of this package, or a tree or forest of scikit-learn."""
    if _is_own(step):
        return step.to_portable()
    if type(step).__module__.startswith(_TREES) and hasattr(step, "predict"):
        from mesic_plugins.learners.nodes import trees_step

        return trees_step(step)
    return None


@hookimpl
def describe_complexity(estimator: Any) -> tuple[float, str] | None:
    """Say how large a learner of this package, or a tree or forest of scikit-learn, has grown."""
    if _is_own(estimator):
        size: tuple[float, str] = estimator.complexity()
        return size
    if type(estimator).__module__.startswith(_TREES):
        from mesic_plugins.learners.nodes import count_leaves

        return count_leaves(estimator)  # type: ignore[no-any-return]  # untyped, as estimators are
    return None


def _is_own(thing: Any) -> bool:
    return type(thing).__module__.startswith(f"{_HOME}.")
