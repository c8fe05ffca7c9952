"""Do rows of one part say the same, or nearly the same, as rows of another."""

import numpy as np

from mesic import Evaluation, Finding
from mesic.audit.pricing import facts_of, in_words
from mesic.data.identity import bits, mixed, text_hash

BLOCKS, GRAINS = 12, 1_000
LEAST_SHARE, LEAST_NEAR_SHARE = 0.01, 0.1
FEWEST_COLUMNS = 8  # rows of fewer columns agree in all but one by chance


class Twins:
    """Counts rows that repeat others, and test rows that have such a twin among the training rows.

    Near twins agree in all columns but those of one twelfth, numbers to a thousandth of their standard deviation; they
    are looked for in tables of eight columns or more. Where twins are many, what they flatter is measured: the score
    of rows divided by chance beside that of the rows among them that have no twin in what was fitted on.
    """

    def audit(self, view):
        """Return how many rows have twins, and how many of the test rows have one in training."""
        train, test = view.split.train, view.split.test
        repeated = len(view) - np.unique(view.keys).size
        straddling = int(np.isin(view.keys[test], view.keys[train]).sum())
        grains = _grains(view.X)
        near = _near(grains, test, train)
        data = {
            "repeated": int(repeated),
            "test_rows": int(test.size),
            "with_twin_in_training": straddling,
            "with_near_twin_in_training": int(near.sum()),
        }
        findings = []
        if straddling:
            findings.append(_straddling(view, straddling))
        elif near.mean() >= LEAST_NEAR_SHARE:
            findings += _nearly(view, grains, near)
        if repeated >= LEAST_SHARE * len(view):
            findings.append(_repeated(view, repeated, is_kept_together=not straddling))
        return Evaluation(data, tuple(findings))


def _near(grains, rows, others):
    """Return which rows agree with one of the others in all blocks of columns but one."""
    near = np.zeros(rows.size, dtype=bool)
    with np.errstate(over="ignore"):
        whole = grains.sum(axis=0)
        for block in grains:
            keys = whole - block
            near |= np.isin(keys[rows], keys[others])
    return near


def _grains(X):
    """Return a hash a row of each block of columns, numbers rounded, uint64 of shape (blocks, n); few columns: none."""
    if X.shape[1] < FEWEST_COLUMNS:
        return np.zeros((0, len(X)), dtype=np.uint64)
    blocks = np.zeros((min(BLOCKS, X.shape[1]), len(X)), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for place, name in enumerate(map(str, X)):
            column = X[name]
            if column.dtype == "category":
                cells = bits(column.array)
            else:
                grain = max(float(np.nanstd(column)) if column.notna().any() else 0.0, 1e-300) / GRAINS
                cells = bits(np.round(column.to_numpy() / grain))
            blocks[place % len(blocks)] += mixed(cells ^ text_hash(name))
    return blocks


def _straddling(view, rows):
    share = rows / view.split.test.size
    message = f"{rows:,} test rows ({share:.1%}) say the same as a training row: their target was learned by heart"
    fix = "splitter=holdout keeps such rows together; or drop all but one of each"
    return Finding("LEAK-TWINS", "warning", message, {"rows": rows, "share": share}, fix)


def _nearly(view, grains, near):
    train = view.split.train
    half = view.rng.permutation(train.size) % 2 == 0
    fit, held = train[~half], train[half]
    has_twin = _near(grains, held, fit)
    with_twin, alone = view.pricing.scores(fit, [held[has_twin], held[~has_twin]])
    if with_twin is None or alone is None or not with_twin.low > alone.high:
        return []
    message = (
        f"{near.sum():,} test rows ({near.mean():.1%}) nearly repeat a training row: {in_words(with_twin)} on rows "
        f"with such a twin, {in_words(alone)} on others"
    )
    evidence = {"share": float(near.mean()), "with_twin": facts_of(with_twin), "without": facts_of(alone)}
    fix = "name what the rows of one origin share: source.group=COLUMN; or drop all but one of each"
    return [Finding("LEAK-TWINS", "warning", message, evidence, fix)]


def _repeated(view, repeated, *, is_kept_together):
    train = view.split.train
    held = view.rng.permutation(train.size) % 3 == 0
    fit, score = train[~held], train[held]
    apart = score[~np.isin(view.keys[score], view.keys[fit])]
    by_chance, honest = view.pricing.scores(fit, [score, apart])
    is_flattered = by_chance is not None and honest is not None and by_chance.low > honest.high
    kept = "; the parts keep them together" if is_kept_together else ""
    message = (
        f"{repeated:,} of {len(view):,} rows say the same as an earlier one{kept}: divided by chance they would read "
        f"{in_words(by_chance)}, where rows without a twin read {in_words(honest)}"
    )
    evidence = {"rows": int(repeated), "by_chance": facts_of(by_chance), "without_twins": facts_of(honest)}
    fix = "drop all but one of each where they say nothing new"
    return Finding("DUPLICATE-ROWS", "warning" if is_flattered else "info", message, evidence, fix)
