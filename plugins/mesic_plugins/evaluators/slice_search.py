"""The search for slices where a model errs: levels, ranges and pairs of them, by how sure it is that they are worse."""

import math
from itertools import combinations, takewhile

import numpy as np

from mesic_plugins.evaluators.cells import column_of, is_levels, kind_of, names_of
from mesic_plugins.evaluators.slicing import Level, Range, Slice, cut, edges_of

MOST_ROWS = 20_000
BINS, COARSE_BINS = 8, 4
MOST_PAIRED = 20


class Hunt:
    """Levels, ranges and pairs of the columns of some rows, to be searched for one thing after the other.

    Parameters
    ----------
    view : EvaluationView
        Says what columns are, and which rows the model learned from.
    rows : PredictedRows or EvaluationView
        Where slices are looked for.
    fewest : int
        Rows of a slice at least.
    rng : numpy.random.Generator
        Decides which rows are looked at where there are more than 20,000.
    """

    def __init__(self, view, rows, *, fewest, rng):
        self.rows, self.fewest = rows, fewest
        self.taken = np.sort(rng.permutation(len(rows))[:MOST_ROWS])
        self.left = np.ones(self.taken.size, dtype=bool)
        self.singles, self.items = _singles(view, rows, self.taken)
        self.looked_at = 0

    def worst(self, values, most):
        """Return the slices whose values are clearest above the rest, each among the rows that no earlier one holds.

        A slice of m of its kind has to lie above the square root of 2 log m standard errors, which is about what the
        best of m slices of nothing reaches; between two, the one is taken that lies farther above.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Of all rows, such as losses.
        most : int
            Slices at most.
        """
        offers = (self._next(values) for _ in range(most))
        return list(takewhile(lambda found: found is not None, offers))

    def _next(self, values):
        losses = _Losses(self.rows, values, self.taken, self.left)
        looked, best = _best(self.singles, self.items, losses, self.fewest)
        self.looked_at = max(self.looked_at, looked)
        if best is not None:
            self.left &= ~best.holds(self.rows)[self.taken]
        return best


class _Losses:
    """Losses of the rows that are left, and how far the mean of some of them lies above that of the others."""

    def __init__(self, rows, values, taken, left):
        weight = np.ones(taken.size) if rows.weight is None else rows.weight[taken]
        self.weight = np.where(left, weight, 0.0)
        self.left = left.astype(float)
        loss = values[taken]
        self.moments = np.stack([self.left, self.weight, self.weight * loss, self.weight * loss**2, self.weight**2])
        self.totals = self.moments.sum(axis=1)

    def standard_errors(self, sums):
        """Return t of slices from their sums of moments, shape (5, ...); -inf where it cannot be told."""
        others = self.totals.reshape(-1, *[1] * (sums.ndim - 1)) - sums
        with np.errstate(divide="ignore", invalid="ignore"):
            (mean, error), (rest, other) = (self._mean(part) for part in (sums, others))
            t = (mean - rest) / np.sqrt(error + other)
        return np.where(np.isfinite(t), t, -np.inf)

    def _mean(self, sums):
        _, weight, first, second, squares = sums
        mean = first / weight
        units = weight**2 / squares
        return mean, np.maximum(second / weight - mean**2, 0.0) / np.maximum(units - 1, 1e-9)


def _best(singles, items, losses, fewest):
    """Return how many slices were looked at, and the one that lies farthest above what luck would give."""
    enough = max(fewest, 1)
    offers = [_best_single(singles, losses, enough), _best_pair(items, losses, enough)]
    looked = sum(count for count, _, _ in offers)
    _, score, best = max(offers, key=lambda offer: offer[1])
    return looked, best if score > 0 else None


def _best_single(singles, losses, fewest):
    if not singles:
        return 0, -np.inf, None
    sums = np.stack([losses.moments @ holds for _, holds in singles], axis=1)
    t = np.where(_is_part(sums[0], losses, fewest), losses.standard_errors(sums), -np.inf)
    best = int(t.argmax())
    return len(singles), float(t[best]) - luck(len(singles)), singles[best][0]


def _best_pair(items, losses, fewest):
    names = sorted({name for name, _, _ in items})
    if len(names) < 2:
        return 0, -np.inf, None
    holds = np.stack([held for _, _, held in items], axis=1)
    alone = losses.standard_errors(losses.moments @ holds)
    strength = {name: max(t for t, (of, _, _) in zip(alone, items, strict=True) if of == name) for name in names}
    kept = sorted(names, key=lambda name: (-strength[name], name))[:MOST_PAIRED]
    chosen = [place for place, (name, _, _) in enumerate(items) if name in kept]
    some = holds[:, chosen]
    sums = np.stack([(some * moment[:, np.newaxis]).T @ some for moment in losses.moments])
    column = np.array([names.index(items[place][0]) for place in chosen])
    is_pair = np.triu(column[:, np.newaxis] != column, 1) & _is_part(sums[0], losses, fewest)
    if not is_pair.any():
        return 0, -np.inf, None
    t = np.where(is_pair, losses.standard_errors(sums), -np.inf)
    first, second = np.unravel_index(int(t.argmax()), t.shape)
    pair = Slice((*items[chosen[first]][1].conditions, *items[chosen[second]][1].conditions))
    count = int(is_pair.sum())
    return count, float(t.max()) - luck(count), pair


def _is_part(rows, losses, fewest):
    return (rows >= fewest) & (rows <= losses.totals[0] / 2)


def luck(count):
    """Return about how many standard errors the best of so many slices of nothing lies above the rest.

    Examples
    --------
    >>> round(luck(1000), 2)
    3.72
    """
    return math.sqrt(2 * math.log(max(count, 2)))


def _singles(view, rows, taken):
    """Return slices of one column each, and coarser ones to be paired, with the rows that they hold."""
    columns = {name: column_of(rows, name) for name in names_of(rows)}
    told = [
        (name, column)
        for name, column in columns.items()
        if kind_of(view, name) not in ("id", "text") and column.iloc[taken].nunique(dropna=False) > 1
    ]
    fine, coarse = (
        [
            (name, part, part.holds(rows)[taken].astype(float))
            for name, column in told
            for part in slices(view, column, name)
        ]
        for slices in (_fine, _coarse)
    )
    return [(part, held) for _, part, held in fine], coarse


def _fine(view, column, name):
    return _slices_of(view, column, name, BINS)


def _coarse(view, column, name):
    return _slices_of(view, column, name, COARSE_BINS)


def _slices_of(view, column, name, bins):
    kind, present = kind_of(view, name), column.dropna()
    if is_levels(column) or present.nunique() <= BINS:
        return [Slice((level,)) for level in cut(view, name, BINS)]
    ends = [-np.inf, *edges_of(present.to_numpy(dtype=float), bins), np.inf]
    ranges = [Slice((Range(name, low, high, kind),)) for low, high in combinations(ends, 2)]
    gaps = [Slice((Level(name, None, kind),))] if len(present) < len(column) else []
    return [part for part in ranges if str(part) != f"{name} is there"] + gaps
