"""The suites find what is broken, say so by name, and let honest components of other houses pass."""

import functools
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Barrier, BrokenBarrierError

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import BaseEstimator
from sklearn.feature_selection import VarianceThreshold
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mesic import (
    Assignment,
    Choice,
    Component,
    Decision,
    Evaluation,
    Metric,
    NoOptions,
    Range,
    Rollout,
    Sample,
    SourceOptions,
    Split,
    floored,
    option,
    outcome_findings,
    testing,
)
from mesic.errors import ComponentError, UsageError
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.streaming.settings import StreamOptions
from mesic.streaming.stream import Record
from mesic.testing import Subject, installed

SUITES = {name: getattr(testing, f"{name.capitalize()}Contract") for name in KINDS}


def subject(kind, target, options=NoOptions, **facts):
    target = target if isinstance(target, str) else f"{__name__}:{target.__qualname__}"
    component = Component("acme", target, "made for a test", options, **facts)
    return Subject(Offer(KINDS[kind], component, Provider("acme", "json", "acme-ml", "1.0")))


def promises(kind):
    return [name for name in dir(SUITES[kind]) if name.startswith("test_")]


def keep(kind, promise, under_test):
    getattr(SUITES[kind](), promise)(under_test)


class Tree(DecisionTreeRegressor):
    def __init__(self, random_state=0):
        super().__init__(max_depth=3, random_state=random_state)


class MutatesX(Tree):
    def fit(self, X, y):
        X.iloc[0, 0] = 0.0
        return super().fit(X, y)


class DrawsGlobally(Tree):
    def fit(self, X, y):
        return super().fit(X, y + np.random.normal(size=len(y)))


class Remembers(Tree):
    def fit(self, X, y):
        self.y_ = np.concatenate([getattr(self, "y_", y), y])
        return super().fit(X, y + self.y_.mean())


class LooksAtTheBatch(Tree):
    def predict(self, X):
        return super().predict(X) - X.iloc[:, 0].mean()


class LeavesPartsBehind(Tree):
    def fit(self, X, y):
        self.offset_ = 1.0
        return super().fit(X, y - 1)

    def predict(self, X):
        return super().predict(X) + getattr(self, "offset_", 0.0)

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "offset_"}


class BreaksOnOneRow(Tree):
    def fit(self, X, y):
        return super().fit(X, y + 0 // (len(y) - 1))


class FillsWhatItSaw(BaseEstimator):
    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.blank_ = X.isna().to_numpy().any(axis=0)
        return self

    def get_feature_names_out(self, input_features=None):
        return self.feature_names_in_

    def transform(self, X):
        return np.where(X.isna() & self.blank_, 0.0, X)


class SwapsClasses(DecisionTreeClassifier):
    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


class SumsToTwo(DecisionTreeClassifier):
    def predict_proba(self, X):
        return np.minimum(super().predict_proba(X) * 2, 1) * 2


class IgnoresWeights(Tree):
    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


class SharesItsState(Tree):
    meeting = Barrier(2)

    def fit(self, X, y):
        type(self).shared = y
        try:
            self.meeting.wait(0.2)
        except BrokenBarrierError:
            self.meeting.reset()
        return super().fit(X, type(self).shared)


class CaresForScale(Tree):
    def fit(self, X, y):
        return super().fit(X, y + X.to_numpy().sum(axis=1))


class Scale(StandardScaler):
    def get_feature_names_out(self, input_features=None):
        return np.array([f"x{place}" for place in range(self.n_features_in_)], dtype=object)


class NamesTwice(Scale):
    def get_feature_names_out(self, input_features=None):
        return np.array(["x"] * self.n_features_in_, dtype=object)


class ScalesByTheBatch(Scale):
    def transform(self, X):
        return np.asarray(X) - np.asarray(X).mean(axis=0) if len(X) else super().transform(X)


class KeepsByChance(VarianceThreshold):
    def get_support(self, indices=False):
        return np.random.random(self.n_features_in_) < 0.5


class KeepsNames(VarianceThreshold):
    def get_support(self, indices=False):
        return super().get_support(indices=True)


class Half:
    def __init__(self, task="binary"):
        self.task = task

    def sample(self, view, rng):
        index = np.flatnonzero(rng.random(len(view)) < 0.5)
        return Sample(index, np.full(index.size, 2.0))


class BeyondTheRows(Half):
    def sample(self, view, rng):
        return Sample(np.array([0, len(view)]), np.ones(2))


class CountsForNothing(Half):
    def sample(self, view, rng):
        return Sample(np.arange(len(view)), np.zeros(len(view)))


class Forgetful(Half):
    def sample(self, view, rng):
        return super().sample(view, np.random.default_rng())


class ByKey:
    def split(self, rows, *, seed):
        part = (rows.keys ^ np.uint64(seed * 977)) % np.uint64(5)
        every = np.arange(len(rows))
        train = every[part > 0]
        folds = tuple((train[part[train] != n], train[part[train] == n]) for n in (1, 2, 3, 4))
        return Split(train, every[part == 0], folds, "row content", "stable")


class ByPlace(ByKey):
    def split(self, rows, *, seed):
        return super().split(replace(rows, keys=np.arange(len(rows), dtype=np.uint64)), seed=seed)


class Overlaps(ByKey):
    def split(self, rows, *, seed):
        split = super().split(rows, seed=seed)
        return replace(split, test=np.sort(np.append(split.test, split.train[0])))


class ByPlaceAndLength(ByKey):
    def split(self, rows, *, seed):
        return super().split(rows, seed=seed + len(rows))


class Right(Metric):
    name, greater_is_better, needs, bounds = "acme", True, "label", (0.0, 1.0)

    def moments(self, y, prediction):
        return (y == prediction).astype(float)[:, np.newaxis]

    def value(self, means):
        return means[..., 0]


class BestIsTwo(Right):
    bounds = (0.0, 2.0)


class UpsideDown(Right):
    greater_is_better = False


class IgnoresRowWeights(Right):
    def score(self, y, prediction, weight=None, groups=None):
        return super().score(y, prediction, None if weight is None or weight.any() else weight)


class FirstRowsOnly(Right):
    def score(self, y, prediction, weight=None, groups=None):
        return super().score(y[:20], prediction[:20], None if weight is None else weight[:20])


class ZeroForNothing(Right):
    def score(self, y, prediction, weight=None, groups=None):
        score = super().score(y, prediction, weight)
        return 0.0 if np.isnan(score) else score


class SortsTheClasses(Right):
    def score(self, y, prediction, weight=None, groups=None):
        score = super().score(y, prediction, weight)
        y.sort()
        return score


class Numbers:
    target = "y"

    def __init__(self):
        self.table = pa.table({"x": np.arange(40.0) ** 2, "y": np.arange(40.0) % 7})

    def columns(self):
        return self.table.column_names

    def batches(self, rows):
        return self.table.to_batches(max_chunksize=rows)


class OneBatch(Numbers):
    def batches(self, rows):
        return self.table.to_batches()


class ReadOnce(Numbers):
    def batches(self, rows):
        yield from self.table.to_batches(max_chunksize=rows)
        self.table = self.table.slice(1)


class TargetElsewhere(Numbers):
    target = "z"


class Ladder:
    def __init__(self, space, starts):
        self.left = [{}, *({name: self.step(span)} for name, span in space.items())]

    def step(self, span):
        return span.values[0] if isinstance(span, Choice) else span.low

    def ask(self):
        return self.left.pop(0) if self.left else None

    def tell(self, loss):
        pass


class StepsTooFar(Ladder):
    def step(self, span):
        return "other" if isinstance(span, Choice) else span.high * 2


class NeverEnds(Ladder):
    def ask(self):
        return super().ask() or {}


class StepsByChance(Ladder):
    def step(self, span):
        return "plain" if isinstance(span, Choice) else type(span.low)(np.random.uniform(span.low, span.high))


class CountsRows:
    def evaluate(self, view):
        return Evaluation({"rows": self.count(view)})

    audit = evaluate

    def count(self, view):
        return len(view)


class SaysAnObject(CountsRows):
    def count(self, view):
        return object()


class SortsRows(CountsRows):
    def count(self, view):
        (view.losses if hasattr(view, "losses") else view.keys).sort()
        return super().count(view)


class CountsByChance(CountsRows):
    def count(self, view):
        return np.random.default_rng().normal()


class ByMean(Rollout):
    def __init__(self, seed=0):
        super().__init__(seed=seed, floor=0.05)

    def shares(self, state):
        means = np.array([(1 + total) / (2 + rewarded) for rewarded, total in state.weights])
        return dict(zip(state.active, floored(means / means.sum(), self.floor).tolist(), strict=True))

    def decide(self, state):
        return Decision("continue", state.active[0], {"shares": self.shares(state)}, outcome_findings(state))


class ForgetsTheFloor(ByMean):
    def shares(self, state):
        shares = super().shares(state)
        first, *others = shares
        return {first: shares[first] + sum(shares[name] - 0.01 for name in others), **dict.fromkeys(others, 0.01)}


class SharesOutTwice(ByMean):
    def shares(self, state):
        return {name: 2 * share for name, share in super().shares(state).items()}


class SaysEvenShares(ByMean):
    def assign(self, unit, state):
        return Assignment(super().assign(unit, state).arm, 1 / len(state.active))


class DrawsByLength(ByMean):
    def assign(self, unit, state):
        shares = self.shares(state)
        arm = state.active[len(unit) % len(state.active)]
        return Assignment(arm, shares[arm])


class DrawsFromAGenerator(ByMean):
    def assign(self, unit, state):
        shares = self.shares(state)
        arm = str(np.random.choice(state.active, p=list(shares.values())))
        return Assignment(arm, shares[arm])


class TakesTurns(ByMean):
    def assign(self, unit, state):
        self.turn = getattr(self, "turn", 0) + 1
        shares = self.shares(state)
        arm = state.active[self.turn % len(state.active)]
        return Assignment(arm, shares[arm])


class CountsInPlace(ByMean):
    def update(self, state, outcome):
        after = super().update(state, outcome)
        for name, value in vars(after).items():
            object.__setattr__(state, name, value)
        return after


class DrawsManyAnew(ByMean):
    def assign_all(self, units, state):
        return super().assign_all(units[::-1], state)


class ForgetsWhatItKnew(ByMean):
    def update_all(self, state, outcomes):
        return super().update_all(replace(state, recent=()), outcomes)


class LosesTheLastOfABatch(ByMean):
    def update_all(self, state, outcomes):
        return super().update_all(state, list(outcomes)[:-1])


class LetsNothingBeWrong(ByMean):
    def decide(self, state):
        return replace(super().decide(state), findings=())


class KeepsTheRetired(ByMean):
    def begin(self, arms):
        self.arms = sorted(arms)
        return super().begin(arms)

    def assign(self, unit, state):
        return Assignment(self.arms[len(unit) * 7 % len(self.arms)], 1 / len(self.arms))


class DecidesToWait(ByMean):
    def decide(self, state):
        return replace(super().decide(state), action="wait")


def numbers(*traits):
    return {"tasks": ("regression",), "traits": traits}


LABELS = {"tasks": ("binary", "multiclass")}


class Listed:
    """A stream of what was sent to its bench, which remembers the answers."""

    resumes, writes_stdout, usual_checkpoint = True, False, None

    def __init__(self):
        self.sent, self.written, self.place = [], [], 0

    def identity(self):
        return {"input": "a list", "output": "another"}

    def open(self, position):
        self.place = position["place"] if position else 0

    def read(self, most, wait_s):
        found = [Record(value, str(n)) for n, value in enumerate(self.sent)][self.place :][:most]
        self.place += len(found)
        return found

    def write(self, replies):
        self.written += [reply.line for reply in replies]

    def commit(self):
        return {"place": self.place}

    def close(self):
        pass

    @classmethod
    @contextmanager
    def bench(cls, folder):
        yield ListBench(cls)


class ListBench:
    goes_on = True

    def __init__(self, kind):
        self.kind, self.sent, self.written = kind, [], []

    def stream(self):
        stream = self.kind()
        stream.sent, stream.written = self.sent, self.written
        return stream

    def send(self, values):
        self.sent.extend(values)

    def answers(self):
        return list(self.written)


class GivesAll(Listed):
    def read(self, most, wait_s):
        return super().read(99, wait_s)


class TurnsAround(Listed):
    def write(self, replies):
        super().write(list(reversed(replies)))


class BeginsAnew(Listed):
    def open(self, position):
        self.place = 0


class SkipsOne(Listed):
    def commit(self):
        return {"place": self.place + 1}


class NamesByChance(Listed):
    def read(self, most, wait_s):
        return [replace(record, offset=str(np.random.random())) for record in super().read(most, wait_s)]


class SaysNothing(Listed):
    def identity(self):
        return {}


HONEST = {
    "source": subject("source", Numbers, SourceOptions),
    "splitter": subject("splitter", ByKey),
    "auditor": subject("auditor", CountsRows),
    "sampler": subject("sampler", Half, traits={"concurrent", "deterministic"}),
    "transformer": subject("transformer", "sklearn.preprocessing:RobustScaler"),
    "selector": subject("selector", "sklearn.feature_selection:VarianceThreshold"),
    "learner": subject("learner", "sklearn.linear_model:Ridge", **numbers("weights", "deterministic", "concurrent")),
    "baseline": subject("baseline", "sklearn.dummy:DummyClassifier", **LABELS),
    "metric": subject("metric", Right, **LABELS),
    "tuner": subject("tuner", Ladder),
    "evaluator": subject("evaluator", CountsRows),
    "rollout": subject("rollout", ByMean),
    "stream": subject("stream", Listed, StreamOptions),
}
BROKEN = [
    ("source", OneBatch, {}, "batches_are_as_small_as_asked_and_of_one_schema"),
    ("source", ReadOnce, {}, "every_reading_gives_the_same_rows"),
    ("source", TargetElsewhere, {}, "columns_are_known_before_rows_are_read"),
    ("splitter", Overlaps, {}, "its_parts_keep_the_law"),
    ("splitter", ByKey, {"roles": {"group"}}, "its_parts_keep_the_law"),
    ("splitter", ByPlace, {}, "rows_in_another_order_fall_into_the_same_parts"),
    ("splitter", ByPlaceAndLength, {}, "appended_rows_move_none"),
    ("sampler", BeyondTheRows, {}, "it_draws_training_rows_in_order_each_with_a_weight"),
    ("sampler", CountsForNothing, {}, "it_draws_training_rows_in_order_each_with_a_weight"),
    ("sampler", Forgetful, {}, "the_same_generator_draws_the_same_rows"),
    ("transformer", NamesTwice, {}, "names_differ_and_fit_the_columns"),
    ("transformer", ScalesByTheBatch, {}, "a_row_is_answered_alone_as_among_others"),
    ("transformer", FillsWhatItSaw, {"traits": {"missing"}}, "what_it_fills_stays_filled"),
    ("selector", KeepsByChance, {}, "the_same_seed_gives_the_same_result"),
    ("selector", KeepsNames, {}, "its_support_is_a_claim_for_each_column"),
    ("learner", MutatesX, numbers(), "fitting_and_answering_change_no_input"),
    ("learner", DrawsGlobally, numbers(), "the_same_seed_gives_the_same_result"),
    ("learner", Remembers, numbers(), "a_fit_forgets_the_one_before"),
    ("learner", LeavesPartsBehind, numbers(), "it_can_be_cloned_and_pickled_when_fitted"),
    ("learner", LeavesPartsBehind, numbers(), "its_portable_form_answers_as_it_does"),
    ("learner", BreaksOnOneRow, numbers(), "extreme_training_rows_are_learned_or_refused"),
    ("learner", LooksAtTheBatch, numbers(), "a_row_is_answered_alone_as_among_others"),
    ("learner", SwapsClasses, {"tasks": ("binary",)}, "it_learns_what_one_column_tells"),
    ("learner", SumsToTwo, {"tasks": ("binary",)}, "every_task_is_served"),
    ("learner", IgnoresWeights, numbers("weights"), "weights_count"),
    ("learner", SharesItsState, numbers("concurrent"), "fits_in_threads_are_as_fits_alone"),
    ("learner", CaresForScale, numbers("unscaled"), "scale_does_not_count"),
    ("baseline", MutatesX, numbers(), "fitting_and_answering_change_no_input"),
    ("metric", BestIsTwo, LABELS, "a_perfect_prediction_scores_best"),
    ("metric", UpsideDown, LABELS, "a_worse_prediction_is_not_better"),
    ("metric", IgnoresRowWeights, LABELS, "a_weight_of_two_is_a_row_that_stands_there_twice"),
    ("metric", FirstRowsOnly, LABELS, "the_order_of_rows_does_not_count"),
    ("metric", ZeroForNothing, LABELS, "what_cannot_be_told_is_nan_or_a_number"),
    ("metric", SortsTheClasses, LABELS, "scoring_changes_no_input"),
    ("metric", Right, {}, "it_says_what_it_is"),
    ("tuner", StepsTooFar, {}, "it_proposes_what_lies_in_the_space"),
    ("tuner", NeverEnds, {}, "where_there_is_nothing_to_search_it_asks_once"),
    ("tuner", StepsByChance, {}, "the_same_seed_and_losses_give_the_same_proposals"),
    ("auditor", SaysAnObject, {}, "it_answers_in_numbers_and_findings"),
    ("auditor", SortsRows, {}, "auditing_changes_no_input"),
    ("auditor", CountsByChance, {}, "the_same_generator_gives_the_same_answer"),
    ("evaluator", SaysAnObject, {}, "it_answers_in_numbers_and_findings"),
    ("evaluator", SortsRows, {}, "evaluating_changes_no_input"),
    ("evaluator", CountsByChance, {}, "the_same_generator_gives_the_same_answer"),
    ("rollout", ForgetsTheFloor, {}, "its_shares_add_up_and_none_is_below_the_floor"),
    ("rollout", SharesOutTwice, {}, "its_shares_add_up_and_none_is_below_the_floor"),
    ("rollout", SaysEvenShares, {}, "a_propensity_is_the_share_of_who_answers"),
    ("rollout", DrawsByLength, {}, "units_are_drawn_as_its_shares_say"),
    ("rollout", DrawsManyAnew, {}, "many_units_at_once_are_assigned_as_one_by_one"),
    ("rollout", DrawsFromAGenerator, {}, "equal_states_assign_and_decide_alike"),
    ("rollout", TakesTurns, {}, "equal_states_assign_and_decide_alike"),
    ("rollout", TakesTurns, {}, "a_log_replays_exactly"),
    ("rollout", CountsInPlace, {}, "asking_and_updating_change_no_state"),
    ("rollout", LosesTheLastOfABatch, {}, "one_by_one_or_at_once_outcomes_count_alike"),
    ("rollout", LosesTheLastOfABatch, {}, "states_add_up_in_any_order_and_grouping"),
    ("rollout", ForgetsWhatItKnew, {}, "a_repeat_counts_once"),
    ("rollout", LetsNothingBeWrong, {}, "outcomes_that_cannot_be_are_noted_and_not_counted"),
    ("rollout", KeepsTheRetired, {}, "versions_come_and_go_in_mid_flight"),
    ("stream", GivesAll, {}, "records_come_whole_and_in_order_and_are_answered_so"),
    ("stream", TurnsAround, {}, "records_come_whole_and_in_order_and_are_answered_so"),
    ("stream", BeginsAnew, {}, "it_goes_on_where_it_was_committed"),
    ("stream", SkipsOne, {}, "it_goes_on_where_it_was_committed"),
    ("stream", NamesByChance, {}, "what_was_not_committed_comes_again_under_its_offset"),
    ("stream", SaysNothing, {}, "it_says_what_it_reads_and_writes"),
    ("rollout", DecidesToWait, {}, "it_decides_in_words_that_are_known"),
]


@pytest.mark.parametrize(("kind", "promise"), [(kind, promise) for kind in HONEST for promise in promises(kind)])
def test_an_honest_component_of_another_house_keeps_every_promise(kind, promise):
    keep(kind, promise, HONEST[kind])


@pytest.mark.parametrize(
    ("kind", "thing", "facts", "promise"), BROKEN, ids=lambda part: getattr(part, "__name__", None)
)
def test_a_broken_component_is_found_and_named(kind, thing, facts, promise):
    options = {"source": SourceOptions, "stream": StreamOptions}.get(kind, NoOptions)
    with pytest.raises(AssertionError, match=f"{kind}/acme"):
        keep(kind, f"test_{promise}", subject(kind, thing, options, **facts))


def declared(**facts):
    """Return a learner of which only the declaration is looked at."""
    made = dataclass(type("Options", (), {"__annotations__": {"depth": int}, "depth": facts.pop("depth")}))
    return subject("learner", Tree, made, **numbers(), **facts)


DEPTH = functools.partial(option, help="questions at most", low=1, high=9)


@pytest.mark.parametrize(
    ("under_test", "promise", "words"),
    [
        (declared(depth=DEPTH(0)), "its_options_are_typed_settings_with_defaults_that_work", "from 1 to 9"),
        (declared(depth=DEPTH(2.5)), "its_options_are_typed_settings_with_defaults_that_work", "depth"),
        (declared(depth=option(1, " ")), "it_says_what_it_and_each_option_is", "depth is not explained"),
        (declared(depth=3), "it_says_what_it_and_each_option_is", "depth is not explained"),
        (
            declared(depth=DEPTH(3), space={"depth": Range(1, 99)}),
            "its_search_space_lies_within_its_options",
            "depth=99",
        ),
        (
            declared(depth=DEPTH(3), space={"depth": Range(9, 2)}),
            "its_search_space_lies_within_its_options",
            "ends below",
        ),
        (declared(depth=DEPTH(3), roles={"colour"}), "its_tasks_and_roles_are_known", "colour"),
    ],
)
def test_a_declaration_that_is_not_true_is_found(under_test, promise, words):
    with pytest.raises(AssertionError, match=words):
        keep("learner", f"test_{promise}", under_test)


def test_a_plugin_that_imports_numpy_to_declare_is_found(tmp_path, monkeypatch):
    (tmp_path / "acme_heavy.py").write_text("import numpy\ndef register_learners():\n    return []\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    offer = replace(HONEST["learner"].offer, provider=Provider("acme", "acme_heavy", "acme-ml", "1.0"))

    with pytest.raises(AssertionError, match="acme_heavy imports numpy to declare learner/acme"):
        keep("learner", "test_declaring_it_imports_nothing_heavy", Subject(offer))


def test_a_target_that_does_not_exist_is_named():
    with pytest.raises(ComponentError, match=r"learner/acme of acme-ml 1\.0 is broken"):
        keep("learner", "test_it_can_be_made_and_pickled", subject("learner", "sklearn.linear_model:Rigde"))


def test_pytest_calls_a_promise_by_the_name_of_the_kind(tmp_path):
    (tmp_path / "test_acme.py").write_text(
        "import pytest\n"
        "from mesic.testing import SelectorContract, installed\n\n\n"
        'TAIL = [one for one in installed("selectors") if one.name == "long_tail"]\n\n\n'
        '@pytest.mark.parametrize("selector", TAIL, ids=repr, scope="class")\n'
        "class TestEverySelector(SelectorContract):\n"
        "    def test_of_my_own(self, selector):\n"
        "        assert selector.made().min_rows == 2\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(
        [*map(str, command), "-k", "my_own or says_what"], capture_output=True, text=True, check=False
    )

    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "test_of_my_own[selector/long_tail]" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("learner",), {}, "no kind 'learner'; kinds: sources, .*did you mean 'learners'"),
        (("learners",), {"lihgtgbm": {}}, "options of lihgtgbm"),
        (("learners",), {"lightgbm": {"trees": 3}}, "learner/lightgbm has no option trees"),
        (("sources",), {}, r"source/(table|joined) needs path: say installed\('sources', (table|joined)="),
    ],
)
def test_what_cannot_be_asked_for_is_said(arguments, options, words):
    with pytest.raises(UsageError, match=words):
        installed(*arguments, **options)


def test_a_distribution_that_offers_nothing_is_said():
    assert {learner.offer.provider.distribution for learner in installed("learners", "mesic")} == {"mesic"}
    with pytest.raises(ComponentError, match="acme-none offers no learners"):
        installed("learners", "acme-none")


def test_asking_what_is_installed_imports_no_component():
    code = (
        "import json, sys\n"
        "from mesic.testing import installed\n"
        "installed('learners'), installed('tuners')\n"
        "print(json.dumps(sorted({'lightgbm', 'optuna', 'pytest', 'sklearn'} & sys.modules.keys())))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []


def test_every_kind_has_a_suite():
    assert {suite.__name__ for suite in SUITES.values()} < set(testing.__all__)
    assert pd.Series([len(promises(kind)) for kind in KINDS]).min() > 7
