"""The page: one self-contained HTML file, made only from the record and the timeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mesic.report import (
    data_sections,
    decision_sections,
    error_sections,
    feature_sections,
    result_sections,
    run_sections,
    selection_sections,
)
from mesic.report.abstaining_section import abstaining
from mesic.report.blocks import Html, tag
from mesic.report.document import document
from mesic.report.words import primary_score, score_sentence, skill_text

Record = Mapping[str, Any]

SECTIONS: tuple[tuple[str, Callable[[Record], Html]], ...] = (
    ("Findings", run_sections.findings),
    ("Data", data_sections.data),
    ("Partition", data_sections.partition),
    ("Scores", result_sections.scores),
    ("Zone of solutions", result_sections.zone),
    ("Columns", selection_sections.selection),
    ("Decisions", decision_sections.decisions),
    ("Calibration", result_sections.calibration),
    ("Abstaining", abstaining),
    ("Features", feature_sections.features),
    ("Errors", result_sections.errors),
    ("Slices", error_sections.slices),
    ("Fairness", error_sections.fairness),
    ("Coverage", error_sections.conformal),
    ("Noise", error_sections.robustness),
    ("Model", run_sections.model),
)
SECTIONS_OF_A_CHECK = 3


def render(record: Record, timeline: Sequence[Mapping[str, Any]]) -> str:
    """Return a run's page.

    Parameters
    ----------
    record
        As ``record.json`` holds it; parts that are missing are said to be not measured.
    timeline
        As :func:`mesic.runs.timeline.read_timeline` returns it.

    Examples
    --------
    >>> page = render({"status": "failed"}, [])
    >>> "The run failed before there was a score." in page, page.count("Not measured.")
    (True, 11)
    """
    is_check = record.get("verb") == "data check"
    sections = {title: draw(record) for title, draw in SECTIONS[: SECTIONS_OF_A_CHECK if is_check else None]}
    for title, key in (("Columns", "selection"), ("Decisions", "decision")):
        if not record.get(key):
            sections.pop(title, None)
    sections = {title: content for title, content in sections.items() if content}
    sections["Timeline"] = run_sections.timeline(timeline)
    if not is_check:
        sections["Reproduction"] = run_sections.reproduction(record)
    return document(_title(record), _header(record), sections, _made_by(record))


def _title(record: Record) -> str:
    target = (record.get("data") or {}).get("target")
    return f"{target or 'run'} - mesic"


def _header(record: Record) -> Html:
    data, run = record.get("data") or {}, record.get("run") or {}
    started = str(run.get("started") or "")[:16].replace("T", " ")
    kicker = " · ".join(str(part) for part in (run.get("name"), started and f"{started} UTC") if part)
    name = tag("h1", data.get("target") or "A run")
    lead, more = tag("p", score_sentence(record), css="lead"), Html("")
    if primary_score(record):
        more = tag("p", skill_text(record), css="more")
    return tag("header", tag("p", kicker, css="kicker"), name, lead, more, run_sections.facts_strip(record))


def _made_by(record: Record) -> str:
    version = (record.get("versions") or {}).get("mesic")
    made = f"Made by mesic {version}" if version else "Made by mesic"
    return f"{made} from record.json and timeline.jsonl; it needs no network."
