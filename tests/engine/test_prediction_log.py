"""The log of predictions in one process: what is written, read, left out, and what a failing disk does."""

import asyncio
import dataclasses
import json
import math
import mmap
import os
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.engine.bundles_to_serve import COLUMNS, PIPELINES, ROW, make_bundle

pytest.importorskip("msgspec", reason="the extra serve is not installed")

import mesic
from mesic.data.schema import Column
from mesic.errors import DataError, SettingError, UsageError
from mesic.predictions import files
from mesic.predictions.files import LogFile, batches_of, recover
from mesic.predictions.folder import make_room
from mesic.predictions.inputs import moment_text
from mesic.predictions.layout import LogFacts, facts_of, schema_of
from mesic.predictions.recorder import HASHES, is_drawn, recorder_of
from mesic.predictions.replaying import replay
from mesic.serving.asking import named
from mesic.serving.cells import reader_of
from mesic.serving.counters import Counters, shared_memory_size
from mesic.serving.messages import Request
from mesic.serving.release import Release
from mesic.serving.service import Service
from mesic.serving.settings import LogSettings, ServeSettings
from mesic.verbs.serve import _refuse_others, with_replay

SECRET = "p3rs0nal-value"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("logged") / "bundle")


class Logged:
    """A service with a log; use it in a ``with``, at whose end the log is closed."""

    def __init__(self, bundle, folder, unknown="refuse", cache_rows=0, **keys):
        log = LogSettings(folder=str(folder), **{"flush_s": 60.0, **keys})
        self.settings = ServeSettings(bundle=str(bundle.folder), unknown=unknown, cache_rows=cache_rows, log=log)
        self.counters = Counters(mmap.mmap(-1, shared_memory_size(1)), 0)
        self.service, release = Service(self.settings, self.counters), Release(bundle, self.settings)
        self.service.use(release)
        self.recorder = recorder_of(self.settings, self.counters, release)
        self.recorder.watch(self.service)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.recorder.close(20)

    def use(self, bundle):
        self.service.use(Release(bundle, self.settings))

    def ask(self, body, query="", address="", **headers):
        sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        request = Request("POST", "/predict", query, sent, json.dumps(body).encode(), address)

        async def reply():
            return self.service.reply(request)

        told = asyncio.run(reply())
        return told.status, json.loads(told.body)

    def flush(self):
        self.recorder._wake.set()
        end = time.monotonic() + 20
        while self.recorder.waiting and time.monotonic() < end:
            time.sleep(0.005)


def frame_of(folder):
    return pa.concat_tables(mesic.prediction_log(folder)).to_pandas()


def bytes_of(folder):
    """Return all bytes of all files, also as they are without compression."""
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    plain = pa.BufferOutputStream()
    for path in folder.iterdir():
        for batch in batches_of(path):
            with pa.ipc.new_stream(plain, batch.schema) as writer:
                writer.write_batch(batch)
    return raw + plain.getvalue().to_pybytes()


def test_rows_are_logged_typed_with_their_answers_and_pandas_reads_them(bundle, tmp_path):
    rows = [ROW, {**ROW, "age": "31", "town": "Rome", "zone": None, "member": None, "since": None}]
    with Logged(bundle, tmp_path, caller="x-client", key="k" * 16) as logged:
        _, one = logged.ask(ROW, x_request_id="order-7", x_client="shop")
        _, many = logged.ask({"rows": rows})

    (path,) = tmp_path.glob("*.arrow")
    log = pd.read_feather(path)
    assert log.request_id.tolist() == ["order-7", many["request_id"], many["request_id"]]
    assert log.row.tolist() == [0, 0, 1]
    assert set(log.bundle) == {bundle.digest}
    assert log.p_yes.tolist() == [one["p_yes"], *(answer["p_yes"] for answer in many["predictions"])]
    assert log.prediction.tolist() == [one["prediction"], *(answer["prediction"] for answer in many["predictions"])]
    assert log["input.age"].tolist() == [31.5, 31.5, 31.0]
    assert log["input.town"].tolist() == ["Ulm", "Ulm", "Rome"]
    assert log["input.zone"].tolist()[:2] == ["2", "2"]
    assert log.loc[2, ["input.zone", "input.member", "input.since"]].isna().all()
    assert log["input.since"][0] == pd.Timestamp("2024-02-29T12:30:00Z")
    assert log.propensity.tolist() == [1.0] * 3
    assert log.caller.isna().tolist() == [False, True, True]
    assert (pd.Timestamp.now("UTC") - log.time).dt.total_seconds().between(0, 60).all()
    assert (log.latency_us > 0).all()
    assert log.refused.isna().all()


def test_refused_rows_are_told_with_the_reason_or_left_out(bundle, tmp_path):
    rows = [ROW, {**ROW, "age": 200}, 5, {**ROW, "agee": "x"}]
    for place, keys in ((tmp_path / "all", {}), (tmp_path / "answered", {"refused": False})):
        with Logged(bundle, place, **keys) as logged:
            logged.ask({"rows": rows})
            logged.ask(ROW)

    log = frame_of(tmp_path / "all")
    assert log.refused.isna().tolist() == [False] * 4 + [True]
    assert "another row" in log.refused[0]
    assert "breaks 'range: [0, 120]'" in log.refused[1]
    assert "no object" in log.refused[2]
    assert json.loads(log.as_given[1]) == rows[1]
    assert json.loads(log.as_given[3]) == {**ROW, "agee": None}
    assert len(frame_of(tmp_path / "answered")) == 1


def test_what_is_redacted_leaves_no_trace(bundle, tmp_path):
    town = {**ROW, "town": SECRET}
    for place, keys in ((tmp_path / "plain", {}), (tmp_path / "redacted", {"redact": ["town", "age"]})):
        with Logged(bundle, place, **keys) as logged:
            logged.ask(town)
            logged.ask({"rows": [town, {**town, "age": f"{SECRET}-2"}, {**town, "towne": SECRET}]})
            logged.ask({**ROW, "income": [1], "age": 987654.0})
            logged.ask({**ROW, "town": {"name": SECRET}})

    assert SECRET.encode() in bytes_of(tmp_path / "plain")
    assert b"987654" in bytes_of(tmp_path / "plain")
    assert SECRET.encode() not in bytes_of(tmp_path / "redacted")
    assert b"987654" not in bytes_of(tmp_path / "redacted")
    log = frame_of(tmp_path / "redacted")
    assert log[["input.town", "input.age"]].isna().all(axis=None)
    (table,) = mesic.prediction_log(tmp_path / "redacted")
    assert facts_of(table.schema, "it").redacted == ("age", "town")


def test_a_redacted_field_must_be_one_that_the_bundle_reads(bundle, tmp_path):
    with pytest.raises(UsageError, match=r"log\.redact names 'twon'.*did you mean 'town'"):
        Logged(bundle, tmp_path, redact=["twon"])


def test_callers_are_hashed_under_a_secret(bundle, tmp_path):
    found = []
    for place, key in (("a", "k" * 16), ("b", "k" * 16), ("c", "l" * 16)):
        with Logged(bundle, tmp_path / place, caller="address", key=key) as logged:
            logged.ask(ROW, address="203.0.113.77")
            logged.ask(ROW, address="203.0.113.78")
        found.append(frame_of(tmp_path / place).caller.tolist())
        assert b"203.0.113.77" not in bytes_of(tmp_path / place)
        assert key.encode() not in bytes_of(tmp_path / place)

    assert found[0] == found[1]
    assert not set(found[0]) & set(found[2])
    assert len(set(found[0])) == 2


@pytest.mark.parametrize(
    ("keys", "workers", "words"),
    [
        ({"caller": "address"}, 1, "log.key=None cannot work: give a secret of 16 letters"),
        ({"caller": "address", "key": "short"}, 1, r"log.key='\*\*\*' cannot work"),
        ({"max_mib": 40.0}, 2, "log.max_mib=40.0 cannot work: give at least 64"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(keys, workers, words):
    with pytest.raises(SettingError, match=words):
        LogSettings(folder="log", **keys).check(workers)


@pytest.mark.parametrize("given", ["", "a b", 'a"b', "a\\b", "x" * 129, "é"])
def test_an_id_that_could_be_mistaken_is_refused(bundle, tmp_path, given):
    with Logged(bundle, tmp_path) as logged:
        status, told = logged.ask(ROW, x_request_id=given)

    assert (status, told["error"]["code"]) == (400, "WRONG-ID")
    assert list(tmp_path.iterdir()) == []


def test_replicas_draw_the_same_requests_and_as_many_as_was_asked(bundle, tmp_path):
    ids = [f"order-{number}" for number in range(400)]
    drawn = []
    for place in "ab":
        with Logged(bundle, tmp_path / place, sample=0.25) as logged:
            for one in ids:
                logged.ask({"rows": [ROW, ROW]}, x_request_id=one)
        drawn.append(frame_of(tmp_path / place).request_id.tolist())
    share = np.mean([is_drawn(str(number), 0.25 * HASHES) for number in range(20_000)])

    assert drawn[0] == drawn[1]
    assert drawn[0] == [one for one in ids if is_drawn(one, 0.25 * HASHES) for _ in range(2)]
    assert abs(share - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 20_000)


HARD = {
    "age": [31, "31", 0, -0.0, None, 1e-308],
    "income": [2**60, "4e1", 40, None, 0.1],
    "member": [True, "no", 0, None, 1],
    "since": [
        "2024-02-29", "2199-12-31T23:59:59.999999Z", "9999-12-31", "1969-12-31T23:59:59.123456789Z", None, "1700-01-01",
    ],
    "town": ["Ulm", " Ulm ", "Rome", None, "", "ü€😀"],
    "zone": [2, "2.0", 3.5, "x", None, True, 1e300],
    "plan": ["full", "basic"],
}  # fmt: skip


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_what_was_logged_is_answered_again_to_the_last_bit(tmp_path, pipeline):
    bundle, chance = make_bundle(tmp_path / "bundle", pipeline), np.random.default_rng(3)
    pick = lambda name: HARD[name][chance.integers(len(HARD[name]))]  # noqa: E731
    rows = [{name: pick(name) for name in HARD} for _ in range(150)]
    if pipeline == "words":
        rows = [{"age": pick("age"), "note": note} for note in ["late again", "", None, "ü again", 3, True] * 4]
    with Logged(bundle, tmp_path / "log") as logged:
        statuses = [logged.ask(row)[0] for row in rows[: len(rows) // 2]]
        statuses += [logged.ask({"rows": rows[place : place + 5]})[0] for place in range(len(rows) // 2, len(rows), 5)]
    found = replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path / "log")]))

    assert statuses.count(200) > 5
    assert (found.replayed, found.differing) == (len(rows), 0), found.first
    assert found.is_equal


def test_times_that_are_hidden_or_missing_are_answered_again_as_they_were(tmp_path):
    columns = [*COLUMNS, Column("asked", "time", "time"), Column("knew", "time", "ignored")]
    columns[0] = Column("age", "number", available_at="knew")
    columns[4] = Column("town", "category", available_at="knew")
    bundle = make_bundle(tmp_path / "bundle", columns=columns)
    late = {**ROW, "asked": "2024-01-01", "knew": "2024-01-02"}
    rows = [late, {**late, "knew": "2023-01-01"}, {**late, "knew": None}, ROW, {**ROW, "knew": "no time"}]
    with Logged(bundle, tmp_path / "log") as logged:
        answers = [logged.ask(row)[1] for row in rows]
    found = replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path / "log")]))
    log = frame_of(tmp_path / "log")

    assert answers[0]["p_yes"] != answers[1]["p_yes"]
    assert log["input.age"].tolist() == [31.5] * 5
    assert log["input.town"].tolist() == ["Ulm"] * 5
    assert (found.replayed, found.differing) == (5, 0)


def with_column(folder, name, change):
    """Write a log again with one column changed."""
    (path,) = folder.glob("*.arrow")
    table = pa.ipc.open_file(path).read_all()
    cells = change(table[name].to_pylist())
    place = table.schema.get_field_index(name)
    table = table.set_column(place, table.schema.field(name), pa.array(cells, table.schema.field(name).type))
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def test_a_planted_difference_of_one_bit_is_found_and_named(bundle, tmp_path):
    with Logged(bundle, tmp_path) as logged:
        for age in range(20):
            logged.ask({**ROW, "age": age}, x_request_id=f"order-{age}")
    one_bit_more = lambda cells: [*cells[:7], np.nextafter(cells[7], 1), *cells[8:]]  # noqa: E731
    with_column(tmp_path, "p_no", one_bit_more)
    found = replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path)]))

    assert (found.replayed, found.differing, dict(found.columns)) == (20, 1, {"p_no": 1})
    assert found.first["p_no"]["request_id"] == "order-7"
    assert not found.is_equal
    with_column(tmp_path, "refused", lambda cells: ["planted", *cells[1:]])
    with_column(tmp_path, "as_given", lambda cells: [json.dumps(ROW), *cells[1:]])
    assert replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path)])).columns["refused"] == 1


def test_rows_of_another_bundle_and_redacted_ones_are_counted_and_show_nothing(bundle, tmp_path):
    other = make_bundle(tmp_path / "other", "mean")
    with Logged(bundle, tmp_path / "log", redact=["age"]) as logged:
        logged.ask(ROW)
        logged.use(other)
        logged.ask({"rows": [ROW, ROW]})
    found = replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path / "log")]))

    assert (found.rows, found.replayed, dict(found.skipped)) == (3, 0, {"another bundle": 2, "redacted fields": 1})
    assert not found.is_equal
    assert "nothing is shown" in "\n".join(found.lines())


def test_cached_answers_are_logged_and_answered_again(tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    with Logged(bundle, tmp_path / "log", cache_rows=5) as logged:
        for _ in range(3):
            logged.ask(ROW)
    found = replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path / "log")]))

    assert frame_of(tmp_path / "log").cache_hit.tolist() == [False, True, True]
    assert found.is_equal


def test_rows_alone_and_together_of_two_releases_stay_in_the_order_in_which_they_were_answered(bundle, tmp_path):
    shuffled, arms = np.random.default_rng(5), ("current", "candidate", None)
    with Logged(bundle, tmp_path, flush_s=0.05) as logged:
        releases = [
            Release(bundle, logged.settings),
            Release(bundle, dataclasses.replace(logged.settings, version="b")),
        ]
        for number in range(300):
            release, count = releases[shuffled.integers(2)], (1, 1, 1, 3)[shuffled.integers(4)]
            rows = [{**ROW, "age": number / 3, "town": "Ulm" if number % 5 else f"new {number}"}] * count
            answers = [release.answer(rows[0])] if count == 1 else release.answers(rows)
            asked = asked_as(number, arms[number % 3])
            logged.recorder.answered(release, rows, answers, asked)
            if not number % 50:
                logged.flush()
    tables = list(mesic.prediction_log(tmp_path))
    log = pd.concat([table.to_pandas() for table in tables]).sort_values(["time", "row"], kind="stable")
    files = [pd.concat(batch.to_pandas() for batch in batches_of(path)) for path in tmp_path.iterdir()]

    assert log.drop_duplicates("request_id").request_id.tolist() == [f"r{number}" for number in range(300)]
    assert all(file.time.is_monotonic_increasing for file in files)
    assert set(log.version) == {bundle.digest[:12], "b"}
    first = log[log.row == 0].reset_index()
    assert first.arm.fillna("none").tolist() == [arms[number % 3] or "none" for number in range(300)]
    assert first.propensity.tolist() == [(1 + number % 3) / 4 for number in range(300)]
    assert first.cache_hit.tolist() == [number % 7 == 0 for number in range(300)]
    assert (first.caller.isna() == [number % 2 == 1 for number in range(300)]).all()
    assert first["input.age"].tolist() == [number / 3 for number in range(300)]
    assert first["input.town"].tolist() == ["Ulm" if number % 5 else f"new {number}" for number in range(300)]


def asked_as(number, arm):
    asked = named(f"r{number}", time.perf_counter())
    asked.arm, asked.propensity, asked.is_kept = arm, (1 + number % 3) / 4, number % 7 == 0
    asked.caller = None if number % 2 else b"shop"
    return asked


def test_answers_that_say_more_than_scores_are_logged_and_answered_again(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(Release, "_held", lambda self, scores: [{"prediction_set": ["yes"]} for _ in scores])
    with Logged(bundle, tmp_path) as logged:
        for query in ("", "intervals=true"):
            logged.ask(ROW, query)
            logged.ask({"rows": [ROW, {**ROW, "town": "new"}]}, query)
    found = replay(ServeSettings(bundle=str(bundle.folder), replay=[str(tmp_path)]))

    assert frame_of(tmp_path).prediction_set.notna().tolist() == [False] * 3 + [True] * 3
    assert (found.replayed, found.differing) == (6, 0), found.first


def test_files_are_rotated_by_size_and_age(bundle, tmp_path):
    with Logged(bundle, tmp_path / "size", rotate_mib=0.01) as logged:
        for number in range(4):
            logged.ask({"rows": [{**ROW, "age": age / 7, "income": number + age / 3} for age in range(400)]})
            logged.flush()
        assert len(list((tmp_path / "size").glob("*.arrow"))) == 4
    with Logged(bundle, tmp_path / "age", rotate_hours=0.001, flush_s=0.05) as logged:
        logged.ask(ROW)
        logged.flush()
        (file,) = logged.recorder._writer._files.values()
        file.began -= 4
        logged.ask(ROW)
        logged.flush()
        end = time.monotonic() + 10
        while not list((tmp_path / "age").glob("*.arrow")) and time.monotonic() < end:
            time.sleep(0.01)
        assert len(list((tmp_path / "age").glob("*.arrow"))) == 1

    assert len(frame_of(tmp_path / "size")) == 1600


def test_the_folder_stays_within_its_bound_and_the_oldest_go(bundle, tmp_path):
    most, sizes = 0.1, []
    with Logged(bundle, tmp_path, rotate_mib=0.02, max_mib=most) as logged:
        for number in range(14):
            rows = [{**ROW, "age": age / 7, "income": number * 1000 + age / 3} for age in range(400)]
            logged.ask({"rows": rows}, x_request_id=f"order-{number}")
            logged.flush()
            sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
    kept = list(dict.fromkeys(frame_of(tmp_path).request_id))

    assert max(sizes) <= most * 2**20
    assert kept == [f"order-{number}" for number in range(14)][-len(kept) :]
    assert 0 < len(kept) < 14
    assert logged.counters.total("mesic_log_errors_total") == 0


def test_files_that_are_too_old_go(tmp_path):
    old, young, growing = (tmp_path / name for name in ("1.arrow", "2.arrow", "0.open"))
    for path, days in ((old, 3), (young, 1), (growing, 9)):
        path.write_bytes(b"x")
        then = time.time() - days * 86_400
        os.utime(path, (then, then))

    assert make_room(tmp_path, most_bytes=1e9, days=2) == [old]
    assert sorted(tmp_path.iterdir()) == [growing, young]


def small_schema():
    return schema_of({"age": "number"}, LogFacts("d", "v", "y", "regression", ()))


def small_batch(start, count=3):
    schema = small_schema()
    numbers, same = list(range(start, start + count)), np.zeros(count, np.int8)
    cells = {
        "request_id": [f"r{number}" for number in numbers], "row": [0] * count, "time": numbers,
        "bundle": pa.DictionaryArray.from_arrays(same, ["d"]), "version": pa.DictionaryArray.from_arrays(same, ["v"]),
        "propensity": [1.0] * count, "cache_hit": [False] * count, "prediction": [0.5] * count,
        "input.age": [float(number) for number in numbers],
    }  # fmt: skip
    columns = [
        cells[field.name]
        if isinstance(cells.get(field.name), pa.Array)
        else pa.array(cells.get(field.name, [None] * count), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def test_what_was_left_in_the_middle_of_a_batch_is_read_to_the_last_whole_one_and_sealed(tmp_path):
    file = LogFile(tmp_path, small_schema(), 0)
    file.write(small_batch(0))
    file.write(small_batch(3))
    assert recover(tmp_path) == []  # it is held by who writes it
    whole = file.path.read_bytes()
    file.abandon()
    for cut in (1, 100, 700):
        file.path.write_bytes(whole[:-cut])
        assert frame_of(tmp_path).request_id.tolist() == ["r0", "r1", "r2"]

    assert recover(tmp_path) == [file.path]
    (path,) = tmp_path.iterdir()
    assert pd.read_feather(path)["input.age"].tolist() == [0.0, 1.0, 2.0]
    assert recover(tmp_path) == []


def test_a_file_of_which_nothing_whole_is_there_is_removed(tmp_path):
    for number, content in enumerate((b"", b"ARR", b"ARROW1\0\0", b"ARROW1\0\0\xff\xff\xff\xff")):
        (tmp_path / f"20260101T000000000000Z-1-{number}.open").write_bytes(content)

    assert list(mesic.prediction_log(tmp_path)) == []
    assert len(recover(tmp_path)) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_sealed_just_before_the_process_ended_counts_once(tmp_path):
    file = LogFile(tmp_path, small_schema(), 0)
    file.write(small_batch(0))
    left = file.path.read_bytes()
    file.seal()
    file.path.write_bytes(left)

    assert len(frame_of(tmp_path)) == 3
    recover(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".arrow"]


def test_small_batches_become_large_ones_when_a_file_is_sealed(tmp_path):
    file = LogFile(tmp_path, small_schema(), 0)
    for start in range(0, 300, 3):
        file.write(small_batch(start))
    grown = file.path.stat().st_size
    file.seal()
    (path,) = tmp_path.iterdir()

    assert pa.ipc.open_file(path).num_record_batches == 1
    assert path.stat().st_size < grown / 10
    assert len(frame_of(tmp_path)) == 300


def test_files_of_several_processes_are_merged_in_order_of_time(tmp_path):
    chance, times = np.random.default_rng(1), np.arange(600)
    owner = chance.integers(0, 3, 600)
    for number in range(3):
        own = times[owner == number]
        file = LogFile(tmp_path, small_schema(), int(own[0]))
        for part in np.array_split(own, 7):
            batches = [small_batch(int(one), 1) for one in part]
            file.write(pa.Table.from_batches(batches).combine_chunks().to_batches()[0])
        file.abandon()

    tables = list(mesic.prediction_log(tmp_path, rows=100))
    assert len(tables) > 3
    assert pa.concat_tables(tables)["time"].cast(pa.int64()).to_pylist() == list(range(600))


def test_a_damaged_file_and_one_that_is_no_log_are_told(tmp_path):
    file = LogFile(tmp_path, small_schema(), 0)
    file.write(small_batch(0, 2000))
    file.seal()
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="is damaged"):
        list(mesic.prediction_log(path))
    path.write_bytes(b"a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="no file of Arrow"):
        list(mesic.prediction_log(path))
    pd.DataFrame({"a": [1]}).to_feather(path)
    with pytest.raises(DataError, match="no log of predictions"):
        list(mesic.prediction_log(path))
    with pytest.raises(UsageError, match="there is no file of a log"):
        list(mesic.prediction_log(tmp_path / "nothing"))


def test_a_disk_that_fails_costs_rows_that_are_counted_and_one_line_and_nothing_else(
    bundle, tmp_path, monkeypatch, capsys
):
    def full(self, batch):
        raise OSError(28, "No space left on device")

    writes = files.LogFile.write
    with Logged(bundle, tmp_path, buffer_rows=10, flush_s=0.05) as logged:
        logged.ask({"rows": [ROW] * 4})
        logged.flush()
        monkeypatch.setattr(files.LogFile, "write", full)
        assert all(logged.ask(ROW)[0] == 200 for _ in range(15))
        end = time.monotonic() + 10
        while logged.counters.total("mesic_log_errors_total") < 3 and time.monotonic() < end:
            time.sleep(0.01)
        dropped = logged.counters.total("mesic_log_dropped_rows_total")
        monkeypatch.setattr(files.LogFile, "write", writes)
        logged.flush()
        logged.ask(ROW)
    told = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]

    assert dropped == 5
    assert logged.counters.total("mesic_log_errors_total") >= 3
    assert logged.counters.total("mesic_log_rows_total") == len(frame_of(tmp_path)) == 15
    assert told.count("log-failed") == told.count("log-writes-again") == 1
    assert not list(tmp_path.glob("*.open"))


def test_a_row_that_cannot_be_told_is_counted_and_the_log_goes_on(bundle, tmp_path, monkeypatch, capsys):
    from mesic.predictions import columns

    monkeypatch.setattr(columns.Encoder, "batch", lambda *a: 1 / 0)
    with Logged(bundle, tmp_path) as logged:
        logged.ask({"rows": [ROW] * 3})
        logged.flush()
        monkeypatch.undo()
        logged.ask(ROW)

    assert logged.counters.total("mesic_log_dropped_rows_total") == 3
    assert len(frame_of(tmp_path)) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_without_a_folder_nothing_is_taken_note_of(bundle):
    settings = ServeSettings(bundle=str(bundle.folder))

    assert Service(settings, Counters(mmap.mmap(-1, shared_memory_size(1)), 0)).identifier is None


@pytest.mark.parametrize("given", [*HARD["since"][:-2], "2024-01-31T00:00:00.123456789Z", "3000-01-01T00:00:00.001Z"])
def test_a_moment_has_a_text_that_is_read_as_it(given):
    read = reader_of(Column("since", "time"))

    assert read(moment_text(read(given), read)) == read(given)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (["--replay", "log"], ["replay=['log']"]),
        (["--replay=log", "bundle=b"], ["bundle=b", "replay=['log']"]),
        (["--replay", "a.arrow", "b.arrow", "bundle=b"], ["bundle=b", "replay=['a.arrow','b.arrow']"]),
        (["replay=it's here"], [r"replay=['it\'s here']"]),
        (["replay=[a,b]"], ["replay=[a,b]"]),
        (["bundle=b", "port=1"], ["bundle=b", "port=1"]),
    ],
)  # fmt: skip
def test_the_log_to_replay_is_typed_as_a_flag_or_a_key(typed, found):
    assert with_replay(typed) == found


def test_a_stream_knows_no_callers():
    log = LogSettings(folder="log", caller="address", key="k" * 16)

    with pytest.raises(UsageError, match="records name no caller"):
        _refuse_others(ServeSettings(bundle="b", stream={"name": "stdin"}, log=log))


def test_a_flag_without_a_log_is_refused():
    with pytest.raises(UsageError, match="--replay needs a log"):
        with_replay(["bundle=b", "--replay"])
