"""The public names stay what they are, whatever has been imported."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import mesic
import mesic.testing


@pytest.mark.parametrize("name", mesic.__all__)
def test_a_public_name_is_not_hidden_by_a_package_of_that_name(name):
    assert name not in {module.name for module in pkgutil.iter_modules(mesic.__path__)}
    assert getattr(mesic, name) is getattr(importlib.import_module(f"mesic.{mesic._HOMES[name]}"), name)


def test_only_testing_is_public_besides_and_says_what_it_is_for():
    named = {name: getattr(mesic.testing, name) for name in mesic.testing.__all__}

    assert all(thing.__doc__ for thing in named.values())
    assert mesic.testing.__all__ == sorted(named)


def test_importing_mesic_imports_nothing_heavy():
    heavy = ["numpy", "hydra", "pluggy", "sklearn", "pandas", "mesic.testing"]
    code = f"import sys, mesic; print([m for m in {heavy} if m in sys.modules])"

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
