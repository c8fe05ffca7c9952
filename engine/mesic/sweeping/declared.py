"""The search spaces that installed components declare, as the sweeper searches them."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from mesic.errors import MesicError
from mesic.host.components import Choice, Range
from mesic.host.kinds import KINDS
from mesic.host.registry import installed


def declared_space(config: DictConfig) -> dict[str, BaseDistribution]:
    """Return what the components that a configuration chooses declare, by the key of each option.

    Parameters
    ----------
    config
        A composed configuration of mesic.
    """
    found: dict[str, BaseDistribution] = {}
    for kind in KINDS.values():
        node = config.get(kind.name)
        if not isinstance(node, DictConfig):
            continue
        chosen = {f"{kind.name}.{key!s}": node[key] for key in node} if kind.is_list else {kind.name: node}
        for path, options in chosen.items():
            found |= _component_space(kind.name, path, options)
    return found


def _component_space(kind: str, path: str, options: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    if "name" not in options:
        return {}
    try:
        component = installed().find(kind, str(options["name"])).component
    except MesicError:
        return {}  # the composition says what is wrong with it
    return {f"{path}.{name}": distribution(span, options.get(name)) for name, span in component.space.items()}


def distribution(span: Range | Choice, configured: Any) -> BaseDistribution:
    """Return what Optuna draws from; whole numbers where the configured value is one.

    Examples
    --------
    >>> distribution(Range(2, 64, log=True), 31)
    IntDistribution(high=64, log=True, low=2, step=1)
    """
    if isinstance(span, Choice):
        return CategoricalDistribution(list(span.values))
    are_whole = float(span.low).is_integer() and float(span.high).is_integer()
    if are_whole and (configured is None or isinstance(configured, int)):
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(float(span.low), float(span.high), log=span.log)
