"""A package of another house, installed by pip, used from the command line with no edit anywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import CommandLine, install_module, pip_install
from tests.engine.bundles_to_serve import ROW, make_bundle

PACKAGE = Path(__file__).parents[1] / "thirdparty"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder in which acme-ml is installed; returns it."""
    site = tmp_path_factory.mktemp("site")
    pip_install(PACKAGE, site)
    return site


@pytest.fixture(scope="module")
def acme(site, tmp_path_factory):
    """A command line in an environment where acme-ml is installed; returns it."""
    command_line = CommandLine(tmp_path_factory.mktemp("acme"))
    return lambda *arguments, **extra: (command_line(*arguments, PYTHONPATH=str(site), **extra), command_line.folder)


def test_a_foreign_learner_and_selector_are_used_at_once(acme):
    said = [
        "source.dataset=diabetes",
        "policy.sensitive=[]",
        "learner=acme_ridge",
        "selector=[acme_spread]",
        "selector.acme_spread.at_least=0.001",
    ]
    done, folder = acme("run", *said, "tuner.trials=3", "out=r", "--json")
    again, _ = acme("reproduce", "run=r", "--json")
    checked, _ = acme("check", "bundle=r/bundle")

    assert done.status == 0, done.err
    assert done.json["model"]["learner"] == "acme_ridge"
    assert again.json["verdict"] == "identical"
    assert checked.status == 0, checked.err
    assert "acme-ml" in {
        plugin["distribution"] for plugin in json.loads((folder / "r/record.json").read_text())["plugins"]
    }


def test_records_flow_through_a_foreign_stream(acme, tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    _, folder = acme("--version")
    (folder / "spool").mkdir()
    for name in ("b", "a"):
        (folder / "spool" / name).write_text(json.dumps({**ROW, "note": name}))

    said = ["serve", f"bundle={bundle.folder}", "stream=acme_spool", "unknown=ignore", "--json"]
    done, _ = acme(*said)
    (folder / "spool" / "c").write_text("none")
    again, _ = acme(*said)

    told = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    assert (done.status, done.json["records"]) == (0, 2), done.err
    assert (again.status, again.json["refused"]) == (0, 1), again.err
    assert [line["id"] for line in told] == ["a", "b", "c"]


def test_its_options_are_typed_and_listed(acme):
    wrong, _ = acme("run", "source.dataset=diabetes", "learner=acme_ridge", "learner.alhpa=2", "selector=[acme_spread]",
                    "selector.acme_spread.at_least=-1")  # fmt: skip
    listed, _ = acme("list", "learner/acme_ridge")

    assert wrong.status == 2
    assert "did you mean 'learner.alpha'" in wrong.err
    assert "selector.acme_spread.at_least=-1" in wrong.err
    assert "from acme-ml 1.0" in listed.out


def test_without_it_the_name_is_unknown(acme):
    done, _ = acme("run", "learner=acme_ridge", MESIC_DISABLE_PLUGINS="acme-ml")

    assert done.status == 2
    assert "no plugin 'acme_ridge'" in done.err


def test_its_own_tests_run_the_suites_over_its_components(site, tmp_path):
    plain = ["-c", os.devnull, "--rootdir", tmp_path, "-p", "no:cacheprovider", "-W", "error"]
    plain += ["--confcutdir", PACKAGE]
    command = [sys.executable, "-m", "pytest", "-q", *map(str, plain), str(PACKAGE / "test_acme.py")]
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


TWIN = """
from dataclasses import dataclass
from mesic import Component, hookimpl, option


@dataclass
class Options:
    {option}: {kind} = option({default}, "how much")


@hookimpl
def register_learners():
    yield Component("twin", "{target}", "one of two of this name", Options, tasks=("regression",))
    yield Component("lost", "{package}.nowhere:Thing", "cannot be imported", tasks=("regression",))
"""


@pytest.fixture
def twins(mesic, tmp_path):
    """A command line where two distributions offer ``learner=twin`` with different options."""
    facts = {
        "twin_a": ("alpha", "float", 1.0, "sklearn.linear_model:Ridge"),
        "twin_b": ("n_neighbors", "int", 5, "sklearn.neighbors:KNeighborsRegressor"),
    }
    for package, (option, kind, default, target) in facts.items():
        said = {"option": option, "kind": kind, "default": default, "target": target}
        install_module(tmp_path, package, TWIN.format(package=package, **said))
    return lambda *said: mesic(*said, PYTHONPATH=str(tmp_path))


def test_two_packages_may_offer_one_name_when_the_configuration_prefers_one(twins):
    said = ["run", "source.dataset=diabetes", "learner=twin", "tuner=single", "policy.sensitive=[]"]
    undecided = twins(*said)
    done = twins(*said, "+plugins.prefer={learner/twin: twin_b}", "learner.n_neighbors=9", "out=r", "--json")
    checked = twins("check", "bundle=r/bundle", "--json")
    again = twins("reproduce", "run=r", "--json")

    assert undecided.status == 2
    assert "offered by twin_a 1.0 and twin_b 1.0" in undecided.err
    assert done.status == 0, done.err
    assert done.json["model"]["options"]["n_neighbors"] == 9
    assert {one["code"] for one in checked.json["review"]["blocking"]} <= {"NO-BETTER-THAN-BASELINE"}
    assert again.json["verdict"] == "identical"


def test_a_component_that_cannot_be_imported_is_said_before_any_work(twins, tmp_path):
    done = twins("run", "source.dataset=diabetes", "learner=lost", "+plugins.prefer={learner/lost: twin_a}", "out=r")

    assert done.status == 2
    assert "there is no module 'twin_a.nowhere'" in done.err
    assert not (tmp_path / "r").exists()
