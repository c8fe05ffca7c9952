"""What more rows cost, and what they would have to bring."""

from collections.abc import Mapping
from typing import Any

from mesic.advising.curve import LearningCurve

STEPS = (0.25, 0.5, 1.0, 2.0, 4.0)  # more rows, in those that there are
LEAST = 0.01  # of a gain: laws never rise, so that their low end is hardly ever 0


def offers(
    curve: LearningCurve, now: int, asked: int | None, price: float | None, value: float | None
) -> list[dict[str, Any]]:
    """Return what more rows would bring: a line for what was asked, or for ever more of them.

    Parameters
    ----------
    curve
        Of the metric.
    now
        Rows that the model learns from.
    asked
        More rows; None: a quarter as many, half, as many, ... as far as the curve reaches.
    price
        Of a row with its label; None: unknown.
    value
        Of one unit of the metric; None: unknown.
    """
    rows = [asked] if asked is not None else [round(step * now) for step in STEPS]
    return [offer(curve, now, more, price, value) for more in rows if now + more <= curve.reach]


def offer(curve: LearningCurve, now: int, more: int, price: float | None, value: float | None) -> dict[str, Any]:
    """Return what some more rows would bring.

    Returns
    -------
    dict
        ``more`` rows, the score to ``expect``, the ``gain``, what they ``cost``, the value of a unit of the metric from
        which they are ``worth_from``, the ``net`` gain in money, and the ``verdict``: worth it, not worth it, cannot
        tell, or, where price or value is unknown, whether the gain is clear of 0.
    """
    gain = curve.gain(now, more)
    cost = None if price is None else price * more
    told = {
        "more": more,
        "expect": curve.expected(now + more),
        "gain": gain,
        "cost": cost,
        "worth_from": None,
        "net": None,
    }
    if cost is not None and gain["value"] > 0:
        told["worth_from"] = {end: _ratio(cost, gain[of]) for end, of in _TURNED.items()} | {"level": gain["level"]}
    judged: Mapping[str, Any] = gain
    if cost is not None and value is not None:
        judged = told["net"] = {end: value * gain[end] - cost for end in ("value", "low", "high")} | {
            "level": gain["level"]
        }
    return told | {"verdict": _verdict(judged, is_money=told["net"] is not None)}


_TURNED = {"value": "value", "low": "high", "high": "low"}


def _ratio(cost: float, gain: float) -> float | None:
    return cost / gain if gain > 0 else None


def _verdict(judged: Mapping[str, Any], *, is_money: bool) -> str:
    if judged["low"] > (0 if is_money else LEAST * judged["value"]):
        return "worth it" if is_money else "a gain"
    if judged["high"] < 0 or judged["high"] == judged["value"] == 0:
        return "not worth it" if is_money else "no gain"
    return "cannot tell"
