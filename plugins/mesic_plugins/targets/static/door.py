"""The door of a Python artefact: rows come as CSV or JSON lines, and so do answers.

It is copied behind what answers a row; :mod:`mesic_plugins.targets.static.python_form` writes the model itself.
"""

import csv
import json
import os
import sys
from typing import Any

from mesic_plugins.targets.static.answering import Expired, Refused, as_date, read_moment
from mesic_plugins.targets.static.kernels import is_missing

NAME, VERSION, BUNDLE = "model", "", ""
MODEL: Any = None


def lines_of_json(model, lines, out, today):
    """Answer a JSON object a line with a JSON object a line; return how many were refused."""
    refused = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_constant=refuse_constant)
            if not isinstance(row, dict):
                raise Refused("a row is a JSON object with a value for each column")
            found = model.predict(row, today)
        except ValueError as error:
            if isinstance(error, Expired):
                raise
            refused, found = refused + 1, told(error)
        out.write(json.dumps(found, ensure_ascii=False) + "\n")
    return refused


def told(error):
    """Return a refusal as a program reads it."""
    if not isinstance(error, Refused):
        return {"error": str(error), "column": None, "reason": "unreadable"}
    return {"error": str(error), "column": error.column, "reason": error.reason}


def refuse_constant(word):
    """Refuse what looks like a number and is no JSON."""
    raise Refused(f"{word} is no JSON: give null where a cell is missing")


def lines_of_csv(model, lines, out, today):
    """Answer a CSV with a header with another one; return how many rows were refused."""
    reader, refused = csv.DictReader(lines), 0
    lost = [column.name for column in model.inputs if column.name not in (reader.fieldnames or ())]
    if lost:
        raise Refused(f"the data lack {len(lost)} needed columns: {', '.join(map(repr, lost))}")
    names = ["prediction"] + ["p_" + label for label in model.classes]
    writer = csv.DictWriter(out, [*names, "error"], lineterminator="\n")
    writer.writeheader()
    for row in reader:
        try:
            writer.writerow(model.predict(row, today))
        except Refused as error:
            if isinstance(error, Expired):
                raise
            refused += 1
            writer.writerow({"error": str(error)})
    return refused


def answer_lines(model, today):
    """Answer rows from stdin on stdout; return how many were refused."""
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace", newline="")  # type: ignore[union-attr]  # they are streams of text
    model.refuse_expired(today)
    first = sys.stdin.readline()
    while first and not first.strip():
        first = sys.stdin.readline()
    answered = lines_of_json if first.lstrip().startswith("{") else lines_of_csv
    return answered(model, chained(first, sys.stdin), sys.stdout, today)


def day_of(text):
    """Return a day as a number of days since 1970; None where it is none."""
    found = read_moment(text)
    return None if found is None or is_missing(found) else found


def chained(first, rest):
    """Yield a line and those behind it."""
    if first:
        yield first
    yield from rest


def main(arguments):
    """Answer rows from stdin on stdout; exit status 3 where rows were refused, 1 where the model has expired."""
    if "--version" in arguments:
        expires = None if MODEL.last_day is None else as_date(MODEL.last_day)
        sys.stdout.write(json.dumps({"name": NAME, "version": VERSION, "bundle": BUNDLE, "expires": expires}) + "\n")
        return 0
    today = None
    for argument in arguments:
        word, _, day = argument.partition("=")
        today = day_of(day)
        if word != "--today" or today is None:
            sys.stderr.write(f"{NAME}: rows on stdin, CSV or JSON lines; --today=2026-01-31, --version\n")
            return 2
    try:
        return 3 if answer_lines(MODEL, today) else 0
    except Refused as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        return 1 if isinstance(error, Expired) else 3
    except BrokenPipeError:  # nobody reads on, as behind `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
