"""Samplers: which training rows the learner sees, with which weight."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import CLASSES, Component, hookimpl, option

_HOME = "mesic_plugins.samplers"
_COCHRAN = "W. G. Cochran, Sampling Techniques, 3rd edition, 1977"


@dataclass
class RandomOptions:
    """Options of ``random``."""

    share: float = option(0.1, "share of the training rows that are drawn", low=0, high=1, open_low=True)


@dataclass
class ReservoirOptions:
    """Options of ``reservoir``."""

    size: int = option(10_000, "rows that are drawn; all where there are fewer", low=1, unit="rows")


@dataclass
class SystematicOptions:
    """Options of ``systematic``."""

    step: int = option(10, "every how many rows one is drawn", low=1, unit="rows")


@dataclass
class StratifiedOptions(RandomOptions):
    """Options of ``stratified``."""

    by: str | None = option(None, "column whose values are the strata; null: the target's classes or deciles")
    allocation: str = option(
        "proportional",
        "how many rows a stratum gives: its share, the same number, or by size and spread of the target",
        choices=("proportional", "equal", "neyman"),
    )


@dataclass
class ClusterOptions:
    """Options of ``cluster``."""

    share: float = option(0.1, "share of the groups that are drawn", low=0, high=1, open_low=True)


@dataclass
class BalanceOptions:
    """Options of ``oversample`` and ``undersample``, and of what makes rows."""

    ratio: float = option(1.0, "rows of a small class, over those of a large one", low=0, high=1, open_low=True)
    correct: bool = option(True, "weigh rows so that classes keep their shares and probabilities stay right")


@dataclass
class SmoteOptions(BalanceOptions):
    """Options of ``smote``."""

    kind: str = option(
        "smote",
        "between which rows: all, those near another class, or the harder the more",
        choices=("smote", "borderline", "adasyn"),
    )
    neighbours: int = option(5, "nearest neighbours of the class; fewer where it has fewer rows", low=1)


@dataclass
class CleanedOptions:
    """Options of ``cleaned``."""

    method: str = option(
        "tomek_links",
        "which rows among those of another class are left out",
        choices=("tomek_links", "edited_nearest_neighbours", "near_miss"),
    )


@hookimpl
def register_samplers() -> Iterable[Component]:
    """Offer the built-in samplers."""
    traits = frozenset({"categories", "missing", "unscaled", "deterministic", "concurrent"})
    li = "K.-H. Li, Reservoir-sampling algorithms of time complexity O(n(1 + log(N/n))), ACM TOMS 20, 1994"
    again, fewer = "rows of small classes several times", "fewer rows of large classes"
    return (
        Component("everything", f"{_HOME}.everything:Everything", "all rows, each counting once", traits=traits),
        Component("random", f"{_HOME}.random:Random", "a share of the rows, by chance", RandomOptions, traits=traits),
        Component(
            "reservoir",
            f"{_HOME}.reservoir:Reservoir",
            "a number of rows, by chance, in one pass",
            ReservoirOptions,
            traits=traits,
            reference=li,
        ),
        Component(
            "systematic",
            f"{_HOME}.systematic:Systematic",
            "every k-th row in time, from a random start",
            SystematicOptions,
            traits=traits,
            reference=f"{_COCHRAN}, chapter 8",
        ),
        Component(
            "stratified",
            f"{_HOME}.stratified:Stratified",
            "a share of the rows of each stratum, by chance",
            StratifiedOptions,
            traits=traits,
            reference=f"{_COCHRAN}, chapter 5",
        ),
        Component(
            "cluster",
            f"{_HOME}.cluster:Cluster",
            "a share of the groups, each whole",
            ClusterOptions,
            traits=traits,
            roles=frozenset({"group"}),
            reference=f"{_COCHRAN}, chapter 9A",
        ),
        Component("oversample", f"{_HOME}.balance:Oversample", again, BalanceOptions, CLASSES, traits),
        Component("undersample", f"{_HOME}.balance:Undersample", fewer, BalanceOptions, CLASSES, traits),
        Component(
            "class_weights",
            f"{_HOME}.balance:ClassWeights",
            "all rows, each class counting the same",
            tasks=CLASSES,
            traits=traits,
        ),
        Component(
            "smote",
            f"{_HOME}.imbalanced_learn:Smote",
            "rows of small classes are made (needs mesic[imbalance])",
            SmoteOptions,
            CLASSES,
            traits - {"missing"},
            reference="N. V. Chawla and others, SMOTE, JAIR 16, 2002",
        ),
        Component(
            "cleaned",
            f"{_HOME}.imbalanced_learn:Cleaned",
            "without rows that stand among another class (needs mesic[imbalance])",
            CleanedOptions,
            CLASSES,
            traits - {"missing", "categories"},
            reference="I. Tomek, Two modifications of CNN, IEEE Transactions on SMC 6, 1976",
        ),
    )
