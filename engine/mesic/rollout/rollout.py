"""What a roll-out is: pure functions of a state, so that a log of outcomes replays to the byte."""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

from mesic.errors import SettingError, UsageError
from mesic.findings import Finding
from mesic.rollout.state import Outcome, RolloutState, RolloutTerms
from mesic.rollout.units import key_of, number_of, numbers_of

Action = Literal["keep", "promote", "rollback", "continue"]


class Assignment(NamedTuple):
    """Who answers a unit, and with which probability it was to be that one."""

    arm: str
    propensity: float


@dataclass(frozen=True)
class Decision:
    """What a roll-out says after it has seen its state.

    Parameters
    ----------
    action
        ``"promote"`` a version, ``"keep"`` the one in use, ``"rollback"`` to it, or ``"continue"``.
    arm
        The version that is to answer; where the action is to continue, the one that leads.
    evidence
        The numbers behind it, each with interval and method; JSON-able.
    findings
        What is wrong with the outcomes, or keeps it from deciding.
    """

    action: Action
    arm: str
    evidence: Mapping[str, Any]
    findings: tuple[Finding, ...] = field(default=())


class Rollout(ABC):
    """Says which version answers; subclass it with :meth:`shares` and :meth:`decide`.

    Every method is a function of its arguments and of the options alone: no clock, no generator, no memory.

    Parameters
    ----------
    terms
        Range of rewards, half-life, window of repeats.
    seed
        Decides, with the unit's name, who is assigned what.
    floor
        Smallest share of every active version.
    sticky
        Whether a unit keeps its version as long as the shares allow; else it is drawn anew for each version of the
        state.
    batch
        Outcomes that are gathered before assignments look at a new state; servers and the simulator keep to it.
    reference
        The version that was in use before; None: the first by name.
    beside
        Share of the rows that the other version answers, too, off the way of the response, to be compared.
    holdback
        Share of the units that the baseline answers, whatever is rolled out; None: as it was before.
    """

    def __init__(
        self,
        terms: RolloutTerms | None = None,
        *,
        seed: int = 0,
        floor: float = 0.0,
        sticky: bool = False,
        batch: int = 1,
        reference: str | None = None,
        beside: float = 0.0,
        holdback: float | None = None,
    ) -> None:
        self.terms, self.seed, self.floor, self.sticky, self.batch = terms or RolloutTerms(), seed, floor, sticky, batch
        self.reference, self.beside, self.holdback = reference, beside, holdback
        self._table: tuple[RolloutState, int, tuple[str, ...], list[float], list[float]] | None = None

    def begin(self, arms: Iterable[str]) -> RolloutState:
        """Return the state before the first outcome, of these versions.

        Raises
        ------
        UsageError
            There is no version, one is named twice, `reference` is none of them, or the floor leaves no room for all.
        """
        state = RolloutState.begun(arms, self.terms)
        if self.reference is not None and self.reference not in state.active:
            raise SettingError("reference", self.reference, f"one of {', '.join(state.active)}, or null")
        self.shares(state)
        return state

    def reference_of(self, state: RolloutState) -> str:
        """Return the version that was in use before: `reference`, or the first by name where it is not active."""
        return self.reference if self.reference in state.active else state.active[0]

    @abstractmethod
    def shares(self, state: RolloutState) -> dict[str, float]:
        """Return the exact probability of every active version; they sum to 1, each at least the floor."""

    @abstractmethod
    def decide(self, state: RolloutState) -> Decision:
        """Return what to do, with the evidence."""

    def assign(self, unit: str, state: RolloutState) -> Assignment:
        """Return who answers a unit; of equal state, seed and unit always the same."""
        key, arms, shares, ends = self._known(state)
        place = bisect_right(ends, number_of(unit, key))
        return Assignment(arms[place], shares[place])

    def assign_all(self, units: Sequence[str], state: RolloutState) -> tuple[np.ndarray, np.ndarray]:
        """Return places in ``state.active`` and propensities, each of shape (n,), as :meth:`assign` says one by one."""
        key, _, shares, ends = self._known(state)
        places = np.searchsorted(np.array(ends), numbers_of(units, key), side="right")
        return places, np.array(shares)[places]

    def update(self, state: RolloutState, outcome: Outcome) -> RolloutState:
        """Return the state that knows one outcome more."""
        return state.counted((outcome,))

    def update_all(self, state: RolloutState, outcomes: Iterable[Outcome]) -> RolloutState:
        """Return the state that knows these outcomes, too; within one window the same as one by one, but fast."""
        return state.counted(outcomes)

    def _known(self, state: RolloutState) -> tuple[int, tuple[str, ...], list[float], list[float]]:
        """Return what all assignments of one state have in common; worked out once for a state."""
        table = self._table
        if table is None or table[0] is not state:
            shares = self.shares(state)
            arms = state.active
            values = [shares[arm] for arm in arms]
            ends = np.cumsum(values).tolist()
            ends[_last(values) :] = [math.inf] * (len(ends) - _last(values))
            key = key_of(self.seed) if self.sticky else key_of(self.seed, state.version)
            self._table = table = (state, key, arms, values, ends)
        return table[1:]


def _last(shares: Sequence[float]) -> int:
    """Return the place of the last share above 0: rounding must not lead beyond it."""
    return max(place for place, share in enumerate(shares) if share > 0)


def floored(shares: np.ndarray, floor: float) -> np.ndarray:
    """Return shares of which none is below the floor; what is above it is shrunk in proportion.

    Parameters
    ----------
    shares
        Probabilities, shape (..., k), summing to 1.
    floor
        From 0 to 1/k.

    Raises
    ------
    UsageError
        The floor leaves no room for all.

    Examples
    --------
    >>> floored(np.array([0.0, 0.2, 0.8]), 0.1).round(4).tolist()
    [0.1, 0.1875, 0.7125]
    """
    arms = shares.shape[-1]
    if floor * arms > 1 + 1e-12:
        raise UsageError(f"floor={floor} cannot work with {arms} arms: give at most {1 / arms:.4g}, or fewer arms")
    above = np.maximum(shares - floor, 0)
    whole = above.sum(axis=-1, keepdims=True)
    even = np.full_like(above, 1 / arms)
    spread: np.ndarray = floor + max(1 - arms * floor, 0) * np.divide(above, whole, out=even, where=whole > 0)
    return spread
