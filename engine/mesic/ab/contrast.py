"""A treatment less a control: the estimate, its test, and its interval for any bound of z."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Effect:
    """An estimated effect as people are told of it; nan where it cannot be told.

    Parameters
    ----------
    value, low, high
        Treatment less control, in the outcome's own unit, with the interval that is honest at this look.
    relative
        The same as shares of the control's level: value, low, high.
    control, treatment
        Levels of the two groups: value, low, high.
    p
        Of no effect, two-sided, before any correction for looks; for ``always_valid`` that of all looks.
    z
        What is held against `bound`.
    bound
        What the absolute z must pass at this look.
    level
        Share of such intervals that hold the truth, all looks together.
    method
        Test and interval, and how looks are allowed for.
    unit
        What is independent: ``"units"`` or ``"clusters"``.
    n
        How many of them in control and treatment.
    """

    value: float
    low: float
    high: float
    relative: tuple[float, float, float]
    control: tuple[float, float, float]
    treatment: tuple[float, float, float]
    p: float
    z: float
    bound: float
    level: float
    method: str
    unit: str
    n: tuple[int, int]

    @property
    def is_significant(self) -> bool:
        """Whether the bound is passed."""
        return abs(self.z) > self.bound

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; None for what cannot be told."""
        facts: dict[str, Any] = _ends((self.value, self.low, self.high))
        facts |= {name: _ends(getattr(self, name)) for name in ("relative", "control", "treatment")}
        facts |= {name: _finite(getattr(self, name)) for name in ("p", "z", "bound")}
        rest = {"level": self.level, "method": self.method, "unit": self.unit, "n": list(self.n)}
        return facts | {"is_significant": self.is_significant} | rest


def _ends(numbers: tuple[float, float, float]) -> dict[str, float | None]:
    return dict(zip(("value", "low", "high"), map(_finite, numbers), strict=True))


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


class Contrast(ABC):
    """Two groups held against each other."""

    control: float
    treatment: float
    value: float
    variance: float
    z: float
    p: float
    method: str
    unit: str
    n: tuple[int, int]

    @abstractmethod
    def interval(self, bound: float) -> tuple[float, float]:
        """Return the effects that the test would not reject if the absolute z had to pass `bound`."""

    @abstractmethod
    def levels(self, bound: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the intervals of the control's and of the treatment's own level."""

    @abstractmethod
    def ratio(self, bound: float) -> tuple[float, float, float]:
        """Return the effect as a share of the control's level, with its interval."""

    def effect(self, bound: float, *, level: float, looks: str, p: float | None = None) -> Effect:
        """Return the effect with the interval of a bound.

        Parameters
        ----------
        bound
            Of the absolute z at this look.
        level
            Of the interval, all looks together.
        looks
            How looks are allowed for, in words; empty for a single one.
        p
            Instead of that of the test.
        """
        is_told = not math.isnan(self.z) and math.isfinite(bound)
        low, high = self.interval(bound) if is_told else (math.nan, math.nan)
        relative = self.ratio(bound) if is_told else (math.nan, math.nan, math.nan)
        ends = self.levels(bound) if is_told else ((math.nan, math.nan), (math.nan, math.nan))
        return Effect(
            self.value,
            low,
            high,
            relative,
            (self.control, *ends[0]),
            (self.treatment, *ends[1]),
            self.p if p is None else p,
            self.z,
            bound,
            level,
            f"{self.method}, {looks}" if looks else self.method,
            self.unit,
            self.n,
        )


def fieller(
    means: tuple[float, float], variances: tuple[float, float], covariance: float, bound: float
) -> tuple[float, float, float]:
    """Return by which share the second of two means is above the first, with its interval; nan without an end.

    E. C. Fieller, Some problems in interval estimation, Journal of the Royal Statistical Society B 16, 1954.

    Parameters
    ----------
    means, variances
        Of the control's mean and of the other.
    covariance
        Of the two.
    bound
        Of the absolute z.

    Examples
    --------
    >>> [round(end, 4) for end in fieller((10.0, 11.0), (0.01, 0.01), 0.0, 1.96)]
    [0.1, 0.0713, 0.1296]
    """
    (below, above), (v_below, v_above) = means, variances
    if not below:
        return math.nan, math.nan, math.nan
    a, b, c = below**2 - bound**2 * v_below, below * above - bound**2 * covariance, above**2 - bound**2 * v_above
    inside = b**2 - a * c
    if a <= 0 or inside < 0:
        return above / below - 1, math.nan, math.nan
    root = math.sqrt(inside)
    return above / below - 1, (b - root) / a - 1, (b + root) / a - 1
