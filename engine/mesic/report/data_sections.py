"""Sections about the data: what was read, what happened to it, how it was divided."""

from collections.abc import Mapping
from typing import Any

from mesic.report import charts
from mesic.report.blocks import Html, about, details, figure, joined, missing, paragraph, swatch, table, tag
from mesic.report.words import counted, known, number, percent

Record = Mapping[str, Any]
MOST_COLUMNS = 1000
FEW_COLUMNS = 12
LEVELS_SHOWN = 6


def data(record: Record) -> Html:
    """Return where the rows came from, the account of every row and cell, and every column."""
    facts = record.get("data")
    if not facts:
        return missing()
    columns = facts.get("columns") or []
    features = sum(column.get("role") == "feature" for column in columns)
    where = facts.get("path") or facts.get("source") or "an unnamed source"
    said = f"{counted(facts.get('rows'), 'row')} from {where}; "
    said += f"{counted(features, 'column')} of {len(columns)} may be learned from. "
    target = f"What is predicted is {facts.get('target')}, {_task(facts)}."
    digest = paragraph("Digest of the content ", tag("code", str(facts.get("digest") or "")[:24]), css="soft")
    return joined(
        (paragraph(said + target), _account(record), _columns(columns), digest if facts.get("digest") else Html(""))
    )


def _task(facts: Mapping[str, Any]) -> str:
    classes = facts.get("classes") or []
    if facts.get("task") == "regression":
        return "a number"
    if facts.get("positive") is not None:
        return f"one of two classes, of which {facts['positive']!r} is the one looked for"
    return f"one of {counted(len(classes), 'class', 'classes')}"


def _account(record: Record) -> Html:
    account = record.get("row_account")
    head = tag("h3", "Row account")
    if not account:
        return joined((head, missing("What became of each row and cell")))
    entries = account.get("entries") or []
    said = f"{counted(account.get('read'), 'row')} read, {number(account.get('used'))} used. "
    if not entries:
        return joined((head, paragraph(said + "No row was dropped and no cell was changed.")))
    rows = [
        [e.get("column"), e.get("what"), e.get("cells") or None, e.get("rows") or None, e.get("why"), e.get("stage")]
        for e in entries
    ]
    shown = table(["column", "what happened", "cells", "rows", "why", "stage"], rows)
    return joined((head, paragraph(said + "Everything in between:"), shown))


def _columns(columns: list[Mapping[str, Any]]) -> Html:
    if not columns:
        return missing("Columns")
    shown = table(
        ["column", "kind", "part", "missing", "distinct", "values", "why"],
        [_column(column) for column in columns[:MOST_COLUMNS]],
    )
    if len(columns) <= FEW_COLUMNS:
        return joined((tag("h3", "Columns"), shown))
    return joined((tag("h3", "Columns"), paragraph(_kinds(columns)), details(f"All {len(columns)} columns", shown)))


def _kinds(columns: list[Mapping[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for column in columns:
        kind = str(column.get("kind")) if column.get("role") != "ignored" else "ignored"
        counts[kind] = counts.get(kind, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (item[0] == "ignored", -item[1]))
    return ", ".join(f"{count} {kind}" for kind, count in ranked) + "."


def _column(column: Mapping[str, Any]) -> list[Any]:
    names = ("name", "kind", "role", "missing", "distinct")
    return [*(column.get(name) for name in names), _values(column), column.get("why") or ""]


def _values(column: Mapping[str, Any]) -> str:
    levels = column.get("levels")
    if levels:
        shown = ", ".join(map(str, levels[:LEVELS_SHOWN]))
        return shown + (", …" if len(levels) > LEVELS_SHOWN else "")
    low, high = column.get("low"), column.get("high")
    if low is None or high is None:
        return ""
    return f"{_end(low)} to {_end(high)}"


def _end(value: Any) -> str:
    return str(value) if known(value) is None else number(value)


def partition(record: Record) -> Html:
    """Return which rows trained, validated and tested, their classes, and the proof."""
    facts = record.get("partition")
    if not facts:
        return missing()
    rows = facts.get("rows") or {}
    train, test, left_out = (rows.get(part) or 0 for part in ("train", "test", "left_out"))
    share = f" ({percent(test / (train + test))})" if train + test else ""
    said = f"{counted(train, 'row')} to learn from, {number(test)}{share} set aside and opened once, at the end. "
    said += f"{counted(left_out, 'row')} left out of both, in a gap or too long ago. " if left_out else ""
    how = f"Divided by {facts.get('by')} ({facts.get('splitter')}, {facts.get('mode')})"
    legend = [swatch("a", "training"), swatch("b", "test")]
    legend += [swatch("zone", "validation")] if facts.get("folds") else []
    folds = f"; {counted(len(facts['folds']), 'fold')} apart from the test part." if facts.get("folds") else "."
    return joined(
        (
            paragraph(said + how + folds),
            figure(charts.partition_chart, facts),
            paragraph(*legend, css="soft"),
            _classes(facts),
            _sample(record),
            _proof(facts.get("proof")),
            _audits(record.get("audits")),
        )
    )


def _sample(record: Record) -> Html:
    facts = record.get("sample")
    if not facts:
        return Html("")
    made = f", {counted(facts.get('made'), 'row')} of them made" if facts.get("made") else ""
    said = f"The learner sees {counted(facts.get('rows'), 'row')}{made}, for {number(facts.get('of'))} "
    said += f"({facts.get('sampler')}). Design effect {number(facts.get('design_effect'), 3)}: they say as much of the "
    said += f"target as {number(round(facts.get('effective_rows') or 0))} drawn by chance."
    level = ((record.get("config") or {}).get("interval") or {}).get("level")
    head = ["target", f"sample ({percent(level)} interval)" if level else "sample", "all training rows"]
    rows = [
        [name, f"{number(share)} ({number(low)} to {number(high)})", number(whole)]
        for name, share, low, high, whole in (
            tuple(one.get(key) for key in ("of", "sample", "low", "high", "all")) for one in facts.get("target") or []
        )
    ]
    return joined((tag("h3", "Sample"), paragraph(said), table(head, rows)))


def _classes(facts: Mapping[str, Any]) -> Html:
    counts = facts.get("classes") or {}
    total = len(counts.get("train") or {})
    if not total:
        return Html("")
    caption = f"The {charts.MOST_ROWS} largest of {total} classes." if total > charts.MOST_ROWS else ""
    return joined((tag("h3", "Classes"), figure(charts.classes_chart, counts, caption=caption)))


def _proof(proof: Mapping[str, Any] | None) -> Html:
    head = tag("h3", "Proof")
    if not proof:
        return joined((head, missing("Whether the parts are disjoint and cover all rows")))
    said = about("Checked on the row numbers of the parts, not assumed.")
    return joined((head, said, Html(f'<ul class="laws">{joined(_law(*law) for law in proof.items())}</ul>')))


def _audits(audits: Mapping[str, Any] | None) -> Html:
    if not audits:
        return Html("")
    said = about("Asked before anything was learned; what was found stands under Findings, with its price.")
    rows = [[name, ", ".join(facts.get("found") or []) or "nothing found"] for name, facts in audits.items()]
    return joined((tag("h3", "Audit"), said, table(["auditor", "found"], rows)))


def _law(name: str, holds: Any) -> Html:
    words = {True: ("✓", "holds"), False: ("✗", "broken")}
    sign, verdict = words.get(holds, ("–", "does not apply")) if holds is None or holds in words else ("", str(holds))
    return tag("li", tag("b", sign), f" {name.replace('_', ' ')}: {verdict}", css=verdict if holds in words else "soft")
