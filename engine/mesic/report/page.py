"""The page: one self-contained HTML file, made only from the record and the timeline."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from mesic.report import charts
from mesic.report.style import CSS
from mesic.report.words import UNKNOWN, headline, number, score_text

Record = Mapping[str, Any]


def render(record: Record, timeline: Sequence[Mapping[str, Any]]) -> str:
    """Return a run's page.

    Parameters
    ----------
    record
        As ``record.json`` holds it; parts that are missing are said to be not measured.
    timeline
        As :func:`mesic.runs.timeline.read_timeline` returns it.
    """
    sections: tuple[tuple[str, Callable[[Record], str]], ...] = (
        ("Findings", findings),
        ("Scores", scores),
        ("Zone of solutions", zone),
        ("Data", data),
        ("Partition", partition),
        ("Calibration", calibration),
        ("Importance", importance),
        ("Errors", errors),
        ("Model", model),
        ("Timeline", lambda _: charts.timeline_chart(timeline) + _activities(timeline)),
        ("Reproduction", reproduction),
    )
    anchors = {title: title.lower().replace(" ", "-") for title, _ in sections}
    menu = " ".join(f'<a href="#{anchors[title]}">{title}</a>' for title, _ in sections)
    body = "".join(
        f'<section id="{anchors[title]}"><h2>{title}</h2>{draw(record) or _paragraph(UNKNOWN)}</section>'
        for title, draw in sections
    )
    target = escape(str((record.get("data") or {}).get("target", "run")))
    name = escape(str((record.get("run") or {}).get("name", "")))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mesic: {target}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{CSS}</style></head><body>'
        f'<header><p class="run">{name}</p><h1>{target}</h1>'
        f'<p class="lead">{escape(headline(record))}</p><nav>{menu}</nav></header><main>{body}</main></body></html>\n'
    )


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table that scrolls in its own box; every cell is escaped."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def findings(record: Record) -> str:
    """Return what a person should know, what blocks first, each with how to mend it."""
    order = {"block": 0, "warning": 1, "info": 2}
    ranked = sorted(record.get("findings") or [], key=lambda finding: order.get(finding["severity"], 3))
    if not ranked:
        return _paragraph("Nothing was found that needs your attention.")
    return "".join(_finding(finding) for finding in ranked)


def _finding(finding: Mapping[str, Any]) -> str:
    fix = f'<p class="fix">{escape(finding["fix"])}</p>' if finding.get("fix") else ""
    head = f"<strong>{escape(finding['code'])}</strong> {escape(finding['message'])}"
    return f'<div class="finding {escape(finding["severity"])}"><p>{head}</p>{fix}</div>'


def scores(record: Record) -> str:
    """Return every score with its interval: the model beside the baselines, test rows and out-of-fold."""
    test = (record.get("scores") or {}).get("test")
    if not test:
        return ""
    name = str((record.get("model") or {}).get("learner", "model"))
    everyone = [(name, test, True), *((b["name"], b["test"], False) for b in record.get("baselines") or [])]
    metric = record.get("primary") or test[0]["metric"]
    dots = [
        {"name": who, "is_model": is_model, **score}
        for who, scored, is_model in everyone
        for score in scored
        if score["metric"] == metric
    ]
    inside = {score["metric"]: score for score in record["scores"].get("out_of_fold") or []}
    head = ["metric", f"{name}, test rows", f"{name}, out of fold", *(who for who, _, _ in everyone[1:])]
    rows = [
        [score["metric"], score_text(score), score_text(inside.get(score["metric"], {})), *_others(score, everyone[1:])]
        for score in test
    ]
    how = _paragraph(
        f"Intervals: {', '.join(sorted({score['method'] for score in test}))}; drawn over {test[0]['unit']}."
    )
    return charts.interval_chart(dots, f"{metric} on test rows", f"{metric} on test rows") + table(head, rows) + how


def _others(score: Mapping[str, Any], others: Sequence[tuple[str, Sequence[Mapping[str, Any]], bool]]) -> list[str]:
    found = [{s["metric"]: s for s in scored}.get(score["metric"], {}) for _, scored, _ in others]
    return [score_text(other) for other in found]


def zone(record: Record) -> str:
    """Return the picture, the rule, what was chosen and why, the edges."""
    facts = record.get("zone")
    if not facts:
        return ""
    trials = record.get("trials") or {}
    tried = f"{trials.get('tried', '?')} trials by {trials.get('tuner', '?')}, {trials.get('failed', 0)} failed."
    said = f"In the zone are {len(facts['members'])} trials: {facts['rule']}."
    said += f" Chosen: trial {facts['chosen']}, {facts['reason']}."
    edges = [[name, *_edge(limits)] for name, limits in (facts.get("edges") or {}).items()]
    listed = table(["option", "from", "to"], edges) if edges else ""
    return charts.zone_chart(facts) + _paragraph(tried) + _paragraph(said) + listed


def _edge(limits: Sequence[Any] | None) -> list[str]:
    if not limits:
        return [UNKNOWN, UNKNOWN]
    shown = [number(v) if isinstance(v, (int, float)) and not isinstance(v, bool) else str(v) for v in limits]
    return shown if len(shown) == 2 else [", ".join(shown), ""]


def data(record: Record) -> str:
    """Return where the rows came from, every column, and the account of every row and cell."""
    facts, account = record.get("data"), record.get("row_account") or {}
    if not facts:
        return ""
    text = (
        f"{facts['rows']:,} rows of {facts.get('path') or facts.get('source')}, content digest {facts['digest'][:16]}…"
    )
    columns = [
        [
            c["name"],
            c["kind"],
            c["role"],
            number(c.get("missing")),
            number(c.get("distinct")),
            _seen(c),
            c.get("why", ""),
        ]
        for c in facts["columns"]
    ]
    booked = [
        [e["stage"], e["column"], e["what"], e["cells"] or "", e["rows"] or "", e["why"]]
        for e in account.get("entries", [])
    ]
    ledger = table(["stage", "column", "what", "cells", "rows", "why"], booked) if booked else ""
    used = _paragraph(f"{account.get('read', 0):,} rows read, {account.get('used', 0):,} used.")
    head = ["column", "kind", "part", "missing", "distinct", "seen", "why"]
    return _paragraph(text) + used + ledger + table(head, columns)


def _seen(column: Mapping[str, Any]) -> str:
    if column.get("levels"):
        shown = ", ".join(map(str, column["levels"][:6]))
        return shown + (", …" if len(column["levels"]) > 6 else "")
    return f"{number(column['low'])} to {number(column['high'])}" if column.get("low") is not None else ""


def partition(record: Record) -> str:
    """Return which rows trained, validated and tested, and the proof."""
    facts = record.get("partition")
    if not facts:
        return ""
    rows = facts["rows"]
    text = f"Divided by {facts['by']} ({facts['splitter']}, {facts['mode']});"
    text += f" {len(facts['folds'])} folds in the training part."
    held = [
        [law.replace("_", " "), "does not apply" if holds is None else "holds" if holds else "broken"]
        for law, holds in facts["proof"].items()
    ]
    counts = facts.get("classes") or {}
    classes = [[label, counts["train"][label], counts["test"].get(label, 0)] for label in counts.get("train", {})]
    shares = table(["class", "training rows", "test rows"], classes) if classes else ""
    return (
        charts.shares_chart({"training": rows["train"], "test": rows["test"]}, "Partition")
        + _paragraph(text)
        + shares
        + table(["law", ""], held)
    )


def calibration(record: Record) -> str:
    """Return whether predictions mean what they say."""
    facts = (record.get("evaluations") or {}).get("calibration")
    return charts.calibration_chart(facts["bins"], facts["title"]) if facts else ""


def importance(record: Record) -> str:
    """Return what the model relies on."""
    facts = (record.get("evaluations") or {}).get("importance")
    if not facts:
        return ""
    rows = [
        {"name": f["name"], "value": f["increase"], "low": f["low"], "high": f["high"]} for f in facts["features"][:25]
    ]
    return charts.interval_chart(rows, "Importance", "increase in loss a row") + _paragraph(facts["method"] + ".")


def errors(record: Record) -> str:
    """Return who is taken for whom, how far off, and the worst rows."""
    facts = (record.get("evaluations") or {}).get("errors")
    if not facts:
        return ""
    parts = []
    if facts.get("confusion"):
        rows = [[f"is {label}", *row] for label, row in zip(facts["labels"], facts["confusion"], strict=True)]
        parts.append(table(["test rows", *(f"said {label}" for label in facts["labels"])], rows))
    if facts.get("residuals"):
        residuals = facts["residuals"]
        parts.append(charts.histogram(residuals["edges"], residuals["counts"], "Residuals", "observed minus predicted"))
    if facts.get("worst"):
        rows = [
            [w["row"], w["target"], w["prediction"], number(w["loss"]), _cells(w["features"])] for w in facts["worst"]
        ]
        parts.append("<h3>The worst rows</h3>" + table(["row", "is", "predicted", "loss", "columns"], rows))
    return "".join(parts)


def _cells(features: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in features.items())


def model(record: Record) -> str:
    """Return what was fitted, with which options, and why."""
    facts = record.get("model")
    if not facts:
        return ""
    size = facts.get("complexity")
    text = f"{facts['learner']}: {facts['summary']}. Chosen as {facts['why']}."
    text += f" Complexity: {number(size[0])} {size[1]}." if size else ""
    return _paragraph(text) + table(["option", "value"], [[name, value] for name, value in facts["options"].items()])


def _activities(timeline: Sequence[Mapping[str, Any]]) -> str:
    notes = [
        [a.get("time", "")[:19], a["stage"], a.get("who", ""), a.get("hours") or "", a.get("cost") or ""]
        for a in timeline
        if a.get("event") == "note"
    ]
    return table(["when", "human work", "who", "hours", "cost"], notes) if notes else ""


def reproduction(record: Record) -> str:
    """Return what it takes to have the same again."""
    if not record.get("run"):
        return ""
    folder = record["run"]["name"]
    git = record.get("git") or {}
    facts: list[list[Any]] = [
        ["again", f"mesic reproduce run={folder}"],
        ["command", " ".join(map(str, record["run"].get("command") or []))],
        ["seed", (record.get("seeds") or {}).get("seed")],
        ["threads", (record.get("threads") or {}).get("limit")],
        ["git", f"{git['commit'][:12]}{' with changes' if git.get('dirty') else ''}" if git.get("commit") else "none"],
        *([name, version] for name, version in (record.get("versions") or {}).items()),
        *(
            [f"digest of {stage}", digest]
            for stage, digest in (record.get("digests") or {}).items()
            if isinstance(digest, str)
        ),
    ]
    return table(["what", "value"], facts)
