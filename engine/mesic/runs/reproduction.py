"""Run again from a record, and say whether it is the same: byte for byte, or the first stage that differs and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mesic.config.settings import SourceOptions, TunerOptions
from mesic.data.reading import read_table, type_table
from mesic.data.snapshot import Snapshot
from mesic.errors import DataError, MesicError, UsageError
from mesic.host.registry import installed
from mesic.runs.environment import code_digests, platform_facts, versions
from mesic.runs.execution import Typed, execute
from mesic.runs.plan import source_of
from mesic.runs.record import FILE, read_record
from mesic.runs.secrets import asked_of_environment, silenced
from mesic.runs.shortage import CUT_SHORT
from mesic.training.budget import Replay

SHORT = {CUT_SHORT, "NO-FINAL-FIT"}
STAGES = ("data", "partition", "trials", "out_of_fold", "steps", "test_predictions", "scores")


@dataclass(frozen=True)
class Verdict:
    """Whether a run could be reproduced.

    Parameters
    ----------
    status
        ``"identical"``, ``"equal within interval"`` or ``"different"``.
    differs
        The stages whose digests differ, in order.
    causes
        What has changed since, most likely first.
    """

    status: str
    differs: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    digests: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as ``--json`` prints it."""
        return {
            "verdict": self.status,
            "differs": list(self.differs),
            "causes": list(self.causes),
            "digests": dict(self.digests),
        }


def configuration_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that does what the record did: as many trials, no clock, as many threads."""
    if record["status"] != "finished":
        raise UsageError(
            f"run={record['run']['name']} did not finish ({record['status']}): there is nothing to compare with"
        )
    config: dict[str, Any] = json.loads(json.dumps(record["config"]))
    if set(TunerOptions.__dataclass_fields__) <= config["tuner"].keys():
        config["tuner"] |= {"trials": max(1, record["trials"]["tried"]), "budget_s": None}
    config["resources"]["threads"] = record["threads"]["limit"]
    config["snapshot"] = None  # what is kept is kept; nothing is written but the new run
    if config["interval"]["refit"]:
        made = (record.get("refits") or {}).get("made", 0) if "procedure" in record["scores"] else 0
        config["interval"] |= {"refit": made > 0, "refits": max(2, made), "refit_s": None}
    return config


def reproduce(folder: Path, out: Path, say: Any = lambda _: None) -> Verdict:
    """Run a finished run again in `out` and compare.

    Raises
    ------
    UsageError
        The run did not finish, or the folder holds a check, which made nothing that could be compared.
    """
    record = read_record(folder)
    if record.get("verb", "run") != "run":
        raise UsageError(f"run={folder} holds a {record['verb']}, which trains nothing: give the folder of a run")
    secrets = asked_of_environment([json.dumps(record.get("config"))])
    try:
        config, replay, typed = _again(record, folder)
        typed = replace(typed, secrets=secrets)
        return compare(record, execute(config, out, typed=typed, say=say, replay=replay, reproduces=folder))
    except MesicError as error:
        silenced(error, secrets)
        raise


def _again(record: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], Replay | None, Typed]:
    try:
        config = configuration_of(record)
        if "snapshot" in record["data"] and not source_is_as_it_was(record):
            config |= {"source": _of_snapshot(record)}
        is_cut_short = CUT_SHORT in {finding["code"] for finding in record["findings"]}
        said = None if is_cut_short else record["trials"].get("replay")  # without a trial there is nothing to follow
        replay = Replay.read(said, record["model"].get("fits", {})) if said else None
        return config, replay, Typed(record["overrides"], record["choices"])
    except (KeyError, TypeError, AttributeError) as error:
        told = f"{type(error).__name__}: {error}"
        raise DataError(f"{folder / FILE} does not hold what a run writes ({told}); was it altered?") from error


def source_is_as_it_was(record: Mapping[str, Any]) -> bool:
    """Return whether a run's source still gives the rows that the run saw."""
    try:
        source, declared = source_of(installed(), record["config"])
        typed = type_table(read_table(source), declared, declared["target"] or source.target)
    except MesicError:
        return False
    return bool(typed.digest == record["data"]["digest"])


def _of_snapshot(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a source that reads what the run kept."""
    snapshot = Snapshot(Path(record["data"]["snapshot"]))
    snapshot.read(record["data"]["digest"])
    shared = {name: record["config"]["source"][name] for name in SourceOptions.__dataclass_fields__}
    target = record["data"]["target"]
    file = {"name": "table", "path": str(snapshot.rows), "delimiter": None, "encoding": "utf8"}
    return {**shared, **file, "target": target, "schema": str(snapshot.schema)}


def compare(record: Mapping[str, Any], again: Mapping[str, Any]) -> Verdict:
    """Compare the digests of two records of one configuration, stage by stage."""
    old, new = record["digests"], again["digests"]
    differs = tuple(stage for stage in STAGES if old.get(stage) != new.get(stage))
    if not differs:
        return Verdict("identical", digests={stage: old.get(stage) for stage in STAGES})
    status = "equal within interval" if _scores_agree(record, again) and "data" not in differs else "different"
    return Verdict(status, differs, tuple(causes(record, differs[0])), {stage: new.get(stage) for stage in STAGES})


def _scores_agree(record: Mapping[str, Any], again: Mapping[str, Any]) -> bool:
    new = {score["metric"]: score["value"] for score in again["scores"]["test"]}
    known = [score for score in record["scores"]["test"] if score["low"] is not None and score["high"] is not None]
    values = [(score, new.get(score["metric"])) for score in known]
    return all(value is not None and score["low"] <= value <= score["high"] for score, value in values)


def causes(record: Mapping[str, Any], first: str) -> list[str]:
    """Return what has changed since a run, most likely cause of the first difference first."""
    found = []
    if first == "data":
        found.append(f"the data behind {record['data']['path']!r} have changed")
    found += _changed("the code of {}", record["code"], code_digests_now(), show=False)
    found += _changed("the version of {}", record["versions"], versions())
    found += _changed("the platform's {}", record["platform"], platform_facts())
    if SHORT & {finding["code"] for finding in record["findings"]}:
        found.append("tuner.budget_s cut the run short, and here there was no clock")
    return found or ["nothing that is recorded has changed: a component is not deterministic"]


def code_digests_now() -> dict[str, str]:
    """Return the digests of the code that is installed now."""
    return code_digests(installed())


def _changed(text: str, old: Mapping[str, Any], new: Mapping[str, Any], *, show: bool = True) -> list[str]:
    names = [name for name in old if old[name] != new.get(name)]
    return [text.format(name) + (f" was {old[name]}, is {new.get(name)}" if show else " has changed") for name in names]
