"""How numbers are said: a score never without its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

UNKNOWN = "not measured"


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as people read it.

    Examples
    --------
    >>> number(1234567.0), number(0.12345678), number(None)
    ('1,234,567', '0.1235', 'not measured')
    """
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.{digits}g}"


def score_text(score: Mapping[str, Any]) -> str:
    """Return a score with its interval.

    Examples
    --------
    >>> score_text({"value": 0.84561, "low": 0.8251, "high": 0.8652, "level": 0.95})
    '0.8456 (95% interval 0.8251 to 0.8652)'
    """
    if score.get("value") is None:
        return "undefined on these rows"
    low, high = score.get("low"), score.get("high")
    span = "interval cannot be told" if low is None or high is None else interval_text(score)
    return f"{number(score['value'])} ({span})"


def interval_text(score: Mapping[str, Any]) -> str:
    """Return an interval alone."""
    return f"{score.get('level', 0.95):.0%} interval {number(score['low'])} to {number(score['high'])}"


def primary_score(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the primary metric's score on the test rows."""
    scores: Sequence[Mapping[str, Any]] = (record.get("scores") or {}).get("test") or []
    return next((score for score in scores if score["metric"] == record.get("primary")), None)


def headline(record: Mapping[str, Any]) -> str:
    """Return in one or two sentences what a run found out."""
    score, data, model = primary_score(record), record.get("data"), record.get("model")
    if score is None or not data or not model:
        error = record.get("error") or {}
        return f"The run is {record.get('status')}. {error.get('message', '')}".strip()
    rows = f"{score['n']:,} rows that it had never seen"
    said = f"{model['learner']} predicts {data['target']} with {score['metric']} {score_text(score)}"
    return f"{said} on {rows}. {skill_text(record)}"


def skill_text(record: Mapping[str, Any]) -> str:
    """Return what a model saves against its best baseline, with the interval."""
    skill = record.get("skill")
    if not skill or skill.get("value") is None or skill.get("low") is None:
        return "How it compares with a baseline was not measured."
    clear = "" if skill["low"] > 0 else ", which is not clearly better"
    span = f"{skill['level']:.0%} interval {skill['low']:.1%} to {skill['high']:.1%}"
    return f"Of the loss of the best baseline, {skill['against']}, it saves {skill['value']:.1%} ({span}){clear}."
