"""What a look at the bytes of a CSV says: how many lines, and whether cells may be codes.

Codes are digits with a leading zero, which a reader of numbers would cut.
"""

import numpy as np
import pyarrow.compute as pc

_BLOCK_BYTES = 1 << 16  # what is worked out of a block fits the cache
_ZERO, _SPACE, _QUOTE, _NEWLINE = 48, 32, 34, 10
_CODE = r"^\s*0\d+\s*$"


def may_hold_codes(content, delimiter, encoding):
    r"""Return whether a cell may start with a zero and another digit: a fast look at the bytes, never a wrong no.

    Examples
    --------
    >>> may_hold_codes(b"zip,y\n02139,1\n", ",", "utf8"), may_hold_codes(b"x,y\n0,0.5\n", ",", "utf8")
    (True, False)
    """
    if ",0".encode(encoding) != b",0":
        return True
    bytes_ = np.frombuffer(content, dtype=np.uint8)
    return any(
        _block_may_hold_codes(bytes_[start : start + _BLOCK_BYTES + 3], ord(delimiter))
        for start in range(0, bytes_.size, _BLOCK_BYTES)
    )


def _block_may_hold_codes(block, delimiter):
    two_before, before, first, second = block[:-3], block[1:-2], block[2:-1], block[3:]
    is_code = first == _ZERO
    is_code &= second - np.uint8(_ZERO) < 10
    is_code &= before <= max(_QUOTE, delimiter)
    found = np.flatnonzero(is_code)
    ahead = np.where(before[found] == _SPACE, two_before[found], before[found])  # a cell may start with a space
    return bool(((ahead <= _QUOTE) | (ahead == delimiter)).any())


def lines_of(content):
    r"""Return how many lines a text has, be the last one ended or not.

    Examples
    --------
    >>> lines_of(b"a\nb\n"), lines_of(b"a\nb"), lines_of(b"")
    (2, 2, 0)
    """
    bytes_ = np.frombuffer(content, dtype=np.uint8)
    starts = range(0, bytes_.size, _BLOCK_BYTES)
    ends = sum(int(np.count_nonzero(bytes_[start : start + _BLOCK_BYTES] == _NEWLINE)) for start in starts)
    return ends + int(bytes_.size > 0 and bytes_[-1] != _NEWLINE)


def columns_of_codes(texts):
    """Return the names of the columns in which a cell is a code.

    Parameters
    ----------
    texts : pyarrow.Table
        Columns of text.

    Examples
    --------
    >>> import pyarrow as pa
    >>> columns_of_codes(pa.table({"zip": ["02139", "10001"], "age": ["0", "36"]}))
    ['zip']
    """
    return [name for name in texts.column_names if pc.any(pc.match_substring_regex(texts[name], _CODE)).as_py()]
