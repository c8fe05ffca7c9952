"""What tuners promise."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from omegaconf import OmegaConf

from mesic.config.schema_check import schema_problems
from mesic.host.components import Choice, Range
from mesic.testing.component import ComponentContract
from mesic.testing.fitted import global_chance
from mesic.testing.subjects import Subject, installed

Space = Mapping[str, Range | Choice]
SPACE: Space = {
    "depth": Range(2, 12, complexity=+1),
    "leaves": Range(4, 256, log=True),
    "rate": Range(0.01, 0.5, log=True),
    "share": Range(0.0, 1.0),
    "kind": Choice(("plain", "fancy")),
}
START = {"depth": 5, "leaves": 31, "rate": 0.1, "share": 1.0, "kind": "plain"}
TRIALS = 14


class TunerContract(ComponentContract, kind="tuner"):
    """Promises of every tuner: it proposes what can be given, and the same after hearing the same."""

    def make(self, subject: Subject, task: str) -> Any:
        """Return the tuner with a space."""
        return subject.made(task, space=SPACE, starts=[START])

    def proposals(self, tuner: Any, trials: int = TRIALS) -> list[dict[str, Any]]:
        """Search as a run does, every fifth trial failing; return what was proposed."""
        found: list[dict[str, Any]] = []
        while len(found) < trials and (params := tuner.ask()) is not None:
            found.append(dict(params))
            tuner.tell(None if len(found) % 5 == 0 else float(params.get("rate", 1.0)) + len(found) % 3)
        return found

    def test_it_proposes_what_lies_in_the_space(self, subject: Subject) -> None:
        """Names of the space, values within; numbers are whole where the configured one is."""
        found = self.proposals(self.make(subject, "binary"))
        assert found, f"{subject} proposes nothing at all"
        for params in found:
            assert params.keys() <= SPACE.keys(), f"{subject} proposes {sorted(params.keys() - SPACE.keys())}"
            for name, value in params.items():
                assert _is_within(value, SPACE[name]), f"{subject} proposes {name}={value!r}, not in {SPACE[name]}"
                assert type(value) is type(START[name]), f"{subject} proposes {name}={value!r} for {START[name]!r}"
            assert json.loads(json.dumps(params)) == params, f"{subject} proposes what JSON cannot hold: {params}"

    def test_the_same_seed_and_losses_give_the_same_proposals(self, subject: Subject) -> None:
        """Whatever the state of the global generators."""
        found = []
        for state in (1, 2):
            with global_chance(state, subject):
                found.append(self.proposals(subject.made(seed=5, space=SPACE, starts=[START])))
        assert found[0] == found[1], f"{subject} proposes otherwise with one seed"

    def test_where_there_is_nothing_to_search_it_asks_once(self, subject: Subject) -> None:
        """The configured options are tried, and no second time."""
        found = self.proposals(subject.made(space={}, starts=[{}]))
        assert found == [{}], f"{subject} proposes {found} where nothing is searched"

    def test_configured_options_may_lie_outside_of_the_space(self, subject: Subject) -> None:
        """A user may set what is searched elsewhere."""
        start = {**START, "rate": 3.0, "depth": 40}
        found = self.proposals(subject.made(space=SPACE, starts=[start]))
        for params in found:
            inside = all(_is_within(value, SPACE[name]) for name, value in params.items())
            assert inside or params == start, f"{subject} proposes {params}, neither configured nor in the space"

    def test_every_learner_takes_what_it_proposes(self, subject: Subject) -> None:
        """In the search space that the learner declares."""
        for learner in installed("learners"):
            component = learner.component
            start = {name: asdict(component.options())[name] for name in component.space}
            for params in self.proposals(subject.made(space=component.space, starts=[start]), 5):
                problems = list(schema_problems(OmegaConf.create(params), component.options, ""))
                assert not problems, f"{subject} proposes for {learner}: {'; '.join(problems)}"


def _is_within(value: Any, span: Range | Choice) -> bool:
    return value in span.values if isinstance(span, Choice) else bool(span.low <= value <= span.high)
