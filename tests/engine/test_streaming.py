"""The flow of records: replies, checkpoints, dead letters, reloads, whatever the stream is."""

import dataclasses
import json
import shutil
import time
from dataclasses import replace

import pyarrow as pa
import pytest
from tests.engine.bundles_to_serve import ROW, make_bundle

from mesic.errors import CheckFailed, ConfigError, UsageError
from mesic.predictions.reading import prediction_log
from mesic.predictions.recorder import HASHES, is_drawn
from mesic.predictions.replaying import replay
from mesic.serving.settings import LogSettings, ServeSettings
from mesic.streaming.answering import Answering
from mesic.streaming.checkpoint import Checkpoint, Progress
from mesic.streaming.flow import Flow
from mesic.streaming.registration import Registration
from mesic.streaming.settings import StreamOptions
from mesic.streaming.starting import let_flow
from mesic.streaming.stream import Record
from mesic.streaming.verifying import verified


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("streamed") / "bundle")


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("streamed") / "newer", "mean")


def released(bundle, **facts):
    return verified(bundle.folder, ServeSettings(bundle=str(bundle.folder), **facts))


class Listed:
    """A stream of records in memory; what is written after the last commit can be looked at."""

    resumes, writes_stdout, usual_checkpoint = True, False, None

    def __init__(self, values, at_read=None):
        self.records = [Record(value, str(place)) for place, value in enumerate(values)]
        self.place, self.lines, self.largest, self.commits, self.at_read = 0, [], 0, [], at_read or (lambda place: None)

    def identity(self):
        return {"input": "a list", "output": "another"}

    def open(self, position):
        self.place = 0 if position is None else position["place"]

    def read(self, most, wait_s):
        self.at_read(self.place)
        found = self.records[self.place : self.place + most]
        self.place += len(found)
        self.largest = max(self.largest, len(found))
        return found or None

    def write(self, replies):
        self.lines += [json.loads(reply.line) for reply in replies]

    def commit(self):
        self.commits.append(self.place)
        return {"place": self.place}

    def lag(self):
        return len(self.records) - self.place, "records"

    def close(self):
        self.is_closed = True


def flow_of(stream, release, checkpoint=None, reload=None, **options):
    kept = None if checkpoint is None else Checkpoint(checkpoint, stream.identity())
    return Flow(stream, StreamOptions(**options), release, reload=reload or (lambda: release), checkpoint=kept)


def row(**changes):
    return json.dumps({**ROW, **changes}).encode()


BAD = [
    (b"{", "NO-JSON"),
    (b'{"age": NaN}', "NO-JSON"),
    (b"\xff", "NO-JSON"),
    (b"[" * 100_000, "NO-JSON"),
    (b"[1]", "NO-OBJECT"),
    (row(id=None), "NO-ID"),
    (row(id=1.5), "NO-ID"),
    (row(), "NO-ID"),
    (row(id=1, key=[1]), "NO-KEY"),
    (row(id=1, age=121), "ROW-REFUSED"),
    (row(id=1, twon="Ulm"), "ROW-REFUSED"),
    (b'{"id": 1}', "ROW-REFUSED"),
]


@pytest.mark.parametrize(("value", "code"), BAD, ids=lambda part: repr(part)[:25])
def test_a_bad_record_is_refused_by_name_and_its_neighbours_are_answered(bundle, value, code):
    stream = Listed([row(id="a"), value, row(id="b", age=50)])

    counts = flow_of(stream, released(bundle), id="id", key="key").run()

    first, bad, last = stream.lines
    assert bad["error"]["code"] == code
    assert bad["error"]["message"]
    assert bad["offset"] == "1"
    assert (counts.records, counts.refused) == (3, 1)
    for line, wanted in ((first, ROW), (last, {**ROW, "age": 50})):
        expected = bundle.predict(pa.Table.from_pylist([wanted])).iloc[0].to_dict()
        assert {name: line[name] for name in expected} == expected
        assert line["bundle"] == bundle.digest


@pytest.mark.parametrize("pipeline", ["boosted", "mean", "words", "decided"])
def test_a_record_gets_the_same_bytes_whatever_is_read_beside_it(tmp_path, pipeline):
    made = make_bundle(tmp_path / "bundle", pipeline)
    rows = [{**ROW, "age": age, "note": f"late {age}"} for age in (*range(0, 130, 7), None, "old")]
    records = [Record(json.dumps(one).encode(), str(place)) for place, one in enumerate(rows)]
    answering = Answering(released(made, unknown="ignore"), StreamOptions())

    alone = [answering.replies([record])[0].line for record in records]
    together = [reply.line for reply in answering.replies(records)]

    assert together == alone
    assert len(set(alone)) > 10


def test_only_rows_that_were_answered_are_observed(bundle):
    seen, refused = [], []
    flow = flow_of(Listed([row(), row(age=121), row(age=3)]), released(bundle))
    flow.observers.append(lambda *told: seen.append(told))
    flow.refusal_observers.append(refused.append)

    flow.run()

    ((_, rows, answers, asked),) = seen
    assert [one["age"] for one in rows] == [31.5, 3]
    assert all("p_yes" in answer for answer in answers)
    assert [one.request_id for one in asked] == ["0", "2"]
    assert [(one.rows[0]["age"], one.asked.request_id) for one in refused] == [(121, "1")]


@pytest.mark.parametrize("keys", [{}, {"sample": 0.5}, {"redact": ["town"], "refused": False}])
def test_what_a_stream_answered_is_logged_and_answered_again(bundle, tmp_path, keys, monkeypatch, capsys):
    towns = ["Ulm", "Rome", None, " new "]
    values = [row(id=f"o {n}", age=n * 30 + 1 / 3, town=towns[n % 4]) for n in range(6)] + [b"{", row(id="ü", age="1")]
    stream, registration = Listed(values), Registration.of("stdin", {"id": "id", "batch": 5})
    monkeypatch.setattr(Registration, "built", lambda self: stream)
    settings = ServeSettings(bundle=str(bundle.folder), log=LogSettings(folder=str(tmp_path / "log"), **keys))

    let_flow(registration, settings)

    log = pa.concat_tables(prediction_log(tmp_path / "log")).to_pandas().sort_values("request_id")
    codes = {"ROW-REFUSED"} if settings.log.refused else set()
    wanted = [line for line in stream.lines if "error" not in line or line["error"]["code"] in codes]
    wanted = [line for line in wanted if is_drawn(line["id"], settings.log.sample * HASHES)]
    assert 1 < len(wanted) < len(values)
    assert log.request_id.tolist() == [line["id"] for line in wanted]
    assert log.p_yes.where(log.refused.isna(), -1).tolist() == [line.get("p_yes", -1) for line in wanted]
    assert (log.row == 0).all()
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["log_rows_total"] == len(log)
    found = replay(dataclasses.replace(settings, log=LogSettings(), replay=[str(tmp_path / "log")]))
    assert (found.replayed, found.differing) == (0 if "redact" in keys else len(log), 0), found.first


def test_batches_are_bounded_and_order_is_kept(bundle):
    stream = Listed([row(id=number, key=number % 3) for number in range(50)])

    flow_of(stream, released(bundle), id="id", key="key", batch=7).run()

    assert stream.largest == 7
    assert [line["id"] for line in stream.lines] == list(range(50))
    assert [line["key"] for line in stream.lines] == [number % 3 for number in range(50)]


def test_a_flow_goes_on_where_its_checkpoint_says(bundle, tmp_path):
    path, values = tmp_path / "checkpoint", [row(age=age) for age in range(20)]
    first = Listed(values)
    stopping = flow_of(first, released(bundle), path, batch=4, commit_s=0)
    first.at_read = lambda place: stopping.stop() if place == 8 else None
    stopping.run()

    again = Listed(values)
    counts = flow_of(again, released(bundle), path, batch=4).run()

    assert [line["id"] for line in first.lines + again.lines] == [str(number) for number in range(20)]
    assert (counts.records, first.is_closed, again.is_closed) == (20, True, True)


def test_what_breaks_is_not_taken_for_answered(bundle, tmp_path):
    path = tmp_path / "checkpoint"

    def breaks(place):
        if place == 8:
            raise CheckFailed("no more of this")

    with pytest.raises(CheckFailed, match="no more"):
        flow_of(Listed([row()] * 20, breaks), released(bundle), path, batch=4, commit_s=3600).run()
    beginning = Checkpoint(path, Listed([]).identity()).load()
    assert (beginning.position, beginning.records) == ({"place": 0}, 0)

    stream = Listed([row()] * 20)
    assert flow_of(stream, released(bundle), path).run().records == 20
    assert len(stream.lines) == 20


def test_refused_records_are_written_to_dead_letters_once(bundle, tmp_path):
    letters, path = tmp_path / "dead.jsonl", tmp_path / "checkpoint"
    values = [row(), b"\xff{", row(age=121)]
    flow_of(Listed(values), released(bundle), path, dead_letters=str(letters)).run()
    with letters.open("ab") as file:
        file.write(b"written after the checkpoint\n")

    flow_of(Listed([*values, b"3"]), released(bundle), path, dead_letters=str(letters)).run()

    told = [json.loads(line) for line in letters.read_text().splitlines()]
    assert [(one["offset"], one["error"]["code"]) for one in told] == [
        ("1", "NO-JSON"), ("2", "ROW-REFUSED"), ("3", "NO-OBJECT"),
    ]  # fmt: skip
    assert [one["record"] for one in told][1:] == [values[2].decode(), "3"]


def test_metrics_are_what_was_counted(bundle, tmp_path):
    path = tmp_path / "metrics.prom"

    flow_of(Listed([row(), b"", b"1"]), released(bundle), metrics=str(path)).run()

    told = dict(line.split() for line in path.read_text().splitlines() if not line.startswith("#"))
    assert told["mesic_stream_records_total"] == "3"
    assert told["mesic_stream_refused_total"] == "2"
    assert told["mesic_stream_lag"] == "0"


def test_a_record_takes_a_newer_bundle_into_use_between_two_others(bundle, newer):
    values = [row(), b'{"control": "reload"}', row(), b'{"control": "stop"}', row()]
    stream = Listed(values)

    flow_of(stream, released(bundle), reload=lambda: released(newer), control=True).run()

    assert [line["bundle"] for line in stream.lines] == [bundle.digest, *[newer.digest] * 4]
    assert [line.get("control") for line in stream.lines] == [None, "reloaded", None, "refused", None]


def test_without_control_such_a_record_is_a_row_like_others(bundle):
    stream = Listed([b'{"control": "reload"}'])

    flow_of(stream, released(bundle)).run()

    assert stream.lines[0]["error"]["code"] == "ROW-REFUSED"


@pytest.mark.parametrize("broken", [False, True])
def test_a_signal_takes_a_bundle_into_use_once_it_is_verified(bundle, newer, broken, capfd):
    def load():
        if broken:
            raise CheckFailed("it was altered")
        return released(newer)

    stream = Listed([row()] * 400)
    flow = flow_of(stream, released(bundle), reload=load, batch=1)
    stream.at_read = lambda place: flow.reload() if place == 5 else time.sleep(0.005)
    flow.run()

    used = [line["bundle"] for line in stream.lines]
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert used[:5] == [bundle.digest] * 5
    assert used[-1] == (bundle if broken else newer).digest
    assert ("not-reloaded" in events, "reloaded" in events) == (broken, not broken)
    assert used == sorted(used, key=lambda digest: digest != bundle.digest)


def test_an_expired_bundle_answers_nothing_and_takes_nothing(bundle):
    stream = Listed([row()])

    with pytest.raises(CheckFailed, match=r"its last day was 2020-01-31; records wait"):
        flow_of(stream, released(bundle, expires="2020-01-31")).run()

    assert (stream.lines, stream.place) == ([], 0)


PROGRESS = Progress({"name": "file", "input": "/a"}, {"offset": 3}, "digest", "v1", 5, 1)


def test_a_checkpoint_is_what_was_saved(tmp_path):
    kept = Checkpoint(tmp_path / "c", PROGRESS.stream)
    assert kept.load() is None
    kept.save(PROGRESS)
    kept.save(replace(PROGRESS, records=6))

    assert kept.load() == replace(PROGRESS, records=6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "it cannot be read"),
        (lambda text: "", "it cannot be read"),
        (lambda text: "[]", "it cannot be read"),
        (lambda text: text.replace('"records": 5', '"records": 4'), "it was altered"),
        (lambda text: text.replace('"records"', '"record"'), "it cannot be read"),
    ],
)
def test_a_checkpoint_that_was_altered_or_cut_is_refused(tmp_path, change, words):
    kept = Checkpoint(tmp_path / "c", PROGRESS.stream)
    kept.save(PROGRESS)
    kept.path.write_text(change(kept.path.read_text()))

    with pytest.raises(CheckFailed, match=f"{words}.*remove it to begin anew"):
        kept.load()


def test_a_checkpoint_of_another_stream_is_refused(tmp_path):
    Checkpoint(tmp_path / "c", PROGRESS.stream).save(PROGRESS)

    with pytest.raises(CheckFailed, match="input was '/a', and is '/b'"):
        Checkpoint(tmp_path / "c", {"name": "file", "input": "/b"}).load()


def test_one_process_at_a_time_has_a_checkpoint(tmp_path):
    one, other = (Checkpoint(tmp_path / "c", {}) for _ in range(2))
    one.claim()
    with pytest.raises(UsageError, match="another process answers this stream"):
        other.claim()
    one.release()

    other.claim()
    other.release()


def test_a_registration_is_checked_at_once(tmp_path):
    with pytest.raises(ConfigError) as found:
        Registration.of("file", {"pth": "in.jsonl", "batch": 0})
    assert "did you mean 'stream.path'" in str(found.value)
    assert "stream.batch=0" in str(found.value)
    with pytest.raises(ConfigError, match=r"stream\.path has no value"):
        Registration.of("file", {"output": "o"})
    with pytest.raises(UsageError, match=r"stream\.checkpoint=c cannot work: stream=socket"):
        Registration.of("socket", {"checkpoint": "c"}).built()


def test_a_bundle_that_answers_otherwise_than_it_did_is_not_used(bundle, tmp_path, monkeypatch):
    copy = tmp_path / "bundle"
    shutil.copytree(bundle.folder, copy)
    monkeypatch.setattr("mesic.serving.release.Release.answers_of", lambda self, scores, **_: [{"prediction": "no"}])

    with pytest.raises(CheckFailed, match="differently as a stream"):
        verified(copy, ServeSettings(bundle=str(copy)))
