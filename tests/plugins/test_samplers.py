import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesic import SettingError
from mesic_plugins.samplers import register_samplers
from mesic_plugins.samplers.everything import Everything
from mesic_plugins.samplers.random import Random


@given(rows=st.integers(1, 300), share=st.floats(0.001, 1), seed=st.integers(0, 2**31))
def test_a_random_sample_holds_different_rows_that_stand_for_all(rows, share, seed):
    sample = Random(share).sample(None, np.zeros(rows), None, np.random.default_rng(seed))

    assert len(sample) == max(1, round(share * rows))
    assert np.unique(sample.index).size == len(sample)
    assert sample.index.max() < rows
    np.testing.assert_allclose(sample.weight.sum(), rows)


def test_another_seed_draws_other_rows():
    drawn = [Random(0.3).sample(None, np.zeros(99), None, np.random.default_rng(seed)).index for seed in (1, 2)]

    assert (drawn[0] != drawn[1]).any()


def test_everything_is_every_row_once():
    sample = Everything().sample(None, np.zeros(4), None, np.random.default_rng(0))

    assert sample.index.tolist() == [0, 1, 2, 3]
    assert sample.weight.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_that_cannot_work_is_named(share):
    with pytest.raises(SettingError, match="share"):
        Random(share).sample(None, np.zeros(4), None, np.random.default_rng(0))


def test_options_are_the_parameters():
    offered = {component.name: component for component in register_samplers()}

    assert vars(offered["random"].options()) == vars(Random())
    assert vars(offered["everything"].options()) == vars(Everything()) == {}
