"""Secrets of the environment: a run uses them, and nothing that it writes holds them."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mesic.errors import UsageError

NAMED = re.compile(r"\$\{oc\.env:([A-Za-z_][A-Za-z0-9_]*)\}")
ASKED = re.compile(r"oc\.env:\s*([A-Za-z_][A-Za-z0-9_]*)")
SECRET = re.compile(r"SECRET|TOKEN|PASS|PWD|KEY|CREDENTIAL|AUTH|PRIVATE|DSN", re.IGNORECASE)
LOGIN = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
SHORTEST = 4  # letters; shorter values stand in too many other words
ALSO = "MESIC_SECRETS"  # names of more variables, with commas


def asked_of_environment(texts: Iterable[str]) -> dict[str, str]:
    """Return the secrets that configurations ask of the environment, and what stands instead of them.

    A variable is one whose name says so (SECRET, TOKEN, PASS, PWD, KEY, CREDENTIAL, AUTH, PRIVATE, DSN), or is listed
    in ``MESIC_SECRETS``, or whose value is an address with a password.

    Examples
    --------
    >>> os.environ["DOOR_TOKEN"] = "open sesame"
    >>> asked_of_environment(["password: ${oc.env:DOOR_TOKEN}"])
    {'open sesame': '${oc.env:DOOR_TOKEN}'}
    """
    names = sorted({name for text in texts for name in ASKED.findall(text)})
    found = {os.environ[name]: f"${{oc.env:{name}}}" for name in names if _is_secret(name)}
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def _is_secret(name: str) -> bool:
    value, also = os.environ.get(name, ""), os.environ.get(ALSO, "").split(",")
    return len(value) >= SHORTEST and (name in also or bool(SECRET.search(name) or LOGIN.search(value)))


def without_logins(words: Iterable[str]) -> list[str]:
    """Return what was typed, without the passwords of addresses.

    Examples
    --------
    >>> without_logins(["storage=postgresql://ada:lovelace@db/studies"])
    ['storage=postgresql://ada:***@db/studies']
    """
    return [LOGIN.sub(r"\1:***@", word) for word in words]


def hidden(value: Any, secrets: Mapping[str, str]) -> Any:
    """Return a value in which no text holds a secret.

    Examples
    --------
    >>> hidden({"url": ["db://me:sesame@home"]}, {"sesame": "${oc.env:DOOR}"})
    {'url': ['db://me:${oc.env:DOOR}@home']}
    """
    if not secrets:
        return value
    if isinstance(value, Mapping):
        return {hidden(key, secrets): hidden(inner, secrets) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [hidden(inner, secrets) for inner in value]
    if isinstance(value, str):
        for secret, instead in secrets.items():
            value = value.replace(secret, instead)
    return value


def silenced(error: BaseException, secrets: Mapping[str, str]) -> None:
    """Take what no message may hold out of an error's message.

    Examples
    --------
    >>> error = UsageError("path='/home/sesame' cannot work")
    >>> silenced(error, {"sesame": "${oc.env:DOOR}"})
    >>> str(error)
    "path='/home/${oc.env:DOOR}' cannot work"
    """
    error.args = tuple(hidden(error.args, secrets))


def from_environment(value: Any) -> Any:
    """Return options as a record tells them, with the values of the environment.

    Raises
    ------
    UsageError
        The environment has none.
    """
    if isinstance(value, Mapping):
        return {key: from_environment(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [from_environment(inner) for inner in value]
    return NAMED.sub(_value, value) if isinstance(value, str) and "${" in value else value


def _value(found: re.Match[str]) -> str:
    if found[1] not in os.environ:
        raise UsageError(f"the record names {found[0]}, and the environment has no {found[1]}: set it")
    return os.environ[found[1]]
