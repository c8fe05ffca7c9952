"""The commands of README.md are run as written, on small tables.

A ``conf/`` folder of the test, which wins over ours as a user's does, makes the searches short and the embedded table
small.
"""

import dataclasses
import subprocess
import sys

import pytest
import yaml
from tests.conftest import CommandLine, people, pip_install
from tests.docs.pages import ROOT, blocks
from tests.docs.shell import mistakes, typed

from mesic.host.registry import build_registry

README = ROOT / "README.md"
SMALL = {"tuner/tpe": {"trials": 1}, "source/sklearn": {"dataset": "iris"}, "splitter/auto": {"folds": 2}}
NOTEBOOK = """
import pandas
frame = pandas.read_csv("train.csv").head(120)
new_rows = frame.head(3).drop(columns="income")
{block}
assert len(run.predict(new_rows)) == 3
assert run.report.is_file()
assert "log_loss" in set(run.scores.reset_index()["metric"])
"""
PROJECT = '[project]\nname = "acme"\nversion = "1"\n[project.entry-points.mesic]\nacme = "acme"\n'
BUILD = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def block_under(heading, language="bash"):
    return next(block for block in blocks(README, language) if block.heading == heading)


def small_conf(folder):
    """Write options that stand in for ours under the same name."""
    for address, changed in SMALL.items():
        kind, name = address.split("/")
        options = dataclasses.asdict(build_registry().find(kind, name).component.options())
        (folder / "conf" / kind).mkdir(parents=True)
        (folder / "conf" / f"{address}.yaml").write_text(yaml.safe_dump({"name": name, **options, **changed}))


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """A command line in a user's folder, with the tables that the README speaks of."""
    folder = tmp_path_factory.mktemp("user")
    small_conf(folder)
    frame = people(150).rename(columns={"income": "wage", "bought": "income"})
    frame.to_csv(folder / "train.csv", index=False)
    frame.drop(columns="income").to_csv(folder / "new.csv", index=False)
    return CommandLine(folder)


def do(user, lines, **environment):
    """Type lines of the README; return how each ended."""
    ends = typed(user, lines, **environment)

    assert mistakes(ends) == {}
    return list(ends.values())


def test_the_first_run_works_as_written(user):
    lines = block_under("First run on your own table").lines
    said = "activity='labelled 300 rows' hours=3"
    checked, _, _, reproduced, log, booked = do(user, [*lines, f"mesic log run=runs/income {said}"])

    assert said in README.read_text()
    assert "The table was checked" in checked.out
    assert "identical" in reproduced.out
    assert "search" in log.out
    assert "3 h" in booked.out
    assert (user.folder / "answers.csv").read_text().count("\n") == 151
    for name in ("record.json", "report.html", "zone.svg", "schema.yaml", "bundle", "oof.parquet"):
        assert (user.folder / "runs" / "income" / name).exists()


def test_what_stands_around_the_first_run_works_as_written(user):
    if not (user.folder / "runs" / "income").exists():
        do(user, block_under("First run on your own table").lines[1:2])
    planned, schema, diff, trace, card, label = do(user, block_under("Before the first run, and after it").lines)

    assert "Do 4 rules suffice?" in planned.out
    assert "schema.yaml: edit it" in schema.out
    assert "train.csv (150 rows) -> new.csv (150 rows)" in diff.out or "columns removed: income" in diff.out
    assert trace.out.startswith("row 17 is ")
    assert "card.md, card.json, croissant.json" in card.out
    assert "10 test rows, 1 of them twice" in label.out


def test_the_first_sweep_works_as_written(user):
    (done,) = do(user, block_under("First sweep").lines)

    assert "6 jobs" in done.out


def test_the_first_search_works_as_written(user):
    _, block = [block for block in blocks(README, "bash") if block.heading == "First sweep"]
    (done,) = do(user, [f"{line} hydra.sweeper.n_trials=2" for line in block.lines])

    assert "2 jobs" in done.out


def test_the_notebook_works_as_written(user):
    code = NOTEBOOK.format(block=block_under("In a notebook", "python").text)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=user.folder,
        env=user.environment(),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr


def test_the_first_plugin_works_as_written(user, tmp_path):
    package, site = tmp_path / "package", tmp_path / "site"
    package.mkdir()
    (package / "pyproject.toml").write_text(BUILD + PROJECT)
    (package / "acme.py").write_text(block_under("First plugin", "python").text)
    pip_install(package, site)
    listed, _ = do(user, block_under("First plugin").lines, PYTHONPATH=str(site))

    assert "strength of the penalty" in listed.out
    assert "from acme 1" in listed.out
