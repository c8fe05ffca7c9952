"""Updates of a folder: the new file is verified before anything is switched, the previous one is kept.

A folder holds ``current.mesic`` and ``previous.mesic``; each is always whole, whenever the power fails.
"""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from mesic_plugins.targets.device.reader import Broken, opened

CURRENT, PREVIOUS, TEMPORARY = "current.mesic", "previous.mesic", ".fresh-"


def load(folder, keys=()):
    """Return the model of a folder: the current one or, where that is broken, the previous one.

    `model.note` says why the previous one answers; None: it need not. Raises Broken where neither can be opened.
    """
    why = []
    for name in (CURRENT, PREVIOUS):
        try:
            model = opened(Path(folder, name).read_bytes(), keys)
        except (OSError, ValueError) as error:
            why.append(f"{name}: {error}")
            continue
        model.note = f"{name} answers, for {'; '.join(why)}" if why else None
        return model
    raise Broken(f"{folder} holds no model that can be opened: {'; '.join(why)}")


def update(folder, content, keys=(), is_forced=False, today=None):
    """Let a folder answer by a new file, given as bytes; return its model.

    Verified are digest, signature, format, last day, its own test, and that its serial is not below that of the
    current or previous file (unless `is_forced`). Raises Broken or Expired; the folder then is as it was.
    """
    fresh = opened(content, keys)
    fresh.refuse_expired(today)
    Path(folder).mkdir(parents=True, exist_ok=True)
    with alone(folder):
        now, before = (model_at(Path(folder, name), keys) for name in (CURRENT, PREVIOUS))
        newest = max((model.facts["serial"] for model in (now, before) if model), default=0)
        if fresh.facts["serial"] < newest and not is_forced:
            raise Broken(
                f"this file has serial {fresh.facts['serial']}, and {newest} was here: an older one is not taken"
            )
        if now is not None and now.facts["digest"] == fresh.facts["digest"]:
            return fresh
        if now is not None:
            put(Path(folder, PREVIOUS), Path(folder, CURRENT).read_bytes())
        put(Path(folder, CURRENT), content)
    return fresh


def model_at(path, keys):
    """Return the model of a file; None where it cannot be opened."""
    try:
        return opened(path.read_bytes(), keys)
    except (OSError, ValueError):
        return None


def put(path, content):
    """Write a file, all or nothing, also where the power fails."""
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=str(path.parent))
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(str(path.parent), os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def alone(folder):
    """Let one process at a time switch, where the system can; clear away what a killed one has left."""
    with Path(folder, ".lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except ImportError:  # there is none on Windows
            pass
        for left in Path(folder).glob(TEMPORARY + "*"):
            left.unlink()
        yield
