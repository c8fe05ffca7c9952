"""Columns that no learner sees and that say something of a row all the same: for whom is the model worse."""

import pandas as pd

from mesic.data.reading import TypedTable
from mesic.data.view import frame_of

READABLE = ("number", "boolean", "category", "time")


def columns_aside(table: TypedTable) -> pd.DataFrame:
    """Return the typed columns of all rows that are neither target nor feature, but for ids, texts and constants.

    They are handed to evaluators only, with rows that are already predicted: what ``source.ignore`` names, what the
    schema leaves out, and the columns of groups, times, weights and parts.
    """
    names = [
        column.name
        for column in table.schema.columns
        if column.role not in ("feature", "target") and column.kind in READABLE
    ]
    return frame_of({name: table.columns[name] for name in names}, table.rows)
