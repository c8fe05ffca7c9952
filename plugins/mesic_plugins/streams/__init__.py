"""Streams: where records come from one by one, and where their answers go."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, StreamOptions, hookimpl, option


@dataclass
class StdinOptions(StreamOptions):
    """Options of ``stdin``."""

    max_record_kib: int = option(1024, "size of a record; a larger one is refused", low=1, unit="KiB")


@dataclass
class FileOptions(StreamOptions):
    """Options of ``file``."""

    path: str = option("???", "file of records, which may still grow and be rotated")
    output: str = option("???", "file to which answers are appended")
    format: str = option(
        "auto", "how records are written; auto: by the suffix of path", choices=("auto", "jsonl", "csv")
    )
    follow: bool = option(True, "wait for more at the end of the file; else it ends there")
    poll_s: float = option(0.05, "time between looks at a file that does not grow", low=0.001, unit="s")
    max_record_kib: int = option(1024, "size of a record; a larger one is refused", low=1, unit="KiB")


@dataclass
class SocketOptions(StreamOptions):
    """Options of ``socket``."""

    host: str = option("127.0.0.1", "address to listen at; whoever can reach it can ask")
    port: int = option(0, "port; 0: any that is free, told in the log", low=0, high=65_535)
    path: str | None = option(None, "a socket of the file system to listen at, in place of host and port")
    max_connections: int = option(100, "connections that are held; others are closed at once", low=1)
    max_waiting_kib: int = option(256, "answers that wait for a caller who does not read; then it is not read", low=1)
    max_record_kib: int = option(1024, "size of a record; a larger one is refused", low=1, unit="KiB")


@dataclass
class KafkaOptions(StreamOptions):
    """Options of ``kafka``."""

    servers: str = option("localhost:9092", "brokers to begin with, HOST:PORT,...")
    topic: str = option("???", "topic of the records")
    output: str = option("???", "topic of the answers")
    group: str = option("mesic", "consumer group under which the broker keeps how far records are answered")
    partitions: list[int] = option([], "partitions that this process answers; []: all that there are at its start")
    settings: dict[str, Any] = option({}, "further settings of librdkafka, such as those of security")
    timeout_s: float = option(30.0, "time in which a broker must answer", low=0.1, unit="s")


@hookimpl
def register_streams() -> Iterable[Component]:
    """Offer the built-in streams."""
    home = "mesic_plugins.streams"
    return (
        Component("stdin", f"{home}.stdin:Stdin", "lines of JSON on stdin, answers on stdout", StdinOptions),
        Component(
            "file", f"{home}.file:File", "a growing file of JSON lines or CSV, answers appended to another", FileOptions
        ),
        Component("socket", f"{home}.socket:Socket", "lines of JSON over TCP or a Unix socket", SocketOptions),
        Component("kafka", f"{home}.kafka:Kafka", "a topic of Kafka, answers to another; extra kafka", KafkaOptions),
    )
