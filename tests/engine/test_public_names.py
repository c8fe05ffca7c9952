"""The public names stay what they are, whatever has been imported."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

import mesic


@pytest.mark.parametrize("name", mesic.__all__)
def test_a_public_name_is_not_hidden_by_a_package_of_that_name(name):
    assert name not in {module.name for module in pkgutil.iter_modules(mesic.__path__)}
    assert getattr(mesic, name) is getattr(importlib.import_module(f"mesic.{mesic._HOMES[name]}"), name)


def test_importing_mesic_imports_nothing_heavy():
    code = (
        "import sys, mesic; print([m for m in ('numpy', 'hydra', 'pluggy', 'sklearn', 'pandas') if m in sys.modules])"
    )

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
