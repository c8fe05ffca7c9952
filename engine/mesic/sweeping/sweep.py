"""A sweep from its overrides to its results: ask, launch, tell, until enough trials count."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial

from mesic.errors import CheckFailed
from mesic.sweeping.launching import Asked, Jobs
from mesic.sweeping.outcome import Outcome, write_outcome
from mesic.sweeping.space import overrides_of
from mesic.sweeping.study import (
    ALONE,
    Asking,
    awaiting_retry,
    counted,
    give_up,
    reasons,
    running,
    tell,
)
from mesic.sweeping.watch import is_underway, wait_for

log = logging.getLogger(__name__)
DIED = "its process died: a crash, or the system was out of memory"
TRIES_OF_A_CRASH = 2  # the second time a job has its worker for itself: it shows whether it is to blame
TRIES_OF_A_KILL = 4  # a job may be what kills the sweeper, and must not do so for ever


@dataclass(frozen=True)
class Sweep:
    """What a sweep is made of.

    Parameters
    ----------
    asking
        How the study proposes values.
    jobs
        How trials are run.
    fixed
        The overrides that all jobs share.
    target
        How many trials shall count in the end.
    batch
        How many jobs are in flight.
    timeout_s
        Seconds after which no job is started.
    """

    asking: Asking
    jobs: Jobs
    fixed: Sequence[str]
    target: int
    batch: int
    timeout_s: float | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def study(self) -> Study:
        """The study."""
        return self.asking.study

    def take_up(self) -> None:
        """Settle what an earlier process left: jobs that left word are told, others are tried again."""
        left = running(self.study)
        for trial in left:
            if is_underway(self.jobs.desk, trial.number):
                log.info("trial %d outlived the sweep that was killed: it is waited for", trial.number)
            wait_for(self.jobs.desk, trial.number)
            self._settled(trial, "the sweep was killed while it ran", TRIES_OF_A_KILL)
        if known := len(counted(self.study)):
            log.info("taken up again: %d trials are done, %d were underway", known, len(left))

    def hear(self) -> None:
        """Tell the study of jobs that have left word, and leave the others as they are."""
        for trial in running(self.study):
            if self.jobs.outcome(trial.number) is not None:
                self._settled(trial, DIED, TRIES_OF_A_CRASH)

    def in_batches(self) -> None:
        """Run batch after batch, each to its end."""
        while batch := self._next(self.batch):
            self.jobs.run(batch)
            self._settle([asked.number for asked in batch])

    def overlapping(self) -> None:
        """Start a job as soon as one ends."""
        flying: dict[Future[None], int] = {}
        with ThreadPoolExecutor(self.batch) as pool:
            while True:
                while len(flying) < self.batch and (found := self._next(1, in_flight=len(flying))):
                    flying[pool.submit(self.jobs.run, found)] = found[0].number
                if not flying:
                    return
                for future in wait(flying, return_when=FIRST_COMPLETED).done:
                    number = flying.pop(future)
                    future.result()
                    self._settle([number])

    def _next(self, most: int, *, in_flight: int = 0) -> list[Asked]:
        """Ask for the trials that are to be run next; for none when there are enough, or no time is left."""
        room = min(most, self.target - len(counted(self.study)) - in_flight)
        is_late = self.timeout_s is not None and time.monotonic() - self.began >= self.timeout_s
        if room <= 0 or is_late:
            return []
        suspects: list[FrozenTrial] = []
        others: list[FrozenTrial] = []
        for trial in awaiting_retry(self.study):
            (suspects if trial.user_attrs.get(ALONE) else others).append(trial)
        if others:
            return [self._asked(self.asking.again(trial)) for trial in others[:room]]
        if suspects:
            return [] if in_flight else [self._asked(self.asking.again(suspects[0]))]
        return [self._asked(self.asking.fresh()) for _ in range(room)]

    def _asked(self, trial: Trial) -> Asked:
        drawn = self.asking.space.draw(trial)
        self.jobs.desk.clear(trial.number)
        return Asked(trial.number, [*self.fixed, *overrides_of(drawn)])

    def _settle(self, numbers: Sequence[int]) -> None:
        """Tell the study how jobs ended."""
        by_number = {trial.number: trial for trial in running(self.study)}
        for number in numbers:
            self._settled(by_number[number], DIED, TRIES_OF_A_CRASH)

    def _settled(self, trial: FrozenTrial, reason: str, most_tries: int) -> None:
        outcome, desk = self.jobs.outcome(trial.number), self.jobs.desk
        if outcome is not None:
            tell(self.study, trial.number, outcome)
            desk.clear(trial.number)
            return
        write_outcome(desk.ended(trial.number), Outcome("failed", reason=reason))  # a job that comes late must not run
        give_up(self.study, trial, reason, most_tries=most_tries, alone=reason == DIED)


def refuse_all_failed(study: Study) -> None:
    """Say why, when no trial came to its end.

    Raises
    ------
    CheckFailed
        All trials failed; the reasons are listed, most frequent first.
    """
    said = reasons(study)
    if said and sum(map(len, said.values())) == len(counted(study)):
        lines = [f"  {reason} (trials {listed(numbers)})" for reason, numbers in said.items()]
        raise CheckFailed("every trial failed:\n" + "\n".join(lines))


def listed(numbers: Sequence[int], most: int = 8) -> str:
    """Return numbers as text, not too many of them.

    Examples
    --------
    >>> listed([1, 2, 3], most=2)
    '1, 2, ...'
    """
    return ", ".join(map(str, numbers[:most])) + (", ..." if len(numbers) > most else "")
