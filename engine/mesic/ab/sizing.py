"""How many units a test needs, until when, and what each look can decide."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mesic.ab.always_valid import always_valid_bound
from mesic.ab.clusters import design_effect
from mesic.ab.crossing import crossing_chances
from mesic.ab.plan import Design, Plan
from mesic.ab.spending import POCOCK, bounds, drift_for_power
from mesic.errors import SettingError

MOST_UNITS = 10**12
LEAST_DRIFT = 1e-3


@dataclass(frozen=True)
class Look:
    """One planned look.

    Parameters
    ----------
    units
        In all arms.
    day
        From 1; None where traffic is not known.
    bound
        Of the absolute z.
    nominal_p
        The p that passes the bound.
    effect
        The smallest estimate that would pass it.
    stops
        Chance that the test has stopped by then with the planned effect.
    stops_without
        The same without any effect: false alarms spent so far.
    """

    units: int
    day: int | None
    bound: float
    nominal_p: float
    effect: float
    stops: float
    stops_without: float


@dataclass(frozen=True)
class Sizing:
    """A plan with what it promises.

    Parameters
    ----------
    plan
        With its units.
    by_arm
        Units by arm.
    clusters
        In all arms; None where units are assigned one by one.
    days
        Until the horizon; None where traffic is not known.
    looks
        In their order.
    fixed_units
        In all arms, for a single look: the price of the looks is the difference.
    expected_units
        In all arms on average, with the planned effect, stopping as soon as a bound is passed.
    level
        Alpha of each comparison with the control, before Holm's correction gives some back.
    """

    plan: Plan
    by_arm: dict[str, int]
    clusters: int | None
    days: int | None
    looks: tuple[Look, ...]
    fixed_units: int
    expected_units: int
    level: float

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        looks = [{**look.__dict__, "bound": look.bound if math.isfinite(look.bound) else None} for look in self.looks]
        named = ("by_arm", "clusters", "days", "fixed_units", "expected_units", "level")
        return {**self.plan.as_dict(), **{name: getattr(self, name) for name in named}, "looks": looks}


def size(design: Design) -> Sizing:
    """Return how many units find the effect that is worth finding.

    Several treatments are sized for the strictest of Holm's levels. An effect of means gets a few units more, for the
    standard deviation is not known (W. C. Guenther, The American Statistician 35, 1981).

    Raises
    ------
    SettingError
        No number of units that there could be would find it.

    Examples
    --------
    >>> one = size(Design(base=0.05, mde=0.005, looks=1))
    >>> one.by_arm
    {'control': 31231, 'treatment': 31231}
    >>> five = size(Design(base=0.05, mde=0.005, looks=5, per_day=4_000))
    >>> five.plan.units, five.expected_units, five.days, [round(look.bound, 2) for look in five.looks]
    (64006, 51448, 17, [4.88, 3.36, 2.68, 2.29, 2.03])
    """
    level = design.alpha / len(design.treatments)
    variance = _variance_a_unit(design, min(design.treatments, key=lambda arm: design.share[arm]))
    fixed = drift_for_power(design.power, crossing_chances([1.0], bounds([1.0], level, POCOCK)))
    drift = _drift(design, level)
    units, fixed_units = (_units(design, variance * (found / design.mde) ** 2) for found in (drift, fixed))
    plan = Plan(design, units)
    looks = _looks(plan, level, drift, variance)
    before = [0.0, *(look.stops for look in looks[:-1])]
    stopped = sum(look.units * (look.stops - was) for look, was in zip(looks, before, strict=True))
    expected = round(stopped + units * (1 - looks[-1].stops))
    clusters = None if design.cluster_size == 1 else math.ceil(units / design.cluster_size)
    by_arm = {arm: math.ceil(units * share - 1e-6) for arm, share in design.share.items()}
    return Sizing(plan, by_arm, clusters, _day(design, units), looks, fixed_units, expected, level)


def power_at(design: Design, drift: float) -> float:
    """Return the chance that some look finds an effect which moves the mean of z at the horizon to `drift`.

    Examples
    --------
    >>> round(power_at(Design(base=0.05, mde=0.005, looks=1), 2.8016), 3)
    0.8
    """
    fractions = _fractions(design)
    found = _bounds_of(design, fractions, design.alpha / len(design.treatments))(drift)
    return sum(crossing_chances(fractions, found)(drift))


def _variance_a_unit(design: Design, treatment: str) -> float:
    """Return the variance of the estimated effect times the number of units in all arms."""
    after = design.base + design.wished
    both = (design.base * (1 - design.base), after * (1 - after)) if design.sd is None else (design.sd**2,) * 2
    shares = (design.share[design.arms[0]], design.share[treatment])
    variance = sum(one / share for one, share in zip(both, shares, strict=True))
    return variance * (1 - design.correlation**2) * design_effect(design.cluster_size, design.intra_cluster)


def _drift(design: Design, level: float) -> float:
    fractions = _fractions(design)
    found = _bounds_of(design, fractions, level)
    if not design.is_open_ended:
        return drift_for_power(design.power, crossing_chances(fractions, found(0.0)))
    return drift_for_power(design.power, lambda drift: crossing_chances(fractions, found(drift))(drift))


def _fractions(design: Design) -> list[float]:
    return [look / design.looks for look in range(1, design.looks + 1)]


def _bounds_of(design: Design, fractions: Sequence[float], level: float) -> Callable[[float], Sequence[float]]:
    """Return the bounds by drift; only those of an open end depend on it, for tau is the effect looked for."""
    if not design.is_open_ended:
        fixed = bounds(fractions, level, design.spending)
        return lambda _: fixed
    return lambda drift: [always_valid_bound(1 / share, max(drift, LEAST_DRIFT), level) for share in fractions]


def _units(design: Design, needed: float) -> int:
    few = 0.0
    if design.sd is not None:
        from scipy import special

        few = float(special.ndtri(1 - design.alpha / 2)) ** 2 / 4 * len(design.arms)
    if not needed + few < MOST_UNITS:
        raise SettingError("mde", design.mde, f"an effect that fewer than {MOST_UNITS:.0e} units find")
    smallest = min(design.shares)
    return round(math.ceil((needed + few) * smallest - 1e-9) / smallest)


def _day(design: Design, units: int) -> int | None:
    if design.per_day is None:
        return None
    return math.ceil(units / design.per_day - 1e-9) + math.ceil(design.window_days or 0)


def _looks(plan: Plan, level: float, drift: float, variance: float) -> tuple[Look, ...]:
    from scipy import special

    design = plan.design
    fractions = _fractions(design)
    every = _bounds_of(design, fractions, level)(drift)
    chances = crossing_chances(fractions, every)
    found, stops, stops_without = [], 0.0, 0.0
    for fraction, bound, with_effect, without in zip(fractions, every, chances(drift), chances(0.0), strict=True):
        stops, stops_without = stops + with_effect, stops_without + without
        units = math.ceil(plan.units * fraction - 1e-9)
        least = bound * math.sqrt(variance / units)
        nominal = float(2 * special.ndtr(-bound))
        found.append(Look(units, _day(design, units), bound, nominal, least, stops, stops_without))
    return tuple(found)
