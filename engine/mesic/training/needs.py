"""What a learner cannot read by itself: the transformers that it then gets, and what is said where it gets none."""

from collections.abc import Collection, Sequence

import pandas as pd

from mesic.config.settings import Needs
from mesic.errors import UsageError
from mesic.findings import Finding

NEED_OF_TRAIT = {"categories": "categories", "missing": "missing", "unscaled": "scale"}
MADE_UP_BY = {"missing": "fills", "unscaled": "scales"}
WHAT = {"categories": "categories", "missing": "missing cells", "unscaled": "columns of unlike scale"}
MOST_SHOWN = 5


def needed_traits(traits: Collection[str], X: pd.DataFrame, served: Collection[str]) -> list[str]:
    """Return the traits that a component lacks for some columns.

    Parameters
    ----------
    traits
        Of the component.
    X
        The columns.
    served
        What transformers have done to all columns: ``fills``, ``scales``.

    Examples
    --------
    >>> needed_traits({"unscaled"}, pd.DataFrame({"town": pd.Categorical(["Ulm"])}), ())
    ['categories', 'missing']
    >>> needed_traits((), pd.DataFrame({"age": [31.0]}), {"fills"})
    ['unscaled']
    """
    has_categories = any(kind == "category" for kind in X.dtypes)
    wanted = [trait for trait in NEED_OF_TRAIT if trait not in traits and MADE_UP_BY.get(trait) not in served]
    return [trait for trait in wanted if trait != "categories" or has_categories]


def lacking_findings(learner: str, lacking: Sequence[str], X: pd.DataFrame) -> list[Finding]:
    """Return what is to be said where a learner lacks traits for its columns and no transformer makes up for it.

    Raises
    ------
    UsageError
        It could not be fitted.
    """
    return [finding for trait in lacking for finding in _lacking(learner, trait, X)]


def _lacking(learner: str, trait: str, X: pd.DataFrame) -> list[Finding]:
    need = NEED_OF_TRAIT[trait]
    fix = f"needs.{need}={getattr(Needs(), need)} mends it, or a transformer of your own"
    unread = {
        "categories": [str(name) for name in X if X[name].dtype == "category"],
        "missing": [str(name) for name in X if X[name].isna().any()],
    }.get(trait)
    if unread:
        shown = ", ".join(map(repr, unread[:MOST_SHOWN])) + (", ..." if len(unread) > MOST_SHOWN else "")
        raise UsageError(f"learner={learner} reads no {WHAT[trait]}, {shown} have some, and needs.{need}=null: {fix}")
    message = f"learner={learner} does not cope with {WHAT[trait]}, and needs.{need}=null does nothing about them"
    evidence = {"columns": X.shape[1]}
    if trait == "unscaled":
        return [Finding("UNSCALED-INPUT", "warning", message, evidence, fix)]
    return [Finding("UNFILLED-INPUT", "warning", message, evidence, fix)]
