"""The keys of ``mesic serve``, and how they travel to the processes that answer."""

from dataclasses import dataclass, field
from typing import Any

from mesic.errors import SettingError
from mesic.host.components import option

SHORTEST_KEY = 16


@dataclass
class LogSettings:
    """The log of predictions: where it is kept, what of, how much of it."""

    folder: str | None = option(None, "folder of the log of predictions; null: none is kept")
    sample: float = option(1.0, "share of requests that are logged, drawn by their ids", low=0.0, high=1.0)
    refused: bool = option(True, "whether rows that were refused are logged, with the reason")
    redact: list[str] = option([], "fields of which no cell is logged")
    caller: str | None = option(None, "what a caller is: address, or the name of a header; null: not logged")
    key: str | None = option(None, "secret under which callers are hashed; 16 letters or more")
    flush_s: float = option(1.0, "time between writes; what a killed process loses at most", low=0.05, unit="s")
    buffer_rows: int = option(32_768, "rows that wait to be written; others are dropped and counted", low=1)
    rotate_mib: float = option(16.0, "size at which a process begins another file", low=0.01, unit="MiB")
    rotate_hours: float = option(1.0, "age at which a process begins another file", low=0.001, unit="h")
    max_mib: float = option(1024.0, "size of all files together; the oldest are deleted", low=0.1, unit="MiB")
    days: float | None = option(None, "age at which files are deleted; null: any", low=0.001, unit="days")

    def check(self, workers: int) -> None:
        """Check what one key alone does not show.

        Raises
        ------
        SettingError
            Callers would be hashed without a secret, or the files that are open would fill the folder.
        """
        if self.caller is not None and len(self.key or "") < SHORTEST_KEY:
            wanted = (
                f"a secret of {SHORTEST_KEY} letters or more, such as log.key=${{oc.env:LOG_KEY}}, or log.caller=null"
            )
            raise SettingError("log.key", "***" if self.key else None, wanted)
        if self.max_mib < 2 * workers * self.rotate_mib:
            least = f"at least {2 * workers * self.rotate_mib:g}, two files of log.rotate_mib for each of the workers"
            raise SettingError("log.max_mib", self.max_mib, least)


@dataclass
class ServeSettings:
    """The keys of ``mesic serve``."""

    bundle: str | None = option(None, "RUN/bundle; or give deployment=, or artefact=")
    artefact: str | None = option(None, "what target=server or target=stream built; it says the rest")
    stream: dict[str, Any] | None = field(
        default=None,
        metadata={"help": "records instead of requests: stream=NAME stream.OPTION=...; see `mesic list stream`"},
    )
    deployment: str | None = option(None, "folder of a deployment, which is followed")
    host: str = option("127.0.0.1", "address to listen at; 0.0.0.0: all")
    port: int = option(8080, "port; 0: any that is free", low=0, high=65_535)
    grpc_port: int | None = option(None, "port of gRPC, too; 0: any that is free; null: none", low=0, high=65_535)
    workers: int = option(1, "processes that answer", low=1, high=256)
    token: str | None = option(None, "what callers must send as a bearer token; null: none")
    version: str | None = option(None, "name of the bundle in answers; null: 12 digits of its digest")
    expires: str | None = option(None, "last day, UTC, on which it answers, such as 2027-01-31")
    unknown: str = option("refuse", "fields that the schema does not know", choices=("refuse", "ignore"))
    envelope: str = option(
        "open", "strict: rows outside of what training has seen are refused", choices=("open", "strict")
    )
    abstain_set: bool = option(False, "no decision where the set that holds the target has several classes")
    abstain_width: float | None = option(
        None, "no decision where the interval that holds the target is wider; null: none", low=0
    )
    abstain_below: float | None = option(
        None, "no decision where the class that is answered is less probable; null: never for that", low=0, high=1
    )
    abstain_between: list[float] = option(
        [], "no decision where the probability of the second of two classes lies between these two, such as [0.4, 0.6]"
    )
    rate: float | None = option(
        None, "requests a second that an address may send, over time, else 429; null: no limit", low=0, open_low=True
    )
    is_behind_proxy: bool = option(False, "the caller's address is the last one in X-Forwarded-For")
    cache_rows: int = option(0, "answers kept by row; 0: none", low=0)
    max_rows: int = option(1000, "rows a request", low=1)
    max_body_kib: int = option(1024, "size of a request's body", low=1, unit="KiB")
    max_header_kib: int = option(16, "size of a request's header", low=1, high=1024, unit="KiB")
    max_connections: int = option(1000, "connections that a process holds", low=1)
    queue_s: float = option(1.0, "work ahead of a request at most, else 503", low=0.0, unit="s")
    request_s: float = option(10.0, "time in which a request must arrive, an answer be taken", low=0.1, unit="s")
    answer_s: float = option(10.0, "time to answer; then a version that is tried is taken back", low=0.1, unit="s")
    idle_s: float = option(75.0, "time that a connection may say nothing", low=0.1, unit="s")
    grace_s: float = option(10.0, "time to end requests when stopped", low=0.0, unit="s")
    replay: list[str] = option([], "logs of predictions to answer again, files or folders; then nothing is served")
    log: LogSettings = field(default_factory=LogSettings)

    def __post_init__(self) -> None:
        """Take nested keys as they travel, as mappings."""
        if isinstance(self.log, dict):
            self.log = LogSettings(**self.log)
