"""`mesic serve`: real processes, real callers, good and bad."""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest
from tests.engine.bundles_to_serve import PIPELINES, ROW, make_bundle
from tests.journeys.served import Served, is_alive, until

pytest.importorskip("httptools", reason="the extra serve is not installed")
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes under /proc")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("served") / "bundle")


@pytest.fixture(scope="module")
def server(bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    keys = ("max_rows=5", "max_body_kib=4", "max_header_kib=2", "max_connections=50", "request_s=1", "version=v7")
    with Served(folder, bundle.folder, *keys, token="secret") as served:
        yield served


def wanted(bundle, row=ROW):
    return bundle.predict(pa.Table.from_pylist([row])).iloc[0].to_dict()


def test_one_row_and_many_are_answered_to_the_last_bit(bundle, server):
    rows = [{**ROW, "age": age} for age in (0, 55.5, None)]

    one, many = server.predict(ROW), server.predict({"rows": rows})

    assert one == {"bundle": bundle.digest, "version": "v7", **wanted(bundle)}
    assert many == {"bundle": bundle.digest, "version": "v7", "predictions": [wanted(bundle, row) for row in rows]}
    assert server.predict({"rows": []})["predictions"] == []


def test_the_server_tells_what_it_is(bundle, server):
    assert server.ask("GET", "/health")[::2] == (200, {"status": "ok"})
    assert server.ask("GET", "/ready")[2]["status"] == "ready"
    assert server.ask("HEAD", "/health")[2] == ""
    model = server.ask("GET", "/model")[2]
    assert (model["bundle"], model["version"], model["fields"]) == (bundle.digest, "v7", list(ROW))
    row = server.ask("GET", "/openapi.json")[2]["components"]["schemas"]["Row"]
    assert row["required"] == list(ROW)
    assert row["properties"]["age"]["maximum"] == 120
    assert row["properties"]["plan"]["enum"] == ["basic", "extra", "full"]
    assert "<form" in server.ask("GET", "/docs")[2]


def test_what_is_asked_is_counted(server):
    before = server.metric('mesic_requests_total{route="/predict",status="200"}'), server.metric("mesic_rows_total")

    server.predict(ROW)
    server.predict({"rows": [ROW, ROW]})

    after = server.metric('mesic_requests_total{route="/predict",status="200"}'), server.metric("mesic_rows_total")
    assert (after[0] - before[0], after[1] - before[1]) == (2, 3)
    assert server.metric("mesic_predict_seconds_count") >= 2


def test_reasons_come_with_an_answer_and_misspelt_wishes_are_refused(bundle, server):
    status, _, answer = server.ask("POST", "/predict?why=true", ROW)
    without = server.predict({**ROW, answer["why"]["if_missing"][0]["field"]: None})
    about = answer["why"]["about"]

    assert status == 200
    assert about == f"p_{answer['prediction']}"
    assert answer["why"]["if_missing"][0]["change"] == answer[about] - without[about]
    for query, words in (("whi=true", "why=true"), ("why=1", "why=true"), ("intervals=true", "conformal")):
        status, _, answer = server.ask("POST", f"/predict?{query}", ROW)
        assert (status, answer["error"]["code"]) == (400, "WRONG-QUERY")
        assert words in answer["error"]["message"]


@pytest.mark.parametrize("path", ["/predict", "/model", "/metrics", "/openapi.json", "/reload"])
@pytest.mark.parametrize("token", [None, "Bearer wrong", "Bearer ", "secret", "Bearer sécret"])
def test_who_has_no_token_is_told_nothing(server, path, token):
    method = "POST" if path in ("/predict", "/reload") else "GET"
    caller = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    caller.request(method, path, b"{}", {"Authorization": token} if token else {})
    reply = caller.getresponse()

    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert b"income" not in reply.read()
    caller.close()


BAD = {
    "no-json": (b"{", "MALFORMED-JSON", 400),
    "empty": (b"", "MALFORMED-JSON", 400),
    "no-utf8": (b'{"age": "\xff"}', "MALFORMED-JSON", 400),
    "nan": (json.dumps({**ROW, "age": 1}).replace(": 1,", ": NaN,").encode(), "MALFORMED-JSON", 400),
    "deep": (b"[" * 3000 + b"]" * 1000, "MALFORMED-JSON", 400),
    "list": (b"[1, 2]", "NO-OBJECT", 422),
    "text": (b'"age"', "NO-OBJECT", 422),
    "rows-of-numbers": (b'{"rows": [1]}', "ROWS-REFUSED", 422),
    "rows-of-nothing": (b'{"rows": 5}', "ROWS-REFUSED", 422),
    "too-many-rows": (b'{"rows": [1, 2, 3, 4, 5, 6]}', "MANY-ROWS", 413),
    "large": (b'{"age": "' + b"x" * 5000 + b'"}', "LARGE-BODY", 413),
}


@pytest.mark.parametrize("name", BAD)
def test_a_body_that_is_none_is_refused_by_its_name(server, name):
    body, code, status = BAD[name]

    given, _, answer = server.ask("POST", "/predict", body)

    assert (given, answer["error"]["code"]) == (status, code)
    assert answer["error"]["message"]


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"age": "old"}, None, None),  # a misfit that the schema allows counts as missing
        ({"age": 121}, "age", "a number from 0 to 120, or null"),
        ({"income": "much"}, "income", "a number, or null"),
        ({"income": 1e999}, "income", "a number, or null"),
        ({"town": ["Ulm"]}, "town", "a text, or null"),
        ({"plan": None}, "plan", "one of 'basic', 'extra', 'full'"),
        ({"plan": "none"}, "plan", "one of 'basic', 'extra', 'full'"),
        ({"twon": "Ulm"}, "twon", "a field of the schema"),
        ({"person": "p1", "bought": "yes"}, None, None),  # what the schema knows and the model does not need
    ],
)
def test_a_field_that_breaks_the_schema_is_named_with_what_is_expected(server, change, field, expected):
    body = json.dumps({**ROW, **change}).replace("Infinity", "1e999")

    status, _, answer = server.ask("POST", "/predict", body)

    if field is None:
        assert status == 200, answer
        return
    if status == 400:  # numbers that no float holds are no JSON to the parser
        assert "1e999" in body
        return
    assert (status, answer["error"]["code"]) == (422, "ROWS-REFUSED")
    assert [(problem["field"], problem["expected"]) for problem in answer["error"]["problems"]] == [(field, expected)]
    assert repr(field) in answer["error"]["message"]


def test_fields_that_are_missing_are_all_named(server):
    _, _, answer = server.ask("POST", "/predict", {"age": 3, "incomes": 3})

    named = {problem["field"] for problem in answer["error"]["problems"]}
    assert named == {"income", "member", "since", "town", "zone", "plan", "incomes"}
    assert "the data lack 6 needed columns: 'income'" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/predict", {}, 405),
        ("DELETE", "/model", {}, 405),
        ("POST", "/nowhere", {}, 404),
        ("GET", "/", {}, 404),
        ("POST", "/predict", {"Content-Type": "text/csv"}, 415),
        ("POST", "/predict", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/predict/", {}, 404),
        ("GET", "/" + "x" * 1500, {}, 404),
    ],
)
def test_wrong_methods_paths_and_types_are_told_the_right_ones(server, method, path, headers, status):
    given, _, answer = server.ask(method, path, b"{}", headers)

    assert given == status, answer
    assert any(word in answer["error"]["message"] for word in ("GET", "POST", "application/json", "/predict"))


BODY = json.dumps(ROW).encode()


def request(body=BODY, *headers, start="POST /predict HTTP/1.1", length=True):
    lines = [start, "Host: x", "Authorization: Bearer secret", *headers]
    lines += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def statuses(heard):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", heard)]


def test_requests_that_come_together_are_answered_in_order(server):
    ages = [request(json.dumps({**ROW, "age": age}).encode()) for age in (10, 200, 90)]

    heard = server.raw(b"".join(ages) + request(start="GET /health HTTP/1.1", body=b""))

    assert statuses(heard) == [200, 422, 200, 200]
    assert heard.endswith(b'{"status":"ok"}')


def test_a_body_in_chunks_and_byte_by_byte_is_read(server):
    body = json.dumps(ROW).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:20], body[20:])) + b"0\r\n\r\n"
    whole = request(b"", "Transfer-Encoding: chunked", length=False) + chunks

    assert statuses(server.raw(whole)) == [200]
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
        for place in range(0, len(whole), 7):
            caller.sendall(whole[place : place + 7])
        assert caller.recv(2**16).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (request(b"", "Content-Length: x", length=False), 400),
        (request(b"{}", "Transfer-Encoding: chunked"), 400),
        (request(b"zz\r\n", "Transfer-Encoding: chunked", length=False), 400),
        (request(b"", "Upgrade: websocket", "Connection: Upgrade", length=False, start="GET /health HTTP/1.1"), 400),
        (request(b"", f"X: {'y' * 3000}", length=False), 431),
        (request(b"", *(f"X{number}: 1" for number in range(120)), length=False), 431),
        (request(b"", "Content-Length: 999999999999", length=False), 413),
        (b"POST /predict HTTP/1.1\r\nX: " + b"y" * 5000, 431),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bytes_that_are_no_request_are_refused_and_the_connection_ends(server, data, status):
    heard = server.raw(data, ends=False, timeout=3)

    assert statuses(heard) == [status]
    assert b"Connection: close" in heard
    assert json.loads(heard.partition(b"\r\n\r\n")[2])["error"]["message"]


def test_a_long_body_in_chunks_is_refused_before_it_has_come(server):
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"

    heard = server.raw(request(b"", "Transfer-Encoding: chunked", length=False) + chunk * 50, ends=False, timeout=3)

    assert statuses(heard) == [413]


def test_who_is_slow_is_sent_away_and_others_are_answered(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as slow:
        slow.sendall(request()[:-10])
        began = time.monotonic()
        assert server.predict(ROW)
        heard = slow.recv(2**16)

    assert heard.startswith(b"HTTP/1.1 408")
    assert 0.5 < time.monotonic() - began < 4


def test_who_asks_and_does_not_listen_costs_no_memory(server):
    (worker,) = server.workers()
    before, page = resident(worker), request(b"", start="GET /docs HTTP/1.1")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as deaf:
        deaf.setblocking(False)
        sent, end = 0, time.monotonic() + 0.7
        while time.monotonic() < end:
            try:
                sent += deaf.send(page * 500)
            except BlockingIOError:
                time.sleep(0.01)
        grown = resident(worker) - before
        heard_of = until(lambda: server.events("slow-reader"), 5)

    assert sent > 2_000 * len(page)  # pages of 15 MiB
    assert grown < 5_000
    assert heard_of
    assert server.predict(ROW)


def test_half_a_request_leaves_nothing_behind(server):
    for end in (1, 30, 120):
        server.raw(request()[:end])

    assert until(lambda: server.metric("mesic_connections ") == 1)  # the one that asks


def test_more_connections_than_there_may_be_are_told_to_come_again(server):
    held = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(55)]
    try:
        last = held[-1].recv(2**16)
    finally:
        for caller in held:
            caller.close()

    assert last.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 1" in last
    assert until(lambda: server.metric("mesic_connections ") == 1)


def test_work_that_piles_up_is_refused_with_a_time_to_come_again(bundle, tmp_path):
    with Served(tmp_path, bundle.folder, "queue_s=0.0001") as served:
        several = request(json.dumps({"rows": [ROW] * 100}).encode()) * 8
        heard = served.raw(several)

    assert statuses(heard)[0] == 200
    assert set(statuses(heard)) == {200, 503}
    assert len(statuses(heard)) == 8
    assert b"Retry-After: 1" in heard


def garbage(random):
    """Return bytes that are somewhat like requests."""
    data = bytearray(request(json.dumps({**ROW, "age": random.choice([1, "x", None, [], {}, 1e9])}).encode()))
    for _ in range(random.randint(1, 8)):
        place = random.randrange(len(data))
        action = random.randrange(4)
        if action == 0:
            data[place] = random.randrange(256)
        elif action == 1:
            del data[place : place + random.randint(1, 20)]
        elif action == 2:
            data[place:place] = random.randbytes(random.randint(1, 20))
        else:
            data[place:place] = data[: random.randint(1, 60)]
        data = data or bytearray(b"x")
    return bytes(data) * random.choice((1, 1, 1, 2))


def test_raw_bytes_do_no_harm(server):
    chance, seen = random.Random(7), set()
    worker = server.workers()
    memory = resident(worker[0])

    def throw(pieces):
        for piece in pieces:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as caller:
                try:
                    caller.sendall(piece)
                    caller.shutdown(socket.SHUT_WR)
                    heard = b""
                    while part := caller.recv(2**16):
                        heard += part
                except ConnectionError:
                    continue
                seen.update(statuses(heard))

    pieces = [garbage(chance) for _ in range(3000)]
    threads = [threading.Thread(target=throw, args=(pieces[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {200, 400, 422} <= seen
    assert not [status for status in seen if status >= 500], server.log.read_text()[-2000:]
    assert server.workers() == worker
    assert resident(worker[0]) < memory + 30_000
    assert server.predict(ROW)


def resident(pid):
    """Return the KiB of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def test_a_killed_process_is_replaced_and_who_waits_is_answered(bundle, tmp_path):
    with Served(tmp_path, bundle.folder) as served:
        (first,) = served.workers()
        os.kill(first, signal.SIGKILL)

        answer = served.predict(ROW)  # the socket stays open meanwhile

        assert answer["bundle"] == bundle.digest
        assert served.workers() != [first]
        assert served.events("worker-ended")[0]["pid"] == first
        assert served.metric("mesic_starts_total") == 2


def test_nothing_is_left_behind(bundle, tmp_path):
    with Served(tmp_path, bundle.folder, "workers=2", "grace_s=5") as served:
        workers = served.workers()
        keeps = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        served.predict(ROW, connection=keeps)

        assert len(workers) == 2
        assert served.stop() == 0
        assert not any(map(is_alive, workers))
        assert list(tmp_path.glob("mesic-*")) == []
        keeps.close()
    with Served(tmp_path, bundle.folder) as served:
        workers = served.workers()
        assert len(list(tmp_path.glob("mesic-*"))) == 1
        served.process.kill()  # the server itself struck down: those that it started end, too
        served.process.wait()

        assert until(lambda: not any(map(is_alive, workers)))
        assert list(tmp_path.glob("mesic-*")) == []


def test_another_bundle_is_taken_into_use_and_no_request_is_lost(tmp_path):
    place = tmp_path / "current"
    old, new = make_bundle(tmp_path / "old"), make_bundle(tmp_path / "new", steps=PIPELINES["mean"](), pipeline="mean")
    shutil.copytree(old.folder, place)
    answers, ended = [], threading.Event()
    with Served(tmp_path, place, "workers=2", token="secret") as served:

        def keep_asking():
            caller = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
            while not ended.is_set():
                answers.append(served.predict(ROW, connection=caller))
            caller.close()

        threads = [threading.Thread(target=keep_asking) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            shutil.rmtree(place)
            shutil.copytree(new.folder, place)
            status, _, told = served.ask("POST", "/reload")
        finally:
            time.sleep(0.2)
            ended.set()
            for thread in threads:
                thread.join()

        assert (status, told["workers"]) == (200, 2)
        assert served.predict(ROW)["bundle"] == new.digest
        right = {bundle.digest: wanted(bundle) for bundle in (old, new)}
        assert {answer["bundle"] for answer in answers} == set(right)
        for answer in answers:
            assert {name: answer[name] for name in wanted(old)} == right[answer["bundle"]]
        os.kill(served.workers()[0], signal.SIGKILL)
        assert until(lambda: len(served.events("verified")) == 5)
        assert {served.predict(ROW)["bundle"] for _ in range(5)} == {new.digest}


@pytest.mark.parametrize("harm", ["altered", "gone", "wrong"])
def test_a_bad_bundle_never_comes_into_use(bundle, tmp_path, harm):
    place = tmp_path / "current"
    shutil.copytree(bundle.folder, place)
    with Served(tmp_path, place, token="secret") as served:
        if harm == "altered":
            (place / "steps" / "01-lightgbm" / "text.txt").write_text("tree")
        elif harm == "gone":
            shutil.rmtree(place)
        else:
            spoil(place)
        status, _, told = served.ask("POST", "/reload")

        assert (status, told["error"]["code"]) == (409, "NOT-RELOADED")
        served.process.send_signal(signal.SIGHUP)
        assert until(lambda: len(served.events("not-reloaded")) == 2)
        assert served.predict(ROW)["bundle"] == bundle.digest
        os.kill(served.workers()[0], signal.SIGKILL)
        assert served.predict(ROW)["bundle"] == bundle.digest


def spoil(folder):
    """Let the end-to-end rows expect another answer than the bundle gives, every digest being right."""
    from pyarrow import parquet

    from mesic.bundle.bundle import load_bundle, write_bundle

    bundle = load_bundle(folder)
    table = parquet.ParquetFile(folder / "end_to_end.parquet").read()
    place = table.column_names.index("expected p_yes")
    table = table.set_column(place, "expected p_yes", pa.array([0.5] * len(table)))
    facts = {name: bundle.manifest[name] for name in ("task", "classes", "target")}
    write_bundle(folder, bundle.fitted, bundle.schema, facts, {"end_to_end.parquet": table})


def test_a_bundle_that_answers_differently_is_not_served(bundle, tmp_path, mesic):
    shutil.copytree(bundle.folder, tmp_path / "spoilt")
    spoil(tmp_path / "spoilt")

    done = mesic("serve", "bundle=spoilt", "port=0")

    assert done.status == 1
    assert "end-to-end row 0 differently" in done.err
    assert "Traceback" not in done.err


def test_an_expired_bundle_answers_that_it_is(bundle, tmp_path):
    with Served(tmp_path, bundle.folder, "expires=2020-01-31") as served:
        status, _, answer = served.ask("POST", "/predict", ROW)
        ready = served.ask("GET", "/ready")[0]

        assert (status, ready, answer["error"]["code"]) == (503, 503, "EXPIRED")
        assert "2020-01-31" in answer["error"]["message"]
        assert served.ask("GET", "/health")[0] == 200
        assert {event["status"] for event in served.events("refused")} == {503}


def test_a_cache_is_counted_and_told_what_it_needs_to_pay(bundle, tmp_path):
    with Served(tmp_path, bundle.folder, "cache_rows=10") as served:
        answers = [served.predict(ROW) for _ in range(5)]

        assert answers == [answers[0]] * 5
        assert (served.metric("mesic_cache_hits_total"), served.metric("mesic_cache_misses_total")) == (4, 1)
        assert served.ask("GET", "/model")[2]["cache"]["pays_from_hit_rate"] > 0


@pytest.mark.parametrize(
    ("keys", "status", "message"),
    [
        (("bundle=nowhere",), 2, "is no bundle"),
        (("bundle=x", "port=70000"), 2, "port"),
        (("bundle=x", "max_rosw=3"), 2, "max_rows"),
        (("bundle=x", "expires=soon"), 2, "a day such as"),
        (("bundle=x", "host=256.1.1.1"), 2, "cannot listen"),
    ],
)
def test_what_cannot_be_served_is_said_in_words(mesic, keys, status, message):
    done = mesic("serve", "port=0", *keys) if "port" not in str(keys) else mesic("serve", *keys)

    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_an_address_that_asks_too_often_is_told_when_to_come_again(bundle, tmp_path):
    keys = ("workers=2", "rate=0.5", "is_behind_proxy=true")
    with Served(tmp_path, bundle.folder, *keys) as served:
        ada = [served.ask("POST", "/predict", ROW, headers={"X-Forwarded-For": f"10.0.0.{n}, ada"}) for n in range(4)]
        bob = served.ask("POST", "/predict", ROW, headers={"X-Forwarded-For": "ada, bob"})
        healthy = [served.ask("GET", "/health", headers={"X-Forwarded-For": "ada"})[0] for _ in range(4)]

        assert [status for status, *_ in ada] == [200, 200, 429, 429]
        assert ada[-1][2]["error"]["code"] == "TOO-MANY-REQUESTS"
        assert 1 <= int(ada[-1][1]["Retry-After"]) <= 2
        assert bob[0] == 200
        assert healthy == [200] * 4
        assert served.metric('mesic_requests_total{route="/predict",status="429"}') == 2


def test_an_artefact_says_its_version_and_last_day_also_when_it_is_replaced(tmp_path, bundle):
    from tests.engine.artefacts_to_serve import write_artefact

    write_artefact(tmp_path / "art", bundle.folder, version="1", unknown="ignore")
    with Served(tmp_path, None, f"artefact={tmp_path / 'art'}") as served:
        first = served.predict({**ROW, "more": 1})
        shutil.rmtree(tmp_path / "art")
        write_artefact(tmp_path / "art", bundle.folder, version="2", unknown="ignore")
        os.kill(served.process.pid, signal.SIGHUP)
        assert until(lambda: served.events("reloaded"))
        second = served.predict(ROW)

        (tmp_path / "art/serve.yaml").write_text("version: '3'\n")
        os.kill(served.process.pid, signal.SIGHUP)
        assert until(lambda: served.events("not-reloaded"))
        assert "serve.yaml was altered" in served.events("not-reloaded")[0]["why"]

    assert (first["version"], second["version"]) == ("1", "2")
    assert first["bundle"] == bundle.digest
