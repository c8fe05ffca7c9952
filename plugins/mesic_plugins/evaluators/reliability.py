"""How far a column can be relied on: what is missing, what stands still, what changes."""

import numpy as np
import pandas as pd

from mesic import Profile, shifts

FEWEST_RUNS = 10
LONGER = 10


def missing_share(column):
    """Return the share of missing cells."""
    return float(column.isna().mean()) if len(column) else 0.0


def covered_share(column, asked):
    """Return which share of the rows of a column says what rows that were asked say, too.

    Of numbers of more than twenty values, what lies between the least and the largest that was asked.

    Examples
    --------
    >>> covered_share(pd.Series([1.0, 1, 2, 3]), pd.Series([1.0, 2]))
    0.75
    """
    present = column.dropna()
    if not len(present):
        return 1.0
    if isinstance(column.dtype, pd.CategoricalDtype) or present.nunique() <= 20:
        return float(present.isin(asked.dropna().unique()).mean())
    return float(present.between(asked.min(), asked.max()).mean())


def stands_still(column, time):
    """Return in which share of moments a column stands still for far longer than it uses to; None without time.

    One cell a moment is looked at, the first. A run of one value is far longer than usual from ten times the median
    run; columns of fewer than ten runs are not asked.

    Examples
    --------
    >>> hours = np.arange(1000.0)
    >>> stuck = np.where(hours < 600, hours, 600)
    >>> stands_still(pd.Series(stuck), hours), stands_still(pd.Series(hours // 24), hours)
    (0.4, 0.0)
    """
    if time is None:
        return None
    order = np.argsort(time, kind="stable")
    order = order[np.r_[True, np.diff(np.asarray(time)[order]) > 0]]
    codes, _ = pd.factorize(column.to_numpy()[order])
    starts = np.flatnonzero(np.r_[True, np.diff(codes) != 0])
    runs = np.diff(np.r_[starts, codes.size])
    if runs.size < FEWEST_RUNS:
        return None
    return float(runs[runs >= LONGER * np.median(runs)].sum() / codes.size)


def shift_over_time(column, time, level):
    """Return the largest change between the earlier and the later half of rows, None where there is none or no time."""
    if time is None or len(column) < 2:
        return None
    is_later = np.argsort(np.argsort(time, kind="stable")) >= len(column) // 2
    frame = column.to_frame()
    whole = Profile.of(frame)  # levels that are listed for one half alone would seem to go
    found = shifts(whole.counted(frame[~is_later]), whole.counted(frame[is_later]), level=1 - level)
    return {"effect": found[0].effect, "said": str(found[0]), "q": found[0].q} if found else None
