"""Selectors: which columns the learner sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, hookimpl, option

_HOME = "mesic_plugins.selectors"
_ALPHA = "share of falsely kept columns"


@dataclass
class LongTailOptions:
    """Options of ``long_tail``."""

    min_rows: str = option("5", "rows in which a column must say something, or a share such as 0.01, or auto")
    mass: float | None = option(
        None, "instead: share of all that is said that the kept columns hold", low=0, high=1, open_low=True
    )


@dataclass
class BorutaOptions:
    """Options of ``boruta``."""

    rule: str = option(
        "pooled", "pooled: false discovery rate; classic: the published test", choices=("pooled", "classic")
    )
    alpha: float = option(0.01, f"{_ALPHA} (pooled), or level of the test (classic)", low=0, high=1, open_low=True)
    shadows: str = option(
        "rows", "what is shuffled; group and time need source.group, .time", choices=("rows", "group", "time")
    )
    max_rounds: int = option(100, "forests of rule classic at most", low=1)


@dataclass
class L1Options:
    """Options of ``l1``."""

    rule: str = option(
        "auto",
        "which penalty; auto: stability if columns outnumber rows, else 1se",
        choices=("auto", "1se", "min", "ebic", "stability"),
    )
    folds: int = option(5, "folds of rules 1se and min", low=2)
    threshold: float = option(0.7, "of rule stability: share of half samples", low=0.5, high=1, open_low=True)


@dataclass
class PermutationOptions:
    """Options of ``permutation``."""

    alpha: float = option(0.05, _ALPHA, low=0, high=1, open_low=True)
    folds: int = option(5, "folds of the model that is asked", low=2)


@dataclass
class UnivariateOptions:
    """Options of ``univariate``."""

    alpha: float = option(0.05, _ALPHA, low=0, high=1, open_low=True)


@dataclass
class RedundancyOptions:
    """Options of ``redundancy``."""

    similarity: float = option(0.9, "from which columns say the same", low=0, high=1, open_low=True)


@dataclass
class CostAwareOptions:
    """Options of ``cost_aware``."""

    budget_us: float = option(100.0, "what getting and making columns may take a row", low=0, open_low=True, unit="us")
    folds: int = option(5, "folds of the model that is asked", low=2)


@hookimpl
def register_selectors() -> Iterable[Component]:
    """Offer the built-in selectors."""
    reads_all = frozenset({"categories", "missing", "unscaled", "deterministic", "concurrent"})
    weighs = reads_all | {"weights"}
    return (
        Component(
            "long_tail",
            f"{_HOME}.long_tail:LongTail",
            "drop columns, and merge levels, that say something in a handful of rows",
            LongTailOptions,
            traits=weighs | {"glassbox"},
            reference="A. Burkov, Machine Learning Engineering, 2020, chapter 4",
        ),
        Component(
            "boruta",
            f"{_HOME}.boruta.estimator:Boruta",
            "keep every column that serves a forest better than shuffled columns",
            BorutaOptions,
            traits=weighs | {"any_threads"},
            reference="M. Kursa, W. Rudnicki, Feature Selection with the Boruta Package, JSS 36, 2010",
        ),
        Component(
            "l1",
            f"{_HOME}.l1.estimator:L1",
            "keep the columns that a sparse linear model weighs",
            L1Options,
            traits=weighs | {"glassbox"},
            reference="R. Tibshirani, Regression Shrinkage and Selection via the Lasso, JRSS B 58, 1996",
        ),
        Component(
            "permutation",
            f"{_HOME}.permutation:Permutation",
            "keep the columns without which LightGBM predicts worse",
            PermutationOptions,
            traits=weighs | {"any_threads"},
            reference="L. Breiman, Random Forests, Machine Learning 45, 2001",
        ),
        Component(
            "univariate",
            f"{_HOME}.univariate:Univariate",
            "keep the columns that tell of the target on their own",
            UnivariateOptions,
            traits=weighs | {"glassbox"},
            reference="Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate, JRSS B 57, 1995",
        ),
        Component(
            "cost_aware",
            f"{_HOME}.cost_aware:CostAware",
            "keep the columns that predict best within a budget of time",
            CostAwareOptions,
            traits=weighs - {"deterministic", "concurrent"},  # it reads the clock, and must be alone
        ),
        Component(
            "redundancy",
            f"{_HOME}.redundancy:Redundancy",
            "keep one of the columns that say the same",
            RedundancyOptions,
            traits=reads_all | {"glassbox"},
        ),
    )


@hookimpl
def to_portable(step: Any) -> Any:
    """Describe a selector of this package."""
    if type(step).__module__.startswith(f"{_HOME}."):
        return step.to_portable()
    return None
