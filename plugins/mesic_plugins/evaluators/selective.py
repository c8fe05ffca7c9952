"""What answers lose that are left when a model is silent where it is least sure."""

from itertools import takewhile

import numpy as np

from mesic import Evaluation, Finding, SettingError
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.doubts import doubts_of
from mesic_plugins.evaluators.risk_curves import Areas, cut_for, risk_bound

COVERAGES = tuple(round(0.05 * place, 2) for place in range(20, 0, -1))
STARTS = (0.1, 0.3, 0.5, 0.7)
OUT_OF_FOLD, TEST = "training rows, out of fold", "test rows"


class Selective:
    """Shows risk over coverage on test rows, and chooses on training rows from where on to answer.

    Rows are ranked by how sure the model is: by the probability of the class that is answered, of two classes with a
    threshold by the distance from it, of numbers by the usual error at such a prediction. Cuts are chosen where models
    predicted rows that they did not see, out of fold; test rows only show what they come to. With `at_most` the cut is
    the one that answers most rows of those of which, out of fold, the share of wrong answers lies below it with
    `confidence`: exact, by the binomial's tail, cuts tried in four fixed sequences.

    Parameters
    ----------
    coverage : float
        Share of the rows that are answered, in (0, 1]; where `at_most` is not given.
    at_most : float or None
        Largest share of wrong answers among those that are given, in (0, 1); for classes.
    confidence : float
        With which it is kept, in [0.5, 1).

    References
    ----------
    R. El-Yaniv, Y. Wiener, On the Foundations of Noise-free Selective Classification, JMLR 11, 2010; Y. Geifman, R.
    El-Yaniv, Selective Classification for Deep Neural Networks, NIPS 2017; A. N. Angelopoulos et al., Learn then Test,
    arXiv 2110.01052, 2021 (fixed sequences).
    """

    def __init__(self, coverage=0.9, at_most=None, confidence=0.9):
        self.coverage, self.at_most, self.confidence = coverage, at_most, confidence

    def evaluate(self, view):
        """Return the curve, its area beside those of chance and of hindsight, and what was chosen."""
        if self.at_most is not None and view.task == "regression":
            raise SettingError("evaluator.selective.at_most", self.at_most, "null: it is a share of wrong classes")
        known = view if view.out_of_fold is None else view.out_of_fold
        doubts = doubts_of(view, known)
        before, after = _Ranked(known, doubts, view), _Ranked(view, doubts, view)
        cuts = {share: cut_for(before.sureness, before.rows.weight, share) for share in COVERAGES}
        areas = Areas(after.rows, after.sureness, after.losses, view.rng)
        data = {
            "loss": "absolute error" if view.task == "regression" else "share of wrong answers",
            "ranked_by": doubts.words,
            "cuts_from": TEST if view.out_of_fold is None else OUT_OF_FOLD,
            "points": [{"wanted": share, "cut": cut} | after.at(cut) for share, cut in cuts.items()],
            "area": areas.told("model"),
            "area_of_chance": areas.told("chance"),
            "area_of_hindsight": areas.told("hindsight"),
            "saved": areas.saved(),
        }
        data["chosen"] = None if view.out_of_fold is None else self._chosen(before, after, cuts, doubts)
        return Evaluation(data, tuple(self._findings(data)))

    def _chosen(self, before, after, cuts, doubts):
        """Return the cut that training rows chose, and what it comes to on them and on test rows."""
        if self.at_most is None:
            cut = cut_for(before.sureness, before.rows.weight, self.coverage)
            said = {"by": "coverage", "wanted": self.coverage}
        else:
            cut = self._safe(before, cuts)
            said = {"by": "risk", "wanted": self.at_most, "confidence": self.confidence}
        if cut is None:
            return said | {"cut": None}
        return said | {"cut": cut, "keys": doubts.key(cut), "out_of_fold": before.at(cut), "test": after.at(cut)}

    def _safe(self, before, cuts):
        """Return the cut of most answers of which training rows are sure enough that few are wrong, or None.

        From each start cuts are passed one after the other, to more answers, up to the first that does not pass: so
        looking at many costs nothing (fixed sequences), and the starts share the error (Bonferroni).
        """
        sure = 1 - (1 - self.confidence) / len(STARTS)
        rising = sorted(cuts)
        passed = [self._passes(before, cuts[share], sure) for share in rising]
        ways = [list(takewhile(lambda place: passed[place], range(rising.index(one), len(rising)))) for one in STARTS]
        last = max((way[-1] for way in ways if way), default=None)
        return None if last is None else cuts[rising[last]]

    def _passes(self, before, cut, sure):
        inside = before.sureness >= cut
        rows = before.rows.part(inside)
        wrong = rows.units * float(rows.weight @ before.losses[inside] / rows.weight.sum())
        return risk_bound(wrong, rows.units, sure) <= self.at_most

    def _findings(self, data):
        saved, chosen = data["saved"], data["chosen"] or {}
        if saved["value"] <= 0 and data["area_of_chance"]["value"] > 0:
            message = (
                "where the model is least sure it is wrong no more often than elsewhere: to be silent there saves "
            )
            message += f"{_said(saved)} of the {data['loss']}, on average over all cuts"
            fix = "do not abstain by it; calibrate, or get columns that tell hard rows"
            yield Finding("DOUBT-UNTOLD", "info", message, {"saved": saved}, fix)
        if chosen.get("by") == "risk":
            yield from self._kept(chosen)

    def _kept(self, chosen):
        told = f"at most {self.at_most:.2%} of the answers are wrong"
        if chosen["cut"] is None:
            message = f"no cut lets training rows say with confidence {self.confidence:g} that {told}"
            fix = "allow more, ask for less confidence, or get more rows or better columns"
            yield Finding("RISK-OUT-OF-REACH", "info", message, {"at_most": self.at_most}, fix)
        elif (found := chosen["test"]["risk"])["low"] is not None and found["low"] > self.at_most:
            message = f"{_said(found)} of the answers to test rows are "
            message += f"wrong, though training rows said with confidence {self.confidence:g} that {told}"
            fix = "test rows differ from the others: look for drift, declare source.time or source.group"
            yield Finding("RISK-MISSED", "warning", message, {"at_most": self.at_most, "risk": found}, fix)


def _said(found):
    ends = "its interval cannot be told" if found["low"] is None else f"{found['low']:.4g} to {found['high']:.4g}"
    return f"{found['value']:.4g} ({ends})"


class _Ranked:
    """Rows with how sure their answers are and what these lose."""

    def __init__(self, rows, doubts, view):
        self.sureness = doubts.sureness(rows.prediction)
        if view.task == "regression":
            self.losses = np.abs(rows.prediction - rows.y)
        else:
            self.losses = (view.decide(rows.prediction) != rows.y).astype(float)
        self.rows = Rows(len(rows), rows.weight, rows.groups, view.level)
        self.is_share = view.task != "regression"

    def at(self, cut):
        """Return how many rows are answered from a cut on, and what these answers lose."""
        inside = self.sureness >= cut
        rows = self.rows.part(inside)
        risk = (rows.share if self.is_share else rows.mean)(self.losses[inside])
        return {"coverage": self.rows.share(inside.astype(float)), "risk": risk}
