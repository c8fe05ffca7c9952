"""Tuners: how settings are searched."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, TunerOptions, hookimpl, option


@dataclass
class TpeOptions(TunerOptions):
    """Options of the tree-structured Parzen estimator."""

    startup: int = option(8, "trials drawn at random before the estimator takes over", low=1)


@hookimpl
def register_tuners() -> Iterable[Component]:
    """Offer the built-in tuners."""
    home = "mesic_plugins.tuners"
    return (
        Component(
            "tpe",
            f"{home}.optuna:Tpe",
            "Optuna's tree-structured Parzen estimator",
            TpeOptions,
            reference="J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011",
        ),
        Component("random", f"{home}.optuna:Random", "options drawn at random", TunerOptions),
        Component("single", f"{home}.single:Single", "no search: the configured options only"),
    )
