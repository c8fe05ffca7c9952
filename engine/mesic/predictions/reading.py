"""The log as tables, in order of time, whatever files and processes it was written by."""

import datetime
import glob
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from mesic.errors import UsageError
from mesic.predictions.files import OPEN, SEALED, batches_of
from mesic.predictions.layout import FACTS, facts_of, in_order

ROWS = 65_536
STAMP = re.compile(r"(\d{8}T\d{6})(\d{6})Z-")


def prediction_log(path: str | Path | Iterable[str | Path], *, rows: int = ROWS) -> Iterator[pa.Table]:
    """Yield the rows of a log of predictions as tables, in order of time.

    Files that are still written, or were left behind by a process that was killed, are read up to their last whole
    batch. Files of several processes are merged.

    Parameters
    ----------
    path
        Files, folders, or patterns such as ``log/20260131*``; one, or several.
    rows
        Least rows of a table, but of the last ones.

    Yields
    ------
    pyarrow.Table
        Rows in order of ``time`` (UTC), of one bundle, version and set of redacted fields; its columns are those of
        ``docs/prediction-log.md``. Where several bundles answered side by side their tables follow each other, and no
        row is earlier than one of a table of the same bundle before it.

    Raises
    ------
    UsageError
        There is no file of a log.
    DataError
        A file is none of a log, or is damaged.

    Examples
    --------
    >>> import tempfile
    >>> list(prediction_log(tempfile.mkdtemp()))
    Traceback (most recent call last):
    mesic.errors.UsageError: ...: there is no file of a log of predictions, such as NAME.arrow or NAME.open
    """
    kept: dict[bytes, list[pa.Table]] = {}
    for pieces in _merged(files_of(path)):
        for piece in pieces:
            kept.setdefault(piece.schema.metadata[FACTS], []).append(piece)
        for facts in [facts for facts, several in kept.items() if sum(map(len, several)) >= rows]:
            yield in_order(pa.concat_tables(kept.pop(facts)))
    for several in kept.values():
        yield in_order(pa.concat_tables(several))


def files_of(path: str | Path | Iterable[str | Path]) -> list[Path]:
    """Return the files of a log, in order of their start.

    Raises
    ------
    UsageError
        There is none.
    """
    given = [path] if isinstance(path, (str, Path)) else list(path)
    found = {file for one in given for file in _files_at(one)}
    return sorted(file for file in found if file.suffix != OPEN or file.with_suffix(SEALED) not in found)


def _files_at(path: str | Path) -> Sequence[Path]:
    place = Path(path)
    if place.is_file():
        return [place]
    places = sorted(place.iterdir()) if place.is_dir() else [Path(name) for name in glob.glob(str(path))]  # noqa: PTH207 - a pattern may be absolute
    files = [file for file in places if file.suffix in (SEALED, OPEN)]
    if not files:
        raise UsageError(f"{path}: there is no file of a log of predictions, such as NAME{SEALED} or NAME{OPEN}")
    return files


class _Reader:
    """One file: `rest`, the rows that were read and not handed on; None at its end."""

    def __init__(self, file: Path) -> None:
        self._batches = _of_log(file)
        self.rest: pa.Table | None = None
        self.read_on()

    def read_on(self) -> None:
        batch = next((batch for batch in self._batches if batch.num_rows), None)
        self.rest = None if batch is None else pa.Table.from_batches([batch])

    @property
    def first(self) -> int:
        """The earliest time of what was read, in microseconds."""
        return self._times()[0]

    @property
    def last(self) -> int:
        return self._times()[1]

    def _times(self) -> tuple[int, int]:
        import pyarrow.compute as pc

        assert self.rest is not None
        ends = pc.min_max(self.rest["time"])
        return ends["min"].value, ends["max"].value

    def until(self, time_us: int) -> pa.Table:
        """Hand on the rows up to a time."""
        import pyarrow.compute as pc

        assert self.rest is not None
        is_due = pc.less_equal(self.rest["time"].cast(pa.int64()), time_us)
        due, later = self.rest.filter(is_due), self.rest.filter(pc.invert(is_due))
        self.rest = later
        if not len(later):
            self.read_on()
        return due


def _of_log(file: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a file of the log; of one that was sealed meanwhile those of the sealed one."""
    is_checked = False
    for batch in _batches_wherever(file):
        if not is_checked:
            facts_of(batch.schema, file)
            is_checked = True
        yield batch


def _batches_wherever(file: Path) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches_of(file)
    except FileNotFoundError:
        if file.suffix != OPEN or not file.with_suffix(SEALED).exists():
            return  # deleted meanwhile, as the folder was full
        yield from batches_of(file.with_suffix(SEALED))


def _merged(files: Sequence[Path]) -> Iterator[list[pa.Table]]:
    """Yield pieces of files, those of the same time together: no later row is earlier than one before."""
    later = deque((_start_us(file), file) for file in sorted(files, key=_start_us))
    readers: list[_Reader] = []
    while readers or later:
        due = min((reader.last for reader in readers), default=later[0][0] if later else 0)
        while later and later[0][0] <= due:
            reader = _Reader(later.popleft()[1])
            if reader.rest is not None:
                readers.append(reader)
                due = min(due, reader.last)
        yield [reader.until(due) for reader in readers if reader.first <= due]
        readers = [reader for reader in readers if reader.rest is not None]


def _start_us(file: Path) -> int:
    """Return when the first row of a file was answered, as its name says; of a file that was renamed the earliest."""
    stamp = STAMP.match(file.name)
    if stamp is None:
        return -(2**63)
    seconds = datetime.datetime.strptime(stamp[1], "%Y%m%dT%H%M%S").replace(tzinfo=datetime.UTC).timestamp()
    return round(seconds) * 1_000_000 + int(stamp[2])
