"""Selectors: which columns the learner sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, hookimpl, option

_HOME = "mesic_plugins.selectors"


@dataclass
class LongTailOptions:
    """Options of ``long_tail``."""

    min_share: float = option(0.01, "share of the rows in which a column must say something", low=0, high=1)


@hookimpl
def register_selectors() -> Iterable[Component]:
    """Offer the built-in selectors."""
    return (
        Component(
            "long_tail",
            f"{_HOME}.long_tail:LongTail",
            "drop columns that are almost always zero, missing or the same level",
            LongTailOptions,
            traits=frozenset({"categories", "missing", "unscaled", "deterministic", "concurrent", "glassbox"}),
            reference="A. Burkov, Machine Learning Engineering, 2020, chapter 4",
        ),
    )


@hookimpl
def to_portable(step: Any) -> Any:
    """Describe a selector of this package."""
    if type(step).__module__.startswith(f"{_HOME}."):
        return step.to_portable()
    return None
