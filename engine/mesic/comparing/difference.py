"""A difference of two models, as everything here tells it."""

import math

from mesic.evaluation.comparison import Comparison


def difference_of(
    value: float, ends: tuple[float, float], p: float, *, level: float, method: str, unit: str, n: int
) -> Comparison:
    """Return a difference with its interval and p; what cannot be told is None.

    Parameters
    ----------
    value, ends, p
        The difference, the ends of its interval, the p of none; nan where unknown.
    level, method, unit, n
        Of the interval, how it was made, what was independent, rows.

    Examples
    --------
    >>> found = difference_of(0.5, (float("nan"), 1.0), 0.1, level=0.95, method="t", unit="rows", n=3)
    >>> found["value"], found["low"]
    (0.5, None)
    """
    return Comparison(
        value=_known(value),
        low=_known(ends[0]),
        high=_known(ends[1]),
        p=_known(p),
        level=level,
        method=method,
        unit=unit,
        n=n,
    )


def _known(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
