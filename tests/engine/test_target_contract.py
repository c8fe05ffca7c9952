"""The contract suite of targets finds the bugs that targets have, and accuses none that is healthy."""

import inspect

import pytest
from tests.engine import seeded_targets

from mesic import Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import Subject, TargetContract, broken_promises

PARITY = "every_door_answers_as_the_bundle"
AGAIN = "it_builds_the_same_bytes_again"
ELSEWHERE = "it_writes_into_its_folder_and_nowhere_else"
SEEDED = {
    seeded_targets.RoundsItsScores: PARITY,
    seeded_targets.ReadsColumnsByPlace: PARITY,
    seeded_targets.AnswersWithoutAColumn: PARITY,
    seeded_targets.TakesUnseenLevelsForTheFirst: PARITY,
    seeded_targets.LosesTheLastRow: PARITY,
    seeded_targets.HasNoDoor: PARITY,
    seeded_targets.CountsItsBuilds: AGAIN,
    seeded_targets.WritesWhereItIs: AGAIN,
    seeded_targets.LeavesFilesBeside: ELSEWHERE,
    seeded_targets.WritesIntoTheBundle: ELSEWHERE,
    seeded_targets.ForgetsTheLastDay: "after_its_last_day_it_answers_nothing",
    seeded_targets.LeavesStepsOut: "a_step_that_it_does_not_know_is_refused_by_name",
    seeded_targets.SaysNothing: "it_says_what_it_needs",
    seeded_targets.AnswersTheSameOfEveryBundle: "another_bundle_gives_another_artefact",
}


def subject(thing):
    target = f"{thing.__module__}:{thing.__name__}"
    component = Component("acme", target, "made for a test", traits=frozenset({"deterministic"}))
    return Subject(Offer(KINDS["target"], component, Provider("acme", "json", "acme-ml", "1.0")))


@pytest.mark.parametrize("bug", SEEDED, ids=lambda bug: bug.__name__)
def test_the_promise_that_is_meant_for_a_bug_finds_it(bug):
    with pytest.raises(AssertionError):
        getattr(TargetContract(), f"test_{SEEDED[bug]}")(subject(bug))


def test_the_healthy_target_is_not_accused():
    assert broken_promises(subject(seeded_targets.Healthy)) == []


def test_every_bug_is_accounted_for():
    things = [thing for thing in vars(seeded_targets).values() if inspect.isclass(thing)]
    own = {thing for thing in things if thing.__module__ == seeded_targets.__name__}

    assert own - {seeded_targets.Healthy, seeded_targets.Edited} == SEEDED.keys()
