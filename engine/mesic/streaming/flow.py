"""The loop of a stream: read, answer, write, make safe; one thread, so that order and back-pressure need no machinery.

Nothing is read before the answers to what was read are written: a slow reader of answers slows the reading of records,
and no more than a batch is held. What is written is made safe first, then the checkpoint says so.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from mesic.errors import CheckFailed, MesicError
from mesic.serving.messages import log
from mesic.serving.release import Release, last_day
from mesic.streaming.answering import CONTROL, Answering, Asked, Observer, RefusalObserver
from mesic.streaming.appended import AppendedFile
from mesic.streaming.checkpoint import Checkpoint, Progress
from mesic.streaming.counting import Counts, Heartbeat
from mesic.streaming.settings import StreamOptions
from mesic.streaming.stream import Record, Reply, Stream

LONGEST_WAIT_S = 0.2


class Flow:
    """A stream and the release that answers it.

    Parameters
    ----------
    stream
        Records and the place of their answers.
    options
        The options that every stream has.
    release
        What answers first.
    reload
        Loads and verifies what lies at ``bundle=`` now.
    checkpoint
        Where progress is kept; None where the stream keeps it itself, or nobody does.

    Attributes
    ----------
    observers, refusal_observers
        See :class:`mesic.streaming.answering.Answering`.
    logged, close_log
        Says what the log of predictions has counted, by name; ends it, before that is told for the last time.
    """

    def __init__(
        self,
        stream: Stream,
        options: StreamOptions,
        release: Release,
        *,
        reload: Callable[[], Release],
        checkpoint: Checkpoint | None,
    ) -> None:
        self.stream, self.options, self.checkpoint = stream, options, checkpoint
        self.observers: list[Observer] = []
        self.refusal_observers: list[RefusalObserver] = []
        self.logged: Callable[[], Mapping[str, float]] = dict
        self.close_log: Callable[[], object] = dict
        self.counts = Counts()
        self.is_stopping = False
        self._reload = reload
        self._answering = Answering(release, options, self.observers, self.refusal_observers)
        self._letters = AppendedFile(Path(options.dead_letters), "dead_letters") if options.dead_letters else None
        self._loader = ThreadPoolExecutor(1, "mesic-reload")
        self._loading: Future[Release] | None = None
        self._is_reload_wanted = False
        self._has_changed = False
        self._unsafe_since: float | None = None
        self.heartbeat: Heartbeat | None = None

    @property
    def release(self) -> Release:
        """What answers now."""
        return self._answering.release

    def stop(self) -> None:
        """End after what is under way; may be called by a signal."""
        self.is_stopping = True

    def reload(self) -> None:
        """Take the bundle into use that lies there now, once it is verified; may be called by a signal."""
        self._is_reload_wanted = True

    def run(self) -> Counts:
        """Answer records until the stream ends or is stopped; return what was counted.

        Raises
        ------
        MesicError
            The stream breaks, or the bundle expires: what was answered until the last checkpoint stays so.
        """
        if self.checkpoint is not None:
            self.checkpoint.claim()
        try:
            self._refuse_expired()
            self._open()
            while not self.is_stopping and self._flows():
                pass
            self._commit()
            self.close_log()
            self._tell(is_last=True)
        finally:
            self._loader.shutdown(wait=False, cancel_futures=True)
            self.stream.close()
            if self._letters is not None:
                self._letters.close()
            if self.checkpoint is not None:
                self.checkpoint.release()
        return self.counts

    def _open(self) -> None:
        progress = self.checkpoint.load() if self.checkpoint is not None else None
        if progress is not None:
            self.counts.records, self.counts.refused = progress.records, progress.refused
            if progress.bundle != self._answering.release.digest:
                log("bundle-changed", was=progress.bundle, now=self._answering.release.digest)
        self.stream.open(progress.position if progress is not None else None)
        if self._letters is not None:
            self._letters.open(self._letters_length(progress))
        if self.checkpoint is not None and progress is None:
            self._commit()  # before an answer is written: one that is cut off by a kill is then known of
        metrics = Path(self.options.metrics) if self.options.metrics else None
        self.heartbeat = Heartbeat(self.counts, self.options.heartbeat_s, metrics, self.logged)
        log("ready", records=self.counts.records, bundle=self._answering.release.digest, **self.stream.identity())

    def _letters_length(self, progress: Progress | None) -> int | None:
        """Return how much of the dead letters is known of; without a checkpoint they are added to."""
        assert self._letters is not None
        if self.checkpoint is None and self._letters.path.is_file():
            return self._letters.path.stat().st_size
        return progress.dead_letters if progress is not None else None

    def _flows(self) -> bool:
        """Do one turn; return False where the stream has ended."""
        self._take_reloaded()
        self._refuse_expired()
        records = self.stream.read(self.options.batch, self._wait_s())
        if records:
            for replies in self._replies(records):
                self._write(replies)
        if self._is_commit_due():
            self._commit()
        self._tell()
        return records is not None

    def _is_commit_due(self) -> bool:
        if self._unsafe_since is None:
            return False
        return self._has_changed or perf_counter() - self._unsafe_since >= self.options.commit_s

    def _wait_s(self) -> float:
        if self._unsafe_since is None:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, self._unsafe_since + self.options.commit_s - perf_counter()))

    def _replies(self, records: Sequence[Record]) -> Iterator[list[Reply]]:
        """Yield replies in order; a record that orders a reload parts those before from those behind it."""
        if not self.options.control:
            yield self._answering.replies(records)
            return
        waiting: list[Asked] = []
        for record in records:
            asked = self._answering.read(record)
            if not self._answering.wants_control(asked):
                waiting.append(asked)
                continue
            yield self._answering.replies_to(waiting)
            waiting = []
            yield [self._controlled(asked)]
        yield self._answering.replies_to(waiting)

    def _controlled(self, asked: Asked) -> Reply:
        """Do what a record orders, and say how it went."""
        assert asked.row is not None
        if asked.row[CONTROL] != "reload":
            return self._answering.said(asked, control="refused", why='there is only {"control": "reload"}')
        try:
            self._use(self._reload())
        except Exception as error:  # noqa: BLE001 - a bundle that cannot be loaded must not end the one in use
            why = _kept(error)
            return self._answering.said(asked, control="refused", why=why)
        return self._answering.said(asked, control="reloaded")

    def _write(self, replies: Sequence[Reply]) -> None:
        if not replies:
            return
        self.stream.write(replies)
        refusals = [reply for reply in replies if reply.is_refusal]
        self.counts.records += len(replies)
        self.counts.refused += len(refusals)
        if refusals and self._letters is not None:
            self._letters.append(b"".join(map(_letter, refusals)))
        if self._unsafe_since is None:
            self._unsafe_since = perf_counter()

    def _commit(self) -> None:
        """Make answers safe, then say so."""
        position = self.stream.commit()
        letters = self._letters.commit() if self._letters is not None else 0
        if self.checkpoint is not None:
            release, counts = self._answering.release, self.counts
            self.checkpoint.save(
                Progress(
                    self.checkpoint.stream, position, release.digest, release.version,
                    counts.records, counts.refused, letters,
                )
            )  # fmt: skip
        self._unsafe_since, self._has_changed = None, False
        if self.heartbeat is not None:
            self.heartbeat.safe_at = perf_counter()

    def _tell(self, *, is_last: bool = False) -> None:
        if self.heartbeat is not None:
            self.heartbeat.beat(self.stream.lag, is_last=is_last)

    def _take_reloaded(self) -> None:
        """Load a bundle beside, and use it between two batches once it is verified."""
        if self._is_reload_wanted and self._loading is None:
            self._is_reload_wanted = False
            self._loading = self._loader.submit(self._reload)
        if self._loading is None or not self._loading.done():
            return
        self._commit()
        loading, self._loading = self._loading, None
        try:
            release = loading.result()
        except Exception as error:  # noqa: BLE001 - a bundle that cannot be loaded must not end the one in use
            _kept(error)
            return
        self._use(release)

    def _use(self, release: Release) -> None:
        """Answer with a release from the next record on; what is answered until then is made safe soon."""
        self._answering = Answering(release, self.options, self.observers, self.refusal_observers)
        self._has_changed = True
        self.counts.reloads += 1
        log("reloaded", bundle=release.digest, version=release.version)

    def _refuse_expired(self) -> None:
        release = self._answering.release
        if release.is_expired(time.time()):
            if self._unsafe_since is not None:
                self._commit()
            raise CheckFailed(
                f"the bundle expired: its last day was {last_day(release.expires)}; records wait where they are, "
                f"give a newer bundle and start again"
            )


def _letter(reply: Reply) -> bytes:
    """Return a refusal with the record itself, so that it can be mended and sent again."""
    told, value = json.loads(reply.line), reply.record.value
    letter = {name: told[name] for name in ("id", "offset", "error")}
    letter["record"] = value.decode(errors="backslashreplace") if isinstance(value, bytes) else dict(value)
    return json.dumps(letter, ensure_ascii=False, default=str).encode(errors="backslashreplace") + b"\n"


def _kept(error: Exception) -> str:
    """Say that the bundle in use stays, and why."""
    why = f"the bundle in use stays: {error if isinstance(error, MesicError) else repr(error)}"
    log("not-reloaded", why=why)
    return why
