"""Which version answers a row while a deployment has several, and what is taken note of meanwhile."""

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from mesic.errors import CheckFailed
from mesic.live.labels import labels_of
from mesic.live.ledger import Seen
from mesic.live.tallies import Tally
from mesic.live.tokens import Tokens
from mesic.rollout.rollout import Assignment, Rollout
from mesic.rollout.state import RolloutState
from mesic.rollout.units import key_of, number_of
from mesic.serving.answered import Answered
from mesic.serving.beside import Beside
from mesic.serving.lateness import Marks
from mesic.serving.messages import encoded
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row

Told = TypeVar("Told")
UNIT_HEADER = b"x-unit"
HOLDBACK, CURRENT, CANDIDATE = "holdback", "current", "candidate"
ABSTAINED = "no decision"
HELD_KEY = key_of(0, HOLDBACK)


def _refuse_expired(release: Release) -> None:
    if release.is_expired(time.time()):
        raise CheckFailed(f"version {release.version} has expired")


@dataclass(slots=True)
class Routed:
    """Who answers a row.

    Parameters
    ----------
    release
        What answers.
    arm
        ``"current"``, ``"candidate"`` or ``"holdback"``.
    propensity
        Probability with which it was to be that one.
    """

    release: Release
    arm: str
    propensity: float


@dataclass(frozen=True)
class Assigning:
    """By what units are assigned; it changes when the shares do."""

    rollout: Rollout
    state: RolloutState


class Router:
    """Chooses among the versions of a deployment.

    Parameters
    ----------
    seen
        The deployment.
    releases
        Its versions, by name.
    assigning
        The roll-out under way; None: there is none.
    tokens
        Makes the ids of answers.
    beside
        Takes rows that the other version answers, too; None: nobody does.
    answered
        Takes answers that labels may come for; None: nobody does.
    marks
        Where it is said that the candidate answers, for whoever watches.
    """

    def __init__(
        self,
        seen: Seen,
        releases: Mapping[str, Release],
        assigning: Assigning | None,
        *,
        tokens: Tokens,
        beside: Beside | None = None,
        answered: Answered | None = None,
        marks: Marks | None = None,
    ) -> None:
        self.seen, self.assigning, self.tokens, self.beside = seen, assigning, tokens, beside
        self._watched = Marks([0.0, 0.0]) if marks is None else marks
        deployment = seen.deployment
        self.current = releases[deployment.current]
        self.candidate = releases[deployment.candidate] if deployment.candidate else None
        self.baseline = releases[deployment.baseline] if deployment.baseline and deployment.holdback else None
        self.holdback, self.unit = deployment.holdback if self.baseline else 0.0, deployment.unit
        self.rollout_id = deployment.rolling.id if deployment.rolling else "-"
        self.strange_unit = self.unit is not None and self.unit not in self.current.scorer.names
        self.tally = Tally()
        self._sole = self._who_has_all()
        self.kept_by = answered if self._is_shared_out() and labels_of(deployment).rows else None
        self._everybody = self._who_answers_all()
        self._notes: list[tuple[Routed, Sequence[Row | bytes], Sequence[Answer], float | None]] = []
        self._heads: dict[tuple[str, float], bytes] = {}

    def unit_of(self, headers: Mapping[bytes, bytes], row: Row) -> str:
        """Return who is to be answered: by the header, a field of the row, or, without either, this request."""
        if (named := headers.get(UNIT_HEADER)) is not None:
            return named.decode("latin-1")
        if self.unit is not None and isinstance(row, Mapping) and row.get(self.unit) is not None:
            return str(row[self.unit])
        return self.tokens.unique()

    def without_unit(self, row: Row) -> Row:
        """Return a row without the field that names its unit, where the model does not know it."""
        if self.strange_unit and isinstance(row, Mapping) and self.unit in row:
            return {name: cell for name, cell in row.items() if name != self.unit}
        return row

    def chosen(self, headers: Mapping[bytes, bytes], row: Row) -> Routed:
        """Return who answers a row."""
        if self._everybody is None:
            return self.routed(self.unit_of(headers, row))
        self.tally.assigned[self._everybody.release.version] += 1
        return self._everybody

    def routed(self, unit: str) -> Routed:
        """Return who answers a unit."""
        if self.baseline is not None and number_of(unit, HELD_KEY) < self.holdback:
            return Routed(self.baseline, HOLDBACK, self.holdback)
        if self.assigning is None or self.candidate is None:
            return Routed(self.current, CURRENT, 1 - self.holdback)
        arm, share = self._sole or self._assigned(unit, self.assigning)
        self.tally.assigned[arm] += 1
        is_new = arm == self.candidate.version
        return Routed(
            self.candidate if is_new else self.current, CANDIDATE if is_new else CURRENT, share * (1 - self.holdback)
        )

    def _who_has_all(self) -> Assignment | None:
        """Return the version that every unit is assigned to, where there is one: nobody needs to draw then."""
        if self.assigning is None:
            return None
        try:
            shares = self.assigning.rollout.shares(self.assigning.state)
        except Exception:  # noqa: BLE001 - a roll-out of strangers; what is wrong with it shows at the first unit
            return None
        return next((Assignment(arm, 1.0) for arm, share in shares.items() if share == 1), None)

    def _is_shared_out(self) -> bool:
        """Return whether outcomes can tell versions apart."""
        is_tried = self.assigning is not None and (self._sole is None or self._sole.arm != self.current.version)
        return is_tried or self.baseline is not None

    def _who_answers_all(self) -> Routed | None:
        """Return who answers every unit, where that hangs on no unit."""
        if self._sole is None or self.baseline is not None or self.candidate is None:
            return None
        is_new = self._sole.arm == self.candidate.version
        return Routed(self.candidate, CANDIDATE, 1.0) if is_new else Routed(self.current, CURRENT, 1.0)

    def _assigned(self, unit: str, assigning: Assigning) -> Assignment:
        try:
            return assigning.rollout.assign(unit, assigning.state)
        except Exception as error:  # noqa: BLE001 - a roll-out of strangers that fails must not cost an answer
            self.tally.fail(self.current.version, error)
            return Assignment(self.current.version, 1.0)

    def groups(self, headers: Mapping[bytes, bytes], rows: Sequence[Row]) -> Iterator[tuple[Routed, list[int]]]:
        """Yield who answers, and the places of the rows that they answer."""
        groups: dict[str, tuple[Routed, list[int]]] = {}
        for place, row in enumerate(rows):
            routed = self.chosen(headers, row)
            groups.setdefault(routed.arm, (routed, []))[1].append(place)
        yield from groups.values()

    def answered(self, routed: Routed, produce: Callable[[Release], Told]) -> tuple[Routed, Told, float | None]:
        """Return who answered, what, and in which time; where the candidate fails, the version in use answers unheard.

        Whatever the version in use raises is raised: the row is refused whoever answers. The time of an answer that
        followed a failure tells nothing: None.
        """
        start = perf_counter()
        if routed.arm == CURRENT:
            told = produce(routed.release)
            return routed, told, perf_counter() - start
        try:
            _refuse_expired(routed.release)
            told = self._tried(routed.release, produce) if routed.arm == CANDIDATE else produce(routed.release)
        except Exception as error:  # noqa: BLE001 - whatever a new version does, the old one answers
            told = produce(self.current)
            if routed.arm == CANDIDATE:
                self.tally.fail(routed.release.version, error)
            return Routed(self.current, CURRENT, 1.0 - self.holdback - routed.propensity), told, None
        return routed, told, perf_counter() - start

    def _tried(self, release: Release, produce: Callable[[Release], Told]) -> Told:
        """Let the candidate answer, watched."""
        self._watched.began()
        try:
            return produce(release)
        finally:
            self._watched.ended()

    def noted(
        self,
        routed: Routed,
        rows: Sequence[Row | bytes],
        answers: Sequence[Answer],
        *,
        seconds: float | None = None,
    ) -> None:
        """Take note of answers: in :meth:`settle` they are counted, and handed to whoever answers beside.

        Parameters
        ----------
        routed
            Who answered.
        rows
            What was asked: rows, or the JSON that they came in.
        answers
            One a row.
        seconds
            That the answer to one row took.
        """
        self._notes.append((routed, rows, answers, seconds))

    def settle(self) -> None:
        """Do what is due for the answers that were given: their replies are on their way, so that no caller waits."""
        notes, self._notes = self._notes, []
        for routed, rows, answers, seconds in notes:
            if self.assigning is not None and routed.arm != HOLDBACK:
                if seconds is not None:
                    self.tally.add(routed.release.version, ("latency",), math.log(max(seconds, 1e-9)))
                self._count(self.assigning.rollout, routed, rows, answers)

    def _count(self, rollout: Rollout, routed: Routed, rows: Sequence[Row | bytes], answers: Sequence[Answer]) -> None:
        for answer in answers:
            said = answer["prediction"]
            if said is None or isinstance(said, str):
                self.tally.add(routed.release.version, ("said", said or ABSTAINED), 1.0)
            else:
                self.tally.add(routed.release.version, ("value",), float(said))
        if self.beside is None or not rollout.beside:
            return
        share = 1.0 if routed.arm == CANDIDATE else rollout.beside
        for row, answer in zip(rows, answers, strict=True):
            if share == 1.0 or random.random() < share:  # noqa: S311 - which rows are compared is no secret
                self.beside.take(self.rollout_id, routed.release.version, row, answer)

    def named(self, routed: Routed, answer: Answer, *, request_id: str, row: int = 0) -> str:
        """Return the id of an answer, by which outcomes are told; it is kept for its label."""
        who = HOLDBACK if routed.arm == HOLDBACK else routed.release.version
        name = self.tokens.made(self.rollout_id, who, routed.propensity, request_id=request_id, row=row)
        if self.kept_by is not None:
            self.kept_by.take(request_id, row, name, answer)
        return name

    def marks(self, routed: Routed, name: str) -> dict[str, Any]:
        """Return what an answer with an id says of who gave it."""
        return {
            "bundle": routed.release.digest,
            "version": routed.release.version,
            "arm": routed.arm,
            "propensity": routed.propensity,
            "id": name,
        }

    def head(self, routed: Routed, name: str) -> bytes:
        """Return how the answer to one row begins: its marks, as JSON without the end."""
        key = (routed.arm, routed.propensity)
        if key not in self._heads:
            self._heads[key] = encoded(self.marks(routed, ""))[: -len('"}')]
        return self._heads[key] + name.encode() + b'",'

    def facts(self) -> dict[str, Any]:
        """Return what the deployment does, for people and machines."""
        deployment = self.seen.deployment
        rolling = deployment.rolling
        return {
            "generation": self.seen.generation,
            "current": deployment.current,
            "candidate": deployment.candidate,
            "rollout": rolling and {"id": rolling.id, "name": rolling.name},
            "shares": self.assigning.rollout.shares(self.assigning.state) if self.assigning else None,
            "holdback": deployment.holdback,
        }
