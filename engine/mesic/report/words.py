"""How things are said: numbers, and scores, which are never said without their interval."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

UNKNOWN = "not measured"

ACRONYMS = {"roc", "auc", "mae", "mse", "rmse", "mape", "mcc", "map", "ndcg", "acper", "ae"}
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
MOST_DECIMALS = 6
SEVERAL = 2
MINUS = "−"


def safe(value: object) -> str:
    """Return text that cannot become markup, in HTML and in XML.

    Examples
    --------
    >>> safe('<script>"&')
    '&lt;script&gt;&quot;&amp;'
    """
    return escape(ILLEGAL.sub("\ufffd", str(value)))


def known(value: Any) -> float | None:
    """Return a finite number, or None for everything else.

    Examples
    --------
    >>> known(2), known(float("nan")), known(None), known("2")
    (2.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def number(value: Any, digits: int = 4) -> str:
    """Return a number as people read it.

    Examples
    --------
    >>> number(1234567.0), number(0.12345678), number(1409), number(None)
    ('1,234,567', '0.1235', '1,409', 'not measured')
    >>> number(1234.56), number(-0.5)
    ('1,235', '-0.5')
    """
    found = known(value)
    if found is None:
        return UNKNOWN
    if isinstance(value, int) or abs(found) >= 10_000:
        return f"{found:,.0f}" if abs(found) < 1e15 else f"{found:.{digits}g}"
    return f"{found:,.{digits}g}"


def counted(count: Any, noun: str, plural: str | None = None) -> str:
    """Return how many of what.

    Examples
    --------
    >>> counted(1, "row"), counted(1409, "row"), counted(2, "class", "classes")
    ('1 row', '1,409 rows', '2 classes')
    """
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Return a share in percent, with a decimal where one is needed to tell it from nothing.

    Examples
    --------
    >>> percent(0.314), percent(0.0031), percent(-0.02)
    ('31%', '0.3%', '\u22122%')
    """
    text = f"{share:.0%}" if abs(share) >= 0.0995 or share == 0 else f"{share:.1%}".replace(".0%", "%")
    return text.replace("-", MINUS)


def duration(seconds: Any) -> str:
    """Return a time span.

    Examples
    --------
    >>> duration(0.0601), duration(9.066), duration(31.2), duration(3725)
    ('0.06 s', '9.1 s', '31 s', '1 h 2 min')
    """
    span = known(seconds)
    if span is None:
        return UNKNOWN
    if span < 99.5:
        return f"{span:.2f} s" if span < 1 else f"{span:.1f} s" if span < 10 else f"{span:.0f} s"
    minutes, rest = divmod(round(span), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def metric_name(name: Any) -> str:
    """Return a metric's name in words.

    Examples
    --------
    >>> metric_name("roc_auc"), metric_name("log_loss"), metric_name("r2")
    ('ROC AUC', 'log loss', 'R²')
    """
    words = [word.upper() if word in ACRONYMS else word for word in str(name).split("_")]
    return {"r2": "R²", "f1": "F1"}.get(str(name), " ".join(words))


def score_parts(score: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return a score's value and its interval as text; the one place where a score is written.

    The digits follow the interval's width, so that no digit is shown that the rows cannot tell.

    Examples
    --------
    >>> score_parts({"value": 0.84561, "low": 0.8251, "high": 0.8652, "level": 0.95})
    ('0.846', '0.825 to 0.865')
    >>> score_parts({"value": 0.5, "low": None, "high": None})
    ('0.5', 'interval cannot be told')
    """
    if score is None or "value" not in score:
        return UNKNOWN, ""
    value, low, high = (known(score.get(key)) for key in ("value", "low", "high"))
    if value is None:
        return "undefined", "on these rows"
    if low is None or high is None:
        return number(value), "interval cannot be told"
    if high - low <= 1e-9 * abs(value):
        return number(value), f"{number(low)} to {number(high)}"
    decimals = max(0, math.ceil(-math.log10(high - low)) + 1)
    return _rounded(value, decimals), f"{_rounded(low, decimals)} to {_rounded(high, decimals)}"


def _rounded(value: float, decimals: int) -> str:
    if decimals > MOST_DECIMALS:
        return f"{value:.2g}".replace("-", MINUS, 1)
    text = f"{value:,.{decimals}f}"
    return text.replace("-", MINUS) if text.strip("-0.,") else text.lstrip("-")


def score_text(score: Mapping[str, Any] | None) -> str:
    """Return a score with its interval and the interval's level.

    Examples
    --------
    >>> score_text({"value": 0.84561, "low": 0.8251, "high": 0.8652, "level": 0.95})
    '0.846 (95% interval 0.825 to 0.865)'
    """
    value, span = score_parts(score)
    if score is None or not span:
        return value
    if " to " not in span:
        return f"{value} ({span})"
    return f"{value} ({level_text(score)} interval {span})"


def level_text(score: Mapping[str, Any]) -> str:
    """Return an interval's level.

    Examples
    --------
    >>> level_text({"level": 0.95}), level_text({"level": 0.995}), level_text({})
    ('95%', '99.5%', '95%')
    """
    return f"{100 * (known(score.get('level')) or 0.95):.4g}%"


def primary_score(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the primary metric's score on the test rows, or the first one."""
    scores: Sequence[Mapping[str, Any]] = (record.get("scores") or {}).get("test") or []
    first = scores[0] if scores else None
    return next((score for score in scores if score.get("metric") == record.get("primary")), first)


def headline(record: Mapping[str, Any]) -> str:
    """Return in two sentences what a run found out."""
    has_score = (primary_score(record) or {}).get("value") is not None
    return f"{score_sentence(record)} {skill_text(record)}" if has_score else score_sentence(record)


def score_sentence(record: Mapping[str, Any]) -> str:
    """Return how good the model is on rows that it had not seen, or why that is not known."""
    score = primary_score(record) or {}
    if score.get("value") is None:
        return _unfinished(record)
    model, target = record.get("model") or {}, (record.get("data") or {}).get("target", "the target")
    who = _with_summary(model.get("learner", "The model"), model.get("summary"))
    rows = f"on {counted(score['n'], 'row')} it had never seen" if score.get("n") else "on rows it had never seen"
    return f"{who} predicts {target} with {metric_name(score.get('metric'))} {score_text(score)} {rows}."


def _with_summary(name: Any, summary: Any) -> str:
    return f"{name} ({summary})" if summary else str(name)


def _unfinished(record: Mapping[str, Any]) -> str:
    status = record.get("status") or "unknown"
    if record.get("verb") == "data check" and status == "finished":
        return f"The table was checked: {_findings_counted(record.get('findings') or [])}."
    said = {
        "running": "The run is still going, or was killed: it has no score yet.",
        "finished": "The run finished, but the model has no score on rows it had not seen.",
    }.get(status, f"The run {'was ' if status == 'interrupted' else ''}{status} before there was a score.")
    message = (record.get("error") or {}).get("message")
    return f"{said} {message}" if message else said


def _findings_counted(findings: Sequence[Mapping[str, Any]]) -> str:
    open_ones = [finding for finding in findings if not finding.get("accepted")]
    leaks = sum(str(finding.get("code")).startswith("LEAK-") for finding in open_ones)
    warnings = sum(finding.get("severity") != "info" for finding in open_ones) - leaks
    notes = len(open_ones) - leaks - warnings
    counts = ((leaks, "leak"), (warnings, "warning"), (notes, "note"))
    return ", ".join(counted(count, word) for count, word in counts if count) or "nothing was found"


def skill_text(record: Mapping[str, Any]) -> str:
    """Return how much less a model loses than the best baseline, with the interval."""
    skill = record.get("skill") or {}
    value, low, high = (known(skill.get(key)) for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "How it compares with a baseline was not measured."
    name = skill.get("against", "")
    summary = next((b.get("summary") for b in record.get("baselines") or [] if b.get("name") == name), None)
    loss, against = skill.get("loss", "loss"), f"that of the best baseline, {_with_summary(name, summary)}"
    word, ends = ("lower", (low, high)) if value >= 0 else ("higher", (-high, -low))
    span = f"{level_text(skill)} interval {percent(ends[0])} to {percent(ends[1])}"
    said = f"ts {loss} is {percent(abs(value))} {word} ({span}) than {against}"
    return f"I{said}." if low > 0 else f"It is not clearly better than a baseline: i{said}."


def search_text(record: Mapping[str, Any]) -> str:
    """Return what came out of the search, and how much better the best trial looks than it is; nothing of one trial.

    Examples
    --------
    >>> zone = {"taken": {"3": 1, "7": 2}, "members": [3, 7, 9]}
    >>> search_text({"trials": {"tried": 15}, "zone": zone})
    '15 trials, 3 of them in the zone, 2 taken.'
    """
    zone = record.get("zone") or {}
    tried, luck = (record.get("trials") or {}).get("tried") or 0, zone.get("optimism") or {}
    if tried < SEVERAL:
        return ""
    inside = len(zone.get("members") or [])
    said = f"{counted(tried, 'trial')}, {inside} of them in the zone, {len(zone.get('taken') or {})} taken."
    said += progress_text((record.get("trials") or {}).get("progress"))
    if any(luck.get(name) is None for name in ("value", "expected", "low", "high", "level", "trials")):
        return said
    expected, loss = score_text({**luck, "value": luck["expected"]}), zone.get("loss") or "loss"
    what = f"{said} The best trial's {loss} out of fold is"
    if luck["value"] <= 0:
        return f"{what} not too good, as far as can be told: expect {expected} of it elsewhere."
    return (
        f"{what} too good by about {number(luck['value'], 2)}, for it is the best of {luck['trials']}: expect "
        f"{expected} of it elsewhere."
    )


def procedure_text(record: Mapping[str, Any]) -> str:
    """Return what the intervals of the procedure are about; nothing where there are none.

    Examples
    --------
    >>> procedure_text({"scores": {"procedure": [{}]}, "refits": {"made": 20}})
    'Intervals of the procedure hold for what was chosen, fitted on other rows too: 20 fits on halves tell how far.'
    """
    if not (record.get("scores") or {}).get("procedure"):
        return ""
    made = (record.get("refits") or {}).get("made")
    said = "Intervals of the procedure hold for what was chosen, fitted on other rows too"
    return f"{said}: {counted(made, 'fit')} on halves tell how far."


def progress_text(progress: Mapping[str, Any] | None) -> str:
    """Return the chance that going on with a search improves it; nothing of few trials.

    Examples
    --------
    >>> hour = {"trials": 9000, "chance": 0.9, "is_least": True}
    >>> progress_text({"again": {"trials": 5, "chance": 0.4}, "hour": hour})
    ' Another 5 would improve on the best beyond the noise with a chance of 40%, an hour more with one of at least 90%.'
    """
    again, hour = ((progress or {}).get(name) or {} for name in ("again", "hour"))
    if known(again.get("chance")) is None or known(hour.get("chance")) is None:
        return ""
    least = "at least " if hour.get("is_least") else ""
    return (
        f" Another {number(again['trials'])} would improve on the best beyond the noise with a chance of "
        f"{percent(again['chance'])}, an hour more with one of {least}{percent(hour['chance'])}."
    )


def selection_text(record: Mapping[str, Any]) -> str:
    """Return how many columns selectors kept, what that costs, and how stable it is; nothing without selectors.

    Examples
    --------
    >>> choice = {"selector": "boruta", "of": 30, "kept": 5}
    >>> selection_text({"selection": {"choices": [choice], "stability": {"value": 0.8, "low": 0.7, "high": 0.9}}})
    'boruta keeps 5 of 30 columns; stability on halves of the rows 0.80 (95% interval 0.70 to 0.90).'
    """
    facts = record.get("selection") or {}
    chosen = [f"{choice['selector']} keeps {choice['kept']} of {choice['of']}" for choice in facts.get("choices") or []]
    if not chosen:
        return ""
    parts = [", ".join(chosen) + " columns"]
    against = [row for row in facts.get("beside") or [] if row.get("difference")]
    if against:
        difference = against[0]["difference"]
        parts.append(f"{facts['loss']} higher than with {against[0]['name']} by {score_text(difference)}, out of fold")
    if facts.get("stability"):
        parts.append(f"stability on halves of the rows {score_text(facts['stability'])}")
    return "; ".join(parts) + "."


def cache_cell(told: Mapping[str, Any] | None) -> str:
    """Return what a stage had of the stage cache, for a table cell.

    Examples
    --------
    >>> cache_cell({"hits": 2, "misses": 1, "saved_s": 12.34}), cache_cell({"hits": 0, "misses": 1}), cache_cell(None)
    ('2 of 3, 12 s saved', '0 of 1', '')
    """
    if not told:
        return ""
    saved = f", {duration(told['saved_s'])} saved" if told["hits"] else ""
    return f"{told['hits']} of {told['hits'] + told['misses']}{saved}"


def cache_text(record: Mapping[str, Any]) -> str:
    """Return which stages were taken from the stage cache, and what that saved; empty where none was."""
    stages = ((record.get("cache") or {}).get("stages") or {}).items()
    taken = [name if told["cached"] else f"{name} in part" for name, told in stages if told["hits"]]
    if not taken:
        return ""
    folder, saved = record["cache"]["folder"], duration(sum(told["saved_s"] for _, told in stages))
    return f"Taken from {folder}, where the same was done before: {', '.join(taken)} ({saved} saved)."
