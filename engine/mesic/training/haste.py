"""How large the steps of a learner that grows by rounds must be, so that enough of its trials fit into the seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesic.host.components import Choice
from mesic.training.budget import FEWEST_TRIALS, Budget
from mesic.training.part import Part
from mesic.training.space import SearchSpace, Span
from mesic.training.zone import Trial

COSTLY = 1 / 7  # share of a budget that a trial may take which is not known to be good
MOST_TIMES = 4.0  # as large as those of the first trial


@dataclass
class Haste:
    """Keeps the steps of a learner from being smaller than its first trial says that there is time for.

    A trial with steps twice as large needs about half of the rounds and, until they are very large, does about as well.

    Parameters
    ----------
    space
        Which option of a learner says how large its steps are, and whether it is searched.
    budget
        How many seconds there are; without any, and where a trial is cheap, steps are as small as they are asked for.
    least
        Steps at least, by learner: those of its first trial times the root of how often its share of the seconds that
        took, so that larger steps make up for half of the excess, and fewer trials for the other half.
    slow
        Numbers of first trials that took too long to be complete: larger steps take their place.
    heard
        Learners that have had a trial.
    """

    space: SearchSpace
    budget: Budget
    least: dict[str, float] = field(default_factory=dict)
    slow: list[int] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)

    def dear_s(self, params: Mapping[str, Any]) -> float | None:
        """Return the seconds of its first fold beyond which a trial takes too much of the budget; None: never."""
        part = self.space.part_of(params)
        can_be_raised = self._option(part, params) is not None and part.name not in self.least
        return self.budget.dear_s(1 / FEWEST_TRIALS if can_be_raised else COSTLY)

    def hear(self, trial: Trial) -> None:
        """Hear how long a trial took; the first of a learner that did not fail decides."""
        part = self.space.part_of(trial.params)
        option = self._option(part, trial.params)
        if option is None or trial.state == "failed":
            return
        if part.name not in self.heard:
            self.heard.add(part.name)
            self._decide(part.name, option, trial)

    def _decide(self, name: str, option: str, trial: Trial) -> None:
        if self.budget.replay is not None:
            self.least[name] = self.budget.replay.least.get(name, 0.0)
        elif self.budget.budget_s is not None:
            seconds = trial.fit_s * (self.budget.turns if trial.is_screened else 1.0)
            times = min(math.sqrt(seconds * FEWEST_TRIALS / self.budget.budget_s), MOST_TIMES)
            self.least[name] = min(trial.params[option] * times, _highest(self.space.spans[option]))
            self.slow += [trial.number] if trial.is_screened and times > 1 else []

    def of(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is asked for, with steps that are large enough."""
        part = self.space.part_of(params)
        option = self._option(part, params)
        if option is None or params[option] >= self.least.get(part.name, 0.0):
            return params
        return {**params, option: self.least[part.name]}

    def _option(self, part: Part, params: Mapping[str, Any]) -> str | None:
        option = self.space.prefix_of(part) + part.offer.component.shrinkage
        return option if part.name in self.space.most_rounds and option in params else None


def _highest(span: Span) -> float:
    return max(span.values) if isinstance(span, Choice) else span.high
