"""What sections are built from: paragraphs, tables, figures; whatever is not `Html` is escaped."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE
from mesic.report.words import UNKNOWN, known, number, safe, score_parts

LONG_TABLE = 14


class Html(str):
    """Markup that is safe to print; made by this module from escaped parts only."""

    __slots__ = ()


class Chips(Html):
    """Many small things in a row."""

    __slots__ = ()


def html(value: Any) -> Html:
    """Return a value as markup.

    Examples
    --------
    >>> html("a < b"), html(Html("<b>1</b>")), html(1409), html(None)
    ('a &lt; b', '<b>1</b>', '1,409', '')
    """
    if isinstance(value, Html):
        return value
    if value is None:
        return Html("")
    if isinstance(value, bool):
        return Html("yes" if value else "no")
    return Html(number(value) if isinstance(value, int | float) else safe(value))


def joined(parts: Iterable[Html]) -> Html:
    """Return markup one after the other."""
    return Html("".join(parts))


def tag(name: str, *content: Any, css: str = "") -> Html:
    """Return an element.

    Examples
    --------
    >>> tag("p", "a & b ", tag("code", "x"), css="soft")
    '<p class="soft">a &amp; b <code>x</code></p>'
    """
    look = f' class="{safe(css)}"' if css else ""
    return Html(f"<{name}{look}>{joined(html(part) for part in content)}</{name}>")


def paragraph(*content: Any, css: str = "") -> Html:
    """Return a paragraph."""
    return tag("p", *content, css=css)


def about(text: str) -> Html:
    """Return the line that says how to read a section."""
    return paragraph(text, css="about")


def missing(what: str = "") -> Html:
    """Say that something was not measured, and what would have stood here."""
    return paragraph(f"{what}: {UNKNOWN}." if what else UNKNOWN.capitalize() + ".", css="missing")


def score(facts: Mapping[str, Any] | None) -> Html:
    """Return a score for a table cell: its value, the interval below."""
    value, span = score_parts(facts)
    if not span:
        return tag("span", value, css="soft")
    return tag("span", tag("b", value), tag("small", span), css="score")


def table(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Html:
    """Return a table that scrolls in its own box; the first cell of a row names the row.

    Parameters
    ----------
    head, rows
        Cells; numbers are set to the right, `Html` is printed as it is.
    """
    body = list(rows)
    right = [place > 0 and bool(body) and all(_is_number(row[place]) for row in body) for place in range(len(head))]
    top = joined(tag("th", cell, css="n" if is_right else "") for cell, is_right in zip(head, right, strict=True))
    lines = joined(_line(row) for row in body)
    tall = " tall" if len(body) > LONG_TABLE else ""
    inner = f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"
    return Html(f'<div class="scroll{tall}" tabindex="0">{inner}</div>')


def _line(row: Sequence[Any]) -> Html:
    first = Html(f'<th scope="row">{html(row[0])}</th>')
    return tag("tr", first, *(_cell(value) for value in row[1:]))


def _cell(value: Any) -> Html:
    is_long = isinstance(value, Chips) or (isinstance(value, str) and not isinstance(value, Html) and len(value) > 24)
    return tag("td", value, css="n" if _is_number(value) and value is not None else "wide" if is_long else "")


def _is_number(value: Any) -> bool:
    return value is None or known(value) is not None


def details(summary: str, content: Html) -> Html:
    """Return what is folded away until it is asked for."""
    return Html(f"<details><summary>{safe(summary)}</summary>{content}</details>")


def figure(chart: Callable[..., str], *facts: Any, caption: str = "") -> Html:
    """Return a chart twice, for wide and for narrow pages; the style sheet shows the one that fits."""
    drawn = Html(chart(*facts, width=WIDE) + chart(*facts, width=NARROW))
    return tag("figure", drawn, tag("figcaption", caption) if caption else "")


def code(text: str) -> Html:
    """Return a block of code."""
    return tag("pre", tag("code", text))


def chips(facts: Mapping[str, Any]) -> Chips:
    """Return names with their values, for a table cell.

    Examples
    --------
    >>> chips({"tenure": 72})
    '<span class="chip">tenure=72</span>'
    """
    return Chips("".join(tag("span", f"{name}={plain(value)}", css="chip") for name, value in facts.items()))


def plain(value: Any) -> str:
    """Return an option's or a cell's value as text.

    Examples
    --------
    >>> plain(0.040639), plain("Yes"), plain(None), plain([1, "a"]), plain(True)
    ('0.04064', 'Yes', 'none', '[1, "a"]', 'yes')
    """
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value) if known(value) is None else number(value)


def swatch(tone: str, text: str) -> Html:
    """Return a legend's entry; `tone` is the name of a colour of the style sheet."""
    return Html(f'<span class="swatch" style="--tone:var(--{safe(tone)})"></span>{safe(text)}&ensp;')
