"""How a search goes: the best so far, and the chance that going on improves it."""

import numpy as np
import pytest

from mesic.training.progress import Progress, chance_of_improvement, progress_findings
from mesic.training.stopping import Rest
from mesic.training.zone import Trial


def trial(number, losses, **more):
    mean = float("nan") if losses is None else float(np.mean(losses))
    return Trial(number, {}, losses, mean, fit_s=2.0, **more)


def told(trials, **more):
    progress = Progress(None, more.get("groups"), 0.95)
    for one in trials:
        progress.hear(one)
    return progress


def search(steps, rows=200, seed=0):
    """Return trials whose losses differ from the first one's by steps, and a little noise."""
    rng = np.random.default_rng(seed)
    base = rng.exponential(size=rows)
    return [trial(number, base + step + 0.05 * rng.normal(size=rows)) for number, step in enumerate(steps)]


class TestChance:
    def test_it_grows_with_trials_and_with_what_was_improved_lately_only(self):
        few, many = (chance_of_improvement([30], 40, more) for more in (10, 200))

        assert 0 < few < many < 1
        assert chance_of_improvement([12, 20, 35], 40, 40) > chance_of_improvement([35], 40, 40)
        assert chance_of_improvement([1, 2, 3], 40, 40) == chance_of_improvement([], 40, 40)

    def test_more_than_eight_times_the_trials_say_no_more_and_few_trials_nothing(self):
        assert chance_of_improvement([5], 20, 160) == chance_of_improvement([5], 20, 1e6)
        assert chance_of_improvement([1], 7, 100) is None

    def test_independent_trials_improve_about_as_often_as_is_stated(self):
        rng, stated, came = np.random.default_rng(0), [], []
        for _ in range(600):
            losses = rng.normal(size=60)
            ahead = np.minimum.accumulate(losses)
            improved = [place for place in range(1, 20) if losses[place] < ahead[place - 1]]
            stated.append(chance_of_improvement(improved, 20, 40))
            came.append(ahead[-1] < ahead[19])

        assert np.mean(came) == pytest.approx(2 / 3, abs=0.05)
        assert np.mean(stated) == pytest.approx(np.mean(came), abs=0.15)


class TestProgress:
    def test_the_best_so_far_and_which_trials_beat_it_beyond_the_noise(self):
        progress = told(search([0, -0.5, 0.3, -0.4, -1.0]))

        assert progress.improved == [1, 4]
        assert [point["trial"] for point in progress.points][:2] == [0, 1]
        assert progress.points[-1]["trial"] == 4
        last = progress.points[-1]
        assert last["low"] < last["value"] < last["high"]

    def test_what_counts_as_better_is_what_a_plateau_counts(self):
        trials = search(np.random.default_rng(3).normal(0, 0.01, 40), seed=4)
        quiet = len(trials) - 1 - max(told(trials).improved, default=0)

        assert Rest(plateau=quiet).reason(trials, None) == "plateau"
        assert Rest(plateau=quiet + 1).reason(trials, None) == ""

    def test_trials_that_failed_or_left_the_race_are_counted_but_take_no_lead(self):
        progress = told([trial(0, None), *search([0, -1])[:1], trial(2, None, is_out=True)])

        assert progress.heard == 3
        assert len(progress.points) == 1
        assert told([trial(0, None)]).facts([trial(0, None)]) is None

    def test_groups_widen_the_interval(self):
        group = np.repeat(np.arange(10), 20)
        losses = np.random.default_rng(5).normal(1, 0.2, 10)[group]
        alone, grouped = (told([trial(0, losses)], groups=groups).points[0] for groups in (None, group))

        assert grouped["high"] - grouped["low"] > 2 * (alone["high"] - alone["low"])

    def test_an_hour_is_told_in_trials(self):
        trials = search([0.0] * 10)
        facts = told(trials).facts(trials)

        assert facts["hour"]["trials"] == 1800
        assert facts["hour"]["is_least"]
        assert facts["again"]["trials"] == 10


class TestFinding:
    def test_a_search_that_was_cut_while_it_improved_is_found_and_others_are_not(self):
        trials = search(-0.3 * np.arange(16))
        facts = told(trials).facts(trials)
        at_rest = told(search([0.0] * 16)).facts(trials)
        (found,) = progress_findings(facts, "budget")

        assert found.code == "STILL-IMPROVING"
        assert "15 of 16 trials" in found.message
        assert "tuner.trials=32" in found.fix
        assert progress_findings(facts, "plateau") == progress_findings(at_rest, "budget") == []
        assert progress_findings(None, "budget") == []
