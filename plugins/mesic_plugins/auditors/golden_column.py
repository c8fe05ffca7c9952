"""Is one column too good to be true."""

from mesic import Evaluation, Finding, ignoring
from mesic.audit.pricing import facts_of, in_words
from mesic_plugins.auditors.screening import distinct_training_rows, skill_alone, skill_of_score

TOO_GOOD, MOST_OF_IT, LOSS = 0.85, 0.7, 0.25


class GoldenColumn:
    """Looks for one column that tells nearly all that is known of the target, and that nothing else can replace.

    Such a column may be the outcome by another name, or recorded with it. It is one that alone has 70 % of the skill of
    all columns, without which a quarter of that skill is lost, where all columns together have a skill of 0.85. Skill
    is that of ``skill_alone``. Columns that are strong but that others could replace are not meant, nor are times.

    Parameters
    ----------
    rows : int
        Training rows that are looked at, at most, from 100.
    """

    def __init__(self, rows=4_000):
        self.rows = rows

    def audit(self, view):
        """Return how well each of the strongest columns tells the target alone, and what its loss costs."""
        X, y = distinct_training_rows(view, self.rows)
        alone = {
            str(name): skill_alone(X[name], y, view.task, view.rng) for name in X if view.kinds.get(name) != "time"
        }
        ranked = sorted(alone, key=lambda name: -alone[name])
        data = {"alone": {name: alone[name] for name in ranked[:5]}}
        if not ranked or alone[ranked[0]] < TOO_GOOD * MOST_OF_IT:
            return Evaluation(data)
        name = ranked[0]
        everything, without = view.pricing.score(), view.pricing.score(without=[name])
        skill, left = (skill_of_score(score, y, view.task) for score in (everything, without))
        clear = without is None or everything.low > without.high
        if not clear or skill < TOO_GOOD or alone[name] < MOST_OF_IT * skill or skill - left < LOSS * skill:
            return Evaluation(data)
        message = (
            f"column {name!r} alone tells {alone[name]:.0%} of the target: {in_words(everything)} with it, "
            f"{in_words(without)} without; is it known when a prediction is asked for?"
        )
        evidence = {
            "leaking": [name],
            "alone": alone[name],
            "with": facts_of(everything),
            "without": facts_of(without),
        }
        return Evaluation(
            data, (Finding("LEAK-GOLDEN", "warning", message, evidence, ignoring([*view.ignored, name])),)
        )
