"""What speaks against a deployment, and what it is judged by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

Weight = Literal["block", "warning"]


@dataclass(frozen=True)
class Objection:
    """Something that speaks against deploying a bundle.

    Parameters
    ----------
    code
        What a waiver names, such as ``"SENSITIVE-FEATURE"``.
    message
        What was found, with the values seen.
    subject
        What it is about, such as a column; a waiver may name it.
    severity
        ``"block"`` stops the deployment unless it is waived; ``"warning"`` is only said.
    evidence
        The numbers behind it; JSON-able.
    fix
        What mends it; empty where only a waiver helps.
    gate
        Who objects; set by the review.

    Examples
    --------
    >>> Objection("NO-OWNER", "nobody answers for the model", fix="policy.author=NAME").severity
    'block'
    """

    code: str
    message: str
    subject: str = ""
    severity: Weight = "block"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str = ""
    gate: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the objection as the audit log stores it."""
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """What gates judge by; read it, do not change it.

    Parameters
    ----------
    card
        What the bundle's own ``card.json`` says, by the keys of a record: ``data``, ``scores``, ``skill``,
        ``findings``, ``test_part``, ...
    record
        The record of the run that made the bundle; None where the bundle lies elsewhere.
    policy
        What the bundle was made under, changed by the policy file of the review.
    test_uses
        How often the test part was used until now: ``runs``, ``answers``; None where it is not known, and ``why``.
    today
        The day of the review.
    """

    card: Mapping[str, Any]
    record: Mapping[str, Any] | None
    policy: Mapping[str, Any]
    test_uses: Mapping[str, Any]
    today: date
