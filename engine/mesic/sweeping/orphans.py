"""Workers of a pool whose sweeper was killed: they end their job, and then themselves; nobody else would end them."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

LOOK_EVERY_S = 0.5
_AT_WORK = threading.RLock()


@contextmanager
def at_work(sweeper: int) -> Iterator[None]:
    """Do a job in the block; if this process was started by the sweeper, it ends soon after that does.

    Parameters
    ----------
    sweeper
        The number of the sweeper's process.
    """
    if os.getppid() == sweeper:
        _follow(sweeper)
    with _AT_WORK:
        yield


@lru_cache(maxsize=1)
def _follow(sweeper: int) -> None:
    threading.Thread(target=_end_after, args=(sweeper,), daemon=True).start()


def _end_after(sweeper: int) -> None:
    while os.getppid() == sweeper:
        time.sleep(LOOK_EVERY_S)
    with _AT_WORK:
        os._exit(0)  # who would wait for this worker is gone
