"""Records of a topic of Kafka, answers to another one."""

from time import monotonic
from typing import Any

from mesic import CheckFailed, ComponentError, Record, UsageError

OURS = ("bootstrap.servers", "group.id", "enable.auto.commit", "auto.offset.reset", "enable.idempotence", "acks")


class Kafka:
    """A topic of Kafka, answers to another: at least once, in order within each partition.

    The broker keeps how far records are answered, under `group`; it is told when all in-sync replicas have acknowledged
    the answers. An answer goes under the key of its record, so that answers with one key stay in order.

    Parameters
    ----------
    servers : str
        Brokers to begin with.
    topic, output : str
        Topics of records and of answers.
    group : str
        Under which the broker keeps how far records are answered.
    partitions : list of int
        Which are answered; empty: all that there are.
    settings : dict
        Further settings of librdkafka.
    timeout_s : float
        Time in which a broker must answer.

    Raises
    ------
    ComponentError
        The extra ``kafka`` is not installed.
    UsageError
        A setting is one that order and safety hang on.
    """

    resumes, writes_stdout, usual_checkpoint = False, False, None

    def __init__(
        self, topic, output, servers="localhost:9092", group="mesic", partitions=(), settings=None, timeout_s=30.0
    ):
        self.servers, self.topic, self.output, self.group = servers, topic, output, group
        self.partitions, self.settings, self.timeout_s = tuple(partitions), dict(settings or {}), timeout_s
        if taken := sorted(set(self.settings) & set(OURS)):
            raise UsageError(
                f"stream.settings cannot say {', '.join(taken)}: order and safety hang on it; leave it out"
            )
        self._consumer: Any = None
        self._producer: Any = None

    def identity(self):
        """Return what is read and written."""
        return {"input": f"{self.servers}/{self.topic}", "output": f"{self.servers}/{self.output}", "group": self.group}

    def open(self, position):  # noqa: ARG002 - the broker keeps it
        """Go on where the broker says."""
        kafka = _client()
        common = {"bootstrap.servers": self.servers, **self.settings}
        reading = {"group.id": self.group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        writing = {"enable.idempotence": True, "acks": "all"}
        self._next, self._failed, self._position = {}, [], kafka.TopicPartition
        try:
            self._consumer = kafka.Consumer({**common, **reading})
            self._producer = kafka.Producer({**common, **writing})
            wanted = [kafka.TopicPartition(self.topic, number) for number in self._numbers()]
            self._consumer.assign(self._consumer.committed(wanted, timeout=self.timeout_s))
        except kafka.KafkaException as error:
            raise CheckFailed(f"servers={self.servers} topic={self.topic}: {_words(error)}") from error

    def _numbers(self):
        """Return the partitions to read."""
        there = self._consumer.list_topics(self.topic, timeout=self.timeout_s).topics[self.topic]
        if there.error is not None:
            raise CheckFailed(f"topic={self.topic} at {self.servers}: {there.error.str()}; make it first")
        if strange := sorted(set(self.partitions) - set(there.partitions)):
            raise UsageError(f"partitions={strange} cannot work: {self.topic} has {sorted(there.partitions)}")
        return sorted(self.partitions or there.partitions)

    def read(self, most, wait_s):
        """Return the next records."""
        records = []
        for message in self._consumer.consume(most, wait_s):
            if message.error() is not None:
                raise CheckFailed(f"topic={self.topic} cannot be read: {message.error().str()}; start again")
            self._next[message.partition()] = message.offset() + 1
            offset = f"{message.topic()}/{message.partition()}@{message.offset()}"
            records.append(Record(message.value() or b"", offset, message.key()))
        return records

    def write(self, replies):
        """Hand answers to the client; where its queue is full, wait until the broker has taken some."""
        for reply in replies:
            key = reply.record.origin if reply.key is None else str(reply.key).encode()
            self._produce(reply.line, key)
        self._producer.poll(0)
        self._refuse_failed()

    def _produce(self, line, key):
        until = monotonic() + self.timeout_s
        while True:
            try:
                self._producer.produce(self.output, line, key=key, on_delivery=self._delivered)
            except BufferError:
                self._producer.poll(0.1)
                self._refuse_failed()
                if monotonic() > until:
                    raise CheckFailed(f"output={self.output}: no broker takes answers; start again") from None
            else:
                return

    def _delivered(self, error, message):  # noqa: ARG002 - as the client tells it
        if error is not None:
            self._failed.append(error.str())

    def _refuse_failed(self):
        if self._failed:
            raise CheckFailed(f"output={self.output} cannot be written: {self._failed[0]}; start again")

    def commit(self):
        """Wait until every answer is acknowledged, then tell the broker how far records are answered."""
        left = self._producer.flush(self.timeout_s)
        self._refuse_failed()
        if left:
            raise CheckFailed(f"output={self.output}: {left} answers are not acknowledged in {self.timeout_s} s")
        if self._next:
            offsets = [self._position(self.topic, number, offset) for number, offset in self._next.items()]
            try:
                done = self._consumer.commit(offsets=offsets, asynchronous=False)
            except Exception as error:
                raise CheckFailed(f"group={self.group}: the broker keeps no offsets: {_words(error)}") from error
            if wrong := [one.error.str() for one in done if one.error is not None]:
                raise CheckFailed(f"group={self.group}: the broker keeps no offsets: {wrong[0]}")
            self._next = {}
        return {}

    def lag(self):
        """Return the records that wait in the partitions, as far as the client knows."""
        waiting = 0
        for one in self._consumer.position(self._consumer.assignment()):
            _, high = self._consumer.get_watermark_offsets(one, cached=True)
            waiting += max(0, high - one.offset) if one.offset >= 0 else max(0, high)
        return waiting, "records"

    def close(self):
        """Leave the broker."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = self._producer = None


def _client():
    try:
        import confluent_kafka
    except ImportError as error:
        raise ComponentError("stream=kafka needs confluent-kafka: pip install 'mesic[kafka]'") from error
    return confluent_kafka


def _words(error):
    """Return what an error of the client says."""
    first = error.args[0] if error.args else error
    return first.str() if hasattr(first, "str") else str(first)
