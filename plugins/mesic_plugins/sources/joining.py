"""Which row of one table meets which row of another: by keys, and as of a moment."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def matching_codes(left, right):
    """Return one number a row for the keys of both tables: equal where all keys are equal, -1 where one is missing.

    Parameters
    ----------
    left, right : list of pyarrow.ChunkedArray
        Key columns, in the same order.

    Returns
    -------
    tuple of ndarray
        int64 of shape (rows of left,) and (rows of right,).

    Examples
    --------
    >>> ones, others = pa.chunked_array([[1, 2, None]]), pa.chunked_array([["2", "1", "3"]])
    >>> [codes.tolist() for codes in matching_codes([ones], [others])]
    [[0, 1, -1], [1, 0, 3]]
    """
    rows = len(left[0])
    codes = np.zeros(rows + len(right[0]), dtype=np.int64)
    is_missing = np.zeros(codes.size, dtype=bool)
    for one, other in zip(left, right, strict=True):
        key, names = pd.factorize(pd.concat([pd.Series(cells) for cells in alike(one, other)], ignore_index=True))
        is_missing |= key < 0
        codes, _ = pd.factorize(codes * (len(names) + 1) + key)
    codes = np.where(is_missing, -1, codes)
    return codes[:rows], codes[rows:]


def alike(left, right):
    """Return two key columns as arrays that can be compared: as numbers or times where both are, else as text."""
    kinds = [_plain(column).type for column in (left, right)]
    if all(map(_is_number, kinds)):
        return [_plain(column).cast(pa.float64(), safe=False).to_pandas() for column in (left, right)]
    if all(map(pa.types.is_temporal, kinds)):
        return [moments(column) for column in (left, right)]
    texts = (pc.utf8_trim_whitespace(_plain(column).cast(pa.string())) for column in (left, right))
    return [text.to_pandas().astype(object) for text in texts]


def moments(column):
    """Return a column of times as UTC timestamps; what is no time is missing."""
    values = _plain(column).to_pandas()
    return pd.Series(pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce")).astype("datetime64[us, UTC]")


def _plain(column):
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _is_number(kind):
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def partners(left_codes, right_codes):
    """Return the row of the right that meets each row of the left by its key, -1 for none; keys of the right differ."""
    known = np.flatnonzero(right_codes >= 0)
    place = pd.Index(right_codes[known]).get_indexer(left_codes)
    found = known[place] if known.size else place
    return np.where((left_codes < 0) | (place < 0), -1, found)


def partners_as_of(left_codes, asked, right_codes, known):
    """Return the latest row of the right that was known when each row of the left was asked for, -1 for none.

    Parameters
    ----------
    left_codes, right_codes : ndarray
        Keys, as of `matching_codes`.
    asked, known : pandas.Series
        When a prediction is asked for; since when a row of the right is known. UTC timestamps.

    Returns
    -------
    found : ndarray
        Row numbers of the right.
    later : ndarray of bool
        Rows of the left whose key stands in the right, but was known only later.
    """
    left = pd.DataFrame({"code": left_codes, "moment": asked, "row": np.arange(left_codes.size)})
    right = pd.DataFrame({"code": right_codes, "moment": known, "partner": np.arange(right_codes.size)})
    left = left[left["code"] >= 0].sort_values("moment", kind="stable")
    right = right[(right["code"] >= 0) & right["moment"].notna()].sort_values("moment", kind="stable")
    met = pd.merge_asof(left, right, on="moment", by="code")
    found = np.full(left_codes.size, -1, dtype=np.int64)
    found[met["row"].to_numpy()] = met["partner"].fillna(-1).to_numpy(dtype=np.int64)
    return found, (found < 0) & np.isin(left_codes, right["code"].to_numpy())
