"""Strangers write configuration and data: nothing of theirs runs, nothing of ours is told."""

import json
import logging
import re
import sys
from itertools import pairwise

import pytest
import yaml
from tests.conftest import people

from mesic.config.composition import config_loader
from mesic.config.problems import checked, problems_of
from mesic.data.schema import load_schema
from mesic.deployment.artefact import load_artefact
from mesic.errors import DataError, MesicError, UsageError
from mesic.host.registry import installed
from mesic.reviewing.policies import load_policy
from mesic.runs.plan import source_of
from mesic.runs.record import read_record
from mesic.runs.reproduction import reproduce
from mesic.runs.timeline import read_timeline
from mesic.sweeping.storage import mend_journal

NAMES = {"age": "<img src=x onerror=alert(1)>", "city": "ci\x1b[31mty\x07", "income": "=cmd|'/c calc'!A1"}
LABELS = {"yes": "</script><script>alert(2)</script>", "no": "no\x1b]0;x\x07\u202e"}
PLACE = "s3cret-place.csv"
EXPLODES = "a: &a [x, x, x]\n" + "".join(
    f"{this}: &{this} [{', '.join([f'*{before}'] * 9)}]\n" for before, this in pairwise("abcdefghij")
)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a module that must never be imported, and a place for configuration."""
    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


HOSTILE = {
    "launcher": "hydra.launcher._target_=os.system",
    "launcher of a module": "hydra.launcher._target_=evil_module.Launcher",
    "sweeper": "hydra.sweeper._target_=subprocess.Popen",
    "callback": "+hydra.callbacks.mine={_target_: os.system, command: touch pwned}",
    "callback that unpickles": "+hydra.callbacks.mine={_target_: pandas.read_pickle, filepath_or_buffer: x.pkl}",
    "partial": "+hydra.launcher._partial_=true",
    "handler": "+hydra.job_logging.handlers.mine={class: subprocess.Popen, args: [touch, pwned]}",
    "handler that sends": "+hydra.job_logging.handlers.mine={class: logging.handlers.SocketHandler, host: h, port: 1}",
    "stream": "hydra.job_logging.handlers.console.stream='ext://evil_module.x'",
    "package on the search path": "hydra.searchpath=[pkg://evil_module]",
    "environment of jobs": "+hydra.job.env_set.PYTHONPATH=/tmp/evil",
    "loader of jobs": "+hydra.job.env_set.LD_PRELOAD=/tmp/evil.so",
}


@pytest.mark.parametrize("override", HOSTILE.values(), ids=HOSTILE)
def test_what_hydra_would_run_is_refused_on_the_command_line(here, override):
    problems, _ = checked(config_loader(), "run", [override])

    assert problems
    assert all("cannot work" in problem for problem in problems)
    assert "evil_module" not in sys.modules
    assert not (here / "pwned").exists()


NODES = [
    {"callbacks": {"mine": {"_target_": "os.system", "command": "touch pwned"}}},
    {"launcher": {"_target_": "evil_module.Launcher"}},
    {"searchpath": ["pkg://evil_module"]},
    {"job_logging": {"handlers": {"mine": {"class": "subprocess.Popen", "args": ["touch", "pwned"]}}}},
    {"hydra_logging": {"formatters": {"mine": {"()": "os.system", "command": "touch pwned"}}}},
    {"job": {"env_set": {"PYTHONSTARTUP": "evil.py"}}},
]


@pytest.mark.parametrize("verb", ["run", "predict", "serve"])
@pytest.mark.parametrize("node", NODES, ids=lambda node: next(iter(node)))
def test_what_hydra_would_run_is_refused_in_a_file(here, verb, node):
    shipped = next(place for place in config_loader().get_search_path().get_path() if place.provider == "mesic")
    body = yaml.safe_load((type(here)(shipped.path.removeprefix("file://")) / f"{verb}.yaml").read_text())
    body["hydra"] = {**body.get("hydra", {}), **node}
    (here / "conf" / f"{verb}.yaml").write_text(yaml.safe_dump(body, sort_keys=False))

    problems = problems_of(verb, [])

    assert any("hydra." in problem and "cannot work" in problem for problem in problems), problems
    assert "evil_module" not in sys.modules
    assert not (here / "pwned").exists()


def test_commands_of_a_cluster_are_typed_by_who_calls(here):
    said = ["hydra/launcher=submitit_slurm"]
    pytest.importorskip("submitit", reason="the launcher is not installed")
    (here / "conf" / "hydra" / "launcher").mkdir(parents=True)
    (here / "conf" / "hydra" / "launcher" / "mine.yaml").write_text(
        "defaults: [submitit_slurm]\nsetup: ['touch pwned']\n"
    )

    assert any("hydra.launcher.setup" in problem for problem in problems_of("run", ["hydra/launcher=mine"]))
    assert not problems_of("run", [*said, "hydra.launcher.setup=['module load python']"])


def test_what_comes_with_hydra_and_its_plugins_is_taken(here):
    assert not problems_of("run", ["hydra/launcher=joblib", "hydra/sweeper=mesic"])


@pytest.mark.parametrize("load", [load_schema, load_policy], ids=lambda load: load.__name__)
@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.mkdir [pwned]",
        "a: !!python/name:os.system",
        "a: " + "[" * 3_000,
        "".join(
            f"{chr(97 + n)}: &{chr(97 + n)} [{','.join([f'*{chr(96 + n)}'] * 9 if n else ['x'] * 9)}]\n"
            for n in range(10)
        ),
    ],
    ids=["object", "name", "nests", "explodes"],
)
def test_no_yaml_of_a_stranger_makes_anything(here, load, text):
    (here / "file.yaml").write_text(text)

    with pytest.raises(UsageError, match="cannot be read"):
        load(here / "file.yaml")
    assert not (here / "pwned").exists()


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory):
    """A run of data whose names attack, from a place that must not be told."""
    from tests.conftest import CommandLine

    folder = tmp_path_factory.mktemp("hostile")
    table = people().rename(columns=NAMES)
    table["bought"] = table["bought"].map(LABELS)
    table.to_csv(folder / PLACE, index=False)
    done = CommandLine(folder)(
        "run", "source=table", "source.path=${oc.env:DATA_TOKEN}", "source.target=bought", "tuner=single",
        "learner=linear", "evaluator=[errors,slices]", "out=run", DATA_TOKEN=str(folder / PLACE),
    )  # fmt: skip
    assert done.status == 0, done.err
    return folder / "run", done


def test_a_secret_of_the_environment_stands_in_no_file_of_a_run(hostile_run, monkeypatch):
    folder, done = hostile_run
    files = [path for path in folder.rglob("*") if path.is_file()]

    assert len(files) > 20
    assert [path.name for path in files if PLACE.encode() in path.read_bytes()] == []
    assert PLACE not in done.out + done.err
    config = read_record(folder)["config"]
    assert config["source"]["path"] == "${oc.env:DATA_TOKEN}"
    with pytest.raises(UsageError, match="has no DATA_TOKEN"):
        source_of(installed(), config)
    monkeypatch.setenv("DATA_TOKEN", str(folder.parent / PLACE))
    assert source_of(installed(), config)[0].columns()[1] == NAMES["age"]


def test_a_secret_stands_in_no_file_of_a_run_that_is_run_again_nor_in_a_message(hostile_run, tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_TOKEN", str(tmp_path / PLACE))

    with pytest.raises(UsageError, match=r"source.path='\$\{oc.env:DATA_TOKEN\}' cannot work") as refused:
        reproduce(hostile_run[0], tmp_path / "again")
    assert PLACE not in str(refused.value)
    written = [path for path in (tmp_path / "again").rglob("*") if path.is_file()]
    assert [path.name for path in written if PLACE.encode() in path.read_bytes()] == []
    assert (tmp_path / "again" / "record.json") in written


@pytest.mark.parametrize(
    "changed",
    [{"config": {}}, {"config": []}, {"data": None}, {"trials": None}],
    ids=["none", "list", "data", "trials"],
)
def test_a_record_that_a_run_did_not_write_is_run_by_nobody(hostile_run, tmp_path, changed):
    record = json.loads((hostile_run[0] / "record.json").read_text())
    (tmp_path / "record.json").write_text(json.dumps(record | changed))

    with pytest.raises(DataError, match="does not hold what a run writes"):
        reproduce(tmp_path, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_names_that_attack_are_text_on_every_page(hostile_run):
    folder, done = hostile_run
    pages = [path for path in folder.rglob("*") if path.suffix in (".html", ".svg", ".md")]

    assert {"report.html", "card.md"} <= {path.name for path in pages}
    for path in pages:
        text = path.read_text()
        assert "<img src=x" not in text, path
        assert "alert(2)</script>" not in text, path
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), path
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.out + done.err)


def test_a_server_keeps_its_token(tmp_path, caplog):
    pytest.importorskip("msgspec", reason="the extra serve is not installed")
    import mmap

    from tests.engine.bundles_to_serve import ROW, make_bundle

    from mesic.serving.counters import Counters, shared_memory_size
    from mesic.serving.messages import Request
    from mesic.serving.release import Release
    from mesic.serving.service import Service
    from mesic.serving.settings import ServeSettings

    caplog.set_level(logging.DEBUG)
    settings = ServeSettings(bundle="b", token="s3cret-token")
    service = Service(settings, Counters(mmap.mmap(-1, shared_memory_size(1)), 0))
    service.use(Release(make_bundle(tmp_path / "b"), settings))
    allowed = {b"authorization": b"Bearer s3cret-token"}
    replies = [
        service.reply(Request(method, path, "", headers, json.dumps(ROW).encode()))
        for method, path in (("GET", "/model"), ("GET", "/metrics"), ("GET", "/docs"), ("GET", "/openapi.json"))
        for headers in ({}, allowed, {b"authorization": b"Bearer s3cret-toke"})
    ]

    assert [reply.status for reply in replies] == [401, 200, 401] * 2 + [200] * 3 + [401, 200, 401]
    assert not any(b"s3cret" in reply.body for reply in replies)
    assert "s3cret" not in caplog.text


NESTS = "[" * 100_000


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("record.json", read_record),
        ("timeline.jsonl", read_timeline),
        ("study.journal", lambda folder: mend_journal(folder / "study.journal", instead="out")),
        ("manifest.json", load_artefact),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_json_that_nests_is_refused_in_words(tmp_path, name, read):
    (tmp_path / "proof.json").write_text("{}")
    (tmp_path / name).write_text(f"{NESTS}\n{{}}\n")

    with pytest.raises(MesicError, match=name):
        read(tmp_path)
