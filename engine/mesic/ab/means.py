"""Amounts: Welch's test of means, of ratios by the delta method, with or without a covariate."""

import math

import numpy as np

from mesic.ab.contrast import Contrast, fieller
from mesic.ab.cuped import covariate_weight
from mesic.ab.moments import COVARIATE, DENOMINATOR, Moments
from mesic.ab.ratios import level, slopes


class Means(Contrast):
    """The level of a treatment less that of a control, whose units scatter differently.

    Parameters
    ----------
    control, treatment
        Moments of the two groups, of the same numbers.
    times
        What the control's level is multiplied with before it is taken off; for margins in percent.
    less
        What is taken off besides.
    unit
        What is independent, in words.

    References
    ----------
    B. L. Welch, The generalization of Student's problem when several different population variances are involved,
    Biometrika 34, 1947.

    Examples
    --------
    >>> found = Means(Moments.of({"outcome": [1.0, 2.0, 3.0, 4.0]}), Moments.of({"outcome": [3.0, 5.0, 6.0, 8.0]}))
    >>> found.value, round(found.p, 4), [round(end, 2) for end in found.interval(1.96)]
    (3.0, 0.0579, [-0.15, 6.15])
    """

    def __init__(
        self, control: Moments, treatment: Moments, *, times: float = 1.0, less: float = 0.0, unit: str = "units"
    ) -> None:
        self.n, self.unit = (control.units, treatment.units), unit
        self.control, self.treatment = level(control), level(treatment)
        weight = covariate_weight(control, treatment)
        self.value = self.treatment - times * self.control - less
        if COVARIATE in control.names:
            place = control.names.index(COVARIATE)
            self.value -= weight * float(treatment.mean[place] - times * control.mean[place])
        self.variances = (_variance(control, weight), _variance(treatment, weight))
        self.own_variances = (_variance(control, 0.0), _variance(treatment, 0.0))
        self.times = times
        parts = (times**2 * self.variances[0], self.variances[1])
        self.variance = sum(parts)
        self.freedom = _freedom(parts, self.n)
        self.method = _method(control)
        self.z, self.p = self._tested()

    def _tested(self) -> tuple[float, float]:
        from scipy import special

        if not (self.variance > 0 and math.isfinite(self.value)):
            return math.nan, math.nan
        p = float(2 * special.stdtr(self.freedom, -abs(self.value) / math.sqrt(self.variance)))
        return math.copysign(float(-special.ndtri(p / 2)), self.value), p

    def half(self, bound: float) -> float:
        """Return half the width of the interval of a bound of z: that of t with the same chance."""
        from scipy import special

        student = float(-special.stdtrit(self.freedom, special.ndtr(-bound)))
        return student * math.sqrt(self.variance)

    def interval(self, bound: float) -> tuple[float, float]:
        """Return the effects that the test would not reject if the absolute z had to pass `bound`."""
        half = self.half(bound)
        return self.value - half, self.value + half

    def levels(self, bound: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the intervals of the two levels, by t."""
        from scipy import special

        control, treatment = (
            float(-special.stdtrit(units - 1, special.ndtr(-bound))) * math.sqrt(variance)
            for units, variance in zip(self.n, self.own_variances, strict=True)
        )
        return (
            (self.control - control, self.control + control),
            (self.treatment - treatment, self.treatment + treatment),
        )

    def ratio(self, bound: float) -> tuple[float, float, float]:
        """Return the effect as a share of the control's level, with Fieller's interval."""
        student = self.half(bound) / math.sqrt(self.variance)
        return fieller((self.control, self.control + self.value), self.variances, 0.0, student)


def _variance(moments: Moments, weight: float) -> float:
    """Return the variance of a group's level, the covariate's part taken off."""
    steep = slopes(moments)
    if COVARIATE in moments.names:
        steep[moments.names.index(COVARIATE)] = -weight
    return float(steep @ moments.covariance @ steep)


def _freedom(parts: tuple[float, float], n: tuple[int, int]) -> float:
    """Return the degrees of freedom of a difference of two means (F. E. Satterthwaite, Biometrics 2, 1946)."""
    below = sum(part**2 / (units - 1) for part, units in zip(parts, n, strict=True) if units > 1)
    return sum(parts) ** 2 / below if below > 0 else math.nan


def _method(moments: Moments) -> str:
    said = "Welch" if DENOMINATOR not in moments.names else "Welch, delta method"
    return f"{said}, CUPED" if COVARIATE in moments.names else said


def variance_saved(control: Moments, treatment: Moments) -> float:
    """Return the share of the effect's variance that a covariate takes out, 0 to 1; nan where there is none.

    Examples
    --------
    >>> one = Moments.of({"outcome": [1.0, 2.0, 3.0], "covariate": [2.0, 4.0, 6.0]})
    >>> round(variance_saved(one, one), 6)
    1.0
    """
    weight = covariate_weight(control, treatment)
    before, after = (sum(_variance(group, w) for group in (control, treatment)) for w in (0.0, weight))
    return float(1 - np.divide(after, before)) if before > 0 else math.nan
