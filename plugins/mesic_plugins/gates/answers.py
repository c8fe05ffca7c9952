"""Answers that the policy asks for and nobody has given."""

from collections.abc import Iterator

from mesic import Evidence, Objection


def unanswered(evidence: Evidence) -> Iterator[Objection]:
    """Object to what ``policy.require`` names and the policy does not say.

    Examples
    --------
    >>> from datetime import date
    >>> policy = {"require": ["licence", "privacy_reviewer"], "licence": "CC BY 4.0"}
    >>> [objection.code for objection in unanswered(Evidence({}, None, policy, {}, date(2026, 1, 1)))]
    ['PRIVACY-REVIEWER-MISSING']
    """
    for name in evidence.policy.get("require") or []:
        value = evidence.policy.get(name)
        is_empty = value is None if name == "sensitive" else not (value.strip() if isinstance(value, str) else value)
        if is_empty:
            code = f"{name.upper().replace('_', '-')}-MISSING"
            message = f"policy.require asks for {name}, and nobody has said it"
            yield Objection(code, message, name, fix=f"policy.{name}=..., or in the file given as policy=")
