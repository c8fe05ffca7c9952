"""The small verbs' configurations: a handful of typed keys, and perhaps a group, checked like a run's."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mesic.cli import FAMILIES, SUB_VERBS, VERBS
from mesic.config.keys import key_lines
from mesic.config.launch import launch, parsed
from mesic.config.problems import component_problems, problems_of
from mesic.config.schema_check import schema_problems
from mesic.config.texts import numbers_for_texts, with_texts
from mesic.console import print_text
from mesic.errors import ConfigError
from mesic.host.kinds import KINDS


def configured(verb: str, arguments: Sequence[str], schema: type) -> Any:
    """Return the verb's settings as an instance of its dataclass; None when only help was asked for.

    Parameters
    ----------
    verb
        As it is typed: ``"log"``, ``"data schema"``, ``"plan ab"``.
    arguments
        What was typed after it.
    schema
        Its settings; a field that is called like a kind, such as ``source``, is that group. A number that is typed for
        a text is the text.

    Raises
    ------
    ConfigError
        Unknown keys, wrong types, missing values: all of them together.
    """
    if parsed(arguments).help:
        families = {f"{verb} {name}": said for verb, names in FAMILIES.items() for name, said in names.items()}
        summaries = {**VERBS, **SUB_VERBS, **families}
        print_text(f"mesic {verb} key=value ... [--json] [Hydra flags]: {summaries[verb]}\n")
        print_text("\n".join(key_lines(schema)))
        return None
    seen: list[dict[str, Any]] = []
    name = verb.replace(" ", "_")
    launch(
        name,
        with_texts(arguments, schema),
        lambda config: seen.append(_plain(config)),
        look=lambda args: _look(name, args.overrides),
    )
    if not seen:
        return None
    groups = {key: node for key, node in seen[0].items() if key in KINDS and node is not None}
    keys = {key: value for key, value in seen[0].items() if key not in KINDS}
    problems = [*schema_problems(DictConfig(keys), schema, ""), *numbers_for_texts(keys, schema)]
    problems += [text for kind, node in groups.items() for text in component_problems(kind, kind, DictConfig(node))]
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
