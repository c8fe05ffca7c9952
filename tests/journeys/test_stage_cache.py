"""A sweep does nothing twice; who edits a plugin's source gets what follows from it anew, and nothing else."""

import pytest
from tests.conftest import CommandLine, people

from mesic.runs.record import read_record
from mesic.runs.timeline import read_timeline

HOOKS = """
from mesic import Component, hookimpl

CLAIMS = frozenset({"deterministic", "categories", "missing"})


@hookimpl
def register_transformers():
    yield Component("centred", "house.centred:Centred", "take the mean away", traits=CLAIMS)


@hookimpl
def register_selectors():
    yield Component("widest", "house.widest:Widest", "keep the widest", traits=CLAIMS)


@hookimpl
def to_portable(step):
    return step.step_ if type(step).__module__.startswith("house.") and hasattr(step, "step_") else None
"""
CENTRED = """
import numpy as np
from mesic import PortableStep
from house.means import mean_of


class Centred:
    def fit(self, X, y=None):
        center = np.array([mean_of(X[name]) if X[name].dtype == "float64" else 0.0 for name in X])
        limit = np.full(center.size, np.inf)
        arrays = {"center": center, "scale": np.ones(center.size), "low": -limit, "high": limit}
        self.step_ = PortableStep("scale", {}, arrays)
        return self

    def transform(self, X):
        center = dict(zip(X, self.step_.arrays["center"]))
        return X.assign(**{name: X[name] - center[name] for name in X if X[name].dtype == "float64"})
"""
WIDEST = """
import numpy as np


class Widest:
    def fit(self, X, y=None):
        self.width = X.nunique().to_numpy()
        return self

    def get_support(self):
        return self.width > 2
"""
LEARNED = ("data", "partition", "trials", "out_of_fold", "steps", "test_predictions", "scores")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder from which a package is found as if it were installed in place; its owner may edit it."""
    site = tmp_path_factory.mktemp("site")
    (site / "house").mkdir()
    (site / "house-1.0.dist-info").mkdir()
    (site / "house-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: house\nVersion: 1.0\n")
    (site / "house-1.0.dist-info/entry_points.txt").write_text("[mesic]\nhouse = house.plugin\n")
    files = {"__init__": "", "plugin": HOOKS, "centred": CENTRED, "widest": WIDEST, "means": "", "cellar": ""}
    files["means"] = "def mean_of(column):\n    return column.mean()\n"
    for name, text in files.items():
        (site / "house" / f"{name}.py").write_text(text)
    return site


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    people(150).drop(columns=["person", "since"]).to_csv(folder / "people.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def run(site, folder):
    line = CommandLine(folder)
    said = ["source=table", "source.path=people.csv", "source.target=bought", "transformer=[centred]"]
    said += [
        "selector=[widest]",
        "selection.subsamples=2",
        "tuner=single",
        "evaluator=[]",
        "metrics=[]",
        "metric=log_loss",
    ]

    def run(out, *more):
        done = line("run", *said, f"out={out}", *more, PYTHONPATH=str(site))
        assert done.status == 0, done.err
        return read_record(folder / out), done.out

    return run


@pytest.fixture(scope="module")
def first(run):
    return run("first", "learner=tree")[0]


def cached(record):
    return {stage: told["cached"] for stage, told in record["cache"]["stages"].items()}


def learned(record):
    return {stage: record["digests"][stage] for stage in LEARNED}


EARLIER = dict.fromkeys(("read", "partition", "audit", "baselines"), True)


@pytest.mark.usefixtures("first")
def test_another_learner_makes_no_earlier_stage_again_whatever_else_is_edited(run, folder, site):
    (site / "house/cellar.py").write_text("nothing_leads_here = 2\n")
    second, said = run("second", "learner=naive_bayes")
    hits = {line["stage"]: line["cache"] for line in read_timeline(folder / "second") if line.get("cache")}
    page = (folder / "second/report.html").read_text()

    assert cached(second) == {**EARLIER, "search": True, "selection": True, "fit": True}
    assert {stage: told["misses"] for stage, told in hits.items()} == dict.fromkeys(cached(second), 0)
    assert "Taken from .mesic/cache, where the same was done before: read, partition, audit, baselines, search" in said
    assert "from the cache" in page
    assert all(use["key"] for told in second["cache"]["stages"].values() for use in told["uses"])


def test_an_edited_transformer_makes_what_follows_from_it_anew_and_nothing_else(run, site, first):
    path = site / "house/means.py"  # which the transformer imports
    path.write_text(path.read_text().replace("mean()", "mean() + 0.25"))
    edited, fresh = run("edited", "learner=tree")[0], run("fresh", "learner=tree", "cache.enabled=false")[0]

    assert cached(edited) == {**EARLIER, "search": False, "selection": False, "fit": False}
    assert not any(edited["cache"]["stages"][stage]["hits"] for stage in ("search", "selection", "fit"))
    assert edited["digests"]["steps"] != first["digests"]["steps"]
    assert learned(edited) == learned(fresh)
    assert edited["bundle"] == fresh["bundle"]
    assert "cache" not in fresh


def test_processes_that_begin_at_once_do_not_disturb_each_other(site, folder):
    line = CommandLine(folder)
    said = ["source=table", "source.path=people.csv", "source.target=bought", "tuner=single", "evaluator=[]"]
    said += ["transformer=[centred]", "cache.folder=both", "learner=tree", "metrics=[]", "metric=log_loss"]
    started = [line.start("run", *said, f"out=at-once-{n}", PYTHONPATH=str(site)) for n in range(2)]
    assert [process.communicate(timeout=300) and process.returncode for process in started] == [0, 0]

    one, two = (read_record(folder / f"at-once-{n}") for n in range(2))
    assert learned(one) == learned(two)
    assert not list((folder / "both").glob(".*.new"))
