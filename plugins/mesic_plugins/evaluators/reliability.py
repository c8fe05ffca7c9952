"""How far a column can be relied on: what is missing, what stands still, what changes."""

import numpy as np

from mesic import Profile, shifts

FEWEST_VALUES = 10


def missing_share(column):
    """Return the share of missing cells."""
    return float(column.isna().mean()) if len(column) else 0.0


def repeats_itself(column, time):
    """Return in which share of rows a column says again what the row before said, beyond chance; None without time.

    0 is what the shares of the values would make by chance; 1 is a column that stands still. Columns of fewer than ten
    values are not asked.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = np.arange(100.0)
    >>> repeats_itself(pd.Series(hours // 5), hours) > 0.7, repeats_itself(pd.Series(hours % 20), hours)
    (True, 0.0)
    """
    if time is None:
        return None
    _, codes = np.unique(column.to_numpy()[np.argsort(time, kind="stable")].astype(str), return_inverse=True)
    counts = np.bincount(codes)
    if counts.size < FEWEST_VALUES:
        return None
    chance = float(((counts / codes.size) ** 2).sum())
    again = float((codes[1:] == codes[:-1]).mean())
    return max((again - chance) / (1 - chance), 0.0)


def shift_over_time(column, time, level):
    """Return the largest change between the earlier and the later half of rows, None where there is none or no time."""
    if time is None or len(column) < 2:
        return None
    is_later = np.argsort(np.argsort(time, kind="stable")) >= len(column) // 2
    frame = column.to_frame()
    before = Profile.of(frame[~is_later])
    found = shifts(before, before.counted(frame[is_later]), level=1 - level)
    return {"effect": found[0].effect, "said": str(found[0]), "q": found[0].q} if found else None
