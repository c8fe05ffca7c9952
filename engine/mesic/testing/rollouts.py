"""What roll-outs promise."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np

from mesic.rollout.rollout import Action, Decision, Rollout
from mesic.rollout.state import Outcome, RolloutState
from mesic.rollout.sums import Sums
from mesic.runs.files import finite
from mesic.testing.component import ComponentContract
from mesic.testing.fitted import global_chance
from mesic.testing.subjects import Subject

ARMS = ("blue", "green", "red")
UNITS = 4000
DEVIATIONS = 5.0  # of how often an arm is drawn: chance alone exceeds it once in two million


class RolloutContract(ComponentContract, kind="rollout"):
    """Promises of every roll-out: a function of the state, whose propensities are true."""

    def outcomes(self, rollout: Rollout, count: int = 60, start: int = 0) -> list[Outcome]:
        """Return outcomes of all arms, the last one the best; some assignments are told before their reward."""
        terms, rng = rollout.terms, np.random.default_rng(start)
        found = []
        for number in range(start, start + count):
            place = int(rng.integers(len(ARMS)))
            reward = terms.high if rng.random() < 0.2 + 0.3 * place else terms.low
            one = Outcome(f"unit {number % 40}", ARMS[place], reward, 60.0 * number, 1 / len(ARMS), f"id {number}")
            found += [one._replace(reward=None), one] if number % 3 == 0 else [one]
        return found

    def states(self, subject: Subject) -> Iterator[tuple[Any, RolloutState]]:
        """Yield the roll-out and states: before anything, after outcomes, with an arm more, with one retired."""
        rollout = subject.made(seed=3)
        state = rollout.begin(ARMS)
        yield rollout, state
        state = rollout.update_all(state, self.outcomes(rollout))
        yield rollout, state
        yield rollout, state.with_arm("white")
        yield rollout, self.measured(state)
        yield rollout, state.without_arm("red")
        yield rollout, rollout.begin(["only"])

    def measured(self, state: RolloutState) -> RolloutState:
        """Return a state that knows what a server measures, too."""
        seconds, ones = Sums.of([-7.0, -6.5, -7.2]), Sums.of([1.0, 1.0])
        state = state.observed("blue", 40, {("latency",): seconds, ("said", "yes"): ones, ("seconds",): ones})
        pairs = {("pair", "yes", "no"): ones, ("beside",): ones, ("apart",): seconds}
        return state.observed("green", 2, {**pairs, ("latency",): seconds, ("said", "no"): ones})

    def replayed(self, rollout: Rollout, state: RolloutState, log: Sequence[Outcome]) -> tuple[list[Any], RolloutState]:
        """Assign and update in turn, as a server does; return who was assigned, and the state in the end."""
        drawn = []
        for outcome in log:
            drawn.append(tuple(rollout.assign(outcome.unit, state)))
            state = rollout.update(state, outcome)
        return drawn, state

    def test_its_shares_add_up_and_none_is_below_the_floor(self, subject: Subject) -> None:
        """Of every version that may be assigned, and of no other."""
        for rollout, state in self.states(subject):
            shares = rollout.shares(state)
            assert set(shares) == set(state.active), f"{subject} shares out to {sorted(shares)} of {state.active}"
            assert math.isclose(sum(shares.values()), 1, abs_tol=1e-9), (
                f"{subject}: shares add up to {sum(shares.values())}"
            )
            assert min(shares.values()) >= rollout.floor, (
                f"{subject}: a share is {min(shares.values())}, below its floor"
            )

    def test_a_propensity_is_the_share_of_who_answers(self, subject: Subject) -> None:
        """And who answers is active."""
        for rollout, state in self.states(subject):
            shares = rollout.shares(state)
            for number in range(20):
                arm, propensity = rollout.assign(f"unit {number}", state)
                assert arm in shares, f"{subject} assigns {arm!r}, which is not active"
                assert propensity == shares[arm], f"{subject} says propensity {propensity} where it is {shares[arm]}"

    def test_units_are_drawn_as_its_shares_say(self, subject: Subject) -> None:
        """Over many units each version answers as often as its share says."""
        for rollout, state in self.states(subject):
            drawn = [rollout.assign(f"user-{number}", state).arm for number in range(UNITS)]
            for arm, share in rollout.shares(state).items():
                expected, spread = share * UNITS, math.sqrt(share * (1 - share) * UNITS)
                seen = drawn.count(arm)
                assert abs(seen - expected) <= DEVIATIONS * spread + 1, (
                    f"{subject} draws {arm} {seen} times, not {expected:.0f}"
                )

    def test_many_units_at_once_are_assigned_as_one_by_one(self, subject: Subject) -> None:
        """Places and propensities alike."""
        units = [f"unit {number}" for number in range(200)]
        for rollout, state in self.states(subject):
            places, propensities = rollout.assign_all(units, state)
            at_once = [(state.active[place], share) for place, share in zip(places, propensities.tolist(), strict=True)]
            alone = [tuple(rollout.assign(unit, state)) for unit in units]
            assert at_once == alone, f"{subject} assigns many units otherwise than one by one"

    def test_equal_states_assign_and_decide_alike(self, subject: Subject) -> None:
        """Whoever asks, in whatever order, and whatever the state of the global generators."""
        for _, state in self.states(subject):
            said = []
            for seed, order in ((1, 1), (2, -1)):
                rollout = subject.made(seed=3)
                again = RolloutState.from_json(state.to_json())
                with global_chance(seed, subject):
                    drawn = {unit: rollout.assign(f"unit {unit}", again) for unit in range(40)[::order]}
                    said.append((drawn[0], sorted(drawn.items()), str(rollout.decide(again))))
            assert said[0] == said[1], f"{subject} answers otherwise when it is asked again"

    def test_a_log_replays_exactly(self, subject: Subject) -> None:
        """From the start, and taken up from a state that was written half-way."""
        rollout = subject.made(seed=3)
        log = self.outcomes(rollout)
        drawn, end = self.replayed(rollout, rollout.begin(ARMS), log)
        first, half = self.replayed(subject.made(seed=3), rollout.begin(ARMS), log[:31])
        rest, again = self.replayed(subject.made(seed=3), RolloutState.from_json(half.to_json()), log[31:])
        assert first + rest == drawn, f"{subject} assigns otherwise when its log is replayed"
        assert again.to_json() == end.to_json(), f"{subject} ends in another state when its log is replayed"

    def test_asking_and_updating_change_no_state(self, subject: Subject) -> None:
        """A state is read and never written."""
        for rollout, state in self.states(subject):
            before = state.to_json()
            rollout.assign("unit", state), rollout.shares(state), rollout.decide(state)
            rollout.update(state, Outcome("unit", state.active[0], rollout.terms.high, 1e6, 1.0, "fresh"))
            assert state.to_json() == before, f"{subject} changes the state that it is shown"

    def test_one_by_one_or_at_once_outcomes_count_alike(self, subject: Subject) -> None:
        """In whatever order they come."""
        rollout = subject.made(seed=3)
        log = self.outcomes(rollout)
        alone = self.replayed(rollout, rollout.begin(ARMS), log)[1]
        for order in (log, log[::-1]):
            at_once = rollout.update_all(rollout.begin(ARMS), order)
            assert at_once.to_json() == alone.to_json(), f"{subject} counts outcomes otherwise at once than one by one"

    def test_states_add_up_in_any_order_and_grouping(self, subject: Subject) -> None:
        """What three processes counted is what one would have counted."""
        rollout = subject.made(seed=3)
        begun = rollout.begin(ARMS)
        log = self.outcomes(rollout, 90)
        a, b, c = (rollout.update_all(begun, log[start::3]) for start in range(3))
        a, together = self.measured(a), self.measured(rollout.update_all(begun, log)).to_json()
        sums = [a.merged(b).merged(c), a.merged(b.merged(c)), c.merged(a).merged(b)]
        assert all(found.to_json() == together for found in sums), f"{subject}: states of processes do not add up"

    def test_a_repeat_counts_once(self, subject: Subject) -> None:
        """An outcome that is sent again changes no share and no decision."""
        rollout = subject.made(seed=3)
        log = self.outcomes(rollout)
        once = rollout.update_all(rollout.begin(ARMS), log)
        twice = rollout.update_all(once, log)
        assert twice.arms == once.arms, f"{subject} counts outcomes that came again"
        assert sum(dict(twice.noted).values()) == len(log), f"{subject} does not note that outcomes came again"

    def test_outcomes_that_cannot_be_are_noted_and_not_counted(self, subject: Subject) -> None:
        """An arm that there never was, a reward out of range, a clock that stands on nothing."""
        rollout = subject.made(seed=3)
        state = rollout.update_all(rollout.begin(ARMS), self.outcomes(rollout))
        good = Outcome("unit", "red", rollout.terms.high, 1e6, 0.5, "strange")
        strange = [
            good._replace(arm="purple"),
            good._replace(reward=rollout.terms.high + 1),
            good._replace(reward=math.nan),
            good._replace(time=math.nan),
            good._replace(propensity=0.0),
        ]
        after = rollout.update_all(state, strange)
        assert after.arms == state.arms, f"{subject} counts outcomes that cannot be"
        assert sum(dict(after.noted).values()) == len(strange), f"{subject} refuses outcomes without a note"
        assert rollout.decide(after).findings, f"{subject} says nothing of outcomes that it refused"

    def test_versions_come_and_go_in_mid_flight(self, subject: Subject) -> None:
        """One that is retired is assigned no more, its late outcomes still count, and it may come back."""
        rollout = subject.made(seed=3)
        state = rollout.update_all(rollout.begin(ARMS), self.outcomes(rollout))
        late = Outcome("unit", "red", rollout.terms.high, 1e6, 0.5, "late")
        gone = state.without_arm("red")
        drawn = {rollout.assign(f"unit {number}", gone).arm for number in range(300)}
        assert "red" not in drawn, f"{subject} assigns a version that was retired"
        back = rollout.update(gone, late).with_arm("red")
        kept = rollout.update(state, late)
        assert rollout.shares(back) == rollout.shares(kept), f"{subject} forgets a version that was away"

    def test_it_decides_in_words_that_are_known(self, subject: Subject) -> None:
        """About a version that there is, with evidence that JSON can hold."""
        for rollout, state in self.states(subject):
            decision = rollout.decide(state)
            assert isinstance(decision, Decision), f"{subject} returns {type(decision).__name__}, not a mesic.Decision"
            assert decision.action in get_args(Action), f"{subject} decides {decision.action!r}"
            assert decision.arm in state.active, f"{subject} decides about {decision.arm!r}, which is not active"
            try:
                json.dumps(finite(decision.evidence), allow_nan=False)
            except (TypeError, ValueError) as error:
                raise AssertionError(f"{subject}: its evidence is nothing that JSON can hold: {error}") from error
