"""A short way for commands that are typed when something is wrong: plain ``key=value`` words are read without Hydra."""

import os
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TypeVar

Settings = TypeVar("Settings")
WORD = re.compile(r"(\w+)=([A-Za-z0-9/.][\w./+-]*)")
WITH_MEANING = {"null", "true", "false", "yes", "no", "on", "off", "nan", "inf"}


def has_own_conf() -> bool:
    """Return whether the user's own configuration has a say."""
    return "MESIC_CONF" in os.environ or Path("conf").is_dir()


def plainly(arguments: Sequence[str], schema: type[Settings]) -> Settings | None:
    """Return settings of texts that say the same to Hydra; None where Hydra must be asked, if only for what is wrong.

    Parameters
    ----------
    arguments
        What was typed after the verb.
    schema
        A dataclass of texts.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Wanted:
    ...     deployment: str = "???"
    ...     why: str | None = None
    >>> plainly(["deployment=/srv/live"], Wanted)
    Wanted(deployment='/srv/live', why=None)
    >>> plainly(["deployment=live", "why='it is slow'"], Wanted), plainly(["--help"], Wanted), plainly([], Wanted)
    (None, None, None)
    """
    found = [WORD.fullmatch(text) for text in arguments]
    said = {match[1]: match[2] for match in found if match is not None}
    known = {field.name for field in fields(schema)}  # type: ignore[arg-type]  # a dataclass
    needed = {field.name for field in fields(schema) if field.default in ("???", MISSING)}  # type: ignore[arg-type]
    if len(said) < len(arguments) or not needed <= said.keys() <= known:
        return None
    if any(word.lower() in WITH_MEANING for word in said.values()):
        return None
    return schema(**said)
