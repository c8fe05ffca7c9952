"""How much columns and their shadows serve LightGBM: small extremely randomised forests on levels.

Real columns are handed to LightGBM once; those of a draw of shadows are joined to them inside LightGBM.
"""

import threading
import warnings

import lightgbm
import numpy as np
from scipy import sparse

from mesic_plugins.selectors.boruta.levels import BLANK, TOP

TREES = 50
MANY_ROWS = 20_000
_BINS = {
    "max_bin": TOP + 1,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "enable_bundle": False,
    "force_col_wise": True,
    "verbosity": -1,
}
_joining = threading.Lock()


class Forest:
    """Grows forests that predict a target from sets of columns.

    Parameters
    ----------
    y
        Class codes from 0, or values; shape (n,).
    weight
        Shape (n,), or None.
    classes
        Number of classes, 0 for regression.
    threads
        Of LightGBM.

    References
    ----------
    P. Geurts, D. Ernst, L. Wehenkel, Extremely Randomized Trees, Machine Learning 63, 2006.
    """

    def __init__(self, y, weight, classes, threads):
        self.y = y if classes else (y - y.mean()) / (y.std() or 1.0)  # LightGBM keeps single precision
        self.weight, self.classes, self.threads = weight, classes, threads

    def columns(self, columns):
        """Hand levels to LightGBM: bytes of shape (n, p), contiguous columns, or a CSC array."""
        cells, reference = _numbers(columns), _reference(columns)
        params = _BINS | {"num_threads": self.threads}
        layout = lightgbm.Dataset(reference, np.zeros(reference.shape[0]), params=params).construct()
        return lightgbm.Dataset(cells, self.y, weight=self.weight, reference=layout, params=params).construct()

    def joined(self, shadows, *others):
        """Append columns to shadows, which only then can be grown on."""
        with _joining, warnings.catch_warnings():  # LightGBM warns that raw values do not come along
            warnings.filterwarnings("ignore", module="lightgbm")
            for other in others:
                shadows.add_features_from(other)
        return shadows

    def importances(self, columns, seed):
        """Return the share of the gain that each column has in one forest, shape (p,)."""
        booster = lightgbm.Booster(self._params(columns.num_feature(), seed), columns)
        for _ in range(max(TREES // max(self.classes - 1, 1), 10)):
            if booster.update():
                break
        gain = booster.feature_importance("gain")
        return gain / (gain.sum() or 1.0)

    def _params(self, columns, seed):
        rows = self.y.size
        objective = {0: {"objective": "regression"}, 2: {"objective": "binary"}}
        return (
            _BINS
            | objective.get(self.classes, {"objective": "multiclass", "num_class": self.classes})
            | {
                "num_leaves": 16,
                "max_depth": 5,
                "learning_rate": 0.3,
                "min_data_in_leaf": max(2, min(20, rows // 20)),
                "feature_fraction": max(0.1 if rows > MANY_ROWS else 0.3, min(1.0, 10 / columns)),
                "extra_trees": True,
                "seed": int(seed),
                "num_threads": self.threads,
                "deterministic": True,
            }
        )


def _numbers(columns):
    """Return levels as LightGBM reads them."""
    if sparse.issparse(columns):
        data = np.where(columns.data == BLANK, np.nan, columns.data).astype(np.float32)
        return sparse.csc_matrix((data, columns.indices, columns.indptr), shape=columns.shape)
    cells = columns.astype(np.float32)
    cells[columns == BLANK] = np.nan
    return cells


def _reference(columns):
    """Return rows in which every column shows each level once, so that all columns are binned alike."""
    levels = np.arange(TOP + 1, dtype=np.float32)
    has_blank = _has_blank(columns)
    rows = np.repeat(levels[:, None], columns.shape[1], axis=1)
    rows[TOP, has_blank] = np.nan  # level 15 stays free where cells are missing
    if not sparse.issparse(columns):
        return rows
    return sparse.csr_matrix(np.vstack([rows, np.zeros((10 * len(rows), rows.shape[1]), np.float32)]))


def _has_blank(columns):
    if not sparse.issparse(columns):
        return (columns == BLANK).any(axis=0)
    places = np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
    return np.bincount(places[columns.data == BLANK], minlength=columns.shape[1]) > 0
