"""A test part that has judged too many models: the best of them flatters."""

import math
from collections.abc import Iterator
from statistics import NormalDist

from mesic import Evidence, Objection


def used_too_often(evidence: Evidence) -> Iterator[Objection]:
    """Object where more models were scored on the test part than ``policy.test_uses``, or than half the interval bears.

    The best of k scores is too good by the root of 2 ln k standard errors at most, in expectation; half an interval is
    z standard errors.

    Examples
    --------
    >>> from datetime import date
    >>> [o.code for o in used_too_often(Evidence({}, None, {"test_uses": 2}, {"answers": 3}, date(2026, 1, 1)))]
    ['TEST-REUSED']
    """
    answers = evidence.test_uses.get("answers")
    if answers is None:
        message = (
            f"how many models the test part has judged is not known: {evidence.test_uses.get('why') or 'no record'}"
        )
        yield Objection("TEST-USES-UNKNOWN", message, severity="warning")
        return
    most = evidence.policy.get("test_uses") or _most(evidence)
    if answers <= most:
        return
    message = f"the test part has judged {answers} models, and {most} are allowed: the best of them may only look best"
    fix = "take new test rows (another seed or newer data), or allow more: policy.test_uses=N"
    yield Objection("TEST-REUSED", message, evidence=dict(evidence.test_uses) | {"most": most}, fix=fix)


def _most(evidence: Evidence) -> int:
    level = next((score["level"] for score in (evidence.card.get("scores") or {}).get("test") or []), 0.95)
    return max(1, math.floor(math.exp(NormalDist().inv_cdf((1 + level) / 2) ** 2 / 2)))
