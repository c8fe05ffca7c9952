"""acme's components keep the promises of their kinds."""

import pytest

from mesic.testing import LearnerContract, SelectorContract, StreamContract, installed


@pytest.mark.parametrize("learner", installed("learners", "acme-ml"), ids=repr, scope="class")
class TestEveryLearner(LearnerContract):
    """Every learner of acme keeps the learner promises."""


@pytest.mark.parametrize("selector", installed("selectors", "acme-ml"), ids=repr, scope="class")
class TestEverySelector(SelectorContract):
    """Every selector of acme keeps the selector promises."""


@pytest.mark.parametrize("stream", installed("streams", "acme-ml"), ids=repr, scope="class")
class TestEveryStream(StreamContract):
    """Every stream of acme keeps the stream promises."""
