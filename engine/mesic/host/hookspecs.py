"""What a plugin may offer, in the order in which a run meets it.

Every ``register_*`` hook is asked once per process and returns an iterable of :class:`mesic.Component`. Each
component's name becomes a value of the configuration group at once. If two plugins offer one name for one kind,
a configuration that uses it stops and is told both; ``plugins.prefer`` decides. A plugin that raises is listed as
broken by ``mesic list`` and matters only to a configuration that needs it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from mesic.host.components import Component

hookspec = pluggy.HookspecMarker("mesic")
hookimpl = pluggy.HookimplMarker("mesic")


@hookspec
def register_sources() -> Iterable[Component]:
    """Offer sources: they yield batches of rows as they are found."""
    return ()


@hookspec
def register_splitters() -> Iterable[Component]:
    """Offer splitters: they say which rows train, validate and test."""
    return ()


@hookspec
def register_auditors() -> Iterable[Component]:
    """Offer auditors: what is asked of the data and its parts before anything is learned."""
    return ()


@hookspec
def register_samplers() -> Iterable[Component]:
    """Offer samplers: they choose which training rows the learner sees, with which weight."""
    return ()


@hookspec
def register_transformers() -> Iterable[Component]:
    """Offer transformers: they rewrite columns; they are fitted on training rows only."""
    return ()


@hookspec
def register_selectors() -> Iterable[Component]:
    """Offer selectors: they choose which columns the learner sees; fitted on training rows only."""
    return ()


@hookspec
def register_learners() -> Iterable[Component]:
    """Offer learners: scikit-learn estimators, or functions that return one."""
    return ()


@hookspec
def register_calibrators() -> Iterable[Component]:
    """Offer calibrators: they make probabilities mean what they say; fitted on out-of-fold answers only."""
    return ()


@hookspec
def register_baselines() -> Iterable[Component]:
    """Offer baselines: what every model must beat, on the same rows."""
    return ()


@hookspec
def register_metrics() -> Iterable[Component]:
    """Offer metrics: how good predictions are."""
    return ()


@hookspec
def register_tuners() -> Iterable[Component]:
    """Offer tuners: they propose settings and are told the losses."""
    return ()


@hookspec
def register_evaluators() -> Iterable[Component]:
    """Offer evaluators: what else is asked of the test predictions."""
    return ()


@hookspec
def register_targets() -> Iterable[Component]:
    """Offer targets: they build artefacts of bundles, which others ask through doors of their own."""
    return ()


@hookspec
def register_streams() -> Iterable[Component]:
    """Offer streams: they read records one after the other, and hand on their answers."""
    return ()


@hookspec
def register_rollouts() -> Iterable[Component]:
    """Offer roll-outs: they say which version answers a unit, and when one has proven itself."""
    return ()


@hookspec
def run_started(record: Mapping[str, Any]) -> None:
    """Hear that a run has begun; `record` is its record so far. An exception is recorded, never more."""


@hookspec
def stage_finished(activity: Mapping[str, Any]) -> None:
    """Hear that a stage has ended; `activity` is its line of the timeline."""


@hookspec
def trial_finished(trial: Mapping[str, Any]) -> None:
    """Hear that a trial has ended, well or badly; `trial` is its line of ``trials.jsonl``."""


@hookspec
def run_finished(record: Mapping[str, Any], error: BaseException | None) -> None:
    """Hear that a run has ended; `error` is what stopped it, or None."""


@hookspec
def deployment_changed(change: Mapping[str, Any]) -> None:
    """Hear that another version answers, or is tried: who did what, why, and by which numbers."""


@hookspec
def review_deployment(bundle: Any, target: str, evidence: Any) -> Iterable[Any]:  # noqa: ARG001 - plugins read them
    """Object to a deployment: yield :class:`mesic.Objection`; an exception stops the deployment, too."""
    return ()


@hookspec(firstresult=True)
def run_stage(stage: Any) -> Any:
    """Do one stage: return ``stage.work()``. Wrap it (``wrapper=True``) to time, trace or cache stages."""


@hookspec(firstresult=True)
def describe_complexity(estimator: Any) -> tuple[float, str] | None:
    """Say how complex a fitted estimator is, as ``(size, unit)`` such as ``(1234, "leaves")``; None: not mine."""


@hookspec(firstresult=True)
def to_portable(step: Any) -> Any:
    """Describe a fitted step as a :class:`mesic.PortableStep`; None: not mine."""
