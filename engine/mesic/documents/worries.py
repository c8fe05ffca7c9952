"""What the owner should worry about: what nobody knows, and what would stop the model."""

from collections.abc import Iterator, Mapping
from typing import Any

from mesic.documents.document import Block, Bullets, Number, Text, count, name, said, text
from mesic.documents.model_card import sensitive_columns
from mesic.report.words import known

Record = Mapping[str, Any]
IN_WORDS = {
    "NO-BETTER-THAN-BASELINE": "It is not clearly better than the simplest way of answering.",
    "ERROR-ABOVE-LIMIT": "It may be wrong more often than was allowed.",
}
LEAK = "It may rest on something that will not be known when it is used."
OTHER = "A check says no; the page for engineers says which."
OFTEN = 2
MOST = 3


def unknowns(record: Record, policy: Mapping[str, Any]) -> Iterator[Text]:
    """Yield what nobody knows, or has not been told."""
    yield text("How it fares when the world changes: it knows only what its rows say.")
    yield _luck(record)
    yield _smallest(record)
    if not policy.get("licence"):
        yield text("On what terms its rows may be used: nobody has said.")
    if policy.get("sensitive") is None and not sensitive_columns(record, policy)[0]:
        yield text("Which of its columns say something of a person that must not decide: nobody has said.")


def _luck(record: Record) -> Text:
    part = record.get("test_part") or {}
    answers = part.get("answers")
    if not isinstance(answers, int):
        return text("How often the rows that it was tried on were used for such a trial: not measured.")
    if answers < OFTEN:
        return text(
            "No other model was tried on these rows, as far as is known: the result is no pick of the luckiest."
        )
    tried = count(answers, "test_part.answers")
    return text(
        "The rows that it was tried on have judged ", tried, " models until then; the best of these is partly lucky."
    )


def _smallest(record: Record) -> Text:
    found = known(((record.get("test_part") or {}).get("adequacy") or {}).get("detectable"))
    if found is None:
        return text("How small a difference the trial could have shown: not measured.")
    share = Number(f"{1000 * found:,.0f}", "test_part.adequacy.detectable", "of 1,000")
    return text("Whether it saves less than ", share, " of 1,000 parts of the error: too few rows to tell.")


def what_stops(record: Record, policy: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what stops the model today, and what would."""
    now = list(dict.fromkeys(_stopping(record)))
    _, used = sensitive_columns(record, policy)
    lines = [text(reason) for reason in now]
    lines += [text("It decides by ", name(column), ", which must not decide.") for column in used[:MOST]]
    lines += [text("It decides by more such columns; the page for auditors names them.")] if len(used) > MOST else []
    if lines:
        yield said("It should not be used today, unless a person answers for it by name:", tone="bad")
        yield Bullets(tuple(lines))
    for waiver in (policy.get("waivers") or [])[: MOST - 1]:
        who, until, reason = (name(waiver.get(key) or "nobody") for key in ("who", "until", "reason"))
        yield said(who, " answers for an objection until ", until, ": ", reason, ".")
    yield from _limits(record)
    expires = policy.get("expires")
    held = text("This page holds until ", name(expires)) if expires else text("Nobody has said until when this holds")
    yield said(*held, ".")


def _stopping(record: Record) -> Iterator[str]:
    for finding in record.get("findings") or []:
        if finding.get("severity") == "block":
            code = str(finding.get("code"))
            yield LEAK if code.startswith("LEAK") else IN_WORDS.get(code, OTHER)


def _limits(record: Record) -> Iterator[Block]:
    """Yield the line between the model that was tried and one that has gone bad."""
    scores = (record.get("scores") or {}).get("test") or []
    for place, score in enumerate(scores):
        low, high = known(score.get("low")), known(score.get("high"))
        if score.get("metric") == "accuracy" and low is not None:
            most = Number(f"{round(1000 * (1 - low)):,}", f"scores.test[{place}].low", "wrong of 1,000")
            yield said("Stop and look when in use more than ", most, " of 1,000 answers are wrong.")
        elif score.get("metric") == "mae" and high is not None:
            from mesic.report.words import score_parts

            shown = score_parts(score)[1].partition(" to ")[2]
            most = Number(shown, f"scores.test[{place}].high")
            yield said("Stop and look when in use it is off by more than ", most, " on average.")
