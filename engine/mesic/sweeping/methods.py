"""Optuna's samplers and pruners by the names that users type."""

import warnings
from collections.abc import Callable

import numpy as np
from optuna import pruners, samplers
from optuna.exceptions import ExperimentalWarning

PRUNERS: dict[str, Callable[[], pruners.BasePruner]] = {
    "none": pruners.NopPruner,
    "median": pruners.MedianPruner,
    "halving": pruners.SuccessiveHalvingPruner,
    "hyperband": pruners.HyperbandPruner,
}


def pruner_of(name: str) -> pruners.BasePruner:
    """Return Optuna's pruner of a name."""
    return PRUNERS[name]()


def sampler_of(name: str, *, seed: int, place: int, startup: int, is_conditional: bool) -> samplers.BaseSampler:
    """Return a sampler for one trial.

    Its chance depends on the seed and on the place of the trial among all trials, and on nothing else. So a study
    that was killed and taken up again asks for what it would have asked for.

    Parameters
    ----------
    name
        ``"tpe"``, ``"random"``, ``"nsga"``, or ``"grid"``, for which values are not drawn.
    seed
        The seed of the sweep.
    place
        How many trials came before.
    startup
        Trials that TPE draws at random.
    is_conditional
        Whether some parameters stand only where another has a certain value.
    """
    own = int(np.random.SeedSequence((seed, place)).generate_state(1)[0])
    if name == "nsga":
        return samplers.NSGAIISampler(seed=own)
    if name != "tpe":
        return samplers.RandomSampler(seed=own)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return samplers.TPESampler(seed=own, n_startup_trials=startup, group=is_conditional)
