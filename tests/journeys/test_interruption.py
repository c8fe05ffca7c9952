"""Runs that are killed, interrupted, or out of room: what was written is whole, and the run is taken up again."""

import json
import shutil
import signal
import subprocess
import sys

import pytest
from pyarrow import parquet
from tests.conftest import CommandLine, install_module, people

from mesic.cli import status_of

STAGES = ["read", "partition", "baselines", "search", "fit", "evaluate", "bundle"]
SAID = ["run", "source=table", "source.path=people.csv", "source.target=bought", "tuner=single", "learner=tree"]
STRIKER = '''
"""Strikes its own process down in one stage of a run, as a user or the system would from outside."""

import os
import signal

from mesic import hookimpl


@hookimpl(wrapper=True)
def run_stage(stage):
    strike(stage.name, "before")
    result = yield
    strike(stage.name, "after")
    return result


def strike(stage, moment):
    if os.environ.get("STRIKE") == f"{stage} {moment}":
        os.kill(os.getpid(), signal.Signals[os.environ["STRIKE_WITH"]])
'''


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A folder with a table, a plugin that strikes on demand, and a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    people(150).to_csv(folder / "people.csv", index=False)
    install_module(folder, "striker", STRIKER)
    done = CommandLine(folder)(*SAID, "out=whole", PYTHONPATH=str(folder))
    assert done.status == 0, done.err
    return folder


@pytest.fixture
def struck(undisturbed, tmp_path):
    """A command line in a folder of its own, beside which nothing else runs."""
    shutil.copy(undisturbed / "people.csv", tmp_path)
    command_line = CommandLine(tmp_path)
    return lambda *arguments, **extra: command_line(*arguments, PYTHONPATH=str(undisturbed), **extra)


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def assert_whole(folder):
    """Every file that bears its final name can be read to its end."""
    for path in folder.rglob("*"):
        if path.name.startswith(".") or not path.is_file():
            continue
        if path.suffix == ".parquet":
            parquet.read_table(path)
        elif path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".jsonl":
            list(map(json.loads, path.read_text().splitlines()))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("moment", "with_what", "status"), [("before", "SIGINT", 130), ("after", "SIGKILL", -9)])
def test_a_run_that_is_struck_down_is_taken_up_again(struck, undisturbed, tmp_path, stage, moment, with_what, status):
    done = struck(*SAID, "out=r", STRIKE=f"{stage} {moment}", STRIKE_WITH=with_what)
    assert_whole(tmp_path / "r")
    left = record_of(tmp_path / "r")
    again = struck(*SAID, "out=r")

    assert done.status == status
    assert left["status"] == ("interrupted" if with_what == "SIGINT" else "running")
    assert left["exit_status"] == (130 if with_what == "SIGINT" else None)
    assert again.status == 0, again.err
    assert record_of(tmp_path / "r")["digests"] == record_of(undisturbed / "whole")["digests"]
    assert list((tmp_path / "r").rglob(".*")) == []


def test_asking_a_run_to_end_is_recorded(struck, tmp_path):
    done = struck(*SAID, "out=r", STRIKE="search before", STRIKE_WITH="SIGTERM")

    assert done.status == 130
    assert "interrupted" in done.err
    assert record_of(tmp_path / "r")["status"] == "interrupted"


def test_a_run_that_was_killed_before_its_page_says_who_draws_it(undisturbed, struck, tmp_path):
    shutil.copytree(undisturbed / "whole", tmp_path / "r")
    (tmp_path / "r" / "report.html").unlink()
    refused = struck(*SAID, "out=r")
    drawn = struck("report", "run=r")

    assert refused.status == 2
    assert "`mesic report run=" in refused.err
    assert drawn.status == 0, drawn.err
    assert (tmp_path / "r" / "report.html").read_text().startswith("<!doctype html>")


def in_small_disk(folder, kib, script):
    """Run a shell script in a name space where ``disk`` is a file system of its own, `kib` KiB in all."""
    whole = f"mount -t tmpfs -o size={kib}k none disk && {script}"
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", whole], cwd=folder, check=False, capture_output=True, text=True, timeout=200
    )


@pytest.fixture
def disk(tmp_path):
    """A folder in which ``disk`` can be mounted small."""
    (tmp_path / "disk").mkdir()
    if shutil.which("unshare") is None or in_small_disk(tmp_path, 16, "true").returncode:
        pytest.skip("no file system can be mounted here")
    return tmp_path


@pytest.mark.parametrize("kib", [4, 28, 60, 100])
def test_a_disk_that_fills_up_loses_nothing_and_the_run_goes_on_with_more_room(undisturbed, disk, kib):
    shutil.copy(undisturbed / "people.csv", disk)
    run = " ".join([sys.executable, "-m", "mesic", *SAID, "out=disk/r"])
    script = (
        f"{run} >/dev/null 2>first.err; echo $? >first; cp -r disk/r left 2>/dev/null;"
        f"mount -o remount,size=20m disk && {run} >/dev/null 2>second.err; echo $? >second; cp -r disk/r whole"
    )
    done = in_small_disk(disk, kib, script)

    assert done.returncode == 0, done.stderr
    assert (disk / "first").read_text().strip() == "2"
    assert "No space left on device" in (disk / "first.err").read_text()
    assert "Traceback" not in (disk / "first.err").read_text()
    assert_whole(disk / "left")
    assert (disk / "second").read_text().strip() == "0", (disk / "second.err").read_text()
    digests = record_of(undisturbed / "whole")["digests"]
    assert record_of(disk / "whole")["digests"]["test_predictions"] == digests["test_predictions"]


def test_a_disk_that_is_full_while_predicting_leaves_no_half_file(undisturbed, disk):
    people(2000).to_csv(disk / "people.csv", index=False)
    predict = f"{sys.executable} -m mesic predict bundle={undisturbed}/whole/bundle input=people.csv output=disk/p.csv"
    done = in_small_disk(disk, 4, f"{predict} 2>err; echo $? >status; ls -A disk >listed")

    assert done.returncode == 0
    assert (disk / "status").read_text().strip() == "2"
    assert "No space left on device" in (disk / "err").read_text()
    assert (disk / "listed").read_text() == ""


def test_a_read_only_disk_is_named(undisturbed, disk):
    run = " ".join([sys.executable, "-m", "mesic", *SAID, "out=disk/r"]).replace(
        "people.csv", f"{undisturbed}/people.csv"
    )
    done = in_small_disk(disk, 100, f"mount -o remount,ro disk && {run} 2>err; echo $? >status")

    assert done.returncode == 0, done.stderr
    assert (disk / "status").read_text().strip() == "2"
    assert "Read-only file system" in (disk / "err").read_text()


def test_control_c_ends_a_run_whose_fits_are_under_way_in_threads(struck, undisturbed, tmp_path):
    command = CommandLine(tmp_path)
    long = ["source.dataset=digits", "learner=random_forest", "learner.n_estimators=3000", "tuner=single", "out=long"]
    process = command.start("run", *long, "baseline=[]", PYTHONPATH=str(undisturbed))
    timeline = tmp_path / "long" / "timeline.jsonl"
    while process.poll() is None and not (timeline.exists() and '"search"' in timeline.read_text()):
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert record_of(tmp_path / "long")["status"] == "interrupted"


@pytest.mark.parametrize(
    ("verb", "raised", "said", "status"),
    [
        ("run", KeyboardInterrupt, "interrupted; the same command with the same out= takes the run up again", 130),
        ("serve", KeyboardInterrupt, "interrupted", 130),
        ("run", MemoryError("9 GiB"), "there is not enough memory (9 GiB): give fewer rows", 1),
    ],
)
def test_how_a_command_ended_is_one_line(monkeypatch, capsys, verb, raised, said, status):
    def stopped(arguments):
        raise raised

    monkeypatch.setattr("mesic.cli._dispatch", stopped)

    assert status_of([verb]) == status
    assert capsys.readouterr().err == f"mesic: {said}\n"
