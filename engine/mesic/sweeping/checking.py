"""What a sweep was asked for, read and checked before any of its jobs starts."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Transformer
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution, CategoricalDistribution

from mesic.errors import ConfigError, UsageError
from mesic.host.kinds import KINDS
from mesic.host.ranges import range_problems
from mesic.sweeping.declared import declared_space
from mesic.sweeping.launching import composition_problem
from mesic.sweeping.settings import SweeperSettings
from mesic.sweeping.space import Space, branches_of, overrides_of, split
from mesic.sweeping.study import Direction

MOST_LOOKED_AT = 50
DIRECTIONS = get_args(Direction)


@dataclass(frozen=True)
class Application:
    """What Hydra gives a sweeper."""

    context: HydraContext
    task: Callable[[DictConfig], Any]
    config: DictConfig

    @property
    def folder(self) -> Path:
        """The folder of the sweep."""
        return Path(str(self.config.hydra.sweep.dir)).absolute()

    def composed(self, overrides: Sequence[str]) -> DictConfig:
        """Compose the configuration of a job."""
        return self.context.config_loader.load_sweep_config(self.config, list(overrides))


def refuse_settings(settings: SweeperSettings) -> None:
    """Refuse settings out of their ranges, all of them together."""
    problems: list[str] = []
    for field in dataclasses.fields(settings):
        problems += range_problems(getattr(settings, field.name), field.metadata, f"hydra.sweeper.{field.name}")
    if problems:
        raise ConfigError(problems)


def refuse_overlap(application: Application, settings: SweeperSettings) -> None:
    """Refuse to overlap jobs that would run in the threads of this process, of which Hydra knows nothing."""
    if settings.overlap and str(application.config.hydra.launcher.get("_target_", "")).endswith(".BasicLauncher"):
        raise UsageError("hydra.sweeper.overlap=true cannot work with the basic launcher: add hydra/launcher=joblib")


def directions_of(said: Any) -> list[Direction]:
    """Return the direction of each objective.

    Examples
    --------
    >>> directions_of("maximize"), directions_of(["minimize", "maximize"])
    (['maximize'], ['minimize', 'maximize'])
    """
    parts = said if isinstance(said, (list, tuple)) else [said]
    directions = [direction for part in parts for direction in DIRECTIONS if part == direction]
    if not directions or len(directions) < len(parts):
        raise UsageError(
            f"hydra.sweeper.direction={said!r} cannot work: give minimize or maximize, or a list with one for each "
            "objective"
        )
    return directions


def searched(application: Application, settings: SweeperSettings, arguments: Sequence[str]) -> tuple[Space, list[str]]:
    """Return what is searched and which overrides all jobs share; the command line wins over the configuration."""
    parser = OverridesParser.create(config_loader=application.context.config_loader)
    try:
        typed = parser.parse_overrides(list(arguments))
        keys = {override.key_or_group for override in typed}
        kept = parser.parse_overrides([f"{key}={_written(value)}" for key, value in settings.params.items()])
    except HydraException as error:
        raise UsageError(" ".join(str(error).split())) from error
    always, fixed = split([*(override for override in kept if override.key_or_group not in keys), *typed])
    taken = {key.lstrip("+") for key in always} | {text.lstrip("+").partition("=")[0] for text in fixed}
    space = Space(always)
    if settings.space == "declared":
        space = with_declared(application, space, fixed, taken)
    if not space.every():
        raise UsageError("there is nothing to search: give a range, such as x=interval(0,1) or model=a,b")
    return space, fixed


def _written(value: Any) -> str:
    return value if isinstance(value, str) else str(Transformer.str(value))


def with_declared(application: Application, space: Space, fixed: list[str], taken: set[str]) -> Space:
    """Return a space with what the chosen components declare; what was said by hand stays as it was said."""
    swept = {key: span for key, span in space.always.items() if key in KINDS and not KINDS[key].is_list}
    declared = declared_space(application.composed(fixed))
    always = {key: span for key, span in declared.items() if key not in taken and key.partition(".")[0] not in swept}
    where = {}
    for kind, span in swept.items():
        assert isinstance(span, CategoricalDistribution)
        spaces = {
            choice: _of_kind(kind, declared_space(application.composed([*fixed, f"{kind}={choice}"])), taken)
            for choice in span.choices
        }
        where[kind] = branches_of(spaces)
    return Space({**space.always, **always}, where)


def _of_kind(kind: str, space: Mapping[str, BaseDistribution], taken: set[str]) -> dict[str, BaseDistribution]:
    return {key: span for key, span in space.items() if key.startswith(f"{kind}.") and key not in taken}


def refuse_compositions(application: Application, space: Space, fixed: Sequence[str]) -> None:
    """Refuse a sweep whose jobs Hydra cannot compose: the first value of each key, then each other choice."""
    loader, config = application.context.config_loader, application.config
    problems = [composition_problem(loader, config, [*fixed, *overrides_of(values)]) for values in examples(space)]
    if found := list(dict.fromkeys(filter(None, problems))):
        raise ConfigError(found)


def examples(space: Space) -> Iterator[dict[str, Any]]:
    """Yield values that a space may give: one of each key, then every other choice by itself, not too many."""
    first = {key: _first(span) for key, span in space.always.items()}
    yield first
    looked_at = 0
    for key, span in space.always.items():
        for choice in span.choices[1:] if isinstance(span, CategoricalDistribution) else ():
            looked_at += 1
            if looked_at > MOST_LOOKED_AT:
                return
            yield first | {key: choice}


def _first(span: Any) -> Any:
    return span.choices[0] if isinstance(span, CategoricalDistribution) else span.low
