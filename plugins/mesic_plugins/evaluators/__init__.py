"""Evaluators: what else is asked of the test predictions."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class CalibrationOptions:
    """Options of the calibration table."""

    bins: int = option(10, "bins of equal size", low=2, high=100)
    by: list[str] | None = option(None, "columns whose groups are told by themselves, beside sensitive ones")


@dataclass
class FeatureAuditOptions:
    """Options of the audit of features."""

    rows: int = option(1000, "validation rows at most", low=10, unit="rows")
    most: int = option(60, "columns that are examined at most, the strongest", low=1)
    similarity: float = option(0.9, "from which columns say the same", low=0, high=1, open_low=True)


@dataclass
class ErrorsOptions:
    """Options of the error analysis."""

    worst: int = option(10, "worst rows listed", low=0, high=1000, unit="rows")


@dataclass
class SlicesOptions:
    """Options of the comparison of slices."""

    columns: list[str] | None = option(None, "declared slices, such as [sex, 'age >= 65', 'sex = F & town']")
    parts: int = option(4, "ranges into which a declared column of numbers is cut", low=2, high=100)
    most: int = option(3, "searched slices of each sort at most", low=0, high=50)
    fewest: int = option(30, "rows of a slice at least", low=2, unit="rows")


@dataclass
class FairnessOptions:
    """Options of the comparison of groups of people."""

    columns: list[str] | None = option(None, "columns beside those that the schema calls sensitive")
    parts: int = option(4, "ranges into which a column of numbers is cut", low=2, high=100)
    fewest: int = option(30, "rows of a group at least", low=2, unit="rows")
    tolerance: float = option(0.1, "difference that may be", low=0, high=1)


@dataclass
class ConformalOptions:
    """Options of intervals and sets that promise coverage."""

    coverage: float = option(0.9, "share of the rows whose target is held", low=0.5, high=0.99)
    sets: str = option("lac", "which sets a bundle is to answer", choices=("lac", "aps"))
    by: list[str] | None = option(None, "columns by whose groups coverage is shown, beside sensitive ones")


@dataclass
class SelectiveOptions:
    """Options of the answers that are left when the least sure ones are not given."""

    coverage: float = option(0.9, "share of the rows that are answered", low=0.05, high=1)
    at_most: float | None = option(
        None, "largest share of wrong answers instead; null: none is asked for", low=0, high=1, open_low=True
    )
    confidence: float = option(0.9, "chance that it is kept", low=0.5, high=0.999)


@dataclass
class RobustnessOptions:
    """Options of the noise that answers are to bear."""

    rows: int = option(1000, "test rows at most", low=10, unit="rows")
    epsilon: float = option(0.05, "how far a prediction may move", low=0, high=1, open_low=True)
    share: float = option(0.95, "of the rows for which it may not move farther", low=0.5, high=0.999)
    alone: float = option(0.1, "strength of the noise in one column", low=0, high=10, open_low=True)
    most: int = option(40, "columns that are asked by themselves at most", low=1)


@hookimpl
def register_evaluators() -> Iterable[Component]:
    """Offer the built-in evaluators."""
    home = "mesic_plugins.evaluators"
    return (
        Component(
            "calibration",
            f"{home}.calibration:Calibration",
            "do predictions mean what they say",
            CalibrationOptions,
        ),
        Component(
            "feature_audit",
            f"{home}.feature_audit:FeatureAudit",
            "is each column worth having: power, cost, reliability, redundancy, stability",
            FeatureAuditOptions,
            traits=frozenset({"validation"}),
            reference="L. Breiman, Random Forests, Machine Learning 45, 2001",
        ),
        Component("errors", f"{home}.errors:Errors", "where predictions are wrong", ErrorsOptions),
        Component(
            "slices",
            f"{home}.slices:Slices",
            "for whom the model is worse: declared and searched slices",
            SlicesOptions,
            reference="Y. Chung et al., Slice Finder, ICDE 2019",
        ),
        Component(
            "fairness",
            f"{home}.fairness:Fairness",
            "do groups of sensitive columns get other answers and errors",
            FairnessOptions,
            reference="M. Hardt, E. Price, N. Srebro, Equality of Opportunity, NIPS 2016",
        ),
        Component(
            "conformal",
            f"{home}.conformal:Conformal",
            "intervals and sets that hold the target as often as they promise",
            ConformalOptions,
            reference="V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, 2005",
        ),
        Component(
            "selective",
            f"{home}.selective:Selective",
            "what answers lose that are left when the model is silent where it is least sure",
            SelectiveOptions,
            reference="Y. Geifman, R. El-Yaniv, Selective Classification for Deep Neural Networks, NIPS 2017",
        ),
        Component(
            "robustness",
            f"{home}.robustness:Robustness",
            "how much noise in the columns an answer bears",
            RobustnessOptions,
            reference="A. Burkov, Machine Learning Engineering, 2020",
        ),
    )
