"""The study of a sweep: begun or taken up again, and what its trials say."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from mesic.errors import UsageError
from mesic.runs.files import finite, json_digest
from mesic.sweeping.methods import sampler_of
from mesic.sweeping.outcome import Outcome
from mesic.sweeping.space import Space

Direction = Literal["minimize", "maximize"]
FINGERPRINT = "fingerprint"
LOST, ALONE, TRIES, RETRY_OF = "lost", "alone", "tries", "retry_of"
REASON, SECONDS = "reason", "seconds"


def taken_up(storage: BaseStorage, name: str, directions: Sequence[Direction], fingerprint: Mapping[str, Any]) -> Study:
    """Begin a study, or take it up again.

    Parameters
    ----------
    storage
        Where it is kept.
    name
        What it is called there.
    directions
        ``"minimize"`` or ``"maximize"`` for each objective.
    fingerprint
        What makes two studies the same, by the words that users know.

    Raises
    ------
    UsageError
        There is a study of that name, of another configuration.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    said = json.loads(json.dumps(finite(dict(fingerprint)), default=str))
    try:
        study = optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        study = optuna.create_study(study_name=name, storage=storage, directions=list(directions))
    known = study.user_attrs.get(FINGERPRINT)
    if known is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(FINGERPRINT, said)
    elif json_digest(known) != json_digest(said):
        changed = ", ".join(differences(known, said)) or "everything"
        raise UsageError(
            f"the study {name!r} there is of another sweep ({changed} differs): give another hydra.sweep.dir, or the "
            "same command to take it up again"
        )
    return study


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Return where two fingerprints differ.

    Examples
    --------
    >>> differences({"space": {"x": 1}, "fixed": []}, {"space": {"x": 2}, "fixed": []})
    ['space.x']
    """
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [] if old == new else [path]
    keys = dict.fromkeys([*old, *new])
    return [found for key in keys for found in differences(old.get(key), new.get(key), f"{path}.{key}".strip("."))]


@dataclass(frozen=True)
class Asking:
    """How a study proposes values; `combinations` are those of a grid, in order."""

    study: Study
    space: Space
    sampler: str
    seed: int
    startup: int
    combinations: Sequence[Mapping[str, Any]] = ()

    def fresh(self) -> Trial:
        """Ask for a new trial; its chance depends on the trials that count and on the seed."""
        trials = self.study.get_trials(deepcopy=False)
        is_queued = any(trial.state == TrialState.WAITING for trial in trials)
        place = sum(not is_lost(trial) and trial.state != TrialState.WAITING for trial in trials)
        if self.combinations and not is_queued:
            self.study.enqueue_trial(dict(self.combinations[place]))
        return self._asked(place)

    def again(self, lost: FrozenTrial) -> Trial:
        """Ask for the values of a trial that was lost."""
        trials = self.study.get_trials(deepcopy=False)
        place = sum(not is_lost(trial) for trial in trials[: lost.number])
        known = {name: lost.user_attrs[name] for name in (ALONE, TRIES) if name in lost.user_attrs}
        self.study.enqueue_trial(dict(lost.params), user_attrs={RETRY_OF: lost.number} | known)
        return self._asked(place)

    def _asked(self, place: int) -> Trial:
        is_conditional = self.space.is_conditional
        self.study.sampler = sampler_of(
            self.sampler, seed=self.seed, place=place, startup=self.startup, is_conditional=is_conditional
        )
        return self.study.ask()


def tell(study: Study, number: int, outcome: Outcome) -> None:
    """Record how a trial ended; what its job reported on the way stands already."""
    trial = trial_of(study, number)
    trial.set_user_attr(SECONDS, outcome.seconds)
    if outcome.state == "failed":
        trial.set_user_attr(REASON, outcome.reason)
        study.tell(number, state=TrialState.FAIL)
    elif outcome.state == "pruned":
        study.tell(number, state=TrialState.PRUNED)
    else:
        known = trial.constraints  # a process that was killed may have told some
        for name in (name for name in outcome.constraints if name not in known):
            trial.set_constraint(name, outcome.constraints[name])
        study.tell(number, list(outcome.values))


def give_up(study: Study, trial: FrozenTrial, reason: str, *, most_tries: int, alone: bool) -> None:
    """Record a trial whose job left no word.

    Parameters
    ----------
    study, trial
        The trial and where it is recorded.
    reason
        Why there is no word.
    most_tries
        Fewer tries than this, and its values are tried once more.
    alone
        Whether they are then tried without others beside, so that it shows whether they are to blame.
    """
    found = trial_of(study, trial.number)
    tries = trial.user_attrs.get(TRIES, 0) + 1
    said = {REASON: reason, TRIES: tries}
    if tries < most_tries:
        said |= {LOST: True} | ({ALONE: True} if alone else {})
    for name, value in said.items():
        found.set_user_attr(name, value)
    study.tell(trial.number, state=TrialState.FAIL)


def trial_of(study: Study, number: int) -> Trial:
    """Return a trial to write to; Optuna has no public way from a number to it."""
    return Trial(study, study._storage.get_trial_id_from_study_id_trial_number(study._study_id, number))


def is_lost(trial: FrozenTrial) -> bool:
    """Return whether another trial stands, or will stand, in the place of this one."""
    return bool(trial.user_attrs.get(LOST))


def running(study: Study) -> list[FrozenTrial]:
    """Return the trials that were asked for and not told."""
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


def awaiting_retry(study: Study) -> Iterator[FrozenTrial]:
    """Yield the lost trials in whose place no other stands yet."""
    trials = study.get_trials(deepcopy=False)
    retried = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    yield from (trial for trial in trials if is_lost(trial) and trial.number not in retried)


def counted(study: Study) -> list[FrozenTrial]:
    """Return the trials that count: those that ended, each once."""
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished() and not is_lost(trial)]


def reasons(study: Study) -> dict[str, list[int]]:
    """Return why trials failed, and which did for each reason; the most frequent first."""
    grouped: dict[str, list[int]] = {}
    for trial in counted(study):
        if trial.state == TrialState.FAIL:
            grouped.setdefault(str(trial.user_attrs.get(REASON, "no reason is known")), []).append(trial.number)
    return dict(sorted(grouped.items(), key=lambda entry: -len(entry[1])))
