"""What the server replies, without a socket: releases side by side, caches, expiry, failures."""

import asyncio
import dataclasses
import json
import mmap
import time

import numpy as np
import pytest
from tests.engine.bundles_to_serve import CODES, ROW, booster, make_bundle

pytest.importorskip("msgspec", reason="the extra serve is not installed")

from mesic.bundle.step import PortableStep
from mesic.errors import CheckFailed, SettingError
from mesic.serving.caching import AnswerCache, break_even
from mesic.serving.counters import Counters, shared_memory_size
from mesic.serving.door import check_through_door
from mesic.serving.messages import Request
from mesic.serving.release import Release, expiry
from mesic.serving.service import Service
from mesic.serving.settings import ServeSettings

SETTINGS = ServeSettings(bundle="b")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    return [make_bundle(folder / str(seed), steps=[CODES, booster("binary", seed)]) for seed in (1, 2)]


def service_of(release, settings=SETTINGS):
    service = Service(settings, Counters(mmap.mmap(-1, shared_memory_size(1)), 0))
    service.use(release)
    return service


def asked(service, body=ROW, path="/predict", method="POST", query=""):
    """Return status and body of what is replied, asked in a loop of its own."""

    async def ask():
        request = Request(method, path, query, {}, json.dumps(body).encode())
        reply = service.reply(request)
        service.replied(request, reply, 0.001)
        return reply

    reply = asyncio.run(ask())
    return reply.status, json.loads(reply.body)


def test_a_kept_answer_never_outlives_its_bundle(bundles):
    settings = dataclasses.replace(SETTINGS, cache_rows=10)
    wanted = {bundle.digest: bundle.predict(rows_table()).p_yes[0] for bundle in bundles}
    service = service_of(Release(bundles[0], settings), settings)
    releases = [Release(bundle, settings) for bundle in bundles]

    for number in range(1000):
        service.use(releases[number % 2])
        _, answer = asked(service)
        assert answer["bundle"] == bundles[number % 2].digest
        assert answer["p_yes"] == wanted[answer["bundle"]]

    assert len(set(wanted.values())) == 2
    assert service.counters.total("mesic_reloads_total") == 1000
    assert service.counters.total("mesic_cache_hits_total") == 998


def rows_table():
    import pyarrow as pa

    return pa.Table.from_pylist([ROW])


def test_ten_rows_that_come_again_are_worked_out_once(bundles):
    settings = dataclasses.replace(SETTINGS, cache_rows=10)
    release = Release(bundles[0], settings)

    for number in range(10_000):
        release.answer({**ROW, "age": float(number % 10)})

    assert (release.cache.hits, release.cache.misses) == (9990, 10)


def test_every_answer_passes_one_place_with_what_gave_it(bundles):
    seen, first, second = [], Release(bundles[0], SETTINGS), Release(bundles[1], SETTINGS)
    service = service_of(first)
    service.observers.append(lambda *told: seen.append(told))

    asked(service)
    service.use(second)
    asked(service, {"rows": [ROW, ROW]})
    asked(service, {"rows": [ROW, {}]})

    assert [(release, len(rows), len(answers)) for release, rows, answers, _ in seen] == [(first, 1, 1), (second, 2, 2)]
    assert seen[0][2] == [first.answer(ROW)]


def test_an_answer_that_is_no_number_is_an_error_with_a_line_in_the_log(tmp_path, capsys):
    line = {"coef": np.array([[1e308, 1e308]]), "intercept": np.array([0.0])}
    codes = PortableStep("codes", {"columns": [{"name": name, "kind": "number"} for name in ("age", "income")]})
    steps = [codes, PortableStep("linear", {"link": "identity", "classes": 0}, line)]
    rows = [{"age": 0, "income": 0}]
    service = service_of(Release(make_bundle(tmp_path / "b", "value", steps=steps, rows=rows), SETTINGS))

    with np.errstate(all="ignore"):
        for body in ({"age": 100, "income": 1e9}, {"rows": [{"age": 100, "income": 1e9}]}):
            reply = asked(service, body)
            assert (reply[0], reply[1]["error"]["code"]) == (500, "NO-DECISION")
            assert json.loads(capsys.readouterr().err)["status"] == 500


def test_what_goes_wrong_inside_is_logged_and_the_next_request_answered(bundles, monkeypatch, capsys):
    release = Release(bundles[0], SETTINGS)
    service, right = service_of(release), release.answer

    monkeypatch.setattr(release, "answer", lambda *a, **k: 1 / 0)
    status, told = asked(service)
    monkeypatch.setattr(release, "answer", right)

    assert (status, told["error"]["code"]) == (500, "FAILED")
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "division" not in json.dumps(told)
    assert asked(service)[0] == 200


def test_a_bundle_stops_answering_when_its_last_day_has_passed(bundles, monkeypatch):
    service = service_of(Release(bundles[0], dataclasses.replace(SETTINGS, expires="2030-01-31")))

    statuses = []
    for moment in ("2030-01-31T23:59:59", "2030-02-01T00:00:00"):
        now = float(np.datetime64(moment, "s").astype(int))
        monkeypatch.setattr(time, "time", lambda now=now: now)
        statuses.append(asked(service)[0])

    assert statuses == [200, 503]
    with pytest.raises(SettingError, match="expires='2030-02-31'"):
        expiry("2030-02-31")


def test_before_a_bundle_is_verified_nothing_is_answered():
    service = Service(SETTINGS, Counters(mmap.mmap(-1, shared_memory_size(1)), 0))

    for path, method in (("/predict", "POST"), ("/ready", "GET"), ("/model", "GET"), ("/openapi.json", "GET")):
        status, told = asked(service, path=path, method=method)
        assert (status, told["error"]["code"]) == (503, "NOT-READY")
    assert asked(service, path="/health", method="GET")[0] == 200


def test_the_door_lets_no_other_answer_pass(bundles, tmp_path):
    pytest.importorskip("httptools", reason="the extra serve is not installed")
    first, second = (Release(bundle, SETTINGS) for bundle in bundles)

    assert asyncio.run(check_through_door(service_of(first), first)) == 1
    with pytest.raises(CheckFailed, match="differently through the server: p_no"):
        asyncio.run(check_through_door(service_of(second), first))


class Deaf:
    """The end of a caller who takes one reply and then none, until it is told to listen."""

    def __init__(self):
        self.written, self.is_reading, self.listens = [], True, False

    def write(self, data):
        self.written.append(data)
        if not self.listens:
            self.connection.pause_writing()

    def get_extra_info(self, name):
        return None

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True

    def is_closing(self):
        return False


def test_who_does_not_take_answers_is_given_no_more_until_they_are_taken(bundles):
    connecting = pytest.importorskip("mesic.serving.connection", reason="the extra serve is not installed")
    caller = Deaf()
    caller.connection = connecting.Connection(service_of(Release(bundles[0], SETTINGS)))
    caller.connection.connection_made(caller)

    caller.connection.data_received(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
    at_first = len(caller.written), caller.is_reading
    caller.listens = True
    caller.connection.resume_writing()

    assert at_first == (1, False)
    assert (len(caller.written), caller.is_reading) == (50, True)


def test_counters_of_all_processes_are_told_together_and_outlive_them():
    memory = mmap.mmap(-1, shared_memory_size(2))
    first, second = Counters(memory, 0), Counters(memory, 1)
    first.request("/predict", 200, 0.003)
    second.request("/predict", 200, 2.0)
    second.request("/strange", 404, 0.0)
    second.set("mesic_connections", 3)

    text = Counters(memory, 0).text().splitlines()  # the first was killed, and is there again

    assert 'mesic_requests_total{route="/predict",status="200"} 2' in text
    assert 'mesic_requests_total{route="other",status="404"} 1' in text
    assert "mesic_connections 3" in text
    assert 'mesic_predict_seconds_bucket{le="0.005"} 1' in text
    assert 'mesic_predict_seconds_bucket{le="+Inf"} 2' in text
    assert "mesic_predict_seconds_sum 2.003000" in text


def test_a_cache_pays_from_where_its_look_is_cheaper_than_the_answer():
    def slow():
        time.sleep(0.0005)
        return (1.0,)

    assert break_even(slow, lambda: b"row") < 0.5
    assert break_even(lambda: [1.0], slow) > 1
    assert AnswerCache(3).answer("row", lambda: [1.0]) == [1.0]
