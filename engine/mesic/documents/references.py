"""What a reference of a paper points to."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mesic.documents.document import How, Number

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
HOWS: Mapping[How, Callable[[Any], float]] = {
    "as it is": float,
    "of 1,000": lambda value: 1000 * float(value),
    "wrong of 1,000": lambda value: 1000 * (1 - float(value)),
    "how many": len,
}


def resolve(record: Any, path: str) -> Any:
    """Return what stands in a record at a path.

    Raises
    ------
    LookupError
        Nothing stands there.

    Examples
    --------
    >>> resolve({"scores": {"test": [{"value": 0.8}]}}, "scores.test[0].value")
    0.8
    """
    found = record
    for key, place in STEP.findall(path):
        found = found[int(place)] if place else found[key]
    return found


def value_of(record: Mapping[str, Any], number: Number) -> float:
    """Return what a number of a paper is, before it was rounded.

    Examples
    --------
    >>> value_of({"skill": {"value": 0.25}}, Number("250", "skill.value", "of 1,000"))
    250.0
    """
    return float(HOWS[number.how](resolve(record, number.path)))
