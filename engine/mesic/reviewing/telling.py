"""A review as people read it in a terminal."""

from collections.abc import Iterator

from mesic.reviewing.objections import Objection
from mesic.reviewing.reviews import Review


def review_lines(found: Review) -> Iterator[str]:
    """Yield the lines of a review: the verdict, what blocks, what was waived by whom, and what else is to know."""
    if found.is_allowed:
        yield "nothing stops a deployment" + (f"; {len(found.waived)} waived" if found.waived else "")
    else:
        yield f"a deployment is refused: {len(found.blocking)} to mend or to waive"
    for objection in found.blocking:
        yield from _lines("block", objection)
    if found.blocking:
        form = f"{{code: {found.blocking[0].code}, who: NAME, reason: WHY, until: YYYY-MM-DD}}"
        each = "it" if len(found.blocking) == 1 else "each"
        yield f"         to waive {each}, name in policy.waivers: {form}"
    for objection, waiver in found.waived:
        yield from _lines("waived", objection, fix=False)
        yield f"         waived by {waiver.who} until {waiver.until.isoformat()}: {waiver.reason}"
    for objection in found.warnings:
        yield from _lines("warning", objection)
    yield from (f"   note  {note}" for note in found.notes)


def _lines(word: str, objection: Objection, *, fix: bool = True) -> Iterator[str]:
    yield f"{word:>7}  {objection.code}: {objection.message}"
    if fix and objection.fix:
        yield f"         -> {objection.fix}"
