"""Did you mean: the nearest of the names that would have worked."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known name, or nothing.

    Examples
    --------
    >>> did_you_mean("borutta", ["boruta", "l1"])
    "; did you mean 'boruta'?"
    >>> did_you_mean("zzz", ["boruta", "l1"])
    ''
    """
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    near = near or [other for other in names if len(name) > 1 and other.startswith(name)][:1]
    return f"; did you mean {near[0]!r}?" if near else ""
