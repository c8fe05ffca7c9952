"""The state of one run: each stage reads what earlier ones left and leaves its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.bundle import packing
from mesic.caching.cache import StageCache
from mesic.data.account import RowAccount
from mesic.data.schema import Schema
from mesic.data.view import Dataset
from mesic.decision.settling import Settled
from mesic.evaluation.metrics import Metric
from mesic.host.registry import Registry
from mesic.partition.rows import Split
from mesic.runs import plan
from mesic.runs.files import json_digest
from mesic.runs.record import Record
from mesic.runs.resources import MemoryLimit
from mesic.runs.timeline import Timeline
from mesic.runs.trials import Attempts
from mesic.training.attempting import Attempting, Bench
from mesic.training.budget import Replay
from mesic.training.costs import Costs
from mesic.training.fitted import Fitted
from mesic.training.folds import OutOfFold
from mesic.training.metering import Took
from mesic.training.preferences import Taken
from mesic.training.prepared import PreparedFolds, most_bytes
from mesic.training.recipe import Recipe
from mesic.training.space import SearchSpace
from mesic.training.variance import SecondLook
from mesic.workers.supervised import Supervised

if TYPE_CHECKING:
    from mesic.runs.taking import Pool

MAIN, SINGLE = "model", "one trial"


@dataclass
class Experiment:
    """The state of one run; each stage reads what earlier ones left and leaves its own.

    Parameters
    ----------
    config
        The composed configuration, resolved.
    folder
        The run's folder.
    registry
        Where names are looked up.
    record, timeline
        Where everything is written.
    threads
        Of the numeric libraries.
    say
        Told what is being done; for progress on a terminal.
    workers
        The process for trials, where they have one.
    replay
        How the search of an earlier run went, which this one follows.
    reproduces
        The folder of the run that is run again: no new decision.
    cache
        Where stages are kept for other runs, or None.
    """

    config: plan.Config
    folder: Path
    registry: Registry
    record: Record
    timeline: Timeline
    threads: int
    say: Callable[[str], None] = lambda _: None
    workers: Supervised | None = None
    replay: Replay | None = None
    reproduces: Path | None = None
    cache: StageCache | None = None
    raw: pa.Table = field(init=False)
    schema: Schema = field(init=False)
    account: RowAccount = field(init=False)
    dataset: Dataset = field(init=False)
    aside: pd.DataFrame = field(init=False)
    split: Split = field(init=False)
    sealed: packing.SealedRows = field(init=False)
    recipe: Recipe = field(init=False)
    baselines: dict[str, Recipe] = field(init=False)
    found: dict[str, OutOfFold] = field(default_factory=dict)
    fitted: dict[str, Fitted] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(init=False)
    costs: Costs = field(init=False)
    took: list[Took] = field(default_factory=list)
    settled: dict[str, Settled] = field(default_factory=dict)
    undecided: Fitted = field(init=False)
    taken: Taken = field(init=False)
    pool: "Pool" = field(init=False)
    members: dict[int, Recipe] = field(init=False)
    params: dict[int, Mapping[str, Any]] = field(init=False)
    seconds: dict[int, float] = field(init=False)
    fits: dict[int, int] = field(default_factory=dict)
    space: SearchSpace = field(init=False)
    attempting: Attempting = field(init=False)
    left_s: float | None = None
    so_far: str = ""
    instead: Fitted | None = None
    attempts: Attempts = field(init=False)
    digests: dict[str, Any] = field(default_factory=dict)

    @property
    def memory(self) -> MemoryLimit:
        """The limit of resident memory."""
        return MemoryLimit(self.config["resources"]["memory_mb"])

    def between(self, what: str) -> Callable[[str], None]:
        """Return what is called before each fit of a stage: it says so, and looks at the memory."""

        def between(doing: str) -> None:
            self.say(", ".join(filter(None, (what, self.so_far, doing))))
            self.memory.check(doing)

        return between

    def key(self, stage: str, more: Any) -> str:
        """Return the digest of everything that a stage depends on."""
        inputs = [
            self.digests,
            self.recipe.facts(),
            self.record.facts["code"],
            self.threads,
            self.config["seed"],
        ]
        return json_digest([stage, inputs, more])

    def recipe_of(self, params: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a trial."""
        return self.space.recipe(self.recipe, params)

    def bench(self, look: SecondLook | None = None) -> Bench:
        """Return what makes trials and fits in this process."""
        kept = PreparedFolds(most_bytes(self.config["resources"]["memory_mb"]))
        told = plan.constraints_of(self.config, self.dataset)
        return Bench(self.space, self.recipe, self.dataset, self.split.folds, self.split.train, look, kept, told)


def part_of(values: np.ndarray | None, rows: np.ndarray) -> np.ndarray | None:
    """Return what stands at some rows; nothing of nothing."""
    return None if values is None else values[rows]
