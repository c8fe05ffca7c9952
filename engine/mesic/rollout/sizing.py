"""How many requests show a bug that only some rows meet, when only some units see the new version."""

import math

from mesic.errors import SettingError


def requests_needed(share: float, bug_share: float, confidence: float = 0.95) -> int:
    """Return the requests, of all versions, of which one at least meets the bug with this probability.

    Parameters
    ----------
    share
        Of the units that the new version answers, above 0 to 1.
    bug_share
        Share of the rows that meet the bug, above 0 to 1.
    confidence
        Above 0 and below 1.

    Raises
    ------
    SettingError
        A share or a probability is none.

    References
    ----------
    A. Burkov, Machine Learning Engineering, 2020, chapter 8.

    Examples
    --------
    >>> requests_needed(0.05, 0.02), requests_needed(1, 0.02), requests_needed(0.2, 0.02, 0.99)
    (2995, 149, 1149)
    """
    for name, value in (("share", share), ("bug_share", bug_share)):
        if not 0 < value <= 1:
            raise SettingError(name, value, "a share above 0 to 1")
    if not 0 < confidence < 1:
        raise SettingError("confidence", confidence, "a probability above 0 and below 1")
    met = share * bug_share
    return 1 if met == 1 else math.ceil(math.log1p(-confidence) / math.log1p(-met) - 1e-9)
