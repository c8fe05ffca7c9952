"""How time grows with the rows, by a clock that counts operations; which steps loop over rows in Python."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from tests.conftest import people

from mesic import PortableStep
from mesic.bundle.stepping import portable_step
from mesic.config.composition import config_loader
from mesic.config.problems import checked
from mesic.host.components import Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider, installed
from mesic.planning.growth import Growth, growth_findings, growth_of, slope
from mesic.planning.loops import loop_findings, loops_of
from mesic.runs import plan
from mesic.runs.reading import rows_of
from mesic.training.metering import Stopwatch, measuring
from mesic.training.part import Part
from mesic.verbs.run import plain

OPERATIONS = {"n": lambda n: n, "n log n": lambda n: n * np.log2(n), "n^2": lambda n: n**2 / 100}


class Planted(BaseEstimator):
    """Changes nothing, and adds to a clock what it is said to cost."""

    spent_s = 0.0
    cost = staticmethod(OPERATIONS["n"])

    def fit(self, X, y=None):
        Planted.spent_s += 0.05 + 1e-4 * float(Planted.cost(len(X)))
        return self

    def transform(self, X):
        return X

    def to_portable(self):
        return PortableStep("take", {"columns": list(range(4))}, {})


class Looping(Planted):
    """Adds up a column, a row at a time."""

    def fit(self, X, y=None):
        total = 0.0
        for value in X["age"].tolist():
            if value > total:
                total = value * 0.5
            total += 1.0
        return self


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "people.csv"
    people(4_000).drop(columns=["person", "planet"]).to_csv(path, index=False)
    said = ["source=table", f"source.path={path}", "source.target=bought", "learner=naive_bayes", "tuner=single"]
    problems, config = checked(config_loader(), "run", said)
    assert problems == []
    return plain(config), rows_of(plain(config), installed(), None).dataset


def recipe_with(rows, planted, monkeypatch):
    config = rows[0]
    component = Component("planted", f"{__name__}:{planted.__name__}", "planted", traits={"categories", "missing"})
    part = Part(Offer(KINDS["transformer"], component, Provider("own", __name__, "own", "1")), {})
    monkeypatch.setattr("mesic.training.recipe.portable_step", portable)
    recipe = plan.recipe_of(installed(), config, task="binary", classes=2, threads=1)
    return replace(recipe, transformers=[part])


def portable(registry, fitted, offer):
    return fitted.to_portable() if isinstance(fitted, Planted) else portable_step(registry, fitted, offer)


@pytest.mark.parametrize(("kind", "exponent"), [("n", 1.0), ("n log n", 1.13), ("n^2", 2.0)])
def test_a_planted_step_is_told_with_its_exponent(rows, monkeypatch, kind, exponent):
    monkeypatch.setattr(Planted, "cost", staticmethod(OPERATIONS[kind]))
    recipe, dataset = recipe_with(rows, Planted, monkeypatch), rows[1]
    rng = np.random.default_rng(0)
    train = np.arange(len(dataset))
    found = growth_of(recipe, dataset, train, budget_s=900, level=0.95, rng=rng, cpu=lambda: Planted.spent_s)
    (own,) = [one for one in found if one.step == "transformer/planted"]

    assert own.rows == (250, 500, 1000, 2000, 4000)
    assert own.exponent == pytest.approx(exponent, abs=0.03)
    assert own.low <= own.exponent <= own.high <= own.low + 0.2
    assert [finding.code for finding in growth_findings(found)] == (["SLOW-GROWTH"] if kind == "n^2" else [])


def test_what_is_slow_is_said_with_what_ten_times_the_rows_would_take():
    own = Growth("selector/x", (1000, 2000), (1.0, 4.0), 2.0, 1.9, 2.1, 0.95)
    (finding,) = growth_findings([own])

    assert finding.severity == "warning"
    assert finding.message == (
        "selector/x grows like n^2.0 (1.9 to 2.1): a fit of 2,000 rows takes 4.0 s of CPU time, "
        "one of 100,000 would take 2 h 46 min"
    )


def test_the_exponent_of_noisy_times_lies_in_its_interval_as_often_as_said():
    rng, hits = np.random.default_rng(0), 0
    sizes = np.repeat([100, 200, 400, 800], 3)
    for _ in range(400):
        times = 1e-6 * sizes**1.5 * np.exp(rng.normal(0, 0.1, sizes.size))
        _, low, high = slope(list(zip(sizes, times, strict=True)), 0.9)
        hits += low <= 1.5 <= high

    assert hits / 400 == pytest.approx(0.9, abs=0.045)
    assert slope([(1, 1.0), (2, 2.0)], 0.9) is None


def test_a_step_that_is_too_quick_has_no_exponent(rows, monkeypatch):
    monkeypatch.setattr(Planted, "cost", staticmethod(lambda n: 0))
    recipe, dataset = recipe_with(rows, Planted, monkeypatch), rows[1]
    found = growth_of(
        recipe, dataset, np.arange(500), budget_s=900, level=0.95, rng=np.random.default_rng(0), cpu=lambda: 0.0
    )

    assert {one.as_dict()["exponent"] for one in found} == {None}
    assert {one.why for one in found} == {"too quick to tell"}


def test_a_budget_that_holds_one_fit_is_said_to_be_too_small(rows, monkeypatch):
    recipe, dataset = recipe_with(rows, Planted, monkeypatch), rows[1]
    rng = np.random.default_rng(0)
    found = growth_of(recipe, dataset, np.arange(500), budget_s=1e-6, level=0.95, rng=rng, cpu=lambda: Planted.spent_s)

    assert {(one.rows, one.why) for one in found} == {((60,), "growth.budget_s is too small to tell")}
    assert growth_findings(found) == []


def test_who_loops_over_rows_is_named_with_its_lines_and_who_does_not_is_not(rows, monkeypatch):
    dataset, rng = rows[1], np.random.default_rng(0)
    (loop,) = loops_of(recipe_with(rows, Looping, monkeypatch), dataset, np.arange(900), budget_s=900, rng=rng)
    none = loops_of(recipe_with(rows, Planted, monkeypatch), dataset, np.arange(900), budget_s=900, rng=rng)

    assert loop.step == "transformer/planted"
    assert 3 <= loop.lines <= 4
    assert loop.functions[0][0] == "test_growth.Looping.fit"
    assert none == []
    assert [f.code for f in loop_findings([loop])] == (["PYTHON-LOOP"] if loop.share >= 0.5 else [])


def test_every_step_of_a_fit_is_metered_with_its_rows(rows, monkeypatch):
    recipe, watch = recipe_with(rows, Planted, monkeypatch), Stopwatch()
    with measuring(watch):
        recipe.fit(rows[1].view(np.arange(100)))
    recipe.fit(rows[1].view(np.arange(50)))

    assert [(took.step, took.rows) for took in watch.took][:2] == [
        ("sampler/everything", 100),
        ("transformer/planted", 100),
    ]
    assert watch.took[-1].step == "learner/naive_bayes"
    assert {took.rows for took in watch.took} == {100}
