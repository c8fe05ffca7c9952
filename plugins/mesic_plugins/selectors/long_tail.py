"""Cut the long tail: columns and levels that say something in a handful of rows only."""

import numpy as np
import pandas as pd
from scipy import sparse

from mesic import PortableStep, SettingError
from mesic_plugins.selectors.columns import Columns, read_rows
from mesic_plugins.selectors.judging import boldest
from mesic_plugins.selectors.selecting import ColumnSelector

RARE = "(rare)"
TRIED = (2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500)
CHUNK = 4_000_000


class LongTail(ColumnSelector):
    """Keep the columns that say something in enough rows; let rare levels of category columns share one.

    A number says something where it is neither zero nor missing, and where it is not the value of most rows; a
    level, where it is not that of most rows. A power law has no knee, so none is looked for: the cut is a number of
    rows, or what validation bears.

    Parameters
    ----------
    min_rows : int, float or "auto"
        Rows in which a column must say something, and that a level must have: a whole number from 1, a share of
        the rows in (0, 1), or ``auto``: the boldest cut that a linear model cannot tell from the best one, none
        among them, out of fold on the rows given (within two paired standard errors and 1 % of its skill).
    mass : float or None
        Instead of ``min_rows``: share of all that is said that the most telling columns, and the levels of each
        category column, must hold, in (0, 1].
    task : {"binary", "multiclass", "regression"} or None
        What ``auto`` predicts; by default what the target looks like.
    seed : int
        Of the folds of ``auto``.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector. The evidence has besides ``rare_levels``, the levels of a column that were merged.
    cut_ : int
        Rows that a column or a level needs.
    trials_ : DataFrame
        What ``auto`` tried: ``cut``, ``columns``, ``loss``, how much ``worse`` it is than the best, with standard
        ``error``, and whether it is ``told`` from it.

    References
    ----------
    A. Burkov, Machine Learning Engineering, 2020, chapter 4.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [0.0, 0, 0, 1], "town": pd.Categorical(list("uuxy"))})
    >>> found = LongTail(min_rows=2).fit(X)
    >>> found.transform(X).to_dict("list")
    {'a': [1.0, 2.0, 3.0, 4.0], 'town': ['u', 'u', '(rare)', '(rare)']}
    """

    _needs_target = False

    def __init__(self, *, min_rows=5, mass=None, task=None, seed=0):
        self.min_rows = min_rows
        self.mass = mass
        self.task = task
        self.seed = seed

    def fit(self, X, y=None, sample_weight=None):
        """Count what each column of X, shape (n, p), says; y is needed by ``auto`` alone.

        Rows of weight 0 do not count; other weights count in the judgement of ``auto``.

        Raises
        ------
        SettingError
            An option cannot work.
        """
        said = self._said()
        is_judged = said == "auto" and self.mass is None
        rows = read_rows(
            self, X, y, sample_weight, task=self.task, min_rows=1, formats=("csr", "csc"), needs_target=is_judged
        )
        columns = rows.columns
        support, counts = _support(columns)
        if self.mass is not None:
            self.cut_ = _mass_cut(support, self.mass)
        elif is_judged:
            tried = [cut for cut in TRIED if cut <= len(columns) // 10]
            self.cut_, self.trials_ = boldest(
                lambda cut: _cut(columns, support, counts, cut), (1, *tried), rows.target, rows.weight, seed=self.seed
            )
        else:
            self.cut_ = int(said if said >= 1 else max(1, np.ceil(said * len(columns))))
        return self._cut_at(columns, support, counts)

    def _said(self):
        if self.mass is not None and not 0 < self.mass <= 1:
            raise SettingError("mass", self.mass, "a share above 0, up to 1, or null")
        if self.min_rows == "auto":
            return "auto"
        try:
            said = float(self.min_rows)
        except (TypeError, ValueError):
            said = np.nan
        if not (0 < said < 1 or (said >= 1 and said.is_integer())):
            raise SettingError("min_rows", self.min_rows, "a whole number of rows from 1, a share below 1, or auto")
        return said

    def _cut_at(self, columns, support, counts):
        rows, cut = len(columns), self.cut_
        kept = support >= cut
        rare = {name: _rare(own, self._level_cut(own)) for name, own in counts.items()}
        self.levels_ = {
            name: _merged(columns.levels[name], is_rare)
            for name, is_rare in rare.items()
            if is_rare.sum() > 1 and kept[columns.names.index(name)]
        }
        merged = [int(rare[name].sum()) if name in self.levels_ else 0 for name in columns.names]
        reasons = [
            f"says something in {own:,} of {rows:,} rows, {'at least' if is_kept else 'below'} {cut:,}"
            + (f"; {levels} rare levels share {RARE!r}" if levels else "")
            for own, is_kept, levels in zip(support, kept, merged, strict=True)
        ]
        return self._decide(
            columns,
            kept,
            support.astype(np.float64),
            what="rows in which it says something",
            threshold=float(cut),
            reasons=reasons,
            more={"rare_levels": merged},
        )

    def _level_cut(self, counts):
        return self.cut_ if self.mass is None else _mass_cut(counts, self.mass)

    def transform(self, X):
        """Return the columns that are kept, rare levels merged."""
        kept = super().transform(X)
        if not self.levels_:
            return kept
        return kept.assign(**{name: _renamed(kept[name], *merged) for name, merged in self.levels_.items()})

    def to_portable(self):
        """Return the choice as a step of a pipeline."""
        params = {"columns": self.get_support(indices=True).tolist()}
        if self.levels_:
            params["levels"] = {
                name: {"names": list(names), "codes": codes.tolist()} for name, (names, codes) in self.levels_.items()
            }
        return PortableStep("take", params)


def _support(columns):
    """Return in how many rows each column says something, and how often each level of the categories occurs."""
    values = columns.values
    counts: dict[str, np.ndarray] = {}
    if sparse.issparse(values):
        support = rows_that_say(values)
        often = np.flatnonzero(2 * support > values.shape[0])  # most rows may have the same number
        full = values[:, often].tocsc()
        support[often] = [_telling(full[:, [place]].toarray()[:, 0]) for place in range(often.size)]
        return support, counts
    support = np.empty(values.shape[1], dtype=np.int64)
    for place, name in enumerate(columns.names):
        column = values[:, place]
        if name in columns.levels:
            present = column[~np.isnan(column)].astype(np.int64)
            counts[name] = np.bincount(present, minlength=len(columns.levels[name]))
            support[place] = column.size - max(counts[name].max(initial=0), column.size - present.size)
        else:
            support[place] = _telling(column)
    return support, counts


def _telling(column):
    """Return how many numbers are neither zero nor missing nor that of most rows."""
    present = column[~np.isnan(column)]
    if not present.size:
        return 0
    middle = np.partition(present, present.size // 2)[present.size // 2]  # if most rows have one value, it is this
    most = max(int((present == middle).sum()), column.size - present.size)
    return min(int(np.count_nonzero(present)), column.size - most if 2 * most > column.size else column.size)


def rows_that_say(values):
    """Return in how many rows each column of a sparse matrix says something; a chunk of cells at a time."""
    if values.format == "csc":
        is_said = (values.data != 0) & ~np.isnan(values.data)
        before = np.concatenate([[0], np.cumsum(is_said)])
        return before[values.indptr[1:]] - before[values.indptr[:-1]]
    support = np.zeros(values.shape[1], dtype=np.int64)
    for start in range(0, values.nnz, CHUNK):
        data, places = values.data[start : start + CHUNK], values.indices[start : start + CHUNK]
        is_said = (data != 0) & ~np.isnan(data)
        support += np.bincount(places if is_said.all() else places[is_said], minlength=support.size)
    return support


def _mass_cut(support, mass):
    """Return the rows from which on columns or levels hold together at least a share of all that is said."""
    ordered = np.sort(support)[::-1]
    held = np.cumsum(ordered)
    enough = int(np.searchsorted(held, mass * held[-1] - 1e-9)) if ordered.size else 0
    return max(int(ordered[min(enough, ordered.size - 1)]), 1) if ordered.size else 1


def _rare(counts, cut):
    return (counts > 0) & (counts < cut)


def _merged(levels, is_rare):
    """Return the levels that stay and the new code of each old one; the rare ones share the last."""
    name = RARE
    while name in levels:
        name += "_"
    stay = np.flatnonzero(~is_rare)
    codes = np.full(len(levels), stay.size)
    codes[stay] = np.arange(stay.size)
    return (*(levels[code] for code in stay), name), codes


def _renamed(column, names, codes):
    own = column.cat.codes.to_numpy()
    return pd.Categorical.from_codes(np.where(own < 0, -1, codes[own]), categories=pd.Index(names, dtype=object))


def _cut(columns, support, counts, cut):
    """Return the columns that a cut leaves, rare levels merged."""
    kept = np.flatnonzero(support >= cut)
    names = tuple(columns.names[place] for place in kept)
    values, levels = columns.values[:, kept], {}
    for place, name in enumerate(names):
        if name in columns.levels:
            levels[name], codes = _merged(columns.levels[name], _rare(counts[name], cut))
            present = ~np.isnan(values[:, place])
            values[present, place] = codes[values[present, place].astype(np.int64)]
    return Columns(values, names, levels)
