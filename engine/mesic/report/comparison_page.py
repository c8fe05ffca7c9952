"""The page of a comparison of models, from what was found alone."""

from collections.abc import Mapping
from typing import Any

from mesic.report.blocks import Html, about, figure, joined, paragraph, plain, score, table, tag
from mesic.report.comparison_chart import differences_chart
from mesic.report.comparison_words import (
    beside_sentence,
    count_sentence,
    difference_parts,
    p_text,
    pair_sentence,
    where,
    worth_sentence,
)
from mesic.report.document import document
from mesic.report.words import level_text, metric_name

Facts = Mapping[str, Any]


def render_comparison(found: Facts) -> str:
    """Return the page of a comparison.

    Parameters
    ----------
    found
        As :class:`~mesic.comparing.question.Compared` tells it.
    """
    is_pair = len(found["pairs"]) == 1
    lead = pair_sentence(found["pairs"][0], found) if is_pair else _lead_of_several(found)
    more = f"Compared on {where(found)}. {beside_sentence(found)}".strip()
    header = tag(
        "header",
        tag("h1", f"{'Two' if is_pair else len(found['models'])} models compared"),
        tag("p", lead, css="lead"),
        tag("p", more, css="more"),
    )
    sections = {"Differences": _differences(found)}
    if any(model["scores"] for model in found["models"]):
        sections["Scores"] = _scores(found)
    sections["How this was told"] = _method(found)
    return document(f"{found['reference']} and others - mesic", header, sections, "Made by mesic; it needs no network.")


def _lead_of_several(found: Facts) -> str:
    return worth_sentence(found) or f"{found['reference']} is what the others are set beside. {count_sentence(found)}"


def _differences(found: Facts) -> Html:
    is_pair = len(found["pairs"]) == 1
    by = metric_name(found["by"])
    up = "above" if found["greater_is_better"] else "below"
    said = f"By how much the {by} differs from that of {found['reference']}: {up} 0 is better."
    rows = [_line(found["by"] if is_pair else pair["model"], pair) for pair in found["pairs"]]
    if is_pair:
        rows += [_line(metric_name(one["metric"]), one) for one in found["pairs"][0]["metrics"]]
        said += " The first line decides; the others tell of the same rows."
    else:
        said += f" {count_sentence(found)} p accounts for {found['tests']} tests (Holm)."
    chart = figure(differences_chart, [_mark(pair) for pair in found["pairs"]], by)
    head = ["metric" if is_pair else "model", "difference", "p", "verdict", "rows that would tell"]
    return joined([about(said), chart, table(head, rows)])


def _line(name: str, one: Facts) -> list[Any]:
    value, span = difference_parts(one["difference"])
    shown = tag("span", tag("b", value), tag("small", span), css="score")
    return [name, shown, p_text(one["p"]), one["verdict"], one["rows_to_decide"]]


def _mark(pair: Facts) -> dict[str, Any]:
    return {"name": pair["model"], "verdict": pair["verdict"], **pair["difference"]}


def _scores(found: Facts) -> Html:
    names = [one["metric"] for one in found["models"][0]["scores"]]
    rows = [
        [f"{model['name']}", model["learner"], *(score(one) for one in model["scores"])] for model in found["models"]
    ]
    said = f"Of each model on the same rows, with {level_text(found)} intervals; the best first."
    return joined([about(said), table(["model", "what it is", *map(metric_name, names)], rows)])


def _method(found: Facts) -> Html:
    difference = found["pairs"][0]["difference"]
    margin = "any difference matters" if found["margin"] is None else f"up to {plain(found['margin'])} does not matter"
    rows = [
        ["decided by", metric_name(found["by"])],
        ["rows", where(found)],
        ["test", difference["method"]],
        ["unit of resampling", difference["unit"]],
        ["level", level_text(found)],
        ["tests at once", str(found["tests"])],
        ["margin", margin],
    ]
    notes = joined(paragraph(note[:1].upper() + note[1:] + ".") for note in found["notes"])
    reading = paragraph(
        "Better and worse: p lies below 1 less the level, after the number of tests. Equivalent: the whole interval "
        "lies within the margin. Cannot tell: neither; it does not mean that there is no difference."
    )
    return joined([table(["what", "how"], rows), reading, notes])
