"""One trial: its recipe cross-fitted, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.errors import MemoryLimitReached, UsageError, message_of
from mesic.runs.resources import Clock
from mesic.training.folds import OutOfFold, OutOfRace, Race, cross_fit, losses_by_row
from mesic.training.prepared import PreparedFolds
from mesic.training.recipe import Recipe
from mesic.training.space import SearchSpace
from mesic.training.variance import SecondLook, bias_and_variance
from mesic.training.zone import Trial


@dataclass(frozen=True)
class Attempt:
    """Tries proposed values; what was prepared for one trial serves the next.

    Parameters
    ----------
    space, recipe
        What proposed values vary, and of what.
    dataset, folds
        What is cross-fitted.
    between
        Called before each fit.
    look
        The sample by which bias and variance are estimated; None: they are not.
    prepared
        Folds as learners see them.
    """

    space: SearchSpace
    recipe: Recipe
    dataset: Dataset
    folds: Sequence[tuple[np.ndarray, np.ndarray]]
    between: Callable[[str], None] = lambda _: None
    look: SecondLook | None = None
    prepared: PreparedFolds = field(default_factory=PreparedFolds)

    def __call__(self, number: int, params: Mapping[str, Any], race: Race | None) -> tuple[Trial, OutOfFold | None]:
        """Return a trial and what it predicted out of fold; nothing where it failed or was out of the race."""
        clock = Clock.started()
        try:
            recipe = self.space.recipe(self.recipe, params)
            found = cross_fit(recipe, self.dataset, self.folds, self._before(number), race, self.prepared)
        except MemoryLimitReached:
            raise
        except OutOfRace as out:
            return self._told(number, params, out.found, clock, loss=out.loss, is_out=True), None
        except Exception as error:  # one configuration that breaks a learner must not end the search
            if isinstance(error, UsageError) and number == 0:  # what was configured cannot work: said at once
                raise
            reason = f"{type(error).__name__}: {message_of(error)}"
            return Trial(number, params, None, fit_s=clock.wall_s(), error=reason), None
        if not np.isfinite(found.losses).all():
            reason = "the learner's predictions are not finite"
            return self._told(number, params, found, clock, loss=float("nan"), error=reason), found
        trial = self._told(
            number, params, found, clock, losses=losses_by_row(found.rows, found.losses), loss=found.loss
        )
        return self._with_variance(trial, found, clock), found

    def _before(self, number: int) -> Callable[[str], None]:
        return lambda doing: self.between(f"trial {number + 1}, {doing}")

    def _told(
        self,
        number: int,
        params: Mapping[str, Any],
        found: OutOfFold,
        clock: Clock,
        *,
        loss: float,
        losses: np.ndarray | None = None,
        error: str | None = None,
        is_out: bool = False,
    ) -> Trial:
        return Trial(
            number=number,
            params=self.space.with_rounds(params, found.rounds),
            losses=losses,
            loss=loss,
            train_loss=found.train_loss,
            fold_losses=found.fold_losses,
            complexity=found.complexity,
            fit_s=clock.wall_s(),
            predict_us=found.predict_us,
            error=error,
            is_out=is_out,
        )

    def _with_variance(self, trial: Trial, found: OutOfFold, clock: Clock) -> Trial:
        """Return the trial with its bias and variance; what is not searched is tried once, and lies in no zone."""
        if self.look is None or not trial.params:
            return trial
        recipe = self.space.recipe(self.recipe, trial.params)
        parts = bias_and_variance(recipe, self.dataset, found, self.look, self.prepared)
        if parts is None:
            return trial
        return replace(trial, bias=parts[0], variance=parts[1], fit_s=clock.wall_s())
