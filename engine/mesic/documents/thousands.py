"""Shares as counts of 1,000, with the ends of their intervals."""

from collections.abc import Mapping
from typing import Any

from mesic.documents.document import NOT_MEASURED, How, Number, Text, text
from mesic.report.words import known


def per_thousand(score: Mapping[str, Any], path: str) -> Text:
    """Return a share as a count of 1,000.

    Examples
    --------
    >>> found = per_thousand({"value": 0.25, "low": 0.2, "high": 0.3}, "skill")
    >>> [piece if isinstance(piece, str) else piece.shown for piece in found]
    ['250', ' (between ', '200', ' and ', '300', ')']
    """
    return _thousandths(score, path, "of 1,000", ("value", "low", "high"))


def wrong_per_thousand(score: Mapping[str, Any], path: str) -> Text:
    """Return what is left of a share as a count of 1,000: of the right answers, the wrong ones."""
    return _thousandths(score, path, "wrong of 1,000", ("value", "high", "low"))


def _thousandths(score: Mapping[str, Any], path: str, how: How, keys: tuple[str, str, str]) -> Text:
    numbers = [_number(score, path, how, key) for key in keys]
    value, low, high = numbers
    if value is None:
        return text(NOT_MEASURED)
    if low is None or high is None:
        return text(value, " (between which numbers is not known)")
    return text(value, " (between ", low, " and ", high, ")")


def _number(score: Mapping[str, Any], path: str, how: How, key: str) -> Number | None:
    share = known(score.get(key))
    if share is None:
        return None
    return Number(f"{round(1000 * (1 - share if how == 'wrong of 1,000' else share)):,}", f"{path}.{key}", how)
