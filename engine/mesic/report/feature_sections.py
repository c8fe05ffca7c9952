"""The section about features: whether each column is worth having."""

from collections.abc import Callable, Mapping
from typing import Any

from mesic.report import charts
from mesic.report.blocks import Html, about, details, figure, joined, missing, paragraph, score, table, tag
from mesic.report.result_sections import evaluation
from mesic.report.words import counted, duration, known, number, percent

Record = Mapping[str, Any]
Facts = Mapping[str, Any]
MOST_ALIKE = 3


def features(record: Record) -> Html:
    """Return what each column gives, costs and risks, with a verdict."""
    facts = evaluation(record, "feature_audit") or {}
    found = facts.get("features") or []
    if not found:
        return missing()
    caption = f"{str(facts.get('method') or 'increase in loss').capitalize()}. Pale bars cannot be told from nothing."
    return joined(
        (
            about("Is each column worth having? A long bar: without what it says the model is much worse."),
            figure(charts.power_chart, found, "increase in loss a row", caption=caption),
            tag("h3", "What each column gives, costs and risks"),
            _table(found),
            _unexamined(facts.get("unexamined") or []),
            _unread(facts.get("unread") or []),
            _costs(record.get("costs")),
            _fits((record.get("costs") or {}).get("fit") or []),
        )
    )


def _table(found: list[Facts]) -> Html:
    has_time = any(known(row.get("stale")) is not None for row in found)
    shown: dict[str, Callable[[Facts], Any]] = {
        "column": lambda row: row.get("name"),
        "verdict": _verdict,
        "power": lambda row: score({**row, "value": row.get("increase")}),
        "µs a row": lambda row: f"{row.get('cost_us') or 0.0:.2g}",
        "missing": lambda row: percent(row.get("missing") or 0.0),
        **({"stale": lambda row: "-" if row.get("stale") is None else percent(row["stale"])} if has_time else {}),
        "when absent": lambda row: score(row.get("absent")),
        "says the same as": lambda row: ", ".join(map(str, (row.get("alike") or [])[:MOST_ALIKE])) or "-",
    }
    return table(list(shown), [[cell(row) for cell in shown.values()] for row in found])


def _verdict(row: Facts) -> Html:
    return tag("span", tag("b", row.get("verdict")), tag("small", row.get("reason")), css="verdict")


def _unexamined(names: list[str]) -> Html:
    if not names:
        return Html("")
    return details(
        f"{counted(len(names), 'column')} hurt less when a few rows were shuffled", paragraph(", ".join(names))
    )


def _unread(names: list[str]) -> Html:
    if not names:
        return Html("")
    return details(f"{counted(len(names), 'column')} the model does not read", paragraph(", ".join(names)))


def _fits(took: list[Facts]) -> Html:
    if not took:
        return Html("")
    head = ["step", "fits", "rows", "wall", "CPU", "CPU µs a row"]
    rows = [
        [
            row.get("step"),
            *(row.get(key) for key in ("fits", "rows")),
            *(duration(row.get(key)) for key in ("wall_s", "cpu_s")),
            number(row.get("cpu_us_a_row")),
        ]
        for row in took
    ]
    said = "Of all training rows; what was taken from the stage cache is not among it."
    return details("What the final fits took, step by step", joined((table(head, rows), paragraph(said, css="soft"))))


def _costs(costs: Facts | None) -> Html:
    if not costs:
        return Html("")
    rows = [
        [row.get("step"), number(row.get("batch_us")), number(row.get("alone_us"))] for row in costs.get("steps") or []
    ]
    whole = [["all", number(costs.get("batch_us")), number(costs.get("alone_us"))]]
    head = ["step", f"µs a row of {counted(costs.get('rows'), 'row')}", "µs for a row alone"]
    said = "Measured on the machine of the run, on one thread; a step's time falls on the columns that it makes."
    return details(
        "What an answer costs, step by step", joined((table(head, [*rows, *whole]), paragraph(said, css="soft")))
    )
