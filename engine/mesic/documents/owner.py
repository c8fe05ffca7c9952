"""The page of who owns the product: what the model does, how often it is wrong, what would stop it; no jargon."""

from collections.abc import Iterator, Mapping
from typing import Any

from mesic.documents.document import (
    NOT_MEASURED,
    Block,
    Bullets,
    Document,
    Number,
    Paragraph,
    Piece,
    Section,
    Text,
    count,
    name,
    place_of,
    said,
    score_pieces,
    text,
)
from mesic.documents.for_whom import for_whom
from mesic.documents.thousands import per_thousand, wrong_per_thousand
from mesic.documents.worries import unknowns, what_stops
from mesic.report.words import known

Record = Mapping[str, Any]
ALWAYS = "zero_rule"
PER = 1_000


def owners_page(record: Record, policy: Mapping[str, Any]) -> Document:
    """Return one page that a person reads who has to decide, and not to compute.

    Parameters
    ----------
    record
        Of the run; what it lacks is said to be not measured.
    policy
        What people say: who made it, what it is for, until when.
    """
    target = name((record.get("data") or {}).get("target") or "A model")
    started = str((record.get("run") or {}).get("started") or "")[:10]
    sections = (
        Section("What it does", tuple(_what(record))),
        Section("How often it is right", tuple(_right(record))),
        Section("For whom it is worse", tuple(for_whom(record))),
        Section("What it costs", tuple(_costs(record))),
        Section("What is not known", (Bullets(tuple(unknowns(record, policy))),)),
        Section("What would stop it", tuple(what_stops(record, policy))),
        Section("Who answers for it", tuple(_who(policy))),
    )
    kicker = text("For the owner", *((" · ", name(started)) if started else ()))
    return Document(target, kicker, sections, text(*_footer(record)))


def _footer(record: Record) -> Iterator[Any]:
    level = known((record.get("skill") or {}).get("level"))
    if level is not None:
        yield "What is said to lie between two numbers does so in about "
        yield Number(f"{1000 * level:.0f}", "skill.level", "of 1,000")
        yield " of 1,000 such cases. "
    yield "Each number stands in record.json; point at it to see where."


def _what(record: Record) -> Iterator[Block]:
    data, parts = record.get("data") or {}, (record.get("partition") or {}).get("rows") or {}
    labels, target = data.get("classes") or [], name(data.get("target"))
    if len(labels) == 2:
        what = text(
            "It looks at a row of data and says whether ", target, " is ", name(labels[1]), " or ", name(labels[0])
        )
    elif labels:
        what = text(
            "It looks at a row of data and says which of ", Number(str(len(labels)), "data.classes", "how many")
        )
        what = (*what, " kinds ", target, " is")
    else:
        what = text("It looks at a row of data and says how large ", target, " is")
    yield said(*what, ".", tone="lead")
    learned, tried = count(parts.get("train"), "partition.rows.train"), count(parts.get("test"), "partition.rows.test")
    yield said("It learned from ", learned, " rows, and was then tried on ", tried, " that it had never seen.")


def _right(record: Record) -> Iterator[Block]:
    scores = (record.get("scores") or {}).get("test") or []
    if not scores:
        yield said("Not measured: the run has no result.", tone="bad")
        return
    yield _verdict(record)
    yield from _classes(record, scores) if (record.get("data") or {}).get("classes") else _amounts(record, scores)


def _verdict(record: Record) -> Paragraph:
    skill = record.get("skill") or {}
    low, value = known(skill.get("low")), known(skill.get("value"))
    if low is None or value is None:
        return said("Whether it is better than the simplest way of answering was not measured.", tone="bad")
    if low <= 0:
        return said("It is not clearly better than the simplest way of answering.", tone="bad")
    saved = per_thousand(skill, "skill")
    start = "It is clearly better than the best simple rule: of 1,000 parts of that rule's error, it saves "
    return said(start, *saved, ".", tone="good")


def _classes(record: Record, scores: Any) -> Iterator[Block]:
    place = place_of(scores, "accuracy")
    wrong = wrong_per_thousand(scores[place], f"scores.test[{place}]") if place is not None else text(NOT_MEASURED)
    yield said("Of 1,000 answers, wrong are ", *wrong, ". Always giving the most common answer, wrong would be ",
               *_of_baseline(record), ".")  # fmt: skip
    labels = record["data"]["classes"]
    if len(labels) == 2:
        found, called = (_share(scores, metric) for metric in ("recall", "precision"))
        label = name(labels[1])
        yield said("Of 1,000 that really are ", label, ", it finds ", *found, ".")
        yield said("Of 1,000 that it calls ", label, ", it is right in ", *called, ".")


def _share(scores: Any, metric: str) -> Text:
    place = place_of(scores, metric)
    return text(NOT_MEASURED) if place is None else per_thousand(scores[place], f"scores.test[{place}]")


def _of_baseline(record: Record) -> Text:
    for place, baseline in enumerate(record.get("baselines") or []):
        where = place_of(baseline.get("test") or [], "accuracy")
        if baseline.get("name") == ALWAYS and where is not None:
            return wrong_per_thousand(baseline["test"][where], f"baselines[{place}].test[{where}]")
    return text(NOT_MEASURED)


def _amounts(record: Record, scores: Any) -> Iterator[Block]:
    half, mean = (place_of(scores, metric) for metric in ("median_ae", "mae"))
    if half is not None:
        yield said(
            "Half of 1,000 answers are off by at most ", *score_pieces(scores[half], f"scores.test[{half}]"), "."
        )
    if mean is None:
        yield said("By how much it is off on average was not measured.")
        return
    plain: Text = text(NOT_MEASURED)
    for place, baseline in enumerate(record.get("baselines") or []):
        where = place_of(baseline.get("test") or [], "mae")
        if baseline.get("name") == ALWAYS and where is not None:
            plain = score_pieces(baseline["test"][where], f"baselines[{place}].test[{where}]")
    own = score_pieces(scores[mean], f"scores.test[{mean}]")
    yield said("On average it is off by ", *own, ". Always giving the average answer, that would be ", *plain, ".")


def _costs(record: Record) -> Iterator[Block]:
    money = (record.get("decision") or {}).get("money") or {}
    if money.get("per") != PER or not money.get("model"):
        yield said("Not measured: nobody said what a wrong answer costs.")
        return
    unit = f" {money['unit']}" if money.get("unit") else ""
    own, against = _amount(money["model"], "decision.money.model", unit), money.get("against")
    other = (money.get("baselines") or {}).get(against)
    rest = ("; by the best simple rule ", *_amount(other, f"decision.money.baselines.{against}", unit)) if other else ()
    yield said("1,000 answers cost ", *own, *rest, ".")


def _amount(score: Mapping[str, Any], path: str, unit: str) -> Text:
    pieces = score_pieces(score, path)
    return text(pieces[0], name(unit) if unit else None, *pieces[1:])


def _who(policy: Mapping[str, Any]) -> Iterator[Block]:
    people = {
        "Made by": "author",
        "Approved by": "approver",
        "Privacy": "privacy_reviewer",
        "Security": "security_reviewer",
    }
    yield said(*_told({label: policy.get(key) for label, key in people.items()}))
    uses = {"Meant for": "allowed_uses", "Not for": "forbidden_uses"}
    yield said(*_told({label: "; ".join(policy.get(key) or []) for label, key in uses.items()}))


def _told(answers: Mapping[str, Any]) -> Iterator[Piece]:
    for label, answer in answers.items():
        yield f"{label}: "
        yield name(answer) if answer else "nobody has said"
        yield ". "
