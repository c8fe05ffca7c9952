"""What a run and the process for its trials say to each other."""

import numpy as np
import pytest

from mesic.config.composition import config_loader
from mesic.config.problems import checked
from mesic.testing.tables import dataset
from mesic.training.attempting import Asked, Stopped
from mesic.training.fitted import Fitted
from mesic.verbs.run import plain
from mesic.workers.messages import Answer, Cached, Doing, Parts, Raised, Ready, Table, Whole
from mesic.workers.process import Child

DATA = dataset("regression", ())
ROWS = np.arange(len(DATA))
FOLDS = [(np.flatnonzero(ROWS % 3 - fold), ROWS[fold::3]) for fold in range(3)]
SAID = ["learner=lightgbm", "tuner=tpe", "cache.enabled=false"]


@pytest.fixture
def child(monkeypatch):
    """Return a process that has a table."""
    monkeypatch.setenv("MESIC_CONF", "")
    _, config = checked(config_loader(), "run", SAID)
    child = Child()
    try:
        child.send(Parts(plain(config), 1))
        child.send(Table(DATA, FOLDS, ROWS, None))
        assert isinstance(answer_of(child), Ready)
        yield child
    finally:
        child.end()


def answer_of(child):
    """Return the next message that is no word about what is being done."""
    while (message := child.receive(None)) is None or isinstance(message, Doing | Cached):
        pass
    return message


def test_a_trial_is_stopped_between_two_fits_and_the_process_goes_on(child):
    child.send(Asked(0, {"learning_rate": 0.001, "num_leaves": 31}))
    child.stop()
    stopped = answer_of(child)
    child.send(Whole({"n_estimators": 3}, 0))
    whole = answer_of(child)

    assert isinstance(stopped, Raised)
    assert isinstance(stopped.error, Stopped)
    assert isinstance(whole, Answer)
    assert isinstance(whole.value, Fitted)


def test_a_trial_that_has_ended_is_not_taken_back_and_stops_no_other(child):
    child.send(Asked(0, {"n_estimators": 3}))
    first = answer_of(child)
    child.stop()
    child.send(Asked(1, {"n_estimators": 4}))
    second = answer_of(child)

    assert [answer.value.trial.number for answer in (first, second)] == [0, 1]
    assert second.value.trial.state == "complete"
