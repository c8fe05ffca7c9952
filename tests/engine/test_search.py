"""Search and folds: each row is answered by a model that never saw it, and one bad trial ends nothing."""

import dataclasses

import numpy as np
import pytest

from mesic.errors import MemoryLimitReached, MesicError
from mesic.host.building import build
from mesic.host.components import Choice, Component, Range, option
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.runs.resources import Clock
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.testing.tables import dataset
from mesic.training.attempting import Asked, Attempted, Bench, FirstFolds, Here
from mesic.training.budget import Budget, Replay
from mesic.training.constraints import Constraints
from mesic.training.folds import Race, cross_fit, in_folds, of_folds
from mesic.training.making import Making
from mesic.training.part import Part
from mesic.training.search import search
from mesic.training.space import SearchSpace
from mesic.training.stopping import Rest
from mesic.training.zone import Trial
from mesic_plugins.learners.portable import PortableLearner, constant_step

DATA = dataset("regression", ())
ROWS = np.arange(len(DATA))
FOLDS = [(np.flatnonzero(ROWS % 3 - fold), ROWS[fold::3]) for fold in range(3)]
SEEN = []
SEARCHED = {"fault": [0, 1, 2], "shift": [-5, 5]}


class Spy(PortableLearner):
    """Answers the mean of what it was shown, writes down what that was, and breaks on demand."""

    task = "regression"

    def __init__(self, task="regression", fault=0, shift=0.0):
        self.task, self.fault, self.shift = task, fault, shift

    def _learn(self, matrix, y, classes, weight):
        SEEN.append(np.sort(y))
        if self.fault:
            raise ZeroDivisionError("on demand")
        return constant_step([y.mean() + self.shift], classes)


@dataclasses.dataclass
class SpyOptions:
    fault: int = option(0, "break", low=0, high=5)
    shift: float = option(0.0, "added to the mean")


def spying(*traits, **options):
    traits = frozenset(traits) | {"categories", "missing", "unscaled"}
    component = Component("spy", f"{__name__}:Spy", "looks", SpyOptions, tasks=("regression",), traits=traits)
    (any_learner,) = (subject for subject in installed("learners") if subject.name == "lightgbm")
    recipe = recipe_of(any_learner, "regression")
    offer = Offer(KINDS["learner"], component, Provider("spy", __name__, "spy", "1"))
    return recipe.with_learner(Part(offer, {"fault": 0, "shift": 0.0} | options))


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


def test_a_fold_is_shown_its_fitting_rows_and_no_other():
    found = cross_fit(spying(), DATA, FOLDS)

    assert len(SEEN) == 3
    for shown, (fit, validate) in zip(SEEN, FOLDS, strict=True):
        np.testing.assert_array_equal(shown, np.sort(DATA.y[fit]))
        np.testing.assert_array_equal(found.prediction[validate], DATA.y[fit].mean())
    np.testing.assert_array_equal(found.rows, ROWS)


@pytest.mark.parametrize("learner", ["lightgbm", "tree"])
def test_folds_side_by_side_are_as_folds_one_after_the_other(learner):
    (subject,) = (subject for subject in installed("learners") if subject.name == learner)
    recipe = recipe_of(subject, "regression")
    alone = cross_fit(dataclasses.replace(recipe, threads=1), DATA, FOLDS)
    beside = cross_fit(dataclasses.replace(recipe, threads=3), DATA, FOLDS)

    assert dataclasses.replace(recipe, threads=3).side_by_side(3)[0] == 3
    assert alone.prediction.tobytes() == beside.prediction.tobytes()
    assert alone.losses.tobytes() == beside.losses.tobytes()


class Listed:
    """A tuner that asks for what it was given and remembers what it was told."""

    def __init__(self, *asked):
        self.asked, self.told = list(asked), []

    def ask(self):
        return self.asked.pop(0) if self.asked else None

    def tell(self, loss):
        self.told.append(loss)


class InMemory:
    """Trials that are kept as long as the tests last, as a run's folder keeps them."""

    found = {}  # noqa: RUF012 - shared as a folder is

    def __init__(self, finished):
        self.finished, self.heard, self.was_cut = finished, [], []

    def keep(self, trial, found):
        self.heard.append(trial.number)
        self.found[trial.number] = found

    def cut(self, trial):
        self.was_cut.append(trial.number)

    def load(self, number):
        return self.found[number]


def searched(tuner, *, trials=9, finished=None, between=lambda _: None):
    kept = InMemory(finished or {})
    return search(tuner, made_by(Here(bench(), between), Budget(trials, None), kept)).trials, kept.heard


def made_by(attempting, budget, kept=None):
    return Making(attempting, DATA, budget, kept or InMemory({}), bench().space)


def bench():
    recipe = spying()
    return Bench(SearchSpace.of([recipe.learner], SEARCHED, recipe.registry), recipe, DATA, FOLDS, ROWS)


def test_a_trial_that_breaks_is_recorded_and_the_search_goes_on():
    tuner = Listed({"fault": 1}, {"fault": 0})
    trials, heard = searched(tuner)

    assert [trial.error for trial in trials] == ["ZeroDivisionError: on demand (in fold 1 of 3)", None]
    assert tuner.told[0] is None
    assert tuner.told[1] == pytest.approx(trials[1].loss)
    assert heard == [0, 1]


def test_when_every_trial_breaks_the_reason_is_given():
    with pytest.raises(
        MesicError, match=r"every trial failed:\n  ZeroDivisionError: on demand \(in fold 1 of 3\) \(trials 0, 1\)"
    ):
        searched(Listed({"fault": 1}, {"fault": 2}))


def test_the_budget_of_trials_is_kept():
    assert len(searched(Listed(*[{"fault": 0}] * 5), trials=2)[0]) == 2


def test_a_finished_trial_is_taken_only_for_what_it_was():
    first = searched(Listed({"fault": 0}))[0]
    SEEN.clear()
    again, heard = searched(Listed({"fault": 0}, {"fault": 0}), finished={0: first[0]})
    other = searched(Listed({"fault": 0}), finished={0: dataclasses.replace(first[0], params={"fault": 3})})[0]

    assert again[0] is first[0]
    assert heard == [1]
    assert other[0] is not first[0]


def tpe(seed):
    (offer,) = (subject.offer for subject in installed("tuners") if subject.name == "tpe")
    space, start = {"shift": Range(-5, 5), "fault": Choice((0, 1))}, {"shift": 0.0, "fault": 0}
    return build(offer, {"startup": 3, "space": space, "starts": [start]}, seed=seed)


def told(trials):
    return [(trial.params, trial.loss if trial.error is None else trial.error) for trial in trials]


def test_a_seed_decides_the_trials_and_a_search_that_is_taken_up_again_makes_those_it_would_have_made():
    whole, heard = searched(tpe(3), trials=8)
    again, left = searched(tpe(3), trials=8, finished={trial.number: trial for trial in whole[:5]})
    other, _ = searched(tpe(4), trials=8)

    assert told(again) == told(whole) != told(other)
    assert any(trial.error for trial in whole[:5])
    assert (heard, left) == (list(range(8)), [5, 6, 7])


def test_predictions_that_are_not_finite_are_a_failed_trial():
    trials, _ = searched(Listed({"shift": np.inf}, {"shift": 0.0}))

    assert [trial.error for trial in trials] == ["the learner's predictions are not finite", None]


@pytest.mark.parametrize(
    "stop", [MemoryLimitReached("full"), KeyboardInterrupt()], ids=lambda stop: type(stop).__name__
)
def test_what_must_stop_the_run_is_no_failed_trial(stop):
    def between(doing):
        if doing == "trial 2, fold 2 of 3":
            raise stop

    tuner = Listed({"fault": 0}, {"fault": 0}, {"fault": 0})
    with pytest.raises(type(stop)):
        searched(tuner, between=between)

    assert len(tuner.told) == 1


class Stopped(Clock):
    """A clock that shows what it is set to."""

    def wall_s(self):
        return self.wall


@pytest.mark.parametrize(
    ("seconds", "fits", "is_used_up"),
    [
        (99.0, [], False),
        (96.0, [2.0], False),
        (98.0, [2.0], True),
        (91.0, [2.0, 6.0], False),
        (93.0, [2.0, 6.0], False),
        (95.0, [2.0, 6.0], True),
        (96.0, [2.0, 2.0, 60.0], False),
    ],
)
def test_another_trial_is_begun_while_a_usual_one_and_the_final_fit_have_room(seconds, fits, is_used_up):
    trials = [Trial(number, {}, np.zeros(3), fit_s=fit_s) for number, fit_s in enumerate(fits)]

    assert Budget(None, 100.0, Stopped(seconds, 0.0)).is_used_up(trials) == is_used_up
    assert not Budget(None, None, Stopped(1e9, 0.0)).is_used_up(trials)
    assert Budget(None, None).is_used_up(trials * 15) == bool(trials)


@pytest.mark.parametrize(
    ("fits", "finals", "left"), [([], 1, 10.0), ([2.0], 1, 9.0), ([2.0, 2.0, 2.0], 8, 8.0), ([4.0] * 8, 8, 8.0)]
)
def test_a_trial_under_way_is_ended_while_the_final_fits_have_room(fits, finals, left):
    losses = np.zeros(3)
    trials = [Trial(number, {}, losses, 0.0, fit_s=fit_s) for number, fit_s in enumerate(fits)]

    assert Budget(None, 10.0, Stopped(100.0, 0.0), finals).trial_ends(trials) == pytest.approx(100.0 + left)
    assert Budget(None, None, Stopped(100.0, 0.0), finals).trial_ends(trials) is None


class CutShort:
    """Makes one trial; the budget does not last for the second."""

    def __init__(self):
        self.asked = []

    def trial(self, asked, until):
        self.asked.append(asked)
        if asked.number == 0:
            return Here(bench(), lambda _: None).trial(asked, until)
        return Attempted(Trial(asked.number, asked.params, None, error="the budget was used up"), is_cut=True)


def test_a_trial_that_the_budget_did_not_last_for_ends_the_search_and_has_not_finished():
    kept, attempting = InMemory({}), CutShort()
    tuner = Listed(*[{"fault": 0}] * 4)
    made = search(tuner, made_by(attempting, Budget(None, 60.0), kept))

    assert [trial.state for trial in made.trials] == ["complete", "failed"]
    assert made.cut is not None
    assert not made.is_empty
    assert (kept.heard, kept.was_cut) == ([0], [1])
    assert [asked.tells_folds for asked in attempting.asked] == [True, False]


def test_folds_told_of_one_by_one_are_as_all_folds_and_as_a_part_of_them():
    told = []
    whole = cross_fit(spying(), DATA, FOLDS, heard=told.append)
    again = of_folds(DATA, told[::-1])
    part = in_folds(DATA, whole, [0, 2])

    for name in ("rows", "fold", "prediction", "losses"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert (again.loss, again.train_loss, len(again.models)) == (whole.loss, whole.train_loss, 3)
    np.testing.assert_array_equal(part.rows, np.sort(np.concatenate([FOLDS[0][1], FOLDS[2][1]])))
    np.testing.assert_array_equal(part.prediction, whole.prediction[np.isin(whole.fold, [0, 2])])
    assert part.fold_losses == (whole.fold_losses[0], whole.fold_losses[2])
    assert len(part.models) == 2


class Dear:
    """Makes trials as the bench does, and says that they took long."""

    def __init__(self, seconds):
        self.here, self.seconds, self.asked = Here(bench(), lambda _: None), seconds, []

    def trial(self, asked, until):
        self.asked.append(asked)
        made = self.here.trial(asked, until)
        share = 1 / 3 if asked.is_screened else 1.0
        return dataclasses.replace(made, trial=dataclasses.replace(made.trial, fit_s=share * self.seconds))


class Ticking(Clock):
    """A clock on which every look takes a second."""

    def wall_s(self):
        object.__setattr__(self, "cpu", self.cpu + 1.0)
        return self.cpu


def test_where_trials_are_dear_they_are_screened_in_one_fold_and_the_best_made_again_in_all():
    attempting, kept = Dear(3.0), InMemory({})
    shifts = [4.0, 3.0, 0.0, 2.0, 5.0, 1.0]
    tuner = Listed(*({"fault": 0, "shift": shift} for shift in shifts))
    made = search(tuner, made_by(attempting, Budget(None, 30.0, Ticking(0.0, 0.0)), kept))

    screened = [trial for trial in made.trials if trial.is_out and trial.of is None]
    again = [trial for trial in made.trials if trial.of is not None]
    assert [asked.of for asked in attempting.asked][:8] == [None] * 6 + [2, 5]
    assert all(asked.is_screened == (asked.number > 0 and asked.of is None) for asked in attempting.asked)
    assert [trial.params["shift"] for trial in screened] == shifts[1:]
    assert again[0].params == made.trials[2].params
    assert again[0].losses is not None
    assert again[0].loss < again[1].loss < made.trials[0].loss
    assert len(tuner.told) == 6


def test_a_screened_trial_that_is_made_again_is_fitted_in_the_other_folds_only():
    tried, params = bench(), {"fault": 0, "shift": 1.0}
    race = Race(cross_fit(spying(), DATA, FOLDS))
    SEEN.clear()
    tried.trial(Asked(0, params, race, is_screened=True), lambda _: None)
    again = tried.trial(Asked(1, params, of=0), lambda _: None)
    fits = len(SEEN)
    alone = bench().trial(Asked(1, params), lambda _: None)

    assert fits == len(SEEN) - fits == len(FOLDS)
    assert again.trial.loss == alone.trial.loss
    assert again.trial.fold_losses == alone.trial.fold_losses


def test_first_folds_of_the_best_are_kept():
    folds = FirstFolds(most=2)
    for number, loss in enumerate((3.0, 1.0, 2.0)):
        folds.keep(number, loss, {0: number})

    assert [folds.take(number) for number in (0, 1, 2, None)] == [{}, {0: 1}, {0: 2}, {}]
    assert folds.take(1) == {}


def test_a_search_that_is_taken_up_again_keeps_what_was_made_again_in_all_folds():
    first = Dear(3.0)
    tuner = Listed(*({"fault": 0, "shift": shift} for shift in (4.0, 3.0, 0.0)))
    made = search(tuner, made_by(first, Budget(None, 30.0, Ticking(0.0, 0.0))))
    finished = {trial.number: trial for trial in made.trials}
    second = Dear(3.0)
    tuner = Listed(*({"fault": 0, "shift": shift} for shift in (4.0, 3.0, 0.0)))
    again = search(tuner, made_by(second, Budget(None, 30.0, Ticking(0.0, 0.0)), InMemory(finished)))

    assert any(trial.of is not None for trial in made.trials)
    assert again.trials[: len(made.trials)] == made.trials
    assert second.asked == []


def test_a_search_by_seconds_is_taken_up_again_by_trials():
    listed = [{"fault": 0, "shift": shift} for shift in (4.0, 3.0, 0.0, 2.0)]
    made, _, _ = dear_from_the_first(30.0, 15.0)
    again = search(Listed(*listed), made_by(Dear(1.0), Budget(5, None), InMemory({0: made.trials[0]})))

    assert again.trials[0] is made.trials[0]
    assert made.trials[0].is_screened
    assert [trial.of for trial in again.trials] == [None, 0, None, None, None]
    assert again.trials[1].losses is not None


def test_a_search_is_followed_trial_by_trial_without_the_clock():
    shifts = (4.0, 3.0, 0.0, 2.0, 5.0, 1.0)
    listed = [{"fault": 0, "shift": shift} for shift in shifts]
    made = search(Listed(*listed), made_by(Dear(3.0), Budget(None, 30.0, Ticking(0.0, 0.0))))
    replay = Replay.read(made.replay().facts(), {})
    again = search(Listed(*listed), made_by(Dear(9.0), Budget(None, None, replay=replay)))

    assert len(replay.again) >= 2
    assert [(trial.number, trial.of, trial.loss) for trial in again.trials] == [
        (trial.number, trial.of, trial.loss) for trial in made.trials
    ]
    assert again.screened == made.screened


class Hears(Listed):
    """A tuner that wants to hear of constraints."""

    def tell(self, loss, constraints=None):
        super().tell((loss, constraints))


def test_constraints_are_told_to_who_wants_to_hear_of_them():
    limited = dataclasses.replace(bench(), constraints=Constraints({"complexity": 3.0}, DATA))
    tuner = Hears({"fault": 0}, {"fault": 1})
    search(tuner, made_by(Here(limited, lambda _: None), Budget(9, None)))

    (loss, excess), failed = tuner.told
    assert np.isfinite(loss)
    assert excess == {"complexity": np.inf}
    assert failed == (None, None)


def test_a_search_says_what_ended_it():
    def ended(*asked, trials=3, **rest):
        here, budget = Here(bench(), lambda _: None), Budget(trials, None)
        return search(Listed(*asked), made_by(here, budget), **rest).ended

    same = [{"fault": 0, "shift": 0.0}] * 9
    assert ended(*same) == "budget"
    assert ended(*same[:2]) == "nothing left"
    assert ended(*same, trials=9, rest=Rest(plateau=2)) == "plateau"


def test_a_first_trial_that_is_dear_ends_after_its_first_fold_and_goes_on_from_there():
    tried, params = bench(), {"fault": 0, "shift": 1.0}
    alone = bench().trial(Asked(1, params), lambda _: None)
    SEEN.clear()
    first = tried.trial(Asked(0, params, dear_s=0.0), lambda _: None)
    seen = len(SEEN)
    again = tried.trial(Asked(1, params, of=0), lambda _: None)

    assert (seen, len(SEEN)) == (1, len(FOLDS))
    assert first.trial.is_screened
    assert first.trial.fold_losses == alone.trial.fold_losses[:1]
    assert again.trial.loss == alone.trial.loss


class DearAtFirst(Dear):
    """Ends the first trial after its first fold."""

    def trial(self, asked, until):
        is_first = asked.dear_s is not None
        return super().trial(dataclasses.replace(asked, dear_s=0.0 if is_first else None), until)


def dear_from_the_first(budget_s, seconds):
    attempting = DearAtFirst(seconds)
    listed = [{"fault": 0, "shift": shift} for shift in (4.0, 3.0, 0.0, 2.0, 5.0, 1.0)]
    budget = Budget(None, budget_s, Ticking(0.0, 0.0))
    return search(Listed(*listed), made_by(attempting, budget)), attempting, listed


def test_where_the_first_trial_is_dear_all_are_screened_and_the_best_are_made_again():
    made, attempting, _ = dear_from_the_first(60.0, 3.0)
    again = [trial for trial in made.trials if trial.of is not None]
    screened = [trial for trial in made.trials if trial.is_screened]

    assert [trial.number for trial in screened] == list(made.screened)
    assert len(screened) == 6
    before = [trial.fold_losses[0] for trial in screened if trial.number < again[0].number]
    assert len(before) >= 3
    assert again[0].fold_losses[0] == min(before)
    assert len(again) >= 2
    assert again[0].losses is not None
    assert attempting.asked[again[0].number].tells_folds
    assert not attempting.asked[again[1].number].tells_folds


def test_a_trial_is_made_again_in_time_where_all_are_so_dear_that_only_one_can_be():
    made, _, _ = dear_from_the_first(30.0, 15.0)
    again = [trial for trial in made.trials if trial.of is not None]

    assert len(again) == 1
    assert again[0].losses is not None
    assert again[0].fold_losses[0] == min(trial.fold_losses[0] for trial in made.trials)


def test_where_none_can_be_made_again_in_time_the_best_one_is_begun():
    made, _, _ = dear_from_the_first(30.0, 90.0)

    assert [trial.of is None for trial in made.trials].count(False) == 1
    assert made.trials[-1].fold_losses[0] == min(trial.fold_losses[0] for trial in made.trials)


def test_a_first_trial_that_is_too_slow_is_made_again_only_where_nothing_else_is_left():
    found = []
    for numbers, seconds in (((0, 1), 20.0), ((0,), 20.0), ((0,), 5.0)):
        attempting = Dear(15.0)
        making = made_by(attempting, Budget(None, 40.0, Stopped(seconds, 0.0)))
        for number in numbers:
            asked = Asked(number, {"fault": 0, "shift": float(number)}, is_screened=True)
            making.trials.append(dataclasses.replace(attempting.trial(asked, None).trial, fit_s=1.0))
            making.screened.append(number)
        making.haste.slow.append(0)
        found.append(making.to_complete())

    assert [None if trial is None else trial.number for trial in found] == [1, 0, None]
    making.asked[0] = {"fault": 0, "shift": 0.0}
    making.complete_best()
    assert making.trials[-1].of == 0


def test_what_errs_the_other_way_is_made_again_before_what_is_nearly_as_good():
    attempting, kept = Here(bench(), lambda _: None), InMemory({})
    making = made_by(attempting, Budget(None, 40.0, Stopped(30.0, 0.0)), kept)
    for number, shift in enumerate((0.5, 0.6, -4.5)):
        made = attempting.trial(Asked(number, {"fault": 0, "shift": shift}, is_screened=number > 0), None)
        making.trials.append(made.trial)
        making.screened += [number] if number else []
        kept.keep(made.trial, made.found)
    complete, alike, opposite = making.trials

    assert complete.fold_losses[0] < alike.fold_losses[0] < opposite.fold_losses[0]
    assert making.to_complete() is opposite


def test_while_none_is_complete_there_is_room_for_a_trial_that_ends_in_its_first_fold():
    slow = Trial(0, {}, None, 1.0, fit_s=5.0, is_out=True, is_screened=True)

    assert not Budget(None, 30.0, Stopped(20.0, 0.0), turns=6.0).is_used_up([slow])
    assert Budget(None, 30.0, Stopped(26.0, 0.0), turns=6.0).is_used_up([slow])
    complete = Trial(1, {}, np.zeros(3), 1.0, fit_s=9.0)
    assert Budget(None, 30.0, Stopped(20.0, 0.0), turns=6.0).is_used_up([slow, complete])


def test_the_usual_trial_decides_whether_the_next_are_screened():
    cheap, dear = (Trial(0, {}, np.zeros(3), 1.0, fit_s=fit_s) for fit_s in (0.1, 9.0))
    screened = Trial(2, {}, None, 1.0, fit_s=3.0, is_out=True, is_screened=True)
    budget = Budget(None, 30.0, Stopped(0.0, 0.0), turns=6.0)

    assert not budget.is_short([])
    assert not budget.is_short([cheap, cheap, dear])
    assert budget.is_short([cheap, screened, dear])
    assert not Budget(9, None).is_short([dear])


def test_a_search_that_was_dear_from_the_first_is_followed_without_the_clock():
    made, _, listed = dear_from_the_first(60.0, 3.0)
    replay = Replay.read(made.replay().facts(), {})
    again = search(Listed(*listed), made_by(Dear(9.0), Budget(None, None, replay=replay)))

    assert [(trial.number, trial.of, trial.loss) for trial in again.trials] == [
        (trial.number, trial.of, trial.loss) for trial in made.trials
    ]


class DearLater(Dear):
    """Ends one trial after its first fold, when others are complete."""

    def trial(self, asked, until):
        dear_s = 0.0 if asked.number == 2 and asked.dear_s is not None else None
        return super().trial(dataclasses.replace(asked, dear_s=dear_s), until)


def test_a_trial_that_proved_dear_has_no_loss_to_beat_where_it_is_followed():
    listed = [{"fault": 0, "shift": shift} for shift in (4.0, 3.0, 1.0, 2.0)]
    made = search(Listed(*listed), made_by(DearLater(3.0), Budget(None, 60.0, Ticking(0.0, 0.0))))
    replay, second = Replay.read(made.replay().facts(), {}), Dear(9.0)
    again = search(Listed(*listed), made_by(second, Budget(None, None, replay=replay)))
    taken_up = search(
        Listed(*listed),
        made_by(
            Dear(3.0), Budget(None, 60.0, Ticking(0.0, 0.0)), InMemory({trial.number: trial for trial in made.trials})
        ),
    )

    assert made.dear == taken_up.dear == (2,)
    (followed,) = (asked for asked in second.asked if asked.number == 2)
    assert followed.is_screened
    assert followed.beat is None
    assert [trial.loss for trial in again.trials] == [trial.loss for trial in made.trials]


def test_a_trial_that_could_be_made_in_time_but_is_far_worse_does_not_stand_in_for_the_best():
    shifts, loss = (0.0, 4.0), cross_fit(spying(), DATA, FOLDS).loss
    found = []
    for zero_loss in (None, 1.5 * loss):
        attempting = Dear(15.0)
        attempting.here = Here(bench(), lambda _: None)
        making = Making(
            attempting, DATA, Budget(None, 30.0, Ticking(0.0, 20.0)), InMemory({}), bench().space, zero_loss
        )
        for number, shift in enumerate(shifts):
            asked = Asked(number, {"fault": 0, "shift": shift}, is_screened=True)
            trial = attempting.trial(asked, None).trial
            making.trials.append(dataclasses.replace(trial, fit_s=5.0 if shift == 0 else 0.5))
            making.screened.append(number)
        found.append(making.to_complete().params["shift"])

    assert found == [4.0, 0.0]
