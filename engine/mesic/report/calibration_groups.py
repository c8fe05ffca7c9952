"""Calibration within groups: do predictions mean the same for everyone."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report import charts
from mesic.report.blocks import Html, details, figure, joined, score, table, tag
from mesic.report.words import number

Facts = Mapping[str, Any]
MOST_DRAWN = 12


def calibration_groups(groups: Sequence[Facts]) -> Html:
    """Return by how much more is observed than predicted in each group, and the bins of each."""
    if not groups:
        return Html("")
    drawn = [{**row["gap"], "name": row.get("group")} for row in groups if row.get("gap")]
    rows = [[row.get("group"), number(row.get("rows")), _gap(row)] for row in groups]
    pictures = [
        joined((tag("h4", row.get("group")), figure(charts.calibration_chart, row["bins"])))
        for row in groups[:MOST_DRAWN]
        if row.get("bins")
    ]
    return joined(
        (
            tag("h3", "Within groups"),
            figure(charts.scores_chart, drawn, "observed less predicted") if drawn else Html(""),
            table(["group", "rows", "observed less predicted"], rows),
            details("Bins of each group", joined(pictures)) if pictures else Html(""),
        )
    )


def _gap(row: Facts) -> Any:
    return score(row["gap"]) if row.get("gap") else "too few rows"
