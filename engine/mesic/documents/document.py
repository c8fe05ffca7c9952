"""A paper as data: sections of paragraphs, lists and tables, whatever it is printed as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mesic.report.words import known, score_parts

How = Literal["as it is", "of 1,000", "wrong of 1,000", "how many"]
Tone = Literal["", "lead", "soft", "good", "bad"]
MOST_LETTERS = 60
NOT_MEASURED = "not measured"
NOT_SAID = "not said"


class Name(str):
    """Words of the data or of a person, printed as they are."""

    __slots__ = ()


@dataclass(frozen=True)
class Number:
    """A number as it is printed.

    Parameters
    ----------
    shown
        Its digits.
    path
        Where it stands in the record, such as ``scores.test[0].value``.
    how
        What was done to it: nothing, times 1,000, one less it times 1,000, or counted.
    """

    shown: str
    path: str
    how: How = "as it is"


Piece = str | Number
Text = tuple[Piece, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    text: Text
    tone: Tone = ""


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[Text, ...]


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


Block = Paragraph | Bullets | Table


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A paper.

    Parameters
    ----------
    title, kicker
        The heading, and the line above it.
    sections
        In order.
    footer
        The last line.
    """

    title: str
    kicker: Text
    sections: tuple[Section, ...]
    footer: Text


def text(*pieces: Any) -> Text:
    """Return pieces as a text; what is none is left out.

    Examples
    --------
    >>> text("of ", Number("3", "trials.tried"), None)
    ('of ', Number(shown='3', path='trials.tried', how='as it is'))
    """
    return tuple(piece if isinstance(piece, str | Number) else str(piece) for piece in pieces if piece is not None)


def said(*pieces: Any, tone: Tone = "") -> Paragraph:
    """Return a paragraph."""
    return Paragraph(text(*pieces), tone)


def facts(rows: Mapping[str, Any]) -> Table:
    """Return a table of names with their values; what is not known says so."""
    return Table(("", ""), tuple((text(name), _as_text(value)) for name, value in rows.items()))


def _as_text(value: Any) -> Text:
    if isinstance(value, tuple):
        return value
    return text(NOT_SAID if value in (None, "", []) else value)


def name(value: Any) -> Name:
    """Return words of the data, cut where they are too many.

    Examples
    --------
    >>> name("age"), len(name("x" * 100))
    ('age', 60)
    """
    words = str(value)
    return Name(words if len(words) <= MOST_LETTERS else words[: MOST_LETTERS - 1] + "…")


def count(value: Any, path: str) -> Piece:
    """Return a whole number of the record."""
    return Number(f"{value:,}", path) if isinstance(value, int) else NOT_MEASURED


def score_pieces(score: Mapping[str, Any] | None, path: str) -> Text:
    """Return a score with its interval, each number with its place."""
    value, span = score_parts(score)
    if known((score or {}).get("value")) is None:
        return text(f"{value} {span}".strip())
    low, _, high = span.partition(" to ")
    if not high:
        return text(Number(value, f"{path}.value"), f" ({span})")
    ends = (Number(low, f"{path}.low"), " to ", Number(high, f"{path}.high"))
    return text(Number(value, f"{path}.value"), " (", *ends, ")")


def place_of(listed: Sequence[Mapping[str, Any]], metric: str) -> int | None:
    """Return where the score of a metric stands in a list."""
    return next((place for place, score in enumerate(listed) if score.get("metric") == metric), None)
