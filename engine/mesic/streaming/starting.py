"""Let records flow: from settings to a stream that runs until it ends, is stopped or breaks."""

import mmap
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from mesic.errors import CheckFailed
from mesic.serving.counters import TOTALS, Counters, shared_memory_size
from mesic.serving.release import Release, last_day
from mesic.serving.settings import ServeSettings
from mesic.streaming.checkpoint import Checkpoint
from mesic.streaming.flow import Flow
from mesic.streaming.registration import Registration
from mesic.streaming.verifying import verified


def flow_of(registration: Registration, settings: ServeSettings) -> Flow:
    """Return a flow that is ready to run.

    Parameters
    ----------
    registration
        Which stream, with which options.
    settings
        ``bundle``, ``version``, ``expires``, ``unknown`` and ``log`` of ``mesic serve``.

    Raises
    ------
    MesicError
        The bundle or an option cannot work.
    """
    options, stream = registration.shared(), registration.built()

    def loaded() -> Release:
        release = verified(str(settings.bundle), settings)
        if release.is_expired(time.time()):
            raise CheckFailed(f"bundle {settings.bundle} expired: its last day was {last_day(release.expires)}")
        return release

    path = Path(options.checkpoint) if options.checkpoint is not None else stream.usual_checkpoint
    named = {"name": registration.stream, **stream.identity(), "id": options.id}
    checkpoint = None if path is None else Checkpoint(path, named)
    return Flow(stream, options, loaded(), reload=loaded, checkpoint=checkpoint)


def let_flow(registration: Registration, settings: ServeSettings) -> dict[str, Any]:
    """Answer a stream until it ends; return what was counted.

    SIGTERM and SIGINT end it after what is under way, a second one at once; SIGHUP takes the bundle into use that lies
    there then.

    Raises
    ------
    MesicError
        It cannot start, or breaks: what was answered until the last checkpoint stays so.
    """
    flow = flow_of(registration, settings)
    with _logged(flow, settings), _signals(flow.stop, flow.reload):
        return asdict(flow.run())


@contextmanager
def _logged(flow: Flow, settings: ServeSettings) -> Iterator[None]:
    """Keep a log of predictions meanwhile, where one is asked for."""
    if settings.log.folder is None:
        yield
        return
    from mesic.predictions.recorder import recorder_of

    counters = Counters(mmap.mmap(-1, shared_memory_size(1)), 0)
    recorder = recorder_of(settings, counters, flow.release)
    flow.observers.append(recorder.several)
    if settings.log.refused:
        flow.refusal_observers.append(recorder.refused)
    flow.logged = lambda: {name: counters.total(name) for name in TOTALS if name.startswith("mesic_log_")}
    flow.close_log = partial(recorder.close, settings.grace_s)
    try:
        yield
    finally:
        flow.close_log()  # where the stream broke nobody has


@contextmanager
def _signals(stop: Callable[[], None], reload: Callable[[], None]) -> Iterator[None]:
    """Call these when a signal comes; a second one that asks for an end interrupts."""
    ending = (signal.SIGTERM, signal.SIGINT)

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signals are told
        stop()
        for one in ending:
            signal.signal(one, signal.default_int_handler)

    before = {number: signal.signal(number, end) for number in ending}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda *_: reload())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
