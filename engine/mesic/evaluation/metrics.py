"""What a metric is: a score of predictions, and the row sums from which it can be had."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Need = Literal["label", "probability", "value"]
Resampled = Literal["bca", "studentised", "reflected", "percentile", "not"]
Ends = tuple[float, float, str]


@dataclass(frozen=True)
class Bins:
    """Rows in bins by which a score follows, nearly, from how many fall into each.

    Parameters
    ----------
    cell
        Each row's, shape (n,), from 0.
    count
        How many there are.
    value
        Returns scores, shape (...), from shares of the cells, shape (..., count).
    units
        As how many rows these count, where the rows of one kind are rare; infinite where all of them do.
    """

    cell: np.ndarray
    count: int
    value: Callable[[np.ndarray], np.ndarray]
    units: float = math.inf


class Metric:
    """Base of all metrics; a subclass stores its options in ``__init__``.

    A subclass says how it is computed in one of three ways. The first two make its interval fast, for
    resampling rows then only adds up sums:

    * :meth:`cells` and :meth:`value`, when only counts in a table of cells matter (a confusion matrix),
    * :meth:`moments` and :meth:`value`, when only means over rows matter,
    * :meth:`score`, for everything else.

    Attributes
    ----------
    name : str
        The name that users type.
    greater_is_better : bool
        Which way is up.
    needs : {"label", "probability", "value"}
        What `prediction` holds: class codes, shape (n,); class probabilities, shape (n, k), rows summing to
        one; or numbers, shape (n,).
    bounds : tuple of float
        Smallest and largest score that can be.
    resampled : {"bca", "studentised", "reflected", "percentile", "not"}
        How resampled scores become an interval: by percentiles that are corrected for bias and acceleration, or plain
        ones. ``studentised`` is for scores that only grow, or only fall, with the mean of one moment, such as a loss;
        ``reflected`` for scores of moments that noise only ever raises; ``not`` for those that resampling says nothing
        about.
    weighs_otherwise : str
        Why a weight of 2 is not a row that stands there twice; empty where it is.

    Examples
    --------
    >>> class ShareRight(Metric):
    ...     name, greater_is_better, needs, bounds = "share_right", True, "label", (0.0, 1.0)
    ...
    ...     def moments(self, y, prediction):
    ...         return (y == prediction).astype(float)[:, np.newaxis]
    ...
    ...     def value(self, means):
    ...         return means[..., 0]
    >>> ShareRight().score(np.array([0, 1, 1, 1]), np.array([0, 1, 1, 0]))
    0.75
    """

    name: str
    greater_is_better: bool
    needs: Need
    bounds: tuple[float, float] = (-math.inf, math.inf)
    resampled: Resampled = "bca"
    weighs_otherwise: str = ""

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in sorted(vars(self).items()))
        return f"{type(self).__name__}({options})"

    def score(
        self,
        y: np.ndarray,
        prediction: np.ndarray,
        weight: np.ndarray | None = None,
        groups: np.ndarray | None = None,  # noqa: ARG002 - for metrics that score each group
    ) -> float:
        """Return the score, nan where it is not defined; never 0 in its place.

        Parameters
        ----------
        y
            Class codes from 0, or values, shape (n,).
        prediction
            As `needs` says.
        weight
            How much each row counts, at least 0, shape (n,); None: all the same.
        groups
            Which rows belong together, shape (n,); read by metrics that rank within groups.
        """
        if len(y) == 0 or (weight is not None and not weight.sum() > 0):
            return math.nan
        return float(values_of(self, self._means(y, prediction, weight)))

    def cells(self, y: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, int] | None:  # noqa: ARG002 - a default
        """Return each row's cell, shape (n,), from 0, and the number of cells; None: not made of cells."""
        return None

    def moments(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray | None:  # noqa: ARG002 - a default
        """Return what is averaged over rows, shape (n, m); None: not made of means."""
        return None

    def value(self, means: np.ndarray) -> np.ndarray:
        """Return scores, shape (...), from means of the moments or shares of the cells, shape (..., m)."""
        raise NotImplementedError(f"{type(self).__name__} says neither what its score nor what its value is")

    def binned(self, y: np.ndarray, prediction: np.ndarray) -> Bins | None:  # noqa: ARG002 - a default
        """Return rows in bins by which the score follows, for metrics of rankings; None: there are none.

        Only for the interval, which is moved by what the bins hide of the score.
        """
        return None

    def linearised(
        self,
        y: np.ndarray,
        prediction: np.ndarray,
        weight: np.ndarray | None,  # noqa: ARG002 - a default
        groups: np.ndarray | None,  # noqa: ARG002 - a default
    ) -> np.ndarray | None:
        """Return moments, shape (n, m), that tell to first order how the score moves with row weights.

        Only for the interval; None: score anew for each resample.
        """
        return self.moments(y, prediction)

    def closed_form(
        self,
        y: np.ndarray,  # noqa: ARG002 - a default
        prediction: np.ndarray,  # noqa: ARG002 - a default
        weight: np.ndarray | None,  # noqa: ARG002 - a default
        groups: np.ndarray | None,  # noqa: ARG002 - a default
        level: float,  # noqa: ARG002 - a default
    ) -> Ends | None:
        """Return (low, high, method) where a formula beats resampling, else None; groups count from 0."""
        return None

    def _means(self, y: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        found = self.cells(y, prediction)
        if found is None:
            moments = self.moments(y, prediction)
            return self.value(np.empty(0)) if moments is None else np.average(moments, axis=0, weights=weight)
        sums = np.bincount(found[0], weight, minlength=found[1])
        return np.asarray(sums / sums.sum())


def values_of(metric: Metric, means: np.ndarray) -> np.ndarray:
    """Return the metric's values, shape (...), for means of shape (..., m); nan where undefined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(metric.value(means), dtype=float)
