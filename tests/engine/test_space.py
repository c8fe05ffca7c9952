"""The search space: of one learner, of several, of what stands before them; and what is tried first."""

import dataclasses

import numpy as np
import pytest

from mesic.errors import UsageError
from mesic.host.components import Choice, Component, Range, option
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.training.part import Part
from mesic.training.space import SearchSpace


@dataclasses.dataclass
class Options:
    depth: int = option(3, "of trees", low=1, high=9)
    rounds: int = option(50, "of boosting", low=1)
    kind: str = option("plain", "of model", choices=("plain", "fancy"))


SPACE = {
    "depth": Range(1, 9, complexity=+1),
    "rounds": Range(10, 400, complexity=+1),
    "kind": Choice(("plain", "fancy")),
}
PORTFOLIO = ({"depth": 7}, {"kind": "fancy"}, {"depth": 99})


def part(name="grower", rounds="rounds", **options):
    component = Component(
        name, "nowhere:Grower", "grows", Options, space=SPACE, rounds=rounds, portfolio=PORTFOLIO
    )  # fmt: skip
    offer = Offer(KINDS["learner"], component, Provider("spy", __name__, "spy", "1"))
    return Part(offer, {"depth": 3, "rounds": 50, "kind": "plain"} | options)


def recipe(**parts):
    (any_learner,) = (subject for subject in installed("learners") if subject.name == "lightgbm")
    return dataclasses.replace(recipe_of(any_learner, "binary"), **parts)


def space_of(learners, asked):
    return SearchSpace.of(learners, asked, recipe().registry)


def installed_part(kind, name):
    (subject,) = (subject for subject in installed(kind) if subject.name == name)
    return Part(subject.offer, dataclasses.asdict(subject.component.options()))


def test_what_was_set_by_hand_is_not_searched_unless_a_range_is_given_too():
    def spans(asked, **options):
        return dict(space_of([part(rounds="", **options)], asked).spans)

    assert spans({}) == SPACE
    assert spans({}, depth=5) == {name: SPACE[name] for name in ("rounds", "kind")}
    assert spans({"depth": [2, 4]}, depth=5)["depth"] == Range(2, 4, complexity=+1)
    assert spans({"kind": None}) == {name: SPACE[name] for name in ("depth", "rounds")}


def test_rounds_are_found_within_a_trial_and_not_proposed():
    space = space_of([part()], {})

    assert set(space.spans) == {"depth", "kind"}
    changed = space.recipe(recipe(), {"depth": 4, "kind": "plain"})
    assert (changed.most_rounds, changed.learner.options["rounds"]) == (400, 400)
    again = space.recipe(recipe(), space.with_rounds({"depth": 4, "kind": "plain"}, 120))
    assert (again.most_rounds, again.learner.options["rounds"]) == (None, 120)
    assert space.every_span()["rounds"] == Range(1, 400, complexity=+1)


def test_rounds_that_were_set_by_hand_stay():
    space = space_of([part(rounds="rounds")], {"rounds": [5, 80]})
    fixed = space_of([part().with_options({"rounds": 60})], {})

    assert space.most_rounds == {"grower": 80}
    assert fixed.most_rounds == {}
    assert fixed.recipe(recipe(), {"depth": 4}).learner.options["rounds"] == 60


def test_what_is_configured_is_tried_first_then_what_the_portfolio_holds_within_the_space():
    starts = space_of([part()], {}).starts(recipe())

    assert starts == [
        {"depth": 3, "kind": "plain"},
        {"depth": 7, "kind": "plain"},
        {"depth": 3, "kind": "fancy"},
    ]


def test_of_several_learners_each_has_its_own_options():
    one, two = part("one"), part("two")
    space = space_of([one, two], {"one.depth": [2, 3], "two": {"kind": None}})

    assert space.spans["learner"] == Choice(("one", "two"))
    assert space.spans["one.depth"] == Range(2, 3, complexity=+1, when=("learner", "one"))
    assert "two.kind" not in space.spans
    starts = space.starts(recipe())
    assert [start["learner"] for start in starts[:2]] == ["one", "two"]
    assert starts[1] == {"learner": "two", "two.depth": 3}
    chosen = space.recipe(recipe(), {"learner": "two", "two.depth": 8})
    assert (chosen.learner.name, chosen.learner.options["depth"], chosen.most_rounds) == ("two", 8, 400)
    assert space.with_rounds({"learner": "two"}, 9) == {"learner": "two", "two.rounds": 9}
    assert space.limits()["two.depth"] == (1, 9)


def test_sampler_and_selector_are_varied_with_the_rest():
    given = recipe(selectors=[installed_part("selectors", "univariate")])
    asked = {"sampler": ["everything", "oversample"], "selector": {"univariate": {"k": [1, 3]}}}
    asked["selector"]["univariate"] = {next(iter(given.selectors[0].options)): [0.01, 0.2]}
    (name,) = asked["selector"]["univariate"]
    space = space_of([part()], asked)

    changed = space.recipe(given, {"depth": 2, "sampler": "oversample", f"selector.univariate.{name}": 0.1})
    assert changed.sampler.name == "oversample"
    assert changed.selectors[0].options[name] == 0.1
    assert space.starts(given)[0][f"selector.univariate.{name}"] == given.selectors[0].options[name]
    assert changed.preparation() != given.preparation()


def test_a_selector_can_be_left_out():
    given = recipe(selectors=[installed_part("selectors", "univariate")])
    space = space_of([part()], {"selector": ["univariate", "none"]})

    assert space.recipe(given, {"selector": "none"}).selectors == []
    assert space.recipe(given, {"selector": "univariate"}).selectors == list(given.selectors)
    assert space.starts(given)[0]["selector"] == "univariate"


def test_an_option_of_a_part_that_is_not_there_is_refused():
    space = space_of([part()], {"selector": {"boruta": {"alpha": [0.01, 0.1]}}})

    with pytest.raises(
        UsageError, match=r"tuner\.space\.selector\.boruta\.alpha cannot work: selector=boruta is not in"
    ):
        space.recipe(recipe(), {"selector.boruta.alpha": 0.05})


def test_facts_of_two_spaces_differ_where_these_do():
    spaces = [space_of([part(depth=depth)], {}) for depth in (3, 4)]

    assert spaces[0].facts() != spaces[1].facts()
    assert spaces[0].is_searched
    assert np.isfinite(spaces[0].every_span()["rounds"].high)
