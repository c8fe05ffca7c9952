"""What a run draws together when it resamples: groups, else stretches of time, else single rows."""

from types import SimpleNamespace

import numpy as np
import pytest

from mesic.runs.together import together

ROWS = np.arange(100, 500)


def run(by="row content", *, groups=None, time=None):
    dataset = SimpleNamespace(groups=groups, time=time)
    return SimpleNamespace(dataset=dataset, split=SimpleNamespace(by=by))


def waves(n):
    """Losses that remember each other, but for the noise in them."""
    return 1 + np.sin(np.arange(n) / 15) + 0.1 * np.random.default_rng(0).random(n)


def test_declared_groups_stay_whole_also_in_the_order_of_time():
    groups, time = np.arange(500) // 5, np.arange(500.0)

    drawn = together(run("time", groups=groups, time=time), ROWS, waves(400))
    assert drawn.for_scores() == {"groups": pytest.approx(groups[ROWS]), "blocks": None}
    assert list(drawn.for_losses()) == ["groups"]


def test_where_parts_are_in_the_order_of_time_stretches_of_it_stay_whole():
    time = np.random.default_rng(1).permutation(500).astype(float)
    losses = waves(500)[time.astype(int)][ROWS]

    drawn = together(run("time", time=time), ROWS, losses)
    stretches = drawn.blocks[np.argsort(time[ROWS])]
    assert (np.diff(stretches) >= 0).all()
    assert 10 <= stretches[-1] + 1 < 60
    assert drawn.for_losses()["unit"] == "blocks of time"
    assert drawn.for_scores()["groups"] is None


@pytest.mark.parametrize(
    ("by", "losses"), [("row content", waves(400)), ("time", np.random.default_rng(2).random(400))]
)
def test_rows_that_do_not_remember_each_other_are_drawn_singly(by, losses):
    drawn = together(run(by, time=np.arange(500.0)), ROWS, losses)

    assert drawn.for_scores() == {"groups": None, "blocks": None}
    assert drawn.for_losses() == {"groups": None}
