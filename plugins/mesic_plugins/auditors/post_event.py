"""Which columns are filled in only where the target is known."""

from mesic import Evaluation, Finding, ignoring
from mesic.audit.pricing import facts_of, in_words

LEAST_ROWS, MISSING_WITH_TARGET, MISSING_OTHERWISE = 20, 0.5, 0.02


class PostEvent:
    """Looks for columns that come into being with the target.

    Rows without a target show it: a column whose cells are missing there, and nowhere else, was recorded together with
    the target, or after it, as the arrival time of a flight that never left. Other columns of these rows must be
    filled in, else they are blank rows and tell nothing.
    """

    def audit(self, view):
        """Return the share of missing cells with and without a target, where they differ."""
        blank, known = view.unlabelled.isna().mean(), view.X.isna().mean()
        if len(view.unlabelled) < LEAST_ROWS or not (blank <= MISSING_OTHERWISE).any():
            return Evaluation({"rows_without_target": len(view.unlabelled), "columns": {}})
        late = [str(name) for name in view.X if blank[name] >= MISSING_WITH_TARGET and known[name] <= MISSING_OTHERWISE]
        shares = {name: {"without_target": float(blank[name]), "with": float(known[name])} for name in late}
        data = {"rows_without_target": len(view.unlabelled), "columns": shares}
        return Evaluation(data, tuple(_findings(late, shares, view)))


def _findings(late, shares, view):
    if not late:
        return
    everything, without = view.pricing.score(), view.pricing.score(without=late)
    listed = ", ".join(f"{name!r} ({shares[name]['without_target']:.0%})" for name in late)
    message = (
        f"columns are missing where the target is, and hardly elsewhere, as if they came into being with it: {listed}; "
        f"{in_words(everything)} with them, {in_words(without)} without"
    )
    evidence = {"leaking": late, "missing": shares, "with": facts_of(everything), "without": facts_of(without)}
    yield Finding("LEAK-POST-EVENT", "warning", message, evidence, ignoring([*view.ignored, *late]))
