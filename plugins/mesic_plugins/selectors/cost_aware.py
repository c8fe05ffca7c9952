"""The columns that predict best among those that can be had within a budget of time."""

from collections.abc import Mapping

import numpy as np

from mesic import Finding, SettingError
from mesic_plugins.selectors.boosting import excess_by_shuffling, losses_out_of_fold
from mesic_plugins.selectors.columns import Columns, read_rows
from mesic_plugins.selectors.judging import folds_of
from mesic_plugins.selectors.selecting import ColumnSelector, named


class CostAware(ColumnSelector):
    """Drop what costs most and serves LightGBM least, until the rest can be had within a budget.

    A charge is an amount of time that falls due when any of its columns is used: what a transformer takes falls on all
    columns that it makes. Of the charges that are left, the one goes whose columns are worth least a microsecond: whose
    shuffling costs LightGBM least, out of fold. Afterwards those come back that still fit and help. Where everything
    fits, everything is kept; where nothing does, the columns of the cheapest charge.

    Parameters
    ----------
    budget_us : float
        Microseconds a row, above 0, that getting and making columns may take; what the learner takes comes on top.
    folds : int
        Of the model that is asked, from 2.
    task : {"binary", "multiclass", "regression"} or None
        What is predicted; by default what the target looks like.
    seed, threads : int
        Of the folds, and of LightGBM.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector. The statistic is what a column's charges take together; the evidence has besides
        ``loss_without``, by how much the loss rose when the columns of its charge were shuffled.
    total_us_ : float
        What the kept columns take.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 3))
    >>> y = X[:, 0] + X[:, 1] + 0.1 * X[:, 2]
    >>> CostAware(budget_us=100).fit(X, y, costs={"x0": 80, "x2": 80}).get_support().tolist()
    [True, True, False]
    """

    def __init__(self, *, budget_us=100.0, folds=5, task=None, seed=0, threads=1):
        self.budget_us = budget_us
        self.folds = folds
        self.task = task
        self.seed = seed
        self.threads = threads

    def fit(self, X, y=None, sample_weight=None, costs=None, protected=()):
        """Choose among the columns of X, shape (n, p), by a target of shape (n,).

        Parameters
        ----------
        X, y, sample_weight
            As of every selector.
        costs
            By column, microseconds a row; or charges, pairs of microseconds and the names that they fall on. A run
            says what its transformers take, roughly, and what ``cost_us`` of the schema says.
        protected
            Names of columns that stay, and are paid for first.

        Raises
        ------
        SettingError
            An option cannot work.
        """
        if not self.budget_us > 0:
            raise SettingError("budget_us", self.budget_us, "microseconds above 0")
        if self.folds < 2:
            raise SettingError("folds", self.folds, "a whole number from 2")
        rows = read_rows(self, X, y, sample_weight, task=self.task)
        charges = _charges(costs, rows.columns.names)
        stays = np.isin(rows.columns.names, list(protected))
        dropped = _Purchase(self, rows, charges, stays).dropped()
        return self._told(rows.columns, charges, dropped)

    def _told(self, columns, charges, dropped):
        kept = np.ones(len(columns.names), dtype=bool)
        rise = np.full(kept.size, np.nan)
        for number, lost in dropped.items():
            kept &= ~charges[number][1]
            rise = np.where(charges[number][1] & np.isnan(rise), lost, rise)
        if not kept.any():
            cheapest = min(dropped, key=lambda number: (charges[number][0], -dropped[number]))
            kept = charges[cheapest][1].copy()
        price = np.array([sum(us for us, of in charges if of[place]) for place in range(kept.size)], dtype=np.float64)
        self.total_us_ = float(sum(us for us, of in charges if (of & kept).any()))
        reasons = [_reason(us, is_kept, lost) for us, is_kept, lost in zip(price, kept, rise, strict=True)]
        return self._decide(
            columns,
            kept,
            price,
            what="microseconds a row that it takes",
            threshold=float(self.budget_us),
            reasons=reasons,
            more={"loss_without": rise},
            findings=self._findings([columns.names[place] for place in np.flatnonzero(~kept)]),
        )

    def _findings(self, left_out):
        if not left_out:
            return ()
        total = f"{self.total_us_:g} us"
        message = f"{named(left_out)} cost more than budget_us={self.budget_us:g} allows; the rest takes {total}"
        if self.total_us_ > self.budget_us:
            message = f"nothing fits in budget_us={self.budget_us:g}: the least takes {total}"
        fix = "a larger budget_us; times are measured to one digit, so that another machine may choose otherwise"
        return (Finding("OVER-BUDGET", "info", message, {"columns": left_out, "total_us": self.total_us_}, fix),)


class _Purchase:
    """What can be had: losses of the model by the charges that have gone."""

    def __init__(self, selector, rows, charges, stays):
        self.columns, self.target, self.weight = rows.columns, rows.target, rows.weight
        self.charges, self.budget = charges, selector.budget_us
        self.may_go = [number for number, (_, of) in enumerate(charges) if not (of & stays).any()]
        self.model = {"seed": selector.seed, "threads": selector.threads}
        self.folds = folds_of(self.target, len(self.columns), selector.folds, selector.seed)

    def dropped(self):
        """Return which charges go, each with what its going costs."""
        gone: dict[int, float] = {}
        while self._total(gone) > self.budget:
            due = [number for number in self.may_go if self._is_due(number, gone)]
            if not due:
                return gone
            rise = self._rise(gone, due)
            worth = {number: rise[number] / self.charges[number][0] for number in due}
            cheapest = min(due, key=lambda number: (worth[number], -self.charges[number][0]))
            gone[cheapest] = rise[cheapest]
        losses = self._loss(gone) if gone else 0.0
        for number in sorted(gone, key=lambda number: -gone[number]):
            back = {other: lost for other, lost in gone.items() if other != number}
            if self._total(back) <= self.budget and (better := self._loss(back)) < losses:
                gone, losses = back, better
        return gone

    def _rise(self, gone, due):
        """Return by how much the loss rises when the columns of each charge are shuffled together."""
        left = self._taken(gone)
        place_of = {name: place for place, name in enumerate(left.names)}
        sets = [
            [place_of[name] for name, is_of in zip(self.columns.names, self.charges[number][1], strict=True)
             if is_of and name in place_of]
            for number in due
        ]  # fmt: skip
        excess = excess_by_shuffling(left, self.target, self.weight, self.folds, sets, **self.model)
        return dict(zip(due, np.average(excess, axis=0, weights=self.weight).tolist(), strict=True))

    def _left(self, gone):
        left = np.ones(len(self.columns.names), dtype=bool)
        for number in gone:
            left &= ~self.charges[number][1]
        return left

    def _is_due(self, number, gone):
        return bool((self.charges[number][1] & self._left(gone)).any())

    def _total(self, gone):
        return sum(us for number, (us, _) in enumerate(self.charges) if self._is_due(number, gone))

    def _taken(self, gone):
        places = np.flatnonzero(self._left(gone))
        names = tuple(self.columns.names[place] for place in places)
        levels = {name: self.columns.levels[name] for name in names if name in self.columns.levels}
        return Columns(self.columns.values[:, places], names, levels)

    def _loss(self, gone):
        losses = losses_out_of_fold(self._taken(gone), self.target, self.weight, self.folds, **self.model)
        return float(np.average(losses, weights=self.weight))


def _charges(costs, names):
    """Return charges as pairs of microseconds and booleans of shape (p,)."""
    pairs = [(us, [name]) for name, us in costs.items()] if isinstance(costs, Mapping) else costs or []
    charges = []
    for us, of in pairs:
        if not np.isfinite(us) or us < 0:
            raise SettingError("costs", us, "microseconds from 0")
        falls_on = np.isin(names, list(of))
        if us > 0 and falls_on.any():
            charges.append((float(us), falls_on))
    return charges


def _reason(us, is_kept, lost):
    if is_kept:
        return f"takes {us:g} us a row, within the budget" if us else "takes no time of its own"
    return f"takes {us:g} us a row; shuffling what it pays for costs {lost:.3g} of loss"
