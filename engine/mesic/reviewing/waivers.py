"""Waivers: an objection stops nothing where a named person says why, and until when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from mesic.host.names import did_you_mean
from mesic.reviewing.objections import Objection

NEEDED = ("code", "who", "reason", "until")
KNOWN = (*NEEDED, "subject")


@dataclass(frozen=True)
class Waiver:
    """Leave to deploy in spite of an objection.

    Parameters
    ----------
    code
        Of the objection.
    who
        The person who answers for it.
    reason
        Why it may stand.
    until
        The last day on which it holds.
    subject
        The one subject that it holds for, such as a column; empty: all that the code is about.
    """

    code: str
    who: str
    reason: str
    until: date
    subject: str = ""

    def covers(self, objection: Objection) -> bool:
        """Return whether it is given for an objection, expired or not."""
        return self.code == objection.code and self.subject in ("", objection.subject)

    def as_dict(self) -> dict[str, Any]:
        """Return the waiver as JSON can hold it."""
        return asdict(self) | {"until": self.until.isoformat()}


def waivers_of(listed: Sequence[Mapping[str, Any]]) -> list[Waiver]:
    """Return waivers that have no problem."""
    return [
        Waiver(
            str(one["code"]).strip(),
            str(one["who"]).strip(),
            str(one["reason"]).strip(),
            day_of(one["until"]) or date.min,
            str(one.get("subject") or ""),
        )
        for one in listed
    ]


def waiver_problems(listed: Any, where: str = "policy.waivers") -> Iterator[str]:
    """Yield what is wrong with waivers as they were written down.

    Examples
    --------
    >>> list(waiver_problems([{"code": "LEAK-TIME", "reason": "an old order", "until": "2030-01-01"}]))
    ['policy.waivers[0] of LEAK-TIME lacks who: a waiver needs code, who, reason and until']
    """
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        yield f"{where}={listed!r} cannot work: give a list of {{code, who, reason, until}}"
        return
    for place, one in enumerate(listed):
        named = f"{where}[{place}]"
        if not isinstance(one, Mapping):
            yield f"{named}={one!r} cannot work: give {{code: ..., who: ..., reason: ..., until: YYYY-MM-DD}}"
            continue
        yield from _problems(one, f"{named} of {one['code']}" if one.get("code") else named)


def _problems(one: Mapping[str, Any], named: str) -> Iterator[str]:
    lost = [key for key in NEEDED if not str(one.get(key) or "").strip()]
    if lost:
        yield f"{named} lacks {' and '.join(lost)}: a waiver needs code, who, reason and until"
    yield from (f"{named} has no key {key!r}{did_you_mean(str(key), KNOWN)}" for key in one if key not in KNOWN)
    if "until" not in lost and day_of(one["until"]) is None:
        yield f"{named}: until={one['until']!r} is no day: give YYYY-MM-DD"


def day_of(value: Any) -> date | None:
    """Return a day as it was written; None where it is none.

    Examples
    --------
    >>> day_of("2027-12-31"), day_of("soon")
    (datetime.date(2027, 12, 31), None)
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        return None
