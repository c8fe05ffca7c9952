"""What labels that come later are worth, and how many answers are kept for them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from mesic.live.deployment import Deployment
from mesic.live.label_options import DAYS, ROWS, LabelOptions
from mesic.live.measures import Measure, usual
from mesic.rollout.state import RolloutTerms

if TYPE_CHECKING:
    from mesic.bundle.bundle import Bundle

CONFIG = "config.json"


@dataclass(frozen=True)
class Labels:
    """What a deployment holds of labels.

    Parameters
    ----------
    measure
        One of :data:`mesic.live.measures.MEASURES`; None: the usual one.
    rows, days
        Answers that are kept: so many, for so long.
    low, high
        Range of the rewards of the roll-out.
    costs
        Of each answer, by class; None: the run said none.
    """

    measure: str | None = None
    rows: int = ROWS
    days: float = DAYS
    low: float = 0.0
    high: float = 1.0
    costs: Mapping[str, Mapping[str, float]] | None = None


def labels_of(deployment: Deployment) -> Labels:
    """Return what a deployment holds of labels."""
    return Labels(**deployment.labels)


def measure_of(deployment: Deployment) -> Measure:
    """Return how labels become rewards; classes are those that any of its versions knows."""
    labels = labels_of(deployment)
    classes = tuple(dict.fromkeys(one for facts in deployment.versions.values() for one in facts.get("classes", ())))
    return Measure(labels.measure or usual(classes), classes, labels.low, labels.high, labels.costs)


def labelled(deployment: Deployment, wanted: LabelOptions, bundle: "Bundle", terms: RolloutTerms | None) -> Deployment:
    """Return the deployment that knows what labels are worth from now on.

    Parameters
    ----------
    deployment
        It knows the new version.
    wanted
        As they were typed.
    bundle
        The new version, whose run may have said what answers cost.
    terms
        Of the rewards of the roll-out that begins; None: there is none that counts them.

    Raises
    ------
    UsageError
        A measure was asked for that does not fit target, costs or range.
    """
    before = labels_of(deployment)
    said = {name: value for name, value in asdict(wanted).items() if value is not None}
    after = replace(before, **said, costs=_costs(bundle) or before.costs)
    if terms is not None:
        after = replace(after, low=terms.low, high=terms.high)
    found = replace(deployment, labels=asdict(after))
    if after.measure is not None:
        measure = measure_of(found)
        measure.refuse_strange()
        if terms is not None:
            measure.refuse_unfit()
    return found


def _costs(bundle: "Bundle") -> dict[str, dict[str, float]] | None:
    from mesic.decision.money import cost_matrix

    path = bundle.folder / CONFIG
    said = json.loads(path.read_text(encoding="utf-8")).get("costs") if path.is_file() else None
    table = cost_matrix(said, bundle.classes) if said and bundle.classes else None
    if table is None:
        return None
    rows = (dict(zip(bundle.classes, row, strict=True)) for row in table.tolist())
    return dict(zip(bundle.classes, rows, strict=True))
