"""What is known of one version: whole numbers that add up, whoever counted them and in whatever order."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

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

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.assigned + other.assigned,
            self.rewarded + other.rewarded,
            self.total + other.total,
            self.squares + other.squares,
        )


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
    """

    name: str
    turn: int = 1
    slices: tuple[tuple[int, Sums], ...] = ()

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
        return Arm(self.name, max(self.turn, other.turn), slices)

    def since(self, now: int | None) -> "Arm":
        """Return it without the slices that no longer weigh anything."""
        if now is None or not self.slices or self.slices[0][0] >= now - SLICES_KEPT:
            return self
        return Arm(self.name, self.turn, tuple(one for one in self.slices if one[0] >= now - SLICES_KEPT))


def added(sums: Iterable[Sums]) -> Sums:
    """Return the sum of several."""
    return sum(sums, Sums())


def added_slices(slices: Iterable[tuple[int, Sums]]) -> tuple[tuple[int, Sums], ...]:
    """Return slices in order, those of one number as one."""
    found: dict[int, Sums] = {}
    for number, sums in slices:
        found[number] = found[number] + sums if number in found else sums
    return tuple(_sorted(found))


def _sorted(found: dict[int, Sums]) -> Iterator[tuple[int, Sums]]:
    for number in sorted(found):
        yield number, found[number]
