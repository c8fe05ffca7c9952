"""Rows that get no answer, as they lie outside of what training has seen; the others are answered all the same."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

ERROR = "error"
MOST_FIRST = 5
Strange = Mapping[int, Mapping[str, str]]


def is_among(numbers: Collection[int], rows: int) -> np.ndarray:
    """Return which of so many rows have one of these numbers, bool of shape (rows,)."""
    found = np.zeros(rows, dtype=bool)
    found[list(numbers)] = True
    return found


def refused(answers: Mapping[str, Any], schema: pa.Schema, strange: Strange) -> dict[str, Any]:
    """Return answers without those to strange rows, and the column ``error``, which says why.

    Parameters
    ----------
    answers
        Columns by name, of n rows.
    schema
        Of what type each is.
    strange
        By the row's number, and by the column's name, what is wrong.
    """
    rows = max((len(column) for column in answers.values()), default=0)
    left_out = pa.array(is_among(strange, rows))
    kept = {}
    for name, column in answers.items():
        kind = schema.field(name).type
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else pa.array(column)
        kept[name] = pc.if_else(left_out, pa.scalar(None, kind), whole.cast(kind))
    return kept | {
        ERROR: pa.array([_said(strange[row]) if row in strange else None for row in range(rows)], pa.string())
    }


def _said(problems: Mapping[str, str]) -> str:
    return "; ".join(f"{name} holds {problem}" for name, problem in problems.items())


@dataclass
class Refused:
    """How many rows were refused, by which columns, and the first of them.

    Parameters
    ----------
    rows
        How many.
    columns
        By name, how many rows it had refused.
    first
        Number of the row in the file and what is wrong, of the first five.

    Examples
    --------
    >>> told = Refused.of({3: {"age": "200.0, and expected is a number from 0 to 120"}})
    >>> told.add(told, before=10)
    >>> told.rows, told.columns, [row for row, _ in told.first]
    (2, {'age': 2}, [3, 13])
    """

    rows: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    first: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, strange: Strange) -> "Refused":
        """Return what a part has refused."""
        columns = Counter(name for problems in strange.values() for name in problems)
        first = [(row, _said(problems)) for row, problems in list(strange.items())[:MOST_FIRST]]
        return cls(len(strange), dict(columns), first)

    def add(self, other: "Refused", before: int) -> None:
        """Add what a later part has refused, with so many rows `before` it."""
        self.rows += other.rows
        self.columns = dict(Counter(self.columns) + Counter(other.columns))
        own = [(row + before, why) for row, why in other.first]
        self.first = [*self.first, *own][:MOST_FIRST]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {"rows": self.rows, "columns": self.columns, "first": [list(one) for one in self.first]}
