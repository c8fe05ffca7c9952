"""A/B tests: size them, read their logs, decide. Every public name is loaded when it is first used.

Examples
--------
>>> import mesic.ab
>>> "decide" in mesic.ab.__all__
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesic.ab.always_valid import always_valid_bound as always_valid_bound
    from mesic.ab.always_valid import always_valid_p as always_valid_p
    from mesic.ab.clusters import cluster_moments as cluster_moments
    from mesic.ab.contrast import Contrast as Contrast
    from mesic.ab.contrast import Effect as Effect
    from mesic.ab.crossing import crossing_chances as crossing_chances
    from mesic.ab.deciding import decide as decide
    from mesic.ab.exposures import Exposures as Exposures
    from mesic.ab.exposures import read_exposures as read_exposures
    from mesic.ab.guards import Guard as Guard
    from mesic.ab.guards import Guarded as Guarded
    from mesic.ab.means import Means as Means
    from mesic.ab.moments import Counts as Counts
    from mesic.ab.moments import Moments as Moments
    from mesic.ab.plan import Columns as Columns
    from mesic.ab.plan import Design as Design
    from mesic.ab.plan import Plan as Plan
    from mesic.ab.proportions import Proportions as Proportions
    from mesic.ab.reading import Reading as Reading
    from mesic.ab.readout import ReadOut as ReadOut
    from mesic.ab.readout import read_out as read_out
    from mesic.ab.sample_ratios import SampleRatio as SampleRatio
    from mesic.ab.sample_ratios import sample_ratio as sample_ratio
    from mesic.ab.sizing import Sizing as Sizing
    from mesic.ab.sizing import size as size
    from mesic.ab.spending import bounds as bounds
    from mesic.ab.verdict import ArmVerdict as ArmVerdict
    from mesic.ab.verdict import Verdict as Verdict

_HOMES = {
    "always_valid_bound": "always_valid",
    "always_valid_p": "always_valid",
    "cluster_moments": "clusters",
    "Contrast": "contrast",
    "Effect": "contrast",
    "crossing_chances": "crossing",
    "decide": "deciding",
    "Exposures": "exposures",
    "read_exposures": "exposures",
    "Guard": "guards",
    "Guarded": "guards",
    "Means": "means",
    "Counts": "moments",
    "Moments": "moments",
    "Columns": "plan",
    "Design": "plan",
    "Plan": "plan",
    "Proportions": "proportions",
    "Reading": "reading",
    "ReadOut": "readout",
    "read_out": "readout",
    "SampleRatio": "sample_ratios",
    "sample_ratio": "sample_ratios",
    "Sizing": "sizing",
    "size": "sizing",
    "bounds": "spending",
    "ArmVerdict": "verdict",
    "Verdict": "verdict",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - a list of literal names, sorted


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mesic.ab' has no attribute {name!r}")
    return getattr(import_module(f"mesic.ab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
