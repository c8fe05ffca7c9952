"""What a process counts of a roll-out until it writes it down; cheap, for it is done at every answer."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mesic.rollout.state import RolloutState
from mesic.rollout.sums import Sums

MOST_ERRORS = 10
MOST_LETTERS = 300


class Tally:
    """Counts of one process.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.assigned["new"] += 2
    >>> tally.add("new", ("latency",), -7.0)
    >>> state = RolloutState.begun(["new", "old"])
    >>> folded(state, tally.as_dict()).measured("new", "latency").share
    -7.0
    """

    def __init__(self) -> None:
        self.assigned: Counter[str] = Counter()
        self.measures: dict[tuple[str, tuple[str, ...]], list[float]] = {}
        self.errors: Counter[str] = Counter()
        self.dropped, self.largest = 0, 0.0

    def add(self, arm: str, name: tuple[str, ...], value: float) -> None:
        """Count what was measured of a version once."""
        sums = self.measures.get((arm, name))
        if sums is None:
            sums = self.measures[arm, name] = [0, 0.0, 0.0]
        sums[0] += 1
        sums[1] += value
        sums[2] += value * value

    def fail(self, arm: str, error: BaseException) -> None:
        """Count a row that a version has no answer to, though it should."""
        self.add(arm, ("failed",), 1.0)
        said = f"{type(error).__name__}: {error}"[:MOST_LETTERS]
        if said in self.errors or len(self.errors) < MOST_ERRORS:
            self.errors[said] += 1

    @property
    def has_failures(self) -> bool:
        """Whether a version failed."""
        return bool(self.errors)

    def __bool__(self) -> bool:
        return bool(self.assigned or self.measures or self.dropped)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "assigned": dict(self.assigned),
            "measures": [[arm, list(name), *sums] for (arm, name), sums in self.measures.items()],
            "errors": dict(self.errors),
            "dropped": self.dropped,
            "largest": self.largest,
        }

    def take_back(self, other: "Tally") -> None:
        """Add what another one counted and could not write down."""
        self.assigned.update(other.assigned)
        self.errors.update(other.errors)
        self.dropped, self.largest = self.dropped + other.dropped, max(self.largest, other.largest)
        for key, sums in other.measures.items():
            own = self.measures.setdefault(key, [0, 0.0, 0.0])
            own[:] = [one + more for one, more in zip(own, sums, strict=True)]


def folded(state: RolloutState, counts: Mapping[str, Any]) -> RolloutState:
    """Return the state that knows what a process counted."""
    measures: dict[str, dict[tuple[str, ...], Sums]] = {}
    for arm, name, count, total, squares in counts["measures"]:
        measures.setdefault(arm, {})[tuple(name)] = Sums.added_up(int(count), total, squares)
    for arm in {**counts["assigned"], **measures}:
        state = state.observed(arm, counts["assigned"].get(arm, 0), measures.get(arm))
    return state


def reported(report: Mapping[str, Any], counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report that knows what a process counted: rows that were not compared, errors, the largest distance."""
    errors = Counter(report.get("errors", {}))
    for said, count in counts["errors"].items():
        if said in errors or len(errors) < MOST_ERRORS:
            errors[said] += count
    return {
        **report,
        "dropped": report.get("dropped", 0) + counts["dropped"],
        "largest": max(report.get("largest", 0.0), counts["largest"]),
        "errors": dict(errors),
    }
