"""How decisions are said: in the terminal, on the page, on the card."""

from collections.abc import Mapping
from typing import Any

from mesic.report.words import counted, known, metric_name, number, score_text

Facts = Mapping[str, Any]
RULES = {
    "fixed": "as it was given",
    "f_beta": "for the best F-beta",
    "cost": "for the least cost",
    "precision": "for a precision that is promised",
    "recall": "for a recall that is promised",
}


def decision_texts(record: Facts) -> list[str]:
    """Return what there is to say of threshold, calibrator and money, each in a sentence or two."""
    facts = record.get("decision") or {}
    return [said for said in (threshold_text(facts), calibration_text(facts), money_text(facts)) if said]


def threshold_text(facts: Facts) -> str:
    """Return from where on the positive class is answered, what was promised, and what test rows say.

    Examples
    --------
    >>> threshold_text({"threshold": {"rule": "fixed", "threshold": 0.25, "positive": "Yes"}})
    "'Yes' is answered from a probability of 0.25 on, as it was given."
    """
    said = facts.get("threshold")
    if not said:
        return ""
    cut, rule = known(said.get("threshold")), RULES.get(str(said.get("rule")), "")
    promise = said.get("promise") or {}
    if cut is None and promise:
        return f"No threshold keeps a {promise['of']} of {_share(promise)}; the most probable class is answered."
    if cut is None:
        return "Answered is the class that costs least by the probabilities."
    first = f"'{said.get('positive')}' is answered from a probability of {number(cut)} on, {rule}."
    if cut > 1:
        first = f"'{said.get('positive')}' is never answered, {rule}."
    own = [
        score for score in said.get("test") or [] if score.get("metric") in (promise.get("of"), "precision", "recall")
    ]
    told = ", ".join(f"{metric_name(score['metric'])} {score_text(score)}" for score in own)
    return " ".join(part for part in (first, _promised(promise), f"On test rows: {told}." if told else "") if part)


def _share(promise: Facts) -> str:
    return f"at least {number(promise['at_least'])} with confidence {promise['confidence']:.0%}"


def _promised(promise: Facts) -> str:
    if not promise:
        return ""
    return f"Promised is a {promise['of']} of {_share(promise)} in the next {counted(promise['rows'], 'row')}."


def calibration_text(facts: Facts) -> str:
    """Return what a calibrator changed on test rows; nothing without one."""
    found = facts.get("calibration")
    told = (found or {}).get("test")
    if not found or not told:
        return ""
    change = told["change"]
    said = [
        f"{metric_name(name)} by {score_text(change[name])}"
        for name in ("calibration_error", "log_loss")
        if name in change
    ]
    return f"Calibrated by {found['calibrator']}, on test rows that changes the {', the '.join(said)}."


def money_text(facts: Facts) -> str:
    """Return what 1,000 rows cost and what that saves; nothing where no costs were given."""
    money = facts.get("money")
    if not money:
        return ""
    unit = f" {money['unit']}" if money.get("unit") else ""
    said = (
        f"1,000 rows cost{unit} {score_text(money['model'])}; against {money['against']}, the best baseline by cost, "
    )
    return said + f"that saves{unit} {score_text(money['saved'])}."
