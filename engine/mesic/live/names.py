"""What a version may be called."""

import re

from mesic.errors import SettingError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
RESERVED = ("holdback", "current", "candidate")


def checked_name(name: str) -> str:
    """Return the name of a version.

    Raises
    ------
    SettingError
        It cannot stand in a file's name and in the id of an answer.

    Examples
    --------
    >>> checked_name("2026-01.b")
    '2026-01.b'
    """
    if not isinstance(name, str):
        raise SettingError("version", name, f"a text: '{name}'")
    if not NAME.fullmatch(name) or name in RESERVED:
        allowed = "1 to 64 letters, digits, or any of _ . + -, none of the words holdback, current, candidate"
        raise SettingError("version", name, allowed)
    return name
