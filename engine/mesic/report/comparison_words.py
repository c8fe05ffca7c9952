"""How a comparison of models is said, on a terminal and on its page."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.words import UNKNOWN, counted, known, level_text, metric_name, number, score_parts

Facts = Mapping[str, Any]

KEPT = {"groups": ", groups kept together", "blocks of time": ", stretches of time kept together"}
OTHER_PART = {"test": "On the test rows", "out of fold": "Out of fold"}


def where(found: Facts) -> str:
    """Return which rows models were compared on.

    Examples
    --------
    >>> where({"part": "test", "rows": 1409, "unit": "rows"})
    'the same 1,409 test rows'
    >>> where({"part": "out of fold", "rows": 5, "unit": "folds"})
    'the losses of the same 5 folds'
    """
    if found["unit"] == "folds":
        return f"the losses of the same {counted(found['rows'], 'fold')}"
    of = {"test": "test rows", "out of fold": "rows, each predicted out of fold", "new rows": "new rows"}[found["part"]]
    kept = KEPT.get(found["unit"], "")
    return f"the same {number(found['rows'])} {of}{kept}"


def difference_parts(difference: Facts) -> tuple[str, str]:
    """Return a difference and its interval, both with signs.

    Examples
    --------
    >>> difference_parts({"value": 0.0211, "low": -0.0034, "high": 0.0401})
    ('+0.021', '-0.003 to +0.040')
    """
    value, span = score_parts(difference)
    if " to " not in span:
        return _signed(value, difference.get("value")), span
    ends = span.split(" to ")
    return _signed(value, difference["value"]), " to ".join(
        _signed(text, difference[end]) for text, end in zip(ends, ("low", "high"), strict=True)
    )


def _signed(text: str, value: Any) -> str:
    return f"+{text}" if (known(value) or 0.0) > 0 and text.strip("0.") else text.replace("−", "-")


def p_text(p: float | None) -> str:
    """Return a p value.

    Examples
    --------
    >>> p_text(0.0312), p_text(1e-9), p_text(None)
    ('0.031', '<0.001', 'not measured')
    """
    if known(p) is None:
        return UNKNOWN
    assert p is not None
    return "<0.001" if p < 0.001 else f"{p:.2g}"


def pair_sentence(pair: Facts, found: Facts) -> str:
    """Return what is said of a model beside the reference."""
    difference, by = pair["difference"], metric_name(found["by"])
    name, reference = pair["model"], found["reference"]
    value = known(difference["value"])
    if value is None:
        return f"{name} and {reference} cannot be told apart: {by} is undefined on these rows."
    if difference["low"] == difference["high"] == 0:
        return f"{name} and {reference} are equivalent: their {by} is the same on every row."
    size, span = score_parts(_turned(difference, value))
    said = f"its {by} is {size} {'higher' if value > 0 else 'lower'}"
    interval = f"{level_text(difference)} interval {span}" if " to " in span else span
    proof = f"({interval}; p = {p_text(pair['p'])})".replace("p = <", "p < ")
    words = {
        "better": f"{name} is better than {reference}: {said} {proof}.",
        "worse": f"{name} is worse than {reference}: {said} {proof}.",
        "equivalent": f"{name} and {reference} are equivalent: {said} {proof}, which lies within the margin of "
        f"{number(found['margin'])}.",
        "cannot tell": f"{name} cannot be told from {reference}: {said} {proof}.",
    }
    return words[pair["verdict"]] + rows_text(pair, found)


def _turned(difference: Facts, value: float) -> dict[str, Any]:
    """Return the difference as how much higher, or how much lower."""
    if value >= 0:
        return dict(difference)
    low, high = (None if difference[end] is None else -difference[end] for end in ("high", "low"))
    return dict(difference) | {"value": -value, "low": low, "high": high}


def rows_text(pair: Facts, found: Facts) -> str:
    """Return how many rows would decide, where it cannot be told."""
    if pair["verdict"] != "cannot tell" or found["unit"] == "folds":
        return ""
    if pair["rows_to_decide"] is None:
        return " No number of rows that could be had would show so small a difference."
    more = " in their groups" if found["unit"] == "groups" else ""
    return (
        f" Were it as large as it seems, {counted(pair['rows_to_decide'], 'such row')}{more} would show it in 8 of 10 "
        f"cases; there are {number(found['rows'])}."
    )


def beside_sentence(found: Facts) -> str:
    """Return what the other part says of two models."""
    beside = found.get("beside")
    if not beside:
        return ""
    difference = beside["difference"]
    value, span = difference_parts(difference)
    verdict = {"better": "better there, too", "worse": "worse there"}.get(beside["verdict"], beside["verdict"])
    if beside["verdict"] == "better" and found["pairs"][0]["verdict"] != "better":
        verdict = "better there"
    place = OTHER_PART[beside["part"]]
    return f"{place} ({counted(difference['n'], 'row')}): {beside['by']} {value} ({span}): {verdict}."


def worth_sentence(found: Facts) -> str:
    """Return what the best of several is worth elsewhere."""
    worth = found.get("worth")
    if not worth:
        return ""
    seems, expected = (number(worth[name]) for name in ("seems", "expected"))
    span = score_parts({**worth, "value": worth["expected"]})[1]
    best = f"{worth['name']}{_about(found)} has the best {metric_name(found['by'])} of {worth['models']}, {seems}"
    interval = f"({level_text(worth)} interval {span})"
    return f"{best}; as it is the best of several, expect {expected} of it elsewhere {interval}."


def _about(found: Facts) -> str:
    """Return what the best model is, in brackets."""
    said = next((model["learner"] for model in found["models"] if model["name"] == found["worth"]["name"]), "")
    return f" ({said})" if said else ""


def count_sentence(found: Facts) -> str:
    """Return how many of several models cannot be told from the reference."""
    pairs: Sequence[Facts] = found["pairs"]
    told = {
        word: sum(pair["verdict"] == word for pair in pairs)
        for word in ("better", "worse", "equivalent", "cannot tell")
    }
    words = {
        "better": "better than it",
        "worse": "worse",
        "equivalent": "equivalent",
        "cannot tell": "not to be told from it",
    }
    said = [f"{count} {words[word]}" for word, count in told.items() if count]
    return f"Of {counted(len(pairs), 'other')}, {', '.join(said)}."
