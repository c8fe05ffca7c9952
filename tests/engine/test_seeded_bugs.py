"""Bugs that extraction code really has are seeded into healthy components: the suites find and name them."""

import inspect
from dataclasses import dataclass

import pytest
from tests.engine.seeded_bugs import broken, healthy

from mesic import Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import Subject, broken_promises
from mesic.testing.promises import suite_of

BLANKS, LEVELS = ("missing",), ("categories", "missing")
ALONE = "a_row_is_answered_alone_as_among_others"
ELSEWHERE = "another_process_answers_alike"
UNTOUCHED = "fitting_and_answering_change_no_input"
NAMES = "names_differ_and_fit_the_columns"
BARE = "used_bare_it_answers_strange_rows_or_says_why_not"


@dataclass(frozen=True)
class Seeded:
    """A bug, the healthy component that it was seeded into, and the promise that names it."""

    bug: type
    twin: type
    promise: str
    traits: tuple = ()

    @property
    def name(self):
        return self.bug.__name__


SEEDED = [
    Seeded(broken.SubtractsTheMeanOfTheBatch, healthy.Centred, ALONE),
    Seeded(broken.LeansOnTheRowBefore, healthy.Filled, ALONE, BLANKS),
    Seeded(broken.NumbersTheLevelsOfTheBatch, healthy.Coded, ALONE, LEVELS),
    Seeded(broken.SortsTheRows, healthy.Centred, ALONE),
    Seeded(broken.DropsRowsWithBlanks, healthy.Filled, "every_task_is_served", BLANKS),
    Seeded(broken.FillsAnEmptyColumnWithInfinity, healthy.Filled, "every_task_is_served", BLANKS),
    Seeded(broken.CarriesStateFromCallToCall, healthy.Centred, "answers_leave_nothing_behind"),
    Seeded(broken.TakesColumnsByTheirPlace, healthy.Centred, "columns_are_known_by_name"),
    Seeded(broken.CountsInSinglePrecision, healthy.Scaled, "no_digit_of_a_number_is_lost"),
    Seeded(broken.OverflowsInTheTypeThatCame, healthy.Squared, "narrow_numbers_are_read_as_wide_ones"),
    Seeded(broken.TakesMinusZeroForAnotherNumber, healthy.Bucketed, "the_hugest_and_tiniest_numbers_are_answered"),
    Seeded(broken.ReadsTheClockOfItsTimeZone, healthy.TimeOfDay, ELSEWHERE),
    Seeded(broken.HashesTextByPython, healthy.Hashed, ELSEWHERE, LEVELS),
    Seeded(broken.CachesInTheModule, healthy.Centred, ELSEWHERE),
    Seeded(broken.KeepsTheFirstOfASet, healthy.FirstFive, ELSEWHERE),
    Seeded(broken.WritesIntoTheRows, healthy.Filled, UNTOUCHED, BLANKS),
    Seeded(broken.SortsTheTarget, healthy.Centred, UNTOUCHED),
    Seeded(broken.DrawsFromTheGlobalGenerator, healthy.Jittered, "the_same_seed_gives_the_same_result"),
    Seeded(broken.FailsAtANewLevel, healthy.Coded, BARE, LEVELS),
    Seeded(broken.FailsWithoutARow, healthy.Centred, BARE),
    Seeded(broken.LearnsNothingFromOneRow, healthy.Scaled, "where_nothing_is_missing_nothing_becomes_missing"),
    Seeded(
        broken.DropsColumnsThatAreEmptyInTheBatch,
        healthy.Filled,
        "strange_rows_are_answered_in_the_same_columns",
        BLANKS,
    ),
    Seeded(broken.NamesFewerColumnsThanItMakes, healthy.Marked, NAMES, BLANKS),
    Seeded(broken.GivesANameTwice, healthy.Marked, NAMES, BLANKS),
    Seeded(broken.LosesTheIndex, healthy.Framed, "a_frame_keeps_its_index", BLANKS),
    Seeded(broken.SharesABuffer, healthy.Centred, "threads_may_share_what_is_fitted"),
    Seeded(broken.LosesStateInAPickle, healthy.Scaled, "it_can_be_cloned_and_pickled_when_fitted"),
    Seeded(broken.FitsAndTransformsOtherwiseAtOnce, healthy.Scaled, "fit_transform_answers_as_fit_and_transform"),
    Seeded(broken.RemembersAnEarlierFit, healthy.Centred, "a_fit_forgets_the_one_before"),
    Seeded(broken.AlignsTheTargetByLabels, healthy.AlikeByPlace, "labels_of_rows_do_not_count"),
]
NOT_FOUND = {
    broken.CountsYearsFromNow: "every process of one year counts alike: no promise turns the clock",
    broken.EncodesByItsOwnTarget: "it answers alike everywhere; that it flatters itself is seen out of fold",
}
TWINS = sorted({(seeded.twin, seeded.traits) for seeded in SEEDED}, key=str)


def subject(thing, traits):
    kind = "selector" if issubclass(thing, healthy.Chosen) else "transformer"
    component = Component("acme", f"{thing.__module__}:{thing.__name__}", "made for a test", traits=traits)
    return Subject(Offer(KINDS[kind], component, Provider("acme", "json", "acme-ml", "1.0")))


def is_found(seeded):
    """Return whether the promise that is meant for a bug is broken by it."""
    under_test = subject(seeded.bug, seeded.traits)
    suite = suite_of(under_test.offer.kind.name)()
    try:
        getattr(suite, f"test_{seeded.promise}")(under_test)
    except Exception:  # noqa: BLE001 - a broken promise may raise anything
        return True
    return False


def test_at_least_23_of_25_are_found_by_the_promise_that_names_them():
    missed = [seeded.name for seeded in SEEDED if not is_found(seeded)] + [bug.__name__ for bug in NOT_FOUND]
    found = len(SEEDED) + len(NOT_FOUND) - len(missed)
    print(f"found {found} of {found + len(missed)}; not found: {', '.join(missed)}")

    assert found >= 25
    assert found / (found + len(missed)) >= 23 / 25, missed
    assert missed == [bug.__name__ for bug in NOT_FOUND]


@pytest.mark.parametrize(("twin", "traits"), TWINS, ids=lambda part: getattr(part, "__name__", ""))
def test_no_healthy_twin_is_accused(twin, traits):
    assert broken_promises(subject(twin, traits)) == []


@pytest.mark.parametrize("bug", NOT_FOUND, ids=lambda bug: bug.__name__)
def test_what_is_said_not_to_be_found_is_not(bug):
    assert broken_promises(subject(bug, LEVELS if issubclass(bug, healthy.Coded) else ())) == []


def test_every_bug_is_accounted_for():
    seeded = {
        thing for thing in vars(broken).values() if inspect.isclass(thing) and thing.__module__ == broken.__name__
    }

    assert seeded == {one.bug for one in SEEDED} | NOT_FOUND.keys()
