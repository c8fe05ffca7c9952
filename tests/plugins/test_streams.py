"""Streams: files that grow, turn and are cut off; slow readers of answers; a broker."""

import json
import os
import socket
import threading
from contextlib import closing, contextmanager, suppress
from itertools import count

import pytest
from tests.plugins.benches import FileBench, KafkaBench, SentAgain, SocketBench, StdinBench, broker

from mesic.errors import CheckFailed, SettingError, UsageError
from mesic.streaming.stream import Reply
from mesic.testing import StreamContract, installed
from mesic_plugins.streams.file import File
from mesic_plugins.streams.kafka import Kafka
from mesic_plugins.streams.lines import Lines
from mesic_plugins.streams.socket import Socket
from mesic_plugins.streams.stdin import Stdin

NUMBERS = count()
GIVEN = {
    "file": {"path": __file__, "output": "answers.jsonl", "format": "jsonl"},
    "kafka": {"topic": "i", "output": "o"},
}


@pytest.fixture(scope="module")
def servers():
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    with broker() as address:
        yield address


@pytest.mark.parametrize("stream", installed("streams", **GIVEN), ids=repr, scope="class")
class TestEveryStream(StreamContract):
    """Every installed stream keeps the stream promises."""

    @pytest.fixture(autouse=True)
    def _broker(self, stream, request):
        self.servers = request.getfixturevalue("servers") if stream.name == "kafka" else None

    @contextmanager
    def bench(self, subject, folder):
        if subject.name == "kafka":
            yield KafkaBench(self.servers, next(NUMBERS))
        elif subject.name == "socket":
            with closing(SocketBench(folder)) as bench:
                yield bench
        else:
            yield FileBench(folder) if subject.name == "file" else SentAgain()


def test_bytes_are_cut_into_lines_however_they_come():
    text = b"one\n\ntwo\r\n" + b"x" * 40 + b"\nlast"
    whole = Lines(20)
    whole.feed(text)
    whole.finish()
    expected = whole.take(99)

    for size in range(1, len(text)):
        lines = Lines(20)
        for start in range(0, len(text), size):
            lines.feed(text[start : start + size])
        lines.finish()
        assert lines.take(99) == expected
    assert [line.data for line in expected] == [b"one", b"", b"two\r", b"", b"last"]
    assert "was not read" in expected[3].problem
    assert expected[-1].end == len(text)


def records_of(stream, most=100, looks=40):
    """Return what comes until nothing does for some looks."""
    found, idle = [], 0
    while idle < looks:
        records = stream.read(most, 0.001)
        if records is None:
            break
        idle = 0 if records else idle + 1
        found += [(record.offset, record.value) for record in records]
    return found


@pytest.fixture
def tail(tmp_path):
    """A file that is followed; returns folder, path and stream."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"1\n2\n")
    stream = File(str(path), str(tmp_path / "out.jsonl"), poll_s=0.001)
    stream.open(None)
    yield tmp_path, path, stream
    stream.close()


def append(path, data):
    with path.open("ab") as file:
        file.write(data)


def test_a_line_is_read_once_it_has_its_end(tail):
    _, path, stream = tail
    assert records_of(stream) == [("0:0", b"1"), ("0:2", b"2")]

    append(path, b"thr")
    assert records_of(stream) == []
    append(path, b"ee\n\n4\n")

    assert records_of(stream) == [("0:4", b"three"), ("0:11", b"4")]


def test_a_file_that_turns_is_read_to_its_end_before_the_next(tail, capfd):
    folder, path, stream = tail
    records_of(stream)
    append(path, b"3\nhalf")
    path.rename(folder / "in.jsonl.1")
    append(folder / "in.jsonl.1", b" done\n5")
    path.write_bytes(b"6\n")

    assert records_of(stream) == [("0:4", b"3"), ("0:6", b"half done"), ("0:16", b"5"), ("1:0", b"6")]
    assert json.loads(capfd.readouterr().err)["event"] == "rotated"


def test_two_turns_while_nobody_looked_lose_nothing(tail):
    folder, path, stream = tail
    records_of(stream)
    position = stream.commit()
    stream.close()
    for number, name in ((3, "in.jsonl.2"), (4, "in.jsonl.1")):
        append(path, b"%d\n" % number)
        path.rename(folder / name)
        os.utime(folder / name, ns=(10**18, 10**18 * (2 - int(name[-1])) + 10**18))
    path.write_bytes(b"5\n")

    stream.open(json.loads(json.dumps(position)))

    assert [value for _, value in records_of(stream)] == [b"3", b"4", b"5"]


@pytest.mark.parametrize("text", [b"new\n", b"a longer text than there was before\nnew\n"])
def test_a_file_that_is_cut_off_begins_anew(tail, capfd, text):
    _, path, stream = tail
    records_of(stream)

    os.truncate(path, 0)
    append(path, text)

    assert records_of(stream)[-1] == (f"1:{len(text) - 4}", b"new")
    assert json.loads(capfd.readouterr().err)["event"] == "truncated"


def test_a_file_that_is_gone_is_said_rather_than_passed_over(tail):
    folder, path, stream = tail
    records_of(stream)
    position = stream.commit()
    stream.close()
    path.rename(folder / "elsewhere")
    path.write_bytes(b"of another kind\n")

    with pytest.raises(CheckFailed, match="is not the file that was read until byte 4"):
        stream.open(position)


def test_a_file_may_come_later(tmp_path):
    stream = File(str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), poll_s=0.001)
    stream.open(None)
    with closing(stream):
        assert records_of(stream) == []
        position = stream.commit()
        stream.close()
        stream.open(position)
        (tmp_path / "in.jsonl").write_bytes(b"1\n")
        assert records_of(stream) == [("0:0", b"1")]


def test_csv_is_read_by_its_header_also_when_it_goes_on(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('\ufeffage,town\n31,"Ulm, D"\n,NA\n1\n"open,2\n')
    stream = File(str(path), str(tmp_path / "out.jsonl"), follow=False)
    with closing(stream):
        stream.open(None)
        first = stream.read(1, 0) + stream.read(1, 0)
        position = stream.commit()
        stream.close()
        stream.open(position)
        rest = stream.read(9, 0)

    assert [record.value for record in first] == [{"age": "31", "town": "Ulm, D"}]
    assert rest[0].value == {"age": None, "town": None}
    assert "1 cells, and the file 2" in rest[1].problem
    assert "no CSV" in rest[2].problem


def test_what_was_written_after_the_checkpoint_is_taken_back(tail):
    folder, _, stream = tail
    records = stream.read(1, 0)
    stream.write([Reply(records[0], b"kept")])
    position = stream.commit()
    stream.write([Reply(records[0], b"not kept")])
    stream.close()

    stream.open(position)

    assert (folder / "out.jsonl").read_bytes() == b"kept\n"
    stream.close()
    (folder / "out.jsonl").write_bytes(b"k")
    with pytest.raises(CheckFailed, match="has 1 bytes, and had 5 at the checkpoint"):
        stream.open(position)


def test_output_that_nobody_knows_of_or_that_another_writes_is_left_alone(tail):
    folder, path, _ = tail
    other = File(str(path), str(folder / "out.jsonl"))
    with pytest.raises(UsageError, match="another process writes to it"):
        other.open(None)
    (folder / "old.jsonl").write_bytes(b"precious\n")

    with pytest.raises(CheckFailed, match="no checkpoint knows of"):
        File(str(path), str(folder / "old.jsonl")).open(None)

    assert (folder / "old.jsonl").read_bytes() == b"precious\n"
    with pytest.raises(SettingError, match="another file"):
        File(str(path), str(path))
    with pytest.raises(SettingError, match="a file that ends in"):
        File(str(folder / "in.xml"), "o")


def test_stdin_that_is_sent_again_must_be_the_same():
    bench = StdinBench()
    stream = bench.stream()
    stream.open(None)
    bench.send([b"1", b"2"])
    stream.read(1, 1)
    position = stream.commit()

    for sent, message in ((b"x\n2\n", "other records"), (b"1", "ends 1 bytes before")):
        again = StdinBench()
        os.write(again.feed, sent)
        os.close(again.feed)
        with pytest.raises(CheckFailed, match=message):
            again.stream().open(position)


def test_stdout_that_is_closed_is_said():
    bench = StdinBench()
    stream = bench.stream()
    stream.open(None)
    bench.send([b"1"])
    records = stream.read(1, 1)
    os.close(bench.heard)

    with pytest.raises(CheckFailed, match="nobody reads the answers"):
        stream.write([Reply(records[0], b"{}")])


@pytest.fixture
def listening(tmp_path):
    stream = Socket(path=str(tmp_path / "s"), max_waiting_kib=64, max_connections=2)
    stream.open(None)
    yield stream
    stream.close()


def caller_of(stream):
    caller = socket.socket(socket.AF_UNIX)
    caller.connect(stream.path)
    caller.settimeout(10)
    return caller


def test_a_caller_who_does_not_read_is_not_read_of_and_others_are_served(listening):
    slow, quick = caller_of(listening), caller_of(listening)
    answer = b"x" * 1000

    def send():
        with suppress(OSError):  # in the end the caller goes
            slow.sendall(b"1\n" * 200_000)

    sending = threading.Thread(target=send)
    sending.start()
    asked = 0
    for _ in range(3000):
        records = listening.read(64, 0.001)
        asked += len(records)
        listening.write([Reply(record, answer) for record in records])

    held = sum(len(caller.waiting) for caller in listening._callers)
    assert asked < 40_000  # some of the answers lie with the system, the rest of the records wait where they are
    assert held < 64 * 1024 + 64 * 1001
    quick.sendall(b"hello\n")
    while not (records := listening.read(64, 0.01)):
        pass
    listening.write([Reply(records[0], b"you")])
    assert quick.recv(10) == b"you\n"
    slow.shutdown(socket.SHUT_RDWR)
    sending.join(10)
    slow.close()
    quick.close()


def test_callers_are_answered_each_by_itself_and_the_last_line_needs_no_end(listening):
    callers = [caller_of(listening) for _ in range(2)]
    for number, caller in enumerate(callers):
        caller.sendall(b"%d\n%d last" % (number, number))
        caller.shutdown(socket.SHUT_WR)
    found = 0
    while found < 4:
        records = listening.read(1, 0.01)
        found += len(records)
        listening.write([Reply(record, b"to " + record.value) for record in records])

    for number, caller in enumerate(callers):
        heard = b""
        while part := caller.recv(100):
            heard += part
        assert heard == b"to %d\nto %d last\n" % (number, number)
        caller.close()


def test_one_connection_too_many_is_closed(listening, capfd):
    callers = [caller_of(listening) for _ in range(3)]
    for _ in range(10):
        listening.read(1, 0.01)

    assert callers[-1].recv(1) == b""
    assert "no more may be" in capfd.readouterr().err
    for caller in callers:
        caller.close()


def test_a_socket_that_is_in_use_is_not_taken_over(listening):
    with pytest.raises(UsageError, match="another process listens there"):
        Socket(path=listening.path).open(None)


def test_answers_with_one_key_stay_in_order_in_kafka(servers):
    bench = KafkaBench(servers, "keys")
    stream = bench.stream()
    stream.open(None)
    bench.send([b"%d" % number for number in range(40)])
    read = []
    with closing(stream):
        while len(read) < 40:
            records = stream.read(7, 0.5)
            read += records
            stream.write([Reply(r, b"%d" % n, n % 3) for n, r in enumerate(records, len(read) - len(records))])
        stream.commit()
        assert stream.lag()[1] == "records"

    by_key = {}
    for key, value in bench.messages():
        by_key.setdefault(key, []).append(int(value))
    assert by_key == {b"%d" % key: list(range(key, 40, 3)) for key in range(3)}


def test_what_a_broker_cannot_do_is_said(servers):
    with pytest.raises(UsageError, match=r"cannot say acks"):
        Kafka("i", "o", settings={"acks": "1"})
    stream = Kafka(KafkaBench(servers, "few").topic, "o", servers, partitions=[99], timeout_s=5.0)
    with closing(stream), pytest.raises(UsageError, match=r"partitions=\[99\] cannot work"):
        stream.open(None)


def test_a_broker_that_does_not_answer_is_said():
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    stream = Kafka("i", "o", "127.0.0.1:1", timeout_s=0.5, settings={"log_level": 0})

    with closing(stream), pytest.raises(CheckFailed, match=r"127\.0\.0\.1:1"):
        stream.open(None)


def test_a_stream_is_where_its_option_says():
    assert Stdin().identity() == {"input": "stdin", "output": "stdout"}
    assert Socket(port=5).identity()["input"] == "127.0.0.1:5"
