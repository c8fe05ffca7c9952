"""A table in a file."""

import hashlib
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, feather, ipc
from pyarrow import parquet as pq

from mesic import DataError, SettingError
from mesic_plugins.sources.codes import columns_of_codes, lines_of, may_hold_codes
from mesic_plugins.sources.pieces import arrow_pieces, csv_pieces, parquet_pieces, sound

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}
_PACKED = (".gz", ".bz2", ".zst", ".lz4")
_BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 1 << 20
_FEATHER_ROWS = 1 << 16
_MOST_SAID = 300


class Table:
    r"""A CSV, Parquet, Arrow or Feather file, told apart by its suffix.

    A column of a CSV that holds digits with a leading zero, such as ``02139``, is read as text.

    Parameters
    ----------
    path : str
        The file.
    delimiter : str, optional
        What stands between the cells of a CSV: by default a tab for ``.tsv``, else a comma.
    encoding : str
        Text encoding of a CSV.

    Raises
    ------
    SettingError
        The file does not exist, is a folder, or has a suffix that says nothing.
    DataError
        The file cannot be read, is cut off, or is not what its suffix says.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "ages.csv")
    >>> _ = path.write_text("name,age\nAda,36\n")
    >>> Table(path).columns()
    ['name', 'age']
    >>> folder.cleanup()
    """

    target = None

    def __init__(self, path, delimiter=None, encoding="utf8"):
        self.path, self.delimiter, self.encoding = Path(path), delimiter, encoding
        if self.path.is_dir():
            raise SettingError("source.path", str(path), "a file, not a folder")
        if not self.path.exists():
            raise SettingError("source.path", str(path), "a file that exists")
        suffixes = [suffix.lower() for suffix in self.path.suffixes]
        suffix = next((suffix for suffix in reversed(suffixes) if suffix not in _PACKED), "")
        if suffix not in _FORMATS:
            raise SettingError("source.path", str(path), f"a file that ends in {', '.join(_FORMATS)}")
        self.format = _FORMATS[suffix]
        self.delimiter = delimiter or ("\t" if suffix == ".tsv" else ",")

    def columns(self):
        """Return the column names; only the head of the file is read."""
        return self.guarded(lambda: list(self._schema().names))

    def fingerprint(self):
        """Return a text that changes with any byte of the file; no row is read."""
        with self.guarded(lambda: self.path.open("rb")) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def batches(self, rows):
        """Yield record batches of at most `rows` rows each."""
        reader = {"csv": self._csv, "parquet": self._parquet, "arrow": self._arrow}[self.format]
        batches = self.guarded(lambda: iter(reader(rows)))
        while (batch := self.guarded(lambda: sound(next(batches, None)))) is not None:
            yield batch

    def guarded(self, read):
        """Say in one sentence what is wrong with the file."""
        try:
            return read()
        except PermissionError as error:
            raise DataError(f"{self.path} cannot be read: permission denied") from error
        except (pa.ArrowException, OSError, UnicodeError) as error:
            if self.path.stat().st_size == 0:
                raise DataError(f"{self.path} is empty: it has neither header nor rows") from error
            raise DataError(f"{self.path} cannot be read as {self.format}: {self._why(error)}") from error
        except LookupError as error:
            if self.format != "csv":
                raise DataError(f"{self.path} cannot be read as {self.format}: {error}") from error
            raise SettingError("source.encoding", self.encoding, "an encoding, such as utf8 or latin1") from error

    def _why(self, error):
        """Say in the words of who has the file what Arrow says of it."""
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:_MOST_SAID]
        if self.format == "csv" and not self.is_packed:
            with self.path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
            if b"\0" in head and not self.encoding.lower().startswith(("utf16", "utf-16", "utf32", "utf-32")):
                return f"{reason}; it holds NUL bytes: if it is UTF-16, say source.encoding=utf16"
            if not head.strip():
                return "it has neither header nor rows"
            if len(head) == _HEAD_BYTES and not {10, 13} & set(head):
                return f"its first line is longer than {_HEAD_BYTES >> 20} MiB"
        if "straddling" in reason:
            return f"a line is longer than {_BLOCK_BYTES >> 20} MiB: is a quote not closed?"
        return f"{reason}; is it cut off, or not what its suffix says?"

    def _schema(self):
        if self.format == "parquet":
            return pq.read_schema(self.path)
        if self.format == "csv":
            return self._open_csv(_HEAD_BYTES).schema
        return self._open_arrow().schema

    @property
    def is_packed(self):
        """Whether the file is compressed as a whole."""
        return any(suffix.lower() in _PACKED for suffix in self.path.suffixes)

    def csv_options(self, block_bytes=_BLOCK_BYTES, *, newlines=True, names=None, **conversion):
        """Return how Arrow reads the CSV; `names` of the columns where what is read has no header."""
        return {
            "read_options": csv.ReadOptions(encoding=self.encoding, block_size=block_bytes, column_names=names),
            "parse_options": csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=newlines),
            "convert_options": csv.ConvertOptions(strings_can_be_null=True, **conversion),
        }

    def _open_csv(self, block_bytes=_BLOCK_BYTES, **conversion):
        return csv.open_csv(self.path, **self.csv_options(block_bytes, **conversion))

    def _csv(self, rows):
        content = self._content()
        table = self._read_csv(content)
        numbers = [field.name for field in table.schema if field.type in (pa.int64(), pa.float64())]
        if numbers and may_hold_codes(content, self.delimiter, self.encoding):
            as_text = dict.fromkeys(numbers, pa.string())
            texts = self._read_csv(content, column_types=as_text, include_columns=numbers)
            for name in columns_of_codes(texts):
                table = table.set_column(table.column_names.index(name), name, texts[name])
        return table.to_batches(max_chunksize=rows)

    def _read_csv(self, content, **conversion):
        """Read as if no cell held a newline, which is faster, and again where the rows are fewer than the lines."""
        try:
            table = csv.read_csv(pa.BufferReader(content), **self.csv_options(newlines=False, **conversion))
        except pa.ArrowInvalid:
            table = None
        if table is None or table.num_rows + 1 != lines_of(content):
            table = csv.read_csv(pa.BufferReader(content), **self.csv_options(**conversion))
        return table

    def _content(self):
        if self.is_packed:
            return pa.input_stream(str(self.path)).read_buffer()
        return pa.memory_map(str(self.path)).read_buffer()

    def text_batches(self, rows):
        """Yield a CSV's batches with every cell as text, in bounded memory; other formats as they are.

        The types of a CSV are known only after its last row; here the caller knows them.
        """
        if self.format != "csv":
            yield from self.batches(rows)
            return
        names = self.columns()
        reader = self.guarded(lambda: self._open_csv(column_types=dict.fromkeys(names, pa.string())))
        while (batch := self.guarded(lambda: next(reader, None))) is not None:
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)

    def pieces(self, rows, columns, after=None):
        """Yield :class:`Piece`s of some columns, of about `rows` rows each; cells as of ``text_batches``.

        The pieces of a file are the same whenever it is asked; `after` is that of the last piece which is not needed
        again.
        """
        kind = {"csv": csv_pieces, "parquet": parquet_pieces, "arrow": arrow_pieces}[self.format]
        yield from kind(self, rows, columns, after)

    def rows_about(self):
        """Return about how many rows there are, without reading them."""
        if self.format == "parquet":
            return self.guarded(lambda: pq.ParquetFile(self.path).metadata.num_rows)
        with self.path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        lines = head.count(b"\n") if self.format == "csv" else len(head) / (8 * len(self.columns()))
        return int(self.path.stat().st_size / max(1, len(head)) * lines)

    def arrow_batches(self):
        """Yield the record batches of an Arrow file, one in memory at a time."""
        try:
            opened = self._open_arrow(pa.OSFile)
        except (pa.ArrowInvalid, OSError):  # Feather's first version, or no Arrow at all: its reader says
            yield from self.batches(_FEATHER_ROWS)
            return
        if hasattr(opened, "num_record_batches"):
            for number in range(opened.num_record_batches):
                yield self.guarded(lambda number=number: opened.get_batch(number))
        else:
            yield from iter(lambda: self.guarded(lambda: next(opened, None)), None)

    def text_schema(self):
        """Return the types of ``text_batches``."""
        if self.format == "csv":
            return pa.schema([(name, pa.string()) for name in self.columns()])
        return self.guarded(self._schema)

    def _parquet(self, rows):
        file = pq.ParquetFile(self.path, memory_map=True)
        dictionaries = [
            field.name
            for field in file.schema_arrow
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        file = pq.ParquetFile(self.path, memory_map=True, read_dictionary=dictionaries)
        return file.iter_batches(batch_size=rows)

    def _open_arrow(self, opened=pa.memory_map):
        try:
            return ipc.open_file(opened(str(self.path)))
        except pa.ArrowInvalid:
            return ipc.open_stream(opened(str(self.path)))

    def _arrow(self, rows):
        try:
            table = self._open_arrow().read_all()
        except pa.ArrowInvalid:
            table = feather.read_table(self.path)
        return table.to_batches(max_chunksize=rows)
