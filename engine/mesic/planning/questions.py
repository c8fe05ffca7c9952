"""When to use machine learning and when not, as far as software can answer it: a question a function, with evidence.

The questions are those of A. Burkov, Machine Learning Engineering, 2020, sections 1.4 and 1.5.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mesic.evaluation.comparison import paired_difference
from mesic.evaluation.losses import example_losses
from mesic.planning.pilot import LEARNER, RULE_LIST, RULES, ZERO_RULE, Pilot, some_rows
from mesic.report.words import number, percent
from mesic.runs import plan
from mesic.runs.seeds import stage_rng

COVERED = 0.99


@dataclass(frozen=True)
class Answer:
    """One question, and what is known of it.

    Parameters
    ----------
    name
        Its key in ``--json``.
    question
        As people ask it.
    answer
        ``yes``, ``no`` or ``cannot tell``.
    why
        The evidence in words.
    evidence
        The numbers behind it; JSON-able.
    """

    name: str
    question: str
    answer: str
    why: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as ``--json`` prints it."""
        return asdict(self)


def answers(found: Pilot, config: plan.Config) -> list[Answer]:
    """Return what a pilot says of every question that the configuration asks."""
    asker = _Asker(found, config)
    asked = (asker.rules, asker.lookup, asker.objective, asker.changing, asker.errors, asker.worth, asker.more_data)
    return [answer for ask in asked for answer in ask()]


@dataclass(frozen=True)
class _Asker:
    """Answers from a pilot, each with its interval."""

    pilot: Pilot
    config: plan.Config

    @property
    def level(self) -> float:
        """Of every interval."""
        return float(self.config["interval"]["level"])

    def _difference(self, a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
        groups = None if self.pilot.dataset.groups is None else self.pilot.dataset.groups[self.pilot.rows]
        rng = self._rng("intervals")
        return dict(paired_difference(a, b, groups=groups, rng=rng, level=self.level))

    def _apart(self, a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
        return dict(paired_difference(a, b, rng=self._rng("intervals"), level=self.level))

    def _rng(self, use: str) -> np.random.Generator:
        return stage_rng(self.config["seed"], f"plan, {use}")

    @property
    def _loss(self) -> str:
        return "log loss" if self.pilot.dataset.classes else "squared error"

    def rules(self) -> Iterator[Answer]:
        """Whether a few rules do what the learner does."""
        saved = self._difference(self.pilot.losses(RULE_LIST), self.pilot.losses(LEARNER))
        suffice = saved["low"] is None or saved["low"] <= 0
        losses = {name: self.pilot.losses(name) for name in (LEARNER, RULE_LIST, ZERO_RULE)}
        means = {name: self._difference(own, np.zeros(own.size)) for name, own in losses.items()}
        listed = ", ".join(f"of {named} {_ends(means[name])}" for name, named in _NAMED.items())
        why = f"mean {self._loss} {listed}; the learner saves {_ends(saved)}"
        question = f"Do {RULES} rules suffice?"
        yield Answer("rules", question, "yes" if suffice else "no", why, {"losses": means, "saved": saved})

    def lookup(self) -> Iterator[Answer]:
        """Whether a table of known inputs does: nearly every row says what another one says, with the same target."""
        rows = self.pilot.split.train
        keys, y = self.pilot.dataset.keys[rows], self.pilot.dataset.y[rows]
        groups = pd.Series(y).groupby(keys)
        count = groups.transform("size").to_numpy()
        covered = float((count > 1).mean())
        evidence: dict[str, Any] = {"distinct": int(pd.unique(keys).size), "rows": int(rows.size), "covered": covered}
        inputs = f"{evidence['distinct']:,} inputs"
        why = f"{percent(covered)} of {rows.size:,} training rows say what another one says ({inputs})"
        if covered < COVERED:
            yield Answer("lookup", "Does a lookup table suffice?", "no", why, evidence)
            return
        wrong = self._lookup_error(keys, y, count)
        errors = self.pilot.errors(LEARNER)
        evidence["error"] = self._apart(wrong, np.zeros(wrong.size))
        evidence["learner_error"] = self._difference(errors, np.zeros(errors.size))
        suffices = evidence["error"]["value"] <= evidence["learner_error"]["value"]
        why += f"; looking up errs by {_ends(evidence['error'])}, the learner by {_ends(evidence['learner_error'])}"
        yield Answer("lookup", "Does a lookup table suffice?", "yes" if suffices else "no", why, evidence)

    def _lookup_error(self, keys: np.ndarray, y: np.ndarray, count: np.ndarray) -> np.ndarray:
        """Return the errors of answering each row with what the other rows that say the same have."""
        known = count > 1
        if not self.pilot.dataset.classes:
            others = (pd.Series(y).groupby(keys).transform("sum").to_numpy() - y)[known] / (count[known] - 1)
            return np.asarray(np.abs(others - y[known]))
        votes = pd.crosstab(keys, y).reindex(keys).to_numpy().astype(float)[known]
        codes = np.searchsorted(np.unique(y), y[known])
        votes[np.arange(len(votes)), codes] -= 1
        return np.asarray(votes.argmax(axis=1) != codes, dtype=float)

    def objective(self) -> Iterator[Answer]:
        """Whether one number says what is wanted."""
        metric = self.config["metric"]["name"] if self.config.get("metric") else None
        usual = plan.USUAL_METRICS[self.pilot.dataset.task][0]
        why = f"{metric or usual} leads" + ("" if metric else f", the usual one of a {self.pilot.dataset.task} task")
        yield Answer("objective", "Is the objective simple?", "yes", why, {"metric": metric or usual})

    def changing(self) -> Iterator[Answer]:
        """Whether a model that is not renewed grows worse."""
        question = "Does what is to be learned change with time?"
        if self.pilot.dataset.time is None:
            why = "no column orders the rows in time: source.time=COLUMN says which does"
            yield Answer("changing", question, "cannot tell", why)
            return
        folds = [fold for fold in self.pilot.split.folds if fold[0].size]
        (first, _), (last, asked) = folds[0], folds[-1]
        y = self.pilot.dataset.y[asked]
        recent = last[np.argsort(self.pilot.dataset.time[last], kind="stable")[-first.size :]]
        first, recent = (some_rows(rows, self._rng("change")) for rows in (first, recent))
        losses = [
            example_losses(self.pilot.dataset.task, y, self.pilot.predicted_by(np.sort(fit), asked))
            for fit in (first, recent)
        ]
        lost: dict[str, Any] = dict(paired_difference(*losses, rng=self._rng("intervals"), level=self.level))
        why = (
            f"on the latest {asked.size:,} training rows a model of the oldest {first.size:,} has a mean {self._loss} "
            f"{_ends(lost)} above one of as many recent rows"
        )
        is_worse = lost["low"] is not None and lost["low"] > 0
        yield Answer("changing", question, "yes" if is_worse else "no", why, {"lost": lost})

    def errors(self) -> Iterator[Answer]:
        """Whether an error bound can be kept, and shown to be."""
        bound = self.config["policy"]["max_error"]
        if bound is None:
            return
        error = self._difference(self.pilot.errors(LEARNER), np.zeros(self.pilot.rows.size))
        needed = math.ceil(-math.log(1 - self.level) / bound)
        test = int(self.pilot.split.test.size)
        what = "share of wrong answers" if self.pilot.dataset.classes else "mean absolute error"
        why = f"the {what} is {number(error['value'])} ({number(error['low'])} to {number(error['high'])}) out of fold"
        evidence: dict[str, Any] = {"max_error": bound, "error": error, "test_rows": test}
        if self.pilot.dataset.classes:
            evidence["rows_to_show"] = needed
            why = f"showing this takes at least {needed:,} error-free test rows, and there are {test:,}; {why}"
        low, high = error["low"] or 0.0, error["high"] if error["high"] is not None else math.inf
        can_show = not self.pilot.dataset.classes or test >= needed
        answer = "yes" if high <= bound and can_show else "no" if low > bound or not can_show else "cannot tell"
        yield Answer("errors", f"Can the error be kept below {bound:g}?", answer, why, evidence)

    def worth(self) -> Iterator[Answer]:
        """Whether what is saved by fewer errors pays for the model."""
        costs = self.config["costs"]
        question = "Does it pay?"
        if not costs["error"] or not costs["answers"]:
            why = "costs.error (of a wrong answer, or a unit of error) and costs.answers (how many) say what is saved"
            yield Answer("worth", question, "cannot tell", why)
            return
        spent = costs["deploy"] + costs["label"] * self.pilot.dataset.keys.size
        error = float(self.pilot.errors(ZERO_RULE).mean())
        now = error * costs["error"] * costs["answers"]
        saved = self._difference(self.pilot.errors(ZERO_RULE), self.pilot.errors(LEARNER))
        skill = {end: None if saved[end] is None or not error else saved[end] / error for end in _ENDS}
        break_even = spent / now if now else math.inf
        why = (
            f"labels and deployment cost {spent:,.0f}, errors of the zero rule {now:,.0f}: a model must save "
            f"{break_even:.1%} of them; this one saves {_shares(skill)}"
        )
        low, high = skill["low"], skill["high"]
        pays, fails = low is not None and low > break_even, high is not None and high < break_even
        evidence = {"spent": spent, "errors_now": now, "break_even_skill": break_even, "skill": skill}
        yield Answer("worth", question, "yes" if pays else "no" if fails else "cannot tell", why, evidence)

    def more_data(self) -> Iterator[Answer]:
        """Whether twice the rows would be felt: what the second half of those there are has brought."""
        fit, asked = self.pilot.split.folds[-1]
        y = self.pilot.dataset.y[asked]
        rows_there, fit = fit.size, some_rows(fit, self._rng("more data"))
        half = np.sort(self._rng("half").permutation(fit)[: fit.size // 2])
        losses = [
            example_losses(self.pilot.dataset.task, y, self.pilot.predicted_by(rows, asked)) for rows in (half, fit)
        ]
        saved: dict[str, Any] = dict(paired_difference(*losses, rng=self._rng("intervals"), level=self.level))
        of = f"{fit.size:,} rows" if fit.size == rows_there else f"{fit.size:,} of {rows_there:,} rows"
        why = f"the second half of {of} saved {_ends(saved)} of the mean {self._loss}"
        price = self.config["costs"]["label"]
        if price:
            why += f"; as many again as all would cost {price * self.pilot.dataset.keys.size:,.0f}"
        helps = saved["low"] is not None and saved["low"] > 0
        answer = "no" if not helps else "yes" if fit.size == rows_there else "cannot tell"  # a curve flattens
        yield Answer("more_data", "Would more rows help?", answer, why, {"saved": saved, "rows": int(fit.size)})


_ENDS = ("value", "low", "high")
_NAMED = {RULE_LIST: f"{RULES} rules", LEARNER: "the learner", ZERO_RULE: "the zero rule"}


def _ends(found: Mapping[str, Any]) -> str:
    return f"{number(found['value'])} ({number(found['low'])} to {number(found['high'])})"


def _shares(found: Mapping[str, Any]) -> str:
    value, low, high = ("unknown" if found[end] is None else f"{found[end]:.1%}" for end in _ENDS)
    return f"{value} ({low} to {high})"
