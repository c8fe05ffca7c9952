"""Power laws of learning curves: error = a (n + d)^-b + c."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EXPONENTS = np.geomspace(0.05, 3.0, 30)
EARLIER = (-0.9, -0.75, -0.5, -0.25, 0.0)  # shifts, in smallest sizes
LATER = 25
FARTHEST = 10.0  # largest shift, in largest sizes


@dataclass(frozen=True)
class PowerLaws:
    """Laws that were fitted to the same sizes, one a replicate.

    Parameters
    ----------
    scale, exponent, floor, shift
        a (from 0, at the smallest size), b, c and d, shape (replicates,) each.
    smallest
        The smallest size.
    """

    scale: np.ndarray
    exponent: np.ndarray
    floor: np.ndarray
    shift: np.ndarray
    smallest: float

    def at(self, size: float) -> np.ndarray:
        """Return the error of each law at a size, shape (replicates,)."""
        away = (size + self.shift) / (self.smallest + self.shift)
        return np.asarray(self.scale * away**-self.exponent + self.floor)


def fit_power_laws(sizes: Sequence[float] | np.ndarray, errors: np.ndarray, *, least: float = 0.0) -> PowerLaws:
    """Fit a power law to each of several curves, by bounded least squares.

    Exponent and shift are tried on a grid, which no local minimum escapes; scale and floor follow for each from linear
    least squares. Larger sizes count more, by the root of their size.

    Parameters
    ----------
    sizes
        Rows that were learned from, ascending, four at least.
    errors
        Shape (replicates, sizes).
    least
        The smallest floor: the error of a perfect model, -inf where there is none.

    References
    ----------
    F. Mohr, T. Viering, M. Loog, J. van Rijn, LCDB 1.0: an extensive learning curves database for classification tasks,
    ECML PKDD 2022: of the laws with few parameters this one extrapolates best.

    Examples
    --------
    >>> sizes = np.array([100, 200, 400, 800, 1600])
    >>> law = fit_power_laws(sizes, 3.0 * sizes[np.newaxis] ** -0.5 + 0.1)
    >>> abs(float(law.at(6400)[0]) - (3.0 * 6400**-0.5 + 0.1)) < 0.005
    True
    """
    n = np.asarray(sizes, dtype=float)
    weight = np.sqrt(n) / np.sqrt(n).sum()
    exponent, shift = _grid(n)
    falling = ((n + shift[:, np.newaxis]) / (n[0] + shift[:, np.newaxis])) ** -exponent[:, np.newaxis]
    scale, floor = _linear(falling, errors, weight, least)
    square, across, middle = (falling**2) @ weight, (errors * weight) @ falling.T, (errors @ weight)[:, np.newaxis]
    off = (
        scale**2 * square + floor**2 - 2 * scale * across - 2 * floor * middle + 2 * scale * floor * (falling @ weight)
    )
    best, row = off.argmin(axis=1), np.arange(len(errors))
    return PowerLaws(scale[row, best], exponent[best], floor[row, best], shift[best], float(n[0]))


def _grid(n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    later = np.geomspace(n[0] / 4, FARTHEST * n[-1], LATER)
    exponent, shift = np.meshgrid(EXPONENTS, np.concatenate([n[0] * np.array(EARLIER), later]), indexing="ij")
    return exponent.ravel(), shift.ravel()


def _linear(falling: np.ndarray, errors: np.ndarray, weight: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and floor of each curve for each shape, (replicates, shapes): neither rises, nor falls too low."""
    mean = falling @ weight
    apart = falling - mean[:, np.newaxis]
    spread = np.maximum((apart**2) @ weight, 1e-300)
    scale = np.maximum((errors * weight) @ apart.T / spread, 0.0)
    floor = (errors @ weight)[:, np.newaxis] - scale * mean
    if not np.isfinite(least):
        return scale, floor
    alone = np.maximum(((errors - least) * weight) @ falling.T / ((falling**2) @ weight), 0.0)
    is_low = floor < least
    return np.where(is_low, alone, scale), np.where(is_low, least, floor)
