"""What a stage left is taken again when everything that it depends on is as it was, and only then."""

import shutil
import sys

import pytest
from tests.conftest import people

from mesic import hookimpl
from mesic.config.composition import config_loader
from mesic.config.problems import checked
from mesic.host.registry import Provider, build_registry
from mesic.runs.environment import code_digests, package_digest
from mesic.runs.execution import execute
from mesic.runs.record import read_record
from mesic.runs.stages import Stage, run_stage
from mesic.verbs.run import plain

TRIALS = 4


class Listener:
    """Hears of trials, and interrupts the run after one of them."""

    def __init__(self, last=None):
        self.heard, self.last = [], last

    @hookimpl
    def trial_finished(self, trial):
        self.heard.append(trial["number"])
        if trial["number"] == self.last:
            raise KeyboardInterrupt


class Wrapper:
    """Stands around every stage."""

    def __init__(self):
        self.seen = []

    @hookimpl(wrapper=True)
    def run_stage(self, stage):
        self.seen.append(f"before {stage.name}")
        result = yield
        self.seen.append(f"after {stage.name}")
        return result


def registry_with(plugin, module="mesic"):
    registry = build_registry()
    registry.manager.register(plugin, "spy")
    registry.providers["spy"] = Provider("spy", module, "spy", "1")
    return registry


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A folder with a table, the code of a plugin, and a run that was interrupted after its second trial."""
    folder = tmp_path_factory.mktemp("workshop")
    people(80).to_csv(folder / "people.csv", index=False)
    (folder / "spied.py").write_text("answer = 1\n")
    said = ["source=table", f"source.path={folder}/people.csv", "source.target=bought", "learner=tree",
            f"tuner.trials={TRIALS}", "baseline=[]", "evaluator=[]", "metric=log_loss", "metrics=[]"]  # fmt: skip
    problems, config = checked(config_loader(), "run", said)
    assert problems == []
    sys.path.insert(0, str(folder))
    with pytest.raises(KeyboardInterrupt):
        execute(plain(config), folder / "left", registry=registry_with(Listener(last=1), "spied"))
    yield folder, plain(config)
    sys.path.remove(str(folder))


def taken_up(workshop, out):
    folder, config = workshop
    shutil.copytree(folder / "left", out)
    listener = Listener()
    package_digest.cache_clear()
    execute(config, out, registry=registry_with(listener, "spied"))
    return listener.heard


def test_trials_that_were_made_are_not_made_again(workshop, tmp_path):
    left = read_record(workshop[0] / "left")
    heard = taken_up(workshop, tmp_path / "r")

    assert left["status"] == "interrupted"
    assert heard == [2, 3]
    assert read_record(tmp_path / "r")["trials"]["tried"] == TRIALS


@pytest.mark.parametrize("changed", ["people.csv", "spied.py"])
def test_trials_on_other_data_or_of_other_code_are_made_again(workshop, tmp_path, changed):
    path = workshop[0] / changed
    before = path.read_text()
    path.write_text(before.replace("Graz", "Linz").replace("1\n", "2\n", 1))
    heard = taken_up(workshop, tmp_path / "r")
    path.write_text(before)

    assert heard == [0, 1, 2, 3]


def test_who_wraps_stages_stands_around_the_work_which_is_done_once():
    wrapper, done = Wrapper(), []
    registry = registry_with(wrapper)
    results = [run_stage(registry, Stage(name, lambda: done.append(1) or "made")) for name in ("read", "fit")]

    assert results == ["made", "made"]
    assert wrapper.seen == ["before read", "after read", "before fit", "after fit"]
    assert len(done) == 2


def test_the_digest_of_code_changes_with_any_file_of_the_package_and_with_no_other(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "house" / "room").mkdir(parents=True)
    digests = []
    for path, text in [
        ("house/__init__.py", ""),
        ("house/room/door.py", "a = 1"),
        ("house/room/door.py", "a = 2"),
        ("house/notes.txt", "nothing that runs"),
        ("garden.py", ""),
    ]:
        (tmp_path / path).write_text(text)
        package_digest.cache_clear()
        digests.append(package_digest("house"))

    assert len(set(digests[:3])) == 3
    assert digests[2] == digests[3] == digests[4]
    assert package_digest("garden") != package_digest("house")
    assert {"mesic", "mesic_plugins"} == set(code_digests(build_registry()))
