"""Lines of CSV as rows of texts, as the batch reads them."""

import csv
from functools import cache

from mesic import Record


class Columns:
    """The columns of a file of CSV: what its first line says.

    Parameters
    ----------
    header : bytes
        The first line.

    Examples
    --------
    >>> columns = Columns(b"age,town")
    >>> columns.record(b'31,"Ulm, at the Danube"', "0:9").value
    {'age': '31', 'town': 'Ulm, at the Danube'}
    >>> columns.record(b"31,NA", "0:9").value
    {'age': '31', 'town': None}
    >>> columns.record(b"31", "0:9").problem
    'the line has 1 cells, and the file 2 columns'
    """

    def __init__(self, header):
        self.names = _cells(header.removeprefix(b"\xef\xbb\xbf").decode("utf8"))

    def record(self, data, offset):
        """Return a line as a record."""
        try:
            cells = _cells(data.decode("utf8"))
        except (UnicodeDecodeError, csv.Error) as error:
            return Record(data, offset, problem=f"the line is no CSV: {error}; a record is one line")
        if len(cells) != len(self.names):
            said = f"the line has {len(cells)} cells, and the file {len(self.names)} columns"
            return Record(data, offset, problem=said)
        values = (None if cell in _missing() else cell for cell in cells)
        return Record(dict(zip(self.names, values, strict=True)), offset)


def _cells(text):
    return next(csv.reader([text.removesuffix("\r")], strict=True), [])


@cache
def _missing():
    """Return what stands for a missing cell in the CSV of the batch."""
    from pyarrow.csv import ConvertOptions

    return frozenset(ConvertOptions().null_values)
