"""Carry out one composed configuration in its folder, and see that its record says how it ended."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesic.caching.cache import stage_cache
from mesic.errors import CheckFailed, MesicError, UsageError
from mesic.host.registry import Registry, installed, notify
from mesic.runs.experiment import carry_out, deaf_finding, write_report
from mesic.runs.files import json_digest, remove_leftovers
from mesic.runs.plan import import_components, needs_process, tuner_of
from mesic.runs.record import FILE, PAGE, Record, circumstances, command, read_record
from mesic.runs.resources import available_cores, limited_threads
from mesic.runs.secrets import without_logins
from mesic.runs.state import Experiment
from mesic.runs.timeline import Timeline, is_alive, now
from mesic.training.budget import Replay
from mesic.workers.messages import Parts
from mesic.workers.supervised import Limits, Supervised

INTERRUPTED = 130


def refuse_other_run(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse a folder that holds a finished run, or an unfinished one of another configuration.

    Raises
    ------
    UsageError
        Writing there would lose what was computed.
    """
    if not (folder / FILE).exists():
        return
    record = read_record(folder)
    if record["status"] == "finished":
        page = "" if (folder / PAGE).exists() else f" (`mesic report run={folder}` draws its page)"
        raise UsageError(f"out={folder} holds a finished run{page}: give another out=, or remove the folder")
    pid = record["run"].get("pid")
    if record["status"] == "running" and pid != os.getpid() and is_alive(pid):
        raise UsageError(f"out={folder} is being written by process {pid}: give another out=, or wait for it to end")
    if record.get("config_digest") != config_digest(config):
        changed = ", ".join(_differences(record["config"], config)) or "something"
        raise UsageError(
            f"out={folder} holds an unfinished run of another configuration ({changed} differs): give another out=, "
            "or the same configuration to take it up again"
        )


def refuse_other_sweep(folder: Path, configs: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a folder that holds a single run, or jobs of another sweep; equal jobs are taken as they are.

    Raises
    ------
    UsageError
        Results of another configuration would be shown as this one's.
    """
    if (folder / FILE).exists():
        raise UsageError(f"out={folder} holds a single run: give another out=, or remove the folder")
    for number, config in enumerate(configs):
        job = folder / str(number)
        if not (job / FILE).exists():
            continue
        if not is_done(job, config):
            refuse_other_run(job, config)


def is_done(folder: Path, config: Mapping[str, Any]) -> bool:
    """Return whether a folder holds the finished run of this configuration."""
    record = read_record(folder) if (folder / FILE).exists() else {}
    is_same = record.get("verb") == "run" and record.get("config_digest") == config_digest(config)
    return is_same and record.get("status") == "finished"


def without_cache(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration whose run takes nothing from the cache, and leaves nothing there."""
    said = config.get("cache")
    return {**config, "cache": None if said is None else {**said, "enabled": False}}


def config_digest(config: Mapping[str, Any]) -> str:
    """Return the digest of a configuration, without `out` and `cache`, which change no result."""
    return json_digest({key: value for key, value in config.items() if key not in ("out", "cache")})


def _differences(old: Any, new: Any, path: str = "") -> list[str]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [] if json.dumps(old, default=str) == json.dumps(new, default=str) else [path]
    keys = [key for key in {**old, **new} if path or key not in ("out", "cache")]
    return [found for key in keys for found in _differences(old.get(key), new.get(key), f"{path}.{key}".strip("."))]


@dataclass(frozen=True)
class Typed:
    """What was typed, which option of each group was taken, where the groups come from; what no record may hold."""

    overrides: Sequence[str] = ()
    choices: Mapping[str, Any] = field(default_factory=dict)
    origins: Sequence[str] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return it as the record holds it."""
        choices = dict(self.choices)
        return {"overrides": without_logins(self.overrides), "choices": choices, "config_sources": list(self.origins)}


NOTHING_TYPED = Typed()


def execute(
    config: Mapping[str, Any],
    folder: Path,
    *,
    typed: Typed = NOTHING_TYPED,
    say: Callable[[str], None] = lambda _: None,
    registry: Registry | None = None,
    verb: str = "run",
    replay: Replay | None = None,
    reproduces: Path | None = None,
) -> dict[str, Any]:
    """Run an experiment; return its record.

    Parameters
    ----------
    config
        The composed configuration, resolved.
    folder
        The run's folder; an unfinished run of the same configuration there is taken up again.
    typed
        How the configuration came about.
    say
        Told what is being done.
    verb
        ``"run"``, or ``"data check"``: then the run ends with the audit, and no leak stops it.
    replay
        How the search of an earlier run went, which this one follows.
    reproduces
        The folder of the run that is run again; that opens its test part for no new decision.

    Raises
    ------
    MesicError
        What stopped the run; the record holds it too.
    """
    registry = registry or installed()
    refuse_other_run(folder, config)
    remove_leftovers(folder)
    threads = config["resources"]["threads"] or available_cores()
    if reproduces is not None:
        config = without_cache(config)
    with _process_for_trials(registry, config, threads, verb) as workers:
        import_components(registry, config)
        with limited_threads(threads):
            known = _known_facts(config, folder, typed, registry, threads)
            record = Record(folder, {"verb": verb, **known}, typed.secrets)
            experiment = Experiment(
                config, folder, registry, record, Timeline(folder, typed.secrets), threads, say, workers, replay
            )
            experiment.reproduces = reproduces
            experiment.cache = stage_cache(config.get("cache"), registry, threads)
            if workers is not None:
                workers.cache = experiment.cache
            return _carried_out(experiment)


@contextmanager
def _process_for_trials(
    registry: Registry, config: Mapping[str, Any], threads: int, verb: str
) -> Iterator[Supervised | None]:
    """Start a process for trials where they want one: it imports what the configuration names while this one reads."""
    if verb != "run" or not needs_process(registry, config):
        yield None
        return
    limits = Limits(tuner_of(registry, config)[2]["trial_s"], config["resources"]["memory_mb"])
    workers = Supervised(Parts(config, threads), limits)
    try:
        yield workers
    finally:
        workers.end()


def _known_facts(
    config: Mapping[str, Any], folder: Path, typed: Typed, registry: Registry, threads: int
) -> dict[str, Any]:
    here = Path.cwd()
    name = folder.relative_to(here) if folder.is_relative_to(here) else folder
    run = {"name": str(name), "started": now(), "ended": None, "command": command(), "pid": os.getpid()}
    said = typed.facts()
    facts = {"run": run, "config": dict(config), "config_digest": config_digest(config), **said}
    return facts | circumstances(registry, threads) | {"seeds": {"seed": config["seed"]}}


def _carried_out(experiment: Experiment) -> dict[str, Any]:
    record = experiment.record
    error: BaseException | None = None
    with experiment.timeline.activity("run"):
        try:
            record.save()
            _notify(experiment, "run_started", record=record.facts)
            carry_out(experiment)
        except BaseException as raised:
            error = raised
            _end_badly(record, raised)
            raise
        finally:
            _notify(experiment, "run_finished", record=record.facts, error=error)
    record.end("finished", CheckFailed.exit_status if record.leaks_that_stop() else 0)
    with experiment.timeline.activity("report"):
        write_report(experiment)
    return record.facts


def _end_badly(record: Record, error: BaseException) -> None:
    """Write down what stopped the run; a disk that is full must not hide it."""
    status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
    exit_status = INTERRUPTED if status == "interrupted" else getattr(error, "exit_status", 1)
    try:
        record.end(status, exit_status, error)
    except MesicError:
        return


def _notify(experiment: Experiment, hook: str, **facts: Any) -> None:
    for deaf in notify(experiment.registry, hook, **facts):
        experiment.record.find(deaf_finding(deaf.provider.entry_point, deaf.error))
