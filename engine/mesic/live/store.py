"""Where a deployment keeps what it knows: one SQLite file, in which an action is there as a whole or not at all.

Any number of processes read and write it, also after one of them was killed: SQLite's locks order them, its journal
takes back what was half done. On a network disk its file locks must work.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesic.errors import CheckFailed, UsageError

FILE = "deployment.sqlite"
FORMAT = 2
WAIT_S = 10.0
HISTORY_KEPT = 1000
TABLES = """
TABLE deployment (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER, facts TEXT, secret BLOB);
TABLE history (number INTEGER PRIMARY KEY AUTOINCREMENT, facts TEXT);
TABLE rollout (id TEXT PRIMARY KEY, state TEXT, publication INTEGER, published TEXT, decision TEXT, report TEXT);
TABLE counts (number INTEGER PRIMARY KEY AUTOINCREMENT, rollout TEXT, facts TEXT);
TABLE outcome (id TEXT PRIMARY KEY, rollout TEXT, arm TEXT, reward REAL, time REAL, propensity REAL,
    is_counted INTEGER);
INDEX outcome_to_count ON outcome (is_counted);
TABLE answer (number INTEGER PRIMARY KEY AUTOINCREMENT, request TEXT, row INTEGER, id TEXT,
    answer TEXT, time REAL, UNIQUE (request, row));
"""


class Store:
    """The file of one deployment.

    Parameters
    ----------
    folder
        Of the deployment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / FILE

    def exists(self) -> bool:
        """Return whether there is a deployment."""
        return self.path.is_file()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection on which only questions are asked.

        Raises
        ------
        UsageError
            There is no deployment.
        CheckFailed
            The file cannot be read.
        """
        if not self.exists():
            raise UsageError(
                f"deployment={self.folder} is none: it has no {FILE}; begin one with `mesic deploy run=DIR deployment=`"
            )
        with self._connected() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction: all that is done within is there in the end, or nothing of it.

        Raises
        ------
        CheckFailed
            The file cannot be read or written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if connection.execute("PRAGMA user_version").fetchone()[0] < FORMAT:
                    _make_tables(connection)
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None)
            try:
                connection.execute("PRAGMA trusted_schema = OFF")
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise CheckFailed(f"deployment {self.folder}: {FILE} cannot be used: {error}") from error


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in filter(str.strip, TABLES.split(";")):
        kind, _, rest = statement.strip().partition(" ")
        connection.execute(f"CREATE {kind} IF NOT EXISTS {rest}")  # a store of an older format lacks some
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def written(value: Any) -> str:
    """Return a value as JSON text."""
    from mesic.runs.files import finite

    return json.dumps(finite(value), ensure_ascii=False)
