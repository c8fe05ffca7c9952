"""Search with Optuna, by asking and telling."""

import warnings
from abc import ABC, abstractmethod
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from mesic import Choice


class _OptunaTuner(ABC):
    """Ask an Optuna study; the configured options are tried first."""

    def __init__(self, space, start, seed=0):
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._distributions = {name: _distribution(span, start.get(name)) for name, span in space.items()}
        self._study = optuna.create_study(sampler=self._sampler(seed))
        self._study.enqueue_trial(dict(start), skip_if_exists=True)
        self._trial: Any = None
        self._asked = 0

    @abstractmethod
    def _sampler(self, seed):
        """Return the Optuna sampler."""

    def ask(self):
        """Return options to try next; without a space there is one trial only."""
        if not self._distributions and self._asked:
            return None
        self._asked += 1
        with warnings.catch_warnings():
            # the configured options may lie outside of the space that is searched after them
            warnings.simplefilter("ignore", UserWarning)
            self._trial = self._study.ask(self._distributions)
        return dict(self._trial.params)

    def tell(self, loss):
        """Hear the loss of what was asked last; None marks a failure."""
        if loss is None:
            self._study.tell(self._trial, state=optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._trial, loss)


class Tpe(_OptunaTuner):
    """Optuna's TPE, multivariate.

    Parameters
    ----------
    space : mapping of str to Range or Choice
        What is searched.
    start : mapping of str to value
        The configured options, tried first.
    startup : int
        Trials drawn at random before the estimator takes over.
    seed : int
        Same seed and losses, same proposals.

    Examples
    --------
    >>> from mesic import Range
    >>> tuner = Tpe({"C": Range(0.01, 100, log=True)}, {"C": 1.0}, seed=1)
    >>> tuner.ask()
    {'C': 1.0}
    >>> tuner.tell(0.5)
    >>> 0.01 <= tuner.ask()["C"] <= 100
    True

    References
    ----------
    J. Bergstra et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011.
    """

    def __init__(self, space, start, startup=8, seed=0):
        self.startup = startup
        super().__init__(space, start, seed)

    def _sampler(self, seed):
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=self.startup)


class Random(_OptunaTuner):
    """Options drawn independently at random; what every search must beat."""

    def _sampler(self, seed):
        return optuna.samplers.RandomSampler(seed=seed)


def _distribution(span, start):
    if isinstance(span, Choice):
        return CategoricalDistribution(list(span.values))
    is_whole = isinstance(start, int) or (
        start is None and float(span.low).is_integer() and float(span.high).is_integer()
    )
    if is_whole:
        return IntDistribution(int(span.low), int(span.high), log=span.log)
    return FloatDistribution(span.low, span.high, log=span.log)
