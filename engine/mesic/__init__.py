"""mesic: a plugin-based experimentation engine for machine learning on tables.

Every public name is listed in ``__all__`` and loaded when it is first used, so that ``import mesic`` stays light.

Examples
--------
>>> import mesic
>>> "run" in mesic.__all__
True
"""

from importlib import import_module
from time import time
from typing import TYPE_CHECKING, Any

_STARTED = time()  # code that was changed later is not what runs

if TYPE_CHECKING:
    from mesic.audit.pricing import Pricing as Pricing
    from mesic.audit.view import AuditView as AuditView
    from mesic.bundle.boosting import BoostedTrees as BoostedTrees
    from mesic.bundle.boosting import TreeNodes as TreeNodes
    from mesic.bundle.boosting import boosted_trees as boosted_trees
    from mesic.bundle.bundle import Bundle as Bundle
    from mesic.bundle.bundle import load_bundle as load_bundle
    from mesic.bundle.coverage import class_scores as class_scores
    from mesic.bundle.coverage import intervals_of as intervals_of
    from mesic.bundle.coverage import sets_of as sets_of
    from mesic.bundle.envelope import with_envelope as with_envelope
    from mesic.bundle.inputs import Input as Input
    from mesic.bundle.portable import Matrix as Matrix
    from mesic.bundle.portable import PortableStep as PortableStep
    from mesic.bundle.portable import compile_pipeline as compile_pipeline
    from mesic.bundle.text_operators import words_of as words_of
    from mesic.comparing.multiplicity import holm as holm
    from mesic.config.settings import SourceOptions as SourceOptions
    from mesic.config.settings import TunerOptions as TunerOptions
    from mesic.data.view import TrainingView as TrainingView
    from mesic.deployment.artefact import Artefact as Artefact
    from mesic.deployment.artefact import load_artefact as load_artefact
    from mesic.deployment.deploying import deploy as deploy
    from mesic.deployment.doors import ProcessDoor as ProcessDoor
    from mesic.deployment.doors import json_line as json_line
    from mesic.deployment.event_door import EventDoor as EventDoor
    from mesic.deployment.grpc_door import GrpcClient as GrpcClient
    from mesic.deployment.grpc_door import GrpcDoor as GrpcDoor
    from mesic.deployment.http_door import HttpDoor as HttpDoor
    from mesic.deployment.invented import invented_rows as invented_rows
    from mesic.deployment.target import Built as Built
    from mesic.deployment.target import Release as Release
    from mesic.errors import CheckFailed as CheckFailed
    from mesic.errors import ComponentError as ComponentError
    from mesic.errors import ConfigError as ConfigError
    from mesic.errors import DataError as DataError
    from mesic.errors import MesicError as MesicError
    from mesic.errors import SettingError as SettingError
    from mesic.errors import UsageError as UsageError
    from mesic.evaluation.comparison import paired_difference as paired_difference
    from mesic.evaluation.intervals import score_with_interval as score_with_interval
    from mesic.evaluation.losses import example_losses as example_losses
    from mesic.evaluation.metrics import Bins as Bins
    from mesic.evaluation.metrics import Metric as Metric
    from mesic.evaluation.view import Evaluation as Evaluation
    from mesic.evaluation.view import EvaluationView as EvaluationView
    from mesic.evaluation.view import PredictedRows as PredictedRows
    from mesic.findings import Finding as Finding
    from mesic.findings import ignoring as ignoring
    from mesic.host.components import CLASSES as CLASSES
    from mesic.host.components import Choice as Choice
    from mesic.host.components import Component as Component
    from mesic.host.components import NoOptions as NoOptions
    from mesic.host.components import Range as Range
    from mesic.host.components import option as option
    from mesic.host.hookspecs import hookimpl as hookimpl
    from mesic.partition.rows import Rows as Rows
    from mesic.partition.rows import Split as Split
    from mesic.predictions.reading import prediction_log as prediction_log
    from mesic.profile.profile import Profile as Profile
    from mesic.profile.shifts import Shift as Shift
    from mesic.profile.shifts import shifts as shifts
    from mesic.reviewing.objections import Evidence as Evidence
    from mesic.reviewing.objections import Objection as Objection
    from mesic.reviewing.reviews import Review as Review
    from mesic.reviewing.reviews import review as review
    from mesic.rollout.confidence import always_valid as always_valid
    from mesic.rollout.notes import outcome_findings as outcome_findings
    from mesic.rollout.rollout import Assignment as Assignment
    from mesic.rollout.rollout import Decision as Decision
    from mesic.rollout.rollout import Rollout as Rollout
    from mesic.rollout.rollout import floored as floored
    from mesic.rollout.sizing import requests_needed as requests_needed
    from mesic.rollout.state import Outcome as Outcome
    from mesic.rollout.state import RolloutState as RolloutState
    from mesic.rollout.state import RolloutTerms as RolloutTerms
    from mesic.rollout.sums import Sums as Sums
    from mesic.runs.api import Run as Run
    from mesic.runs.api import run as run
    from mesic.serving.contracts import openapi_of as openapi_of
    from mesic.serving.contracts import proto_of as proto_of
    from mesic.streaming.appended import AppendedFile as AppendedFile
    from mesic.streaming.registration import Registration as Registration
    from mesic.streaming.settings import StreamOptions as StreamOptions
    from mesic.streaming.stream import Record as Record
    from mesic.streaming.stream import Reply as Reply
    from mesic.sweeping.reporting import report_intermediate as report_intermediate
    from mesic.training.sampling import Sample as Sample

_HOMES = {
    "AuditView": "audit.view",
    "Pricing": "audit.pricing",
    "BoostedTrees": "bundle.boosting",
    "TreeNodes": "bundle.boosting",
    "boosted_trees": "bundle.boosting",
    "Bundle": "bundle.bundle",
    "load_bundle": "bundle.bundle",
    "class_scores": "bundle.coverage",
    "intervals_of": "bundle.coverage",
    "sets_of": "bundle.coverage",
    "with_envelope": "bundle.envelope",
    "Input": "bundle.inputs",
    "Matrix": "bundle.portable",
    "PortableStep": "bundle.portable",
    "compile_pipeline": "bundle.portable",
    "words_of": "bundle.text_operators",
    "holm": "comparing.multiplicity",
    "TrainingView": "data.view",
    "Artefact": "deployment.artefact",
    "load_artefact": "deployment.artefact",
    "deploy": "deployment.deploying",
    "ProcessDoor": "deployment.doors",
    "json_line": "deployment.doors",
    "invented_rows": "deployment.invented",
    "EventDoor": "deployment.event_door",
    "GrpcClient": "deployment.grpc_door",
    "GrpcDoor": "deployment.grpc_door",
    "HttpDoor": "deployment.http_door",
    "Built": "deployment.target",
    "Release": "deployment.target",
    "CheckFailed": "errors",
    "ComponentError": "errors",
    "ConfigError": "errors",
    "DataError": "errors",
    "MesicError": "errors",
    "SettingError": "errors",
    "UsageError": "errors",
    "Bins": "evaluation.metrics",
    "Metric": "evaluation.metrics",
    "Evaluation": "evaluation.view",
    "EvaluationView": "evaluation.view",
    "PredictedRows": "evaluation.view",
    "example_losses": "evaluation.losses",
    "paired_difference": "evaluation.comparison",
    "score_with_interval": "evaluation.intervals",
    "Finding": "findings",
    "ignoring": "findings",
    "CLASSES": "host.components",
    "Choice": "host.components",
    "Component": "host.components",
    "NoOptions": "host.components",
    "Range": "host.components",
    "option": "host.components",
    "hookimpl": "host.hookspecs",
    "Rows": "partition.rows",
    "Split": "partition.rows",
    "prediction_log": "predictions.reading",
    "Profile": "profile.profile",
    "Shift": "profile.shifts",
    "shifts": "profile.shifts",
    "always_valid": "rollout.confidence",
    "outcome_findings": "rollout.notes",
    "Assignment": "rollout.rollout",
    "Decision": "rollout.rollout",
    "Rollout": "rollout.rollout",
    "floored": "rollout.rollout",
    "Outcome": "rollout.state",
    "RolloutState": "rollout.state",
    "RolloutTerms": "rollout.state",
    "Sums": "rollout.sums",
    "requests_needed": "rollout.sizing",
    "Evidence": "reviewing.objections",
    "Objection": "reviewing.objections",
    "Review": "reviewing.reviews",
    "review": "reviewing.reviews",
    "Run": "runs.api",
    "SourceOptions": "config.settings",
    "TunerOptions": "config.settings",
    "run": "runs.api",
    "AppendedFile": "streaming.appended",
    "Record": "streaming.stream",
    "Registration": "streaming.registration",
    "Reply": "streaming.stream",
    "StreamOptions": "streaming.settings",
    "report_intermediate": "sweeping.reporting",
    "proto_of": "serving.contracts",
    "openapi_of": "serving.contracts",
    "Sample": "training.sampling",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - a list of literal names, sorted


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mesic' has no attribute {name!r}")
    return getattr(import_module(f"mesic.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
