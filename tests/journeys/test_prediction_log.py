"""`mesic serve` with a log of predictions: real processes, killed and out of disk; and `mesic serve --replay`."""

import json
import os
import resource
import signal
import subprocess
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from tests.engine.bundles_to_serve import ROW, make_bundle
from tests.journeys.served import Served, is_alive, until

import mesic

pytest.importorskip("httptools", reason="the extra serve is not installed")
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes under /proc")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("logged") / "bundle")


def frame_of(folder):
    return pa.concat_tables(mesic.prediction_log(folder)).to_pandas()


def test_two_processes_killed_in_the_middle_lose_no_more_than_was_not_written(bundle, tmp_path, mesic, monkeypatch):
    keys = (f"log.folder={tmp_path / 'log'}", "log.flush_s=0.1", "log.caller=X-Client", "log.key=${oc.env:LOG_KEY}")
    monkeypatch.setenv("LOG_KEY", "the key of this test")
    with Served(tmp_path, bundle.folder, "workers=2", *keys) as served:
        answers = [
            served.predict({**ROW, "age": age}, headers={"X-Request-Id": f"order-{age}", "X-Client": f"shop {age % 3}"})
            for age in range(30)
        ]
        assert until(lambda: served.metric("mesic_log_rows_total ") == 30, 10)
        for pid in served.workers():
            os.kill(pid, signal.SIGKILL)
        left = frame_of(tmp_path / "log")
        assert until(lambda: len(served.events("log-recovered")) > 0, 20)
        served.predict({**ROW, "age": 99})
        workers = served.workers()
        served.process.kill()
        assert until(lambda: not any(map(is_alive, workers)), 20)
    log = frame_of(tmp_path / "log")

    assert [answer["request_id"] for answer in answers] == [f"order-{age}" for age in range(30)]
    assert left.request_id.tolist() == [f"order-{age}" for age in range(30)]
    assert left.p_yes.tolist() == [answer["p_yes"] for answer in answers]
    assert left.caller.nunique() == 3
    assert not left.caller.str.contains("shop").any()
    assert log.request_id.tolist()[:30] == left.request_id.tolist()
    assert len(log) == 31
    done = mesic("serve", f"bundle={bundle.folder}", "--replay", str(tmp_path / "log"), "--json")
    assert (done.status, json.loads(done.out)["replayed"]) == (0, 31)


def test_a_full_disk_raises_a_counter_and_serving_goes_on(bundle, tmp_path):
    with Served(tmp_path, bundle.folder, f"log.folder={tmp_path / 'log'}", "log.flush_s=0.1") as served:
        (worker,) = served.workers()
        served.predict(ROW)
        assert until(lambda: served.metric("mesic_log_rows_total ") == 1, 10)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
        assert all(served.predict({"rows": [ROW] * 50})["predictions"] for _ in range(20))
        assert until(lambda: served.metric("mesic_log_errors_total ") >= 2, 10)
        assert served.metric("mesic_log_rows_total ") == 1
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert until(lambda: served.metric("mesic_log_rows_total ") == 1001, 10)
        assert served.workers() == [worker]
        assert served.stop() == 0
        told = [served.events(name) for name in ("log-failed", "log-writes-again")]
    assert [len(events) for events in told] == [1, 1]
    assert len(frame_of(tmp_path / "log")) == 1001
    assert not list((tmp_path / "log").glob("*.open"))


def test_a_disk_that_is_really_full(bundle, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    try:
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    if not is_mounted:
        pytest.skip("a small disk cannot be mounted here")
    try:
        with Served(tmp_path, bundle.folder, f"log.folder={place}", "log.flush_s=0.05") as served:
            rows = [{**ROW, "income": number / 7, "age": number % 100 / 3} for number in range(900)]
            for _ in range(8):
                assert len(served.predict({"rows": rows})["predictions"]) == 900
            assert until(lambda: served.metric("mesic_log_errors_total ") >= 2, 10)
            before = served.metric("mesic_log_rows_total ")
            subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
            assert until(lambda: served.metric("mesic_log_rows_total ") > before, 10)
            assert served.predict(ROW)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_log_is_answered_again_and_a_planted_difference_is_told(bundle, tmp_path, mesic):
    with Served(tmp_path, bundle.folder, f"log.folder={tmp_path / 'log'}") as served:
        for age in range(3):
            served.predict({**ROW, "age": age}, headers={"X-Request-Id": f"order-{age}"})
        assert served.ask("POST", "/predict", {**ROW, "age": "old"})[0] == 200
        assert served.ask("POST", "/predict", {**ROW, "age": 300})[0] == 422
        assert served.stop() == 0
    (path,) = (tmp_path / "log").glob("*.arrow")
    same = mesic("serve", f"bundle={bundle.folder}", "--replay", str(path))
    table = pa.ipc.open_file(path).read_all()
    place = table.schema.get_field_index("input.town")
    table = table.set_column(place, table.schema.field(place), pa.array(["Bonn", *["Ulm"] * 3, None]))
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    other = mesic("serve", f"bundle={bundle.folder}", f"replay={tmp_path / 'log'}")

    assert same.status == 0
    assert "5 rows in 1 file, 5 answered again" in same.out
    assert "5 have the same answer, bit for bit; 0 differ" in same.out
    assert other.status == 1
    assert "request order-0 row 0" in other.out
    assert pd.read_feather(path)["input.age"].isna().tolist() == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (("--replay", "nowhere"), "nowhere: there is no file of a log of predictions"),
        (("log.folder=log", "log.redact=[twon]"), "did you mean 'town'"),
        (("log.folder=log", "log.caller=address"), "give a secret of 16 letters or more"),
        (("log.folder=log/x", "log.key=0123456789abcdef"), "cannot be made"),
        (("log.fodler=log",), "no key 'log.fodler'; did you mean 'log.folder'"),
    ],
)
def test_what_cannot_be_logged_or_replayed_is_said_in_words(bundle, tmp_path, mesic, keys, words):
    (tmp_path / "log").write_text("in the way") if "log.folder=log/x" in keys else None
    done = mesic("serve", f"bundle={bundle.folder}", "port=0", *keys)

    assert done.status == 2
    assert words in done.err
    assert "Traceback" not in done.err
