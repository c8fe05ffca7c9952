"""Baselines: what every model is compared with, on the same rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, hookimpl, option

_HOME = "mesic_plugins.baselines"


@dataclass
class SimpleOptions:
    """Options of ``simple``."""

    max_depth: int = option(3, "questions from root to leaf at most", low=1, high=30)
    max_rows: int = option(20_000, "rows that are learned from at most", low=1, unit="rows")


@hookimpl
def register_baselines() -> Iterable[Component]:
    """Offer the built-in baselines."""
    reads_all = {"categories", "missing", "unscaled", "weights", "rare_classes"}
    traits = frozenset({*reads_all, "deterministic", "concurrent", "glassbox"})
    return (
        Component("zero_rule", f"{_HOME}.zero_rule:ZeroRule", "class shares, or the mean", traits=traits),
        Component("random", f"{_HOME}.random:Random", "every class alike, or targets by chance", traits=traits),
        Component("simple", f"{_HOME}.simple:Simple", "a small decision tree", SimpleOptions, traits=traits),
    )


@hookimpl
def to_portable(step: Any) -> Any:
    """Describe a baseline of this package that has a description."""
    if type(step).__module__.startswith(f"{_HOME}.") and hasattr(step, "to_portable"):
        return step.to_portable()
    return None
