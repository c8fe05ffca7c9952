"""Samplers: which training rows the learner sees, with which weight."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option

_HOME = "mesic_plugins.samplers"


@dataclass
class RandomOptions:
    """Options of ``random``."""

    share: float = option(0.1, "share of the training rows that are drawn", low=0, high=1, open_low=True)


@hookimpl
def register_samplers() -> Iterable[Component]:
    """Offer the built-in samplers."""
    traits = frozenset({"categories", "missing", "unscaled", "deterministic", "concurrent"})
    return (
        Component("everything", f"{_HOME}.everything:Everything", "all rows, each counting once", traits=traits),
        Component("random", f"{_HOME}.random:Random", "a share of the rows, by chance", RandomOptions, traits=traits),
    )
