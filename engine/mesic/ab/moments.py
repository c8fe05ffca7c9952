"""What is kept of a group: counts, or means with their scatter. Both add up, so that logs and servers can be merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

OUTCOME, DENOMINATOR, COVARIATE = "outcome", "denominator", "covariate"


@dataclass(frozen=True)
class Counts:
    """How many units there are, and of how many the outcome is yes.

    Examples
    --------
    >>> Counts(1_000, 52) + Counts(500, 23)
    Counts(units=1500, events=75)
    """

    units: int
    events: int

    def __post_init__(self) -> None:
        if not 0 <= self.events <= self.units:
            raise ValueError(f"{self.events} events of {self.units} units cannot be: give 0 to the number of units")

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.units + other.units, self.events + other.events)

    @property
    def share(self) -> float:
        """Share of units whose outcome is yes; nan without units."""
        return self.events / self.units if self.units else float("nan")


@dataclass(frozen=True)
class Moments:
    """Means of one to three numbers of independent units, and how they scatter together.

    Parameters
    ----------
    units
        How many independent units: users, or whole clusters of them.
    names
        Of the numbers, ``"outcome"`` first; ``"denominator"`` for a ratio, ``"covariate"`` for CUPED.
    mean
        Of each number, shape (k,).
    scatter
        Sums of products of the distances from the means, shape (k, k).

    Examples
    --------
    >>> one, two = Moments.of({"outcome": [1.0, 3.0]}), Moments.of({"outcome": [5.0]})
    >>> both = one + two
    >>> both.units, both.mean.tolist(), both.scatter.tolist()
    (3, [3.0], [[8.0]])
    """

    units: int
    names: tuple[str, ...]
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, numbers: Mapping[str, Sequence[float] | np.ndarray]) -> "Moments":
        """Return the moments of units; a number a unit by name, each of shape (n,)."""
        values = np.array([np.asarray(column, dtype=float) for column in numbers.values()])
        units = values.shape[1]
        mean = values.mean(axis=1) if units else np.full(len(values), np.nan)
        apart = values - mean[:, np.newaxis]
        return cls(units, tuple(numbers), mean, apart @ apart.T)

    def __add__(self, other: "Moments") -> "Moments":
        """Pool two groups (T. Chan, G. Golub, R. LeVeque, Updating formulae for computing variances, 1979)."""
        if self.names != other.names:
            raise ValueError(f"moments of {self.names} and of {other.names} do not add up: give the same numbers")
        if not self.units or not other.units:
            return self if self.units else other
        units = self.units + other.units
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.units / units)
        between = np.outer(apart, apart) * (self.units * other.units / units)
        return Moments(units, self.names, mean, self.scatter + other.scatter + between)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moments) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((self.units, self.names, self.mean.tobytes(), self.scatter.tobytes()))

    @property
    def covariance(self) -> np.ndarray:
        """Of the means, shape (k, k); nan for fewer than two units."""
        if self.units < 2:
            return np.full_like(self.scatter, np.nan)
        return np.asarray(self.scatter / (self.units - 1) / self.units)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "units": self.units,
            "names": list(self.names),
            "mean": self.mean.tolist(),
            "scatter": self.scatter.tolist(),
        }


Kept = Counts | Moments
