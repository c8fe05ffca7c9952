"""Findings: the one currency of checks."""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["info", "warning", "block"]


@dataclass(frozen=True)
class Finding:
    """Something that a person should know about a run.

    Parameters
    ----------
    code
        Documented and greppable, such as ``"ID-COLUMN"``.
    severity
        ``"info"``, ``"warning"`` or ``"block"``.
    message
        What was found, with the values seen.
    evidence
        The numbers behind it; JSON-able.
    fix
        A command, a setting or an action that mends it; empty when nothing needs to be done.
    accepted
        Why it stops nothing, in the words of ``policy.accept``; empty where it was not accepted.
    """

    code: str
    severity: Severity
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str = ""
    accepted: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as the record stores it."""
        return asdict(self)


def ignoring(columns: Iterable[str]) -> str:
    """Return what is typed in a shell to leave columns out, whatever they are called.

    Examples
    --------
    >>> print(ignoring(["age", "age", "home town"]))
    'source.ignore=[age,"home town"]'
    """
    text = f"source.ignore=[{','.join(map(_listed, dict.fromkeys(columns)))}]"
    return shlex.quote(text) if '"' in text else text


def as_override(value: Any) -> str:
    """Return a value as Hydra's grammar writes it.

    Examples
    --------
    >>> as_override("a b"), as_override(["x", "y z"]), as_override(True), as_override(0.2)
    ('"a b"', '[x,"y z"]', 'true', '0.2')
    """
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(as_override, value))}]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return _listed(value) if isinstance(value, str) else str(value)


def _listed(name: str) -> str:
    """Return a text as an item of a list in Hydra's grammar."""
    if re.fullmatch(r"[A-Za-z_][\w-]*", name) and name.lower() not in ("null", "true", "false", "nan", "inf"):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
