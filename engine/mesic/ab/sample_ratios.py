"""Did chance divide the units as planned? Asked before anything is read: a broken division biases every effect."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mesic.errors import SettingError

LEVEL = 0.001  # false alarms of a whole test, however often it is looked at
PRIOR_UNITS = 100.0  # how closely shares near the planned ones are looked at; from 10 to 1,000 detection is alike


@dataclass(frozen=True)
class SampleRatio:
    """How units divide among arms.

    Parameters
    ----------
    counted
        What is counted: units or clusters.
    counts, expected
        By arm.
    p
        Of the planned shares, valid however often it is looked at.
    level
        Below it the division is broken.
    """

    counted: str
    counts: Mapping[str, int]
    expected: Mapping[str, float]
    p: float
    level: float = LEVEL

    @property
    def is_broken(self) -> bool:
        """Whether chance alone does not divide like this."""
        return self.p < self.level

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**asdict(self), "is_broken": self.is_broken, "method": "Dirichlet mixture, valid at every look"}


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float], *, counted: str = "units") -> SampleRatio:
    """Test whether units divide among arms as planned.

    Parameters
    ----------
    counts
        Units by arm.
    shares
        Planned, above 0, of these arms among each other.
    counted
        What is counted, in words.

    Raises
    ------
    SettingError
        An arm has no share above 0.

    References
    ----------
    M. Lindon, A. Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022: a Bayes factor of shares
    near the planned ones against those, whose inverse is a p at every number of units.

    Examples
    --------
    >>> found = sample_ratio({"old": 10_000, "new": 10_090}, {"old": 0.5, "new": 0.5})
    >>> found.p, found.is_broken
    (1.0, False)
    >>> sample_ratio({"old": 10_000, "new": 9_300}, {"old": 0.5, "new": 0.5}).is_broken
    True
    """
    if lost := [arm for arm in counts if not shares.get(arm, 0) > 0]:
        raise SettingError("shares", dict(shares), f"a share above 0 for {', '.join(lost)}")
    whole = sum(shares[arm] for arm in counts)
    planned = {arm: shares[arm] / whole for arm in counts}
    units = sum(counts.values())
    expected = {arm: units * share for arm, share in planned.items()}
    return SampleRatio(counted, dict(counts), expected, min(1.0, math.exp(-_log_bayes_factor(counts, planned))))


def _log_bayes_factor(counts: Mapping[str, int], planned: Mapping[str, float]) -> float:
    units = sum(counts.values())
    found = math.lgamma(PRIOR_UNITS) - math.lgamma(PRIOR_UNITS + units)
    for arm, share in planned.items():
        found += math.lgamma(PRIOR_UNITS * share + counts[arm]) - math.lgamma(PRIOR_UNITS * share)
        found -= counts[arm] * math.log(share)
    return max(found, -700.0)
