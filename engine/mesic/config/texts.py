"""Keys that hold texts stay what was typed: Hydra makes the number 1.1 of version=1.10."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, get_type_hints

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

TEXTS = ({str}, {str, NoneType})


def with_texts(arguments: Sequence[str], schema: type) -> list[str]:
    """Return arguments in which numbers that are given for texts stand in quotes.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Wanted:
    ...     version: str | None = None
    ...     port: int = 0
    >>> with_texts(["version=1.10", "port=8080", "version=null", "--json"], Wanted)
    ["version='1.10'", 'port=8080', 'version=null', '--json']
    """
    names = set(_texts_of(schema))
    return [_as_text(text) if text.partition("=")[0].lstrip("+") in names else text for text in arguments]


def numbers_for_texts(values: Mapping[str, Any], schema: type) -> Iterator[str]:
    """Yield what is wrong with numbers that a file gives for texts: what was written there is no longer known.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Wanted:
    ...     version: str | None = None
    >>> list(numbers_for_texts({"version": 1.1}, Wanted))
    ["version=1.1 is read as a number, as which 1.1 and 1.10 are the same: write it in quotes, version: '1.1'"]
    """
    for name in _texts_of(schema):
        value: Any = values
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if type(value) in (int, float):
            quoted = f"{name.rpartition('.')[2]}: '{value}'"
            said = f"{name}={value} is read as a number, as which 1.1 and 1.10 are the same"
            yield f"{said}: write it in quotes, {quoted}"


def _texts_of(schema: type, prefix: str = "") -> Iterator[str]:
    hints = get_type_hints(schema)
    for field in dataclasses.fields(schema):
        hint = hints[field.name]
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from _texts_of(hint, f"{prefix}{field.name}.")
        elif set(getattr(hint, "__args__", (hint,))) in TEXTS:
            yield f"{prefix}{field.name}"


def _as_text(text: str) -> str:
    key, _, raw = text.partition("=")
    try:
        value = OverridesParser.create().parse_override(text).value()
    except HydraException:
        return text  # what is wrong with it is said elsewhere
    return f"{key}='{raw.strip()}'" if type(value) in (int, float) else text
