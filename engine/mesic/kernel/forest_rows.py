"""Rows on which a kernel and the interpreter must agree about a forest: each is at the edge of the way to some leaf."""

import numpy as np

from mesic.bundle.step import PortableStep
from mesic.kernel.questions import as_float32
from mesic.kernel.rows import FEWEST, ODD

MOST_CELLS, LEAST_ROWS, MOST_LEVELS, ODD_SHARE = 1 << 21, 128, 256, 0.3
OFTEN_MISSING = np.array([*ODD, *[np.nan] * len(ODD)])


def forest_rows(step: PortableStep) -> np.ndarray:
    """Return rows that go to leaves of all trees, shape (n, width); n is 4,096, less where there are many columns.

    Each row belongs to one leaf. Its cells lie at the thresholds on the way there, about one of them beyond, so that
    the row leaves its way at a node; cells that the way does not ask about lie at thresholds of other nodes. Beyond is
    the next float32, a float64 that rounds to one or the other, or what is odd: missing, infinite, next to nothing.
    """
    rng = np.random.default_rng(0)
    low, high = _ways(step, rng)
    is_low, bounded = rng.random(low.shape) < 0.5, np.isfinite(low) | np.isfinite(high)
    is_low = np.where(np.isfinite(low) & np.isfinite(high), is_low, np.isfinite(low))
    edge = np.where(bounded, np.where(is_low, low, high), _thresholds(step, low.shape, rng))
    below, above = _neighbours(edge)
    strays = rng.random(low.shape) * np.maximum(bounded.sum(axis=1, keepdims=True), 1) < 1
    beyond = np.where(
        rng.random(low.shape) < ODD_SHARE, rng.choice(OFTEN_MISSING, low.shape), _beside(edge, below, above, rng)
    )
    return np.where(bounded & ~strays, np.where(is_low, above, below), beyond)


def _ways(step: PortableStep, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return between which thresholds cells lie on the ways from the roots to some leaves."""
    feature, threshold, left = (step.arrays[name] for name in ("feature", "threshold", "left"))
    inner = np.flatnonzero(feature >= 0)
    above = np.full(feature.size, -1)
    above[left[inner]] = above[step.arrays["right"][inner]] = inner
    width = int(feature.max(initial=0)) + 1
    rows = max(LEAST_ROWS, min(FEWEST, MOST_CELLS // width))
    node = rng.choice(np.flatnonzero(feature < 0), rows)
    low = np.full((rows, width), -np.inf)
    high, climbing = -low, np.arange(rows)
    for _ in range(MOST_LEVELS):
        climbing = climbing[above[node[climbing]] >= 0]
        if not climbing.size:
            break
        here = above[node[climbing]]
        is_left, place = left[here] == node[climbing], (climbing, feature[here])
        high[place] = np.where(is_left, np.minimum(high[place], threshold[here]), high[place])
        low[place] = np.where(is_left, low[place], np.maximum(low[place], threshold[here]))
        node[climbing] = here
    return low, high


def _thresholds(step: PortableStep, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return thresholds of each column, by chance; missing cells in columns that no node asks about."""
    feature, threshold = step.arrays["feature"], step.arrays["threshold"]
    found = np.full(shape, np.nan)
    for column in np.unique(feature[feature >= 0]):
        found[:, column] = rng.choice(threshold[feature == column], shape[0])
    return found


def _neighbours(edge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest float32 at most each edge, and the next one."""
    below = as_float32(edge)
    with np.errstate(over="ignore"):
        return below.astype(np.float64), np.nextafter(below, np.float32(np.inf)).astype(np.float64)


def _beside(edge: np.ndarray, below: np.ndarray, above: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each edge a number beside it at which a comparison could turn."""
    middle = (below + above) / 2
    ways = (edge, below, above, middle)
    with np.errstate(over="ignore"):
        ways = (*ways, *(np.nextafter(one, end) for one in (edge, middle) for end in (-np.inf, np.inf)))
    found: np.ndarray = np.choose(rng.integers(0, len(ways), edge.shape), ways)
    return found
