"""Plugins are found, kept apart from each other, and asked by name."""

import sys

import pytest
from tests.conftest import install_module

from mesic import Component
from mesic.errors import ComponentError, SettingError, UsageError
from mesic.host.building import build, refuse_missing_module
from mesic.host.kinds import KINDS
from mesic.host.ranges import range_problems
from mesic.host.registry import Offer, Provider, build_registry, notify

GOOD = """
from mesic import Component, hookimpl

@hookimpl
def register_learners():
    yield Component("ridge", "sklearn.linear_model:Ridge", "a line")
"""
BROKEN = {
    "raises when imported": "raise RuntimeError('out of order')",
    "raises when asked": GOOD.replace("    yield", "    raise RuntimeError('out of order')\n    yield"),
    "offers what is no component": GOOD.replace('Component("ridge", "sklearn.linear_model:Ridge", "a line")', "7"),
    "has a hook that does not exist": GOOD.replace("register_learners", "register_learnars"),
}  # fmt: skip


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package of one module under the entry-point group, as pip would leave it."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def installed(name, code):
        install_module(tmp_path, name, code)
        names.append(name)

    yield installed
    for name in names:
        sys.modules.pop(name, None)


def test_our_own_components_come_through_the_same_door():
    registry = build_registry([])

    assert list(registry) == []
    assert build_registry().find("learner", "lightgbm").provider.distribution == "mesic"


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_listed_and_takes_nobody_along(install, code):
    install("sound", GOOD.replace('"ridge"', '"sound"'))
    install("unsound", code)
    registry = build_registry()
    names = registry.names("learner")

    assert {"lightgbm", "sound"} <= set(names)
    assert [plugin.provider.distribution for plugin in registry.broken] == ["unsound"]
    assert registry.broken[0].error
    with pytest.raises(ComponentError, match=r"no plugin 'ridge' for learner=.*unsound 1\.0"):
        registry.find("learner", "ridge")


def test_two_packages_that_offer_one_name_are_both_named_and_either_can_be_preferred(install, monkeypatch):
    install("first", GOOD)
    install("second", GOOD)
    registry = build_registry()
    monkeypatch.setenv("MESIC_PREFER", "learner/ridge:second")

    with pytest.raises(ComponentError, match=r"first 1\.0 and second 1\.0"):
        registry.find("learner", "ridge")
    assert registry.find("learner", "ridge", {"learner/ridge": "first"}).provider.distribution == "first"
    assert build_registry().find("learner", "ridge").provider.distribution == "second"


def test_lists_say_who_is_loaded(install, monkeypatch):
    install("first", GOOD)
    monkeypatch.setenv("MESIC_DISABLE_PLUGINS", "first,learners")
    without = build_registry()
    monkeypatch.delenv("MESIC_DISABLE_PLUGINS")
    monkeypatch.setenv("MESIC_PLUGINS", "first")
    alone = build_registry()

    assert without.names("learner") == []
    assert without.names("tuner") != []
    assert [offer.address for offer in alone] == ["learner/ridge"]


def test_a_name_that_is_nearly_right_is_suggested():
    with pytest.raises(ComponentError, match="did you mean 'lightgbm'"):
        build_registry().find("learner", "lihgtgbm")


def test_a_value_outside_of_its_range_never_reaches_the_component():
    offer = build_registry().find("learner", "lightgbm")

    with pytest.raises(
        UsageError, match=r"learner/lightgbm: learning_rate=2 cannot work: give a number above 0 up to 1"
    ):
        build(offer, {"learning_rate": 2})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "No Name"}, "component name"),
        ({"target": "no colon"}, "target"),
        ({"options": dict}, "must be a dataclass"),
        ({"traits": frozenset({"fast"})}, r"traits \['fast'\]"),
        ({"space": {"alpha": None}}, "alpha"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(wrong, words):
    right = {"name": "ridge", "target": "acme:Ridge", "summary": "a line"}

    assert Component(**right).name == "ridge"
    with pytest.raises(ValueError, match=words):
        Component(**right | wrong)


def test_a_plugin_that_breaks_for_one_kind_still_offers_the_others(install):
    install(
        "half",
        GOOD.replace("    yield", "    raise RuntimeError('no')\n    yield") + GOOD.replace("learners", "tuners"),
    )
    registry = build_registry()

    assert "ridge" in registry.names("tuner")
    assert "ridge" not in registry.names("learner")


def test_one_name_for_two_kinds_is_no_clash(install):
    install("first", GOOD)
    install("second", GOOD.replace("learners", "tuners"))
    registry = build_registry()

    assert [registry.find(kind, "ridge").provider.distribution for kind in ("learner", "tuner")] == ["first", "second"]


def test_what_is_disabled_stays_out_even_when_it_is_listed(install, monkeypatch):
    install("first", GOOD)
    monkeypatch.setenv("MESIC_PLUGINS", "first, tuners")
    monkeypatch.setenv("MESIC_DISABLE_PLUGINS", "first")

    assert {offer.provider.entry_point for offer in build_registry()} == {"tuners"}


LISTENER = """
from mesic import hookimpl

heard = []

@hookimpl
def trial_finished(trial):
    heard.append(trial)
    {then}
"""


def test_a_listener_that_breaks_keeps_no_other_from_hearing(install):
    install("good", LISTENER.format(then="pass"))
    install("deaf", LISTENER.format(then="raise RuntimeError('too loud')"))
    failed = notify(build_registry(), "trial_finished", trial={"number": 3})

    assert [(plugin.provider.distribution, plugin.error) for plugin in failed] == [("deaf", "RuntimeError: too loud")]
    assert sys.modules["good"].heard == sys.modules["deaf"].heard == [{"number": 3}]


def made(alpha=1.0, *, seed=None, random_state=None, n_jobs=None, task=None):
    """Return what it was given."""
    return {"alpha": alpha, "seed": seed, "random_state": random_state, "n_jobs": n_jobs, "task": task}


def only(alpha=1.0):
    """Return what it was given, and take nothing else."""
    return {"alpha": alpha}


def broken(alpha=1.0):
    """Cannot be made."""
    raise ZeroDivisionError("at work")


def refusing(alpha=1.0):
    """Refuse its setting in words for people."""
    raise SettingError("alpha", alpha, "less")


def offer(target):
    component = Component("thing", target, "a line")
    return Offer(KINDS["learner"], component, Provider("acme", "acme", "acme-ml", "2.0"))


def test_a_component_gets_the_seed_task_and_threads_that_it_asks_for_and_an_option_wins():
    said = {"alpha": 2.0, "seed": 9}
    found = build(offer(f"{__name__}:made"), said, seed=3, threads=2, task="binary")

    assert found == {"alpha": 2.0, "seed": 9, "random_state": 3, "n_jobs": 2, "task": "binary"}
    assert build(offer(f"{__name__}:only"), {}, seed=3, threads=2, task="binary") == {"alpha": 1.0}


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (
            f"{__name__}:broken",
            ComponentError,
            "learner/thing of acme-ml 2.0 cannot be made: ZeroDivisionError: at work",
        ),
        (f"{__name__}:nothing", ComponentError, "learner/thing of acme-ml 2.0 is broken: AttributeError"),
        ("no_such_house:Thing", ComponentError, "acme-ml 2.0 is broken: ModuleNotFoundError"),
        (f"{__name__}:refusing", SettingError, "^alpha=1.0 cannot work: give less$"),
    ],
)
def test_a_component_that_cannot_be_had_is_named_with_its_provider(target, error, words):
    with pytest.raises(error, match=words):
        build(offer(target), {} if "refusing" not in target else {"alpha": 1.0})


def test_looking_for_a_module_imports_nothing(install):
    install("costly", "raise RuntimeError('imported')")
    refuse_missing_module(offer("costly:Thing"))

    assert "costly" not in sys.modules
    for missing in ("no_such_house:Thing", "no_such_house.room:Thing"):
        with pytest.raises(ComponentError, match="there is no module 'no_such_house"):
            refuse_missing_module(offer(missing))


SHARE = {"low": 0, "high": 1, "open_low": True}


@pytest.mark.parametrize(
    ("value", "facts", "problem"),
    [
        (1, SHARE, None),
        (0, SHARE, "x=0 cannot work: give a number above 0 up to 1"),
        (1.01, SHARE, "x=1.01 cannot work: give a number above 0 up to 1"),
        (float("nan"), SHARE, "x=nan cannot work: give a number above 0 up to 1"),
        (float("nan"), {}, "x=nan cannot work: give a number"),
        (float("inf"), {"low": 0}, None),
        (-1, {"low": 0, "unit": "rows"}, "x=-1 cannot work: give a number from 0 rows"),
        (None, SHARE, None),
        (True, {"low": 5}, None),
        ("sotp", {"choices": ("go", "stop")}, "x='sotp' cannot work: give one of go, stop; did you mean 'stop'?"),
        (2, {"choices": (1, 2)}, None),
    ],
)
def test_a_value_is_held_against_its_range_and_choices(value, facts, problem):
    assert list(range_problems(value, facts, "x")) == ([problem] if problem else [])
