"""What selectors read: a data frame with categories, an array or a sparse matrix, with missing cells or without."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from mesic import DataError, Matrix, SettingError

LARGEST = 1e30  # squares of larger values overflow; which columns matter does not depend on a unit


@dataclass(frozen=True)
class Columns:
    """Columns as numbers.

    Parameters
    ----------
    values
        Shape (n, p), NaN where a cell is missing; an array or a sparse matrix.
    names
        Of the columns.
    levels
        By name, the levels of the category columns, whose values are codes.
    """

    values: "np.ndarray | sparse.csc_array"
    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]

    @property
    def categories(self):
        """The places of the category columns."""
        return [place for place, name in enumerate(self.names) if name in self.levels]

    def take(self, rows):
        """Return some rows."""
        return Columns(self.values[rows], self.names, self.levels)

    def __len__(self):
        return self.values.shape[0]


@dataclass(frozen=True)
class Target:
    """What is to be known: class codes from 0 or values, shape (n,); classes is 0 for values."""

    y: np.ndarray
    classes: int


@dataclass(frozen=True)
class Rows:
    """The rows that count: what they say, what is to be known of them, and what they weigh.

    Parameters
    ----------
    columns, target
        Of the rows that count.
    weight
        Shape (n,), above 0; None where all weigh the same.
    counts
        Which of the rows that were given count, or None where all do.
    """

    columns: Columns
    target: "Target | None"
    weight: "np.ndarray | None"
    counts: "np.ndarray | None" = None

    def of(self, facts):
        """Return facts of all rows that were given, an array or None, for those that count."""
        return facts if facts is None or self.counts is None else np.asarray(facts)[self.counts]


def read_rows(selector, X, y, sample_weight, *, task=None, min_rows=2, formats=("csc",), needs_target=True):
    """Return what a selector is fitted on; rows of weight 0 are as if they were not there.

    Raises
    ------
    SettingError
        A weight is negative.
    DataError
        A target that is needed has no two rows of any class.
    ValueError
        Too few rows count, or a target that is needed is missing.
    """
    columns = read_columns(selector, X, min_rows=min_rows, formats=formats)
    target = read_target(y, task) if needs_target else None
    weight = read_weight(sample_weight, X, *([y] if needs_target else []))
    counts = None if weight is None or weight.all() else weight > 0
    if counts is not None:
        columns, weight = columns.take(counts), _unlike(weight[counts])
        target = read_target(np.asarray(y)[counts], task) if needs_target else None
        _refuse_few(selector, len(columns), min_rows, " of weight above 0")
    return Rows(columns, target, weight, counts)


def read_columns(selector, X, *, min_rows=1, formats=("csc",)):
    """Return what a selector is fitted on, and let the selector remember names and number of columns.

    Parameters
    ----------
    selector
        Who reads.
    X
        Data frame, array or sparse matrix.
    min_rows
        Rows at least.
    formats
        Layouts of sparse matrices that need not be changed.
    """
    if isinstance(X, pd.DataFrame) and any(isinstance(dtype, pd.CategoricalDtype) for dtype in X.dtypes):
        validate_data(selector, X, skip_check_array=True)
        matrix = Matrix.from_frame(X)
        _refuse_few(selector, len(matrix), min_rows)
        check_array(matrix.values, ensure_all_finite="allow-nan", ensure_min_samples=0, input_name="X")
        return Columns(matrix.values, matrix.names, dict(matrix.levels))
    values = validate_data(
        selector,
        X,
        accept_sparse=list(formats),
        dtype=(np.float64, np.float32),
        ensure_all_finite="allow-nan",
        ensure_min_samples=min_rows,
    )
    if sparse.issparse(values) and not values.has_canonical_format:
        values = values.copy()
        values.sum_duplicates()  # a cell that is stored twice is one cell
    names = getattr(selector, "feature_names_in_", None)
    names = tuple(f"x{place}" for place in range(values.shape[1])) if names is None else tuple(map(str, names))
    return Columns(values if sparse.issparse(values) else values.astype(np.float64, copy=False), names, {})


def _refuse_few(selector, rows, least, what=""):
    if rows < least:
        raise ValueError(
            f"Found array with {rows} sample(s){what} while a minimum of {least} is required by "
            f"{type(selector).__name__}."
        )


def read_target(y, task):
    """Return the target of a task, or of the task that its values look like where none is given.

    Examples
    --------
    >>> read_target(["no", "yes", "no"], None).y.tolist(), read_target([0.5, 1.5], None).classes
    ([0, 1, 0], 0)
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    y = column_or_1d(y, warn=True)
    kind = task or ("regression" if _looks_continuous(y) else "classification")
    if kind == "regression":
        values = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        peak = np.abs(values).max(initial=0.0)
        is_in_range = peak == 0 or 1 / LARGEST < peak < LARGEST
        return Target(values if is_in_range else values / peak, 0)
    labels, codes = np.unique(y, return_inverse=True)
    if labels.size == y.size > 1:
        raise DataError(
            f"each of the {y.size} rows has a class of its own, so that nothing can be learned of classes: give rows "
            "that share classes, or task='regression' where the target is a number"
        )
    check_classification_targets(y)
    return Target(codes, max(labels.size, 2))


def _looks_continuous(y):
    """Say whether numbers have fractions, or too many values for classes."""
    if y.dtype.kind not in "iuf":
        return False
    distinct = np.unique(y)
    return bool((distinct % 1 != 0).any()) or distinct.size > max(20, y.size // 10)


def read_weight(sample_weight, X, *aligned):
    """Return weights (n,) of mean 1, or None where all rows count the same; refuse what cannot be weights.

    Raises
    ------
    SettingError
        A weight is negative.
    ValueError
        All are zero, or there are not as many as rows.
    """
    check_consistent_length(X, *aligned)
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X)
    if (weight < 0).any():
        raise SettingError("sample_weight", float(weight.min()), "weights from 0")
    return _unlike(weight)


def _unlike(weight):
    """Return weights of mean 1, as LightGBM takes the weight of a leaf for a number of rows; None for equal ones."""
    share = weight / weight.max()
    return None if (share == share[0]).all() else share / share.mean()
