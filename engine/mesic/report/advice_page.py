"""The page of advice about more data."""

from collections.abc import Mapping
from typing import Any

from mesic.report.advice_words import advice_sentence, levels_text, offer_cells, offer_head, slice_cells
from mesic.report.blocks import Html, about, figure, joined, missing, paragraph, table, tag
from mesic.report.curve_chart import curve_chart
from mesic.report.document import document
from mesic.report.words import counted, metric_name, number, score_text


def render_advice(found: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    found
        As :class:`~mesic.advising.data.DataAdvice` tells it.
    """
    more = f"{found['learner']} of {found['run']} learns from {counted(found['now'], 'row')}."
    header = tag(
        "header",
        tag("h1", "Are more rows worth it?"),
        tag("p", advice_sentence(found), css="lead"),
        tag("p", more, css="more"),
    )
    sections = {"Learning curve": _curve(found), "More rows": _offers(found), "Which rows": _slices(found)}
    return document(f"{found['run']}: more data - mesic", header, sections, "Made by mesic; it needs no network.")


def _curve(found: Mapping[str, Any]) -> Html:
    name = metric_name(found["metric"])
    caption = f"{name} out of fold; {levels_text(found)}."
    drawn = figure(curve_chart, found["curve"], found["ahead"], found["now"], found["metric"], caption=caption)
    rows = [[number(point["rows"]), score_text(point)] for point in found["curve"]]
    said = "Scores of the same rows by models that learned from ever more of the others; the test part is not read."
    return joined([about(said), drawn, table(["rows learned from", name], rows)])


def _offers(found: Mapping[str, Any]) -> Html:
    if not found["offers"]:
        return missing(found["refused"] or "what more rows would bring")
    said = f"By power laws fitted to the curve from {counted(found['law_from'], 'row')} on; "
    said += f"beyond {number(found['reach'])} rows nothing is said."
    return joined([about(said), table(offer_head(found), [offer_cells(offer) for offer in found["offers"]])])


def _slices(found: Mapping[str, Any]) -> Html:
    said = f"By how much the {found['loss']} falls by {counted(found['slices_more'], 'more row')} like these, "
    said += f"by {found['slices_by']}; the steepest first."
    head = ["rows", "scored", f"{found['loss']} now", "falls by"]
    note = (
        "It is told from how each slice has gained from more rows of all kinds so far, not from rows of its own alone."
    )
    return joined([about(said), table(head, [slice_cells(one) for one in found["slices"]]), paragraph(note)])
