"""Looks at a test with a known horizon: how much of the chance of a false alarm each look may spend.

K. K. G. Lan, D. L. DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70, 1983.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from mesic.ab.crossing import bounds_that_spend
from mesic.errors import SettingError

OBRIEN_FLEMING, POCOCK = "obrien_fleming", "pocock"
MOST_DRIFT = 12.0


def spent(spending: str, fraction: float, alpha: float) -> float:
    """Return the chance of a false alarm that may be spent when a share of the information is in.

    Parameters
    ----------
    spending
        ``"obrien_fleming"``, half of alpha on each side, or ``"pocock"``.
    fraction
        Share of the planned information, above 0; from 1 on all is spent.
    alpha
        Two-sided, in (0, 1).

    Examples
    --------
    >>> [round(spent("obrien_fleming", t, 0.05), 5) for t in (0.2, 0.6, 1.0)]
    [0.0, 0.00762, 0.05]
    >>> round(spent("pocock", 0.2, 0.05), 5)
    0.01477
    """
    from scipy import special

    if fraction >= 1:
        return alpha
    if spending == OBRIEN_FLEMING:
        return float(4 * special.ndtr(special.ndtri(alpha / 4) / math.sqrt(fraction)))
    if spending == POCOCK:
        return alpha * math.log1p((math.e - 1) * fraction)
    raise SettingError("spending", spending, f"{OBRIEN_FLEMING} or {POCOCK}")


def bounds(fractions: Sequence[float], alpha: float, spending: str) -> tuple[float, ...]:
    """Return the bound of the absolute z at each look; past it the test may stop.

    Parameters
    ----------
    fractions
        Shares of the planned information at the looks so far, rising, in (0, 1]. Later looks change no earlier bound.
    alpha
        Two-sided, in (0, 1).
    spending
        ``"obrien_fleming"`` or ``"pocock"``.

    Returns
    -------
    tuple
        A bound a look; infinite where next to nothing may be spent.

    Raises
    ------
    SettingError
        Fractions that do not rise, or no such spending.

    Examples
    --------
    >>> [round(bound, 3) for bound in bounds([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, "obrien_fleming")]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    >>> [round(bound, 3) for bound in bounds([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, "pocock")]
    [2.438, 2.427, 2.41, 2.397, 2.386]
    """
    steps = [after - before for before, after in zip([0.0, *fractions[:-1]], fractions, strict=True)]
    if any(step <= 0 for step in steps):
        raise SettingError("fractions", list(fractions), "shares of the information that rise from above 0")
    return _bounds(tuple(fractions), alpha, spending)


@lru_cache(maxsize=256)
def _bounds(fractions: tuple[float, ...], alpha: float, spending: str) -> tuple[float, ...]:
    totals = [spent(spending, fraction, alpha) for fraction in fractions]
    return tuple(bounds_that_spend(fractions, [b - a for a, b in zip([0.0, *totals[:-1]], totals, strict=True)]))


def drift_for_power(power: float, chances: Callable[[float], Sequence[float]]) -> float:
    """Return the mean of z at the horizon with which some look leaves the bounds with the given chance.

    Parameters
    ----------
    power
        In (0, 1).
    chances
        Of leaving first at each look, by drift.

    Examples
    --------
    >>> from mesic.ab.crossing import crossing_chances
    >>> round(drift_for_power(0.8, crossing_chances([1.0], [1.959964])), 4)
    2.8016
    """
    from scipy import optimize

    found: float = optimize.brentq(lambda drift: sum(chances(drift)) - power, 0.0, MOST_DRIFT, xtol=1e-8)
    return found
