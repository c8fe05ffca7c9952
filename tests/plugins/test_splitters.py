import numpy as np
import pytest

from mesic import DataError, Rows, SettingError
from mesic_plugins.splitters.time import Time


@pytest.mark.parametrize(
    ("times", "error", "words"),
    [(1, DataError, "1 different times: give 4 at least"), (5, SettingError, "folds=5 cannot work: give at most 3")],
)
def test_times_that_are_too_few_are_refused_with_what_would_do(times, error, words):
    rows = Rows(np.arange(40, dtype=np.uint64), np.zeros(40, np.int64), time=np.arange(40.0) % times)

    with pytest.raises(error, match=words):
        Time().split(rows, seed=0)
