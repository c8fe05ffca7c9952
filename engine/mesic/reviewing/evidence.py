"""What is known of a bundle when it is reviewed: its own card, the run that made it, the policy in force."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mesic.bundle.bundle import Bundle
from mesic.errors import MesicError
from mesic.reviewing.objections import Evidence
from mesic.reviewing.policies import policy_in_force
from mesic.runs.opening import uses_now
from mesic.runs.record import read_record

CARD = "card.json"


def evidence_of(bundle: Bundle, said: Mapping[str, Any], today: date) -> Evidence:
    """Return what gates judge a bundle by.

    Parameters
    ----------
    bundle
        Loaded, so that no byte of it was altered.
    said
        What changes the policy that it was made under.
    today
        The day of the review.
    """
    record = _record_of(bundle)
    return Evidence(
        card=_read(bundle.folder / CARD),
        record=record,
        policy=policy_in_force(_read(bundle.folder / "config.json").get("policy") or {}, said),
        test_uses=_uses(bundle, record),
        today=today,
    )


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _record_of(bundle: Bundle) -> dict[str, Any] | None:
    """Return the record beside a bundle, if it is the one of the run that made it."""
    try:
        record = read_record(bundle.folder.absolute().parent)
    except MesicError:
        return None
    return record if (record.get("bundle") or {}).get("digest") == bundle.digest else None


def _uses(bundle: Bundle, record: Mapping[str, Any] | None) -> dict[str, Any]:
    if record is None:
        why = "the bundle does not lie in the folder of its run"
        return {"runs": None, "answers": None, "why": why}
    uses = uses_now(bundle.folder.absolute().parent, record)
    then = record.get("test_part") or {}
    if uses.answers is None and then.get("answers") is not None:
        why = f"{uses.why}: as many as there were at the time of the run"
        return {"runs": then["uses"], "answers": then["answers"], "why": why}
    return {"runs": uses.runs, "answers": uses.answers, "why": uses.why}
