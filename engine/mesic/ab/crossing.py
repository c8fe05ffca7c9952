"""How likely a test statistic that is looked at several times leaves its bounds, by recursive numerical integration.

With a share t of the planned information, the statistic times the root of t moves like a Brownian path. Its density
among the paths that never left is carried from look to look (P. Armitage, C. K. McPherson, B. C. Rowe, Journal of the
Royal Statistical Society A 132, 1969), on Gauss-Legendre nodes. A drift is a change of measure, so that one
integration serves every effect.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special

NODES_A_STEP, FEWEST_NODES, MOST_NODES = 3, 64, 2_048
FARTHEST = 38.0  # beyond it, tails are smaller than the smallest number


@dataclass(frozen=True)
class Path:
    """Where a path without drift may be that has left no bound so far.

    Parameters
    ----------
    fraction
        Share of the planned information, from 0.
    place
        Nodes, shape (m,).
    mass
        Probability near each node, shape (m,); the sum is that of having left no bound.
    """

    fraction: float
    place: np.ndarray
    mass: np.ndarray

    def leaving(self, fraction: float, bound: float, drift: float = 0.0) -> float:
        """Return the chance of being outside of -bound to bound, in z, at the next look and not before."""
        step, edge = math.sqrt(fraction - self.fraction), bound * math.sqrt(fraction)
        moved = self.place + drift * (fraction - self.fraction)
        tilted = self.mass * np.exp(drift * self.place - drift**2 * self.fraction / 2)
        return float(tilted @ (special.ndtr((-edge - moved) / step) + special.ndtr((moved - edge) / step)))

    def staying(self, fraction: float, bound: float, following: float) -> "Path":
        """Return the paths that are inside at the next look; `following` is the fraction of the look after it."""
        reach = 8 * (math.sqrt(fraction) + fraction)
        edge, step = min(bound * math.sqrt(fraction), reach), math.sqrt(fraction - self.fraction)
        finest = min(step, math.sqrt(following - fraction)) if following > fraction else step
        node, weight = _nodes(_rounded(2 * edge / finest))
        place = edge * node
        apart = (place[:, np.newaxis] - self.place) / step
        density = np.exp(-(apart**2) / 2) @ self.mass / (step * math.sqrt(2 * math.pi))
        return Path(fraction, place, edge * weight * density)


START = Path(0.0, np.zeros(1), np.ones(1))


def _rounded(steps: float) -> int:
    wanted = math.ceil(NODES_A_STEP * steps / FEWEST_NODES + 1) * FEWEST_NODES
    return min(MOST_NODES, wanted)


@lru_cache(maxsize=64)
def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    node, weight = np.polynomial.legendre.leggauss(count)
    return node, weight


def crossing_chances(fractions: Sequence[float], bounds: Iterable[float]) -> Callable[[float], list[float]]:
    """Return, as a function of the drift, the chance that the first look outside of the bounds is the first, and so on.

    Parameters
    ----------
    fractions
        Shares of the planned information, rising, in (0, 1].
    bounds
        Of the absolute z at each look. The drift is the mean of z at fraction 1.

    Examples
    --------
    >>> chances = crossing_chances([0.5, 1.0], [1.96, 1.96])
    >>> round(sum(chances(0.0)), 4), round(sum(chances(2.8)), 4)
    (0.0831, 0.8206)
    """
    before = list(_walk(fractions, bounds))
    return lambda drift: [path.leaving(fraction, bound, drift) for path, fraction, bound in before]


def _walk(fractions: Sequence[float], bounds: Iterable[float]) -> Iterator[tuple[Path, float, float]]:
    """Yield the paths before each look, its fraction and its bound."""
    path = START
    for fraction, following, bound in zip(fractions, [*fractions[1:], fractions[-1]], bounds, strict=True):
        yield path, fraction, bound
        path = path.staying(fraction, bound, following)


def bounds_that_spend(fractions: Sequence[float], chances: Iterable[float]) -> list[float]:
    """Return the bounds that a path without drift leaves first at each look with the given chance.

    Parameters
    ----------
    fractions
        Shares of the planned information, rising, in (0, 1].
    chances
        Of each look; infinite where too small for a number.

    Examples
    --------
    >>> [round(bound, 3) for bound in bounds_that_spend([0.5, 1.0], [0.025, 0.025])]
    [2.241, 2.125]
    """
    path, bounds = START, []
    for fraction, following, chance in zip(fractions, [*fractions[1:], fractions[-1]], chances, strict=True):
        bounds.append(_bound(path, fraction, chance))
        path = path.staying(fraction, bounds[-1], following)
    return bounds


def _bound(path: Path, fraction: float, chance: float) -> float:
    least = path.leaving(fraction, FARTHEST)
    if chance <= max(least, 1e-300):
        return math.inf
    wanted = math.log(chance)
    found: float = optimize.brentq(
        lambda bound: math.log(max(path.leaving(fraction, bound), 5e-324)) - wanted, 0.0, FARTHEST, xtol=1e-10
    )
    return found
