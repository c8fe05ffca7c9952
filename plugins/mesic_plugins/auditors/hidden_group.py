"""Do rows come in groups that nobody declared."""

import numpy as np
import pandas as pd

from mesic import Evaluation, Finding
from mesic.audit.pricing import facts_of, in_words
from mesic_plugins.auditors.screening import levels

LEAST_LEVELS, LEAST_SIZE, MOST_SIZE = 20, 2, 200
ALIKE, TIMES_CHANCE = 0.5, 5
COLUMNS_COMPARED, ROWS_COMPARED = 40, 5_000
MOST_LEVELS = 100
CANDIDATES, LEAST_ALIKE = 3, 0.1


class HiddenGroup:
    """Looks for a column whose rows of one level are each other's nearest neighbours: a person, a mouse, a machine.

    A split by chance then tests on rows whose siblings were trained on. What that flatters is measured: the score of a
    fold by chance beside that of a fold by this column, which is not among the features in either.

    Parameters
    ----------
    rows : int
        Training rows that are compared, at most, in whole groups, from 100.
    """

    def __init__(self, rows=2_000):
        self.rows = rows

    def audit(self, view):
        """Return how often the nearest row is of the same level, by column."""
        if view.groups is not None:
            return Evaluation({"declared": True, "columns": {}})
        train = view.split.train
        X, suspects = (frame.iloc[train].reset_index(drop=True) for frame in (view.X, view.suspects))
        shares: dict[str, dict[str, float]] = {}
        findings: list[Finding] = []
        found: list[np.ndarray] = []
        for name, codes in _candidates(X.join(suspects), view.kinds, view.rng).items():
            same, chance = _nearest_alike(X.drop(columns=name, errors="ignore"), codes, self.rows, view.rng)
            shares[name] = {"nearest_alike": same, "by_chance": chance}
            is_coarser = any(_follows(codes, finer) for finer in found)
            if same >= ALIKE and same >= TIMES_CHANCE * chance and not is_coarser:
                priced = _priced(name, codes, same, view)
                findings += priced
                found += [codes] * len(priced)
        return Evaluation({"declared": False, "columns": shares}, tuple(findings))


def _candidates(X, kinds, rng):
    """Return the codes of the columns within whose levels the other columns vary least, a few at most."""
    names = list(map(str, X))
    compared = [names[place] for place in rng.permutation(len(names))[:COLUMNS_COMPARED]]
    rows = rng.permutation(len(X))[:ROWS_COMPARED]
    ranks = {name: _ranks(X[name].iloc[rows]) for name in compared}
    found = {}
    for name in names:
        if kinds.get(name) == "time" or not _may_be_a_group(X[name]):
            continue
        codes = levels(X[name])
        count = codes.max() + 1
        if count >= LEAST_LEVELS and LEAST_SIZE <= len(X) / count <= MOST_SIZE:
            others = [ranks[other] for other in compared if other != name]
            found[name] = (_alike(levels(X[name].iloc[rows]), others), codes)
    ranked = sorted(found, key=lambda name: -found[name][0])
    return {name: found[name][1] for name in ranked[:CANDIDATES] if found[name][0] >= LEAST_ALIKE}


def _follows(codes, finer):
    """Return whether each level of the finer groups lies within one of the others."""
    return np.unique(finer).size == np.unique(finer * (int(codes.max()) + 1) + codes).size


def _ranks(column):
    values = column.cat.codes if column.dtype == "category" else column
    ranks = pd.Series(values.to_numpy()).rank(pct=True).fillna(0.5).to_numpy()
    return ranks - ranks.mean()


def _alike(codes, others):
    """Return the mean share of the other columns' variance between levels, less what chance gives."""
    size = np.bincount(codes)
    chance = (size.size - 1) / (codes.size - 1)
    shares = [
        ((np.bincount(codes, values) ** 2 / size).sum() / (values**2).sum() - chance) / max(1 - chance, 1e-9)
        for values in others
        if values.any()
    ]
    return float(np.mean(shares)) if shares else 0.0


def _may_be_a_group(column):
    if column.dtype == "category":
        return True
    values = column.to_numpy()
    known = values[~np.isnan(values)]
    return known.size == values.size and bool((known == np.floor(known)).all())


def _nearest_alike(X, codes, most, rng):
    """Return how often a row's nearest neighbour is of its group, and how often it would be by chance."""
    rows = _whole_groups(codes, most, rng)
    groups = codes[rows]
    places = _places(X.iloc[rows], rng)
    squares = (places**2).sum(axis=1)
    distance = squares[:, None] + squares[None, :] - 2 * places @ places.T
    np.fill_diagonal(distance, np.inf)
    same = float((groups[distance.argmin(axis=1)] == groups).mean())
    size = np.bincount(groups)
    return same, float((size * (size - 1)).sum() / (rows.size * (rows.size - 1)))


def _whole_groups(codes, most, rng):
    order = rng.permutation(codes.max() + 1)
    taken = order[: max(2, np.searchsorted(np.cumsum(np.bincount(codes)[order]), most))]
    return np.flatnonzero(np.isin(codes, taken))[: 2 * most]


def _places(X, rng):
    """Return rows as points: ranks of numbers, a coordinate a level; each column has the same say."""
    names = (
        X.columns
        if X.shape[1] <= COLUMNS_COMPARED
        else X.columns[np.sort(rng.permutation(X.shape[1])[:COLUMNS_COMPARED])]
    )
    pieces = []
    for name in names:
        if X[name].dtype == "category":
            codes = levels(X[name])
            hot = np.eye(codes.max() + 1, dtype=np.float32)[codes] if codes.max() < MOST_LEVELS else None
        else:
            hot = _ranks(X[name]).astype(np.float32)[:, None] * np.float32(12**0.5)
        if hot is not None:
            pieces.append(hot)
    return np.hstack(pieces) if pieces else np.zeros((len(X), 1), dtype=np.float32)


def _priced(name, codes, same, view):
    train = view.split.train
    turn = view.rng.permutation(codes.max() + 1)[codes] % 3 == 0
    chance = view.rng.permutation(turn)
    left_out = [name] if name in view.X else []
    by_chance, by_group = (
        view.pricing.score(without=left_out, fold=(train[~held], train[held])) for held in (chance, turn)
    )
    if by_group is None or not by_chance.low > by_group.high:
        return []
    message = (
        f"rows of one {name!r} are alike (of {same:.0%} the nearest row is of the same), and parts by chance hold "
        f"both: {in_words(by_chance)} by chance, {in_words(by_group)} by {name!r}"
    )
    evidence = {
        "column": name,
        "nearest_alike": same,
        "by_chance": facts_of(by_chance),
        "by_group": facts_of(by_group),
    }
    return [Finding("LEAK-GROUP", "warning", message, evidence, f"source.group={name}")]
