"""Adding up what processes counted, and doing what the roll-out decides: one transaction, whoever is first."""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mesic.errors import MesicError, UsageError
from mesic.host.building import build
from mesic.host.registry import installed
from mesic.live.deployment import Deployment, Rolling
from mesic.live.ledger import Change, Ledger, Seen, changed, waiting_counts
from mesic.live.store import written
from mesic.live.tallies import folded, reported
from mesic.rollout.rollout import Decision, Rollout
from mesic.rollout.state import Outcome, RolloutState
from mesic.rollout.sums import Sums

MOST_OUTCOMES = 5000
LONGEST_LIVE_S = 5.0
ENDS = ("promote", "rollback", "keep")


def built(rolling: Rolling) -> Rollout:
    """Return the roll-out that a deployment names.

    Raises
    ------
    ComponentError
        It is not installed.
    """
    address = f"rollout/{rolling.name}"
    offer = installed().find("rollout", rolling.name, {address: rolling.distribution})
    rollout: Rollout = build(offer, rolling.options, seed=rolling.seed)
    return rollout


def begin(connection: sqlite3.Connection, deployment: Deployment) -> None:
    """Write the state of a roll-out before its first outcome."""
    rolling = deployment.rolling
    if rolling is None or deployment.candidate is None:
        raise UsageError("there is no roll-out to begin")
    rollout = built(rolling)
    state = rollout.begin([deployment.current, deployment.candidate])
    text, said = state.to_json(), written({"shares": rollout.shares(state)})
    values = (rolling.id, text, 1, text, said, None)
    connection.execute("INSERT INTO rollout VALUES (?, ?, ?, ?, ?, ?)", values)


class Judge:
    """Adds up what was counted of the roll-out under way, and acts on what it decides.

    Parameters
    ----------
    ledger
        Of the deployment.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._built: tuple[str, Rollout] | None = None

    def rollout(self, rolling: Rolling) -> Rollout:
        """Return the roll-out, built once."""
        if self._built is None or self._built[0] != rolling.id:
            self._built = (rolling.id, built(rolling))
        return self._built[1]

    def judge(self, seen: Seen) -> Change | None:
        """Fold, decide, act; return what was done, None where the roll-out goes on or another process was faster.

        Parameters
        ----------
        seen
            The deployment as it was last looked at.
        """
        rolling = seen.deployment.rolling
        if rolling is None:
            return None
        rollout = self.rollout(rolling)
        with self.ledger.store.changing() as connection:
            if connection.execute("SELECT generation FROM deployment").fetchone()[0] != seen.generation:
                return None
            state, report = _added_up(connection, rolling.id, rollout)
            state = _with_time(state, rollout, report)
            decision = _decision(rollout, state)
            _keep(connection, rolling.id, rollout, state, (decision, report))
            return self._acted(connection, seen, rolling, decision)

    def _acted(self, connection: sqlite3.Connection, seen: Seen, rolling: Rolling, decision: Decision) -> Change | None:
        if decision.action not in ENDS:
            return None

        def become(before: Deployment | None) -> Deployment:
            assert before is not None
            return before.replaced(decision.arm) if decision.action == "promote" else before.ended()

        why = str(decision.evidence.get("why", "the roll-out decided"))
        told = (decision.action, why, f"{rolling.name} {rolling.id}", decision.evidence)
        return changed(connection, self.ledger.folder, become, told, expected=seen.generation)


def _with_time(state: RolloutState, rollout: Rollout, report: dict[str, Any]) -> RolloutState:
    """Return the state that knows how long the roll-out was live, times in which nobody served left out."""
    now = time.time()
    seconds = min(max(0.0, now - report.get("judged", now)), LONGEST_LIVE_S)
    report["judged"] = now
    return state.observed(rollout.reference_of(state), measures={("seconds",): Sums.of([seconds])})


def _added_up(connection: sqlite3.Connection, rollout_id: str, rollout: Rollout) -> tuple[RolloutState, dict[str, Any]]:
    """Return state and report with everything that waits; it waits no longer."""
    query = "SELECT state, report FROM rollout WHERE id = ?"
    text, told = connection.execute(query, (rollout_id,)).fetchone()
    state, report = RolloutState.from_json(text), json.loads(told) if told else {}
    for counts in waiting_counts(connection, rollout_id):
        state, report = folded(state, counts), reported(report, counts)
    known = {arm.name for arm in state.arms}
    query = "SELECT id, arm, reward, time, propensity FROM outcome WHERE is_counted = 0 AND rollout = ? LIMIT ?"
    rows = connection.execute(query, (rollout_id, MOST_OUTCOMES)).fetchall()
    came = [Outcome("", arm, reward, at, share, name) for name, arm, reward, at, share in rows if arm in known]
    connection.executemany("UPDATE outcome SET is_counted = 1 WHERE id = ?", [(row[0],) for row in rows])
    return rollout.update_all(state, came), report


def _decision(rollout: Rollout, state: RolloutState) -> Decision:
    try:
        return rollout.decide(state)
    except Exception as error:  # noqa: BLE001 - a roll-out of strangers that fails must not lose what was counted
        reference = rollout.reference_of(state)
        return Decision("continue", reference, {"why": f"it could not decide: {type(error).__name__}: {error}"})


def _keep(
    connection: sqlite3.Connection,
    rollout_id: str,
    rollout: Rollout,
    state: RolloutState,
    told: tuple[Decision, Mapping[str, Any]],
) -> None:
    """Write the state down, and publish it where it changes who answers."""
    query = "SELECT publication, published FROM rollout WHERE id = ?"
    number, published = connection.execute(query, (rollout_id,)).fetchone()
    shares = rollout.shares(state)
    if shares != rollout.shares(RolloutState.from_json(published)):
        number, published = number + 1, state.to_json()
    decision, report = told
    said = {
        "action": decision.action,
        "arm": decision.arm,
        "evidence": decision.evidence,
        "findings": [one.as_dict() for one in decision.findings],
        "shares": shares,
    }
    connection.execute(
        "UPDATE rollout SET state = ?, publication = ?, published = ?, decision = ?, report = ? WHERE id = ?",
        (state.to_json(), number, published, written(said), written(report), rollout_id),
    )


def unfit(ledger: Ledger, name: str, error: MesicError) -> Change | None:
    """Take a version out of use that a server cannot answer with; return what was done."""
    why = f"a server cannot answer with {name}: {error}"

    def become(before: Deployment | None) -> Deployment:
        if before is not None and name == before.candidate:
            return before.ended()
        if before is not None and name == before.current and before.previous is not None:
            return before.replaced(before.previous)
        if before is not None and name == before.baseline:
            return replace(before, holdback=0.0, baseline=None)
        raise UsageError(why)

    try:
        return ledger.change(become, action="rollback", why=why, by="server")
    except UsageError:
        return None
