"""Ask the study, from the process of a job, whether the job is worth going on with."""

import math
from functools import lru_cache

import optuna
from optuna.trial import Trial

from mesic.errors import UsageError
from mesic.sweeping.methods import pruner_of
from mesic.sweeping.reporting import Pruned, StudyAddress, Underway
from mesic.sweeping.storage import opened


@lru_cache(maxsize=1)
def _study(address: StudyAddress) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = opened(address.storage)
    return optuna.load_study(study_name=address.name, storage=storage, pruner=pruner_of(address.pruner))


def is_hopeless(underway: Underway, value: float, step: int) -> bool:
    """Record an intermediate value; return whether the pruner would end the trial."""
    if math.isnan(value):
        raise UsageError(f"the objective is nan after step {step}")
    study = _study(underway.study)
    if len(study.directions) > 1:
        return False
    trial = Trial(study, study._storage.get_trial_id_from_study_id_trial_number(study._study_id, underway.number))
    try:
        trial.report(value, step)
    except optuna.exceptions.UpdateFinishedTrialError as error:
        raise Pruned(f"the sweep has given trial {underway.number} up") from error
    return trial.should_prune()
