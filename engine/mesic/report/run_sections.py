"""Sections about the run: findings, the model and its options, the timeline, how to have the same again."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report import charts
from mesic.report.blocks import Html, about, code, details, figure, html, joined, missing, paragraph, plain, table, tag
from mesic.report.words import cache_cell, counted, duration, number, safe

Record = Mapping[str, Any]
SEVERITIES = {"block": "blocks", "warning": "warning", "info": "note"}
MOST_DIFF = 40_000
MOST_CONFIG = 40_000


def findings(record: Record) -> Html:
    """Return what a person should know, what blocks first, each with how to mend it."""
    listed = record.get("findings")
    if listed is None:
        return missing()
    ranked = sorted(listed, key=lambda finding: [*SEVERITIES, finding.get("severity")].index(finding.get("severity")))
    failure = record.get("error")
    stopped = [{"severity": "block", "code": failure.get("type"), "message": failure.get("message")}] if failure else []
    if not ranked and not stopped:
        return paragraph("Nothing was found that needs your attention.")
    return joined(_finding(finding) for finding in [*stopped, *ranked])


def _finding(finding: Mapping[str, Any]) -> Html:
    severity = finding.get("severity") if finding.get("severity") in SEVERITIES else "info"
    badge = paragraph(SEVERITIES[str(severity)], tag("code", finding.get("code") or ""), css="badge")
    fix = finding.get("fix")
    accepted = finding.get("accepted")
    mend = paragraph("To mend it: ", fix, css="fix") if fix else Html("")
    mend = paragraph("Accepted: ", accepted, css="fix") if accepted else mend
    evidence = finding.get("evidence")
    shown = details("Evidence", code(_json(evidence))) if evidence else Html("")
    said = str(finding.get("message") or "")
    return tag("div", badge, paragraph(said[:1].upper() + said[1:]), mend, shown, css=f"finding {severity}")


def _json(facts: Any, most: int = MOST_CONFIG) -> str:
    text = json.dumps(facts, indent=2, ensure_ascii=False, default=str)
    return text if len(text) <= most else text[:most] + "\n…"


def model(record: Record) -> Html:
    """Return what was fitted, with which options, and why."""
    facts = record.get("model")
    if not facts:
        return missing()
    summary = f", {facts['summary']}" if facts.get("summary") else ""
    size = facts.get("complexity")
    complexity = f" It has {number(size[0])} {size[1]}." if size else " Its complexity was not measured."
    why = f" Chosen as {facts['why']}." if facts.get("why") else ""
    options = [[name, plain(value)] for name, value in (facts.get("options") or {}).items()]
    return joined(
        (
            paragraph(f"{facts.get('learner')}{summary}.{complexity}{why}"),
            table(["option", "value"], options) if options else missing("Options"),
            _steps(facts.get("steps") or []),
        )
    )


def _steps(steps: Sequence[Mapping[str, Any]]) -> Html:
    if not steps:
        return Html("")
    rows = [[step.get("name"), tag("code", str(step.get("digest") or "")[:16])] for step in steps]
    return details(f"{counted(len(steps), 'step')} from a raw row to a decision", table(["step", "digest"], rows))


def timeline(activities: Sequence[Mapping[str, Any]]) -> Html:
    """Return when each stage ran, what it took, and what people did."""
    stages = [a for a in activities if a.get("event", "start") == "start" and a.get("stage") != "run"]
    notes = [a for a in activities if a.get("event") == "note"]
    if not stages and not notes:
        return missing()
    return joined(
        (
            figure(charts.timeline_chart, stages) if stages else missing("Stages"),
            details("Every stage in numbers", _stages(stages)) if stages else Html(""),
            _work(notes) if notes else Html(""),
        )
    )


def _work(notes: Sequence[Mapping[str, Any]]) -> Html:
    rows = [[note.get(key) for key in ("stage", "who", "hours", "cost")] for note in notes]
    return joined((tag("h3", "Work of people"), table(["what", "who", "hours", "cost"], rows)))


def _stages(stages: Sequence[Mapping[str, Any]]) -> Html:
    head = ["stage", "start", "wall", "CPU", "peak MiB", "rows in", "rows out", "from the cache", "outcome"]
    rows = [
        [
            a.get("stage"),
            *(duration(a.get(key)) for key in ("start_s", "wall_s", "cpu_s")),
            *(a.get(key) for key in ("peak_mib", "rows_in", "rows_out")),
            cache_cell(a.get("cache")),
            a.get("outcome") or "",
        ]
        for a in stages
    ]
    return table(head, rows)


def reproduction(record: Record) -> Html:
    """Return what it takes to have the same again."""
    run = record.get("run")
    if not run:
        return missing()
    again = ["mesic", "reproduce", f"run={run.get('name')}"]
    command = [str(part) for part in run.get("command") or []]
    said = about("The same data, options, seed and versions give the same digests; this says whether they do.")
    typed = joined((paragraph("It was started with"), code(shlex.join(command)))) if command else missing("Command")
    digests = {name: value for name, value in (record.get("digests") or {}).items() if isinstance(value, str)}
    return joined(
        (
            said,
            code(shlex.join(again)),
            typed,
            table(["what", ""], _circumstances(record)),
            _listed("Versions", record.get("versions")),
            _listed("Digests of the stages", digests),
            _listed("Digests of the files", record.get("files")),
            details("Configuration", code(_json(record["config"])))
            if record.get("config")
            else missing("Configuration"),
            _diff(record.get("git") or {}),
        )
    )


def _circumstances(record: Record) -> list[list[Any]]:
    git, machine = record.get("git") or {}, record.get("platform") or {}
    commit = tag("code", str(git["commit"])[:12]) if git.get("commit") else html("not under git")
    dirty = ", with changes that were not committed" if git.get("dirty") else ""
    seeds = ", ".join(f"{name} {value}" for name, value in (record.get("seeds") or {}).items())
    parts = " ".join(str(machine[key]) for key in ("system", "machine") if machine.get(key))
    cores = f", {counted(machine['cores'], 'core')}" if machine.get("cores") else ""
    choices = ", ".join(f"{group}={name}" for group, name in (record.get("choices") or {}).items() if name)
    return [
        ["seed", seeds or "not recorded"],
        ["git commit", joined((commit, html(dirty)))],
        ["machine", (parts or "not recorded") + cores],
        ["threads", str((record.get("threads") or {}).get("limit") or "not recorded")],
        ["changed by hand", " ".join(map(str, record.get("overrides") or [])) or "nothing"],
        ["choices", choices or "not recorded"],
    ]


def _listed(title: str, facts: Mapping[str, Any] | None) -> Html:
    if not facts:
        return missing(title)
    rows = [[name, tag("code", value)] for name, value in facts.items()]
    return details(f"{title} ({len(rows)})", table(["name", "value"], rows))


def _diff(git: Mapping[str, Any]) -> Html:
    diff = git.get("diff")
    if not diff:
        return Html("")
    cut = "\n… cut off here" if len(diff) > MOST_DIFF else ""
    return details("Changes that were not committed", code(diff[:MOST_DIFF] + cut))


def facts_strip(record: Record) -> Html:
    """Return a handful of facts at a glance; none of them is a score."""
    data, run, trials = record.get("data") or {}, record.get("run") or {}, record.get("trials") or {}
    shown = {
        "rows": number(data.get("rows")),
        "columns": number(len(data["columns"])) if data.get("columns") is not None else number(None),
        "trials": number(trials.get("tried")),
        "time": duration(run.get("wall_s")),
        "run": record.get("status") or "unknown",
    }
    if record.get("verb") == "data check":
        shown = {"check" if name == "run" else name: fact for name, fact in shown.items() if name != "trials"}
    cells = "".join(f"<div><dt>{safe(name)}</dt><dd>{safe(value)}</dd></div>" for name, value in shown.items())
    return Html(f'<dl class="facts">{cells}</dl>')
