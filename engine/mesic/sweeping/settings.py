"""What can be said under ``hydra.sweeper``; nothing heavy is imported, for every Hydra application reads it."""

from dataclasses import dataclass
from typing import Any

from mesic.host.components import option

SAMPLERS = ("tpe", "random", "grid", "nsga")
PRUNERS = ("none", "median", "halving", "hyperband")


@dataclass
class SweeperSettings:
    """The settings of the sweeper."""

    params: dict[str, Any] = option({}, "what is swept, by key, as on the command line: {x: 'interval(0,1)'}")
    space: str | None = option(
        None, "declared: also the search space of every chosen component of mesic", choices=("declared",)
    )
    direction: Any = option("minimize", "minimize or maximize; a list for several objectives")
    sampler: str = option("tpe", "how values are proposed", choices=SAMPLERS)
    startup: int = option(10, "trials drawn at random before tpe takes over", low=1)
    pruner: str = option("median", "which jobs that report on the way are ended early", choices=PRUNERS)
    seed: int = option(0, "seed of the proposals", low=0, high=2**32 - 1)
    n_trials: int | None = option(None, "trials in all, over every start; null: 20, or the whole grid", low=1)
    timeout_s: float | None = option(
        None, "seconds after which no job is started any more; null: no limit", low=0, unit="s", open_low=True
    )
    batch: int | None = option(None, "jobs in flight; null: as many as the launcher runs side by side", low=1)
    overlap: bool = option(False, "start a job as soon as one ends, each by a launch of its own")
    trial_timeout_s: float | None = option(
        None,
        "seconds after which a job is ended and recorded as failed; null: no limit",
        low=0,
        unit="s",
        open_low=True,
    )
    trial_memory_mb: int | None = option(
        None, "resident memory beyond which a job of another process is ended; null: no limit", low=1
    )
    storage: str | None = option(None, "the journal's file, or a database's URL; null: journal.log in hydra.sweep.dir")
    study: str = option("sweep", "the study's name in its storage")
