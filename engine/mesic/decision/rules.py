"""How a threshold is chosen: by F-beta, by cost, by a promise, or by hand."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mesic.bundle.step import PortableStep
from mesic.config.settings import PROMISES, Threshold
from mesic.decision.cuts import Cuts, Scored, cuts_of
from mesic.decision.promise import Promise, Reached, reached

ALWAYS, NEVER = 0.0, float(np.nextafter(1, 2))


@dataclass(frozen=True)
class Rule:
    """How it is decided which class is answered.

    Parameters
    ----------
    settings
        The part ``threshold`` of the configuration.
    costs
        Shape (k, k), a row a class and a column an answer, or None.
    rows
        Rows to come of which a promise is made.
    """

    settings: Threshold
    costs: np.ndarray | None
    rows: int

    @property
    def name(self) -> str:
        """The rule's name, as users type it."""
        assert self.settings.rule is not None
        return self.settings.rule

    @property
    def promise(self) -> Promise | None:
        """What is promised, by the rules that promise something."""
        if self.name not in PROMISES:
            return None
        return Promise(self.name, self.settings.at_least, self.settings.confidence, self.rows)


@dataclass(frozen=True)
class Chosen:
    """What a rule chose.

    Parameters
    ----------
    step
        The last one of the pipeline; None: no threshold keeps the promise.
    facts
        For the record.
    """

    step: PortableStep | None
    facts: dict[str, Any] = field(default_factory=dict)


def by_expected_cost(costs: np.ndarray) -> Chosen:
    """Answer the class that costs least by the probabilities; nothing is chosen from data."""
    return Chosen(PortableStep("decide", {"classes": len(costs)}, {"costs": costs}), {"threshold": None})


def choose(rule: Rule, rows: Scored) -> Chosen:
    """Return what a rule chooses for a binary task.

    Parameters
    ----------
    rule
        Its settings were looked at before.
    rows
        Predicted out of fold.

    Examples
    --------
    >>> p = np.array([0.1, 0.4, 0.6, 0.9])
    >>> rows = Scored(p, np.array([0, 1, 0, 1]), np.ones(4), np.arange(4), p)
    >>> choose(Rule(Threshold(rule="f_beta", beta=2.0), None, 100), rows).facts["threshold"]
    0.25
    """
    if rule.name == "fixed":
        assert rule.settings.value is not None
        return _at(rule.settings.value)
    cuts = cuts_of(rows)
    if rule.promise is not None:
        return _promised(rule.promise, cuts, reached(cuts, rule.promise))
    if rule.name == "cost":
        assert rule.costs is not None
        return _at(_cheapest(cuts, rule.costs))
    return _at(float(cuts.threshold[int(np.argmax(_f_beta(cuts, rule.settings.beta)))]))


def _at(threshold: float, **facts: Any) -> Chosen:
    step = PortableStep("decide", {"classes": 2}, {"threshold": np.array([threshold])})
    return Chosen(step, {"threshold": threshold, **facts})


def _f_beta(cuts: Cuts, beta: float) -> np.ndarray:
    below = beta**2 * cuts.positive + cuts.answered
    return np.divide((1 + beta**2) * cuts.hits, below, out=np.zeros(below.size), where=below > 0)


def _cheapest(cuts: Cuts, costs: np.ndarray) -> float:
    """Return the threshold of least cost; of several the one that answers the positive class most rarely."""
    wrong = cuts.answered - cuts.hits
    missed, left = cuts.positive - cuts.hits, cuts.total - cuts.positive - wrong
    total = costs[1, 1] * cuts.hits + costs[0, 1] * wrong + costs[1, 0] * missed + costs[0, 0] * left
    never = costs[1, 0] * cuts.positive + costs[0, 0] * (cuts.total - cuts.positive)
    place = int(np.argmin(total))
    return NEVER if never <= total[place] else float(cuts.threshold[place])


def _promised(promise: Promise, cuts: Cuts, found: Reached) -> Chosen:
    facts: dict[str, Any] = {"of": promise.of, "at_least": promise.at_least, "confidence": promise.confidence}
    facts |= {"rows": promise.rows, "chosen_from": cuts.rows, "is_reached": found.cut is not None}
    if found.cut is not None:
        return _at(float(cuts.threshold[found.cut]), promise=facts)
    needed = None if found.needed is None else round(found.needed * cuts.rows)
    at = None if found.at is None else float(cuts.threshold[found.at])
    facts |= {"best": found.best, "best_threshold": at, "rows_needed": needed}
    return Chosen(None, {"threshold": None, "promise": facts})
