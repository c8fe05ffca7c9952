"""Intervals and sets that hold the target as often as they promise."""

import math

import numpy as np

from mesic import Evaluation, Finding, PredictedRows, SettingError, class_scores, sets_of
from mesic_plugins.evaluators.conformal_scores import Known, chosen_intervals, quantile_above
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.fairness import sensitive_columns
from mesic_plugins.evaluators.slicing import cut

SETTING = "evaluator.conformal.by"
FEWEST, PARTS = 30, 4
SCORES = ("lac", "aps")
RECENT = 0.25  # share of the rows after which, by time, a row counts half


class Conformal:
    """Calibrates intervals of numbers, or sets of classes, and shows on test rows how often they hold the target.

    They are calibrated by the errors of models on rows that these did not see, out of fold; where there are none, on
    one half of the rows and shown on the other. Numbers: what is added to the prediction below and above, in the unit
    of the target or of the usual error at such a prediction, whichever pays (Winkler's score, each half judged by the
    other). Classes: LAC, the smallest sets, and APS, which hold harder rows more evenly; no set is empty, so that a
    model that errs less than it may holds more than is promised.

    The promise needs rows to come as those did that it was calibrated on. Groups: each counts the same, and one more is
    to come, so that a row of a group that nobody saw is held. Time: later rows count more, half as much a quarter of
    the rows earlier. It holds on average over rows, not in every slice: coverage by slice is shown.

    Parameters
    ----------
    coverage : float
        Share of the rows whose target is held, from 0.5 to 0.99.
    sets : {"lac", "aps"}
        Which sets a bundle is to answer.
    by : list of str
        Columns by whose groups coverage is shown, beside sensitive ones.

    References
    ----------
    R. F. Barber et al., Predictive inference with the jackknife+, Annals of Statistics 49, 2021; Y. Lee, R. F. Barber,
    R. Willett, Distribution-free inference with hierarchical data, arXiv 2306.06342, 2023 (groups).
    """

    def __init__(self, coverage=0.9, sets="lac", by=()):
        self.coverage = coverage
        self.sets = sets
        self.by = list(by or ())

    def check(self, columns):
        """Refuse columns that are not there."""
        for name in self.by:
            if name not in columns:
                raise SettingError(SETTING, name, f"columns of the table, such as {', '.join(list(columns)[:5])}")

    def evaluate(self, view):
        """Return what answers intervals or sets, and their coverage and size on test rows."""
        calibrated, asked, origin = _parts(view)
        mass = _Mass(calibrated)
        facts = {
            "promised": self.coverage,
            "calibrated_on": len(calibrated),
            "calibrated_by": origin,
            "units": mass.units,
        }
        if mass.units < self._units_needed(view.task):
            return Evaluation(facts | {"answer": None}, (self._too_few(mass.units, calibrated, view.task),))
        rows = Rows(len(asked), asked.weight, asked.groups, view.level)
        told = self._intervals if view.task == "regression" else self._sets
        answer, how, held, size = told(calibrated, asked, mass, view)
        data = facts | {"answer": answer | {"promised": self.coverage}} | how | _shown(rows, held, size, view.task)
        data["by"] = self._by(view, asked, rows, held, size)
        return Evaluation(data, tuple(self._missed(data)))

    def _units_needed(self, task):
        tail = (1 - self.coverage) / (2 if task == "regression" else 1)
        return math.ceil(1 / tail - 1e-9) - 1

    def _intervals(self, calibrated, asked, mass, view):
        known = Known(calibrated.prediction, calibrated.y, mass.rows, mass.beyond)
        intervals, shape = chosen_intervals(known, self.coverage, _is_first(calibrated, view.rng))
        low, high = intervals.at(asked.prediction)
        return intervals.as_dict(), {"shape": shape}, (low <= asked.y) & (asked.y <= high), high - low

    def _sets(self, calibrated, asked, mass, view):
        rows = Rows(len(asked), asked.weight, asked.groups, view.level)
        own = np.arange(len(calibrated)), calibrated.y
        answers, compared = {}, {}
        for score in SCORES:
            scores = class_scores(score, calibrated.prediction)[own]
            threshold = min(quantile_above(scores, self.coverage, mass.rows, mass.beyond), 1.0)
            answers[score] = {"kind": "set", "score": score, "threshold": threshold}
            sets = sets_of(answers[score], asked.prediction)
            compared[score] = _held(sets, asked.y), sets.sum(axis=1).astype(float)
        told = {score: _shown(rows, *found, view.task) for score, found in compared.items()}
        return answers[self.sets], {"compared": told}, *compared[self.sets]

    def _by(self, view, asked, rows, held, size):
        """Return coverage and size of classes and of the groups of columns."""
        parts = [part for name in sensitive_columns(view, self.by) for part in cut(view, name, PARTS)]
        told = [(str(part), part.holds(asked)) for part in parts]
        told += [(f"is {label}", asked.y == code) for code, label in enumerate(view.classes)]
        return [
            {"slice": name, "rows": int(inside.sum())}
            | (_shown(rows.part(inside), held[inside], size[inside], view.task) if inside.sum() >= FEWEST else {})
            for name, inside in told
        ]

    def _too_few(self, units, calibrated, task):
        what = "groups" if calibrated.groups is not None else "rows"
        message = f"{units} {what} are too few to promise that {self.coverage:.0%} of the targets are held: it takes "
        message += f"{self._units_needed(task)} that models did not see"
        evidence = {"units": units, "needed": self._units_needed(task)}
        fix = f"collect more {what}, or promise less: evaluator.conformal.coverage"
        return Finding("NO-COVERAGE", "info", message, evidence, fix)

    def _missed(self, data):
        found = data["coverage"]
        if found["high"] is not None and found["high"] < self.coverage:
            message = (
                f"{_said(found)} of the targets lie in their intervals or sets, and {self.coverage:.0%} were promised"
            )
            fix = "test rows differ from the others: look for drift, declare source.time or source.group"
            yield Finding("COVERAGE-MISSED", "warning", message, {"promised": self.coverage, "coverage": found}, fix)


def _said(found):
    return f"{found['value']:.1%} ({found['low']:.1%} to {found['high']:.1%})"


def _shown(rows, held, size, task):
    """Return coverage and mean size, each with its interval."""
    facts = {"coverage": rows.share(held.astype(float)), "size": rows.mean(size)}
    if task != "regression":
        facts["alone"] = rows.share((size == 1).astype(float))
    return facts


def _held(sets, y):
    return sets[np.arange(y.size), y]


def _parts(view):
    """Return the rows that are calibrated on, those that it is shown on, and how."""
    if view.out_of_fold is not None:
        return view.out_of_fold, view, "errors out of fold"
    first = _is_first(view, view.rng)
    return _half(view, first), _half(view, ~first), "one half of the rows"


def _is_first(rows, rng):
    """Return which rows are of the first half; groups stay whole."""
    group = np.arange(len(rows)) if rows.groups is None else np.unique(rows.groups, return_inverse=True)[1]
    return rng.permutation(int(group.max()) + 1)[group] % 2 == 0


def _half(view, inside):
    """Return some rows of a view."""
    arrays = {name: _taken(getattr(view, name), inside) for name in ("weight", "groups", "time")}
    aside = None if view.aside is None else view.aside.loc[inside]
    y, prediction, losses = view.y[inside], view.prediction[inside], view.losses[inside]
    return PredictedRows(view.X.loc[inside], y, prediction, losses, aside=aside, **arrays)


def _taken(values, inside):
    return None if values is None else values[inside]


class _Mass:
    """How much each row counts, how much the one to come does, and as how many equal units they count."""

    def __init__(self, rows):
        weight = np.ones(len(rows)) if rows.weight is None else rows.weight.astype(float)
        group = np.arange(len(rows)) if rows.groups is None else np.unique(rows.groups, return_inverse=True)[1]
        if rows.groups is not None:
            weight = weight / np.maximum(np.bincount(group, weight)[group], 1e-300)
        self.rows = weight * _recency(rows)
        self.beyond = 1.0 if rows.groups is not None or not len(rows) else float(weight.mean())
        sums = np.bincount(group, self.rows)
        self.units = int(sums.sum() ** 2 / (sums**2).sum() + 1e-9) if sums.any() else 0


def _recency(rows):
    """Return how much rows count by their time: the latest one, half as much each quarter of the rows earlier."""
    if rows.time is None:
        return 1.0
    later = np.argsort(np.argsort(-rows.time, kind="stable"), kind="stable")
    return 0.5 ** (later / (RECENT * max(len(rows), 1)))
