"""Columns of times that lie after the moment of the prediction."""

import numpy as np

from mesic import Evaluation, Finding, ignoring
from mesic.audit.pricing import facts_of, in_words

LEAST_SHARE = 0.01


class LateTimes:
    """Looks for columns of times that are later than their row's own time: what they stamp was not known yet.

    Asked only where ``source.time`` is declared and holds times of the same kind.
    """

    def audit(self, view):
        """Return the share of rows in which each column of times is later than the row."""
        names = [name for name, kind in view.kinds.items() if kind == "time" and name in view.X]
        if view.time is None or not names:
            return Evaluation({"columns": {}})
        shares = {name: _share_later(view.X[name].to_numpy(), view.time) for name in names}
        late = {name: share for name, share in shares.items() if share >= LEAST_SHARE}
        return Evaluation({"columns": shares}, tuple(_priced(late, view)) if late else ())


def _share_later(moments, time):
    known = ~np.isnan(moments) & ~np.isnan(time)
    return float((moments[known] > time[known]).mean()) if known.any() else 0.0


def _priced(late, view):
    names = list(late)
    everything, without = view.pricing.score(), view.pricing.score(without=names)
    listed = ", ".join(f"{name!r} ({share:.0%})" for name, share in late.items())
    message = (
        f"columns of times are later than source.time, the moment of the prediction: {listed} of the rows; what they "
        f"stamp was not known yet; {in_words(everything)} with them, {in_words(without)} without"
    )
    evidence = {"leaking": names, "later": late, "with": facts_of(everything), "without": facts_of(without)}
    fix = (
        f"in schema.yaml, available_at: {names[0]} of the columns that it stamps; for a joined table, as_of; or "
        f"{ignoring([*view.ignored, *names])}"
    )
    yield Finding("LEAK-TIME", "warning", message, evidence, fix)
