"""What Hydra's grammar becomes in Optuna, what jobs may return, what a study asks for."""

import itertools

import numpy as np
import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from mesic import report_intermediate
from mesic.errors import UsageError
from mesic.sweeping.methods import PRUNERS as KNOWN_PRUNERS
from mesic.sweeping.methods import pruner_of, sampler_of
from mesic.sweeping.outcome import Outcome, outcome_of, read_outcome, write_outcome
from mesic.sweeping.settings import PRUNERS, SAMPLERS
from mesic.sweeping.space import Space, distribution_of, overrides_of
from mesic.sweeping.storage import leased, mend_journal, opened
from mesic.sweeping.study import Asking, counted, give_up, taken_up, tell


def parsed(text):
    return OverridesParser.create().parse_override(text)


@pytest.mark.parametrize(
    ("said", "drawn_from"),
    [
        ("x=1,2,3", CategoricalDistribution([1, 2, 3])),
        ("x=a,a,b", CategoricalDistribution(["a", "b"])),
        ("x=1,true,null", CategoricalDistribution([1, True, "null"])),
        ("x=shuffle(a,b,c)", CategoricalDistribution(["a", "b", "c"])),
        ("x=interval(1,2)", FloatDistribution(1, 2)),
        ("x=int(interval(1,8))", IntDistribution(1, 8)),
        ("x=tag(log,interval(1e-3,1))", FloatDistribution(1e-3, 1, log=True)),
        ("x=tag(log,int(interval(1,8)))", IntDistribution(1, 8, log=True)),
        ("x=range(5)", IntDistribution(0, 4)),
        ("x=range(1,10,3)", IntDistribution(1, 7, step=3)),
        ("x=range(9,1,-4)", IntDistribution(5, 9, step=4)),
        ("x=tag(log,range(1,100))", IntDistribution(1, 99, log=True)),
        ("x=range(0.5,1.5,0.25)", FloatDistribution(0.5, 1.25, step=0.25)),
    ],
)
def test_hydras_grammar_becomes_distributions(said, drawn_from):
    assert distribution_of(parsed(said)) == drawn_from


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.booleans()))
def test_a_drawn_value_reaches_the_job_as_it_was_drawn(value):
    (text,) = overrides_of({"x": value})

    assert parsed(text).value() == value


@pytest.mark.parametrize(
    "text", ["a b", "a,b", "1", "null", "it's", "a=b", "{x}", "[y", "", "$", "ü", "\\\\", "a:b(c)"]
)
def test_a_choice_reaches_the_job_as_it_was_said(text):
    quoted = QuotedString(text, Quote.single).with_quotes()
    choices = distribution_of(parsed(f"x=choice({quoted},[1,2],{{a: 1}})")).choices

    assert [parsed(overrides_of({"x": choice})[0]).value() for choice in choices] == [text, [1, 2], {"a": 1}]


def test_a_grid_has_the_order_of_hydras_own_sweeper():
    space = Space({"a": CategoricalDistribution(["x", "y"]), "b": IntDistribution(1, 5, step=2)})

    assert [tuple(point.values()) for point in space.grid()] == list(itertools.product(["x", "y"], [1, 3, 5]))


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (None, "returned None"),
        (True, "returned True"),
        ("0.5", "returned '0.5'"),
        (float("inf"), "the objective is inf"),
        ([1, 2], "2 objectives"),
        ({"loss": 1}, r"the keys \['loss'\]"),
        ({"constraints": {"a": 0}}, "returned None"),
        (np.ones((2, 2)), "returned ndarray"),
    ],
)
def test_what_says_no_objective_is_refused(returned, words):
    with pytest.raises(UsageError, match=words):
        outcome_of(returned, 1)


def test_numbers_of_numpy_are_numbers():
    assert outcome_of({"value": np.float32(0.5), "constraints": {"a": np.int64(1)}}, 1).constraints == {"a": 1.0}


def test_an_outcome_is_read_as_it_was_written_and_half_a_file_is_none(tmp_path):
    outcome = Outcome("complete", (1.0, 2.0), {"a": -1.0}, seconds=0.5)
    write_outcome(tmp_path / "0.json", outcome)
    (tmp_path / "1.json").write_text('{"state": "comp')

    assert read_outcome(tmp_path / "0.json") == outcome
    assert read_outcome(tmp_path / "1.json") is None


@given(st.integers(0, 200))
def test_a_journal_that_was_cut_anywhere_is_mended_to_its_whole_records(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("journal")
    path = folder / "journal.log"
    study = optuna.create_study(storage=opened(str(path)), study_name="s")
    study.tell(study.ask({"x": FloatDistribution(0, 1)}), 1.0)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    left = path.read_bytes()

    assert mend_journal(path) == (not left.endswith(b"\n") and bool(left))
    assert path.read_bytes() == left[: left.rfind(b"\n") + 1]


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("dear diary\n")

    with pytest.raises(UsageError, match="no journal of a study"):
        mend_journal(tmp_path / "notes.txt")


def test_a_lease_ends_with_its_block(tmp_path):
    with leased(tmp_path), pytest.raises(UsageError, match="is being swept by process"), leased(tmp_path):
        pass
    with leased(tmp_path):
        pass


def test_every_method_that_can_be_said_is_there():
    assert set(PRUNERS) == set(KNOWN_PRUNERS) == {name for name in PRUNERS if pruner_of(name)}
    assert all(sampler_of(name, seed=0, place=0, startup=1, is_conditional=False) for name in SAMPLERS)


def asking(sampler="tpe"):
    study = taken_up(optuna.storages.InMemoryStorage(), "s", ["minimize"], {})
    return Asking(study, Space({"x": FloatDistribution(0, 1)}), sampler, 0, 3)


def end(asked, trial):
    drawn = asked.space.draw(trial)
    tell(asked.study, trial.number, Outcome("complete", (drawn["x"],)))
    return drawn["x"]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
@pytest.mark.parametrize("is_drawn", [True, False], ids=["in the job", "while it was asked for"])
def test_a_lost_trial_changes_nothing_of_what_is_asked_for(sampler, is_drawn):
    calm, struck = asking(sampler), asking(sampler)
    wanted = [end(calm, calm.fresh()) for _ in range(8)]
    found = [end(struck, struck.fresh()) for _ in range(4)]
    lost = struck.fresh()
    if is_drawn:
        struck.space.draw(lost)
    give_up(struck.study, struck.study.trials[lost.number], "killed", most_tries=3, alone=False)
    found += [end(struck, struck.again(struck.study.trials[lost.number]))]
    found += [end(struck, struck.fresh()) for _ in range(3)]

    assert found == wanted
    assert len(counted(struck.study)) == 8


def test_a_retry_that_was_queued_when_the_sweeper_was_killed_is_taken_first():
    asked = asking("grid")
    asked = Asking(asked.study, asked.space, "grid", 0, 3, [{"x": 0.1}, {"x": 0.2}, {"x": 0.3}])
    end(asked, asked.fresh())
    asked.study.enqueue_trial({"x": 0.2})

    assert [end(asked, asked.fresh()) for _ in range(2)] == [0.2, 0.3]


def test_a_trial_that_is_lost_again_and_again_counts_as_failed():
    asked = asking()
    lost = asked.fresh()
    for _ in range(3):
        give_up(asked.study, asked.study.trials[lost.number], "crash", most_tries=3, alone=True)
        if not counted(asked.study):
            lost = asked.again(asked.study.trials[lost.number])

    assert [trial.user_attrs["tries"] for trial in counted(asked.study)] == [3]


def test_a_report_outside_of_a_sweep_does_nothing():
    report_intermediate(float("nan"), step=1)
