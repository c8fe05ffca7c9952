"""What processes tell each other through the store: the deployment, counts, outcomes, decisions."""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.errors import CheckFailed, UsageError
from mesic.live.deployment import Deployment
from mesic.live.names import checked_name
from mesic.live.store import FILE, HISTORY_KEPT, Store, written


@dataclass(frozen=True)
class Seen:
    """The deployment as it was at one moment.

    Parameters
    ----------
    generation
        Rises with every change.
    publication
        Rises whenever the shares of the roll-out change; 0 without one.
    deployment
        Which versions there are, and what they do.
    secret
        Signs the ids of answers.
    """

    generation: int
    publication: int
    deployment: Deployment
    secret: bytes


@dataclass(frozen=True)
class Change:
    """One action on a deployment.

    Parameters
    ----------
    action
        ``"deploy"``, ``"promote"``, ``"rollback"``, ``"keep"``.
    why
        In words.
    by
        ``"person"``, or the roll-out that decided, such as ``"canary r2"``.
    before, after
        Version in use before and after it.
    generation
        Of the deployment after it.
    time
        Seconds since 1970.
    evidence
        The numbers behind it.
    """

    action: str
    why: str
    by: str
    before: str | None
    after: str
    generation: int
    time: float
    evidence: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return what the history holds."""
        return dict(self.__dict__)


class Ledger:
    """Reads and writes the store of a deployment.

    Parameters
    ----------
    folder
        Of the deployment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, Store(folder)

    def look(self) -> tuple[int, int]:
        """Return generation and publication: what is looked at often."""
        with self.store.reading() as connection:
            return _numbers(connection)

    def seen(self) -> Seen:
        """Return the deployment as it is."""
        with self.store.reading() as connection:
            return seen_in(connection, self.folder)

    def history(self, most: int = 20) -> list[dict[str, Any]]:
        """Return the latest actions, the last one first."""
        with self.store.reading() as connection:
            rows = connection.execute("SELECT facts FROM history ORDER BY number DESC LIMIT ?", (most,))
            return [json.loads(text) for (text,) in rows]

    def change(
        self,
        become: Callable[[Deployment | None], Deployment],
        *,
        action: str,
        why: str,
        by: str = "person",
        evidence: Mapping[str, Any] | None = None,
        expected: int | None = None,
    ) -> Change | None:
        """Do one action, as a whole or not at all; return what it was.

        Parameters
        ----------
        become
            From the deployment as it is, None before the first version, to what it becomes.
        action, why, by, evidence
            For the history.
        expected
            The generation that it is meant for; where another process was faster, nothing is done: None.
        """
        with self.store.changing() as connection:
            return changed(connection, self.folder, become, (action, why, by, evidence or {}), expected=expected)

    def count(self, rollout: str, counts: Mapping[str, Any]) -> None:
        """Leave counts of a roll-out for whoever adds them up; they are added once."""
        with self.store.changing() as connection:
            connection.execute("INSERT INTO counts (rollout, facts) VALUES (?, ?)", (rollout, written(counts)))

    def has_news(self, rollout: str) -> bool:
        """Return whether counts or outcomes of a roll-out wait to be added up."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM counts WHERE rollout = ?1)"
            " OR EXISTS (SELECT 1 FROM outcome WHERE is_counted = 0 AND rollout = ?1)"
        )
        with self.store.reading() as connection:
            return bool(connection.execute(query, (rollout,)).fetchone()[0])

    def published(self, rollout: str) -> tuple[int, str] | None:
        """Return the number and the state by which units are assigned now; None for a roll-out that there never was."""
        with self.store.reading() as connection:
            query = "SELECT publication, published FROM rollout WHERE id = ?"
            row: tuple[int, str] | None = connection.execute(query, (rollout,)).fetchone()
            return row

    def told(self, rollout: str) -> dict[str, Any]:
        """Return the last decision and report of a roll-out."""
        with self.store.reading() as connection:
            query = "SELECT decision, report, state FROM rollout WHERE id = ?"
            decision, report, state = connection.execute(query, (rollout,)).fetchone() or (None, None, None)
            waiting = connection.execute("SELECT count(*) FROM counts WHERE rollout = ?", (rollout,)).fetchone()[0]
            outcomes = connection.execute(
                "SELECT arm, count(*), avg(reward) FROM outcome WHERE rollout = ? GROUP BY arm ORDER BY arm", (rollout,)
            ).fetchall()
        return {
            "decision": json.loads(decision) if decision else None,
            "report": json.loads(report) if report else {},
            "state": state,
            "waiting": waiting,
            "outcomes": {arm: {"outcomes": count, "mean": mean} for arm, count, mean in outcomes},
        }


def _numbers(connection: sqlite3.Connection) -> tuple[int, int]:
    query = "SELECT generation, (SELECT coalesce(sum(publication), 0) FROM rollout) FROM deployment"
    row: tuple[int, int] | None = connection.execute(query).fetchone()
    if row is None:
        raise UsageError("the deployment holds no version yet: `mesic deploy run=DIR deployment=` deploys one")
    return row


def seen_in(connection: sqlite3.Connection, folder: Path) -> Seen:
    """Return the deployment as a connection sees it, also within a transaction."""
    generation, publication = _numbers(connection)
    facts, secret = connection.execute("SELECT facts, secret FROM deployment").fetchone()
    try:
        deployment = Deployment.of(json.loads(facts))
        for name in {*deployment.kept, *deployment.versions}:
            checked_name(name)
        return Seen(generation, publication, deployment, bytes(secret))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckFailed(f"deployment {folder}: {FILE} holds what cannot be read: {error}") from error


def changed(
    connection: sqlite3.Connection,
    folder: Path,
    become: Callable[[Deployment | None], Deployment],
    told: tuple[str, str, str, Mapping[str, Any]],
    *,
    expected: int | None = None,
) -> Change | None:
    """Do one action within a transaction; see :meth:`Ledger.change`."""
    row = connection.execute("SELECT generation FROM deployment").fetchone()
    before = None if row is None else seen_in(connection, folder).deployment
    generation = 0 if row is None else row[0]
    if expected is not None and generation != expected:
        return None
    after = become(before)
    action, why, by, evidence = told
    done = Change(
        action, why, by, before.current if before else None, after.current, generation + 1, time.time(), evidence
    )
    if row is None:
        values = (generation + 1, written(after.as_dict()), secrets.token_bytes(16))
        connection.execute("INSERT INTO deployment VALUES (1, ?, ?, ?)", values)
    else:
        values_of_change = (generation + 1, written(after.as_dict()))
        connection.execute("UPDATE deployment SET generation = ?, facts = ?", values_of_change)
    number = connection.execute("INSERT INTO history (facts) VALUES (?)", (written(done.as_dict()),)).lastrowid
    connection.execute("DELETE FROM history WHERE number <= ?", ((number or 0) - HISTORY_KEPT,))
    return done


def waiting_counts(connection: sqlite3.Connection, rollout: str) -> Iterator[dict[str, Any]]:
    """Yield counts that were left, and take them away."""
    rows = connection.execute("SELECT number, facts FROM counts WHERE rollout = ? ORDER BY number", (rollout,))
    for number, text in rows.fetchall():
        connection.execute("DELETE FROM counts WHERE number = ?", (number,))
        yield json.loads(text)
