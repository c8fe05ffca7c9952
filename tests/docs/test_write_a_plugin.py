"""The package of docs/write-a-plugin.md is built from the page, installed by pip, used and tested."""

import json
import subprocess
import sys

import pytest
from tests.conftest import CommandLine, pip_install
from tests.docs.pages import DOCS, blocks
from tests.docs.shell import mistakes, typed

PAGE = DOCS / "write-a-plugin.md"


def files_of(page):
    return {block.file: block.text for block in blocks(page) if block.file}


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    """A command line in a folder beside the page's package, which is installed."""
    folder, site = tmp_path_factory.mktemp("acme"), tmp_path_factory.mktemp("site")
    package = folder / "acme-ml"
    for name, text in {**files_of(PAGE), "acme_ml/__init__.py": ""}.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    pip_install(package, site)
    return CommandLine(folder), {"PYTHONPATH": str(site)}


def test_the_commands_of_the_page_work_as_written(acme):
    mesic, environment = acme
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]
    ends = typed(mesic, [line for line in lines if line.startswith("mesic ")], **environment)

    assert [line for line in lines if line not in ends] == ["pip install ./acme-ml", "cd acme-ml", "pytest tests"]
    assert mistakes(ends) == {}
    assert "more is more complex" in ends["mesic list learner/acme_strongest"].out
    record = json.loads((mesic.folder / "runs/acme/record.json").read_text())
    assert [step["name"][3:] for step in record["model"]["steps"]] == ["codes", "mean"]
    member = sorted((mesic.folder / "runs/acme/bundle/steps/01-mean").glob("member-00/*/step.json"))
    assert [json.loads(path.read_text())["op"] for path in member][-3:] == ["impute", "scale", "linear"]
    assert record["model"]["complexity"][1] == "columns"
    assert "acme-ml" in {plugin["distribution"] for plugin in record["plugins"]}


def test_the_package_of_the_page_keeps_the_contracts(acme):
    mesic, environment = acme
    command = [sys.executable, "-m", "pytest", "tests", "-q", "-p", "no:cacheprovider"]
    folder, variables = mesic.folder / "acme-ml", mesic.environment(**environment)
    done = subprocess.run(command, check=False, cwd=folder, env=variables, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-3000:]


def test_the_page_names_every_suite():
    from mesic import testing

    text = PAGE.read_text()
    suites = [name for name in testing.__all__ if name.endswith("Contract") and name != "ComponentContract"]
    assert [name for name in suites if f"`{name}`" not in text] == []
