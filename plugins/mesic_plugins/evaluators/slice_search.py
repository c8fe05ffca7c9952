"""The search for slices where a model errs: levels, ranges and pairs of them, by how sure it is that they are worse."""

import math
from itertools import combinations, takewhile

import numpy as np

from mesic import PredictedRows
from mesic_plugins.evaluators.cells import column_of, is_levels, kind_of, names_of
from mesic_plugins.evaluators.slicing import FEW_VALUES, Level, Range, Slice, cut, edges_of

MOST_ROWS = 20_000
BINS, COARSE_BINS = 8, 4
MOST_LEVELS, COARSE_LEVELS = 30, 12
MOST_PAIRED = 20
LEAST_SPREAD = 0.01  # of the variance of all losses: losses that are all alike are no proof


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
        self.fewest = fewest
        self.taken = np.sort(rng.permutation(len(rows))[:MOST_ROWS])
        self.rows = _some(rows, self.taken)
        self.left = np.ones(self.taken.size, dtype=bool)
        self.fine = _columns(view, self.rows, bins=BINS, levels=MOST_LEVELS)
        self.coarse = _columns(view, self.rows, bins=COARSE_BINS, levels=COARSE_LEVELS)
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
        losses = _Losses(self.rows.weight, values[self.taken], self.left)
        looked, best = _best(self.fine, self.coarse, losses, self.fewest)
        self.looked_at = max(self.looked_at, looked)
        if best is not None:
            self.left &= ~best.holds(self.rows)
        return best


class _Losses:
    """Losses of the rows that are left, and how far the mean of some of them lies above that of the others."""

    def __init__(self, weight, losses, left):
        weight = np.where(left, 1.0 if weight is None else weight, 0.0)
        self.moments = np.stack([left.astype(float), weight, weight * losses, weight * losses**2, weight**2])
        self.totals = self.moments.sum(axis=1)
        _, weight, first, second, _ = self.totals
        self.least = LEAST_SPREAD * max(second / weight - (first / weight) ** 2, 0.0) if weight > 0 else 0.0

    def standard_errors(self, sums):
        """Return t of slices from their sums of moments, shape (5, ...); -inf where it cannot be told."""
        others = self.totals.reshape(-1, *[1] * (sums.ndim - 1)) - sums
        with np.errstate(divide="ignore", invalid="ignore"):
            (mean, error), (rest, other) = (self._mean(part) for part in (sums, others))
            t = (mean - rest) / np.sqrt(error + other)
        return np.where(np.isfinite(t), t, -np.inf)

    def sums_of_pairs(self, held):
        """Return the sums of moments over the rows that two slices share, shape (5, s, s), of float32 (s, n)."""
        distinct = {moment.tobytes(): moment for moment in self.moments}  # without weights three of five are alike
        shared = {key: (held * moment.astype(np.float32)) @ held.T for key, moment in distinct.items()}
        return np.stack([shared[moment.tobytes()] for moment in self.moments]).astype(float)

    def _mean(self, sums):
        _, weight, first, second, squares = sums
        mean = first / weight
        units = weight**2 / squares
        return mean, np.maximum(second / weight - mean**2, self.least) / np.maximum(units - 1, 1e-9)


def _best(fine, coarse, losses, fewest):
    """Return how many slices were looked at, and the one that lies farthest above what luck would give."""
    offers = [_best_single(fine, losses, max(fewest, 1)), _best_pair(coarse, losses, max(fewest, 1))]
    looked = sum(count for count, _, _ in offers)
    _, score, best = max(offers, key=lambda offer: offer[1])
    return looked, best if score > 0 else None


def _best_single(columns, losses, fewest):
    if not columns:
        return 0, -np.inf, None
    sums = np.concatenate([column.sums(losses.moments) for column in columns], axis=1)
    t = np.where(_is_part(sums[0], losses, fewest), losses.standard_errors(sums), -np.inf)
    slices = [part for column in columns for part in column.slices]
    best = int(t.argmax())
    return len(slices), float(t[best]) - luck(len(slices)), slices[best]


def _best_pair(columns, losses, fewest):
    columns = _strongest(columns, losses)
    if len(columns) < 2:
        return 0, -np.inf, None
    slices = [part for column in columns for part in column.slices]
    of = np.repeat(np.arange(len(columns)), [len(column.slices) for column in columns])
    sums = losses.sums_of_pairs(np.concatenate([column.held() for column in columns]).astype(np.float32))
    is_pair = (of[:, np.newaxis] < of) & _is_part(sums[0], losses, fewest)
    if not is_pair.any():
        return 0, -np.inf, None
    t = np.where(is_pair, losses.standard_errors(sums), -np.inf)
    first, second = np.unravel_index(int(t.argmax()), t.shape)
    count = int(is_pair.sum())
    return count, float(t.max()) - luck(count), Slice((*slices[first].conditions, *slices[second].conditions))


def _strongest(columns, losses):
    """Return the columns that have the clearest slices."""
    strength = [losses.standard_errors(column.sums(losses.moments)).max() for column in columns]
    kept = np.sort(np.argsort(strength, kind="stable")[::-1][:MOST_PAIRED])
    return [columns[place] for place in kept]


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


def _some(rows, taken):
    aside = None if rows.aside is None else rows.aside.iloc[taken]
    weight = None if rows.weight is None else rows.weight[taken]
    parts = (rows.y[taken], rows.prediction[taken], rows.losses[taken])
    return PredictedRows(rows.X.iloc[taken], *parts, weight=weight, aside=aside)


class _Parts:
    """The parts of a column, and slices of one or several neighbouring ones.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Which part each row lies in.
    slices : list of Slice
    spans : list of (int, int)
        From which part to before which each slice goes.
    """

    def __init__(self, codes, slices, spans):
        self.codes, self.slices, self.spans = codes, slices, np.array(spans).reshape(-1, 2)

    def sums(self, moments):
        """Return the sums of moments, shape (5, n), over the rows of each slice, shape (5, s)."""
        size = int(max(self.codes.max(), self.spans.max())) + 1
        each = [np.bincount(self.codes, moment, minlength=size) for moment in moments]
        summed = np.concatenate([np.zeros((len(moments), 1)), np.cumsum(each, axis=1)], axis=1)
        return summed[:, self.spans[:, 1]] - summed[:, self.spans[:, 0]]

    def held(self):
        """Return which rows each slice holds, bool of shape (s, n)."""
        start, stop = self.spans.T[:, :, np.newaxis]
        return (start <= self.codes) & (self.codes < stop)


def _columns(view, rows, *, bins, levels):
    """Return the parts of every feature and sensitive column that says more than one thing.

    Other columns that no learner sees are often left out because they tell the target: slices of them tell nothing.
    """
    sensitive = [name for name in names_of(rows) if view.columns.get(str(name), {}).get("sensitive")]
    named = {name: column_of(rows, name) for name in dict.fromkeys([*rows.X, *sensitive])}
    told = {name: column for name, column in named.items() if kind_of(view, name) not in ("id", "text")}
    return [
        _levels(view, rows, name, levels)
        if is_levels(column) or column.nunique() <= FEW_VALUES
        else _ranges(view, column, name, bins)
        for name, column in told.items()
        if column.nunique(dropna=False) > 1
    ]


def _levels(view, rows, name, most):
    conditions = cut(view, name, 2, most)
    codes = np.full(len(rows), len(conditions))
    for place, condition in enumerate(conditions):
        codes[condition.holds(rows)] = place
    return _Parts(
        codes, [Slice((one,)) for one in conditions], [(place, place + 1) for place in range(len(conditions))]
    )


def _ranges(view, column, name, bins):
    cells, kind = column.to_numpy(dtype=float), kind_of(view, name)
    ends = [-np.inf, *edges_of(cells[~np.isnan(cells)], bins), np.inf]
    last = len(ends) - 1
    codes = np.where(np.isnan(cells), last, np.searchsorted(ends[1:-1], cells, side="right"))
    spans = [span for span in combinations(range(len(ends)), 2) if span != (0, last)]
    slices = [Slice((Range(name, ends[start], ends[stop], kind),)) for start, stop in spans]
    if np.isnan(cells).any():
        slices, spans = [*slices, Slice((Level(name, None, kind),))], [*spans, (last, last + 1)]
    return _Parts(codes, slices, spans)
