"""The page of an A/B test: the verdict first, then what it rests on."""

from collections.abc import Mapping
from typing import Any

from mesic.ab.guards import Guard
from mesic.ab.plan import ALWAYS_VALID
from mesic.report import ab_charts
from mesic.report.ab_words import (
    effect_text,
    guard_rows,
    outcome_rows,
    ratio_line,
    relative_text,
    saved_lines,
    so_far_lines,
    verdict_line,
)
from mesic.report.blocks import Html, about, details, figure, joined, paragraph, plain, swatch, table, tag
from mesic.report.document import document
from mesic.report.run_sections import findings
from mesic.report.words import known, level_text, number, percent

Facts = Mapping[str, Any]
SAID_ELSEWHERE = ("arms", "shares", "guards", "columns")
LOOKS = "Whatever else arrives between two looks decides nothing, so asking more often changes nothing."
OPEN_END = "The bounds hold for any number of looks, so there may be others at any time."
UNSAID: tuple[Any, ...] = (None, [], 0, 0.0)


def render_ab(facts: Facts) -> str:
    """Return the page of a read-out.

    Parameters
    ----------
    facts
        As ``mesic compare ab --json`` prints them.
    """
    sections: dict[str, Html] = {}
    if facts["findings"]:
        sections["Findings"] = findings(facts)
    if facts["arms"]:
        sections["Effects"] = _effects(facts)
        sections["Looks"] = _looks(facts)
    sections["Sample ratio"] = _ratio(facts)
    sections["Plan"] = _plan(facts)
    title = f"{facts['log']} - mesic"
    return document(title, _header(facts), sections, "Made by mesic compare ab; it needs no network.")


def _header(facts: Facts) -> Html:
    design = facts["plan"]["design"]
    name = tag("h1", f"{design['columns']['outcome']}: {', '.join(design['arms'])}")
    lead = tag("p", verdict_line(facts) + ".", css="lead")
    more = paragraph(" ".join(f"{line}." for line in _first_lines(facts)), css="more") if facts["arms"] else Html("")
    return tag("header", tag("p", facts["log"], css="kicker"), name, lead, more, _strip(facts))


def _first_lines(facts: Facts) -> list[str]:
    told = [arm for arm in facts["arms"] if arm["effect"] and known(arm["effect"]["low"]) is not None]
    lines = [f"{arm['arm']}: {effect_text(arm['effect'])}, {relative_text(arm['effect'])}" for arm in told]
    return [*lines, *(line.strip() for line in so_far_lines(facts))]


def _strip(facts: Facts) -> Html:
    design = facts["plan"]["design"]
    looks = [arm for arm in facts["arms"] if arm["looks"] is not None]
    cells = [("rows of the log", number(facts["rows"])), ("units planned", number(facts["plan"]["units"]))]
    cells += [("looks", f"{max(arm['look'] for arm in looks)} of {looks[0]['looks']}")] if looks else []
    cells += [("false alarms", percent(design["alpha"])), ("power", percent(design["power"]))]
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in cells), css="facts")


def _effects(facts: Facts) -> Html:
    head, rows = outcome_rows(facts)
    guard_head, guards = guard_rows(facts)
    drawn = _change_rows(facts)
    legend = [swatch("zone", "shown"), swatch("b", "harm"), swatch("quiet", "not shown")]
    legend += [swatch("block", "limit of a guard")] if guards else []
    parts = [about("Treatment less control at the last look, with intervals that hold for all looks together.")]
    if drawn:
        parts += [figure(ab_charts.change_chart, drawn), paragraph(*legend, css="soft")]
    parts += [table(head, _stacked(rows))] if rows else [paragraph("No planned look has been reached yet.")]
    parts += [tag("h3", "Guards"), table(guard_head, _stacked(guards))] if guards else []
    parts += [paragraph(line) for line in (*_methods(facts), *saved_lines(facts))]
    return joined(parts)


def _stacked(rows: list[list[str]]) -> list[list[Any]]:
    """Return rows in which an interval stands below its value."""
    return [[_cell(text) for text in row] for row in rows]


def _cell(text: str) -> Any:
    value, is_there, span = text.partition(" (")
    if not is_there or not span.endswith(")"):
        return text
    return tag("span", tag("b", value), tag("small", span.removesuffix(")")), css="score")


def _methods(facts: Facts) -> list[str]:
    effects = [arm["effect"] for arm in facts["arms"] if arm["effect"]]
    said = {
        f"{level_text(effect)} intervals: {effect['method']}; independent are {effect['unit']}." for effect in effects
    }
    return sorted(said)


def _change_rows(facts: Facts) -> list[dict[str, Any]]:
    sign = 1 if facts["plan"]["design"]["better"] == "higher" else -1
    rows = []
    for arm in facts["arms"]:
        if arm["effect"]:
            is_good = sign * (known(arm["effect"]["value"]) or 0) > 0
            tone = ("zone" if is_good else "b") if arm["effect"]["is_significant"] else "quiet"
            name = facts["plan"]["design"]["columns"]["outcome"]
            rows.append(
                {"name": _of(name, arm, facts), "relative": arm["effect"]["relative"], "tone": tone, "limit": None}
            )
        for guard in arm["guards"]:
            tone = {"kept": "zone", "broken": "b", "open": "quiet"}[guard["state"]]
            level = guard["control"]["value"]
            limit = guard["limit"] if guard["is_relative"] or not level else guard["limit"] / level
            name = _of(guard["name"], arm, facts)
            rows.append({"name": name, "relative": guard["relative"], "tone": tone, "limit": limit})
    return [row for row in rows if known(row["relative"]["low"]) is not None]


def _of(name: str, arm: Facts, facts: Facts) -> str:
    return name if len(facts["arms"]) == 1 else f"{name}, {arm['arm']}"


def _looks(facts: Facts) -> Html:
    more = OPEN_END if facts["plan"]["design"]["spending"] == ALWAYS_VALID else LOOKS
    parts = [about(f"z at each look, and the bounds that it must pass to decide. {more}")]
    for arm in (arm for arm in facts["arms"] if arm["effects"]):
        parts += [tag("h3", arm["arm"])] if len(facts["arms"]) > 1 else []
        parts.append(figure(ab_charts.bounds_chart, arm["effects"]))
        parts.append(details(f"All looks of {arm['arm']}", _look_table(arm["effects"])))
    return joined(parts) if len(parts) > 1 else paragraph("No planned look has been reached yet.")


def _look_table(effects: list[Facts]) -> Html:
    rows = [
        [
            place,
            effect["time"] or "",
            sum(effect["n"]),
            effect_text(effect),
            f"{effect['z']:.3f}" if known(effect["z"]) is not None else "unknown",
            f"{effect['bound']:.3f}" if known(effect["bound"]) is not None else "none",
        ]
        for place, effect in enumerate(effects, 1)
    ]
    return table(["look", "time", "n", "effect (interval)", "z", "bound"], rows)


def _ratio(facts: Facts) -> Html:
    said = about("Asked before anything is read: a broken division biases every effect.")
    lines = [paragraph(ratio_line(ratio)[len("sample ratio: ") :] + ".") for ratio in facts["sample_ratio"].values()]
    return joined((said, *lines))


def _plan(facts: Facts) -> Html:
    design = facts["plan"]["design"]
    shown = {name: plain(value) for name, value in design.items() if name not in SAID_ELSEWHERE and value not in UNSAID}
    arms = ", ".join(f"{arm} {percent(share)}" for arm, share in zip(design["arms"], design["shares"], strict=True))
    guards = [Guard(**facts) for facts in design["guards"]]
    shown |= {"arms": arms, "units": number(facts["plan"]["units"])}
    shown |= {"guards": "; ".join(f"{guard.name} {guard.said()}" for guard in guards)} if guards else {}
    shown["columns"] = ", ".join(f"{part}={name}" for part, name in design["columns"].items() if name)
    return joined((about("Settled before the test began."), table(["what", "value"], list(map(list, shown.items())))))
