"""Options of the built-in metrics."""

from dataclasses import dataclass
from typing import Any

from mesic import option

AVERAGES = ("auto", "positive", "macro", "weighted", "micro")


@dataclass
class Averaged:
    """Options of metrics of one class at a time."""

    average: str = option("auto", "over classes; auto: class code 1 of two classes, else macro", choices=AVERAGES)


@dataclass
class FBetaOptions(Averaged):
    """Options of F-beta."""

    beta: float = option(1.0, "2 counts recall twice, 0.5 half", low=0, open_low=True)


@dataclass
class KappaOptions:
    """Options of Cohen's kappa."""

    weights: str = option("none", "how confusions grow with distance", choices=("none", "linear", "quadratic"))


@dataclass
class ExpectedCostOptions:
    """Options of the expected cost."""

    false_positive: float = option(1.0, "cost of answering class code 1 for 0", low=0)
    false_negative: float = option(1.0, "cost of answering class code 0 for 1", low=0)
    costs: list[list[Any]] | None = option(None, "a row a class, a column an answer; null: the two above")


@dataclass
class PrecisionAtKOptions:
    """Options of precision at k."""

    k: int = option(10, "places looked at", low=1)


@dataclass
class NdcgOptions:
    """Options of NDCG."""

    k: int | None = option(None, "places looked at; null: all", low=1)


@dataclass
class CalibrationErrorOptions:
    """Options of the expected calibration error."""

    bins: int = option(10, "bins of about as many rows", low=1, high=1000)


@dataclass
class AcperOptions:
    """Options of the almost correct predictions error rate."""

    percent: float = option(10.0, "how far from the truth counts as right", low=0, open_low=True, unit="%")


@dataclass
class QuantileLossOptions:
    """Options of the quantile loss."""

    alpha: float = option(0.5, "the quantile that is predicted", low=0.001, high=0.999)
