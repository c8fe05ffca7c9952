"""Answers that wait for their labels, in the store of a deployment: so many, for so long."""

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mesic.errors import UsageError
from mesic.live.labels import Labels
from mesic.live.measures import SHARE

DAY_S = 86_400


class KeptAnswer(NamedTuple):
    """An answer as a server keeps it."""

    request_id: str
    row: int
    id: str
    answer: Mapping[str, Any]


class NotKept(UsageError):
    """An answer is not there: it never was, is too old, or is not written down yet."""


def keep(connection: sqlite3.Connection, answers: Iterable[KeptAnswer], labels: Labels) -> None:
    """Write answers down, and let the oldest go. Of a request that is asked again the last answer counts."""
    import msgspec

    now = time.time()
    rows = [(one.request_id, one.row, one.id, msgspec.json.encode(_said(one.answer)).decode(), now) for one in answers]
    connection.executemany(
        "INSERT OR REPLACE INTO answer (request, row, id, answer, time) VALUES (?, ?, ?, ?, ?)", rows
    )
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM answer").fetchone()
    query = "SELECT number FROM answer WHERE time >= ? ORDER BY number LIMIT 1"
    fresh = connection.execute(query, (now - labels.days * DAY_S,)).fetchone()
    first = max(last - labels.rows + 1, fresh[0] if fresh else last + 1)
    connection.execute("DELETE FROM answer WHERE number < ?", (first,))


def _said(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name == "prediction" or name.startswith(SHARE)}


def found(connection: sqlite3.Connection, request_id: str, row: int | None, labels: Labels) -> tuple[str, Any]:
    """Return id and content of an answer.

    Parameters
    ----------
    connection
        Of the store.
    request_id, row
        Of the request, and the number of the row in it; None: the request had one row.
    labels
        How many are kept.

    Raises
    ------
    NotKept
        It is not there.
    UsageError
        The request had several rows and none is named, or not so many.
    """
    query = "SELECT count(*), max(row) FROM answer WHERE request = ?"
    count, last = connection.execute(query, (request_id,)).fetchone()
    if not count:
        raise NotKept(f"the answer to request {request_id[:60]!r} is not kept: {_kept_words(connection, labels)}")
    if row is None and last > 0:
        raise UsageError(f"request {request_id[:60]!r} had {last + 1} rows: say which, row=0 to row={last}")
    query = "SELECT id, answer FROM answer WHERE request = ? AND row = ?"
    one = connection.execute(query, (request_id, row or 0)).fetchone()
    if one is None:
        raise UsageError(f"row={row} is none of request {request_id[:60]!r}, which had rows 0 to {last}")
    return one[0], json.loads(one[1])


def _kept_words(connection: sqlite3.Connection, labels: Labels) -> str:
    (oldest,) = connection.execute("SELECT min(time) FROM (SELECT time FROM answer ORDER BY number LIMIT 1)").fetchone()
    since = (
        "there are none yet" if oldest is None else f"the oldest is of {datetime.fromtimestamp(oldest, UTC):%F %T} UTC"
    )
    many = f"the latest {labels.rows:,} are, for {labels.days:g} days, while a roll-out or a holdback is under way"
    return f"{many}; {since}"
