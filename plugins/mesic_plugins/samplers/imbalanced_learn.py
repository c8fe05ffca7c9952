"""Samplers of the imbalanced-learn library, which is installed by ``pip install mesic[imbalance]``."""

import numpy as np
import pandas as pd

from mesic import ComponentError, Sample, TrainingView, UsageError

CLEANERS = {
    "tomek_links": "TomekLinks",
    "edited_nearest_neighbours": "EditedNearestNeighbours",
    "near_miss": "NearMiss",
}
MAKERS = {"smote": "SMOTE", "borderline": "BorderlineSMOTE", "adasyn": "ADASYN"}


class Smote:
    """Make rows of small classes: each between a row and one of its nearest neighbours of the class.

    Distances are taken on standardised columns; a category of a made row is the most frequent one among neighbours.

    Parameters
    ----------
    kind : {"smote", "borderline", "adasyn"}
        Between which rows: all, those near another class, or the more the harder a row is to tell.
    ratio : float, default=1
        Rows of each class, over those of the largest; classes that have more stay as they are.
    neighbours : int, default=5
        Nearest neighbours; fewer where a class has fewer.
    correct : bool, default=True
        Weigh rows so that classes keep their shares and probabilities stay right.

    References
    ----------
    N. V. Chawla and others, SMOTE: Synthetic minority over-sampling technique, JAIR 16, 2002.
    """

    def __init__(self, kind="smote", ratio=1.0, neighbours=5, correct=True):
        self.kind, self.ratio, self.neighbours, self.correct = kind, ratio, neighbours, correct

    def sample(self, view, rng):
        """Return all rows, and those that were made."""
        sizes = np.bincount(view.y)
        wanted = {
            int(code): int(np.ceil(self.ratio * sizes.max()))
            for code in np.flatnonzero(sizes)
            if sizes[code] < np.ceil(self.ratio * sizes.max())
        }
        every = np.arange(len(view))
        if not wanted:
            return Sample(every, np.ones(len(view)))
        least = min(sizes[code] for code in wanted)
        if least < 2:
            raise UsageError("sampler=smote needs two rows of each class to make one between them: a class has one")
        X, back = _standardised(view.X)
        maker = self._maker(X, wanted, int(min(self.neighbours, least - 1)), int(rng.integers(2**31)))
        try:
            rows, y = maker.fit_resample(X, view.y)
        except ValueError as error:
            raise UsageError(f"sampler=smote sampler.kind={self.kind} cannot make rows: {error}") from error
        made_y = np.asarray(y)[len(view) :]
        now = sizes + np.bincount(made_y, minlength=sizes.size)
        weight = sizes / np.maximum(now, 1) if self.correct else np.ones(sizes.size)
        made = TrainingView(back(rows.iloc[len(view) :]), made_y, weight[made_y])
        return Sample(every, weight[view.y], made=made)

    def _maker(self, X, wanted, neighbours, seed):
        library = _library("over_sampling")
        options = {"sampling_strategy": wanted, "random_state": seed}
        options["n_neighbors" if self.kind == "adasyn" else "k_neighbors"] = neighbours
        if not any(dtype == "category" for dtype in X.dtypes):
            return getattr(library, MAKERS[self.kind])(**options)
        if self.kind != "smote":
            raise UsageError(f"sampler.kind={self.kind} reads numbers only, and there are categories: give smote")
        if all(dtype == "category" for dtype in X.dtypes):
            return library.SMOTEN(**options)
        return library.SMOTENC("auto", **options)


class Cleaned:
    """Leave out rows of large classes that stand among rows of other classes.

    Parameters
    ----------
    method : {"tomek_links", "edited_nearest_neighbours", "near_miss"}
        Those of a pair of nearest neighbours of different class; those that their neighbours outvote; all but the
        ones nearest to the smallest class.

    References
    ----------
    I. Tomek, Two modifications of CNN, IEEE Transactions on Systems, Man and Cybernetics 6, 1976.
    """

    def __init__(self, method="tomek_links"):
        self.method = method

    def sample(self, view, rng):  # noqa: ARG002 - as every sampler
        """Return the rows that are left, each counting once: what was left out was not left to chance."""
        X, _ = _standardised(view.X)
        cleaner = getattr(_library("under_sampling"), CLEANERS[self.method])()
        try:
            cleaner.fit_resample(X, view.y)
        except ValueError as error:
            raise UsageError(f"sampler=cleaned sampler.method={self.method} cannot work here: {error}") from error
        index = np.sort(cleaner.sample_indices_)
        return Sample(index, np.ones(index.size))


def _library(part):
    try:
        from imblearn import over_sampling, under_sampling
    except ImportError as error:
        raise ComponentError("this sampler needs imbalanced-learn: pip install 'mesic[imbalance]'") from error
    return {"over_sampling": over_sampling, "under_sampling": under_sampling}[part]


def _standardised(X):
    """Return columns of numbers on one scale, and what takes rows back to theirs."""
    numbers = [name for name in X if X[name].dtype != "category"]
    centre, scale = X[numbers].mean(), X[numbers].std(ddof=0).replace(0.0, 1.0)
    alike = X.assign(**((X[numbers] - centre) / scale)).reset_index(drop=True)

    def back(rows):
        restored = rows.assign(**(rows[numbers] * scale + centre)).reset_index(drop=True)
        categories = {
            name: pd.Categorical(rows[name], categories=X[name].cat.categories)
            for name in X
            if X[name].dtype == "category"
        }
        return restored.assign(**categories)[list(X)]

    return alike, back
