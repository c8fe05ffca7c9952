"""Calibrators: what makes probabilities mean what they say."""

from collections.abc import Iterable

from mesic import CLASSES, Component, hookimpl

_HOME = "mesic_plugins.calibrators"
_TRAITS = frozenset({"weights", "deterministic", "glassbox"})


@hookimpl
def register_calibrators() -> Iterable[Component]:
    """Offer the built-in calibrators."""
    return (
        Component(
            "platt",
            f"{_HOME}.platt:Platt",
            "a line through the log odds; few rows are enough",
            tasks=CLASSES,
            traits=_TRAITS,
            reference="J. Platt, Probabilistic outputs for support vector machines, 1999",
        ),
        Component(
            "beta",
            f"{_HOME}.beta:Beta",
            "a curve that may bend otherwise near 0 than near 1, and may be none",
            tasks=CLASSES,
            traits=_TRAITS,
            reference="M. Kull, T. Silva Filho, P. Flach, Beta calibration, AISTATS 2017",
        ),
        Component(
            "isotonic",
            f"{_HOME}.isotonic:Isotonic",
            "any rising curve; wants hundreds of rows of each class",
            tasks=CLASSES,
            traits=_TRAITS,
            reference="B. Zadrozny, C. Elkan, Transforming classifier scores into probability estimates, KDD 2002",
        ),
        Component(
            "temperature",
            f"{_HOME}.temperature:Temperature",
            "one number that makes all probabilities bolder or more timid; for many classes",
            tasks=CLASSES,
            traits=_TRAITS,
            reference="C. Guo et al., On calibration of modern neural networks, ICML 2017",
        ),
    )
