"""A plugin of the benchmarks: writes when each trial ended, and offers a learner that takes next to nothing.

``MESIC_BENCHMARK_TRIALS`` names the file that gets a JSON object a trial: the moment, and the seconds that Optuna and
the learner's own fits have taken so far in this process.
"""

import json
import os
import time
from dataclasses import dataclass

from mesic import Component, Range, hookimpl, option


@dataclass
class IdleOptions:
    """Options of the idle learner: each moves its answer a little."""

    first: float = option(0.5, "what is searched", low=0, high=1)
    second: float = option(0.5, "what is searched", low=0, high=1)
    third: float = option(0.5, "what is searched", low=0, high=1)
    fourth: float = option(0.5, "what is searched", low=0, high=1)


@hookimpl
def register_learners():
    """Offer the idle learner."""
    traits = {"categories", "missing", "unscaled", "weights", "deterministic", "concurrent", "rare_classes"}
    space = {name: Range(0.0, 1.0) for name in ("first", "second", "third", "fourth")}
    yield Component(
        "benchmark_idle", "mesic_benchmark_idle:Idle", "class shares", IdleOptions, ("binary",), traits, space
    )


@hookimpl
def to_portable(step):
    """Describe the idle learner."""
    return step.to_portable() if type(step).__module__ == "mesic_benchmark_idle" else None


@hookimpl
def trial_finished(trial):
    """Write down when a trial ended."""
    if path := os.environ.get("MESIC_BENCHMARK_TRIALS"):
        told = {"at": time.time(), "state": trial["state"], "loss": trial["loss"], **_taken()}
        with open(path, "a") as file:  # noqa: PTH123 - nothing is imported for it
            file.write(json.dumps(told) + "\n")


def _taken():
    try:
        from mesic_benchmark_idle import TAKEN
    except ImportError:
        return {}
    return dict(TAKEN)
