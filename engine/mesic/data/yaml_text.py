"""YAML of people and of strangers: plain values only, and no more of them than a file can hold."""

from typing import Any

import yaml

MOST_VALUES = 2_000_000


def read_yaml(text: str) -> Any:
    """Return what a text says.

    Raises
    ------
    yaml.YAMLError
        It is no YAML, asks for objects, nests too deep, or repeats itself by references until nothing could hold it.

    Examples
    --------
    >>> read_yaml("kinds: [number, time]")
    {'kinds': ['number', 'time']}
    """
    try:
        value = yaml.safe_load(text)
    except RecursionError as error:
        raise yaml.YAMLError("it nests too deep") from error
    left = [value]
    for _ in range(MOST_VALUES):
        if not left:
            return value
        one = left.pop()
        left += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
    raise yaml.YAMLError(f"it repeats itself by references: more than {MOST_VALUES:,} values come of it")
