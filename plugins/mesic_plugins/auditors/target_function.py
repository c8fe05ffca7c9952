"""Is the target a function of one, two or three columns."""

from itertools import combinations
from typing import Any

import numpy as np

from mesic import Evaluation, Finding, ignoring
from mesic.audit.pricing import facts_of, in_words
from mesic_plugins.auditors.screening import dependence, distinct_training_rows, joint, levels, skill_of_cells

SURE, SURE_OF_LEVELS, LEAST_ROWS, LEAST_SHARE = 0.97, 0.995, 50, 0.5
LARGEST_LEVELS = 0.34  # a column with more levels to a row has too few rows a level to tell anything
MOST_DISCRETE, MOST_NUMBERS = 16, 30
FIRST_LOOK, DOUBT = 500, 0.1
OPERATIONS = (
    ("{} - {}", np.subtract),
    ("{} + {}", np.add),
    ("{} * {}", np.multiply),
    ("{} / {}", np.divide),
)


class TargetFunction:
    """Looks for the target written down in other columns: exactly, or nearly so.

    Three ways are tried. Columns of few levels: one, two or three together decide the target of other rows of the same
    levels. Numbers: the target is a function, of any shape, of one of them or of a sum, difference, product or ratio of
    two (Chatterjee's coefficient). Sums: the target is a weighted sum, or a product of powers, of up to three.

    Parameters
    ----------
    rows : int
        Training rows that are looked at, at most, from 100.

    References
    ----------
    S. Chatterjee: A new coefficient of correlation, Journal of the American Statistical Association 2021.
    """

    def __init__(self, rows=4_000):
        self.rows = rows

    def audit(self, view):
        """Return the sets of columns that give the target away, the smallest first."""
        X, y = distinct_training_rows(view, self.rows)
        if len(X) < LEAST_ROWS:
            return Evaluation({"rows": len(X), "functions": []})
        found = [
            *_of_levels(X, y, view.task),
            *_of_numbers(X, y),
            *(_of_sums(X, y) if view.task == "regression" else []),
        ]
        found = _smallest(found)
        return Evaluation({"rows": len(X), "functions": found}, tuple(_findings(found, view)))


def _of_levels(X, y, task):
    """Yield columns whose levels decide the target together."""
    sure = SURE_OF_LEVELS if task == "regression" else SURE
    codes = {str(name): levels(X[name]) for name in X}
    codes = {name: code for name, code in codes.items() if 1 < code.max() + 1 <= LARGEST_LEVELS * len(X)}
    skills: dict[tuple[str, ...], float] = {}
    few = slice(None, None, max(1, len(X) // FIRST_LOOK))
    for count in (1, 2, 3):
        names = list(codes)
        if count > 1 and len(names) > MOST_DISCRETE:
            names = sorted(names, key=lambda name: -max(s for key, s in skills.items() if name in key))[:MOST_DISCRETE]
        for chosen in combinations(names, count):
            cells = joint([codes[name] for name in chosen])
            skill, share = skill_of_cells(cells[few], y[few], task)
            skills[chosen] = skill
            if skill < sure - DOUBT and share * y[few].size >= LEAST_ROWS:
                continue
            skill, share = skill_of_cells(cells, y, task)
            if skill >= sure and share >= LEAST_SHARE and share * len(X) >= LEAST_ROWS:
                yield {"columns": list(chosen), "how": "its levels" if count == 1 else "their levels", "measure": skill}


def _of_numbers(X, y):
    """Yield numbers, and pairs of them under an operation, of which the target is a function."""
    numbers = {str(name): X[name].to_numpy() for name in X if X[name].dtype != "category"}
    numbers = {name: values for name, values in numbers.items() if np.unique(values[~np.isnan(values)]).size > 2}
    for name, values in numbers.items():
        strength = _strength(values, y)
        if strength >= SURE:
            yield {"columns": [name], "how": name, "measure": strength}
    names = sorted(numbers, key=lambda name: -_strength(numbers[name], y, FIRST_LOOK))[:MOST_NUMBERS]
    for left, right in combinations(names, 2):
        for words, operation in OPERATIONS:
            with np.errstate(all="ignore"):
                values = operation(numbers[left], numbers[right])
            if _strength(values, y, FIRST_LOOK) >= SURE - DOUBT and (strength := _strength(values, y)) >= SURE:
                yield {"columns": [left, right], "how": words.format(left, right), "measure": strength}


def _strength(values, y, most=None):
    known = np.flatnonzero(np.isfinite(values))
    if known.size < max(LEAST_ROWS, LEAST_SHARE * values.size):
        return 0.0
    known = known[:: max(1, known.size // most)] if most else known
    return float(dependence(values[known, None], y[known])[0])


def _of_sums(X, y):
    """Yield up to three numbers whose weighted sum, or product of powers, is the target."""
    numbers = X.select_dtypes("number")
    whole = numbers.columns[numbers.notna().all() & (numbers.nunique() > 2)]
    positive = [name for name in whole if (numbers[name] > 0).all()]
    for words, names, shape in (("sum", whole, np.asarray), ("product", positive, np.log)):
        if len(names) < 2 or (words == "product" and (y <= 0).any()):
            continue
        columns = shape(numbers[list(names)].to_numpy())
        chosen, left = _forward(columns, shape(y))
        if left <= 1 - SURE**0.1:
            found = [str(names[place]) for place in chosen]
            yield {"columns": found, "how": f"a weighted {words} of {' and '.join(found)}", "measure": 1 - left}


def _forward(columns, y, most=3):
    """Return the columns that explain a target best, taken one after the other, and what is left of its variance."""
    columns = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-300)
    y = (y - y.mean()) / y.std()
    chosen: list[int] = []
    left, residual = 1.0, y
    for _ in range(min(most, columns.shape[1])):
        gain = np.abs(columns.T @ residual)
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        basis = columns[:, chosen]
        residual = y - basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
        left = float((residual**2).mean())
        if left <= 1 - SURE**0.1:
            break
    return chosen, left


def _smallest(found):
    """Return what was found without the sets that hold a smaller one."""
    kept: list[dict[str, Any]] = []
    for one in sorted(found, key=lambda one: (len(one["columns"]), -one["measure"])):
        if not any(set(smaller["columns"]) <= set(one["columns"]) for smaller in kept):
            kept.append(one)
    return kept


def _findings(found, view):
    suspects = {name for one in found for name in one["columns"]}
    without = view.pricing.score(without=suspects) if found else None
    for one in found:
        columns = one["columns"]
        everything = view.pricing.score(without=suspects - set(columns))  # one leak must not hide another's price
        several = len(columns) > 1
        message = (
            f"the target follows from {'columns' if several else 'column'} {', '.join(map(repr, columns))} "
            f"({one['how']}, {one['measure']:.1%}): {in_words(everything)} with {'them' if several else 'it'}, "
            f"{in_words(without)} without; {'are they' if several else 'is it'} known when a prediction is asked for?"
        )
        evidence = one | {"leaking": columns, "with": facts_of(everything), "without": facts_of(without)}
        fix = ignoring([*view.ignored, *columns]) + (", or those of them that are known too late" if several else "")
        yield Finding("LEAK-FUNCTION", "warning", message, evidence, fix)
