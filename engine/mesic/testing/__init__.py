"""The promises of each kind of component, as contract suites that plugin authors subclass.

A suite is a class of test methods, one promise each. Every method takes one argument, named as the kind: a
:class:`Subject`, which is a component that the suite makes, fits and asks as a run does. Under pytest, parametrize a
subclass with what is :func:`installed`. The suites are plain asserts that say what was broken and need no pytest::

    @pytest.mark.parametrize("selector", installed("selectors", "acme-ml"), ids=repr, scope="class")
    class TestEverySelector(SelectorContract):
        '''Every selector of acme-ml keeps the selector promises.'''

Examples
--------
>>> (spread,) = [selector for selector in installed("selectors") if selector.name == "long_tail"]
>>> spread
selector/long_tail
>>> SelectorContract().test_the_same_seed_gives_the_same_result(spread)
"""

from mesic.testing.auditors import AuditorContract
from mesic.testing.calibrators import CalibratorContract
from mesic.testing.component import ComponentContract
from mesic.testing.evaluators import EvaluatorContract
from mesic.testing.learners import BaselineContract, LearnerContract
from mesic.testing.metrics import MetricContract
from mesic.testing.promises import BrokenPromise, broken_promises
from mesic.testing.rollouts import RolloutContract
from mesic.testing.samplers import SamplerContract
from mesic.testing.schema_tables import SchemaTables
from mesic.testing.selectors import SelectorContract
from mesic.testing.sources import SourceContract
from mesic.testing.splitters import SplitterContract
from mesic.testing.streams import Bench, StreamContract
from mesic.testing.subjects import Subject, installed
from mesic.testing.tables import Tables
from mesic.testing.targets import TargetContract
from mesic.testing.transformers import TransformerContract
from mesic.testing.tuners import TunerContract

__all__ = [
    "AuditorContract",
    "BaselineContract",
    "Bench",
    "BrokenPromise",
    "CalibratorContract",
    "ComponentContract",
    "EvaluatorContract",
    "LearnerContract",
    "MetricContract",
    "RolloutContract",
    "SamplerContract",
    "SchemaTables",
    "SelectorContract",
    "SourceContract",
    "SplitterContract",
    "StreamContract",
    "Subject",
    "Tables",
    "TargetContract",
    "TransformerContract",
    "TunerContract",
    "broken_promises",
    "installed",
]
