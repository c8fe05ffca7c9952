"""A sweep of a Hydra application: from what was said to what was found."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from omegaconf import OmegaConf
from optuna.distributions import distribution_to_json

from mesic.errors import UsageError
from mesic.sweeping.checking import (
    Application,
    directions_of,
    refuse_compositions,
    refuse_overlap,
    refuse_settings,
    searched,
)
from mesic.sweeping.job import Desk, Job
from mesic.sweeping.launching import Jobs, side_by_side
from mesic.sweeping.reporting import StudyAddress
from mesic.sweeping.results import summary_lines, table_text, write_results
from mesic.sweeping.settings import SweeperSettings
from mesic.sweeping.space import Space
from mesic.sweeping.storage import free_journal, is_url, leased, mend_journal, opened
from mesic.sweeping.study import Asking, taken_up
from mesic.sweeping.sweep import Sweep, refuse_all_failed
from mesic.sweeping.watch import Limits, watched

log = logging.getLogger(__name__)
USUAL_TRIALS = 20
MOST_NAMED = 5


def sweep(application: Application, settings: SweeperSettings, arguments: Sequence[str]) -> None:
    """Sweep an application, or take its sweep up again.

    Parameters
    ----------
    application
        What is swept.
    settings
        How.
    arguments
        The overrides of the command line, ranges among them.

    Raises
    ------
    UsageError
        Something that was said cannot work, or the folder holds another sweep.
    CheckFailed
        Every trial failed.
    """
    refuse_settings(settings)
    space, fixed = searched(application, settings, arguments)
    directions = directions_of(settings.direction)
    refuse_overlap(application, settings)
    combinations = space.grid() if settings.sampler == "grid" else []
    refuse_compositions(application, space, fixed)
    folder = application.folder
    with leased(folder):
        storage = place_of(settings, folder)
        study = taken_up(
            opened(storage), settings.study, directions, fingerprint(application, space, fixed, directions)
        )
        if not study.get_trials(deepcopy=False):
            refuse_jobs_of_another(folder)
        OmegaConf.save(application.config, folder / "multirun.yaml")
        asking = Asking(study, space, settings.sampler, settings.seed, settings.startup, combinations)
        jobs = jobs_of(application, settings, StudyAddress(storage, settings.study, settings.pruner), len(directions))
        batch = settings.batch or side_by_side(application.config)
        ready = Sweep(asking, jobs, fixed, target_of(settings, len(combinations)), batch, settings.timeout_s)
        carry_out(ready, folder, Limits(settings.trial_timeout_s, settings.trial_memory_mb), overlap=settings.overlap)


def target_of(settings: SweeperSettings, combinations: int) -> int:
    """Return how many trials shall count in the end; of a grid not more than it has."""
    return min(settings.n_trials or combinations, combinations) if combinations else settings.n_trials or USUAL_TRIALS


def place_of(settings: SweeperSettings, folder: Path) -> str:
    """Return where the study is kept; a journal is made sound."""
    if settings.storage is not None and is_url(settings.storage):
        return settings.storage
    journal = Path(settings.storage or folder / "journal.log").absolute()
    journal.parent.mkdir(parents=True, exist_ok=True)
    made_sound(journal)
    return str(journal)


def made_sound(journal: Path) -> None:
    """Put right what a killed process leaves of a journal."""
    if free_journal(journal):
        log.info("%s was locked by a process that is gone: the lock was taken away", journal)
    if mend_journal(journal):
        log.info("%s ended within a record: it was cut off", journal)


def carry_out(ready: Sweep, folder: Path, limits: Limits, *, overlap: bool) -> None:
    """Run what is left of a sweep; write and say what was found, also when it is interrupted."""
    space, study = ready.asking.space, ready.study
    fixed = without_folder(ready.fixed, folder)
    ready.take_up()
    try:
        with watched(ready.jobs.desk, limits):
            if overlap and ready.batch > 1:
                ready.overlapping()
            else:
                ready.in_batches()
    except BaseException as error:
        if not was_interrupted(error):
            raise
        ready.hear()
        log.warning("interrupted: the same command takes the sweep up again")
        raise KeyboardInterrupt from error
    finally:
        write_results(study, space, fixed, folder)
    shutil.rmtree(ready.jobs.desk.folder, ignore_errors=True)
    refuse_all_failed(study)
    log.info("\n%s\n%s", table_text(study, space), "\n".join(summary_lines(study, fixed, folder)))


def was_interrupted(error: BaseException | None) -> bool:
    """Return whether an error is an interruption, or came of one: Optuna's lock may fail while it cleans up after it.

    Examples
    --------
    >>> error = OSError()
    >>> error.__context__ = KeyboardInterrupt()
    >>> was_interrupted(error), was_interrupted(OSError())
    (True, False)
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def without_folder(overrides: Sequence[str], folder: Path) -> list[str]:
    """Return overrides without the one that names the folder of the sweep: who runs a job again has another.

    Examples
    --------
    >>> without_folder(["out='/tmp/sweep'", "seed=1"], Path("/tmp/sweep"))
    ['seed=1']
    """
    return [text for text in overrides if Path(text.partition("=")[2].strip("'\"")).absolute() != folder]


def refuse_jobs_of_another(folder: Path) -> None:
    """Refuse a folder in which jobs would be written over."""
    if found := sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name.isdigit()):
        raise UsageError(
            f"{folder} holds jobs of another sweep ({', '.join(found[:MOST_NAMED])}): give another hydra.sweep.dir"
        )


def fingerprint(
    application: Application, space: Space, fixed: Sequence[str], directions: Sequence[str]
) -> dict[str, Any]:
    """Return what makes two sweeps the same study; how many trials, by which sampler and launcher is not part of it."""
    own = OmegaConf.masked_copy(application.config, [str(key) for key in application.config if key != "hydra"])
    return {
        "application": str(application.config.hydra.job.name),
        "config": OmegaConf.to_container(own, resolve=False),
        "overrides": list(fixed),
        "space": {name: distribution_to_json(span) for name, span in space.every().items()},
        "direction": list(directions),
    }


def jobs_of(application: Application, settings: SweeperSettings, study: StudyAddress, objectives: int) -> Jobs:
    """Return the launcher, with the task dressed as a job of the sweep."""
    desk = Desk(application.folder / "trials")
    desk.folder.mkdir(parents=True, exist_ok=True)
    job = Job(application.task, desk, study, objectives, settings.trial_timeout_s)
    launcher = Plugins.instance().instantiate_launcher(
        hydra_context=application.context, task_function=job, config=application.config
    )
    return Jobs(launcher, application.context.config_loader, application.config, desk)
