"""The policy in force: what a run was made under, changed by a file that is given to the review."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig

from mesic.config.schema_check import schema_problems
from mesic.config.settings import Policy
from mesic.data.yaml_text import read_yaml
from mesic.errors import ConfigError, UsageError
from mesic.host.names import did_you_mean
from mesic.reviewing.waivers import day_of, waiver_problems

REQUIRABLE = (
    "author", "approver", "grounds", "privacy_reviewer", "security_reviewer", "licence", "purpose", "allowed_uses",
    "forbidden_uses", "retention", "expires", "sensitive",
)  # fmt: skip


def load_policy(path: Path) -> dict[str, Any]:
    """Return what a policy file says: keys of ``policy`` of a run, those that it changes.

    Raises
    ------
    UsageError
        It cannot be read, or is no mapping.
    ConfigError
        Everything that is wrong with it, together.
    """
    try:
        body = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"policy={path} cannot be read: {error}") from error
    if isinstance(body, dict) and set(body) == {"policy"}:
        body = body["policy"]
    if not isinstance(body, dict):
        raise UsageError(f"policy={path} says nothing: give keys of policy, such as 'approver: NAME'")
    said: dict[str, Any] = _as_written(body)
    problems = [*schema_problems(DictConfig(said), Policy, "policy."), *policy_problems(said)]
    if problems:
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return said


def _as_written(value: Any) -> Any:
    """Return days as text, which YAML reads as dates."""
    if isinstance(value, dict):
        return {str(key): _as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def policy_problems(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with what a policy says beside its types."""
    yield from waiver_problems(policy.get("waivers") or [])
    if policy.get("expires") is not None and day_of(policy["expires"]) is None:
        yield f"policy.expires={policy['expires']!r} is no day: give YYYY-MM-DD"
    for name in policy.get("require") or []:
        if name not in REQUIRABLE:
            known = ", ".join(REQUIRABLE)
            yield f"policy.require names no answer {name!r}; there are {known}{did_you_mean(str(name), REQUIRABLE)}"


def policy_in_force(made_under: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bundle's policy, changed by what a file says; waivers are added to those of the run.

    Examples
    --------
    >>> found = policy_in_force({"author": "ada", "waivers": [{"code": "A"}]}, {"waivers": [{"code": "B"}]})
    >>> found["author"], [waiver["code"] for waiver in found["waivers"]], found["require"]
    ('ada', ['A', 'B'], [])
    """
    defaults = asdict(Policy())
    waivers = [*(made_under.get("waivers") or []), *(said.get("waivers") or [])]
    return {**defaults, **made_under, **said, "waivers": waivers}


def is_said(policy: Mapping[str, Any], name: str) -> bool:
    """Return whether a policy answers a question; that no column is sensitive is an answer, too.

    Examples
    --------
    >>> is_said({"approver": " "}, "approver"), is_said({"sensitive": []}, "sensitive")
    (False, True)
    """
    value = policy.get(name)
    if name == "sensitive":
        return value is not None
    return bool(value.strip() if isinstance(value, str) else value)
