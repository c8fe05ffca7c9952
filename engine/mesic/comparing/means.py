"""Mean losses of several models on the same rows, and how sure each difference is."""

from dataclasses import dataclass

import numpy as np

from mesic.comparing.difference import difference_of
from mesic.evaluation.comparison import Comparison
from mesic.evaluation.resampling import FEWEST_UNITS, Resampling


@dataclass(frozen=True)
class Means:
    """Mean losses of k models, and how they vary together.

    Parameters
    ----------
    values
        Weighted mean losses, shape (k,).
    covariance
        Of the means, shape (k, k).
    freedom
        Degrees of freedom of Student's t.
    unit, n
        What is independent, in words; rows.
    method
        How differences are told.
    """

    values: np.ndarray
    covariance: np.ndarray
    freedom: float
    unit: str
    n: int
    method: str

    def error(self, one: int, other: int) -> float:
        """Return the standard error of a difference."""
        spread = self.covariance[one, one] + self.covariance[other, other] - 2 * self.covariance[one, other]
        size = self.covariance[one, one] + self.covariance[other, other]
        return 0.0 if spread <= 1e-15 * size else float(np.sqrt(spread))

    def p(self, one: int, other: int) -> float:
        """Return the two-sided p of no difference; nan where it cannot be told."""
        from scipy import special

        error, value = self.error(one, other), float(self.values[one] - self.values[other])
        if not error > 0:
            return float(value == 0) if error == 0 else float("nan")
        return float(2 * special.stdtr(self.freedom, -abs(value) / error))

    def difference(self, one: int, other: int, level: float) -> Comparison:
        """Return by how much more `one` loses than `other`, with its interval and the p of no difference."""
        from scipy import special

        value, error = float(self.values[one] - self.values[other]), self.error(one, other)
        half = -float(special.stdtrit(self.freedom, (1 - level) / 2)) * error
        ends, p = (value - half, value + half), self.p(one, other)
        return difference_of(value, ends, p, level=level, method=self.method, unit=self.unit, n=self.n)


def mean_losses(
    losses: np.ndarray, plan: Resampling, weight: np.ndarray | None = None, *, widened: float = 1.0
) -> Means:
    """Return the mean losses of several models on the same rows, with the covariance of the means.

    Parameters
    ----------
    losses
        A row a model, shape (k, n).
    plan
        Which rows belong together.
    weight
        Of the rows, shape (n,), or None.
    widened
        By how much standard errors of independent rows are too small.

    References
    ----------
    J. G. MacKinnon, H. White, Some heteroskedasticity-consistent covariance matrix estimators, Journal of Econometrics
    29, 1985 (HC2).

    Examples
    --------
    >>> from mesic.evaluation.resampling import plan_resampling
    >>> losses = np.array([[0.0, 1.0, 2.0, 3.0], [1.0, 1.5, 3.0, 3.5]])
    >>> found = mean_losses(losses, plan_resampling(4, None, rng=np.random.default_rng(0))).difference(0, 1, 0.95)
    >>> found["value"], round(found["p"], 3)
    (-0.75, 0.014)
    """
    sums = plan.sums(np.column_stack([losses.T, np.ones(losses.shape[1])]).astype(float), weight)
    own, share = sums[:, :-1], sums[:, -1]
    total = share.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        means = own.sum(axis=0) / total
        hidden = np.sqrt(np.maximum(1 - share / total, 1e-9))  # a unit draws the mean towards itself
    spread = (own - np.outer(share, means)) / hidden[:, np.newaxis] / total * widened
    covariance = spread.T @ spread if plan.units >= FEWEST_UNITS else np.full((len(losses), len(losses)), np.nan)
    freedom = max(plan.effective(weight), FEWEST_UNITS) - 1
    method = "paired t" if widened == 1 else f"paired t, errors times {widened:g} for folds that share training rows"
    return Means(means, covariance, freedom, plan.unit, losses.shape[1], method)
