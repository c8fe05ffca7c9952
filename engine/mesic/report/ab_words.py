"""What an A/B test says, in the words and rows that terminal and page share."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.words import MINUS, counted, known, level_text, score_parts

Facts = Mapping[str, Any]
DECISIONS = {
    "promote": "Promote",
    "rollback": "Roll back",
    "keep": "Keep the control",
    "continue": "Continue",
}
STATES = {"kept": "kept", "broken": "BROKEN", "open": "not shown yet"}
Table = tuple[list[str], list[list[str]]]


def verdict_line(facts: Facts) -> str:
    """Return the decision with its reason.

    Examples
    --------
    >>> verdict_line({"decision": "promote", "arm": "new", "why": "better than the control"})
    'Promote new: better than the control'
    """
    return f"{DECISIONS[facts['decision']]}{' ' + facts['arm'] if facts['arm'] else ''}: {facts['why']}"


def effect_text(effect: Facts | None) -> str:
    """Return an effect with its interval, signed.

    Examples
    --------
    >>> effect_text({"value": 0.0062, "low": 0.0011, "high": 0.0113})
    '+0.006 (+0.001 to +0.011)'
    >>> effect_text({"value": None}), effect_text(None)
    ('cannot be told', 'no look yet')
    """
    if effect is None:
        return "no look yet"
    if known(effect.get("value")) is None:
        return "cannot be told"
    value, span = score_parts(effect)
    return f"{_signed(value)} ({' to '.join(_signed(end) for end in span.split(' to '))})"


def _signed(text: str) -> str:
    return f"+{text}" if text[:1].isdigit() and text.strip("0.,") else text


def relative_text(effect: Facts) -> str:
    """Return an effect in percent of the control's level.

    Examples
    --------
    >>> relative_text({"relative": {"value": 0.124, "low": 0.022, "high": 0.226}})
    '+12.4% (+2.2% to +22.6%)'
    """
    relative = effect.get("relative") or {}
    value, low, high = (known(relative.get(name)) for name in ("value", "low", "high"))
    if value is None:
        return "cannot be told"
    span = "interval cannot be told" if low is None or high is None else f"{low:+.1%} to {high:+.1%}"
    return f"{value:+.1%} ({span})".replace("-", MINUS)


def says(arm: Facts) -> str:
    """Return what is said of a treatment, and at which look.

    Examples
    --------
    >>> says({"decision": "promote", "look": 3, "looks": 5}), says({"decision": "continue", "look": 7, "looks": None})
    ('promote, look 3 of 5', 'continue')
    """
    where = "" if arm["looks"] is None else f", look {arm['look']} of {arm['looks']}"
    return DECISIONS[arm["decision"]].lower() + where


def outcome_rows(facts: Facts) -> Table:
    """Return a row an arm: its level, what it does beside the control, what is said of it."""
    head = ["arm", "n", "level (interval)", "effect (interval)", "relative (interval)", "p, needed", "says"]
    rows: list[list[str]] = []
    for arm in (arm for arm in facts["arms"] if arm["effect"]):
        effect = arm["effect"]
        rows.append([facts["plan"]["design"]["arms"][0], *_level(arm, 0), "", "", "", ""])
        p = f"{_p_text(effect['p'])}, {_p_text(_needed(effect))}"
        said = [effect_text(effect), relative_text(effect), p, says(arm)]
        rows.append([arm["arm"], *_level(arm, 1), *said])
    return head, [row for place, row in enumerate(rows) if row not in rows[:place]]


def _level(arm: Facts, place: int) -> list[str]:
    effect = arm["effect"]
    return [f"{effect['n'][place]:,}", level_of(effect[("control", "treatment")[place]])]


def level_of(score: Facts) -> str:
    """Return a level with its interval.

    Examples
    --------
    >>> level_of({"value": 0.05033, "low": 0.0479, "high": 0.0528})
    '0.0503 (0.0479 to 0.0528)'
    """
    value, span = score_parts(score)
    return f"{value} ({span})"


def _needed(effect: Facts) -> float | None:
    """Return the p that passes the bound; that of all looks is held against alpha itself."""
    if str(effect.get("method")).endswith("always valid"):
        return 1 - float(effect["level"])
    bound = known(effect.get("bound"))
    if bound is None:
        return None
    from scipy import special

    return float(2 * special.ndtr(-bound))


def _p_text(p: float | None) -> str:
    return "unknown" if p is None else f"{p:.2g}"


def guard_rows(facts: Facts) -> Table:
    """Return a row a guard of each treatment."""
    head = ["guard", "arm", "control (interval)", "effect (interval)", "relative (interval)", "limit", "is"]
    rows = [
        [g["name"], arm["arm"], level_of(g["control"]), effect_text(g), relative_text(g), g["said"], STATES[g["state"]]]
        for arm in facts["arms"]
        for g in arm["guards"]
    ]
    return head, rows


def ratio_line(ratio: Facts) -> str:
    """Return how units divide.

    Examples
    --------
    >>> ratio_line({"counted": "units", "counts": {"old": 10, "new": 12}, "p": 1.0, "is_broken": False})
    'sample ratio: 10 units in old, 12 in new: as planned (p 1, valid at every look)'
    """
    (first, count), *others = ratio["counts"].items()
    said = ", ".join([f"{count:,} {ratio['counted']} in {first}", *(f"{n:,} in {arm}" for arm, n in others)])
    verdict = "NOT as planned" if ratio["is_broken"] else "as planned"
    return f"sample ratio: {said}: {verdict} (p {ratio['p']:.2g}, valid at every look)"


def so_far_lines(facts: Facts) -> list[str]:
    """Return what everything that is known says until now, where the test goes on, and when the next look is."""
    lines = []
    for arm in (arm for arm in facts["arms"] if arm["decision"] == "continue"):
        units = facts["units"][arm["arm"]]
        where = f"{arm['arm']}: {counted(units['read'], 'unit')} with the control's"
        if units["next_look"] and arm["looks"] is not None:
            where += f"; the next look is at {units['next_look']:,}"
        lines.append(where)
        so_far = facts["so_far"].get(arm["arm"])
        if so_far and so_far["low"] is not None and arm["looks"] is not None:
            said = f"{level_text(so_far)} interval that is honest at every moment"
            lines.append(f"  so far {effect_text(so_far)}, {said}; it decides nothing")
    return lines


def saved_lines(facts: Facts) -> list[str]:
    """Return what a covariate saves.

    Examples
    --------
    >>> saved_lines({"variance_saved": {"new": 0.25}})
    ['the covariate takes 25% of the variance out of the effect of new']
    """
    told: Sequence[tuple[str, float]] = list((facts.get("variance_saved") or {}).items())
    return [f"the covariate takes {share:.0%} of the variance out of the effect of {arm}" for arm, share in told]
