"""Do people of different groups get different answers, and different errors."""

import math

import numpy as np

from mesic import Evaluation, Finding, SettingError
from mesic_plugins.evaluators.cells import names_of
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.gaps import four_fifths, largest_difference, pairwise_level, smallest_ratio
from mesic_plugins.evaluators.slicing import cut

SETTING = "evaluator.fairness.columns"
MOST_OUTCOMES, MOST_GROUPS = 10, 200
PARITY, OPPORTUNITY, ODDS = "demographic parity", "equal opportunity", "equalised odds"
WITHIN, ERRORS = "calibration within groups", "equal errors"
MEASURES = {
    PARITY: "how often the outcome is predicted",
    OPPORTUNITY: "how often it is predicted where it is so",
    ODDS: "the same, and how often where it is not so: the larger difference",
    WITHIN: "by how much what is predicted lies above what is so",
    ERRORS: "how often, or by how much, predictions are wrong",
}
OF_NUMBERS = {
    PARITY: "the mean prediction",
    WITHIN: MEASURES[WITHIN],
    ERRORS: "the mean absolute error",
}
TOLD = {
    PARITY: "predicted",
    OPPORTUNITY: "predicted where it is so",
    ODDS: "predicted where it is not so",
    WITHIN: "predicted less observed",
    ERRORS: "wrong",
}


class Fairness:
    """Compares answers and errors between the groups of sensitive columns.

    The columns are those that the schema calls ``sensitive``, and ``columns``; they need not be features. For each it
    measures demographic parity, equal opportunity, equalised odds (of every outcome by itself where there are more than
    two), calibration within groups and equal errors; of numbers the mean prediction, what is predicted above what is
    so, and the absolute error. The largest difference of any two groups and the smallest ratio have intervals that
    hold for all pairs at once. The four-fifths rule is read off the ratio of parity.

    Parameters
    ----------
    columns : list of str
        Columns beside those that the schema calls sensitive.
    parts : int
        Ranges into which numbers are cut, from 2.
    fewest : int
        Rows of a group at least, from 2; of equal opportunity and odds also rows of the outcome.
    tolerance : float
        Difference that may be, from 0 to 1: beyond it, with its interval, a difference is a finding.

    References
    ----------
    M. Hardt, E. Price, N. Srebro, Equality of Opportunity in Supervised Learning, NIPS 2016; Uniform Guidelines on
    Employee Selection Procedures, 29 CFR 1607.4 D (four-fifths rule).
    """

    def __init__(self, columns=(), parts=4, fewest=30, tolerance=0.1):
        self.columns = list(columns or ())
        self.parts = parts
        self.fewest = fewest
        self.tolerance = tolerance

    def check(self, columns):
        """Refuse columns that are not there."""
        for name in self.columns:
            if name not in columns:
                raise SettingError(SETTING, name, f"columns of the table, such as {', '.join(list(columns)[:5])}")

    def evaluate(self, view):
        """Return every group and every measure of each column."""
        names = sensitive_columns(view, self.columns)
        columns = [self._column(view, name) for name in names]
        data = {"columns": columns, "tolerance": self.tolerance, "measures": {}}
        if names:
            data["measures"] = OF_NUMBERS if view.task == "regression" else MEASURES
        return Evaluation(data, tuple(found for column in columns for found in self._findings(column)))

    def _column(self, view, name):
        groups = [(_name_of(part), part.holds(view)) for part in cut(view, name, self.parts, MOST_GROUPS)]
        kept = {group: inside for group, inside in groups if inside.sum() >= self.fewest}
        small = [{"group": group, "rows": int(inside.sum())} for group, inside in groups if group not in kept]
        asked = _Asked(view, kept, self.fewest)
        return {
            "column": name,
            "groups": asked.described(),
            "small": small,
            "unnamed": len(view) - int(sum(inside.sum() for _, inside in groups)),
            "measures": asked.measures(),
        }

    def _findings(self, column):
        for measure in column["measures"]:
            if self._is_unequal(measure):
                yield _unequal(column, measure)
        small = [*column["small"], *_hollow(column["measures"])]
        if small:
            shown = ", ".join(map(_small_words, small[:5])) + (", ..." if len(small) > 5 else "")
            message = (
                f"groups of {column['column']!r} have fewer than {self.fewest} test rows and are not compared: {shown}"
            )
            fix = "collect more rows of them, or join groups that belong together"
            yield Finding("SMALL-GROUP", "info", message, {"column": column["column"], "groups": small}, fix)

    def _is_unequal(self, measure):
        if measure.get("reading") == "broken":
            return True
        gap = measure["difference"]
        return measure["is_share"] and gap is not None and gap["low"] > self.tolerance


def _hollow(measures):
    """Yield groups that have too few rows of an outcome, or too few without it."""
    for measure in measures:
        for group, found in measure["groups"].items():
            if found["value"] is None:
                yield {"group": group, "rows": found["n"], "outcome": measure["outcome"], "measure": measure["name"]}


def _small_words(small):
    if "measure" not in small:
        return f"{small['group']} ({small['rows']})"
    without = "not " if small["measure"] == ODDS else ""
    return f"{small['group']} where it is {without}{small['outcome']} ({small['rows']})"


def sensitive_columns(view, more=()):
    """Return the columns of a view that the schema calls sensitive, and others that were named."""
    flagged = [name for name, told in view.columns.items() if told.get("sensitive")]
    known = set(names_of(view))
    return [name for name in dict.fromkeys([*flagged, *more]) if name in known]


def _name_of(part):
    return str(part).partition(" = ")[2] or str(part)


class _Asked:
    """Rows in groups: what is predicted of them, what is so."""

    def __init__(self, view, groups, fewest):
        self.view, self.groups, self.fewest = view, groups, fewest
        self.rows = Rows(len(view), view.weight, view.groups, view.level)
        self.level = pairwise_level(view.level, len(groups))
        if view.task != "regression":
            self.named = view.answered

    def described(self):
        """Return the facts of each group that do not depend on an outcome."""
        wrong = self._wrong()
        return [
            {"group": group, "rows": int(inside.sum()), "wrong": self._estimate(wrong, inside, self.view.level)}
            for group, inside in self.groups.items()
        ]

    def measures(self):
        """Return every measure of every outcome."""
        found = [self._measure(ERRORS, None, self._by_group(self._wrong()))]
        if self.view.task == "regression":
            found.append(self._measure(PARITY, None, self._by_group(self.view.prediction)))
            found.append(self._measure(WITHIN, None, self._by_group(self.view.prediction - self.view.y)))
            return found
        outcomes = [1] if self.view.task == "binary" else range(min(len(self.view.classes), MOST_OUTCOMES))
        return found + [measure for outcome in outcomes for measure in self._of_outcome(outcome)]

    def _of_outcome(self, outcome):
        is_named, is_so = (self.named == outcome).astype(float), self.view.y == outcome
        hits, alarms = self._by_group(is_named, is_so), self._by_group(is_named, ~is_so)
        label = self.view.classes[outcome]
        yield self._measure(PARITY, label, self._by_group(is_named))
        yield self._measure(OPPORTUNITY, label, hits)
        yield self._measure(ODDS, label, hits, alarms)
        yield self._measure(WITHIN, label, self._by_group(self.view.prediction[:, outcome] - is_so))

    def _measure(self, name, outcome, found, also=None):
        """Return the largest difference and the smallest ratio of what was found by group."""
        level = self.view.level
        is_share = self._is_classes
        gaps = [largest_difference(part) for part in (found, also) if part is not None]
        gap = None if any(one is None for one in gaps) else max(gaps, key=lambda one: one["value"])
        if gap is not None:
            gap |= {"low": max(one["low"] for one in gaps), "high": max(one["high"] for one in gaps)}
        measure = {
            "name": name,
            "outcome": outcome,
            "is_share": is_share,
            "difference": self._said(gap, level),
            "ratio": None,
            "told": TOLD.get(name, name),
            "groups": found if also is None else also,
        }
        if name in (PARITY, OPPORTUNITY) and self._is_classes:
            measure["ratio"] = self._said(smallest_ratio(found), level)
        if name == PARITY and self._is_classes:
            measure["reading"] = four_fifths(measure["ratio"])
        return measure

    @property
    def _is_classes(self):
        return self.view.task != "regression"

    def _said(self, gap, level):
        if gap is None:
            return None
        ends = {end: gap[end] if math.isfinite(gap[end]) else None for end in ("value", "low", "high")}
        method = "all pairs of groups at once (MOVER, Bonferroni)"
        return ends | {
            "between": gap["between"],
            "level": level,
            "method": method,
            "unit": self.rows.unit,
            "n": len(self.view),
        }

    def _by_group(self, values, among=None):
        """Return an estimate by group; None for one of too few rows."""
        found = {}
        for group, inside in self.groups.items():
            asked = inside if among is None else inside & among
            enough = asked.sum() >= self.fewest
            found[group] = self._estimate(values, asked if enough else np.zeros_like(asked), self.level)
            found[group]["n"] = int(asked.sum())
        return found

    def _estimate(self, values, inside, level):
        rows = Rows(len(self.view), self.view.weight, self.view.groups, level).part(inside)
        is_yes_or_no = np.isin(values, (0.0, 1.0)).all()
        return rows.share(values[inside]) if is_yes_or_no else rows.mean(values[inside])

    def _wrong(self):
        if self.view.task == "regression":
            return np.abs(self.view.prediction - self.view.y)
        return (self.named != self.view.y).astype(float)


def _unequal(column, measure):
    gap = measure["ratio"] if measure.get("reading") == "broken" else measure["difference"]
    one, other = gap["between"]
    outcome = f" of {measure['outcome']!r}" if measure["outcome"] is not None else ""
    said = f"{measure['name']}{outcome} between {one} and {other} of {column['column']!r}: "
    if measure.get("reading") == "broken":
        said += f"ratio {gap['value']:.2f} ({gap['low']:.2f} to {gap['high']:.2f}), below four fifths"
    else:
        said += f"difference {gap['value']:.2f} ({gap['low']:.2f} to {gap['high']:.2f})"
    evidence = {key: measure[key] for key in ("name", "outcome", "difference", "ratio")} | {"column": column["column"]}
    fix = "find out which columns carry it, and whether the difference may be; policy.accept says why it stands"
    return Finding("UNEQUAL-GROUPS", "warning", said, evidence, fix)
