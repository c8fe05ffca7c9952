"""Deal rows to parts: whole groups where groups are declared, else rows that say the same together."""

import numpy as np

from mesic_plugins.splitters.hashing import folds_of, hashed, occurrence_keys, salted

LARGEST_TWIN_SHARE = 0.02


def units(rows):
    """Return a key a row, equal for rows that must share a part, and what to tell of twins.

    Rows that say the same (twins) are one unit, unless one set of twins is so large that parts would depend on it;
    then each repetition is a unit of its own.
    """
    twins = np.unique(rows.keys, return_counts=True)[1]
    together = twins.max(initial=1) <= max(LARGEST_TWIN_SHARE * len(rows), 2)
    facts = {"twins": "together" if together else "apart", "rows_of_twins": int(twins[twins > 1].sum())}
    return (rows.keys if together else occurrence_keys(rows.keys)), facts


def dealt(rows, keys, chosen, count, salt):
    """Return the part of each chosen row, one of `count` parts of equal share, shape (chosen.size,)."""
    if rows.groups is not None:
        return dealt_groups(rows, chosen, np.full(count, 1 / count), salt)
    return folds_of(keys[chosen], rows.strata[chosen], count, salt)


def dealt_groups(rows, chosen, part_shares, salt):
    """Return the part of each chosen row, groups whole and classes balanced, shape (chosen.size,).

    Groups are taken from the large to the small (by powers of two; in these by hash), each into the part that lacks
    most of its classes, measured by the part's share.
    """
    groups, group_of_row = np.unique(rows.groups[chosen], return_inverse=True)
    counts = np.zeros((groups.size, int(rows.strata.max()) + 1))
    np.add.at(counts, (group_of_row, rows.strata[chosen]), 1)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    order = np.lexsort((hashed(groups.view(np.uint64), salt), -np.floor(np.log2(counts.sum(axis=1)))))
    filled = np.zeros((part_shares.size, counts.shape[1]))
    part = np.empty(groups.size, dtype=np.int64)
    for group in order:
        spread = ((filled + shares[group]) ** 2 - filled**2).sum(axis=1) / part_shares
        part[group] = int(np.argmin(np.round(spread, 12)))
        filled[part[group]] += shares[group]
    return part[group_of_row]


def repeated_folds(rows, keys, train, folds, repeats, seed):
    """Return pairs of rows to fit on and to validate: `repeats` times every training row is validated once.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(6, dtype=np.uint64), np.zeros(6, int))
    >>> pairs = repeated_folds(rows, rows.keys, np.arange(6), folds=3, repeats=2, seed=0)
    >>> [validate.size for _, validate in pairs]
    [2, 2, 2, 2, 2, 2]
    """
    pairs = []
    for repeat in range(repeats):
        fold = dealt(rows, keys, train, folds, salted(seed, f"folds {repeat}" if repeat else "folds"))
        pairs += [(train[fold != number], train[fold == number]) for number in range(folds)]
    return tuple(pairs)


def group_facts(rows, test):
    """Return how many groups there are, and in the test part; nothing without groups."""
    if rows.groups is None:
        return {}
    return {
        "groups": int(np.unique(rows.groups).size),
        "groups_in_test": int(np.unique(rows.groups[test]).size),
    }
