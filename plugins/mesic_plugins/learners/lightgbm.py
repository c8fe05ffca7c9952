"""Gradient-boosted trees; they read missing values and category columns as they are."""

import copy
import re
from functools import cached_property

import lightgbm
import numpy as np

from mesic import Matrix, PortableStep
from mesic_plugins.learners.portable import ONE_CLASS, PortableLearner, layout_of

ROUNDS_A_LOOK = 50  # up to here every round is looked at, then one in this many parts of the rounds so far
BYTES_KEPT = 2**26  # of what is answered on the watched rows, the latest looks
CELLS_WORTH_THREADS = 500_000  # below, threads that wait for each other cost more than they bring
ROUNDS_FOR_HOPE = 64
PATIENCE = 15, 100  # rounds without a lower loss, two steps' worth, within these limits
ROWS_A_BIN, BINS = 40, (31, 255)
BINNED_BY = 1  # seed of the rows by which bins are found: they serve fits of all seeds
MIN_GROUP = 100  # LightGBM's rows a group of levels; small tables need less, or levels would never be used


def is_hopeless(losses, place, beat):
    """Return whether a loss that falls by as much with every doubling of the rounds will not get below another.

    Parameters
    ----------
    losses : array of shape (rounds,)
        By round, NaN where nobody looked.
    place : int
        The round that was looked at last, from 0.
    beat : float
        What is to be beaten.

    Returns
    -------
    bool
        Curves of loss flatten: a further doubling brings less than the one before, so that is the most to be hoped for.

    Examples
    --------
    >>> losses = np.full(1_000, np.nan)
    >>> losses[[49, 99]] = 3.0, 2.5
    >>> is_hopeless(losses, 99, beat=0.8), is_hopeless(losses, 99, beat=0.9)
    (True, False)
    """
    if place + 1 < ROUNDS_FOR_HOPE or not losses[place] > beat or np.nanmin(losses[: place + 1]) <= beat:
        return False
    half = losses[: (place + 1) // 2]
    seen = np.flatnonzero(np.isfinite(half))
    gain = half[seen[-1]] - losses[place]
    return bool(losses[place] - max(gain, 0.0) * np.log2(losses.size / (place + 1)) > beat)


class LightGBM(PortableLearner):
    """LightGBM behind a matrix: columns may have any name, and the same seed gives the same model.

    Parameters
    ----------
    n_estimators : int
        Rounds of boosting, from 1.
    learning_rate : float
        Share of each tree that is added, in (0, 1].
    num_leaves : int
        Leaves of a tree at most, from 2.
    min_child_samples : int
        Rows that a leaf needs, from 1.
    subsample, colsample_bytree : float
        Shares of the rows and of the columns that a tree sees, in (0, 1].
    reg_lambda, reg_alpha : float
        L2 and L1 penalties on the values of leaves, from 0.
    extra_trees : bool
        Whether a column is split at a threshold that is drawn at random.
    max_bin : int, optional
        Bins of a column's values, from 2; by default one for every 40 rows, 31 to 255: with few rows fewer bins err
        less, and take less time.
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    seed, threads : int
        Of the draws, and of LightGBM.

    References
    ----------
    G. Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x[0]": range(100)}, dtype=float)
    >>> LightGBM(n_estimators=20).fit(X, X["x[0]"] > 49).predict(X.iloc[[0, 99]]).tolist()
    [False, True]
    """

    def __init__(  # noqa: PLR0913 - one parameter an option
        self,
        *,
        n_estimators=200,
        learning_rate=0.05,
        num_leaves=31,
        min_child_samples=20,
        subsample=0.8,
        colsample_bytree=1.0,
        reg_lambda=1.0,
        reg_alpha=0.0,
        extra_trees=False,
        max_bin=None,
        task="binary",
        seed=0,
        threads=1,
    ):
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_child_samples = min_child_samples
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.reg_lambda = reg_lambda
        self.reg_alpha = reg_alpha
        self.extra_trees = extra_trees
        self.max_bin = max_bin
        self.task = task
        self.seed = seed
        self.threads = threads

    def complexity(self):
        """Return the number of leaves of all trees, and the unit."""
        return float(sum(map(int, re.findall(r"^num_leaves=(\d+)$", self.step_.text, re.MULTILINE)))), "leaves"

    def fit(self, X, y, sample_weight=None, *, eval_set=None, cache=None, beat=None):
        """Learn from a data frame X of shape (n, p) and targets y of shape (n,).

        Parameters
        ----------
        X, y, sample_weight
            What is learned from.
        eval_set : tuple of (X, y, sample_weight), optional
            Rows on which the loss is looked at; the rounds end early where it falls no more.
        cache : dict, optional
            Where bins are kept for the next fit of the same rows.
        beat : float, optional
            Mean loss on the rows of `eval_set`: the rounds end where all that are left give no hope of it.
        """
        kept = {} if cache is None else cache
        if "layout" not in kept:
            kept["layout"] = layout_of(X)
        codes, classes, weight = self._told(X, y, sample_weight, kept["layout"])
        self.__dict__.pop("step_", None)  # of an earlier fit
        if classes == 1:
            self.step_, self.eval_losses_ = ONE_CLASS, np.zeros(1)
            return self
        self._classes, self._threads = classes, self.threads if X.size >= CELLS_WORTH_THREADS else 1
        params = self._params(classes, len(codes), self._threads)
        binned = self._binned(kept, "fitted", params, (X, codes, weight))
        self._booster = lightgbm.Booster(params, binned)
        if eval_set is None:
            for _ in range(self.n_estimators):
                if self._booster.update():
                    break
        else:
            X, labels, weight = eval_set
            told = X, np.searchsorted(self.classes_, labels) if classes else labels, weight
            self._booster.add_valid(self._binned(kept, "watched", params, told, binned), "watched")
            self.eval_losses_ = self._watched(beat)
        if eval_set is None:
            self.step_ = self._step(self._booster.current_iteration())
            del self._booster
        return self

    @cached_property
    def step_(self):
        """What was learned."""
        return self._step(self._booster.current_iteration())

    def truncated(self, rounds):
        """Return the same model after some of its rounds; only where it was fitted with an `eval_set`."""
        shorter = copy.copy(self)
        shorter.n_estimators = rounds
        if hasattr(self, "_booster"):
            shorter.step_ = self._step(rounds)
            del shorter._booster
        return shorter

    def eval_prediction(self, rounds):
        """Return what is answered on the rows of `eval_set` after some rounds; None where it was not kept."""
        answer = self._looks.get(rounds)
        return np.column_stack([1 - answer, answer]) if answer is not None and self._classes == 2 else answer

    def _watched(self, beat):
        """Boost until the loss on the watched rows has not fallen for long, or has no hope; return it by round."""
        patience = np.clip(2 / self.learning_rate, *PATIENCE)
        losses, best = np.full(self.n_estimators, np.nan), 0
        self._looks = {}
        for place in range(self.n_estimators):
            is_finished = self._booster.update()
            is_last = is_finished or place + 1 == self.n_estimators
            if is_last or (place + 1) % max(1, (place + 1) // ROUNDS_A_LOOK) == 0:
                losses[place] = self._look(place + 1)
                best = place if place == 0 or not losses[place] >= losses[best] else best
            if is_finished or place - best >= patience or (beat is not None and is_hopeless(losses, place, beat)):
                return losses[: place + 1]
        return losses

    def _look(self, rounds):
        """Return the loss on the watched rows, and keep what is answered on them."""

        def keep(answer, _):
            self._looks[rounds] = answer.copy()
            while len(self._looks) * answer.nbytes > BYTES_KEPT:
                del self._looks[next(iter(self._looks))]
            return "kept", 0.0, False

        return self._booster.eval_valid(keep)[0][2]

    def _binned(self, cache, part, params, told, reference=None):
        """Return rows in bins; of the same rows and bins they are made once."""
        key = part, params["max_bin"]
        if key not in cache:
            X, y, weight = told
            matrix = Matrix.from_frame(X)
            categories = [place for place, name in enumerate(matrix.names) if name in matrix.levels]
            cache[key] = lightgbm.Dataset(
                matrix.values,
                y,
                weight=weight,
                categorical_feature=categories,
                params=params,
                reference=reference,
                free_raw_data=True,
            ).construct()
        return cache[key]

    def _step(self, rounds):
        text = self._booster.model_to_string(num_iteration=rounds)
        text = text.replace(f"[num_threads: {self._threads}]", "[num_threads: 0]")
        return PortableStep("lightgbm", {"classes": self._classes}, text=text)

    def _params(self, classes, rows, threads):
        has_bags = self.subsample < 1 <= int(self.subsample * rows)
        objective = {0: {"objective": "regression"}, 2: {"objective": "binary"}}
        return objective.get(classes, {"objective": "multiclass", "num_class": classes}) | {
            "learning_rate": self.learning_rate,
            "num_leaves": self.num_leaves,
            "min_data_in_leaf": self.min_child_samples,
            "min_data_per_group": min(MIN_GROUP, max(self.min_child_samples, rows // 100)),
            "bagging_fraction": self.subsample,
            "bagging_freq": int(has_bags),
            "feature_fraction": self.colsample_bytree,
            "lambda_l2": self.reg_lambda,
            "lambda_l1": self.reg_alpha,
            "extra_trees": self.extra_trees,
            "max_bin": self.max_bin or int(np.clip(rows / ROWS_A_BIN, *BINS)),
            "seed": self.seed % 2**31,
            "data_random_seed": BINNED_BY,
            "num_threads": threads,
            "feature_pre_filter": False,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
