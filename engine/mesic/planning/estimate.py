"""How long a run will take and what it will cost: from the timeline of an earlier run, or else from a pilot."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesic.errors import MesicError
from mesic.planning.growth import Growth
from mesic.planning.pilot import LEARNER, Pilot
from mesic.runs import plan
from mesic.runs.record import FILE, read_record
from mesic.runs.timeline import read_timeline
from mesic.training.budget import Budget

MOST_RECORDS = 200
MANY = 1_000  # trials, where the seconds alone bound them
BY_TRIAL = "search"
FITS = (BY_TRIAL, "selection", "fit")
SAME = {"source": ("name", "path", "dataset"), "tuner": ("name",)}


@dataclass(frozen=True)
class Estimate:
    """Wall seconds by stage.

    Parameters
    ----------
    stages
        Seconds by stage.
    seconds
        All of them.
    based_on
        ``"the timeline of DIR"``, or ``"a pilot"``.
    cost
        Of that many hours, where ``costs.hour`` says what one costs; else None.
    """

    stages: Mapping[str, float]
    seconds: float
    based_on: str
    cost: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the estimate as ``--json`` prints it."""
        return asdict(self)


def estimate(found: Pilot, config: plan.Config, runs: Path, grown: Sequence[Growth] = ()) -> Estimate:
    """Return how long a run of this configuration will take.

    Parameters
    ----------
    found
        The pilot.
    config
        Of the run.
    runs
        Where earlier runs lie: the newest finished one of the same source, learner and tuner is taken, scaled by rows
        and trials.
    grown
        How the time of each step of a fit grows; without, in the proportion of the rows.
    """
    rows = len(found.dataset)
    tuner = config["tuner"]
    trials = (Budget(tuner["trials"], tuner["budget_s"]).most or MANY) if "trials" in tuner else 1
    earlier = _like(runs, config)
    if earlier is not None:
        folder, record = earlier
        stages = _scaled(folder, record, rows, trials, grown)
        based_on = f"the timeline of {folder}"
    else:
        stages = _from_pilot(found, config, trials, grown)
        based_on = "a pilot"
    budget = config["tuner"].get("budget_s")
    if budget is not None:
        stages[BY_TRIAL] = min(stages[BY_TRIAL], budget)
    seconds = sum(stages.values())
    price = config["costs"]["hour"]
    return Estimate(stages, seconds, based_on, seconds / 3600 * price if price else None)


def _like(runs: Path, config: plan.Config) -> tuple[Path, dict[str, Any]] | None:
    """Return the newest finished run of the same source, learner and tuner."""
    paths = sorted(runs.rglob(FILE), key=lambda path: path.stat().st_mtime, reverse=True) if runs.is_dir() else []
    for path in paths[:MOST_RECORDS]:
        try:
            record = read_record(path.parent)
        except MesicError:
            continue
        own = record.get("config", {})
        is_like = all(
            (own.get(kind) or {}).get(key) == config[kind].get(key) for kind, keys in SAME.items() for key in keys
        )
        is_like = is_like and plan.learner_names(own) == plan.learner_names(config)
        if is_like and record.get("status") == "finished" and record.get("verb") == "run":
            return path.parent, record
    return None


def times_as_long(grown: Sequence[Growth], before: int, after: int) -> float:
    """Return how many times as long a fit takes on other rows.

    Examples
    --------
    >>> one = Growth("selector/x", (100, 200), (1.0, 4.0), 2.0, 1.9, 2.1, 0.95)
    >>> times_as_long([one], 200, 2_000), times_as_long([], 200, 2_000)
    (100.0, 10.0)
    """
    taken = sum(one.seconds(before) for one in grown)
    return sum(one.seconds(after) for one in grown) / taken if taken else after / max(1, before)


def _scaled(
    folder: Path, record: Mapping[str, Any], rows: int, trials: int, grown: Sequence[Growth]
) -> dict[str, float]:
    used = max(1, record["row_account"]["used"])
    stages: dict[str, float] = {}
    for line in read_timeline(folder):
        if line["stage"] != "run" and line.get("wall_s") is not None and "pid" in line:
            times = times_as_long(grown, used, rows) if line["stage"] in FITS else rows / used
            saved_s = (line.get("cache") or {}).get("saved_s", 0.0)  # another cache may not have it
            stages[line["stage"]] = stages.get(line["stage"], 0.0) + (line["wall_s"] + saved_s) * times
    stages[BY_TRIAL] = stages.get(BY_TRIAL, 0.0) * trials / max(1, record["trials"]["tried"])
    return stages


def _from_pilot(found: Pilot, config: plan.Config, trials: int, grown: Sequence[Growth]) -> dict[str, float]:
    """Return seconds by stage where nothing like it was ever run: each trial as long as the pilot's."""
    seconds = found.seconds
    times = found.split.train.size / max(1, found.rows.size)
    longer = times_as_long(grown, found.rows.size, found.split.train.size)
    learner, others = seconds[LEARNER] * longer, (seconds["rules"] + seconds["zero_rule"]) * times
    folds = max(1, len(found.split.folds))
    return {
        **{stage: seconds[stage] for stage in ("read", "partition", "audit")},
        "baselines": others * len(config.get("baseline") or {}) / 2,
        BY_TRIAL: learner * trials,
        "fit": learner / folds,
        "evaluate": learner / folds,
        "bundle": seconds["read"],
    }
