"""The options that every stream has; the rest is its own."""

from dataclasses import dataclass

from mesic.host.components import option


@dataclass
class StreamOptions:
    """Options that are read by whoever lets records flow, the same for every stream."""

    id: str | None = option(None, "field that names a record; null: where it stands does")
    key: str | None = option(None, "field by which records belong together; its value stands in the answer, too")
    checkpoint: str | None = option(None, "file that says how far records are answered; null: as the stream has it")
    dead_letters: str | None = option(None, "file to which refused records are written, too, with what is wrong")
    intervals: bool = option(False, "add the interval or set that holds the target as often as the run promised")
    control: bool = option(False, 'let a record {"control": "reload"} take the bundle into use that lies there now')
    batch: int = option(512, "records that are answered at once, at most", low=1, high=65_536, unit="records")
    commit_s: float = option(1.0, "time after which answers are made safe and a checkpoint is written", low=0, unit="s")
    heartbeat_s: float = option(10.0, "time between lines in the log, and between metrics", low=0.1, unit="s")
    metrics: str | None = option(None, "file for counters in Prometheus' text format, replaced with each heartbeat")
