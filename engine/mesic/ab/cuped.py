"""What was known of units before the test takes variance out of its effect, and no bias in.

A. Deng, Y. Xu, R. Kohavi, T. Walker, Improving the sensitivity of online controlled experiments by utilizing
pre-experiment data, WSDM 2013.
"""

from mesic.ab.moments import COVARIATE, Moments
from mesic.ab.ratios import slopes


def covariate_weight(control: Moments, treatment: Moments) -> float:
    """Return how much of the difference in the covariate is taken off the effect: what makes its variance least.

    Examples
    --------
    >>> one = Moments.of({"outcome": [1.0, 2.0, 3.0], "covariate": [2.0, 4.0, 6.0]})
    >>> covariate_weight(one, one)
    0.5
    """
    if COVARIATE not in control.names:
        return 0.0
    place = control.names.index(COVARIATE)
    both = [(moments.covariance, slopes(moments)) for moments in (control, treatment)]
    spread = sum(float(covariance[place, place]) for covariance, _ in both)
    together = sum(float(slope @ covariance[:, place]) for covariance, slope in both)
    return together / spread if spread > 0 else 0.0
