"""Which values an option may take, in checks and in words."""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

from mesic.host.components import Component
from mesic.host.names import did_you_mean


def range_problems(value: Any, facts: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield what a value breaks of an option's declared range and choices."""
    choices, low, high = facts.get("choices"), facts.get("low"), facts.get("high")
    if value is None:
        return
    if choices is not None and value not in choices:
        listed = ", ".join(map(str, choices))
        yield f"{path}={value!r} cannot work: give one of {listed}{did_you_mean(str(value), map(str, choices))}"
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    too_low = low is not None and (value <= low if facts.get("open_low") else value < low)
    if too_low or (high is not None and value > high) or math.isnan(value):
        yield f"{path}={value!r} cannot work: give {range_words(facts)}"


def option_problems(component: Component, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the options of a component break of their declared ranges and choices."""
    for field in dataclasses.fields(component.options):
        if field.name in options:
            yield from range_problems(options[field.name], field.metadata, field.name)


def range_words(facts: Mapping[str, Any]) -> str:
    """Say a range in words.

    Examples
    --------
    >>> range_words({"low": 0, "high": 1})
    'a number from 0 to 1'
    >>> range_words({"low": 0, "open_low": True, "unit": "s"})
    'a number above 0 s'
    """
    return f"a number{limits_words(facts)}"


def limits_words(facts: Mapping[str, Any]) -> str:
    """Return what stands behind "a number", or nothing."""
    low, high, unit = facts.get("low"), facts.get("high"), facts.get("unit")
    start = "" if low is None else f" above {low!s}" if facts.get("open_low") else f" from {low!s}"
    end = "" if high is None else f" up to {high!s}" if facts.get("open_low") or low is None else f" to {high!s}"
    return f"{start}{end}{f' {unit}' if unit else ''}"
