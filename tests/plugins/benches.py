"""Places where streams are tried: a pipe, files, a caller at a socket, a broker that the Kafka client brings along."""

import os
import socket
from contextlib import contextmanager, suppress

from mesic_plugins.streams.file import File
from mesic_plugins.streams.kafka import Kafka
from mesic_plugins.streams.socket import Socket
from mesic_plugins.streams.stdin import Stdin

QUIET = {"log_level": 0}


class StdinBench:
    goes_on = False

    def __init__(self):
        (self.read_from, self.feed), (self.heard, self.write_to) = os.pipe(), os.pipe()
        os.set_blocking(self.heard, False)
        self.text = b""

    def stream(self):
        return Stdin(read_from=self.read_from, write_to=self.write_to)

    def send(self, values):
        os.write(self.feed, b"".join(value + b"\n" for value in values))

    def answers(self):
        with suppress(BlockingIOError):
            self.text += os.read(self.heard, 2**16)
        return self.text.splitlines()


class SentAgain(StdinBench):
    """Whoever starts the stream again sends everything again."""

    goes_on = True
    sent = b""

    def stream(self):
        if self.sent:
            self.read_from, self.feed = os.pipe()
            os.write(self.feed, self.sent)
        return super().stream()

    def send(self, values):
        self.sent += b"".join(value + b"\n" for value in values)
        super().send(values)


class FileBench:
    goes_on = True

    def __init__(self, folder):
        self.path, self.output = folder / "in.jsonl", folder / "out.jsonl"
        self.path.touch()

    def stream(self):
        if not self.output.with_name("committed").exists():
            self.output.unlink(missing_ok=True)
        return Committed(str(self.path), str(self.output))

    def send(self, values):
        with self.path.open("ab") as file:
            file.write(b"".join(value + b"\n" for value in values))

    def answers(self):
        return self.output.read_bytes().splitlines()


class Committed(File):
    """Leaves word that there is a checkpoint; who begins anew without one removes the output, as a person does."""

    def commit(self):
        self.output.with_name("committed").touch()
        return super().commit()


class SocketBench:
    goes_on = False

    def __init__(self, folder):
        self.path, self.caller, self.text = folder / "s", socket.socket(socket.AF_UNIX), b""

    def stream(self):
        return Socket(path=str(self.path))

    def send(self, values):
        self.caller.connect(str(self.path))
        self.caller.sendall(b"".join(value + b"\n" for value in values))
        self.caller.setblocking(False)

    def answers(self):
        with suppress(BlockingIOError):
            self.text += self.caller.recv(2**16)
        return self.text.splitlines()

    def close(self):
        self.caller.close()


class KafkaBench:
    goes_on = True

    def __init__(self, servers, name):
        from confluent_kafka import Producer

        self.servers, self.topic, self.output = servers, f"in-{name}", f"out-{name}"
        self.producer, self.group = Producer({"bootstrap.servers": servers, **QUIET}), f"group-{name}"
        self.producer.list_topics(self.topic, timeout=10)  # the client's broker makes it now

    def stream(self):
        return Kafka(self.topic, self.output, self.servers, self.group, settings=QUIET, timeout_s=10.0)

    def send(self, values):
        for value in values:
            self.producer.produce(self.topic, value, key=b"one")
        assert self.producer.flush(10) == 0

    def answers(self):
        return [value for _, value in self.messages()]

    def messages(self):
        """Return key and value of what stands in the topic of answers, partition after partition."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        consumer = Consumer(
            {"bootstrap.servers": self.servers, "group.id": "looks", "enable.partition.eof": True, **QUIET}
        )
        numbers = consumer.list_topics(self.output, timeout=10).topics[self.output].partitions
        consumer.assign([TopicPartition(self.output, number, OFFSET_BEGINNING) for number in numbers])
        found, ended = [], 0
        while ended < len(numbers):
            for message in consumer.consume(100, 0.2):
                if message.error() is None:
                    found.append((message.partition(), message.offset(), message.key(), message.value()))
                else:
                    ended += 1
        consumer.close()
        return [(key, value) for *_, key, value in sorted(found)]


@contextmanager
def broker():
    """Give the address of the broker that the client brings along for tests; it holds what a real one holds."""
    from confluent_kafka import Producer

    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", **QUIET})
    (one,) = producer.list_topics(timeout=10).brokers.values()
    yield f"{one.host}:{one.port}"
    producer.flush(1)
