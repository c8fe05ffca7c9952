"""Columns that a sparse linear model keeps, by a rule for its penalty."""

import numpy as np
import pandas as pd

from mesic import Finding, SettingError, example_losses
from mesic_plugins.selectors.columns import read_rows
from mesic_plugins.selectors.judging import folds_of
from mesic_plugins.selectors.l1.design import design_of
from mesic_plugins.selectors.l1.entering import columns_to_enter, entering_shares
from mesic_plugins.selectors.l1.path import path, penalties_of
from mesic_plugins.selectors.selecting import ColumnSelector, dominant

PENALTIES, SMALLEST = 50, 0.02
TIGHT, LOOSE = 1e-7, 1e-3
PAST = 8  # penalties without a better one after which a path is left
RULES = ("auto", "min", "1se", "ebic", "stability")


class L1(ColumnSelector):
    """Keep the columns that have weights in a linear model with an L1 penalty.

    Columns are standardised inside, missing cells count as the mean, and the columns that stand for the levels of
    a category column enter and leave together (group lasso). A linear model sees no even effects, such as squares,
    and no interactions: Boruta does.

    Parameters
    ----------
    rule : {"auto", "1se", "min", "ebic", "stability"}
        Which penalty. ``1se``: the largest one whose loss, out of fold, is within one standard error of the least.
        ``min``: that of the least loss, which keeps far more columns than matter. ``ebic``: of the least extended
        Bayesian information criterion, without folds. ``stability``: none; columns are kept that are often among
        the first to enter on half of the rows. ``auto``: ``stability`` where there are more columns than rows,
        else ``1se``.
    folds : int
        Of ``1se`` and ``min``, from 2.
    threshold : float
        Of ``stability``: share of half samples in which a column must be among the first, in (0.5, 1].
    task : {"binary", "multiclass", "regression"} or None
        What is predicted; by default what the target looks like. Of several classes each is set against the rest.
    seed : int
        Of the folds and of the halves.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector. The statistic is the norm of a column's weights in units of its deviation, or its
        share of half samples.
    rule_ : str
        The rule that was used.
    path_ : DataFrame
        A row a penalty, except for ``stability``: ``penalty``, ``columns``, and ``loss`` with standard ``error``
        out of fold, or ``ebic``.
    penalty_ : float
        The penalty that was chosen.

    References
    ----------
    R. Tibshirani, Regression Shrinkage and Selection via the Lasso, JRSS B 58, 1996; J. Chen, Z. Chen, Extended
    Bayesian Information Criteria, Biometrika 95, 2008; N. Meinshausen, P. Bühlmann, Stability Selection, JRSS B
    72, 2010.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(200, 8)), columns=list("abcdefgh"))
    >>> L1().fit(X, X.a - 2 * X.b + rng.normal(size=200)).get_feature_names_out().tolist()
    ['a', 'b']
    """

    def __init__(self, *, rule="auto", folds=5, threshold=0.7, task=None, seed=0):
        self.rule = rule
        self.folds = folds
        self.threshold = threshold
        self.task = task
        self.seed = seed

    def fit(self, X, y=None, sample_weight=None):
        """Choose among the columns of X, shape (n, p), by a target of shape (n,).

        Raises
        ------
        SettingError
            An option cannot work.
        """
        self._refuse_settings()
        rows = read_rows(self, X, y, sample_weight, task=self.task)
        columns, target, weight = rows.columns, rows.target, rows.weight
        design = design_of(columns, weight)
        wide = design.X.shape[1] > len(columns)
        self.rule_ = self.rule if self.rule != "auto" else "stability" if wide else "1se"
        findings = () if self.rule_ == "stability" or design.X.shape[1] <= 2 * len(columns) else _wide(columns)
        targets = _targets(target)
        if self.rule_ == "stability":
            return self._stable(columns, design, targets, weight)
        return self._chosen(columns, design, target, targets, weight, findings)

    def _refuse_settings(self):
        if self.rule not in RULES:
            raise SettingError("rule", self.rule, ", ".join(RULES[:-1]) + f" or {RULES[-1]}")
        if self.folds < 2:
            raise SettingError("folds", self.folds, "a whole number from 2")
        if not 0.5 < self.threshold <= 1:
            raise SettingError("threshold", self.threshold, "a share above 0.5, up to 1")

    def _stable(self, columns, design, targets, weight):
        enter = columns_to_enter((design.size > 0).sum(), self.threshold)
        shares = entering_shares(design, targets, weight, enter, self.seed)
        kept = shares >= self.threshold
        reasons = [
            f"among the first {enter} columns to enter in {share:.0%} of half samples, "
            f"{'at least' if is_kept else 'below'} {self.threshold:.0%}"
            for share, is_kept in zip(shares, kept, strict=True)
        ]
        return self._decide(
            columns,
            kept,
            shares,
            what=f"share of half samples in which it is among the first {enter} to enter",
            threshold=self.threshold,
            reasons=reasons,
        )

    def _chosen(self, columns, design, target, targets, weight, findings):
        weight = np.ones(len(columns)) if weight is None else weight
        is_logistic = bool(target.classes)
        penalties = np.max([penalties_of(design, y, weight, PENALTIES, SMALLEST) for y in targets.T], axis=0)
        if self.rule_ == "ebic":
            points = [
                _taken(path(design, y, weight[:, None], penalties, is_logistic=is_logistic, tolerance=TIGHT))
                for y in targets.T
            ]
            table = _criteria(points, targets, weight, design, is_logistic)
            best = int(table["ebic"].argmin())
        else:
            folds = folds_of(target, len(columns), self.folds, self.seed)
            table = _validated(design, targets, target, weight, penalties, folds)
            least = int(table["loss"].argmin())
            bar = table["loss"][least] + (table["error"][least] if self.rule_ == "1se" else 0)
            best = int(np.flatnonzero(table["loss"] <= bar)[0])
            points = [
                _taken(
                    path(design, y, weight[:, None], penalties[: len(table)], is_logistic=is_logistic, tolerance=TIGHT)
                )
                for y in targets.T
            ]
        norms = [[_norms(point.coef[:, 0], design) for point in of_target] for of_target in points]
        table.insert(1, "columns", [int(np.max(at, axis=0).astype(bool).sum()) for at in zip(*norms, strict=True)])
        self.path_, self.penalty_ = table, float(penalties[best])
        return self._by_weights(columns, np.max([of_target[best] for of_target in norms], axis=0), findings)

    def _by_weights(self, columns, norms, findings):
        kept = norms > 0
        reasons = [
            f"weight {norm:.3g} a deviation at penalty {self.penalty_:.3g}"
            if norm
            else f"no weight at penalty {self.penalty_:.3g}"
            for norm in norms
        ]
        return self._decide(
            columns,
            kept,
            norms,
            what=f"weight a standard deviation, at the penalty of rule {self.rule_}",
            threshold=0.0,
            reasons=reasons,
            findings=(*findings, *dominant(columns, norms, "the weights of all columns")),
        )


def _targets(target):
    """Return what is fitted: the values, the second class, or each class against the rest; shape (n, k)."""
    if target.classes == 2:
        return (target.y == 1).astype(np.float64)[:, None]
    if target.classes:
        return (target.y[:, None] == np.unique(target.y)).astype(np.float64)
    return ((target.y - target.y.mean()) / (target.y.std() or 1.0))[:, None]


def _taken(points):
    return list(points)


def _norms(coef, design):
    squares = np.bincount(design.group, coef**2, minlength=design.size.size)
    return np.sqrt(squares)


def _validated(design, targets, target, weight, penalties, folds):
    """Return the loss out of fold at each penalty, until it has long passed its least."""
    inside = np.ones((len(weight), len(folds)))
    for place, (_, validate) in enumerate(folds):
        inside[validate, place] = 0
    fold_of = inside.argmin(axis=1)
    rows = np.arange(len(weight))
    runs = [
        path(design, y, inside * weight[:, None], penalties, is_logistic=bool(target.classes), tolerance=LOOSE)
        for y in targets.T
    ]
    found = []
    for points in zip(*runs, strict=True):
        eta = np.stack([point.eta[rows, fold_of] for point in points], axis=1)
        losses = _losses(eta, targets, target)
        each = [np.average(losses[validate], weights=weight[validate]) for _, validate in folds]
        found.append((points[0].penalty, np.mean(each), np.std(each, ddof=1) / np.sqrt(len(each))))
        means = [loss for _, loss, _ in found]
        if len(means) - int(np.argmin(means)) > PAST:
            break
    return pd.DataFrame(found, columns=["penalty", "loss", "error"])


def _losses(eta, targets, target):
    if not target.classes:
        return example_losses("regression", targets[:, 0], eta[:, 0])
    from scipy.special import log_expit

    return -(targets * log_expit(eta) + (1 - targets) * log_expit(-eta)).sum(axis=1)


def _criteria(points, targets, weight, design, is_logistic):
    """Return the extended Bayesian information criterion at each penalty."""
    from scipy.special import log_expit

    rows, columns = len(weight), (design.size > 0).sum()
    share = weight / weight.mean()
    found = []
    for at in zip(*points, strict=True):
        fit, used = 0.0, 0.0
        for point, y in zip(at, targets.T, strict=True):
            eta = point.eta[:, 0]
            if is_logistic:
                fit -= 2 * share @ (y * log_expit(eta) + (1 - y) * log_expit(-eta))
            else:
                fit += rows * np.log(max(share @ (y - eta) ** 2 / rows, 1e-12))
            used += np.count_nonzero(point.coef)
        found.append((at[0].penalty, fit + used * (np.log(rows) + 2 * np.log(max(columns, 1)))))
    return pd.DataFrame(found, columns=["penalty", "ebic"])


def _wide(columns):
    rows, p = columns.values.shape
    message = f"{p:,} columns in {rows:,} rows: a penalty that predicts best keeps many columns that do not matter"
    return (Finding("WIDE-TABLE", "warning", message, {"rows": rows, "columns": p}, "rule=stability"),)
