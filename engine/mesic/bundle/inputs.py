"""How the cells of each column are read at a bundle's door, in words that any language can follow.

:func:`mesic.data.coercion.coerce` is the original; targets outside of Python read cells as these inputs say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mesic.data.inference import BLANKS, TRUTHS
from mesic.data.schema import Column

Reading = Literal["number", "boolean", "time", "level", "text"]


@dataclass(frozen=True)
class Input:
    """One column that a pipeline asks for.

    Parameters
    ----------
    name
        Of the column.
    reading
        ``number``; ``boolean``: 0 and 1, and spellings of them; ``time``: dates and moments, read as days since 1970,
        UTC; ``level``: one of `levels`; ``text``: any text.
    levels
        By code; a cell that holds another level is unseen, which is as if it were missing. For ``level`` only.
    cells
        ``number``, ``boolean`` or ``time`` where levels are spelt as such are; else empty.
    refuses_misfits, refuses_missing
        Whether a row is refused whose cell does not fit its kind, or is missing.
    low, high
        A row is refused whose number lies outside; infinite: no limit.
    allowed
        A row is refused whose level is none of these; None: no limit.
    blanks
        Texts that stand for a missing cell, once space around them is gone.
    truths
        Spellings of 1 and 0, in lower case.
    """

    name: str
    reading: Reading
    levels: tuple[str, ...] = ()
    cells: str = ""
    refuses_misfits: bool = False
    refuses_missing: bool = False
    low: float = -float("inf")
    high: float = float("inf")
    allowed: tuple[str, ...] | None = None
    blanks: tuple[str, ...] = BLANKS
    truths: tuple[tuple[str, float], ...] = tuple(TRUTHS.items())


def input_of(column: Column, coded: dict[str, Any]) -> Input:
    """Return how a column is read; `coded` is what the ``codes`` step says of it.

    Examples
    --------
    >>> input_of(Column("age", "number", range=(0.0, 120.0)), {"name": "age", "kind": "number"}).high
    120.0
    """
    is_level = coded["kind"] != "number"
    low, high = column.range or (-float("inf"), float("inf"))
    return Input(
        name=column.name,
        reading={"category": "level", "text": "text"}.get(coded["kind"]) or _number_reading(column),  # type: ignore[arg-type]  # one of the five
        levels=tuple(coded.get("levels", ())),
        cells=str(column.seen.get("cells") or "") if is_level else "",
        refuses_misfits=column.misfits == "forbidden" and not is_level,
        refuses_missing=column.missing == "forbidden",
        low=-float("inf") if is_level else low,
        high=float("inf") if is_level else high,
        allowed=column.levels if is_level and column.levels else None,
    )


def inputs_of(columns: Sequence[Column], coded: Sequence[dict[str, Any]]) -> tuple[Input, ...]:
    """Return how each column of a ``codes`` step is read, in its order."""
    known = {column.name: column for column in columns}
    return tuple(input_of(known[one["name"]], one) for one in coded)


def _number_reading(column: Column) -> str:
    return column.kind if column.kind in ("boolean", "time") else "number"
