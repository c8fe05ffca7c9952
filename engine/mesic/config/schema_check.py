"""Compare composed values with the dataclass that declares them: keys, types, ranges, choices."""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from mesic.host.names import did_you_mean
from mesic.host.ranges import range_problems


def schema_problems(config: DictConfig, schema: type, prefix: str) -> Iterator[str]:
    """Compare a node with the dataclass that declares it: keys, types, ranges, choices."""
    fields = {field.name: field for field in dataclasses.fields(schema)}
    hints = get_type_hints(schema)
    for key in map(str, config):
        if key not in fields:
            yield f"no key '{prefix}{key}'{_named(did_you_mean(key, fields), prefix)}"
        elif dataclasses.is_dataclass(hints[key]):
            inner = config._get_node(key)
            assert isinstance(hints[key], type)
            if isinstance(inner, DictConfig):
                yield from schema_problems(inner, hints[key], f"{prefix}{key}.")
            elif not OmegaConf.is_missing(config, key):
                names = [field.name for field in dataclasses.fields(hints[key])]
                said = f"{prefix}{key} cannot be {inner}: it has keys of its own ({', '.join(names)})"
                yield f"{said}; write {prefix}{key}.{names[0]}={inner}"
        elif not OmegaConf.is_missing(config, key):
            with suppress(InterpolationResolutionError):  # what cannot be worked out is said elsewhere
                yield from _field_problems(config[key], fields[key], hints[key], f"{prefix}{key}")


def missing_keys(config: DictConfig, schema: type, prefix: str) -> Iterator[str]:
    """Name the keys that a composed node lacks: one was deleted, or a file of the user's own leaves it out."""
    hints = get_type_hints(schema)
    for field in dataclasses.fields(schema):
        if field.name not in set(config):  # `in` misses keys without a value
            yield f"key '{prefix}{field.name}' is missing: keep it in your conf, and delete it nowhere"
        elif dataclasses.is_dataclass(hints[field.name]) and isinstance(config._get_node(field.name), DictConfig):
            inner = config._get_node(field.name)
            assert isinstance(hints[field.name], type)
            assert isinstance(inner, DictConfig)
            yield from missing_keys(inner, hints[field.name], f"{prefix}{field.name}.")


def _named(suggestion: str, prefix: str) -> str:
    return suggestion.replace("'", f"'{prefix}", 1)


def _field_problems(value: Any, field: dataclasses.Field[Any], hint: Any, path: str) -> Iterator[str]:
    try:
        holder = OmegaConf.structured(dataclasses.make_dataclass("holder", [("value", hint)]))
        holder.value = value
        typed = holder.value
    except OmegaConfBaseException:
        yield f"{path}={value!r} cannot work: give {_type_words(hint)}"
        return
    yield from range_problems(typed, field.metadata, path)


def _type_words(hint: Any) -> str:
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    options = [words.get(part, str(part)) for part in getattr(hint, "__args__", (hint,)) if part is not type(None)]
    if getattr(hint, "__origin__", None) is list:
        return f"a list, each {options[0]}"
    may_be_null = type(None) in getattr(hint, "__args__", ())
    return " or ".join(options) + (" or null" if may_be_null else "")
