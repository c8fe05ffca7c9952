"""What a stream has done, for people in a log and for machines in a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from mesic.errors import UsageError
from mesic.runs.files import write_text
from mesic.serving.counters import TOTALS
from mesic.serving.messages import log

METRICS = {
    "mesic_stream_records_total": ("counter", "records answered, also by an earlier process"),
    "mesic_stream_refused_total": ("counter", "records refused among them"),
    "mesic_stream_reloads_total": ("counter", "bundles that this process took into use after the first"),
    "mesic_stream_records_per_second": ("gauge", "records answered a second since the last heartbeat"),
    "mesic_stream_lag": ("gauge", "what waits to be read, in bytes or records as the stream counts; -1: not known"),
    "mesic_stream_since_checkpoint_seconds": ("gauge", "time since answers were made safe"),
}


@dataclass
class Counts:
    """What was counted since the beginning of the stream, and by this process."""

    records: int = 0
    refused: int = 0
    reloads: int = 0


class Heartbeat:
    """Tells how a stream flows, now and then.

    Parameters
    ----------
    counts
        What is told.
    every_s
        How often.
    metrics
        A file that is replaced each time, or None.
    logged
        Says what the log of predictions has counted, by name; nothing where none is kept.
    """

    def __init__(
        self, counts: Counts, every_s: float, metrics: Path | None, logged: Callable[[], Mapping[str, float]] = dict
    ) -> None:
        self.counts, self.every_s, self.metrics, self.logged = counts, every_s, metrics, logged
        self.safe_at = self._last = perf_counter()
        self._records = counts.records

    def beat(self, lag: Any, *, is_last: bool = False) -> None:
        """Tell it if it is time to; `lag` is asked only then."""
        now = perf_counter()
        if now - self._last < self.every_s and not is_last:
            return
        rate = (self.counts.records - self._records) / max(now - self._last, 1e-9)
        waiting = lag()
        self._last, self._records = now, self.counts.records
        facts: dict[str, Any] = {"records": self.counts.records, "refused": self.counts.refused}
        facts |= {"records_per_s": round(rate, 1), "since_checkpoint_s": round(now - self.safe_at, 1)}
        if waiting is not None:
            facts["waiting"], facts["unit"] = waiting
        log("flowing", **facts, **{name.removeprefix("mesic_"): int(value) for name, value in self.logged().items()})
        self._write(rate, -1 if waiting is None else waiting[0], now - self.safe_at)

    def _write(self, rate: float, lag: float, since: float) -> None:
        if self.metrics is None:
            return
        counts = self.counts
        values = (counts.records, counts.refused, counts.reloads, rate, lag, since)
        lines, logged = [], self.logged()
        told = METRICS | {name: TOTALS[name] for name in logged}
        for (name, (kind, words)), value in zip(told.items(), (*values, *logged.values()), strict=True):
            lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", f"{name} {value:.6g}"]
        try:
            write_text(self.metrics, "\n".join([*lines, ""]))
        except UsageError as error:  # answers matter more than their counters
            log("no-metrics", why=str(error))
