"""What came of answers: rewards, or labels that are made rewards. Each counts once, and the first one counts.

What was decided by an outcome cannot be taken back, and who may tell again until it fits could steer a roll-out: the
same outcome again changes nothing, another one of the same answer is refused.
"""

import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mesic.errors import UsageError
from mesic.live.answers import NotKept, found
from mesic.live.labels import labels_of, measure_of
from mesic.live.ledger import Ledger, seen_in
from mesic.live.measures import Measure
from mesic.live.tokens import Token, Tokens

KEYS = ("id", "request_id", "row", "reward", "label")
HOW = (
    'give "id" (of the answer), or "request_id" and, of a request of several rows, "row"; and "label", or "reward", a '
    "number"
)
EXPECTED = {
    "id": "the id of an answer of this deployment",
    "request_id": "the request_id of an answer that is kept",
    "row": "the number of a row of that request, from 0",
    "reward": "a number",
    "label": "what turned out to be right, once",
}


class Unusable(UsageError):
    """One outcome cannot be taken.

    Parameters
    ----------
    field
        Which part of it is wrong.
    message
        How.
    is_unkept
        Whether the answer may be there in a moment.
    """

    def __init__(self, field: str, message: str, *, is_unkept: bool = False) -> None:
        self.field, self.is_unkept = field, is_unkept
        super().__init__(message)


class OutcomesRefused(UsageError):
    """Outcomes that are told together, of which some cannot be taken: none is.

    Parameters
    ----------
    problems
        ``row`` (the outcome's number), ``field``, ``message``, ``expected`` of each.
    may_come
        Whether all of them may be usable in a moment.
    """

    def __init__(self, problems: Sequence[Mapping[str, Any]], *, may_come: bool) -> None:
        self.problems, self.may_come = problems, may_come
        super().__init__(f"{problems[0]['message']}; no outcome of this request was taken")


@dataclass
class Taken:
    """What became of outcomes.

    Parameters
    ----------
    taken
        So many are new and count.
    repeated
        Were told before, and count once.
    late
        Are new and kept, but their roll-out has ended, or there was none.
    problems
        Those that were refused, see :class:`OutcomesRefused`.
    """

    taken: int = 0
    repeated: int = 0
    late: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many became what."""
        return {"taken": self.taken, "repeated": self.repeated, "late": self.late}


def take(ledger: Ledger, tokens: Tokens, outcomes: Sequence[Any], *, whole: bool = True) -> Taken:
    """Keep outcomes; they are on the disk before this returns.

    Parameters
    ----------
    ledger
        Of the deployment.
    tokens
        Reads the ids of answers.
    outcomes
        Mappings of :data:`KEYS`.
    whole
        Whether none is taken where one is refused.

    Raises
    ------
    OutcomesRefused
        One cannot be taken, and `whole` is asked for.
    CheckFailed
        The store cannot be written.
    """
    told, unkept = Taken(), 0
    with ledger.store.changing() as connection:
        taking = _Taking(connection, ledger, tokens)
        for number, one in enumerate(outcomes):
            try:
                became = taking.become(one)
            except Unusable as error:
                unkept += error.is_unkept
                wanted = EXPECTED.get(error.field, HOW)
                problem = {"row": number, "field": error.field, "message": str(error), "expected": wanted}
                told.problems.append(problem)
            else:
                setattr(told, became, getattr(told, became) + 1)
        if told.problems and whole:
            raise OutcomesRefused(told.problems, may_come=unkept == len(told.problems))
    return told


class _Taking:
    """Takes outcomes within one transaction."""

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger, tokens: Tokens) -> None:
        self.connection, self.tokens = connection, tokens
        self.deployment = seen_in(connection, ledger.folder).deployment
        self.labels = labels_of(self.deployment)
        self.rolling = self.deployment.rolling.id if self.deployment.rolling else None

    @cached_property
    def measure(self) -> Measure:
        measure = measure_of(self.deployment)
        measure.refuse_unfit()
        return measure

    def become(self, said: Any) -> str:
        """Take one outcome; return what it became: ``taken``, ``repeated``, ``late``."""
        _refuse_shapeless(said)
        token, answer = self._answered(said)
        reward = _reward(said) if "reward" in said else self._worth(answer, said["label"])
        query = "SELECT reward FROM outcome WHERE id = ?"
        if (before := self.connection.execute(query, (token.id,)).fetchone()) is not None:
            if before[0] == reward:
                return "repeated"
            which = "reward" if "reward" in said else "label"
            raise Unusable(
                which, f"{which}={str(said[which])[:60]!r} is not what was told of this answer before, which counts"
            )
        row = (token.id, token.rollout, token.arm, reward, time.time(), token.propensity)
        self.connection.execute("INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?, 0)", row)
        return "taken" if token.rollout == self.rolling else "late"

    def _answered(self, said: Mapping[str, Any]) -> tuple[Token, Any]:
        """Return which answer it is of, and, where a label tells its worth, what it said."""
        if "id" not in said:
            name, answer = self._found("request_id", said["request_id"], said.get("row"))
            return self.tokens.read(name), answer
        try:
            token = self.tokens.read(said["id"])
        except UsageError as error:
            raise Unusable("id", str(error)) from error
        if "reward" in said:
            return token, None
        name, answer = self._found("id", token.request_id, token.row)
        if name != token.id:
            raise Unusable(
                "id", f"request {token.request_id[:60]!r} was asked again, and that answer is kept: tell of it"
            )
        return token, answer

    def _found(self, field: str, request_id: str, row: int | None) -> tuple[str, Any]:
        try:
            return found(self.connection, request_id, row, self.labels)
        except NotKept as error:
            raise Unusable(field, str(error), is_unkept=True) from error
        except UsageError as error:
            raise Unusable("row", str(error)) from error

    def _worth(self, answer: Any, label: object) -> float:
        try:
            return self.measure.reward(answer, label)
        except UsageError as error:
            raise Unusable("label", str(error)) from error


def _refuse_shapeless(said: Any) -> None:
    """Raise Unusable where an outcome is none, whatever is known of its answer."""
    if not isinstance(said, Mapping) or not said.keys() <= set(KEYS):
        raise Unusable("", f"an outcome is {str(said)[:60]!r}: {HOW}")
    if ("id" in said) == ("request_id" in said) or ("reward" in said) == ("label" in said):
        raise Unusable("", f"an outcome holds {', '.join(said) or 'nothing'}: {HOW}")
    if "request_id" in said and not isinstance(said["request_id"], str):
        raise Unusable("request_id", f"request_id={str(said['request_id'])[:60]!r} is no text: {HOW}")
    row = said.get("row")
    if row is not None and ("id" in said or type(row) is not int or row < 0):
        raise Unusable("row", f"row={str(row)[:60]!r} cannot work: a whole number from 0, beside request_id: {HOW}")


def _reward(said: Mapping[str, Any]) -> float:
    reward = said["reward"]
    if isinstance(reward, bool) or not isinstance(reward, (int, float)) or not math.isfinite(reward):
        raise Unusable("reward", f"reward={str(reward)[:60]!r} is no number: {HOW}")
    return float(reward)
