"""From rows as JSON and Python have them to decisions, without a data frame in between."""

import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mesic.bundle.bundle import Bundle, trusted_types
from mesic.bundle.operators import layout_of_codes
from mesic.bundle.portable import Matrix
from mesic.data.availability import MOMENTS
from mesic.data.rules import Broken, broken_by_cells, expected
from mesic.data.schema import Column
from mesic.errors import DataError
from mesic.host.names import did_you_mean
from mesic.serving.caching import AnswerCache
from mesic.serving.cells import Misfit, coerced_cell, known_codes, limits_of, reader_of
from mesic.serving.plan import Pipeline

Row = Mapping[str, Any]
MOST_PROBLEMS = 20
LACKING = "the data lack"
LINE_HEAD = 6
REFUSED = (Misfit, KeyError, DataError, TypeError, AttributeError)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field of one row.

    Parameters
    ----------
    row
        The row's number, from 0.
    field
        The column's name, or an empty text where the row as a whole is none.
    message
        What people read.
    expected
        What can be given instead.
    """

    row: int
    field: str
    message: str
    expected: str

    def as_dict(self) -> dict[str, Any]:
        """Return the problem as an answer tells it."""
        return {"row": self.row, "field": self.field, "message": self.message, "expected": self.expected}


class RowsRefused(DataError):
    """Rows broke the contract; `problems` names the fields."""

    def __init__(self, message: str, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(message)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (str(self), self.problems)


class Scorer:
    """Answers rows, given as mappings of names to values, as ``Bundle.predict`` answers each in a table of its own.

    Parameters
    ----------
    bundle
        What answers.
    knows_others
        Whether fields that the schema does not know are left aside; else they are refused.

    Attributes
    ----------
    taken
        Numbers and codes of the rows that were asked for last, float64 of shape (n, p), until the next call; codes of
        text columns mean nothing.
    line
        Memory of one line: room for what others say of a row, LINE_HEAD cells and one a class, or one; then the row
        that was asked for last by itself.
    unlearned
        How many category cells were no level that the model learned, of all rows so far.
    clocked
        Columns of which a cell is hidden from the model where it was not known at the row's own time.

    Notes
    -----
    Threads may share a scorer; they take turns.
    """

    def __init__(self, bundle: Bundle, *, knows_others: bool = True) -> None:
        self.bundle, self.classes, self.knows_others = bundle, bundle.classes, knows_others
        steps = list(bundle.fitted.steps)
        self.names, self.levels, self.texts = layout = layout_of_codes(steps[0])
        self._columns = [bundle.schema[name] for name in self.names]
        self.line = np.empty(LINE_HEAD + max(len(self.classes), 1) + len(self.names))
        self._alone = self.line[len(self.line) - len(self.names) :].reshape(1, -1)
        self._view = _view(self._alone)
        self._one = Matrix(self._alone, self.names, self.levels)
        self.taken = self._alone
        shares = None if self.texts else self._alone
        self._pipeline = Pipeline(
            steps, layout=None if self.texts else layout, shared=shares, trusted=trusted_types(bundle.fitted)
        )
        self.choices = self._pipeline.answering.choices
        self._readers = {column.name: reader_of(column) for column in self._all_columns()}
        self._numbers = [(place, c.name, *limits_of(c)) for place, c in self._of_kind("number")]
        self._categories = [
            (
                place,
                c.name,
                known_codes(c, self.levels[c.name]),
                {name: float(i) for i, name in enumerate(self.levels[c.name])},
            )
            for place, c in enumerate(self._columns)
            if c.name in self.levels
        ]
        fast = {place for place, *_ in self._numbers} | {place for place, *_ in self._categories}
        self._others = [
            (place, c.name) for place, c in enumerate(self._columns) if place not in fast and c.name not in self.texts
        ]
        self._clocks = list(self._moments())
        self.clocked = frozenset(name for _, name, _, _ in self._clocks)
        self._known = {*bundle.schema.names, str(bundle.manifest["target"])}
        self._is_decided = steps[-1].op == "decide"
        self.unlearned = 0
        self._lock = threading.Lock()

    def _all_columns(self) -> list[Column]:
        return [*self._columns, *(self.bundle.schema[name] for name in self.bundle.moments)]

    def _of_kind(self, kind: str) -> Iterator[tuple[int, Column]]:
        for place, column in enumerate(self._columns):
            if column.kind == kind and column.name not in self.levels and column.name not in self.texts:
                yield place, column

    def _moments(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield the columns of which a clock says when a cell is known: place, name, clock, the row's own time."""
        asked = next((column.name for column in self.bundle.schema.columns if column.role == "time"), None)
        for place, column in enumerate(self._columns):
            if asked and column.available_at not in MOMENTS:
                yield place, column.name, column.available_at, asked

    def row(self, row: Row, cache: AnswerCache | None = None) -> list[float]:
        """Return the k probabilities, or the one value, of a row; from `cache` if it knows the row.

        Raises
        ------
        RowsRefused
            A field is missing, or breaks the schema; all such are named.
        """
        with self._lock:
            matrix = self._matrix_of(row)
            if cache is None:
                answer = self._pipeline.row(matrix)
            else:
                answer = cache.answer(self._key(matrix), lambda: self._pipeline.row(matrix))
        return self._in_all_classes(answer)

    def _key(self, matrix: Matrix) -> Hashable:
        """Return what is the same for rows that say the same to the model."""
        cells = matrix.values.tobytes()
        return (cells, *(matrix.levels[name] for name in sorted(self.texts))) if self.texts else cells

    def key(self) -> Hashable:
        """Return the key under which a cache holds the row that was asked for last."""
        return self._key(self._blank())

    def again(self) -> list[float]:
        """Answer a row of which every cell is missing, without reading one."""
        return self._pipeline.row(self._blank())

    def _blank(self) -> Matrix:
        self._alone[:] = np.nan
        return (
            Matrix(self._alone, self.names, {**self.levels, **dict.fromkeys(self.texts, ())})
            if self.texts
            else self._one
        )

    def decided(self, scores: Sequence[float]) -> int:
        """Return the code of the class that is answered for the probabilities of a row."""
        if self._is_decided:
            return int(self.decided_rows(np.array([scores]))[0])
        return max(range(len(scores)), key=scores.__getitem__)

    def decided_rows(self, scores: np.ndarray) -> np.ndarray:
        """Return the code of the class that is answered for each row of probabilities (n, k), int64 of shape (n,)."""
        return self.bundle.fitted.decided(scores)

    def changes(self, row: Row, code: int) -> list[tuple[str, float]]:
        """Return by how much each field that is there changes the answer about a class, or the value.

        It is the answer less that to the same row without the field; of classes, about the one of `code`.
        """
        matrix = self.matrix([row])
        places = np.flatnonzero(~np.isnan(matrix.values[0]))
        values = np.repeat(matrix.values, places.size + 1, axis=0)
        values[np.arange(places.size), places] = np.nan
        scores = self.scored(Matrix(values, matrix.names, matrix.levels))
        of_code = scores[:, code] if self.classes else scores
        change = (of_code[-1] - of_code[:-1]).tolist()
        return [(self.names[place], by) for place, by in zip(places, change, strict=True)]

    def _matrix_of(self, row: Row) -> Matrix:
        """Return a row as a matrix; the next call writes over it."""
        self.taken = self._alone
        try:
            self._fill(row, self._view, 0)
            return self._with_texts(self._one, [row]) if self.texts else self._one
        except REFUSED as error:
            raise self._refusal([row], error) from error

    def rows(self, rows: Sequence[Row]) -> np.ndarray:
        """Return probabilities (n, k), or values (n,), of rows.

        Raises
        ------
        RowsRefused
            A field of a row is missing, or breaks the schema; all such are named.
        """
        return self._in_all_classes_of(self._pipeline.rows(self.matrix(rows)))

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        """Return rows as the first step of the pipeline makes them: one canonical form of whatever says the same."""
        values = self.taken = np.empty((len(rows), len(self.names)))
        view, width = _view(values), len(self.names)
        try:
            for number, row in enumerate(rows):
                self._fill(row, view, number * width)
            matrix = Matrix(values, self.names, self.levels)
            return self._with_texts(matrix, rows) if self.texts else matrix
        except REFUSED as error:
            raise self._refusal(rows, error) from error

    def parted(self, rows: Sequence[Row]) -> tuple[Matrix, list[int]]:
        """Return the rows that are in order as :meth:`matrix` does, and the numbers of those that are not."""
        values = np.empty((len(rows), len(self.names)))
        view, width = _view(values), len(self.names)
        kept: list[Row] = []
        broken: list[int] = []
        for number, row in enumerate(rows):
            try:
                self._fill(row, view, len(kept) * width)
                for name in self.texts:
                    self._readers[name](row[name])
            except REFUSED:
                broken.append(number)
            else:
                kept.append(row)
        self.taken = values[: len(kept)]
        matrix = Matrix(self.taken, self.names, self.levels)
        return self._with_texts(matrix, kept) if self.texts else matrix, broken

    def scored(self, matrix: Matrix) -> np.ndarray:
        """Return probabilities (n, k), or values (n,), of what :meth:`matrix` returned."""
        return self._in_all_classes_of(self._pipeline.rows(matrix))

    def columns(self, columns: Mapping[str, Sequence[Any]]) -> np.ndarray:
        """Return probabilities (n, k), or values (n,), of columns of the same length.

        Raises
        ------
        RowsRefused
            A field of a row is missing, or breaks the schema; all such are named.
        """
        names = list(columns)
        try:
            rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
        except ValueError as error:
            raise RowsRefused("columns differ in length: give as many cells in each", []) from error
        return self.rows(rows)

    def _fill(self, row: Row, view: Any, base: int) -> None:
        """Write a row's numbers and codes to where `base` points."""
        readers = self._readers
        for place, name, low, high in self._numbers:
            value = row[name]
            view[base + place] = value if type(value) is float and low <= value <= high else readers[name](value)
        for place, name, codes, every in self._categories:
            value = row[name]
            code = codes.get(value) if type(value) is str else None
            if code is None:
                code = every.get(readers[name](value), np.nan)
                self.unlearned += code != code  # noqa: PLR0124 - NaN differs from itself
            view[base + place] = code
        for place, name in self._others:
            view[base + place] = readers[name](row[name])
        if self._clocks:
            self._hide_later(row, view, base)
        if not self.knows_others and len(row) != len(self.names):
            self._refuse_others(row)

    def _hide_later(self, row: Row, view: Any, base: int) -> None:
        """Set missing what was not known at the row's own time, where it says both."""
        for place, _, clock, asked in self._clocks:
            if (
                clock in row
                and asked in row
                and not self._readers[clock](row[clock]) <= self._readers[asked](row[asked])
            ):
                view[base + place] = np.nan

    def _refuse_others(self, row: Row) -> None:
        if any(name not in self._known for name in row):
            raise Misfit

    def _with_texts(self, matrix: Matrix, rows: Sequence[Row]) -> Matrix:
        """Return a matrix whose text columns have the levels that the rows hold."""
        levels, values = dict(self.levels), matrix.values.copy()
        for place, name in enumerate(self.names):
            if name in self.texts:
                cells = [self._readers[name](row[name]) for row in rows]
                levels[name] = tuple(sorted({cell for cell in cells if cell is not None}))
                code_of = {level: float(code) for code, level in enumerate(levels[name])}
                values[:, place] = [np.nan if cell is None else code_of[cell] for cell in cells]
        return Matrix(values, self.names, levels)

    def _refusal(self, rows: Sequence[Row], error: Exception) -> RowsRefused:
        """Say all that is wrong with rows, in the words of the batch."""
        problems: list[Problem] = []
        broken: list[str] = []
        for number in self._unreadable(rows):
            for message, problem in self._wrong_with(number, rows[number]):
                broken.append(message)
                problems.append(problem)
            if len(problems) >= MOST_PROBLEMS:
                break
        if not problems:
            return RowsRefused(f"the row cannot be read: {error!r}", [])
        lost = [message for message in broken if message.startswith(LACKING)]
        return RowsRefused(lost[0] if lost else "\n  ".join(["the data broke the schema:", *broken]), problems)

    def _unreadable(self, rows: Sequence[Row]) -> Iterator[int]:
        """Yield the numbers of the rows that cannot be read; the others are not looked at cell by cell."""
        values = np.empty((1, len(self.names)))
        view = _view(values)
        for number, row in enumerate(rows):
            try:
                self._fill(row, view, 0)
                for name in self.texts:
                    self._readers[name](row[name])
            except (Misfit, KeyError, DataError, TypeError, AttributeError):
                yield number

    def _wrong_with(self, number: int, row: Any) -> Iterator[tuple[str, Problem]]:
        if not isinstance(row, Mapping):
            message = f"row {number} is no object: give one with a value for each field"
            yield message, Problem(number, "", message, "an object")
            return
        if lost := [name for name in self.names if name not in row]:
            near = did_you_mean(lost[0], [str(name) for name in row])
            message = f"{LACKING} {len(lost)} needed columns: {', '.join(map(repr, lost))}{near}"
            for name in lost:
                yield (
                    message,
                    Problem(number, name, f"field {name!r} is missing{near}", expected(self.bundle.schema[name])),
                )
        for column in self._all_columns():
            if column.name in row and self._is_wrong(column.name, row[column.name]):
                yield from _wrong_cell(number, column, row[column.name])
        if not self.knows_others:
            for name in row:
                if name not in self._known:
                    near = did_you_mean(str(name), self.names) or "; leave it out, or serve with unknown=ignore"
                    message = f"the schema knows no field {name!r}{near}"
                    yield message, Problem(number, str(name), message, "a field of the schema")

    def _is_wrong(self, name: str, value: Any) -> bool:
        try:
            self._readers[name](value)
        except REFUSED:
            return True
        return False

    def _in_all_classes(self, answer: list[float]) -> list[float]:
        present = self.bundle.fitted.present
        if not self.classes or present.size == len(self.classes):
            return answer
        full = [0.0] * len(self.classes)
        for code, share in zip(present.tolist(), answer, strict=True):
            full[code] = share
        return full

    def _in_all_classes_of(self, answer: np.ndarray) -> np.ndarray:
        return self.bundle.fitted.in_all_classes(answer)


def _view(values: np.ndarray) -> Any:
    """Return numbers one after the other, to be written to one by one."""
    flat: Any = values.reshape(-1)
    return memoryview(flat)


def _wrong_cell(number: int, column: Column, value: Any) -> Iterator[tuple[str, Problem]]:
    try:
        broken: list[Broken] = list(broken_by_cells(column, coerced_cell(column, value)))
    except DataError as error:
        yield str(error), Problem(number, column.name, str(error), expected(column))
        return
    for one in broken:
        message = str(replace(one, rows=np.array([number])))
        yield message, Problem(number, column.name, message, expected(column))
