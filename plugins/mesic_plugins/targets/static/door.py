"""The door of a Python artefact: cells are read as the bundle reads them, rows come as CSV or JSON lines.

It is copied behind the kernels; the names in capitals are written by :mod:`mesic_plugins.targets.static.python_form`.
"""

import csv
import json
import re
import sys
import time
from typing import Any

NAME, VERSION, BUNDLE, EXPIRES = "model", "", "", None
INPUTS: Any = ()
CLASSES: Any = ()
PROGRAM: Any = ()
THRESHOLD: Any = None
COSTS: Any = None
BLANKS: Any = frozenset()
TRUTHS: Any = {}
BLANK, SECONDS_A_DAY = float("nan"), 86_400
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
CLOCK = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?", re.ASCII)
MOMENT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class Refused(ValueError):
    """A row that is not answered; it says why."""


class Expired(Refused):
    """The day after which nothing is answered has passed."""


def run(program, row, texts):  # noqa: ARG001 - the kernels have their own
    """Stand for the kernels' function of this name."""
    return row


def is_missing(value):
    """Return whether a cell is missing."""
    return value != value  # noqa: PLR0124 - only NaN differs from itself


def predict(row, today=None):
    """Return the answer for a row: a dict of cells by column name, None for a missing one.

    Numbers and truths are numbers, levels are text, moments are text such as 2026-01-31T12:00:00Z. `today` is the day
    as a number of days since 1970, UTC; by default the clock says it. A row that breaks a rule raises Refused.
    """
    refuse_expired(today)
    return answer(*cells_of(row))


def refuse_expired(today=None):
    """Raise Expired where the last day has passed."""
    now = time.time() // SECONDS_A_DAY if today is None else today
    if EXPIRES is not None and now > EXPIRES:
        raise Expired(f"this model expired: its last day was {as_date(EXPIRES)}")


def cells_of(row):
    """Return the numbers of a row, and the texts that are read by their letters."""
    numbers, texts = [], []
    for column in INPUTS:
        if column[0] not in row:
            raise Refused(f"column {column[0]!r} is not given: give null where it is missing")
        read = read_cell(column, row[column[0]])
        if column[1] == "text":
            texts.append(read)
            numbers.append(BLANK if read is None else 0.0)
        else:
            numbers.append(read)
    return numbers, texts


def answer(numbers, texts):
    """Return scores as people read them."""
    scores = run(PROGRAM, numbers, texts)
    if not CLASSES:
        return {"prediction": scores[0]}
    found = {"prediction": CLASSES[decided(scores)]}
    found.update(("p_" + label, score) for label, score in zip(CLASSES, scores))  # noqa: B905 - Python 3.8 reads this
    return found


def decided(scores):
    """Return the code of the class that is answered."""
    if THRESHOLD is not None:
        return int(scores[1] >= THRESHOLD)
    worth = scores
    if COSTS is not None:
        size = len(scores)
        worth = [0.0] * size
        for code, p in enumerate(scores):
            for other in range(size):
                worth[other] -= p * COSTS[code * size + other]
    best = 0
    for place, value in enumerate(worth):
        if is_missing(value):
            return place
        if value > worth[best]:
            best = place
    return best


def read_cell(column, cell):
    """Return a number, NaN where the cell is missing; a text or None of a column whose letters are read."""
    name, reading, cells, refuses_misfits, refuses_missing, low, high, allowed, levels = column
    if isinstance(cell, (list, dict)):
        raise Refused(f"column {name!r} holds {cell!r}: give one value")
    text = cell.strip() if isinstance(cell, str) else cell
    if text is None or (isinstance(text, str) and text in BLANKS) or (isinstance(text, float) and is_missing(text)):
        if refuses_missing:
            raise Refused(f"column {name!r} is missing, which its rule 'missing: forbidden' does not allow")
        return None if reading == "text" else BLANK
    if reading in ("level", "text"):
        return read_level(name, reading, spelt(text, cells), allowed, levels)
    value = {"number": read_number, "boolean": read_truth, "time": read_moment}[reading](text)
    if value is None:
        raise Refused(f"column {name!r} holds {cell!r}, which may be a moment: write it as 2026-01-31T12:00:00Z")
    if is_missing(value) and (refuses_misfits or refuses_missing):
        raise Refused(f"column {name!r} holds {cell!r}, which is no {reading}")
    if value < low or value > high:
        raise Refused(f"column {name!r} holds {cell!r}, which is outside of its range")
    return value


def read_level(name, reading, text, allowed, levels):
    """Return the code of a level, NaN where training has not seen it; the text itself where letters are read."""
    if text in BLANKS:
        return None if reading == "text" else BLANK
    if allowed is not None and text not in allowed:
        raise Refused(f"column {name!r} holds {text!r}, which is none of its levels")
    return text if reading == "text" else levels.get(text, BLANK)


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


def read_truth(cell):
    """Return 1 or 0; NaN for anything else."""
    if isinstance(cell, str):
        return TRUTHS.get(cell.lower(), BLANK)
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


def spelt(cell, cells):
    """Return a cell as a level is spelt: numbers and truths have one spelling each."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        if cells == "number" and NUMBER.fullmatch(cell):
            return str(int(cell)) if WHOLE.fullmatch(cell) else number_text(float(cell), cell)
        if cells == "boolean" and cell.lower() in TRUTHS:
            return "true" if TRUTHS[cell.lower()] else "false"
        return cell
    return number_text(as_float(cell), "inf" if cell > 0 else "-inf")


def number_text(number, otherwise):
    """Return the one spelling of a number; 3.0 is 3."""
    if number in (float("inf"), -float("inf")):
        return otherwise
    return str(int(number)) if number == int(number) else repr(number)


def lines_of_json(lines, out, today):
    """Answer a JSON object a line with a JSON object a line; return how many were refused."""
    refused = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=refuse_constant)
            if not isinstance(row, dict):
                raise Refused("a row is a JSON object with a value for each column")
            found = predict(row, today)
        except ValueError as error:
            if isinstance(error, Expired):
                raise
            refused, found = refused + 1, {"error": str(error)}
        out.write(json.dumps(found, ensure_ascii=False) + "\n")
    return refused


def refuse_constant(word):
    """Refuse what looks like a number and is no JSON."""
    raise Refused(f"{word} is no JSON: give null where a cell is missing")


def lines_of_csv(lines, out, today):
    """Answer a CSV with a header with another one; return how many rows were refused."""
    reader, refused = csv.DictReader(lines), 0
    lost = [column[0] for column in INPUTS if column[0] not in (reader.fieldnames or ())]
    if lost:
        raise Refused(f"the data lack {len(lost)} needed columns: {', '.join(map(repr, lost))}")
    names = ["prediction"] + ["p_" + label for label in CLASSES]
    writer = csv.DictWriter(out, [*names, "error"], lineterminator="\n")
    writer.writeheader()
    for row in reader:
        try:
            writer.writerow(predict(row, today))
        except Refused as error:
            if isinstance(error, Expired):
                raise
            refused += 1
            writer.writerow({"error": str(error)})
    return refused


def main(arguments):
    """Answer rows from stdin on stdout; exit status 3 where rows were refused, 1 where the model has expired."""
    if "--version" in arguments:
        facts = {"name": NAME, "version": VERSION, "bundle": BUNDLE, "expires": EXPIRES and as_date(EXPIRES)}
        sys.stdout.write(json.dumps(facts) + "\n")
        return 0
    today = None
    for argument in arguments:
        word, _, day = argument.partition("=")
        if word != "--today" or not isinstance(read_moment(day), float) or is_missing(read_moment(day)):
            sys.stderr.write(f"{NAME}: rows on stdin, CSV or JSON lines; --today=2026-01-31, --version\n")
            return 2
        today = read_moment(day)
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace", newline="")  # type: ignore[union-attr]  # they are streams of text
    try:
        refuse_expired(today)
        first = sys.stdin.readline()
        while first and not first.strip():
            first = sys.stdin.readline()
        answered = lines_of_json if first.lstrip().startswith("{") else lines_of_csv
        return 3 if answered(chained(first, sys.stdin), sys.stdout, today) else 0
    except Refused as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        return 1 if isinstance(error, Expired) else 3


def chained(first, rest):
    """Yield a line and those behind it."""
    if first:
        yield first
    yield from rest
