"""What a trial of ``hydra/sweeper=mesic`` costs beside Optuna alone and beside Hydra's launcher.

    python benchmarks/sweeper.py [TRIALS]

Optuna's own ask and tell go to a journal as the sweeper's do; the jobs do nothing, and no launcher stands between.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import optuna
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from mesic.sweeping.job import Desk, Job
from mesic.sweeping.launching import Jobs
from mesic.sweeping.methods import sampler_of
from mesic.sweeping.reporting import StudyAddress
from mesic.sweeping.space import Space
from mesic.sweeping.storage import opened
from mesic.sweeping.study import Asking, taken_up
from mesic.sweeping.sweep import Sweep

SPACE = Space(
    {
        "rate": optuna.distributions.FloatDistribution(1e-3, 1, log=True),
        "leaves": optuna.distributions.IntDistribution(2, 256, log=True),
        "kind": optuna.distributions.CategoricalDistribution(["a", "b"]),
    }
)


class NoLauncher:
    """Calls the job at once."""

    def __init__(self, job):
        self.job = job

    def launch(self, job_overrides, initial_job_idx):
        """Run jobs as Hydra's launchers do, without what they cost."""
        HydraConfig.instance().cfg = OmegaConf.create({"hydra": {"job": {"num": initial_job_idx}}})
        return [self.job(overrides) for overrides in job_overrides]


def objective(overrides):
    """Return something to be minimised."""
    return float(overrides[0].partition("=")[2])


def swept(folder, trials):
    """Sweep; return the seconds of a trial."""
    place = str(folder / "journal.log")
    study = taken_up(opened(place), "sweep", ["minimize"], {})
    desk = Desk(folder / "trials")
    launcher = NoLauncher(Job(objective, desk, StudyAddress(place, "sweep", "median"), 1))
    asking = Asking(study, SPACE, "tpe", 0, 10)
    began = time.perf_counter()
    Sweep(asking, Jobs(launcher, None, None, desk), [], trials, 1).in_batches()
    return (time.perf_counter() - began) / trials


def plain(folder, trials):
    """Ask and tell Optuna alone; return the seconds of a trial."""
    sampler = sampler_of("tpe", seed=0, place=0, startup=10, is_conditional=False)
    study = optuna.create_study(storage=opened(str(folder / "journal.log")), sampler=sampler)
    began = time.perf_counter()
    for _ in range(trials):
        trial = study.ask()
        drawn = SPACE.draw(trial)
        study.tell(trial, objective([f"rate={drawn['rate']}"]))
    return (time.perf_counter() - began) / trials


def main():
    """Print one JSON object: milliseconds a trial, the median of three."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found = {"plain_ms": [], "swept_ms": []}
    for _ in range(3):
        for name, measure in (("plain_ms", plain), ("swept_ms", swept)):
            with tempfile.TemporaryDirectory(dir=".") as folder:
                found[name].append(1000 * measure(Path(folder), trials))
    middle = {name: round(sorted(values)[1], 2) for name, values in found.items()}
    middle["own_ms"] = round(middle["swept_ms"] - middle["plain_ms"], 2)
    sys.stdout.write(json.dumps({"trials": trials} | middle) + "\n")


if __name__ == "__main__":
    main()
