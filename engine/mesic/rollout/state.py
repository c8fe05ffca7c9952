"""The state of a roll-out: plain sums, so that replaying a log and adding the states of processes are exact."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from mesic.errors import DataError, UsageError
from mesic.rollout.sums import SLICES_A_HALF_LIFE, UNITS, Arm, Sums, added_measures, added_slices

FORMAT = 1
CLOCKS = 10  # so many of the latest times must agree before what is old loses weight
ASSIGNED = ("assigned",)
REPEATED, EARLY, TWICE = "repeated", "before the window", "counted by two states"
UNKNOWN, OUT_OF_RANGE, NO_TIME, NO_PROPENSITY = "unknown arm", "reward", "time", "propensity"
REFUSED = {
    UNKNOWN: "an arm that there never was",
    OUT_OF_RANGE: "a reward outside of the declared range",
    NO_TIME: "a time that is no number",
    NO_PROPENSITY: "a propensity that is not above 0 and at most 1",
}


class Outcome(NamedTuple):
    """What came of one assignment, or, without a reward, the assignment itself.

    Parameters
    ----------
    unit
        Who was answered.
    arm
        The version that answered.
    reward
        What it was worth, within the range of the terms; None: assigned, and nothing is known of it yet.
    time
        Seconds since 1970 at which this was known.
    propensity
        Probability, above 0 and at most 1, with which the arm was assigned.
    id
        Names the assignment. A second outcome of one id, with a reward as without, is a repeat.
    """

    unit: str
    arm: str
    reward: float | None
    time: float
    propensity: float
    id: str


@dataclass(frozen=True)
class RolloutTerms:
    """What must be the same wherever outcomes of one roll-out are counted.

    Parameters
    ----------
    low, high
        Range of the rewards.
    half_life_s
        Seconds after which an outcome weighs half; None: always as much.
    window
        The latest outcomes of which a repeat is known, 10 at least.
    """

    low: float = 0.0
    high: float = 1.0
    half_life_s: float | None = None
    window: int = 2048

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UsageError(f"rewards from {self.low} to {self.high} cannot work: give a low below the high")
        if self.half_life_s is not None and not 0 < self.half_life_s < math.inf:
            raise UsageError(f"half_life_s={self.half_life_s} cannot work: give seconds above 0, or null")
        if self.window < CLOCKS:
            raise UsageError(f"window={self.window} cannot work: give a whole number from {CLOCKS}")

    def units(self, reward: float) -> int:
        """Return a reward in whole units of its range."""
        return round((reward - self.low) / (self.high - self.low) * UNITS)

    def reward(self, share: float) -> float:
        """Return what a share of the range is in rewards."""
        return self.low + share * (self.high - self.low)

    def slice_of(self, time: float) -> int:
        """Return the number of the slice in which a time lies."""
        return 0 if self.half_life_s is None else math.floor(time / self.half_life_s * SLICES_A_HALF_LIFE)


@dataclass(frozen=True)
class RolloutState:
    """What is known of every version; it is never changed, and states of one roll-out add up.

    Parameters
    ----------
    terms
        What all who count hold to.
    arms
        The versions, by name; retired ones stay, for their outcomes may still come.
    recent
        Time and key of the latest outcomes, ascending, ``terms.window`` at most: these are known when they come again.
    noted
        How many outcomes were refused or counted with a reserve, by reason.

    Examples
    --------
    >>> state = RolloutState.begun(["new", "old"])
    >>> one = Outcome("anna", "new", 1.0, 60.0, 0.5, "r1")
    >>> here, there = state.counted([one]), state.counted([Outcome("bert", "old", 0.0, 61.0, 0.5, "r2")])
    >>> here.counted([one]).noted
    (('repeated', 1),)
    >>> both = here.merged(there)
    >>> both == there.merged(here), both.weights
    (True, ((1.0, 1.0), (1.0, 0.0)))
    >>> RolloutState.from_json(both.to_json()) == both
    True
    """

    terms: RolloutTerms
    arms: tuple[Arm, ...]
    recent: tuple[tuple[float, int], ...] = ()
    noted: tuple[tuple[str, int], ...] = ()

    @classmethod
    def begun(cls, arms: Iterable[str], terms: RolloutTerms | None = None) -> "RolloutState":
        """Return the state before the first outcome.

        Raises
        ------
        UsageError
            There is no arm, or one is named twice.
        """
        names = sorted(arms)
        if not names or len(set(names)) < len(names) or not all(names):
            raise UsageError(f"arms={names} cannot work: give one name or several, each once")
        return cls(terms or RolloutTerms(), tuple(Arm(name) for name in names))

    @cached_property
    def active(self) -> tuple[str, ...]:
        """Names of the arms that may be assigned, sorted."""
        return tuple(arm.name for arm in self.arms if arm.is_active)

    @cached_property
    def weights(self) -> tuple[tuple[float, float], ...]:
        """Rewards that came and their sum, in units of the range, of each active arm; old ones weigh less."""
        return tuple(arm.weighted(self._now) for arm in self.arms if arm.is_active)

    @cached_property
    def version(self) -> str:
        """Short digest of all that assignments depend on; states of equal sums have the same."""
        said = json.dumps([asdict(self.terms), [_arm_as_list(arm) for arm in self.arms]])
        return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()

    @cached_property
    def _keys(self) -> frozenset[int]:
        return frozenset(map(itemgetter(1), self.recent))

    @cached_property
    def _now(self) -> int | None:
        """The slice from which ages are counted: one clock that runs ahead does not make all the others old."""
        if self.terms.half_life_s is None or len(self.recent) < CLOCKS:
            return None
        return self.terms.slice_of(self.recent[-CLOCKS][0])

    def with_arm(self, name: str) -> "RolloutState":
        """Return the state in which a version may be assigned from now on, also one that was retired."""
        if name in self.active:
            return self
        return self._turned(name)

    def without_arm(self, name: str) -> "RolloutState":
        """Return the state in which a version is assigned no more; what is known of it stays.

        Raises
        ------
        UsageError
            There is no such active arm, or it is the last one.
        """
        if name not in self.active:
            raise UsageError(f"no arm {name!r} to retire; arms: {', '.join(self.active)}")
        if len(self.active) == 1:
            raise UsageError(f"arm {name!r} cannot be retired: it is the last one; add another first")
        return self._turned(name)

    def counted(self, outcomes: Iterable[Outcome]) -> "RolloutState":
        """Return the state that knows these outcomes, too; what cannot be counted is noted by its reason."""
        names = {arm.name for arm in self.arms}
        keys = self._keys
        full_from = self.recent[0][0] if len(self.recent) >= self.terms.window else -math.inf
        sums: dict[tuple[str, int], list[int]] = {}
        noted = dict(self.noted)
        fresh: dict[int, float] = {}
        for outcome in outcomes:
            key = _key(outcome)
            reason = REPEATED if key in keys or key in fresh else _refused(outcome, names, self.terms)
            if reason is None and outcome.time < full_from:
                noted[EARLY] = noted.get(EARLY, 0) + 1
            if reason is not None:
                noted[reason] = noted.get(reason, 0) + 1
                continue
            fresh[key] = outcome.time
            counts = sums.setdefault((outcome.arm, self.terms.slice_of(outcome.time)), [0, 0, 0, 0])
            if outcome.reward is None:
                counts[0] += 1
            else:
                units = self.terms.units(outcome.reward)
                counts[1] += 1
                counts[2] += units
                counts[3] += units * units
        arms = [_with_counts(arm, sums) for arm in self.arms] if sums else self.arms
        recent = _latest(self.recent, sorted((time, key) for key, time in fresh.items()), self.terms.window)
        return RolloutState(self.terms, tuple(arms), recent, tuple(sorted(noted.items())))._pruned()

    def observed(
        self, name: str, assigned: int = 0, measures: Mapping[tuple[str, ...], Sums] | None = None
    ) -> "RolloutState":
        """Return the state that knows more assignments of a version, told as a count, and what was measured of it.

        Parameters
        ----------
        name
            Of the version; what is told of one that there never was is noted, and not counted.
        assigned
            How many more units it was to answer.
        measures
            Sums by name, such as ``{("latency",): Sums.of([0.002])}``; they add to those of this name.

        Examples
        --------
        >>> state = RolloutState.begun(["new"]).observed("new", 2, {("late",): Sums.of([1.0, 0.0])})
        >>> state.assigned("new"), state.measured("new", "late").share
        (2, 1.0)
        """
        if name not in {arm.name for arm in self.arms}:
            noted = dict(self.noted)
            noted[UNKNOWN] = noted.get(UNKNOWN, 0) + 1
            return replace(self, noted=tuple(sorted(noted.items())))
        counted = [(ASSIGNED, Sums(assigned=assigned))] if assigned else []
        told = Arm(name, 0, (), added_measures([*counted, *(measures or {}).items()]))
        return replace(self, arms=tuple(arm.joined(told) if arm.name == name else arm for arm in self.arms))

    def assigned(self, name: str) -> int:
        """Return how many assignments of a version were heard of."""
        arm = self._arm(name)
        return arm.sums.assigned + dict(arm.measures).get(ASSIGNED, Sums()).assigned

    def measured(self, name: str, *measure: str) -> Sums:
        """Return the sums of what was measured of a version, zeros where nothing was."""
        return dict(self._arm(name).measures).get(measure, Sums())

    def _arm(self, name: str) -> Arm:
        return next((arm for arm in self.arms if arm.name == name), Arm(name))

    def merged(self, other: "RolloutState") -> "RolloutState":
        """Return what both know together; in any order and grouping the same, bit for bit.

        Each outcome belongs into one of the states: what both have counted counts twice, and is noted.

        Raises
        ------
        UsageError
            The terms differ, so that the sums mean different things.
        """
        if self.terms != other.terms:
            raise UsageError(f"states of different terms do not add up: {self.terms} and {other.terms}")
        arms = {arm.name: arm for arm in self.arms}
        for arm in other.arms:
            arms[arm.name] = arms[arm.name].joined(arm) if arm.name in arms else arm
        noted = dict(self.noted)
        for reason, count in other.noted:
            noted[reason] = noted.get(reason, 0) + count
        if shared := len(self._keys & other._keys):
            noted[TWICE] = noted.get(TWICE, 0) + shared
        recent = sorted({*self.recent, *other.recent})[-self.terms.window :]
        ordered = tuple(arms[name] for name in sorted(arms))
        return RolloutState(self.terms, ordered, tuple(recent), tuple(sorted(noted.items())))._pruned()

    def to_json(self) -> str:
        """Return the state as JSON text; equal states give equal text."""
        return json.dumps(
            {
                "format": FORMAT,
                "terms": asdict(self.terms),
                "arms": [_arm_as_list(arm) for arm in self.arms],
                "recent": [list(one) for one in self.recent],
                "noted": dict(self.noted),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "RolloutState":
        """Return the state that :meth:`to_json` wrote.

        Raises
        ------
        DataError
            The text is no such state, or one of another format.
        """
        try:
            said = json.loads(text)
            if said["format"] != FORMAT:
                raise DataError(f"a roll-out state of format {said['format']} cannot be read: this is format {FORMAT}")
            return cls(
                RolloutTerms(**said["terms"]),
                tuple(_arm_of_list(one) for one in said["arms"]),
                tuple((float(time), int(key)) for time, key in said["recent"]),
                tuple(sorted((str(reason), int(count)) for reason, count in said["noted"].items())),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"this is no roll-out state: {type(error).__name__}: {error}") from error

    def _turned(self, name: str) -> "RolloutState":
        arms = {arm.name: arm for arm in self.arms}
        arms[name] = replace(arms[name], turn=arms[name].turn + 1) if name in arms else Arm(name)
        return replace(self, arms=tuple(arms[one] for one in sorted(arms)))

    def _pruned(self) -> "RolloutState":
        arms = tuple(arm.since(self._now) for arm in self.arms)
        return self if all(new is old for new, old in zip(arms, self.arms, strict=True)) else replace(self, arms=arms)


def _latest(
    known: tuple[tuple[float, int], ...], fresh: list[tuple[float, int]], window: int
) -> tuple[tuple[float, int], ...]:
    """Return the latest of both, ascending; where time goes forward nothing needs to be sorted."""
    is_ahead = not known or not fresh or known[-1] < fresh[0]
    both = [*known, *fresh]
    return tuple((both if is_ahead else sorted(both))[-window:])


def _key(outcome: Outcome) -> int:
    said = (f"{outcome.id}\n" if outcome.reward is None else outcome.id).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little")


def _refused(outcome: Outcome, names: set[str], terms: RolloutTerms) -> str | None:
    if outcome.arm not in names:
        return UNKNOWN
    if not math.isfinite(outcome.time):
        return NO_TIME
    if not 0 < outcome.propensity <= 1:
        return NO_PROPENSITY
    return None if outcome.reward is None or terms.low <= outcome.reward <= terms.high else OUT_OF_RANGE


def _with_counts(arm: Arm, sums: Mapping[tuple[str, int], list[int]]) -> Arm:
    fresh = [(number, Sums(*counts)) for (name, number), counts in sums.items() if name == arm.name]
    return replace(arm, slices=added_slices((*arm.slices, *fresh))) if fresh else arm


def _arm_as_list(arm: Arm) -> list[Any]:
    slices = [[number, *_sums_as_list(sums)] for number, sums in arm.slices]
    measures = [[list(name), *_sums_as_list(sums)] for name, sums in arm.measures]
    return [arm.name, arm.turn, slices, *([measures] if measures else [])]


def _sums_as_list(sums: Sums) -> list[int]:
    return [sums.assigned, sums.rewarded, sums.total, sums.squares]


def _arm_of_list(said: list[Any]) -> Arm:
    name, turn, slices, *more = said
    counts = tuple((int(number), Sums(*map(int, found))) for number, *found in slices)
    measures = tuple((tuple(map(str, key)), Sums(*map(int, found))) for key, *found in (more[0] if more else ()))
    return Arm(str(name), int(turn), counts, measures)
