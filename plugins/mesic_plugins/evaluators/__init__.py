"""Evaluators: what else is asked of the test predictions."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class CalibrationOptions:
    """Options of the calibration table."""

    bins: int = option(10, "bins of equal size", low=2, high=100)


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
    )
