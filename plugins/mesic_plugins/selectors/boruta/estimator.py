"""Boruta on LightGBM, by one of two rules."""

import pandas as pd
from sklearn.utils.validation import check_consistent_length

from mesic import Finding, SettingError
from mesic_plugins.selectors.boruta import classic, pooled
from mesic_plugins.selectors.boruta.draws import Draws
from mesic_plugins.selectors.boruta.forest import Forest
from mesic_plugins.selectors.boruta.levels import levels_of
from mesic_plugins.selectors.boruta.shadows import Groups, Rows, Time, units_of
from mesic_plugins.selectors.columns import read_rows
from mesic_plugins.selectors.selecting import ColumnSelector, dominant


class Boruta(ColumnSelector):
    """Keep every column that serves a forest better than shuffled copies of columns do.

    All columns that matter are looked for, also those that repeat what others say. A column that matters only
    together with another one, as a pure product, is found among few columns and lost among hundreds.

    Parameters
    ----------
    rule : {"pooled", "classic"}
        ``pooled``: the worth of all shadows of all draws makes one null; columns whose mean worth stands out are
        kept, with control of the false discovery rate. It is not the published test. ``classic``: the published
        test (two-sided binomial test of how often a column beats the best shadow, Bonferroni, at least 5 shadows);
        columns on which it cannot decide are not kept. Its binomial test says how often a forest finds a column
        again, not how often another sample would, so that no error rate holds for what it keeps.
    alpha : float
        ``pooled``: share of falsely kept columns; ``classic``: level of the test; in (0, 1).
    shadows : {"rows", "group", "time"}
        What is shuffled: rows, where copies of a row move together; groups as wholes; or nothing, and the series
        is shifted.
    max_rounds : int
        Forests of ``classic`` at most, from 10.
    task : {"binary", "multiclass", "regression"} or None
        What is predicted; by default what the target looks like.
    seed, threads : int
        Of all draws, and of LightGBM. The number of threads changes no result.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector. The evidence has besides ``p_value``, ``q_value``, ``kept_at_5_percent``,
        ``kept_at_1_percent`` and ``stage`` (``pooled``), or ``hits``, ``rounds`` and ``decision`` (``classic``).
    history_ : DataFrame
        A row a draw: each column's worth, NaN where it was out, and ``bar``, the best shadow's.

    References
    ----------
    M. Kursa, W. Rudnicki, Feature Selection with the Boruta Package, Journal of Statistical Software 36, 2010.
    Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate, JRSS B 57, 1995.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(500, 8)), columns=list("abcdefgh"))
    >>> found = Boruta().fit(X, X.a * 2 + X.b**2 + rng.normal(size=500))
    >>> found.get_feature_names_out().tolist()
    ['a', 'b']
    """

    def __init__(self, *, rule="pooled", alpha=0.01, shadows="rows", max_rounds=100, task=None, seed=0, threads=1):
        self.rule = rule
        self.alpha = alpha
        self.shadows = shadows
        self.max_rounds = max_rounds
        self.task = task
        self.seed = seed
        self.threads = threads

    def fit(self, X, y=None, sample_weight=None, groups=None, time=None):
        """Judge the columns of X, shape (n, p), by a target of shape (n,).

        Parameters
        ----------
        X
            Data frame with ``category`` columns or without, array, or sparse matrix; NaN is a missing cell.
        y
            Classes or values.
        sample_weight
            Shape (n,), from 0; rows of weight 0 are left out.
        groups, time
            Shape (n,); needed by ``shadows="group"`` and ``"time"``.

        Raises
        ------
        SettingError
            An option cannot work, or groups or time that it needs are missing.
        """
        self._refuse_settings(groups, time)
        rows = read_rows(self, X, y, sample_weight, task=self.task)
        check_consistent_length(X, groups, time)
        columns, target, weight = rows.columns, rows.target, rows.weight
        policy, repeated = self._policy(columns, target, rows.of(groups), rows.of(time))
        levels = levels_of(columns.values, columns.categories)
        draws = Draws(levels, policy, Forest(target.y, weight, target.classes, self.threads), self.seed)
        findings = [*_wide(columns), *repeated]
        return (self._pooled if self.rule == "pooled" else self._classic)(columns, draws, findings)

    def _refuse_settings(self, groups, time):
        if self.rule not in ("pooled", "classic"):
            raise SettingError("rule", self.rule, "pooled or classic")
        if not 0 < self.alpha < 1:
            raise SettingError("alpha", self.alpha, "a share above 0 and below 1")
        if self.shadows not in ("rows", "group", "time"):
            raise SettingError("shadows", self.shadows, "rows, group or time")
        if self.max_rounds < 1:
            raise SettingError("max_rounds", self.max_rounds, "a whole number from 1")
        for name, given in (("group", groups), ("time", time)):
            if self.shadows == name and given is None:
                raise SettingError("shadows", name, f"rows, or give the rows' {name}, by source.{name}")

    def _policy(self, columns, target, groups, time):
        if self.shadows == "group":
            return Groups(groups), ()
        if self.shadows == "time":
            return Time(time), ()
        units = units_of(columns.values, target.y)
        policy = Rows(units)
        return policy, _repeated(len(columns), policy.first.size)

    def _pooled(self, columns, draws, findings):
        found = pooled.decide(draws, len(columns))
        self.history_ = _history(columns, found.history, found.bars)
        kept = found.q_values <= self.alpha
        reasons = [
            f"q = {q:.2g}, {'within' if is_kept else 'above'} {self.alpha:g}: p = {p:.2g} beside its shadows"
            for p, q, is_kept in zip(found.p_values, found.q_values, kept, strict=True)
        ]
        more = {
            "p_value": found.p_values,
            "q_value": found.q_values,
            "kept_at_5_percent": found.q_values <= 0.05,
            "kept_at_1_percent": found.q_values <= 0.01,
            "stage": found.stage,
        }
        return self._decide(
            columns,
            kept,
            found.worth,
            what="share of the forest's gain",
            threshold=found.bar(self.alpha),
            reasons=reasons,
            more=more,
            findings=(*findings, *dominant(columns, found.worth, "what all columns are worth to the forest")),
        )

    def _classic(self, columns, draws, findings):
        found = classic.decide(draws, self.alpha, self.max_rounds)
        self.history_ = _history(columns, found.history, found.bars)
        reasons = [
            f"{decision}: beat the best shadow in {hits} of {rounds} forests"
            for decision, hits, rounds in zip(found.decision, found.hits, found.rounds, strict=True)
        ]
        more = {"hits": found.hits, "rounds": found.rounds, "decision": found.decision}
        return self._decide(
            columns,
            found.decision == "confirmed",
            found.hits / found.rounds,
            what="share of forests in which it beat the best shadow",
            threshold=found.threshold,
            reasons=reasons,
            more=more,
            findings=findings,
        )


def _history(columns, worth, bars):
    return pd.DataFrame(worth, columns=list(columns.names)).assign(bar=bars).rename_axis("draw")


def _wide(columns):
    rows, p = columns.values.shape
    if p <= 2 * rows:
        return ()
    message = f"{p:,} columns in {rows:,} rows: forests lose weak columns there, and Boruta is the wrong tool"
    return (Finding("WIDE-TABLE", "warning", message, {"rows": rows, "columns": p}, "selector=[l1]"),)


def _repeated(rows, distinct):
    if distinct == rows:
        return ()
    message = f"{rows - distinct:,} of {rows:,} rows are copies of others; in shadows they move together"
    fix = "a sampler that repeats rows tells a selector nothing more: let the learner weigh rows instead"
    return (Finding("REPEATED-ROWS", "info", message, {"rows": rows, "distinct": distinct}, fix),)
