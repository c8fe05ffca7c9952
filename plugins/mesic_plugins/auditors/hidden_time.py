"""Does the past tell the future less than a split by chance says."""

import numpy as np

from mesic import Evaluation, Finding
from mesic.audit.pricing import facts_of, in_words

TEST_SHARE = 0.25


class HiddenTime:
    """Looks for columns of times that nobody declared as the order of the rows.

    What a split by chance flatters is measured: its score beside that of the latest quarter of the training rows by a
    model of the rows before.
    """

    def audit(self, view):
        """Return the columns of times that are features."""
        names = [] if view.time is not None else [name for name, kind in view.kinds.items() if kind == "time"]
        findings = [finding for name in names for finding in _priced(name, view)]
        return Evaluation({"declared": view.time is not None, "columns": names}, tuple(findings))


def _priced(name, view):
    train = view.split.train
    time = view.X[name].to_numpy()[train]
    known = ~np.isnan(time)
    late = known & (time >= np.nanquantile(time, 1 - TEST_SHARE))
    if not late.any() or late.all():
        return []
    chance = view.rng.permutation(late)
    by_chance, by_time = (view.pricing.score(fold=(train[~held], train[held])) for held in (chance, late))
    if not by_chance.low > by_time.high:
        return []
    message = (
        f"column {name!r} orders the rows, and parts by chance let a model learn from later rows: "
        f"{in_words(by_chance)} by chance, {in_words(by_time)} for the latest rows by the earlier ones"
    )
    evidence = {"column": name, "by_chance": facts_of(by_chance), "by_time": facts_of(by_time)}
    return [Finding("LEAK-TIME", "warning", message, evidence, f"source.time={name}")]
