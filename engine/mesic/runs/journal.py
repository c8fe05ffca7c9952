"""``study.journal``: every trial of a search as Optuna's own tools read it, while the run goes on and after it.

The trials themselves are kept by :class:`mesic.runs.trials.Attempts`, forced to the disk; the journal follows. So a
line of it costs no wait for the disk, and one that was lost is written again when the run is taken up.
"""

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from optuna import create_study, load_study
from optuna.distributions import BaseDistribution
from optuna.logging import WARNING, get_verbosity, set_verbosity
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalFileSymlinkLock
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from mesic.errors import UsageError
from mesic.host.components import Choice, Range
from mesic.runs.files import finite
from mesic.sweeping.declared import distribution
from mesic.sweeping.storage import LOCK_IS_STALE_S, free_journal, mend_journal
from mesic.training.zone import Trial

FILE = "study.journal"
STUDY = "mesic run"
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
ATTRIBUTES = ("train_loss", "bias", "variance", "complexity", "error", "fold_losses")


class _Unforced(BaseJournalBackend):
    """Optuna's journal file, whose lines are not forced to the disk: that took 3 of 4 ms a trial."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = JournalFileSymlinkLock(str(path), grace_period=LOCK_IS_STALE_S)
        self.file = JournalFileBackend(str(path), lock_obj=self.lock)

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        return self.file.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        self.lock.acquire()
        try:
            with self.path.open("ab") as file:
                file.write(lines.encode())
        finally:
            self.lock.release()


@dataclass(frozen=True)
class Journal:
    """The journal of one search.

    Parameters
    ----------
    folder
        The run's folder.
    space, starts
        Search ranges by option, and what is tried first, which may lie outside of them.
    """

    folder: Path
    space: Mapping[str, Range | Choice]
    starts: Sequence[Mapping[str, Any]]

    def begin(self, key: str, finished: Sequence[Trial]) -> "OpenJournal":
        """Begin the journal, or take it up again so that it holds what has finished, each trial once.

        Raises
        ------
        UsageError
            It is damaged, of another study, or cannot be written.
        """
        path = self.folder / FILE
        before = get_verbosity()
        set_verbosity(WARNING)
        try:
            study = self._taken_up(path, key, finished)
        except OSError as error:
            raise _cannot_write(path, error) from error
        finally:
            set_verbosity(before)
        start = {name: start[name] for start in self.starts[::-1] for name in start}
        distributions = {name: distribution_of(span, start.get(name)) for name, span in self.space.items()}
        journal = OpenJournal(path, study, distributions)
        for trial in finished[len(study.get_trials(deepcopy=False)) :]:
            journal.add(trial)
        return journal

    def _taken_up(self, path: Path, key: str, finished: Sequence[Trial]) -> Study:
        """Return the study of an earlier attempt where it holds nothing but what has finished, else a new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        free_journal(path)
        mend_journal(path, instead="out")
        if path.exists():
            study = _loaded(path)
            if study.user_attrs.get("key") == key and _is_start_of(study.get_trials(deepcopy=False), finished):
                return study
            path.unlink()
        study = create_study(study_name=STUDY, storage=JournalStorage(_Unforced(path)), direction="minimize")
        study.set_user_attr("key", key)
        study.set_user_attr("value", "mean out-of-fold loss")
        return study


@dataclass(frozen=True)
class OpenJournal:
    """A journal that trials are added to."""

    path: Path
    study: Study
    distributions: Mapping[str, BaseDistribution]

    def add(self, trial: Trial) -> None:
        """Write down how a trial ended."""
        try:
            self.study.add_trial(self._frozen(trial))
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def _frozen(self, trial: Trial) -> FrozenTrial:
        facts = finite({name: value for name, value in trial.as_dict().items() if name in ATTRIBUTES})
        about: dict[str, Any] = {"state": STATES[trial.state], "value": finite(trial.loss)}
        about["user_attrs"] = {name: value for name, value in facts.items() if value is not None}
        known = {name: value for name, value in trial.params.items() if name in self.distributions}
        others = {name: value for name, value in trial.params.items() if name not in self.distributions}
        try:
            frozen = create_trial(
                **about, params=known, distributions={name: self.distributions[name] for name in known}
            )
        except (ValueError, TypeError):  # a tuner of another plugin tries what its space does not hold
            others, frozen = dict(trial.params), create_trial(**about)
        if others:
            frozen.user_attrs["options"] = finite(others)
        assert frozen.datetime_complete is not None
        frozen.datetime_start = frozen.datetime_complete - timedelta(seconds=trial.fit_s)
        return frozen


def _loaded(path: Path) -> Study:
    try:
        return load_study(study_name=STUDY, storage=JournalStorage(_Unforced(path)))
    except Exception as error:  # Optuna raises KeyError, and whatever its reading of strange lines does
        raise UsageError(
            f"{path} is of another study, or damaged: give another out=, or remove it; the run needs nothing of it"
        ) from error


def _is_start_of(known: Sequence[FrozenTrial], finished: Sequence[Trial]) -> bool:
    states = [STATES[trial.state] for trial in finished]
    return [trial.state for trial in known] == states[: len(known)]


def _cannot_write(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write {path}: {error.strerror or error}; give another out= or make room")


def distribution_of(span: Range | Choice, start: Any) -> BaseDistribution:
    """Return what Optuna calls a search range, widened by the configured value, which may lie outside.

    Examples
    --------
    >>> distribution_of(Range(2, 8), 16)
    IntDistribution(high=16, log=False, low=2, step=1)
    """
    if isinstance(span, Choice):
        is_known = start is None or start in span.values
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a choice that is no plain value is shown as its text
            return distribution(span if is_known else replace(span, values=(*span.values, start)), start)
    is_number = isinstance(start, (int, float)) and not isinstance(start, bool)
    low, high = (min(span.low, start), max(span.high, start)) if is_number else (span.low, span.high)
    return distribution(replace(span, low=low, high=high, log=span.log and low > 0), start)
