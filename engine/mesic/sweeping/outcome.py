"""How a job ended: what its return value says, or what stopped it; a small file, written by the job itself."""

import dataclasses
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mesic.errors import UsageError

State = Literal["complete", "pruned", "failed"]
KEYS = ("value", "values", "constraints")
FORMS = "a number, a list of numbers, or {value: ..., constraints: {name: violation}}"


@dataclass(frozen=True)
class Outcome:
    """How one job ended.

    Parameters
    ----------
    state
        Whether it is complete, pruned or failed.
    values
        Its objectives; none unless it is complete.
    constraints
        By how much it violates each; what is 0 or less is met.
    reason
        Why it failed.
    seconds
        How long it took.
    """

    state: State
    values: tuple[float, ...] = ()
    constraints: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0


def outcome_of(returned: Any, objectives: int) -> Outcome:
    """Return what a job's return value says.

    Parameters
    ----------
    returned
        A number, a sequence of numbers, or a mapping of value or values and constraints.
    objectives
        How many numbers are wanted.

    Raises
    ------
    UsageError
        It says no such numbers.

    Examples
    --------
    >>> outcome_of(0.5, 1).values
    (0.5,)
    >>> outcome_of({"values": [1, 2], "constraints": {"size": -3}}, 2).constraints
    {'size': -3.0}
    >>> outcome_of(float("nan"), 1)
    Traceback (most recent call last):
    ...
    mesic.errors.UsageError: the objective is nan: return finite numbers
    """
    if isinstance(returned, Mapping):
        if strange := [key for key in returned if key not in KEYS]:
            raise UsageError(f"the job returned the keys {strange}: return {FORMS}")
        constraints = {str(name): _number(said) for name, said in (returned.get("constraints") or {}).items()}
        returned = returned.get("values", returned.get("value"))
    else:
        constraints = {}
    is_several = isinstance(returned, Sequence) and not isinstance(returned, str)
    values = tuple(map(_number, returned if is_several else [returned]))
    if len(values) != objectives:
        raise UsageError(f"the job returned {len(values)} objectives, and hydra.sweeper.direction names {objectives}")
    return Outcome("complete", values, constraints)


def _number(said: Any) -> float:
    if said is None or isinstance(said, (str, bool)):
        raise UsageError(f"the job returned {said!r}: return {FORMS}")
    try:
        number = float(said)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the job returned {type(said).__name__}: return {FORMS}") from error
    if not math.isfinite(number):
        raise UsageError(f"the objective is {number}: return finite numbers")
    return number


def write_outcome(path: Path, outcome: Outcome) -> None:
    """Write how a job ended, all or nothing.

    It is not forced to the disk, which would take longer than all else: the study's journal is, a moment later, and a
    job whose word a power cut takes away is run again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(json.dumps(dataclasses.asdict(outcome)), encoding="utf-8")
    fresh.replace(path)


def read_outcome(path: Path) -> Outcome | None:
    """Return how a job ended; None where it has not said so."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return Outcome(**said | {"values": tuple(said["values"])})
