"""Cells and columns of a view as people read them: times as dates, truths as they are, levels as texts."""

import datetime

import pandas as pd

WHOLE_UP_TO = 1e15


def column_of(rows, name):
    """Return a column of a view's rows: a feature, or one that no learner sees."""
    return rows.X[name] if name in rows.X else rows.aside[name]


def names_of(rows):
    """Return the names of all columns of a view's rows, features first."""
    aside = [] if rows.aside is None else [name for name in rows.aside if name not in rows.X]
    return [*rows.X, *aside]


def kind_of(view, name):
    """Return what the schema calls a column."""
    told = view.columns.get(str(name), {}).get("kind")
    return told or ("category" if is_levels(column_of(view, name)) else "number")


def is_levels(column):
    """Return whether a column holds levels."""
    return isinstance(column.dtype, pd.CategoricalDtype)


def cell_text(value, kind="number"):
    """Return a cell as text.

    Examples
    --------
    >>> cell_text(19723.5, "time"), cell_text(19723.0, "time"), cell_text(2.50), cell_text(None), cell_text("b")
    ('2024-01-01T12:00:00', '2024-01-01', '2.5', 'missing', 'b')
    """
    if pd.isna(value):
        return "missing"
    if kind == "time":
        return moment_text(float(value))
    return number_text(float(value)) if isinstance(value, float) else str(value)


def number_text(value):
    """Return a number in six digits, a whole one in full."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < WHOLE_UP_TO else f"{value:.6g}"


def moment_text(days):
    """Return days since 1970 as a date, with the time of day where it is not midnight; days where no calendar goes."""
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=round(days * 86_400))
    except OverflowError:
        return f"{days:g} days from 1970"
    return moment.isoformat().removesuffix("T00:00:00")


def days_of(text):
    """Return a date or time, UTC, as days since 1970.

    Raises
    ------
    ValueError
        The text is neither.
    """
    moment = datetime.datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) / datetime.timedelta(days=1)
