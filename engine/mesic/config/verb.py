"""The small verbs' configurations: a handful of typed keys, checked like a run's."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mesic.cli import VERBS
from mesic.config.keys import key_lines
from mesic.config.launch import launch, parsed
from mesic.config.problems import problems_of
from mesic.config.schema_check import schema_problems
from mesic.console import print_text
from mesic.errors import ConfigError


def configured(verb: str, arguments: Sequence[str], schema: type) -> Any:
    """Return the verb's settings as an instance of its dataclass; None when only help was asked for.

    Raises
    ------
    ConfigError
        Unknown keys, wrong types, missing values: all of them together.
    """
    if parsed(arguments).help:
        print_text(f"mesic {verb} key=value ... [--json] [Hydra flags]: {VERBS[verb]}\n")
        print_text("\n".join(key_lines(schema)))
        return None
    seen: list[dict[str, Any]] = []
    launch(
        verb,
        arguments,
        lambda config: seen.append(_plain(config)),
        look=lambda args: _look(verb, args.overrides),
    )
    if not seen:
        return None
    problems = list(schema_problems(DictConfig(seen[0]), schema, ""))
    if problems:
        raise ConfigError(problems)
    return schema(**{field.name: seen[0].get(field.name) for field in dataclasses.fields(schema)})


def _look(verb: str, overrides: Sequence[str]) -> None:
    problems = problems_of(verb, overrides)
    if problems:
        raise ConfigError(problems)


def _plain(config: DictConfig) -> dict[str, Any]:
    container: Any = OmegaConf.to_container(config, resolve=True)
    return {key: value for key, value in container.items() if key != "hydra"}
