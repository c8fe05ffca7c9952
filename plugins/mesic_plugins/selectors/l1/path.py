"""The path of L1-penalised linear models over falling penalties, for several sets of weights side by side.

Weights of 0 leave rows out, so the models of all folds are fitted together: they read the columns once, share one
curvature and predict the rows that they did not see.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, special

STEPS = 200
SWEEPS = 1_000


@dataclass(frozen=True)
class Point:
    """The models of one penalty.

    Parameters
    ----------
    penalty
        Of the mean loss.
    coef
        Weights of all columns, shape (d, m) for m sets of row weights.
    eta
        Linear predictions of all rows, shape (n, m).
    """

    penalty: float
    coef: np.ndarray
    eta: np.ndarray


def penalties_of(design, y, weight, number, smallest):
    """Return falling penalties: from the one at which the first column enters to a share of it."""
    share = weight / weight.sum()
    residual = share * (y - share @ y)
    highest = _group_norms(design.X.T @ residual[:, None], design).max(initial=0.0)
    return np.geomspace(1, smallest, number) * (highest or 1.0)


def path(design, y, weights, penalties, *, is_logistic, tolerance):
    """Yield the models of one penalty after another, each starting from the one before.

    Parameters
    ----------
    design
        Columns.
    y
        Shape (n,): 0 or 1, or values.
    weights
        Of rows, shape (n, m), a column a model.
    penalties
        Falling.
    is_logistic
        Log loss, else half the squared error.
    tolerance
        By how much optimality may be missed, as a share of the first penalty.

    References
    ----------
    J. Friedman, T. Hastie, R. Tibshirani, Regularization Paths for Generalized Linear Models via Coordinate
    Descent, Journal of Statistical Software 33, 2010; R. Tibshirani et al., Strong Rules for Discarding
    Predictors in Lasso-type Problems, JRSS B 74, 2012; M. Yuan, Y. Lin, Model Selection and Estimation in
    Regression with Grouped Variables, JRSS B 68, 2006.
    """
    problem = _Problem(design, y, weights / weights.sum(axis=0), is_logistic)
    gradient = problem.full_gradient()
    before = penalties[0]
    for penalty in penalties:
        strong = (_group_norms(gradient, design) >= 2 * penalty - before).any(axis=1)
        problem.admit(strong)
        while True:
            problem.solve(penalty, tolerance * penalties[0])
            gradient = problem.full_gradient()
            violated = (_group_norms(gradient, design) > penalty + tolerance * penalties[0]).any(axis=1)
            if not problem.admit(violated):
                break
        before = penalty
        yield Point(float(penalty), problem.coef.copy(), problem.eta.copy())


def _group_norms(gradient, design):
    """Return for each group of columns the penalty below which it enters, shape (p, m)."""
    if (design.size <= 1).all():
        norms = np.zeros((design.size.size, gradient.shape[1]))
        norms[design.group] = np.abs(gradient)
        return norms
    squares = np.zeros((design.size.size, gradient.shape[1]))
    np.add.at(squares, design.group, gradient**2)
    return np.sqrt(squares / np.maximum(design.size, 1)[:, None])


class _Problem:
    """Models under way: weights, predictions, the columns admitted so far and their curvature."""

    def __init__(self, design, y, share, is_logistic):
        self.design, self.share, self.is_logistic = design, share, is_logistic
        self.y = y[:, None]
        mean = y @ share
        self.intercept = special.logit(np.clip(mean, 1e-9, 1 - 1e-9)) if is_logistic else mean
        self.coef = np.zeros((design.X.shape[1], share.shape[1]))
        self.eta = np.broadcast_to(self.intercept, share.shape).copy()
        self.groups = np.zeros(design.size.size, dtype=bool)
        self.places = np.array([], dtype=np.int64)
        self.block = np.empty((y.size, 0), order="F")
        self.curvature = self._curvature_now()
        self.gram = np.empty((0, 0))
        self.cross = np.empty(0)

    def residual(self):
        """Return the slope of each row's loss, weighted, shape (n, m)."""
        fitted = special.expit(self.eta) if self.is_logistic else self.eta
        return self.share * (self.y - fitted)

    def full_gradient(self):
        """Return the slope of the loss in all columns, shape (d, m)."""
        return np.asarray(self.design.X.T @ self.residual())

    def admit(self, groups):
        """Let groups of columns take part; return whether any is new."""
        new = groups & ~self.groups & (self.design.size > 0)
        if not new.any():
            return False
        self.groups |= new
        places = np.flatnonzero(new[self.design.group])
        columns = self.design.X[:, places]
        columns = columns.toarray(order="F") if sparse.issparse(columns) else columns
        weighted = columns * self.curvature[:, None]
        corner = self.block.T @ weighted
        self.gram = np.block([[self.gram, corner], [corner.T, columns.T @ weighted]])
        self.cross = np.concatenate([self.cross, weighted.sum(axis=0)])
        self.block = np.asfortranarray(np.hstack([self.block, columns]))
        self.places = np.concatenate([self.places, places])
        return True

    def _curvature_now(self):
        """Return each row's share of the curvature, the mean over models, shape (n,)."""
        share = self.share.mean(axis=1)
        if self.is_logistic:
            fitted = special.expit(self.eta.mean(axis=1))
            share = share * np.maximum(fitted * (1 - fitted), 1e-6)
        return share

    def _renew_curvature(self):
        self.curvature = self._curvature_now()
        weighted = self.block * self.curvature[:, None]
        self.gram, self.cross = self.block.T @ weighted, weighted.sum(axis=0)

    def solve(self, penalty, tolerance):
        """Fit the admitted columns by Newton steps whose curvature is renewed when they get slow."""
        if not self.places.size:
            return
        last, is_fresh, step = np.inf, False, 1.0
        for _ in range(STEPS):
            residual = self.residual()
            slope, slope0 = self.block.T @ residual, residual.sum(axis=0)
            coef = self.coef[self.places]
            missed = max(_missed(slope, coef, penalty, self._spans()), np.abs(slope0).max())
            if missed <= tolerance:
                return
            if missed > 0.3 * last and self.is_logistic:
                if is_fresh and missed > last:
                    step /= 2
                self._renew_curvature()
                is_fresh = True
            last = missed
            self._step(slope, slope0, coef, penalty, tolerance, step)

    def _step(self, slope, slope0, coef, penalty, tolerance, step):
        total = self.curvature.sum()
        gram = self.gram - np.outer(self.cross, self.cross) / total
        linear = slope - np.outer(self.cross, slope0) / total
        change = _descend(gram, linear, coef, penalty, self._spans(), tolerance / 10) * step
        change0 = (slope0 * step - self.cross @ change) / total
        self.coef[self.places] = coef + change
        self.intercept = self.intercept + change0
        self.eta += self.block @ change + change0

    def _spans(self):
        """Return start and end of each admitted group."""
        group = self.design.group[self.places]
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        return list(zip(starts.tolist(), [*starts[1:].tolist(), group.size], strict=True))


def _missed(slope, coef, penalty, spans):
    """Return by how much the conditions of an optimum are missed at most."""
    worst = 0.0
    if spans[-1][1] == len(spans):
        excess = np.where(coef != 0, np.abs(slope - penalty * np.sign(coef)), np.abs(slope) - penalty)
        return float(excess.max(initial=0.0))
    for start, end in spans:
        root = np.sqrt(end - start)
        own, at = coef[start:end], slope[start:end]
        norm = np.linalg.norm(own, axis=0)
        inside = np.linalg.norm(at, axis=0) / root - penalty
        outside = np.linalg.norm(at - penalty * root * own / np.where(norm > 0, norm, 1), axis=0) / root
        worst = max(worst, float(np.where(norm > 0, outside, inside).max()))
    return worst


def _descend(gram, linear, coef, penalty, spans, tolerance):
    """Return the change of weights that minimises the quadratic model and the penalty: descent a group at a time."""
    change = np.zeros_like(coef)
    left = linear.copy()
    bounds = [_bound(gram, start, end) for start, end in spans]
    everyone = list(range(len(spans)))
    active = everyone
    for sweep in range(SWEEPS):
        worst = 0.0
        for number in active:
            start, end = spans[number]
            worst = max(worst, _update(gram, left, coef, change, penalty, start, end, bounds[number]))
        if worst <= tolerance:
            if active is everyone:
                break
            active = everyone
        elif active is everyone or sweep % 20 == 19:
            active = [number for number, (start, end) in enumerate(spans) if (coef + change)[start:end].any()]
    return change


def _bound(gram, start, end):
    if end == start + 1:
        return max(gram[start, start], 1e-12)
    return max(np.linalg.eigvalsh(gram[start:end, start:end])[-1], 1e-12)


def _update(gram, left, coef, change, penalty, start, end, bound):
    """Move one group to where the model and the penalty want it; return how far the slope was off."""
    now = coef[start:end] + change[start:end]
    wanted = now + left[start:end] / bound
    if end == start + 1:
        moved = np.sign(wanted) * np.maximum(np.abs(wanted) - penalty / bound, 0)
    else:
        norm = np.linalg.norm(wanted, axis=0)
        moved = wanted * np.maximum(1 - penalty * np.sqrt(end - start) / bound / np.where(norm > 0, norm, 1), 0)
    by = moved - now
    far = float(np.abs(by).max())
    if far > 0:
        change[start:end] += by
        left -= gram[:, start:end] @ by
    return far * bound
