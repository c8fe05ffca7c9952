"""Columns that tell something of the target on their own, with control of the false discovery rate."""

import numpy as np
from scipy import sparse, stats

from mesic import SettingError
from mesic_plugins.selectors.columns import read_rows
from mesic_plugins.selectors.false_discovery import q_values
from mesic_plugins.selectors.selecting import ColumnSelector


class Univariate(ColumnSelector):
    """Keep the columns whose own test against the target stands out; the honest, cheap control of all others.

    Numbers against classes and levels against numbers are tested by analysis of variance, numbers against numbers
    by their correlation, levels against classes by chi squared; each on the rows where the cell is not missing, and
    whether a cell is missing is tested as a column of two levels of its own. Neither interactions nor even effects
    show in such a test.

    Parameters
    ----------
    alpha : float
        Share of falsely kept columns, in (0, 1).
    task : {"binary", "multiclass", "regression"} or None
        What is predicted; by default what the target looks like.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector; the evidence has besides ``p_value``, and ``test``.

    References
    ----------
    Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate, JRSS B 57, 1995.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 4))
    >>> Univariate().fit(X, X[:, 2] + rng.normal(size=200)).get_support().tolist()
    [False, False, True, False]
    """

    def __init__(self, *, alpha=0.05, task=None):
        self.alpha = alpha
        self.task = task

    def fit(self, X, y=None, sample_weight=None):
        """Test the columns of X, shape (n, p), against a target of shape (n,).

        Raises
        ------
        SettingError
            An option cannot work.
        """
        if not 0 < self.alpha < 1:
            raise SettingError("alpha", self.alpha, "a share above 0 and below 1")
        rows = read_rows(self, X, y, sample_weight, task=self.task)
        columns, target, weight = rows.columns, rows.target, rows.weight
        weight = np.ones(len(columns)) if weight is None else weight * weight.sum() / (weight**2).sum()
        answers = [_tested(columns, place, target, weight) for place in range(len(columns.names))]
        p_values = np.maximum([p for p, _ in answers], np.finfo(np.float64).tiny)
        found = q_values(p_values)
        kept = found <= self.alpha
        reasons = [
            f"q = {q:.2g}, {'within' if is_kept else 'above'} {self.alpha:g}: p = {p:.2g} by {test}"
            for (p, test), q, is_kept in zip(answers, found, kept, strict=True)
        ]
        self._decide(
            columns,
            kept,
            -np.log10(p_values),
            what="-log10 of p",
            threshold=float(-np.log10(p_values[kept].max()))
            if kept.any()
            else float(-np.log10(self.alpha / found.size)),
            reasons=reasons,
            more={"p_value": p_values, "q_value": found, "test": [test for _, test in answers]},
        )
        return self


def _tested(columns, place, target, weight):
    """Return the p-value of one column and its test; of two tests, the smaller one doubled."""
    column = columns.values[:, [place]].toarray()[:, 0] if sparse.issparse(columns.values) else columns.values[:, place]
    missing = np.isnan(column)
    answers = []
    if not missing.all():
        rows, is_level = ~missing, columns.names[place] in columns.levels
        answers.append(_test(column[rows], is_level, target.y[rows], target.classes, weight[rows]))
    if missing.any() and not missing.all():
        p, _ = _test(missing.astype(np.float64), True, target.y, target.classes, weight)
        answers.append((p, "what is missing"))
    if not answers:
        return 1.0, "nothing: all cells are missing"
    p, test = min(answers)
    return min(1.0, p * len(answers)), test


def _test(cells, is_level, y, classes, weight):
    if is_level and classes:
        return _chi_squared(cells.astype(np.int64), y, weight), "chi squared"
    if is_level:
        return _variance(y, cells.astype(np.int64), weight), "analysis of variance"
    if classes:
        return _variance(cells, y, weight), "analysis of variance"
    return _correlation(cells, y, weight), "correlation"


def _variance(values, groups, weight):
    """Return the p-value of one-way analysis of variance."""
    _, groups = np.unique(groups, return_inverse=True)
    values = _in_range(values)
    total, sums = np.bincount(groups, weight), np.bincount(groups, weight * values)
    known = total > 0
    mean = sums.sum() / total.sum()
    between = (total[known] * (sums[known] / total[known] - mean) ** 2).sum()
    within = (weight * (values - sums[groups] / np.maximum(total[groups], 1e-300)) ** 2).sum()
    return _f_tail(between, known.sum() - 1, within, total.sum() - known.sum())


def _correlation(values, y, weight):
    share = weight / weight.sum()
    x, y = _in_range(values), _in_range(y)
    x, y = x - share @ x, y - share @ y
    spread = (share @ x**2) * (share @ y**2)
    squared = (share @ (x * y)) ** 2 / spread if spread > 0 else 0.0
    return _f_tail(squared, 1, max(1 - squared, 0.0), weight.sum() - 2)


def _in_range(values):
    """Return values whose squares do not overflow."""
    return values / (np.abs(values).max(initial=0.0) or 1.0)


def _f_tail(between, more, within, rest):
    if more < 1 or rest <= 0 or not between > 0:
        return 1.0
    return float(stats.f.sf(between / more / max(within / rest, 1e-300), more, rest))


def _chi_squared(levels, y, weight):
    _, levels = np.unique(levels, return_inverse=True)
    table = np.bincount(levels * (y.max() + 1) + y, weight, minlength=(levels.max() + 1) * (y.max() + 1))
    table = table.reshape(levels.max() + 1, y.max() + 1)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    return float(stats.chi2.sf(statistic, (table.shape[0] - 1) * (table.shape[1] - 1)))
