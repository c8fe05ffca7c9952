"""How much noise in the columns an answer bears."""

import numpy as np

from mesic import Evaluation, Finding, example_losses
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.noise import Noise

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ROUGH_ROWS, FRAGILE = 200, 0.01


class Robustness:
    """Adds noise to the columns and looks how far predictions move and what it costs.

    Noise is in units of the standard deviation among training rows; levels are swapped with that probability. Found is
    the largest noise for which predictions move less than `epsilon` for a `share` of the rows: probabilities by less
    than epsilon, numbers by less than that times the standard deviation of the target. Then every column is asked by
    itself, with noise of the strength `alone`.

    Parameters
    ----------
    rows : int
        Test rows at most, from 10.
    epsilon : float
        How far a prediction may move, in (0, 1].
    share : float
        Of the rows, in (0, 1).
    alone : float
        Strength of the noise in one column, above 0.
    most : int
        Columns that are asked by themselves at most, the ones that move a few rows most.

    References
    ----------
    A. Burkov, Machine Learning Engineering, 2020, chapter 7.6.
    """

    def __init__(self, rows=1000, epsilon=0.05, share=0.95, alone=0.1, most=40):
        self.rows = rows
        self.epsilon = epsilon
        self.share = share
        self.alone = alone
        self.most = most

    def evaluate(self, view):
        """Return what noise of growing strength does, the largest that is borne, and what each column does alone."""
        asked = _Asked(view, self.rows, self.epsilon)
        strengths = [asked.strength(strength) for strength in STRENGTHS]
        columns = sorted(
            (asked.column(name, self.alone) for name in asked.strongest(self.alone, self.most)),
            key=lambda row: (-row["moved"]["value"], row["column"]),
        )
        borne = self._borne(strengths)
        data = {
            "epsilon": self.epsilon * asked.unit,
            "unit": "the target's unit" if view.task == "regression" else "probability",
            "share": self.share,
            "alone": self.alone,
            "rows": len(asked.X),
            "borne": borne,
            "strengths": strengths,
            "columns": columns,
        }
        return Evaluation(data, tuple(self._fragile(borne, columns, _unit(view.task))))

    def _borne(self, strengths):
        """Return the largest strength up to which enough rows stay, and those between which it certainly lies."""
        ends = {"value": "value", "low": "low", "high": "high"}
        borne = {name: self._largest(strengths, end) for name, end in ends.items()}
        first = strengths[0]["stay"]
        return borne | {
            "level": first["level"],
            "method": "Wilson, at each strength",
            "unit": first["unit"],
            "n": first["n"],
        }

    def _largest(self, strengths, end):
        largest = 0.0
        for row in strengths:
            if (row["stay"][end] or 0.0) < self.share:
                break
            largest = row["strength"]
        return largest

    def _fragile(self, borne, columns, unit):
        if borne["high"] < FRAGILE and columns:
            shown = ", ".join(repr(row["column"]) for row in columns[:3])
            message = (
                f"noise of {FRAGILE:.0%} of a standard deviation moves predictions by more than {self.epsilon:g}{unit}"
            )
            message += f" for more than {1 - self.share:.0%} of the rows; the columns that do it most: {shown}"
            fix = "a smoother learner, fewer columns, or bins that are wider than the noise"
            yield Finding("FRAGILE-ANSWERS", "warning", message, {"borne": borne}, fix)


def _unit(task):
    return " standard deviations of the target" if task == "regression" else ""


class _Asked:
    """Some rows, their answers, and noise."""

    def __init__(self, view, most, epsilon):
        self.view = view
        chosen = np.sort(view.rng.permutation(len(view))[:most])
        self.X, self.y = view.X.iloc[chosen], view.y[chosen]
        weight = None if view.weight is None else view.weight[chosen]
        groups = None if view.groups is None else view.groups[chosen]
        self.counted = Rows(len(chosen), weight, groups, view.level)
        self.before = view.predict(self.X)
        self.losses = example_losses(view.task, self.y, self.before)
        known = view.X if view.reference is None else view.reference.X
        target = view.y if view.reference is None else view.reference.y
        self.unit = (float(np.std(target)) or 1.0) if view.task == "regression" else 1.0
        self.epsilon = epsilon * self.unit
        self.noise = Noise(self.X, known, view.rng)

    def strength(self, strength):
        """Return what noise in all columns does."""
        moved, after = self._moved(self.noise.of(strength))
        losses = example_losses(self.view.task, self.y, after)
        return {
            "strength": strength,
            "stay": self.counted.share((moved < self.epsilon).astype(float)),
            "moved": self.counted.mean(moved),
            "loss": self.counted.mean(losses),
            "more_loss": self.counted.mean(losses - self.losses),
        }

    def column(self, name, strength):
        """Return what noise in one column does."""
        moved, after = self._moved(self.noise.of(strength, [name]))
        more = example_losses(self.view.task, self.y, after) - self.losses
        return {
            "column": str(name),
            "sort": self.noise.sort(name),
            "moved": self.counted.mean(moved),
            "stay": self.counted.share((moved < self.epsilon).astype(float)),
            "more_loss": self.counted.mean(more),
        }

    def strongest(self, strength, most):
        """Return the columns that the model reads, or those of them that move a few rows most."""
        read = [name for name in self.noise.names if name in self.view.costs or not self.view.costs]
        if len(read) <= most:
            return read
        rows = slice(0, ROUGH_ROWS)
        few = self.X.iloc[rows]
        before = self.before[rows]
        moves = [_distance(self.view.predict(self._few(name, strength, few)), before).mean() for name in read]
        return [read[place] for place in sorted(np.argsort(moves, kind="stable")[::-1][:most])]

    def _few(self, name, strength, few):
        return few.assign(**{name: self.noise.of(strength, [name])[name].iloc[: len(few)]})

    def _moved(self, X):
        after = self.view.predict(X)
        return _distance(after, self.before), after


def _distance(after, before):
    """Return how far answers moved: numbers by so much, probabilities of a row by the largest difference."""
    apart = np.abs(after - before)
    return apart if apart.ndim == 1 else apart.max(axis=1)
