"""Search with Optuna, by asking and telling."""

import sys
import warnings
from abc import ABC, abstractmethod
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning

from mesic import Choice


class _OptunaTuner(ABC):
    """Ask an Optuna study; what is known to be good is tried first."""

    def __init__(self, space, starts, seed=0, objectives=1):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self._distributions = {name: _distribution(span, _example(name, starts)) for name, span in space.items()}
        is_conditional = any(span.when is not None for span in space.values())
        sampler = self._sampler(seed, is_conditional)
        self._study = optuna.create_study(sampler=sampler, directions=["minimize"] * objectives)
        for start in starts:
            self._study.enqueue_trial(dict(start), skip_if_exists=True)
        self._trial: Any = None
        self._asked = 0

    @abstractmethod
    def _sampler(self, seed, is_conditional):
        """Return the Optuna sampler."""

    def ask(self):
        """Return options to try next; without a space there is one trial only."""
        if not self._distributions and self._asked:
            return None
        self._asked += 1
        with warnings.catch_warnings():
            # the configured options may lie outside of the space that is searched after them
            warnings.simplefilter("ignore", UserWarning)
            self._trial = self._study.ask()
            for name, distribution in self._distributions.items():
                when = self._space[name].when
                if when is None or self._trial.params.get(when[0]) == when[1]:
                    _suggest(self._trial, name, distribution)
        return dict(self._trial.params)

    def tell(self, loss, constraints=None, beside=()):
        """Hear the loss of what was asked last; None marks a failure.

        Parameters
        ----------
        loss : float or None
            Mean out of fold.
        constraints : mapping of str to float, optional
            By how much each limit is exceeded, 0 or less where it is not.
        beside : sequence of float
            What is to be small beside the loss.
        """
        for name, excess in (constraints or {}).items():
            self._trial.set_constraint(name, min(excess, sys.float_info.max))
        if loss is None:
            self._study.tell(self._trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._trial, [loss, *(min(value, sys.float_info.max) for value in beside)])


class Tpe(_OptunaTuner):
    """Optuna's TPE, multivariate.

    Parameters
    ----------
    space : mapping of str to Range or Choice
        What is searched.
    starts : sequence of mapping of str to value
        What is tried first, in order.
    startup : int
        Trials drawn at random before the estimator takes over.
    seed : int
        Same seed and losses, same proposals.
    objectives : int
        The loss, and what is to be small beside it.

    Examples
    --------
    >>> from mesic import Range
    >>> tuner = Tpe({"C": Range(0.01, 100, log=True)}, [{"C": 1.0}], seed=1)
    >>> tuner.ask()
    {'C': 1.0}
    >>> tuner.tell(0.5)
    >>> 0.01 <= tuner.ask()["C"] <= 100
    True

    References
    ----------
    J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011.
    """

    def __init__(self, space, starts, startup=8, seed=0, objectives=1):
        self.startup = startup
        super().__init__(space, starts, seed, objectives)

    def _sampler(self, seed, is_conditional):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return optuna.samplers.TPESampler(seed=seed, n_startup_trials=self.startup, group=is_conditional)


class Random(_OptunaTuner):
    """Options drawn independently at random; what every search must beat."""

    def _sampler(self, seed, is_conditional):  # noqa: ARG002 - as every sampler
        return optuna.samplers.RandomSampler(seed=seed)


def _example(name, starts):
    """Return the first known value of an option."""
    return next((start[name] for start in starts if name in start), None)


def _suggest(trial, name, distribution):
    if isinstance(distribution, CategoricalDistribution):
        trial.suggest_categorical(name, distribution.choices)
    elif isinstance(distribution, IntDistribution):
        trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    else:
        trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)


def _distribution(span, start):
    if isinstance(span, Choice):
        return CategoricalDistribution(list(span.values))
    is_whole = isinstance(start, int) or (
        start is None and float(span.low).is_integer() and float(span.high).is_integer()
    )
    if is_whole:
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)
