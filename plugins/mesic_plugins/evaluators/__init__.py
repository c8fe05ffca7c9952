"""Evaluators: what else is asked of the test predictions."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class CalibrationOptions:
    """Options of the calibration table."""

    bins: int = option(10, "bins of equal size", low=2, high=100)


@dataclass
class ImportanceOptions:
    """Options of permutation importance."""

    rows: int = option(2000, "test rows at most", low=10, unit="rows")


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
            "importance",
            f"{home}.importance:Importance",
            "how much worse without knowing a column",
            ImportanceOptions,
            reference="L. Breiman, Random Forests, Machine Learning 45, 2001",
        ),
        Component("errors", f"{home}.errors:Errors", "where predictions are wrong", ErrorsOptions),
    )
