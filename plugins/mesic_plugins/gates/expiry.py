"""A card that no longer holds."""

from collections.abc import Iterator
from datetime import date

from mesic import Evidence, Objection


def expired(evidence: Evidence) -> Iterator[Objection]:
    """Object after the day that ``policy.expires`` names.

    Examples
    --------
    >>> [o.code for o in expired(Evidence({}, None, {"expires": "2026-01-31"}, {}, date(2026, 2, 1)))]
    ['CARD-EXPIRED']
    """
    day = evidence.policy.get("expires")
    if day is not None and date.fromisoformat(str(day)) < evidence.today:
        message = f"the card held until {day}, and today is {evidence.today.isoformat()}"
        yield Objection("CARD-EXPIRED", message, fix="run again, or look at the model anew and set policy.expires=DAY")
