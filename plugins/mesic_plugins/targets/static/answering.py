"""How a row is answered in Python: cells are read as the bundle reads them, kernels are called, a class is decided.

It is copied behind the kernels into files that need nothing but the standard library.
"""

import re
import time
from collections import namedtuple

from mesic_plugins.targets.static.kernels import BLANK, is_missing, run

SECONDS_A_DAY = 86_400
CALENDAR, FEW = 100_000, 8  # days from 1970 of which a refusal tells the date, levels that it tells
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?", re.ASCII)
MOMENT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
Column = namedtuple("Column", "name reading cells refuses_misfits refuses_missing low high allowed levels")


class Refused(ValueError):
    """A row that is not answered; it says why: in words, by `column`, and by a `reason` of one word."""

    def __init__(self, message, column=None, reason="unreadable"):
        super().__init__(message)
        self.column, self.reason = column, reason


class Expired(Refused):
    """The day after which nothing is answered has passed."""


class Model:
    """What answers rows: how cells are read, what is computed, which class is meant."""

    def __init__(self, inputs, program, classes, *, blanks, truths, threshold=None, costs=None, last_day=None):
        self.inputs, self.program, self.classes = inputs, program, classes
        self.blanks, self.truths = blanks, truths
        self.threshold, self.costs, self.last_day = threshold, costs, last_day

    def predict(self, row, today=None):
        """Return the answer for a row: a dict of cells by column name, None for a missing one.

        Numbers and truths are numbers, levels are text, moments are text such as 2026-01-31T12:00:00Z. `today` is the
        day as a number of days since 1970, UTC; by default the clock says it. A row that breaks a rule raises Refused.
        """
        self.refuse_expired(today)
        return self.answer(*self.cells_of(row))

    def refuse_expired(self, today=None):
        """Raise Expired where the last day has passed."""
        now = time.time() // SECONDS_A_DAY if today is None else today
        if self.last_day is not None and now > self.last_day:
            raise Expired(f"this model expired: its last day was {as_date(self.last_day)}", None, "expired")

    def cells_of(self, row):
        """Return the numbers of a row, and the texts that are read by their letters."""
        numbers, texts = [], []
        for column in self.inputs:
            if column.name not in row:
                raise Refused(
                    f"column {column.name!r} is not given: give null where it is missing", column.name, "not_given"
                )
            read = read_cell(column, row[column.name], self.blanks, self.truths)
            if column.reading == "text":
                texts.append(read)
                numbers.append(BLANK if read is None else 0.0)
            else:
                numbers.append(read)
        return numbers, texts

    def answer(self, numbers, texts):
        """Return scores as people read them."""
        scores = run(self.program, numbers, texts)
        if not self.classes:
            return {"prediction": scores[0]}
        found = {"prediction": self.classes[decided(scores, self.threshold, self.costs)]}
        found.update(("p_" + label, score) for label, score in zip(self.classes, scores))  # noqa: B905 - Python 3.8 reads this
        return found


def decided(scores, threshold, costs):
    """Return the code of the class that is answered."""
    if threshold is not None:
        return int(scores[1] >= threshold)
    worth = scores
    if costs is not None:
        size = len(scores)
        worth = [0.0] * size
        for code, p in enumerate(scores):
            for other in range(size):
                worth[other] -= p * costs[code * size + other]
    best = 0
    for place, value in enumerate(worth):
        if is_missing(value):
            return place
        if value > worth[best]:
            best = place
    return best


def read_cell(column, cell, blanks, truths):
    """Return a number, NaN where the cell is missing; a text or None of a column whose letters are read."""
    name, reading = column.name, column.reading
    if isinstance(cell, (list, dict)):
        raise Refused(f"column {name!r} holds {cell!r}: give one value", name, "several_values")
    text = cell.strip() if isinstance(cell, str) else cell
    if text is None or (isinstance(text, str) and text in blanks) or (isinstance(text, float) and is_missing(text)):
        if column.refuses_missing:
            raise Refused(
                f"column {name!r} is missing, which its rule 'missing: forbidden' does not allow", name, "missing"
            )
        return None if reading == "text" else BLANK
    if reading in ("level", "text"):
        return read_level(column, spelt(text, column.cells, truths), blanks)
    value = read_truth(text, truths) if reading == "boolean" else read_time_or_number(reading, text)
    if value is None:
        raise Refused(
            f"column {name!r} holds {cell!r}, which may be a moment: write it as 2026-01-31T12:00:00Z", name, "moment"
        )
    if is_missing(value) and (column.refuses_misfits or column.refuses_missing):
        raise Refused(f"column {name!r} holds {cell!r}, which is no {reading}", name, "misfit")
    if value < column.low or value > column.high:
        raise Refused(
            f"column {name!r} holds {cell!r}, which is outside of its range, {range_of(column)}", name, "range"
        )
    return value


def range_of(column):
    """Return the range of a column as people write it; of moments the days."""
    ends = (column.low, column.high)
    if column.reading == "time" and all(abs(end) < CALENDAR for end in ends):
        return " to ".join(as_date(int(end // 1)) for end in ends)
    return " to ".join(f"{end:g}" for end in ends)


def read_level(column, text, blanks):
    """Return the code of a level, NaN where training has not seen it; the text itself where letters are read."""
    if text in blanks:
        return None if column.reading == "text" else BLANK
    if column.allowed is not None and text not in column.allowed:
        some = ", ".join(map(repr, sorted(column.allowed)[:FEW]))
        more = ", ..." if len(column.allowed) > FEW else ""
        raise Refused(
            f"column {column.name!r} holds {text!r}, which is none of its levels, {some}{more}", column.name, "level"
        )
    return text if column.reading == "text" else column.levels.get(text, BLANK)


def read_time_or_number(reading, text):
    """Return a number, or days since 1970; NaN for anything else."""
    return read_moment(text) if reading == "time" else read_number(text)


def read_number(cell):
    """Return a finite number; NaN for anything else."""
    if isinstance(cell, str):
        cell = float(cell) if NUMBER.fullmatch(cell) else BLANK
    value = as_float(cell)
    return BLANK if value in (float("inf"), -float("inf")) else value


def as_float(number):
    """Return a number of 64 bits; beyond what these can hold it is infinite."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else -float("inf")


def read_truth(cell, truths):
    """Return 1 or 0; NaN for anything else."""
    if isinstance(cell, str):
        return truths.get(cell.lower(), BLANK)
    return float(cell) if cell in (0, 1) else BLANK


def read_moment(cell):
    """Return days since 1970, UTC; NaN for what is none, None for what might be one in another spelling."""
    if isinstance(cell, bool):
        return BLANK
    if not isinstance(cell, str):
        return None
    text = "1970-01-01T" + cell if CLOCK.fullmatch(cell) else cell.replace("/", "-")
    found = MOMENT.fullmatch(text)
    if not found:
        return None if re.match(r"\d{4}", text, re.ASCII) else BLANK
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    if not (
        year and 1 <= month <= 12 and 1 <= day <= days_in(year, month) and hour < 24 and minute < 60 and second < 60
    ):
        return BLANK
    seconds = days_since_1970(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second
    return (float(seconds - zone_seconds(found[8])) + int((found[7] or "0").ljust(9, "0")) / 1e9) / SECONDS_A_DAY


def zone_seconds(zone):
    """Return by how much a clock is ahead of UTC."""
    if not zone or zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (1 if zone[0] == "+" else -1) * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def days_in(year, month):
    """Return how many days a month has."""
    return 29 if month == 2 and is_leap(year) else DAYS_BEFORE[month] - DAYS_BEFORE[month - 1]


def is_leap(year):
    """Return whether a year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_since_1970(year, month, day):
    """Return the number of a day."""
    before = year - 1
    leaps = before // 4 - before // 100 + before // 400 - 477
    return 365 * (year - 1970) + leaps + DAYS_BEFORE[month - 1] + (month > 2 and is_leap(year)) + day - 1


def as_date(days):
    """Return a day as people write it."""
    year = 1970 + days // 366
    while days_since_1970(year + 1, 1, 1) <= days:
        year += 1
    month = max(month for month in range(1, 13) if days_since_1970(year, month, 1) <= days)
    return f"{year:04d}-{month:02d}-{days - days_since_1970(year, month, 1) + 1:02d}"


def spelt(cell, cells, truths):
    """Return a cell as a level is spelt: numbers and truths have one spelling each."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        if cells == "number" and NUMBER.fullmatch(cell):
            return str(int(cell)) if WHOLE.fullmatch(cell) else number_text(float(cell), cell)
        if cells == "boolean" and cell.lower() in truths:
            return "true" if truths[cell.lower()] else "false"
        return cell
    return number_text(as_float(cell), "inf" if cell > 0 else "-inf")


def number_text(number, otherwise):
    """Return the one spelling of a number; 3.0 is 3."""
    if number in (float("inf"), -float("inf")):
        return otherwise
    return str(int(number)) if number == int(number) else repr(number)
