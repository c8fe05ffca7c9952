"""What a search varies: options of one learner or of several, and of the parts before it where the user asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from mesic.errors import UsageError
from mesic.host.components import Choice, Component, Range, flat
from mesic.host.registry import Registry
from mesic.training.part import Part
from mesic.training.recipe import Recipe

LEARNER, SAMPLER, SELECTOR, TRANSFORMER = "learner", "sampler", "selector", "transformer"
NOTHING = "none"

Span = Range | Choice


@dataclass(frozen=True)
class SearchSpace:
    """Spans by the names of the options that are searched.

    An option of a single learner goes by its own name, of one among several by ``linear.C``; that of another part by
    ``sampler.ratio`` or ``selector.boruta.alpha``.

    Parameters
    ----------
    learners
        At least one.
    spans
        What the tuner proposes.
    most_rounds
        By learner, how many rounds there are at most where their number is found within each trial.
    registry
        Where samplers and selectors are looked up that a span chooses between.
    """

    learners: tuple[Part, ...]
    spans: Mapping[str, Span]
    most_rounds: Mapping[str, int]
    registry: Registry

    @classmethod
    def of(cls, learners: Sequence[Part], asked: Mapping[str, Any], registry: Registry) -> "SearchSpace":
        """Return the declared spaces, less what was set by hand, changed by ``tuner.space``.

        An option whose value differs from its default was set by hand and stays as it is, unless ``tuner.space``
        names it.

        Parameters
        ----------
        learners
            Those that are tried.
        asked
            ``tuner.space``.
        registry
            Where samplers and selectors are looked up.
        """
        said = dict(flat(asked))
        spans: dict[str, Span] = {}
        most_rounds: dict[str, int] = {}
        if len(learners) > 1:
            spans[LEARNER] = Choice(tuple(part.name for part in learners))
        for part in learners:
            prefix = f"{part.name}." if len(learners) > 1 else ""
            own = {name.removeprefix(prefix): span for name, span in said.items() if _is_of(name, prefix, part)}
            for name, span in _spans_of(part, own).items():
                if name == part.offer.component.rounds and isinstance(span, Range):
                    most_rounds[part.name] = int(span.high)
                else:
                    spans[prefix + name] = replace(span, when=(LEARNER, part.name)) if prefix else span
        others = {name: span_of(span, None) for name, span in said.items() if span and _is_elsewhere(name)}
        return cls(tuple(learners), {**spans, **others}, most_rounds, registry)

    @property
    def is_searched(self) -> bool:
        """Whether there is more than one thing to try."""
        return bool(self.spans)

    def starts(self, recipe: Recipe) -> list[dict[str, Any]]:
        """Return what is tried first: each learner as it is configured, then what its portfolio holds, in turn.

        The first learner is one ahead of the others: what it does in its second trial tells what theirs have to beat.
        """
        known = [
            (turn - (part is self.learners[0]), self._start(recipe, part, changed), not changed)
            for part in self.learners
            for turn, changed in enumerate(({}, *part.offer.component.portfolio))
        ]
        in_turn = sorted(known, key=lambda start: start[0])
        starts = [start for _, start, is_configured in in_turn if is_configured or self._holds(start)]
        return [start for place, start in enumerate(starts) if start not in starts[:place]]

    def _start(self, recipe: Recipe, part: Part, changed: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, span in self.spans.items():
            if name == LEARNER:
                values[name] = part.name
            elif _is_elsewhere(name):
                values[name] = _configured(recipe, name)
            elif span.when is None or span.when == (LEARNER, part.name):
                option = name.removeprefix(f"{part.name}.")
                values[name] = changed.get(option, part.options[option])
        return values

    def _holds(self, start: Mapping[str, Any]) -> bool:
        return all(_is_within(value, self.spans[name]) for name, value in start.items())

    def recipe(self, recipe: Recipe, params: Mapping[str, Any]) -> Recipe:
        """Return the recipe of proposed values; those of learners that are not chosen play no part."""
        chosen = self.part_of(params)
        prefix = self.prefix_of(chosen)
        others = {name: value for name, value in params.items() if name != LEARNER}
        known = {field.name for field in fields(chosen.offer.component.options)}
        own = {name.removeprefix(prefix): value for name, value in others.items() if not _is_elsewhere(name)}
        own = {name: value for name, value in own.items() if name in known}
        rounds = chosen.offer.component.rounds
        is_sought = chosen.name in self.most_rounds and rounds not in own
        if is_sought:
            own[rounds] = self.most_rounds[chosen.name]
        changed = replace(recipe.with_learner(chosen.with_options(own)), most_rounds=own[rounds] if is_sought else None)
        for name, value in others.items():
            if _is_elsewhere(name):
                changed = _with_other(changed, name, value, self.registry)
        return changed

    def with_rounds(self, params: Mapping[str, Any], rounds: int | None) -> dict[str, Any]:
        """Return proposed values and the number of rounds that was found for them."""
        chosen = self.part_of(params)
        return (
            dict(params)
            if rounds is None
            else {**params, self.prefix_of(chosen) + chosen.offer.component.rounds: rounds}
        )

    def part_of(self, params: Mapping[str, Any]) -> Part:
        """Return the learner that proposed values choose."""
        name = params.get(LEARNER, self.learners[0].name)
        return next(part for part in self.learners if part.name == name)

    def prefix_of(self, part: Part) -> str:
        """Return what stands before the names of a learner's options."""
        return f"{part.name}." if LEARNER in self.spans else ""

    def without(self, names: Sequence[str]) -> "SearchSpace":
        """Return the space without some of the learners."""
        learners = tuple(part for part in self.learners if part.name not in names)
        spans = {name: span for name, span in self.spans.items() if span.when is None or span.when[1] not in names}
        if LEARNER in spans:
            spans[LEARNER] = Choice(tuple(part.name for part in learners))
        return replace(self, learners=learners, spans=spans)

    def every_span(self) -> dict[str, Span]:
        """Return the spans, and those of the rounds that are found within trials."""
        rounds = {
            self.prefix_of(part) + part.offer.component.rounds: Range(1, self.most_rounds[part.name], complexity=+1)
            for part in self.learners
            if part.name in self.most_rounds
        }
        return {**self.spans, **rounds}

    def facts(self) -> dict[str, Any]:
        """Return what is searched, as names and numbers; JSON-able."""
        options = {part.name: dict(part.options) for part in self.learners}
        return {"learners": options, "spans": {name: str(span) for name, span in self.every_span().items()}}

    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest value that each learner's option can have at all."""
        return {
            self.prefix_of(part) + name: ends
            for part in self.learners
            for name, ends in limits_of(part.offer.component).items()
        }


def span_of(said: Any, declared: Span | None) -> Span:
    """Return the search range that a list stands for: ``[low, high]``, ``[low, high, log]``, or choices.

    Examples
    --------
    >>> span_of([0.1, 10, "log"], None)
    Range(low=0.1, high=10, log=True, complexity=0, when=None)
    >>> span_of(["l1", "l2"], None)
    Choice(values=('l1', 'l2'), complexity=0, when=None)
    """
    complexity = declared.complexity if declared else 0
    values = list(said)
    log = values[-1:] == ["log"]
    numbers = values[:-1] if log else values
    if len(numbers) == 2 and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
        return Range(numbers[0], numbers[1], log, complexity)
    return Choice(tuple(values), complexity)


def limits_of(component: Component) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value that each option can have at all."""
    found = {}
    for option in fields(component.options):
        low, high = option.metadata.get("low"), option.metadata.get("high")
        found[option.name] = (-np.inf if low is None else low, np.inf if high is None else high)
    return found


def _spans_of(part: Part, asked: Mapping[str, Any]) -> dict[str, Span]:
    component = part.offer.component
    defaults = component.options()
    space = {
        name: span
        for name, span in component.space.items()
        if part.options.get(name) == getattr(defaults, name) and name not in asked
    }
    return space | {name: span_of(said, component.space.get(name)) for name, said in asked.items() if said}


def _is_of(name: str, prefix: str, part: Part) -> bool:
    known = {field.name for field in fields(part.offer.component.options)}
    return not _is_elsewhere(name) and name.startswith(prefix) and name.removeprefix(prefix) in known


def _is_elsewhere(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in (SAMPLER, SELECTOR, TRANSFORMER)


def _is_within(value: Any, span: Span) -> bool:
    return value in span.values if isinstance(span, Choice) else bool(span.low <= value <= span.high)


def _configured(recipe: Recipe, name: str) -> Any:
    """Return the configured value of an option of a part before the learner."""
    kind, *path = name.split(".")
    if kind == SAMPLER:
        return recipe.sampler.options[path[0]] if path else recipe.sampler.name
    parts = recipe.selectors if kind == SELECTOR else recipe.transformers
    if not path:
        return parts[0].name if parts else NOTHING
    return _named(parts, name).options[path[1]]


def _with_other(recipe: Recipe, name: str, value: Any, registry: Registry) -> Recipe:
    """Return the recipe with another sampler or selector, or with another option of a part before the learner."""
    kind, *path = name.split(".")
    if kind == SAMPLER:
        given = recipe.sampler
        return replace(
            recipe, sampler=given.with_options({path[0]: value}) if path else _other(given, kind, value, registry)
        )
    parts = list(recipe.selectors if kind == SELECTOR else recipe.transformers)
    if path:
        place = parts.index(_named(parts, name))
        parts[place] = parts[place].with_options({path[1]: value})
    else:
        parts = [] if value == NOTHING else [_other(parts[0] if parts else None, kind, value, registry)]
    return replace(recipe, selectors=parts) if kind == SELECTOR else replace(recipe, transformers=parts)


def _other(given: Part | None, kind: str, name: str, registry: Registry) -> Part:
    return given if given is not None and given.name == name else Part(registry.find(kind, name))


def _named(parts: Sequence[Part], name: str) -> Part:
    kind, wanted = name.split(".")[:2]
    for part in parts:
        if part.name == wanted:
            return part
    raise UsageError(f"tuner.space.{name} cannot work: {kind}={wanted} is not in the configuration")
