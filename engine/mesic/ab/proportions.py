"""Yes or no: the G test, the z test, Fisher's exact test, and intervals that agree with them."""

import math
from collections.abc import Callable

import numpy as np

from mesic.ab.contrast import Contrast
from mesic.ab.moments import Counts
from mesic.errors import SettingError

TESTS = ("g", "z", "exact")
FEWEST_EXPECTED = 5.0  # below it the G test rejects too often: 8.8 % for 5 % at 50 units a group and a share of .05
FARTHEST_DEVIANCE = 1e9


class Proportions(Contrast):
    """The share of a treatment less that of a control.

    Parameters
    ----------
    control, treatment
        Counts of the two groups.
    test
        ``"g"`` (likelihood ratio), ``"z"`` (pooled score) or ``"exact"`` (Fisher). Where a cell is expected to hold
        fewer than five units, every test is the exact one.

    References
    ----------
    O. Miettinen, M. Nurminen, Comparative analysis of two rates, Statistics in Medicine 4, 1985.

    Examples
    --------
    >>> found = Proportions(Counts(1_000, 50), Counts(1_000, 75))
    >>> round(found.value, 4), round(found.p, 4), [round(end, 4) for end in found.interval(1.96)], found.method
    (0.025, 0.0205, [0.0039, 0.0465], 'G')
    """

    unit = "units"

    def __init__(self, control: Counts, treatment: Counts, test: str = "g") -> None:
        if test not in TESTS:
            raise SettingError("test", test, f"one of {', '.join(TESTS)}")
        self.counts = (control, treatment)
        self.n = (control.units, treatment.units)
        self.control, self.treatment = control.share, treatment.share
        self.value = self.treatment - self.control
        self.is_exact = test == "exact" or fewest_expected(control, treatment) < FEWEST_EXPECTED
        self.test = "z" if self.is_exact else test
        self.method = "Fisher's exact test, score interval" if self.is_exact else {"g": "G", "z": "z"}[test]
        self.variance = sum(c.share * (1 - c.share) / c.units if c.units else math.nan for c in self.counts)
        self.z, self.p = self._tested()

    def _tested(self) -> tuple[float, float]:
        from scipy import special

        if not all(self.n):
            return math.nan, math.nan
        if self.is_exact:
            p = fisher_p(*self.counts)
            return math.copysign(float(-special.ndtri(p / 2)), self.value), p
        z = self.distance(0.0)
        return z, float(2 * special.ndtr(-abs(z)))

    def distance(self, effect: float) -> float:
        """Return how far the counts are from an effect, in standard errors and signed, were it the true one."""
        control, treatment = self.counts
        p0 = restricted_share(control, treatment, effect)
        p1 = min(1.0, max(0.0, p0 + effect))
        if self.test == "g":
            deviance = 2 * (_apart(control, p0) + _apart(treatment, p1))
            return math.copysign(math.sqrt(min(max(deviance, 0.0), FARTHEST_DEVIANCE)), self.value - effect)
        variance = p0 * (1 - p0) / control.units + p1 * (1 - p1) / treatment.units
        apart = self.value - effect
        return apart / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, apart) if apart else 0.0

    def interval(self, bound: float) -> tuple[float, float]:
        """Return the effects that the test would not reject if the absolute z had to pass `bound`."""
        return _end(self.distance, self.value, -1.0, bound), _end(self.distance, self.value, 1.0, -bound)

    def levels(self, bound: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return Wilson's intervals of the two shares."""
        return wilson(self.counts[0], bound), wilson(self.counts[1], bound)

    def ratio(self, bound: float) -> tuple[float, float, float]:
        """Return the relative effect with its interval, by logarithms (D. Katz and others, Biometrics 34, 1978)."""
        (n0, x0), (n1, x1) = ((counts.units, counts.events) for counts in self.counts)
        if not x0:
            return math.nan, math.nan, math.nan
        relative = self.treatment / self.control
        if not x1:
            return relative - 1, math.nan, math.nan
        half = bound * math.sqrt(1 / x0 - 1 / n0 + 1 / x1 - 1 / n1)
        low, high = relative * math.exp(-half), relative * math.exp(min(half, 700.0))
        return relative - 1, low - 1, high - 1


def _end(distance: Callable[[float], float], value: float, farthest: float, bound: float) -> float:
    """Return the effect between the estimate and `farthest` that is `bound` away."""
    from scipy import optimize

    far = distance(farthest)
    if value == farthest or abs(far) <= abs(bound):
        return farthest
    limited = lambda effect: max(-1e9, min(1e9, distance(effect))) - bound  # noqa: E731 - it has one use
    found: float = optimize.brentq(limited, value, farthest, xtol=1e-13, rtol=1e-12)
    return found


def _apart(counts: Counts, share: float) -> float:
    """Return the log of how much more likely the counts are under their own share than under another."""
    cells = ((counts.events, counts.share, share), (counts.units - counts.events, 1 - counts.share, 1 - share))
    if any(count and other <= 0 for count, _, other in cells):
        return math.inf
    return sum(count * math.log(own / other) for count, own, other in cells if count)


def wilson(counts: Counts, bound: float) -> tuple[float, float]:
    """Return the interval of a share (E. B. Wilson, Journal of the American Statistical Association 22, 1927).

    Examples
    --------
    >>> [round(end, 4) for end in wilson(Counts(100, 10), 1.96)]
    [0.0552, 0.1744]
    """
    spread = bound**2 / counts.units
    middle = (counts.share + spread / 2) / (1 + spread)
    half = (
        bound / (1 + spread) * math.sqrt(counts.share * (1 - counts.share) / counts.units + spread / counts.units / 4)
    )
    return max(0.0, middle - half), min(1.0, middle + half)


def fewest_expected(control: Counts, treatment: Counts) -> float:
    """Return the smallest number of units that a cell would hold if both groups were alike.

    Examples
    --------
    >>> fewest_expected(Counts(50, 2), Counts(50, 4))
    3.0
    """
    both = control + treatment
    if not both.units:
        return 0.0
    rarest = min(both.events, both.units - both.events)
    return rarest * min(control.units, treatment.units) / both.units


def restricted_share(control: Counts, treatment: Counts, effect: float) -> float:
    """Return the control's most likely share if the treatment's is higher by `effect`, in -1 to 1: a cubic's root.

    Examples
    --------
    >>> round(restricted_share(Counts(100, 10), Counts(100, 20), 0.0), 4)
    0.15
    """
    x0, n0, x1, n1 = control.events, control.units, treatment.events, treatment.units
    cubic = n0 + n1
    square = (n1 + 2 * n0) * effect - cubic - (x0 + x1)
    linear = (n0 * effect - cubic - 2 * x0) * effect + x0 + x1
    rest = x0 * effect * (1 - effect)
    shift = square / (3 * cubic)
    q = shift**3 - square * linear / (6 * cubic**2) + rest / (2 * cubic)
    p = math.copysign(math.sqrt(max(shift**2 - linear / (3 * cubic), 0.0)), q)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3)))) / 3 if p else 0.0
    share = 2 * p * math.cos(angle) - shift
    return float(np.clip(share, max(0.0, -effect), min(1.0, 1.0 - effect)))


def fisher_p(control: Counts, treatment: Counts) -> float:
    """Return the chance of tables that are no more likely than this one, the margins being given.

    Examples
    --------
    >>> round(fisher_p(Counts(10, 1), Counts(10, 6)), 6)
    0.057276
    """
    from scipy import special

    both = control + treatment
    least, most = max(0, both.events - treatment.units), min(both.events, control.units)
    yes = np.arange(least, most + 1)

    def ways(n: int, k: np.ndarray) -> np.ndarray:
        return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))

    chance = ways(control.units, yes) + ways(treatment.units, both.events - yes)
    chance = np.exp(chance - chance.max())
    chance /= chance.sum()
    own = chance[control.events - least]
    return min(1.0, float(chance[chance <= own * (1 + 1e-7)].sum()))
