"""How abstaining is said: on the page, on the card."""

from collections.abc import Mapping
from typing import Any

from mesic.findings import as_override
from mesic.report.words import known, number, percent, score_text

Facts = Mapping[str, Any]


def selective_of(record: Facts) -> Facts:
    """Return what the evaluator ``selective`` told; empty where it was not asked."""
    found: Facts = (record.get("evaluations") or {}).get("selective") or {}
    return found


def chosen_text(facts: Facts) -> str:
    """Return which cut training rows chose, what it came to, and how a bundle is told.

    Examples
    --------
    >>> chosen_text({"chosen": None})
    'No cut was chosen: no rows were predicted out of fold.'
    """
    chosen = facts.get("chosen")
    if not chosen:
        return "No cut was chosen: no rows were predicted out of fold."
    wanted = share_text(chosen.get("wanted"))
    if chosen["by"] == "risk":
        wanted = f"at most {wanted} wrong answers with confidence {number(chosen.get('confidence'))}"
    else:
        wanted = f"answers for {wanted} of the rows"
    if known(chosen.get("cut")) is None:
        return f"Asked for were {wanted}; no cut lets training rows promise it."
    own = chosen["out_of_fold"]
    first = f"Chosen on training rows, out of fold, for {wanted}: there {score_text(own['coverage'])} are answered; "
    first += f"{facts.get('loss')} of these {score_text(own['risk'])}."
    return " ".join(part for part in (first, _keys(chosen.get("keys") or {})) if part)


def share_text(share: Any) -> str:
    """Return a share that was asked for in percent."""
    return number(share) if known(share) is None else percent(share)


def _keys(keys: Facts) -> str:
    said = " ".join(f"{key}={as_override(value)}" for key, value in keys.items())
    return f"What tells mesic serve and mesic predict so: {said}" if said else ""


def area_text(facts: Facts) -> str:
    """Return the areas under the curve: the ranking's, that of chance, that of hindsight."""
    found, chance, hindsight, saved = (
        score_text(facts.get(key)) for key in ("area", "area_of_chance", "area_of_hindsight", "saved")
    )
    return (
        f"Area under the curve: {found}; by chance {chance}, in hindsight {hindsight}; the ranking saves {saved} on "
        "average over all cuts."
    )
