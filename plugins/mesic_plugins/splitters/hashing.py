"""Chance that belongs to a row: numbers drawn from a row's key, never from its place."""

import numpy as np

_MASK = (1 << 64) - 1
_ROUNDING = 1e-9  # 0.29 * 100 is a little less than 29
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def salted(seed, purpose):
    """Return a 64-bit salt for one purpose, so that the test part and the folds draw independently."""
    entropy = [int(seed), *purpose.encode()]
    return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])


def hashed(keys, salt):
    """Return 64-bit hashes of keys under a salt, uint64 of shape (n,)."""
    with np.errstate(over="ignore"):
        z = (keys ^ np.uint64(salt & _MASK)) + _A
        z = (z ^ (z >> np.uint64(30))) * _B
        z = (z ^ (z >> np.uint64(27))) * _C
        return z ^ (z >> np.uint64(31))


def unit_interval(keys, salt):
    """Return a number in [0, 1) a row, float64 of shape (n,).

    Examples
    --------
    >>> bool(abs(unit_interval(np.arange(10_000, dtype=np.uint64), 1).mean() - 0.5) < 0.02)
    True
    """
    return (hashed(keys, salt) >> np.uint64(11)).astype(np.float64) / 2**53


def occurrence_keys(keys):
    """Return keys in which each repetition of a key is a key of its own; the first of them keeps its key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.r_[True, ordered[1:] != ordered[:-1]]
    first = np.maximum.accumulate(np.where(starts, np.arange(keys.size), 0))
    nth = np.empty(keys.size, dtype=np.uint64)
    nth[order] = (np.arange(keys.size) - first).astype(np.uint64)
    return np.where(nth == 0, keys, hashed(keys + nth, 1))


def folds_of(keys, strata, count, salt):
    """Deal units of equal key to `count` folds, stratum by stratum, in the order of their hashes.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        Rows of equal key form a unit and share a fold; a unit's stratum is that of its first row in hash order.
    strata : ndarray of int64, shape (n,)
        Each stratum is dealt evenly.
    count : int
        Number of folds.
    salt : int
        Chooses the order.

    Returns
    -------
    ndarray of int64, shape (n,)
        Fold numbers 0 to count - 1.

    Examples
    --------
    >>> folds = folds_of(np.arange(10, dtype=np.uint64), np.zeros(10, int), 5, salt=3)
    >>> np.bincount(folds).tolist()
    [2, 2, 2, 2, 2]
    """
    place, unit_of_row = _places(keys, strata, salt)
    return (place % count)[unit_of_row]


def every_nth(keys, strata, share, salt):
    """Take units of equal key, evenly spaced in the order of ``folds_of``: a share of every stratum, within one unit.

    Parameters
    ----------
    keys, strata, salt
        As for ``folds_of``.
    share : float
        Share of the units to take, in (0, 1).

    Returns
    -------
    ndarray of bool, shape (n,)
        The rows that are taken.

    Examples
    --------
    >>> strata = np.repeat([0, 1], [70, 30])
    >>> taken = every_nth(np.arange(100, dtype=np.uint64), strata, 0.3, salt=3)
    >>> np.bincount(strata[taken]).tolist()
    [21, 9]
    """
    place, unit_of_row = _places(keys, strata, salt)
    passed = np.floor(np.arange(-1, place.size) * share + _ROUNDING)
    return (passed[1:] > passed[:-1])[place][unit_of_row]


def _places(keys, strata, salt):
    """Return each unit's place, stratum by stratum and in the order of hashes, and the unit of each row."""
    units, unit_of_row = np.unique(keys, return_inverse=True)
    stratum = np.full(units.size, np.iinfo(np.int64).max)
    np.minimum.at(stratum, unit_of_row, strata)
    place = np.empty(units.size, dtype=np.int64)
    place[np.lexsort((hashed(units, salt), stratum))] = np.arange(units.size)
    return place, unit_of_row
