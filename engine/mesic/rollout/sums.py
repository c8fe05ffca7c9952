"""What is known of one version: whole numbers that add up, whoever counted them and in whatever order."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import itemgetter
from typing import TypeVar

Key = TypeVar("Key")
UNITS = 2**32  # of the range of rewards: whole numbers add up exactly, as floats do not
SLICES_A_HALF_LIFE = 8
SLICES_KEPT = 80  # ten half-lives: what is older weighs less than a thousandth


@dataclass(frozen=True)
class Sums:
    """Counts of one version, of one slice of time.

    Parameters
    ----------
    assigned
        Assignments that were heard of, whether or not their reward has come.
    rewarded
        Rewards that came.
    total
        Sum of the rewards, each a whole number of 2**-32 of their range.
    squares
        Sum of the squares of these numbers.

    Examples
    --------
    >>> Sums(rewarded=2, total=UNITS) + Sums(rewarded=1, total=UNITS)
    Sums(assigned=0, rewarded=3, total=8589934592, squares=0)
    """

    assigned: int = 0
    rewarded: int = 0
    total: int = 0
    squares: int = 0

    @property
    def variance(self) -> float:
        """Variance of the rewards, each as a share of their range; NaN of fewer than two."""
        if self.rewarded < 2:
            return math.nan
        around = self.squares - Fraction(self.total**2, self.rewarded)
        return float(around / (self.rewarded - 1) / UNITS**2)

    @property
    def share(self) -> float:
        """The sum of the rewards, each as a share of their range."""
        return self.total / UNITS

    @classmethod
    def of(cls, values: Iterable[float]) -> "Sums":
        """Return the sums of what was measured, such as seconds.

        Examples
        --------
        >>> found = Sums.of([1.0, 3.0])
        >>> found.rewarded, found.share, found.variance
        (2, 4.0, 2.0)
        """
        measured = list(values)
        return cls.added_up(len(measured), sum(measured), sum(value * value for value in measured))

    @classmethod
    def added_up(cls, count: int, total: float, squares: float) -> "Sums":
        """Return the sums of values of which these are the count, the sum, and the sum of the squares."""
        return cls(rewarded=count, total=round(total * UNITS), squares=round(squares * UNITS * UNITS))

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.assigned + other.assigned,
            self.rewarded + other.rewarded,
            self.total + other.total,
            self.squares + other.squares,
        )


Name = tuple[str, ...]
Measures = tuple[tuple[Name, Sums], ...]


@dataclass(frozen=True)
class Arm:
    """One version that may answer.

    Parameters
    ----------
    name
        Of the version.
    turn
        How often it was added and retired: odd while it may be assigned, even once it is retired.
    slices
        Number and sums of each slice of time, ascending; one slice, 0, where old outcomes weigh as new ones.
    measures
        What else was measured, such as ``("latency",)``, by name: in their own unit, each with full weight.
    """

    name: str
    turn: int = 1
    slices: tuple[tuple[int, Sums], ...] = ()
    measures: Measures = ()

    @property
    def is_active(self) -> bool:
        """Whether it may be assigned."""
        return self.turn % 2 == 1

    @property
    def sums(self) -> Sums:
        """Its sums over all slices, each with full weight."""
        return added(sums for _, sums in self.slices)

    def weighted(self, now: int | None) -> tuple[float, float]:
        """Return rewards that came and their sum, in units of the range, of which the old ones weigh less."""
        rewarded = total = 0.0
        for number, sums in self.slices:
            weight = 1.0 if now is None or number >= now else 0.5 ** ((now - number) / SLICES_A_HALF_LIFE)
            rewarded += weight * sums.rewarded
            total += weight * sums.share
        return rewarded, total

    def joined(self, other: "Arm") -> "Arm":
        """Return both counts of one version as one."""
        slices = added_slices((*self.slices, *other.slices))
        measures = added_measures((*self.measures, *other.measures))
        return Arm(self.name, max(self.turn, other.turn), slices, measures)

    def since(self, now: int | None) -> "Arm":
        """Return it without the slices that no longer weigh anything."""
        if now is None or not self.slices or self.slices[0][0] >= now - SLICES_KEPT:
            return self
        return replace(self, slices=tuple(one for one in self.slices if one[0] >= now - SLICES_KEPT))


def added(sums: Iterable[Sums]) -> Sums:
    """Return the sum of several."""
    return sum(sums, Sums())


def added_slices(slices: Iterable[tuple[int, Sums]]) -> tuple[tuple[int, Sums], ...]:
    """Return slices in order, those of one number as one."""
    return _by_key(slices)


def added_measures(measures: Iterable[tuple[Name, Sums]]) -> Measures:
    """Return measures in the order of their names, those of one name as one."""
    return _by_key(measures)


def _by_key(sums: Iterable[tuple[Key, Sums]]) -> tuple[tuple[Key, Sums], ...]:
    found: dict[Key, Sums] = {}
    for key, one in sums:
        found[key] = found[key] + one if key in found else one
    return tuple(sorted(found.items(), key=itemgetter(0)))
