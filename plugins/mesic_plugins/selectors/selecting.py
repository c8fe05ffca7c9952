"""What selectors share: a claim for each column, with its evidence."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from mesic import Finding, PortableStep

MOST_SHOWN = 5
DOMINANT = 0.5


class ColumnSelector(SelectorMixin, BaseEstimator):
    """A selector of columns.

    A subclass's ``fit`` reads its input by ``read_columns`` and ends with :meth:`_decide`.

    Attributes
    ----------
    support_ : ndarray of bool, shape (p,)
        Which columns are kept.
    evidence_ : DataFrame
        A row a column: ``column``, ``statistic``, ``threshold``, ``kept``, ``reason``, and what else the selector
        knows of it.
    statistic_ : str
        What the statistic is.
    findings_ : tuple of Finding
        What the user should know of the choice.
    """

    def _decide(self, columns, is_kept, statistic, *, what, threshold, reasons, more=None, findings=()):
        """Keep columns, none if none is worth it: a run then keeps the one with the highest statistic, and says so."""
        self.support_, self.statistic_ = np.array(is_kept, dtype=bool), what
        self.evidence_ = pd.DataFrame(
            {
                "column": list(columns.names),
                "statistic": statistic,
                "threshold": threshold,
                "kept": self.support_,
                "reason": list(reasons),
                **(more or {}),
            }
        )
        self.findings_ = tuple(findings)
        return self

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_.copy()

    def transform(self, X):
        """Return the columns that are kept; a data frame as one."""
        check_is_fitted(self)
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=False, skip_check_array=True)
            return X.iloc[:, np.flatnonzero(self.support_)]
        return super().transform(X)

    def to_portable(self):
        """Return the choice as a step of a pipeline."""
        return PortableStep("take", {"columns": self.get_support(indices=True).tolist()})

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.sparse = tags.input_tags.categorical = True
        tags.target_tags.required = self._needs_target
        return tags

    _needs_target = True


def named(names):
    """Return names as they are shown in a message."""
    return ", ".join(map(repr, names[:MOST_SHOWN])) + (", ..." if len(names) > MOST_SHOWN else "")


def dominant(columns, worth, what):
    """Name the column that alone has half of all worth, shape (p,), or more: its target may leak into it."""
    best = int(np.argmax(worth))
    share = worth[best] / (worth.sum() or 1.0)
    if worth.size < 2 or share < DOMINANT:
        return ()
    name = columns.names[best]
    message = f"column {name!r} alone has {share:.0%} of {what}"
    fix = f"ask whether {name!r} is known when predictions are made; if not, leave it out"
    return (Finding("DOMINANT-COLUMN", "info", message, {"column": name, "share": float(share)}, fix),)
