"""Plugins are found, kept apart from each other, and asked by name."""

import sys

import pytest
from tests.conftest import install_module

from mesic import Component
from mesic.errors import ComponentError, UsageError
from mesic.host.building import build
from mesic.host.registry import build_registry

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
