"""The section on decisions: threshold and promise, curves, calibrator, money."""

from collections.abc import Mapping
from typing import Any

from mesic.report.blocks import Html, about, figure, joined, missing, paragraph, plain, score, swatch, table, tag
from mesic.report.decision_charts import precision_recall_chart, reliability_chart, roc_chart
from mesic.report.decision_words import calibration_text, money_text, threshold_text
from mesic.report.words import known, level_text, metric_name, number

Record = Mapping[str, Any]
Facts = Mapping[str, Any]


def decisions(record: Record) -> Html:
    """Return which class is answered when, what was promised, what calibrating did, what answers cost."""
    facts = record.get("decision")
    if not facts:
        return missing()
    return joined(
        (
            about("From probabilities to answers; everything here was chosen on training rows, predicted out of fold."),
            _threshold(record, facts),
            _curves(facts),
            _calibration(facts),
            _money(facts),
        )
    )


def _threshold(record: Record, facts: Facts) -> Html:
    said = facts.get("threshold")
    if not said:
        return paragraph("The most probable class is answered: no threshold.rule was given.")
    rows = [["the model", _cut(said), *(score(found) for found in said.get("test") or [])]]
    rows += [
        [
            name,
            _cut({"threshold": cut}),
            *(score(_of_baseline(record, name, found)) for found in said.get("test") or []),
        ]
        for name, cut in (said.get("baselines") or {}).items()
    ]
    head = ["", "threshold", *(f"{metric_name(found.get('metric'))} on test rows" for found in said.get("test") or [])]
    return joined((paragraph(threshold_text(facts)), table(head, rows) if len(head) > 2 else Html("")))


def _cut(said: Facts) -> str:
    cut = known(said.get("threshold"))
    return "none: the most probable class" if cut is None else plain(cut)


def _of_baseline(record: Record, name: str, found: Facts) -> Facts | None:
    """Return a baseline's score by the metric of another."""
    own: Facts = next((one for one in record.get("baselines") or [] if one.get("name") == name), {})
    return next((one for one in own.get("test") or [] if one.get("metric") == found.get("metric")), None)


def _curves(facts: Facts) -> Html:
    curves = facts.get("curves")
    if not curves:
        return Html("")
    marked, level = facts.get("threshold") or {}, level_text(curves)
    band = f"Test rows; the band holds each point with {level} ({curves.get('method')}, over {curves.get('unit')})."
    chosen = " Orange: the chosen threshold." if known(marked.get("threshold")) is not None else ""
    return joined(
        (
            tag("h3", "Precision and recall"),
            figure(
                precision_recall_chart, curves, marked, caption=f"{band}{chosen} Dashed: every row answered positive."
            ),
            tag("h3", "ROC"),
            figure(roc_chart, curves, marked, caption=f"{band}{chosen} Dashed: chance."),
        )
    )


def _calibration(facts: Facts) -> Html:
    found = facts.get("calibration")
    if not found or not found.get("test"):
        return Html("")
    legend = joined((swatch("b", "before"), swatch("a", "after")))
    parts = [("On test rows", found["test"]), ("Out of fold, each fold by the others", found.get("out_of_fold"))]
    tables = [joined((tag("h4", title), _before_and_after(told))) for title, told in parts if told]
    return joined(
        (
            tag("h3", "Calibration"),
            paragraph(calibration_text(facts)),
            paragraph(legend),
            figure(
                reliability_chart,
                found["test"]["bins"],
                caption="Test rows, in bins of about as many rows; on the dashed line what is stated comes true.",
            ),
            *tables,
        )
    )


def _before_and_after(told: Facts) -> Html:
    rows = [
        [metric_name(before["metric"]), score(before), score(after), score(told["change"].get(before["metric"]))]
        for before, after in zip(told["before"], told["after"], strict=True)
    ]
    return table(["", "before", "after", "change"], rows)


def _money(facts: Facts) -> Html:
    money = facts.get("money")
    if not money:
        return Html("")
    unit = f" ({money['unit']})" if money.get("unit") else ""
    rows = [["the model", score(money.get("model"))]]
    if money.get("most_probable"):
        rows.append(["the model, if the most probable class were answered", score(money["most_probable"])])
    rows += [[name, score(found)] for name, found in (money.get("baselines") or {}).items()]
    labels = money.get("classes") or []
    costs = [
        [label, *(number(cost) for cost in row)] for label, row in zip(labels, money.get("costs") or [], strict=False)
    ]
    return joined(
        (
            tag("h3", "Money"),
            paragraph(money_text(facts)),
            table(["", f"cost of 1,000 test rows{unit}"], rows),
            table(["is", *(f"said {label}" for label in labels)], costs) if labels else Html(""),
        )
    )
