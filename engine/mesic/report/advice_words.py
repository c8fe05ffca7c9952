"""How advice about more data is said, on a terminal and on its page."""

from collections.abc import Mapping
from typing import Any

from mesic.report.words import counted, level_text, metric_name, number, score_parts, score_text

Facts = Mapping[str, Any]

HIGHEST = 100.0  # times what is expected; more is no end


def advice_sentence(found: Facts) -> str:
    """Return in a sentence or two whether more rows are worth it."""
    name = metric_name(found["metric"])
    if found["refused"]:
        return f"Whether more rows are worth it cannot be told: {found['refused']}."
    offer = found["offers"][0] if found["offers"] else None
    if offer is None:
        now, reach = number(found["now"]), number(found["reach"])
        return f"Of more than {reach} rows nothing can be said; the model learns from {now}."
    gain, verdict = offer["gain"], offer["verdict"]
    said = f"{counted(offer['more'], 'more row')} would improve {name} by {score_text(gain)}"
    if offer["cost"] is None:
        words = {"a gain": "", "no gain": ": no gain", "cannot tell": ", which may be nothing"}
        return f"{said}{words[verdict]}; price=... of a row says what that costs."
    costs = f"{said} and cost {money(offer['cost'])}"
    if offer["net"] is None:
        return f"{costs}: worth it if a unit of {name} is worth more than {worth_text(offer)}."
    net = f"a net {money(offer['net']['value'])} ({money(offer['net']['low'])} to {money(offer['net']['high'])})"
    return f"{costs}, {net}: {verdict}."


def money(amount: float | None) -> str:
    """Return a sum of money, whatever its unit.

    Examples
    --------
    >>> money(2500.0), money(-0.256), money(None)
    ('2,500', '-0.256', 'unknown')
    """
    if amount is None:
        return "unknown"
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"


def worth_text(offer: Facts) -> str:
    """Return from which value of a unit on rows are worth their price, and between which ends that may lie."""
    worth = offer["worth_from"]
    if worth is None:
        return "any sum: no gain is to be expected"
    is_open = worth["high"] is None or worth["high"] > HIGHEST * worth["value"]
    high = "no end" if is_open else money(worth["high"])
    return f"{money(worth['value'])} ({money(worth['low'])} to {high})"


def offer_head(found: Facts) -> list[str]:
    """Return the head of the table of offers."""
    name = metric_name(found["metric"])
    head = ["more rows", f"{name} to expect", "gain"]
    if found["price"] is not None:
        head += ["costs", "worth it if a unit is worth more than"]
    if found["price"] is not None and found["value"] is not None:
        head += ["net"]
    return [*head, "verdict"]


def offer_cells(offer: Facts) -> list[str]:
    """Return a line of the table of offers."""
    cells = [number(offer["more"]), _with_span(offer["expect"]), _with_span(offer["gain"])]
    if offer["cost"] is not None:
        cells += [money(offer["cost"]), worth_text(offer)]
    if offer["net"] is not None:
        net = offer["net"]
        cells += [f"{money(net['value'])} ({money(net['low'])} to {money(net['high'])})"]
    return [*cells, offer["verdict"]]


def slice_cells(one: Facts) -> list[str]:
    """Return a line of the table of slices."""
    loss = "" if one["loss"] is None else _with_span(one["loss"])
    gain = f"cannot tell: {one['refused']}" if one["gain"] is None else _with_span(one["gain"])
    return [one["slice"], number(one["rows"]), loss, gain]


def _with_span(score: Facts) -> str:
    return "{} ({})".format(*score_parts(score))


def levels_text(found: Facts) -> str:
    """Return how the intervals were made.

    Examples
    --------
    >>> levels_text({"curve": [{"level": 0.95}]})
    '95% intervals: resampled rows, each with another draw of the rows that were learned from'
    """
    return (
        f"{level_text(found['curve'][0])} intervals: resampled rows, each with another draw of the rows that were "
        "learned from"
    )
