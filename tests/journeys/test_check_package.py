"""`mesic check package=`: somebody's package keeps its promises, or every broken one is named."""

import os
from pathlib import Path

import pytest
from tests.conftest import install_module, pip_install

THIRD_PARTY = Path(__file__).parents[1] / "thirdparty"
PLUGIN = """
from mesic import Component, hookimpl


@hookimpl
def register_transformers():
    yield Component("centred", "{name}_code:Centred", "numbers around their mean")
    yield Component("lost", "{name}_nowhere:Thing", "cannot be imported")
    yield Component("scaled", "sklearn.preprocessing:StandardScaler", "mean 0, deviation 1")


@hookimpl
def register_sources():
    from mesic_plugins.sources import register_sources
    yield from register_sources()
"""
CODE = """
from sklearn.preprocessing import StandardScaler


class Centred(StandardScaler):
    def transform(self, X):
        return super().transform(X) - super().transform(X).mean(axis=0)
"""
SCHEMA = """
format: 1
columns:
  age: {kind: number, range: [18, 99], missing: forbidden}
  height: {kind: number, range: [1.0, 2.2], missing: forbidden}
"""


def with_path(folder):
    """Return where Python finds a folder's modules before what it finds anyway."""
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


@pytest.fixture
def broken(mesic, tmp_path):
    """A command line where acme-broken offers a transformer that looks at its batch."""
    install_module(tmp_path, "acme_broken", PLUGIN.format(name="acme_broken"))
    (tmp_path / "acme_broken_code.py").write_text(CODE)
    (tmp_path / "schema.yaml").write_text(SCHEMA)
    return lambda *said, **extra: mesic.anew("check", *said, PYTHONPATH=with_path(tmp_path), **extra)


def test_every_broken_promise_is_a_line(broken):
    done = broken("package=acme-broken", "--json")
    lines = [line for line in done.json["problems"] if "a row is answered alone as among others" in line]

    assert done.status == 1, done.err
    assert (done.json["checked"], done.json["ok"]) == ("package acme-broken", False)
    assert len(lines) == 1
    assert lines[0].startswith("transformer/centred: a row is answered alone as among others: (binary) answers")
    assert len([line for line in done.json["problems"] if "No module named 'acme_broken_nowhere'" in line]) == 1
    assert not [line for line in done.json["problems"] if "\n" in line or line.startswith("transformer/scaled")]


def test_the_rows_may_be_those_of_a_schema_and_what_needs_options_is_said(broken):
    done = broken("package=acme_broken", "schema=schema.yaml")
    unread = broken("package=acme_broken", "schema=elsewhere.yaml")

    assert done.status == 1
    assert "transformer/centred: a row is answered alone as among others" in done.err
    assert "not tested: source/table needs path" in done.err
    assert unread.status == 2
    assert "elsewhere.yaml cannot be read" in unread.err


def test_a_package_that_keeps_its_promises_passes_without_pytest(mesic, tmp_path):
    pip_install(THIRD_PARTY, tmp_path)
    (tmp_path / "pytest.py").write_text("raise ImportError('no pytest is installed here')")
    done = mesic("check", "package=acme-ml", PYTHONPATH=with_path(tmp_path))

    assert done.status == 0, done.err
    assert done.out == "package acme-ml: 3 components keep every promise\n"


def test_an_unknown_distribution_is_missing(broken):
    done = broken("package=acme-broke", "--json")

    assert done.status == 4
    assert "those that do: acme_broken, mesic; did you mean 'acme_broken'?" in done.json["problems"][0]


def test_assertions_that_are_left_out_do_not_pass(broken):
    done = broken("package=acme-broken", PYTHONOPTIMIZE="1")

    assert done.status == 2
    assert "python -O leaves out" in done.err
