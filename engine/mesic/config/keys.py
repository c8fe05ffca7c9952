"""What the keys of a settings dataclass are, told to people: type, default, range, meaning."""

import dataclasses
from collections.abc import Iterator
from typing import Any, get_type_hints

from mesic.host.kinds import KINDS
from mesic.host.ranges import limits_words


def options_of(options: type) -> Iterator[dict[str, Any]]:
    """Yield name, type, default and facts of every option."""
    hints = get_type_hints(options)
    for field in dataclasses.fields(options):
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        hint = hints[field.name]
        kind = hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint)
        facts = {
            key: value
            for key, value in field.metadata.items()
            if value is not None and value != "" and value is not False
        }
        yield {"name": field.name, "type": kind, "default": default, **facts}


def key_lines(settings: type, prefix: str = "") -> Iterator[str]:
    r"""Yield two lines a key: what it takes, and what it means.

    Examples
    --------
    >>> from mesic.config.settings import Zone
    >>> print(*list(key_lines(Zone, "zone."))[:2], sep="\n")
      zone.prefer: str, default mean, one of mean, best, simplest, fastest, stable
          what is taken from it in the end
    """
    hints = get_type_hints(settings)
    for option in options_of(settings):
        if option["name"] in KINDS and not prefix:
            yield f"  {option['name']}=NAME {option['name']}.KEY=VALUE ..."
            yield f"      {option['help']}"
            continue
        if dataclasses.is_dataclass(hints[option["name"]]):
            yield from key_lines(hints[option["name"]], f"{prefix}{option['name']}.")
            continue
        default = "must be given" if option["default"] == "???" else f"default {_said(option['default'])}"
        yield f"  {prefix}{option['name']}: {option['type']}, {default}{_limits(option)}"
        yield f"      {option.get('help', '')}"


def _said(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _limits(option: dict[str, Any]) -> str:
    if "choices" in option:
        return f", one of {', '.join(map(str, option['choices']))}"
    return f",{limits_words(option)}" if "low" in option or "high" in option else ""
