"""What streams promise."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from mesic.streaming.stream import Record, Reply, Stream
from mesic.testing.component import ComponentContract
from mesic.testing.subjects import Subject

PATIENCE_S = 20.0
WAIT_S = 0.05
VALUES = [b'{"n": %d, "text": "\xc3\x84 %d"}' % (number, number) for number in range(7)]


class Bench(Protocol):
    """A place where a stream can be tried: records can be sent to it, and what it answers be seen.

    ``goes_on`` says whether a stream that was closed can be opened where it was.
    """

    goes_on: bool

    def stream(self) -> Stream:
        """Return a new stream over the same input and output."""
        ...

    def send(self, values: Sequence[bytes]) -> None:
        """Let records come, the first time after the stream was opened."""
        ...

    def answers(self) -> list[bytes]:
        """Return the lines that were written until now, by any of its streams."""
        ...


class StreamContract(ComponentContract, kind="stream"):
    """Promises of every stream: nothing is lost, nothing comes twice but after a crash, and in order.

    What it reads from and writes to is its own affair: override :meth:`bench`, or let the stream's class offer
    ``bench(folder)``, a context manager. Without a bench only what needs none is tested.
    """

    @contextmanager
    def bench(self, subject: Subject, folder: Path) -> Iterator[Bench | None]:
        """Give a bench for a stream, which may use `folder`; None where there is none."""
        offered = getattr(type(subject.made()), "bench", None)
        if offered is None:
            yield None
            return
        with offered(folder) as bench:
            yield bench

    @contextmanager
    def tried(self, subject: Subject) -> Iterator[tuple[Bench | None, list[Stream]]]:
        """Give a bench, and a list of streams to be closed in the end."""
        opened: list[Stream] = []
        with tempfile.TemporaryDirectory() as name, self.bench(subject, Path(name)) as bench:
            try:
                yield bench, opened
            finally:
                for stream in opened:
                    stream.close()

    def opened(self, bench: Bench, opened: list[Stream], position: Any = None) -> Stream:
        """Return a stream that was opened."""
        stream = bench.stream()
        opened.append(stream)
        stream.open(position)
        return stream

    def received(self, subject: Subject, stream: Stream, count: int, most: int = 3) -> list[Record]:
        """Return the next `count` records, read as a flow reads them: each batch is answered at once."""
        found: list[Record] = []
        end = monotonic() + PATIENCE_S
        while len(found) < count and monotonic() < end:
            records = stream.read(min(most, count - len(found)), WAIT_S)
            if records is None:
                break
            assert len(records) <= most, f"{subject} gives {len(records)} records where {most} at most were asked for"
            found += records
            if records:
                stream.write([Reply(record, b"to " + _bytes(record)) for record in records])
        return found

    def test_records_come_whole_and_in_order_and_are_answered_so(self, subject: Subject) -> None:
        """Each under an offset of its own, and no more of them at once than asked for."""
        with self.tried(subject) as (bench, opened):
            if bench is None:
                return
            stream = self.opened(bench, opened)
            bench.send(VALUES)
            found = self.received(subject, stream, len(VALUES))
            assert [_bytes(record) for record in found] == VALUES, f"{subject} gives {found} of {VALUES}"
            offsets = [record.offset for record in found]
            assert len(set(offsets)) == len(VALUES), f"{subject} gives two records one offset: {offsets}"
            stream.commit()
            wanted = [b"to " + value for value in VALUES]
            assert _soon(bench, len(wanted)) == wanted, f"{subject} writes {bench.answers()}, not {wanted}"

    def test_it_goes_on_where_it_was_committed(self, subject: Subject) -> None:
        """What was answered before does not come again, and what comes keeps its offset."""
        with self.tried(subject) as (bench, opened):
            if bench is None or not bench.goes_on:
                return
            first = self.opened(bench, opened)
            bench.send(VALUES)
            self.received(subject, first, 3)
            position = _through_json(first.commit())
            self.received(subject, first, 2)
            first.close()
            again = self.received(subject, self.opened(bench, opened, position if first.resumes else None), 4)
            assert [_bytes(record) for record in again] == VALUES[3:], f"{subject} goes on with {again}"

    def test_what_was_not_committed_comes_again_under_its_offset(self, subject: Subject) -> None:
        """So that it is answered at least once, and known by its name."""
        with self.tried(subject) as (bench, opened):
            if bench is None or not bench.goes_on:
                return
            first = self.opened(bench, opened)
            bench.send(VALUES)
            before = self.received(subject, first, 5)
            first.close()
            after = self.received(subject, self.opened(bench, opened), 5)
            told = [[(record.offset, _bytes(record)) for record in records] for records in (before, after)]
            assert told[0] == told[1], f"{subject} reads {told[1]} again where it read {told[0]}"

    def test_where_nothing_comes_it_does_not_wait_for_ever(self, subject: Subject) -> None:
        """Signals and checkpoints are looked at in between."""
        with self.tried(subject) as (bench, opened):
            if bench is None:
                return
            stream = self.opened(bench, opened)
            began = monotonic()
            records = stream.read(3, WAIT_S)
            assert not records, f"{subject} gives {records} where nothing came"
            assert monotonic() - began < PATIENCE_S, f"{subject} waits for ever where nothing comes"

    def test_it_says_what_it_reads_and_writes(self, subject: Subject) -> None:
        """In texts, by which a checkpoint of something else is told apart."""
        made: Stream = subject.made()
        told = made.identity()
        assert told, f"{subject} does not say what it is"
        are_texts = all(isinstance(part, str) for pair in told.items() for part in pair)
        assert are_texts, f"{subject} says {told}, which are not all texts"
        for name in ("resumes", "writes_stdout"):
            assert isinstance(getattr(made, name, None), bool), f"{subject} does not say whether it {name}"
        usual = getattr(made, "usual_checkpoint", "")
        assert usual is None or isinstance(usual, Path), (
            f"{subject}: usual_checkpoint is {usual!r}, no path and not None"
        )


def _bytes(record: Record) -> bytes:
    return record.value if isinstance(record.value, bytes) else json.dumps(record.value).encode()


def _through_json(position: Any) -> Any:
    return json.loads(json.dumps(position))


def _soon(bench: Bench, count: int) -> list[bytes]:
    """Return the answers once there are so many, or when nobody would wait any longer."""
    end = monotonic() + PATIENCE_S
    while len(bench.answers()) < count and monotonic() < end:
        continue
    return bench.answers()
