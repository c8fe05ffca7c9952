"""Everything that is installed keeps the promises of its kind."""

import shutil
from pathlib import Path

import pytest

from mesic.testing import (
    AuditorContract,
    BaselineContract,
    CalibratorContract,
    EvaluatorContract,
    LearnerContract,
    MetricContract,
    RolloutContract,
    SamplerContract,
    SelectorContract,
    SourceContract,
    SplitterContract,
    TargetContract,
    TransformerContract,
    TunerContract,
    installed,
)
from mesic_plugins.targets.device.engines import node

TOWNS, REGIONS = (str(Path(__file__).parent / name) for name in ("towns.csv", "regions.csv"))
TREES = {"n_estimators": 8}
FORMS = ["c", "python"] if shutil.which("cc") else ["python"]
READERS = ["js", "python"] if node() else ["python"]
COSTS = [[0, 1, 4], [2, 0, 1], [3, 1, 0]]


def every(kind, *others, **options):
    """Mark a suite to run over what is installed, and with other options of some."""
    subjects = [*installed(kind, **options), *(s for more in others for s in installed(kind, **more) if s.name in more)]
    return pytest.mark.parametrize(kind[:-1], subjects, ids=repr, scope="class")


@every(
    "sources",
    table={"path": TOWNS, "target": "rainy"},
    joined={"path": TOWNS, "target": "rainy", "joins": [{"path": REGIONS, "on": {"town": "place"}}]},
)
class TestEverySource(SourceContract):
    """Every installed source keeps the source promises."""


@every("splitters", {"holdout": {"mode": "stable"}}, {"holdout": {"mode": "exact", "test_share": 0.33}})
class TestEverySplitter(SplitterContract):
    """Every installed splitter keeps the splitter promises."""


@every("auditors")
class TestEveryAuditor(AuditorContract):
    """Every installed auditor keeps the auditor promises."""


@every("samplers")
class TestEverySampler(SamplerContract):
    """Every installed sampler keeps the sampler promises."""


@every(
    "transformers",
    {
        "impute": {"category": "most_frequent", "indicator": True},
        "one_hot": {"max_levels": 2},
        "quantile": {"shape": "normal", "knots": 20},
        "binning": {"strategy": "uniform"},
        "hashing": {"buckets": 2},
        "dates": {"columns": ["signal", "a,b"], "circular": True},
        "text_counts": {"columns": ["town"], "weighting": "tfidf"},
        "crosses": {"min_rows": 20},
    },
    {"one_hot": {"min_rows": 8, "columns": ["town"]}},
)
class TestEveryTransformer(TransformerContract):
    """Every installed transformer keeps the transformer promises."""


@every("calibrators")
class TestEveryCalibrator(CalibratorContract):
    """Every installed calibrator keeps the calibrator promises."""


@every("selectors")
class TestEverySelector(SelectorContract):
    """Every installed selector keeps the selector promises."""


@every(
    "learners",
    {"linear": {"penalty": "l1"}},
    lightgbm={"n_estimators": 20},
    extra_trees=TREES,
    random_forest=TREES,
)
class TestEveryLearner(LearnerContract):
    """Every installed learner keeps the learner promises."""


@every("baselines")
class TestEveryBaseline(BaselineContract):
    """Every installed baseline keeps the baseline promises."""


@every("metrics", expected_cost={"costs": COSTS})
class TestEveryMetric(MetricContract):
    """Every installed metric keeps the metric promises."""


@every("tuners")
class TestEveryTuner(TunerContract):
    """Every installed tuner keeps the tuner promises."""


@every("evaluators")
class TestEveryEvaluator(EvaluatorContract):
    """Every installed evaluator keeps the evaluator promises."""


@every(
    "rollouts",
    {"bandit": {"policy": "ucb1", "floor": 0.05, "sticky": True}},
    {"bandit": {"policy": "kl_ucb", "low": -5.0, "high": 20.0}},
    {"bandit": {"policy": "epsilon_greedy", "floor": 0.25}},
    {"bandit": {"half_life_s": 600.0, "floor": 0.0}},
)
class TestEveryRollout(RolloutContract):
    """Every installed roll-out keeps the roll-out promises."""


@every("targets", static={"forms": FORMS}, device={"forms": READERS})
class TestEveryTarget(TargetContract):
    """Every installed target keeps the target promises."""
