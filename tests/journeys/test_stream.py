"""`mesic serve stream=`: real processes that are struck down, stopped and reloaded."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys

import pyarrow as pa
import pytest
from tests.engine.bundles_to_serve import ROW, make_bundle
from tests.journeys.served import until

pytest.importorskip("msgspec", reason="the extra serve is not installed")
ROWS = 6000
SETTINGS = {key: value for key, value in os.environ.items() if not key.startswith(("MESIC", "HYDRA"))}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("streamed") / "bundle")


def started(folder, *arguments, **pipes):
    command = [sys.executable, "-m", "mesic", "serve", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, env=SETTINGS, stderr=subprocess.PIPE, **pipes)


def record(number):
    return {"order": f"o{number}", **ROW, "age": 130.0 if number % 500 == 7 else number % 120, "income": number % 97}


@pytest.fixture
def fed(tmp_path):
    text = "".join(json.dumps(record(number)) + "\n" for number in range(ROWS))
    (tmp_path / "in.jsonl").write_text(text)
    return tmp_path


FILE = ("stream=file", "stream.path=in.jsonl", "stream.output=out.jsonl", "stream.id=order")


def ended(process):
    """Return the status and the log of a process that ends by itself."""
    log = process.communicate(timeout=60)[1].decode()
    return process.returncode, log


def test_kills_lose_nothing_and_answer_nothing_twice(bundle, fed):
    chance, read, sizes = random.Random(4), fed / "out.jsonl", []
    for commit_s in (3600, 0, 0):  # the first one is killed before any answer is safe
        keys = (f"bundle={bundle.folder}", "stream.batch=4", f"stream.commit_s={commit_s}")
        process = started(fed, *FILE, *keys)
        size = read.stat().st_size if read.exists() else 0
        assert until(lambda size=size: read.exists() and read.stat().st_size > size + chance.randrange(20_000, 150_000))
        process.kill()
        process.communicate()
        sizes.append(read.stat().st_size)

    status, log = ended(started(fed, *FILE, f"bundle={bundle.folder}", "stream.follow=false"))

    assert status == 0, log
    assert '"records": 0' not in log.splitlines()[0]  # it went on, and did not begin anew
    lines = [json.loads(line) for line in read.read_text().splitlines()]
    assert [line["id"] for line in lines] == [f"o{number}" for number in range(ROWS)]
    rows = [record(number) for number in range(ROWS)]
    whole = [number for number in range(ROWS) if rows[number]["age"] <= 120]
    expected = bundle.predict(pa.Table.from_pylist([rows[number] for number in whole])).to_dict("records")
    assert [{name: lines[n].get(name) for name in expected[0]} for n in whole] == expected
    assert [n for n in range(ROWS) if "error" in lines[n]] == sorted(set(range(ROWS)) - set(whole))
    assert sizes == sorted(sizes)


def test_sigterm_ends_what_is_under_way_and_the_next_process_goes_on(bundle, fed):
    os.truncate(fed / "in.jsonl", (fed / "in.jsonl").stat().st_size // 2)  # in the middle of a record
    process = started(fed, *FILE, f"bundle={bundle.folder}", "stream.metrics=flow.prom")
    assert until(lambda: (fed / "out.jsonl").exists() and (fed / "out.jsonl").stat().st_size > 0)
    process.send_signal(signal.SIGTERM)
    status, log = ended(process)

    before = (fed / "out.jsonl").read_bytes()
    kept = json.loads((fed / "out.jsonl.checkpoint").read_text())
    assert status == 0, log
    assert json.loads(log.splitlines()[-1])["event"] == "flowing"
    assert kept["position"]["output"] == len(before)
    assert kept["records"] == before.count(b"\n")
    assert "mesic_stream_records_total" in (fed / "flow.prom").read_text()

    (fed / "in.jsonl").write_text("".join(json.dumps(record(number)) + "\n" for number in range(ROWS)))
    status, log = ended(started(fed, *FILE, f"bundle={bundle.folder}", "stream.follow=false"))
    after = (fed / "out.jsonl").read_bytes()
    assert status == 0, log
    assert after.startswith(before)
    assert after.count(b"\n") == ROWS


def test_stdin_is_answered_while_it_comes_and_a_reload_changes_who_answers(bundle, tmp_path):
    other = make_bundle(tmp_path / "other", "mean")
    place = tmp_path / "use"
    shutil.copytree(bundle.folder, place)
    process = started(
        tmp_path, "stream=stdin", f"bundle={place}", "version=v", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )

    def ask():
        process.stdin.write(json.dumps(ROW).encode() + b"\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    assert ask()["bundle"] == bundle.digest
    shutil.rmtree(place)
    shutil.copytree(other.folder, place)
    process.send_signal(signal.SIGHUP)

    assert until(lambda: ask()["bundle"] == other.digest)
    answer = ask()
    assert answer["p_yes"] == other.predict(pa.Table.from_pylist([ROW]))["p_yes"][0]
    assert answer["version"] == "v"
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()
    process.stderr.close()


def test_a_caller_at_a_socket_is_answered(bundle, tmp_path):
    process = started(tmp_path, "stream=socket", f"bundle={bundle.folder}")
    port = json.loads(process.stderr.readline())["input"].rpartition(":")[2]
    with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as caller:
        caller.sendall(json.dumps(ROW).encode() + b"\n{\n")
        with caller.makefile() as heard:
            told = [json.loads(heard.readline()) for _ in range(2)]
    process.send_signal(signal.SIGTERM)

    assert told[0]["prediction"] == bundle.predict(pa.Table.from_pylist([ROW]))["prediction"][0]
    assert told[1]["error"]["code"] == "NO-JSON"
    assert ended(process)[0] == 0


@pytest.mark.parametrize(
    ("keys", "status", "words"),
    [
        (("stream=file", "stream.path=in.csv", "stream.output=o", "stream.ouput=o"), 2, "did you mean 'stream.output'"),
        (("stream=stdin", "port=9000", "token=t"), 2, "port, token cannot work with a stream"),
        (("stream=stdin", "--json"), 2, "its answers stand on stdout"),
    ],
)
def test_what_cannot_flow_is_said_in_words(bundle, mesic, keys, status, words):
    done = mesic("serve", f"bundle={bundle.folder}", *keys)

    assert (done.status, done.out) == (status, ""), done.err
    assert words in done.err
    assert "Traceback" not in done.err
