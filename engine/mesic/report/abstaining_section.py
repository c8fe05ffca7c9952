"""The section on abstaining: risk over coverage, and the cut that was chosen."""

from collections.abc import Mapping
from typing import Any

from mesic.report.abstaining_chart import risk_chart
from mesic.report.abstaining_words import area_text, chosen_text, selective_of, share_text
from mesic.report.blocks import Html, about, details, figure, joined, paragraph, score, table
from mesic.report.words import level_text, number

Record = Mapping[str, Any]
Facts = Mapping[str, Any]


def abstaining(record: Record) -> Html:
    """Return what answers lose that are left when the least sure ones are not given; nothing where it was not asked."""
    facts = selective_of(record)
    if not facts:
        return Html("")
    first = (facts.get("points") or [{}])[0].get("risk") or {}
    band = f"Test rows; the band holds each point with {level_text(first)} ({first.get('method')}). "
    band += "Dashed: all are answered."
    chosen = " Orange: the chosen cut." if (facts.get("chosen") or {}).get("test") else ""
    return joined(
        (
            about("What if it is silent where it is least sure? Cuts are those of training rows; test rows only show."),
            paragraph(f"Rows are ranked by {facts.get('ranked_by')}. {chosen_text(facts)}"),
            figure(risk_chart, facts, caption=band + chosen),
            paragraph(area_text(facts)),
            _chosen_table(facts),
            details("Every cut", _cuts(facts)),
        )
    )


def _chosen_table(facts: Facts) -> Html:
    points, chosen = facts.get("points") or [], facts.get("chosen") or {}
    rows = [["every row", points[0]]] if points else []
    rows += [["the chosen cut", chosen["test"]]] if chosen.get("test") else []
    return table(_head(facts), [[name, score(one["coverage"]), score(one["risk"])] for name, one in rows])


def _cuts(facts: Facts) -> Html:
    rows = [
        [share_text(one.get("wanted")), number(one.get("cut")), score(one["coverage"]), score(one["risk"])]
        for one in facts.get("points") or []
    ]
    first, *rest = _head(facts)
    return table([first or f"of {facts.get('cuts_from')}", "cut", *rest], rows)


def _head(facts: Facts) -> list[str]:
    return ["", "of test rows answered", f"{facts.get('loss')} of these"]
