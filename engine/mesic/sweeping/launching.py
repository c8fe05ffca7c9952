"""Hand trials to Hydra's launcher, and find out how each job ended, whatever became of the launcher."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from mesic.errors import UsageError
from mesic.runs.resources import available_cores
from mesic.sweeping.job import Desk, reason_of
from mesic.sweeping.outcome import Outcome, read_outcome, write_outcome
from mesic.sweeping.watch import start_of, wait_for

log = logging.getLogger(__name__)
MOST_IN_A_CLUSTER = 8
TRIES_TO_START = 3  # a pool that has just died of one job refuses the next, once


@dataclass(frozen=True)
class Asked:
    """A trial that is to be run: its number and the overrides of its job."""

    number: int
    overrides: list[str]


@dataclass(frozen=True)
class Jobs:
    """The launcher and what is needed to see how its jobs ended."""

    launcher: Launcher
    loader: ConfigLoader
    config: DictConfig
    desk: Desk

    def run(self, batch: Sequence[Asked]) -> None:
        """Run a batch to its end, without raising for what its jobs do.

        Raises
        ------
        UsageError
            The launcher could not begin.
        """
        for together in neighbours(batch):
            self._launch(together)

    def _launch(self, together: Sequence[Asked]) -> None:
        for left in reversed(range(TRIES_TO_START)):
            try:
                self.launcher.launch([asked.overrides for asked in together], initial_job_idx=together[0].number)
                break
            except Exception as error:  # a pool whose worker died takes its other jobs down; the sweep goes on
                log.warning("the launcher ended with %s", reason_of(error))
                if any(self._is_known(asked) for asked in together) or self._record_broken(together):
                    break
                if not left:
                    raise UsageError(f"the launcher cannot start jobs: {reason_of(error)}") from error
        for asked in together:
            wait_for(self.desk, asked.number)

    def _is_known(self, asked: Asked) -> bool:
        return self.desk.ended(asked.number).exists() or start_of(self.desk, asked.number) is not None

    def _record_broken(self, together: Sequence[Asked]) -> bool:
        """Write down which jobs have no valid configuration; return whether there are any."""
        broken = [
            (asked, said)
            for asked in together
            if (said := composition_problem(self.loader, self.config, asked.overrides))
        ]
        for asked, said in broken:
            write_outcome(self.desk.ended(asked.number), Outcome("failed", reason=said))
        return bool(broken)

    def outcome(self, number: int) -> Outcome | None:
        """Return how a job ended; None where it left no word."""
        return read_outcome(self.desk.ended(number))


def composition_problem(loader: ConfigLoader, config: DictConfig, overrides: list[str]) -> str:
    """Return why Hydra cannot compose a job; nothing where it can."""
    try:
        loader.load_sweep_config(config, overrides)
    except (HydraException, OmegaConfBaseException) as error:
        return reason_of(error)
    return ""


def neighbours(batch: Sequence[Asked]) -> list[list[Asked]]:
    """Return the trials that follow one another, together: a launcher counts on from the first.

    Examples
    --------
    >>> [[asked.number for asked in run] for run in neighbours([Asked(3, []), Asked(4, []), Asked(6, [])])]
    [[3, 4], [6]]
    """
    runs: list[list[Asked]] = []
    for asked in sorted(batch, key=lambda asked: asked.number):
        if runs and asked.number == runs[-1][-1].number + 1:
            runs[-1].append(asked)
        else:
            runs.append([asked])
    return runs


def side_by_side(config: DictConfig) -> int:
    """Return how many jobs the launcher of a configuration runs at once.

    Examples
    --------
    >>> side_by_side(DictConfig({"hydra": {"launcher": {"_target_": "JoblibLauncher", "n_jobs": 3}}}))
    3
    >>> side_by_side(DictConfig({"hydra": {"launcher": {"_target_": "BasicLauncher"}}}))
    1
    """
    launcher = config.hydra.launcher
    name = str(launcher.get("_target_", ""))
    if name.endswith(".SlurmLauncher"):
        return min(int(launcher.array_parallelism), MOST_IN_A_CLUSTER)
    count = int(launcher.get("n_jobs", -1 if "submitit" in name else 1))
    return count if count > 0 else max(1, available_cores() + 1 + count)  # as joblib counts: -1 is all cores
