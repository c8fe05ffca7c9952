"""What every test may use: the command line as a process of its own, small tables."""

import atexit
import functools
import itertools
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.warm import Warm

from mesic.cli import SPINS_BEFORE_SLEEP

# Who starts the tests in the background lets them ignore Ctrl-C; the runs that they strike down must not.
signal.signal(signal.SIGINT, signal.default_int_handler)


os.environ.setdefault("GOMP_SPINCOUNT", SPINS_BEFORE_SLEEP)  # as the command line does
os.environ["MESIC_CACHE"] = "off"  # of runs inside of the tests' own process; those of the command line have theirs


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class CommandLine:
    """Runs ``mesic`` in a folder, as a user does."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.turns = itertools.count()

    def environment(self, **extra):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("MESIC", "HYDRA"))}
        paths = [extra.pop("PYTHONPATH", None), kept.pop("PYTHONPATH", None)]  # what a test adds comes first
        return kept | {"COLUMNS": "120", "PYTHONPATH": os.pathsep.join(filter(None, paths))} | extra

    def start(self, *arguments, **extra):
        command = [sys.executable, "-m", "mesic", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment(**extra), **pipes)

    def anew(self, *arguments, **extra):
        """Run a command in a process that begins with nothing, on all cores."""
        process = self.start(*arguments, **extra)
        out, err = process.communicate(timeout=300)
        return Done(process.returncode, out, err)

    def __call__(self, *arguments, **extra):
        """Run a command in a process that has imported the libraries already, on one core."""
        warm = _warm(next(self.turns) % 2)
        return Done(*warm.run([*map(str, arguments)], self.folder, self.environment(**extra)))


@functools.cache
def _warm(number):
    warm = Warm(seed=number + 1)
    atexit.register(warm.close)
    return warm


def pip_install(package, site):
    """Install a package's folder into `site`, as its user would, without a look at the network."""
    offline = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *offline, str(package)], check=True, timeout=300)


def install_module(site, name, code):
    """Leave a plugin of one module in `site` as pip would: the distribution, its entry point and the module."""
    (site / f"{name}.py").write_text(code)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mesic]\n{name} = {name}\n")


@pytest.fixture(scope="session", autouse=True)
def _state_of_its_own(tmp_path_factory):
    """Let what tests build be remembered elsewhere than where the user's programs remember things."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture
def mesic(tmp_path):
    return CommandLine(tmp_path)


def people(rows=300, seed=0):
    """Return a table with everything a real one has: blanks, categories, an id, a constant, a date."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows).astype(float)
    income = rng.lognormal(10, 0.5, rows)
    city = rng.choice(["Bern", "Graz", "Linz"], rows)
    score = 0.05 * (age - 50) + (city == "Graz") + rng.normal(0, 0.7, rows)
    text = np.where(rng.random(rows) < 0.03, " ", income.round(2).astype(str))
    return pd.DataFrame(
        {
            "person": [f"p{number:05d}" for number in range(rows)],
            "age": age,
            "income": text,
            "city": city,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "planet": "Earth",
            "bought": np.where(score > 0, "yes", "no"),
        }
    )


@pytest.fixture
def table(tmp_path):
    """A CSV of people; returns its path."""
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """One finished run that tests only read; returns its folder."""
    folder = tmp_path_factory.mktemp("finished")
    people().to_csv(folder / "people.csv", index=False)
    done = CommandLine(folder).anew(
        "run", "source=table", "source.path=people.csv", "source.target=bought", "selector=[long_tail]",
        "selection.subsamples=2", "tuner.trials=3", "threshold.rule=fixed", "threshold.value=0.5", "out=run",
    )  # fmt: skip
    assert done.status == 0, done.err
    return folder / "run"
