"""A sweep of a Hydra application: from what was said to what was found."""

import dataclasses
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import BaseDistribution, CategoricalDistribution, distribution_to_json

from mesic.errors import ConfigError, UsageError
from mesic.host.kinds import KINDS
from mesic.host.ranges import range_problems
from mesic.sweeping.declared import declared_space
from mesic.sweeping.job import Desk, Job
from mesic.sweeping.launching import Jobs, composition_problem, side_by_side
from mesic.sweeping.reporting import StudyAddress
from mesic.sweeping.results import summary_lines, table_text, write_results
from mesic.sweeping.settings import SweeperSettings
from mesic.sweeping.space import Space, branches_of, overrides_of, split
from mesic.sweeping.storage import is_url, leased, mend_journal, opened
from mesic.sweeping.study import Asking, Direction, taken_up
from mesic.sweeping.sweep import Sweep, refuse_all_failed
from mesic.sweeping.watch import Limits, watched

log = logging.getLogger(__name__)
USUAL_TRIALS = 20
MOST_LOOKED_AT = 50
MOST_NAMED = 5
DIRECTIONS = get_args(Direction)


@dataclass(frozen=True)
class Application:
    """What Hydra gives a sweeper."""

    context: HydraContext
    task: Callable[[DictConfig], Any]
    config: DictConfig

    @property
    def folder(self) -> Path:
        """The folder of the sweep."""
        return Path(str(self.config.hydra.sweep.dir)).absolute()

    def composed(self, overrides: Sequence[str]) -> DictConfig:
        """Compose the configuration of a job."""
        return self.context.config_loader.load_sweep_config(self.config, list(overrides))


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
    combinations = space.grid() if settings.sampler == "grid" else []
    refuse_compositions(application, space, fixed)
    folder = application.folder
    with leased(folder):
        OmegaConf.save(application.config, folder / "multirun.yaml")
        storage = settings.storage or str(folder / "journal.log")
        if not is_url(storage) and mend_journal(Path(storage)):
            log.info("%s ended within a record: it was cut off", storage)
        study = taken_up(
            opened(storage), settings.study, directions, fingerprint(application, space, fixed, directions)
        )
        if not study.get_trials(deepcopy=False):
            refuse_jobs_of_another(folder)
        asking = Asking(study, space, settings.sampler, settings.seed, settings.startup, combinations)
        jobs = jobs_of(application, settings, StudyAddress(storage, settings.study, settings.pruner), len(directions))
        batch = settings.batch or side_by_side(application.config)
        target = settings.n_trials or len(combinations) or USUAL_TRIALS
        target = min(target, len(combinations)) if combinations else target
        ready = Sweep(asking, jobs, fixed, target, batch, settings.timeout_s)
        carry_out(ready, folder, Limits(settings.trial_timeout_s, settings.trial_memory_mb), overlap=settings.overlap)


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
    except KeyboardInterrupt:
        log.warning("interrupted: the same command takes the sweep up again")
        raise
    finally:
        write_results(study, space, fixed, folder)
    shutil.rmtree(ready.jobs.desk.folder, ignore_errors=True)
    refuse_all_failed(study)
    log.info("\n%s\n%s", table_text(study, space), "\n".join(summary_lines(study, fixed, folder)))


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


def refuse_settings(settings: SweeperSettings) -> None:
    """Refuse settings out of their ranges, all of them together."""
    problems: list[str] = []
    for field in dataclasses.fields(settings):
        problems += range_problems(getattr(settings, field.name), field.metadata, f"hydra.sweeper.{field.name}")
    if problems:
        raise ConfigError(problems)


def directions_of(said: Any) -> list[Direction]:
    """Return the direction of each objective.

    Examples
    --------
    >>> directions_of("maximize"), directions_of(["minimize", "maximize"])
    (['maximize'], ['minimize', 'maximize'])
    """
    parts = said if isinstance(said, (list, tuple)) else [said]
    directions = [direction for part in parts for direction in DIRECTIONS if part == direction]
    if not directions or len(directions) < len(parts):
        raise UsageError(
            f"hydra.sweeper.direction={said!r} cannot work: give minimize or maximize, or a list with one for each "
            "objective"
        )
    return directions


def searched(application: Application, settings: SweeperSettings, arguments: Sequence[str]) -> tuple[Space, list[str]]:
    """Return what is searched and which overrides all jobs share; the command line wins over the configuration."""
    parser = OverridesParser.create(config_loader=application.context.config_loader)
    try:
        typed = parser.parse_overrides(list(arguments))
        keys = {override.key_or_group for override in typed}
        kept = parser.parse_overrides([f"{key}={value}" for key, value in settings.params.items()])
    except HydraException as error:
        raise UsageError(" ".join(str(error).split())) from error
    always, fixed = split([*(override for override in kept if override.key_or_group not in keys), *typed])
    taken = {key.lstrip("+") for key in always} | {text.lstrip("+").partition("=")[0] for text in fixed}
    space = Space(always)
    if settings.space == "declared":
        space = with_declared(application, space, fixed, taken)
    if not space.every():
        raise UsageError("there is nothing to search: give a range, such as x=interval(0,1) or model=a,b")
    return space, fixed


def with_declared(application: Application, space: Space, fixed: list[str], taken: set[str]) -> Space:
    """Return a space with what the chosen components declare; what was said by hand stays as it was said."""
    swept = {key: span for key, span in space.always.items() if key in KINDS and not KINDS[key].is_list}
    declared = declared_space(application.composed(fixed))
    always = {key: span for key, span in declared.items() if key not in taken and key.partition(".")[0] not in swept}
    where = {}
    for kind, span in swept.items():
        assert isinstance(span, CategoricalDistribution)
        spaces = {
            choice: _of_kind(kind, declared_space(application.composed([*fixed, f"{kind}={choice}"])), taken)
            for choice in span.choices
        }
        where[kind] = branches_of(spaces)
    return Space({**space.always, **always}, where)


def _of_kind(kind: str, space: Mapping[str, BaseDistribution], taken: set[str]) -> dict[str, BaseDistribution]:
    return {key: span for key, span in space.items() if key.startswith(f"{kind}.") and key not in taken}


def refuse_compositions(application: Application, space: Space, fixed: Sequence[str]) -> None:
    """Refuse a sweep whose jobs Hydra cannot compose: the first value of each key, then each other choice."""
    loader, config = application.context.config_loader, application.config
    problems = [composition_problem(loader, config, [*fixed, *overrides_of(values)]) for values in examples(space)]
    if found := list(dict.fromkeys(filter(None, problems))):
        raise ConfigError(found)


def examples(space: Space) -> Iterator[dict[str, Any]]:
    """Yield values that a space may give: one of each key, then every other choice by itself, not too many."""
    first = {key: _first(span) for key, span in space.always.items()}
    yield first
    looked_at = 0
    for key, span in space.always.items():
        for choice in span.choices[1:] if isinstance(span, CategoricalDistribution) else ():
            looked_at += 1
            if looked_at > MOST_LOOKED_AT:
                return
            yield first | {key: choice}


def _first(span: Any) -> Any:
    return span.choices[0] if isinstance(span, CategoricalDistribution) else span.low


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
