"""Which cells are missing, which only look filled in, and whether being missing says something of the target."""

import numpy as np
from scipy import special

from mesic import Evaluation, Finding
from mesic.profile.shifts import false_discovery

MANY, MOST, NAMED = 0.05, 0.5, 8
LEAST_REPEATS, LEAST_SHARE = 5, 0.001
CHANCE, SMALLEST_EFFECT = 0.01, 0.1


class MissingCells:
    """Counts missing cells, and looks for numbers that stand for missing ones, such as -999.

    A number stands for a missing cell where it is the lowest or highest of its column, occurs again and again, and all
    others lie closer together than they lie to it. Whether cells are missing by chance is tested on training rows: by
    chi-square for classes, by the correlation with the target for numbers, false discoveries controlled.
    """

    def audit(self, view):
        """Return the share of missing cells a column, numbers that stand for them, and what being missing tells."""
        shares = {str(name): float(share) for name, share in view.X.isna().mean().items()}
        stands = {str(name): found for name in view.X if (found := _stands_for_missing(view.X[name]))}
        tells = _telling(view)
        findings = [*_missing(shares), *_standing(stands), *_told(tells)]
        data = {"missing": shares, "stand_for_missing": stands, "tell_of_the_target": tells}
        return Evaluation(data, tuple(findings))


def _missing(shares):
    many = {name: share for name, share in shares.items() if share >= MANY}
    if many:
        most = sum(share >= MOST for share in many.values())
        message = f"cells are missing in {_listed(many)}"
        fix = "collect them, or leave out what is missing nearly always; a tree reads missing cells as they are"
        yield Finding("MISSING-CELLS", "warning" if most else "info", message, {"columns": many}, fix)


def _listed(shares):
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name!r} ({share:.1%})" for name, share in ranked[:NAMED])
    return shown + (f" and {len(ranked) - NAMED} more columns" if len(ranked) > NAMED else "")


def _stands_for_missing(values):
    """Return the number, and how often it occurs, that stands for missing cells; None where none does."""
    if values.dtype == "category":
        return None
    distinct, counts = np.unique(values.dropna().to_numpy(), return_counts=True)
    if distinct.size < 10:
        return None
    for end, rest in ((0, distinct[1:]), (-1, distinct[:-1])):
        gap = abs(distinct[end] - rest[0 if end == 0 else -1])
        often = counts[end] >= max(LEAST_REPEATS, LEAST_SHARE * counts.sum())
        if often and counts[end] >= 5 * np.median(counts) and gap > rest[-1] - rest[0]:
            return {"value": float(distinct[end]), "rows": int(counts[end])}
    return None


def _standing(stands):
    for name, found in stands.items():
        message = (
            f"{found['value']:.15g} stands in {found['rows']:,} rows of {name!r}, farther from all other values than "
            "they are from each other: does it stand for a missing cell, or for a cut?"
        )
        yield Finding(
            "SENTINEL-VALUES", "warning", message, {"column": name} | found, "leave such cells empty in the table"
        )


def _telling(view):
    X = view.X.iloc[view.split.train]
    missing = {str(name): X[name].isna().to_numpy() for name in X}
    missing = {name: gone for name, gone in missing.items() if min(gone.sum(), (~gone).sum()) >= 20}
    found = {name: _goes_with(gone, view) for name, gone in missing.items()}
    adjusted = false_discovery([p for _, p in found.values()])
    return {
        name: {"effect": effect, "p": float(p)}
        for (name, (effect, _)), p in zip(found.items(), adjusted, strict=True)
        if p <= CHANCE and effect >= SMALLEST_EFFECT
    }


def _goes_with(missing, view):
    """Return how strongly being missing goes with the target, from 0 to 1, and the chance of that."""
    if view.task == "regression":
        r = abs(float(np.corrcoef(missing, view.y)[0, 1]))
        return r, float(2 * special.ndtr(-np.arctanh(min(r, 1 - 1e-12)) * np.sqrt(missing.size - 3)))
    counts = np.array([np.bincount(view.y[rows], minlength=len(view.classes)) for rows in (missing, ~missing)])
    counts = counts[:, counts.sum(axis=0) > 0].astype(np.float64)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    statistic = ((counts - expected) ** 2 / expected).sum()
    return float(np.sqrt(statistic / counts.sum())), float(special.chdtrc(counts.shape[1] - 1, statistic))


def _told(tells):
    if tells:
        shown = ", ".join(f"{name!r} ({found['effect']:.2f})" for name, found in tells.items())
        message = f"whether a cell is missing goes with the target: {shown}; is it missing for the same reason in use?"
        fix = "keep the fact beside the filled-in value: transformer.impute.indicator=true"
        yield Finding("MISSING-TELLS", "info", message, {"columns": tells}, fix)
