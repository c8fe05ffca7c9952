"""Findings of the run that block; that a run accepted one is no leave to deploy."""

from collections.abc import Iterator

from mesic import Evidence, Objection

ELSEWHERE = {"NO-BETTER-THAN-BASELINE"}  # the gate of baselines looks at the skill itself


def found(evidence: Evidence) -> Iterator[Objection]:
    """Object to what blocks; warn of suspected leaks that nobody has accepted.

    Examples
    --------
    >>> from datetime import date
    >>> leak = {"code": "LEAK-TIME", "severity": "block", "message": "not in order", "accepted": "an old order"}
    >>> (objection,) = found(Evidence({"findings": [leak]}, None, {}, {}, date(2026, 1, 1)))
    >>> objection.code, objection.message
    ('LEAK-TIME', 'not in order (the run accepted it: an old order)')
    """
    if "findings" not in evidence.card:
        yield Objection("CARD-MISSING", "the bundle has no card.json: what its run found is not known", fix="run again")
    for finding in evidence.card.get("findings") or []:
        is_suspicion = finding["code"].startswith("LEAK-") and not finding.get("accepted")
        if finding["code"] in ELSEWHERE or (finding["severity"] != "block" and not is_suspicion):
            continue
        accepted = f" (the run accepted it: {finding['accepted']})" if finding.get("accepted") else ""
        yield Objection(
            finding["code"],
            finding["message"] + accepted,
            severity="block" if finding["severity"] == "block" else "warning",
            evidence=finding.get("evidence") or {},
            fix=finding.get("fix") or "",
        )
