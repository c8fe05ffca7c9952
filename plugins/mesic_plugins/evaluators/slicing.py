"""Slices of rows: what they say, which rows they hold, and how a person writes them down."""

from dataclasses import dataclass

import numpy as np

from mesic_plugins.evaluators.cells import cell_text, column_of, is_levels, kind_of

AND = " & "
MISSING = "missing"
FEW_VALUES = 8
MOST_DIGITS = 16


@dataclass(frozen=True)
class Level:
    """Rows whose cell is one value; None: whose cell is missing."""

    column: str
    value: object
    kind: str = "category"

    def holds(self, rows):
        """Return which rows it holds, bool of shape (n,)."""
        column = column_of(rows, self.column)
        return (column.isna() if self.value is None else column == self.value).to_numpy(dtype=bool)

    def __str__(self):
        text = MISSING if self.value is None else cell_text(self.value, self.kind)
        is_plain = self.value is None or not (AND in text or text == MISSING or text != text.strip())
        return f"{self.column} = {text}" if is_plain else f'{self.column} = "{text}"'


@dataclass(frozen=True)
class Other:
    """Rows whose cell is not one value."""

    column: str
    value: object
    kind: str = "category"

    def holds(self, rows):
        """Return which rows it holds, bool of shape (n,)."""
        return ~Level(self.column, self.value).holds(rows)

    def __str__(self):
        return str(Level(self.column, self.value, self.kind)).replace(" = ", " != ", 1)


@dataclass(frozen=True)
class Range:
    """Rows whose number is at least `low` and less than `high`."""

    column: str
    low: float = -np.inf
    high: float = np.inf
    kind: str = "number"

    def holds(self, rows):
        """Return which rows it holds, bool of shape (n,)."""
        cells = column_of(rows, self.column).to_numpy(dtype=float)
        return (cells >= self.low) & (cells < self.high)

    def __str__(self):
        ends = [(">=", self.low), ("<", self.high)]
        said = [f"{self.column} {sign} {cell_text(end, self.kind)}" for sign, end in ends if np.isfinite(end)]
        return AND.join(said) or f"{self.column} is there"


@dataclass(frozen=True)
class Slice:
    """Rows for which every condition holds.

    Examples
    --------
    >>> str(Slice((Level("sex", "F"), Range("age", 30.0, 40.0))))
    'sex = F & age >= 30 & age < 40'
    """

    conditions: tuple[Level | Other | Range, ...]

    def holds(self, rows):
        """Return which rows of a view it holds, bool of shape (n,)."""
        return np.logical_and.reduce([condition.holds(rows) for condition in self.conditions])

    def __str__(self):
        return AND.join(map(str, self.conditions))


def cut(view, name, parts, most_levels=20):
    """Return the levels of a column, or its ranges of about as many rows each, and its missing cells.

    Ends of ranges are those of the rows that the model learned from, where they are known. Numbers of at most eight
    values are taken as levels.

    Parameters
    ----------
    view : EvaluationView
    name : str
    parts : int
        Ranges, from 2.
    most_levels : int
        Levels at most, the most frequent.
    """
    kind = kind_of(view, name)
    column = known_column(view, name)
    present = column.dropna()
    gaps = [Level(name, None, kind)] if column.isna().any() or column_of(view, name).isna().any() else []
    values = present.value_counts()
    if is_levels(column) or len(values) <= FEW_VALUES:
        order = values[values > 0].sort_index().sort_values(ascending=False, kind="stable").index[:most_levels]
        levels = [value if is_levels(column) else float(value) for value in order]
        return [Level(name, value, kind) for value in sorted(levels)] + gaps
    ends = edges_of(present.to_numpy(dtype=float), parts)
    return [Range(name, *pair, kind) for pair in zip([-np.inf, *ends], [*ends, np.inf], strict=True)] + gaps


def known_column(view, name):
    """Return a column of the rows that a model learned from, or of those that it is asked about."""
    reference = view.reference
    return reference.X[name] if reference is not None and name in reference.X else column_of(view, name)


def edges_of(values, parts):
    """Return the inner ends of ranges that hold about as many values each, in as few digits as tell the same rows.

    Where nearly all values are the smallest one, the others are a range.

    Examples
    --------
    >>> edges_of(np.repeat([0.0, 7.0, 8.0], [98, 1, 1]), 4)
    [7.0]
    >>> edges_of(np.arange(100.0) / 7, 4)
    [3.57, 7.1, 10.7]
    """
    ordered = np.sort(values)
    ends = np.unique(np.quantile(ordered, np.arange(1, parts) / parts, method="higher"))
    ends = ends[ends > ordered[0]]
    ends = ends if ends.size else ordered[ordered > ordered[0]][:1]
    before = ordered[np.maximum(np.searchsorted(ordered, ends) - 1, 0)]
    return [_short(float(low), float(end)) for low, end in zip(before, ends, strict=True) if low < end]


def _short(low, end):
    """Return the number of fewest digits above `low` and up to `end`."""
    rounded = (float(f"{end:.{digits}g}") for digits in range(1, MOST_DIGITS))
    return next((number for number in rounded if low < number <= end), end)
