"""What is known of a control and of one treatment at one look."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesic.ab.contrast import Contrast
from mesic.ab.means import Means
from mesic.ab.moments import Counts, Kept, Moments
from mesic.ab.proportions import Proportions


@dataclass(frozen=True)
class Reading:
    """The two groups of a comparison, control first; what servers have read adds up.

    Parameters
    ----------
    units
        Of both groups together; held against the plan's.
    outcome
        Counts of yes or no, or moments.
    guards
        Counts or moments by name of the guard.
    unit
        What is independent: ``"units"`` or ``"clusters"``.
    time
        When the look was, in the log's own words.

    Examples
    --------
    >>> one = Reading(2_000, (Counts(1_000, 50), Counts(1_000, 75)))
    >>> (one + one).outcome
    (Counts(units=2000, events=100), Counts(units=2000, events=150))
    """

    units: int
    outcome: tuple[Kept, Kept]
    guards: Mapping[str, tuple[Kept, Kept]] = field(default_factory=dict)
    unit: str = "units"
    time: str | None = None

    def __add__(self, other: "Reading") -> "Reading":
        return Reading(
            self.units + other.units,
            _added(self.outcome, other.outcome),
            {name: _added(pair, other.guards[name]) for name, pair in self.guards.items()},
            self.unit,
            other.time or self.time,
        )

    def contrast(self, test: str) -> Contrast:
        """Return the outcome's test; `test` is that of yes or no.

        Examples
        --------
        >>> found = Reading(2_000, (Counts(1_000, 50), Counts(1_000, 75))).contrast("z")
        >>> round(found.z, 3)
        2.309
        """
        return _contrast(self.outcome, test, self.unit)

    def contrast_of(self, guard: str) -> Contrast:
        """Return a guard's test of no change."""
        return _contrast(self.guards[guard], "z", self.unit)


def _contrast(pair: tuple[Kept, Kept], test: str, unit: str) -> Contrast:
    control, treatment = pair
    if isinstance(control, Counts) and isinstance(treatment, Counts):
        return Proportions(control, treatment, test)
    assert isinstance(control, Moments)
    assert isinstance(treatment, Moments)
    return Means(control, treatment, unit=unit)


def _added(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    return one[0] + other[0], one[1] + other[1]
