"""An interval of a mean that holds at every moment at once, however the assignments came about."""

import math
from collections.abc import Callable

_HALVINGS = 60


def always_valid(rewarded: float, total: float, level: float = 0.95) -> tuple[float, float]:
    """Return an interval of the mean of rewards from 0 to 1 that may be looked at as often as one likes.

    It is the set of means that a Beta(1/2, 1/2) mixture does not refute by 1 / (1 - level): by Ville's inequality the
    true mean ever leaves it with probability at most 1 - level, whatever decides when the arm is played and when one
    looks. For rewards between 0 and 1 it is wider than needed.

    Parameters
    ----------
    rewarded
        Rewards that came.
    total
        Their sum, from 0 to `rewarded`.
    level
        Between 0 and 1.

    References
    ----------
    H. Robbins, Statistical Methods Related to the Law of the Iterated Logarithm, Annals of Mathematical Statistics
    41, 1970; S. R. Howard et al., Time-uniform, Nonparametric, Nonasymptotic Confidence Sequences, Annals of
    Statistics 49, 2021.

    Examples
    --------
    >>> [round(end, 3) for end in always_valid(1000, 300.0)]
    [0.249, 0.355]
    >>> always_valid(0, 0.0)
    (0.0, 1.0)
    """
    if rewarded == 0:
        return 0.0, 1.0
    lost = rewarded - total
    mixture = math.lgamma(total + 0.5) + math.lgamma(lost + 0.5) - math.lgamma(rewarded + 1) - math.log(math.pi)
    limit = mixture + math.log(1 - level)

    def is_refuted(mean: float) -> bool:
        likelihood = (total * math.log(mean) if total else 0.0) + (lost * math.log1p(-mean) if lost else 0.0)
        return likelihood < limit

    mean = total / rewarded
    return _edge(is_refuted, 0.0, mean), _edge(is_refuted, 1.0, mean)


def _edge(is_refuted: Callable[[float], bool], outside: float, inside: float) -> float:
    if inside == outside:
        return outside
    for _ in range(_HALVINGS):
        middle = (outside + inside) / 2
        if middle in (outside, inside):
            break
        outside, inside = (middle, inside) if is_refuted(middle) else (outside, middle)
    return outside
