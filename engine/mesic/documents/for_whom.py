"""For whom the model is worse: what slices and groups of people say, in counts."""

from collections.abc import Iterator, Mapping
from typing import Any

from mesic.documents.document import Block, Bullets, Text, name, said, score_pieces, text
from mesic.documents.thousands import per_thousand
from mesic.report.words import known

Record = Mapping[str, Any]
Row = Mapping[str, Any]
MOST_SLICES, MOST_COLUMNS = 3, 2
EQUAL_ERRORS = "equal errors"


def for_whom(record: Record) -> Iterator[Block]:
    """Yield where the model is clearly worse than elsewhere, or that nobody has asked."""
    asked = record.get("evaluations") or {}
    if asked.get("slices") is None and asked.get("fairness") is None:
        yield said("Not measured: nobody asked whether it serves some people or cases worse than others.")
        return
    is_share = bool((record.get("data") or {}).get("classes"))
    lines = (*_groups(asked.get("fairness") or {}, is_share=is_share), *_slices(asked.get("slices") or {}, is_share))
    yield Bullets(lines) if lines else said("Nobody was found for whom it is clearly worse than for the others.")


def _slices(facts: Mapping[str, Any], is_share: bool) -> list[Text]:
    worse = [
        (row, f"evaluations.slices.{kind}[{place}]")
        for kind in ("declared", "searched")
        for place, row in enumerate(facts.get(kind) or [])
        if row.get("found")
    ]
    return [_slice(row, path, is_share=is_share) for row, path in worse[:MOST_SLICES]]


def _slice(row: Row, path: str, *, is_share: bool) -> Text:
    inside = _errors(row.get("wrong") or {}, f"{path}.wrong", is_share=is_share)
    outside = _amount(row.get("wrong_outside") or {}, f"{path}.wrong_outside", is_share=is_share)
    return text("Where ", name(row.get("slice")), ": ", *inside, "; elsewhere ", *outside, ".")


def _groups(facts: Mapping[str, Any], *, is_share: bool) -> list[Text]:
    unequal = [(place, column) for place, column in enumerate(facts.get("columns") or []) if _is_unequal(column)]
    return [
        _between(column, f"evaluations.fairness.columns[{place}]", is_share=is_share)
        for place, column in unequal[:MOST_COLUMNS]
    ]


def _errors_of(column: Row) -> Row:
    return next((one for one in column.get("measures") or [] if one.get("name") == EQUAL_ERRORS), {})


def _is_unequal(column: Row) -> bool:
    low = known((_errors_of(column).get("difference") or {}).get("low"))
    return low is not None and low > 0


def _between(column: Row, path: str, *, is_share: bool) -> Text:
    places = {group.get("group"): place for place, group in enumerate(column.get("groups") or [])}
    more, fewer = _errors_of(column)["difference"]["between"]
    found = {
        group: (column["groups"][places[group]].get("wrong") or {}, f"{path}.groups[{places[group]}].wrong")
        for group in (more, fewer)
        if group in places
    }
    if len(found) < 2:
        return text("By ", name(column.get("column")), " it is not equally often right.")
    worse, better = _errors(*found[more], is_share=is_share), _amount(*found[fewer], is_share=is_share)
    start = text("By ", name(column.get("column")), ", for ", name(more), ": ")
    return (*start, *worse, "; for ", name(fewer), " ", *better, ".")


def _errors(score: Row, path: str, *, is_share: bool) -> Text:
    start = "of 1,000 answers, wrong are " if is_share else "off on average by "
    return text(start, *_amount(score, path, is_share=is_share))


def _amount(score: Row, path: str, *, is_share: bool) -> Text:
    return per_thousand(score, path) if is_share else score_pieces(score, path)
