"""Files of the log: appended to, batch by batch, and sealed; what a killed process left is sealed by the next one.

A file is in Arrow's IPC format. While it grows it is called ``NAME.open`` and lacks the footer; every batch of it can
be read all the same. Sealed, it is ``NAME.arrow``. Who writes a file holds a lock on it, which ends with the process.
"""

import fcntl
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from mesic.errors import DataError

OPEN, SEALED, FRESH = ".open", ".arrow", ".tmp"
MAGIC = b"ARROW1\0\0"
COMPRESSION = "lz4"
WRITE_BYTES = 2**20
FEW_ROWS, BATCH_ROWS = 1000, 65_536


class LogFile:
    """A file that grows.

    Parameters
    ----------
    folder
        Where it lies.
    schema
        Of every batch.
    start_us
        When its first row was answered, microseconds since 1970, UTC; files sort by it.

    Raises
    ------
    OSError
        It cannot be written.
    """

    def __init__(self, folder: Path, schema: pa.Schema, start_us: int) -> None:
        self.path, self._lock = _created(folder, start_us)
        self.began, self.rows, self.batches = time.monotonic(), 0, 0
        try:
            self._sink = pa.BufferedOutputStream(pa.OSFile(str(self.path), "wb"), WRITE_BYTES)
            self._writer = pa.ipc.new_file(self._sink, schema, options=_options())
        except (OSError, pa.ArrowException):
            self.abandon()
            raise
        self.bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch: it outlives this process once this returns.

        Raises
        ------
        OSError
            It cannot be written; the file is to be abandoned then.
        """
        self._writer.write_batch(batch)
        self._sink.flush()
        self.bytes = self._sink.tell()
        self.rows += batch.num_rows
        self.batches += 1

    def seal(self) -> None:
        """End the file: from now on every reader of Arrow reads it.

        Raises
        ------
        OSError
            It cannot be written; it stays as it is, and the next process tries again.
        """
        try:
            self._writer.close()
            self._sink.close()
            if self.rows < FEW_ROWS * self.batches:
                rewrite(self.path)
            else:
                self.path.replace(self.path.with_suffix(SEALED))
        finally:
            os.close(self._lock)

    def abandon(self) -> None:
        """Keep the whole batches and let go; without one, nothing is kept."""
        self._writer = self._sink = None
        with suppress(OSError):
            if self.batches:
                os.truncate(self.path, self.bytes)
            else:
                self.path.unlink()
        os.close(self._lock)


def _options() -> pa.ipc.IpcWriteOptions:
    return pa.ipc.IpcWriteOptions(compression=COMPRESSION)


def _created(folder: Path, start_us: int) -> tuple[Path, int]:
    """Create a file that nobody has, and lock it."""
    seconds, micro = divmod(start_us, 1_000_000)
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}{micro:06d}Z"
    for number in itertools.count():
        path = folder / f"{stamp}-{os.getpid()}-{number}{OPEN}"
        with suppress(FileExistsError):
            lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640)
            if _is_ours(lock):
                return path, lock
            os.close(lock)  # another process took it for one that was left behind
    raise AssertionError


def _is_ours(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(lock).st_nlink > 0


def batches_of(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file, of one that still grows or was left behind the whole ones.

    Raises
    ------
    DataError
        It is no file of Arrow, or a sealed one that is damaged.
    FileNotFoundError
        It is not there, or no longer.
    """
    is_open = path.suffix == OPEN
    with pa.OSFile(str(path), "rb") as file:
        try:
            magic = file.read(len(MAGIC))
            if magic == MAGIC:
                for batch in pa.ipc.open_stream(file):
                    batch.validate(full=True)
                    yield batch
            elif not is_open or len(magic) == len(MAGIC):
                raise DataError(f"{path} is no file of Arrow: give files or folders of the log")
        except (pa.ArrowInvalid, OSError) as error:
            if not is_open:
                raise DataError(f"{path} is damaged: {error}") from error


def rewrite(path: Path) -> None:
    """Seal an open file by writing it again, in large batches."""
    batches = list(batches_of(path))
    if batches:
        fresh = path.with_suffix(FRESH)
        table = pa.Table.from_batches(batches).combine_chunks()
        try:
            with pa.OSFile(str(fresh), "wb") as file, pa.ipc.new_file(file, table.schema, options=_options()) as writer:
                writer.write_table(table, max_chunksize=BATCH_ROWS)
            changed = path.stat().st_mtime
            os.utime(fresh, (changed, changed))
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        fresh.replace(path.with_suffix(SEALED))
    path.unlink()


def recover(folder: Path) -> list[Path]:
    """Seal what processes left that ended in the middle; return the files.

    Raises
    ------
    OSError
        They cannot be written.
    """
    found = []
    for path in sorted(folder.glob(f"*{OPEN}")):
        with suppress(FileNotFoundError, BlockingIOError):
            lock = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():  # else another one has sealed it meanwhile
                    found.append(path)
                    _seal_left(path)
            finally:
                os.close(lock)
    return found


def _seal_left(path: Path) -> None:
    path.with_suffix(FRESH).unlink(missing_ok=True)
    if path.with_suffix(SEALED).exists():
        path.unlink()
    else:
        rewrite(path)
