"""Optuna's journal of a search: every trial once, whatever became of the file in between."""

import dataclasses

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from mesic.errors import UsageError
from mesic.host.components import Choice, Range
from mesic.runs.journal import FILE, Journal, distribution_of
from mesic.training.zone import Trial

SPACE = {"rate": Range(0.01, 1.0, log=True), "leaves": Range(2, 64), "kind": Choice(("a", "b"))}
START = {"rate": 2.0, "leaves": 31, "kind": "c"}
COMPLETE = Trial(
    0, START, np.zeros(3), 0.5, 0.4, (0.5, 0.5), (31.0, "leaves"), fit_s=2.0, predict_us=1.0, bias=0.3, variance=0.1
)
PRUNED = Trial(1, {"rate": 0.1, "leaves": 4, "kind": "a"}, None, 0.9, 0.8, (0.9,), is_out=True)
FAILED = Trial(2, {"rate": 0.1, "leaves": 5, "kind": "b"}, None, error="ZeroDivisionError: on demand")
TRIALS = [COMPLETE, PRUNED, FAILED]


def begun(folder, finished=(), key="k"):
    return Journal(folder, SPACE, [START]).begin(key, list(finished))


def seen(folder):
    storage = JournalStorage(JournalFileBackend(str(folder / FILE)))
    return optuna.load_study(study_name=None, storage=storage).get_trials()


def test_every_trial_is_told_with_its_options_value_state_and_facts(tmp_path):
    journal = begun(tmp_path)
    for trial in TRIALS:
        journal.add(trial)
    complete, pruned, failed = seen(tmp_path)

    assert [trial.state for trial in (complete, pruned, failed)] == [
        TrialState.COMPLETE,
        TrialState.PRUNED,
        TrialState.FAIL,
    ]
    assert [trial.params for trial in (complete, pruned, failed)] == [dict(trial.params) for trial in TRIALS]
    assert (complete.value, pruned.value, failed.value) == (0.5, 0.9, None)
    facts = {"train_loss": 0.4, "fold_losses": [0.5, 0.5], "bias": 0.3, "variance": 0.1, "complexity": [31.0, "leaves"]}
    assert complete.user_attrs == facts
    assert failed.user_attrs["error"] == "ZeroDivisionError: on demand"
    assert complete.duration.total_seconds() == pytest.approx(2.0)


@pytest.mark.parametrize("there", [0, 1, 3])
def test_a_search_that_is_taken_up_writes_what_is_missing_and_nothing_twice(tmp_path, there):
    journal = begun(tmp_path)
    for trial in TRIALS[:there]:
        journal.add(trial)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"op_code":4,"worker_id":"tor')
    begun(tmp_path, TRIALS)

    assert [trial.params for trial in seen(tmp_path)] == [dict(trial.params) for trial in TRIALS]


@pytest.mark.parametrize(("key", "finished"), [("other", [COMPLETE]), ("k", [COMPLETE, FAILED])])
def test_a_journal_of_what_did_not_finish_is_written_anew(tmp_path, key, finished):
    journal = begun(tmp_path)
    for trial in TRIALS:
        journal.add(trial)
    begun(tmp_path, finished, key)

    assert [trial.params for trial in seen(tmp_path)] == [dict(trial.params) for trial in finished]


def test_a_journal_that_is_damaged_in_the_middle_is_named(tmp_path):
    begun(tmp_path, TRIALS)
    lines = (tmp_path / FILE).read_bytes().splitlines(keepends=True)
    (tmp_path / FILE).write_bytes(b"".join([lines[0], b"rubbish\n", *lines[1:]]))

    with pytest.raises(UsageError, match=r"study\.journal is damaged in line 2.* another out"):
        begun(tmp_path, TRIALS)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / FILE).mkdir()

    with pytest.raises(UsageError, match=r"cannot write .*study\.journal"):
        begun(tmp_path, TRIALS)


def test_what_a_tuner_tries_beside_its_space_is_told_as_an_attribute(tmp_path):
    beside = dataclasses.replace(COMPLETE, params={"rate": 0.1, "leaves": 5, "kind": "a", "more": 7})
    outside = dataclasses.replace(COMPLETE, number=1, params={"rate": 99.0, "leaves": 0.5, "kind": "z"})
    begun(tmp_path, [beside, outside])
    first, second = seen(tmp_path)

    assert (first.params, first.user_attrs["options"]) == ({"rate": 0.1, "leaves": 5, "kind": "a"}, {"more": 7})
    assert (second.params, second.user_attrs["options"]) == ({}, {"rate": 99.0, "leaves": 0.5, "kind": "z"})


@pytest.mark.parametrize(
    ("span", "start", "wanted"),
    [
        (Range(0.1, 1.0, log=True), 5.0, FloatDistribution(0.1, 5.0, log=True)),
        (Range(0.1, 1.0, log=True), 0.0, FloatDistribution(0.0, 1.0)),
        (Range(1, 9), 4, IntDistribution(1, 9)),
        (Range(1, 9), 4.0, FloatDistribution(1.0, 9.0)),
        (Range(1, 9), None, IntDistribution(1, 9)),
        (Choice((True, False)), True, CategoricalDistribution((True, False))),
        (Choice(("a", "b")), "c", CategoricalDistribution(("a", "b", "c"))),
    ],
)
def test_a_range_is_widened_by_what_was_configured(span, start, wanted):
    assert distribution_of(span, start) == wanted
