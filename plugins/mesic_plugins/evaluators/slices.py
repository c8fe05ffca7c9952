"""For whom is the model worse: slices that were declared, and slices that were searched."""

import math
import shlex
from dataclasses import replace

import numpy as np

from mesic import Evaluation, Finding, holm
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.expected_loss import ExpectedLoss
from mesic_plugins.evaluators.slice_search import Hunt
from mesic_plugins.evaluators.slice_words import declared_slices, read_slice

SETTING = "evaluator.slices.columns"
MOST_DECLARED = 200
MOST_SHOWN, FEWEST_MEASURED = 3, 10
ORDER = {"surprising": 0, "hard": 1, "unconfirmed": 2}


class Slices:
    """Compares the loss within slices of rows with the loss of the rest.

    Searched are levels and ranges of every feature, of sensitive columns that no learner sees, and pairs of them: first
    what is surprising, where rows lose more than rows of such predictions usually do; then what is hard, where they
    lose more than others do and predictions say so. They are looked for in rows that were predicted out of fold and
    measured on test rows, so that luck in the search does not count; where nothing was predicted out of fold, on one
    half of the rows and on the other. Holm's correction over both questions of all that came out of the search keeps
    false alarms below 1 - level. What is declared is measured on all test rows, and corrected by itself.

    Parameters
    ----------
    columns : list of str
        Declared slices: a column (all its levels or ranges), conditions such as ``age >= 65``, ``age >= 90%`` (of the
        training rows) or ``town = Ulm``, and several of these joined by ``&``.
    parts : int
        Ranges into which a declared column of numbers is cut, from 2.
    most : int
        Searched slices of each sort at most; 0: none are searched.
    fewest : int
        Rows of a slice at least, from 2.

    References
    ----------
    Y. Chung et al., Slice Finder: Automated Data Slicing for Model Validation, ICDE 2019.
    """

    def __init__(self, columns=(), parts=4, most=3, fewest=30):
        self.columns = list(columns or ())
        self.parts = parts
        self.most = most
        self.fewest = fewest

    def check(self, columns):
        """Refuse slices that cannot be read."""
        for text in self.columns:
            read_slice(text, columns, SETTING)

    def evaluate(self, view):
        """Return a row a slice: its rows, its loss beside that of the rest, the share of all loss that it holds."""
        inside, rows, how = _halves(view) if view.out_of_fold is None else (view.out_of_fold, view, "out of fold")
        expected = ExpectedLoss(inside.prediction, inside.losses, inside.weight)
        searched, looked_at = self._searched(view, inside, _Asked(rows, expected), expected)
        declared, small = self._declared(view, _Asked(view, expected))
        data = {
            "loss": "squared error" if view.task == "regression" else "log loss",
            "looked_at": looked_at,
            "looked_in": how,
            "looked_in_rows": len(inside),
            "measured_on": len(rows),
            "searched": searched,
            "declared": declared,
            "small": small,
        }
        worse = [row for row in (*searched, *declared) if row["found"]]
        return Evaluation(data, (*_worse(worse, view.level), *_small(small, self.fewest)))

    def _declared(self, view, asked):
        known = [*view.X.columns, *([] if view.aside is None else view.aside.columns)]
        said = [read_slice(text, known, SETTING) for text in self.columns]
        slices = [part for one in said for part in declared_slices(view, one, parts=self.parts, setting=SETTING)]
        distinct = list({str(part): part for part in slices}.values())
        held = [(part, part.holds(view)) for part in distinct]
        small = [{"slice": str(part), "rows": int(rows.sum())} for part, rows in held if rows.sum() < self.fewest]
        enough = [(part, rows) for part, rows in held if rows.sum() >= self.fewest]
        measured = asked.declared(enough[:MOST_DECLARED])
        return sorted(measured, key=lambda row: -(row["difference"]["value"] or -math.inf)), small

    def _searched(self, view, inside, asked, expected):
        if not self.most or min(len(inside), len(asked)) < 2 * self.fewest:
            return [], 0
        hunt = Hunt(view, inside, fewest=self.fewest, rng=view.rng)
        surprising = hunt.worst(expected.excess(inside.prediction, inside.losses), self.most)
        hard = hunt.worst(inside.losses, self.most)
        held = [(part, part.holds(asked.view)) for part in (*surprising, *hard)]
        held = [(part, rows) for part, rows in held if rows.sum() >= min(self.fewest, FEWEST_MEASURED)]
        return sorted(asked.searched(held), key=lambda row: ORDER[row["sort"]]), hunt.looked_at


def _halves(view):
    """Return a view in two halves, groups kept whole."""
    group = np.arange(len(view)) if view.groups is None else np.unique(view.groups, return_inverse=True)[1]
    is_first = view.rng.permutation(group.max() + 1)[group] % 2 == 0
    return _rows_of(view, is_first), _rows_of(view, ~is_first), "one half of the rows"


def _rows_of(view, inside):
    arrays = {name: values[inside] for name, values in vars(view).items() if isinstance(values, np.ndarray)}
    aside = None if view.aside is None else view.aside.loc[inside]
    return replace(view, X=view.X.loc[inside], aside=aside, **arrays)


class _Asked:
    """Rows on which slices are measured."""

    def __init__(self, view, expected):
        self.view = view
        self.rows = Rows(len(view), view.weight, view.groups, view.level)
        self.limit = 1 - view.level
        self.wrong = _wrong(view)
        self.excess = expected.excess(view.prediction, view.losses)

    def __len__(self):
        return len(self.view)

    def declared(self, held):
        """Return a row a slice; p is one-sided, of the difference in loss, and corrected over all of them."""
        rows = [self._row(*one) for one in held]
        adjusted = _adjusted([row["difference"]["greater"] for row in rows])
        return [_judged(row, "declared", p, self.limit) for row, p in zip(rows, adjusted, strict=True)]

    def searched(self, held):
        """Return a row a slice and of which sort it is; p is corrected over both questions that each is asked."""
        rows = [self._row(*one) for one in held]
        asked = [row[what]["greater"] for what in ("excess", "difference") for row in rows]
        excess, difference = _adjusted(asked).reshape(2, -1)
        return [
            _judged(row, "surprising", surprise, self.limit)
            if surprise < self.limit
            else _judged(row, "hard" if loss < self.limit else "unconfirmed", loss, self.limit)
            for row, surprise, loss in zip(rows, excess, difference, strict=True)
        ]

    def _row(self, part, inside):
        rows, losses = self.rows, self.view.losses
        inner, outer = rows.part(inside), rows.part(~inside)
        return {
            "slice": str(part),
            "rows": int(inside.sum()),
            "share": float(rows.weight[inside].sum() / max(rows.weight.sum(), 1e-300)),
            "inside": inner.mean(losses[inside]),
            "outside": outer.mean(losses[~inside]),
            "difference": rows.contrast(losses, inside),
            "excess": rows.contrast(self.excess, inside),
            "explains": rows.part_of_all(losses, inside),
            "wrong": _error(self.view, inner, self.wrong[inside]),
            "wrong_outside": _error(self.view, outer, self.wrong[~inside]),
        }


def _adjusted(p_values):
    """Return p values that account for their number; one that is not known tells of nothing."""
    return np.nan_to_num(holm([math.nan if p is None else p for p in p_values]), nan=1.0)


def _judged(row, sort, p, limit):
    return row | {"sort": sort, "p": float(p), "found": bool(p < limit)}


def _wrong(view):
    """Return which answers are wrong, or how far off they are."""
    if view.task == "regression":
        return np.abs(view.prediction - view.y)
    return (view.answered != view.y).astype(float)


def _error(view, rows, wrong):
    return rows.mean(wrong) if view.task == "regression" else rows.share(wrong)


def _worse(worse, level):
    """Say where the model is worse than it knows, or than a person may accept; and where rows are just hard."""
    surprising = [row for row in worse if row["sort"] != "hard"]
    hard = [row for row in worse if row["sort"] == "hard"]
    if surprising:
        said = f"the model is worse than elsewhere in {_counted(surprising)}: {_shown(surprising)}"
        fix = f"get more rows like these, or a column that tells them apart; {_watched(surprising[0])}"
        yield Finding("WEAK-SLICE", "warning", said, _evidence(surprising, level), fix)
    if hard:
        said = f"rows are harder than others, and predictions say so, in {_counted(hard)}: {_shown(hard)}"
        fix = f"a column that tells them apart would help; {_watched(hard[0])}"
        yield Finding("HARD-SLICE", "info", said, _evidence(hard, level), fix)


def _counted(rows):
    return "a slice of the test rows" if len(rows) == 1 else f"{len(rows)} slices of the test rows"


def _shown(rows):
    return "; ".join(f"{row['slice']} ({row['rows']:,} rows, {_times(row)})" for row in rows[:MOST_SHOWN])


def _watched(row):
    said = row["slice"].replace('"', '\\"')
    return "to watch it: " + shlex.quote(f'{SETTING}=["{said}"]')


def _times(row):
    inside, outside = row["inside"]["value"], row["outside"]["value"]
    return f"{inside / outside:.1f} times the loss of the rest" if outside > 0 else "all of the loss"


def _evidence(rows, level):
    keys = ("slice", "rows", "difference", "p", "explains")
    return {"slices": [{key: row[key] for key in keys} for row in rows], "level": level}


def _small(small, fewest):
    if not small:
        return ()
    shown = ", ".join(f"{row['slice']!r} ({row['rows']})" for row in small[:5]) + (", ..." if len(small) > 5 else "")
    message = f"{len(small)} declared slice{'s have' if len(small) > 1 else ' has'} fewer than {fewest} test rows and "
    message += f"cannot be judged: {shown}"
    return (Finding("SMALL-SLICE", "info", message, {"slices": small}, "collect more rows of them, or join them"),)
