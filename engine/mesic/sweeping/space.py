"""The search space: what Hydra's grammar of sweeps, and the declarations of components, become in Optuna."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
    Sweep,
    Transformer,
)
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from mesic.errors import UsageError

Values = Mapping[str, Any]
TAGS = {"log"}
WORD = re.compile(r"[A-Za-z_][\w.\-/]*", re.ASCII)
NO_TEXT = {"null", "true", "false", "nan", "inf"}  # what the grammar reads as something else
LARGEST_GRID = 1_000_000


@dataclass(frozen=True)
class Space:
    """What is searched.

    Parameters
    ----------
    always
        What each trial has, by the key of the override.
    where
        What stands only where a key of `always` has a certain value: by key, by value.
    """

    always: Mapping[str, BaseDistribution]
    where: Mapping[str, Mapping[Any, Mapping[str, BaseDistribution]]] = field(default_factory=dict)

    @property
    def is_conditional(self) -> bool:
        """Whether trials differ in what they have."""
        return any(branch for branches in self.where.values() for branch in branches.values())

    def every(self) -> dict[str, BaseDistribution]:
        """Return everything that any trial may have."""
        found = dict(self.always)
        for branches in self.where.values():
            for branch in branches.values():
                found |= branch
        return found

    def draw(self, trial: Trial) -> dict[str, Any]:
        """Let Optuna draw what a trial has; return it by the key of the override."""
        drawn = {key: _suggest(trial, key, distribution) for key, distribution in self.always.items()}
        for key, branches in self.where.items():
            for name, distribution in branches.get(drawn[key], {}).items():
                drawn[key_of(name)] = _suggest(trial, name, distribution)
        return drawn

    def grid(self) -> list[dict[str, Any]]:
        """Return every combination, in the order of Hydra's own sweeper.

        Raises
        ------
        UsageError
            An interval has no end of values, or there are too many combinations.
        """
        if self.is_conditional:
            raise UsageError("sampler='grid' cannot work with a space that depends on a choice: give tpe or random")
        axes = {key: list(grid_values(key, distribution)) for key, distribution in self.always.items()}
        count = 1
        for values in axes.values():
            count *= len(values)
        if count > LARGEST_GRID:
            raise UsageError(f"sampler='grid' would have {count:,} combinations: give fewer values, or tpe or random")
        return [dict(zip(axes, combination, strict=True)) for combination in product(*axes.values())]


def branches_of(spaces: Mapping[Any, Mapping[str, BaseDistribution]]) -> dict[Any, dict[str, BaseDistribution]]:
    """Return the spaces of several choices, with names of their own for keys that are searched in different ranges.

    Examples
    --------
    >>> wide, narrow = IntDistribution(1, 9), IntDistribution(1, 3)
    >>> list(branches_of({"tree": {"depth": wide}, "forest": {"depth": narrow}})["tree"])
    ['depth (tree)']
    >>> list(branches_of({"tree": {"depth": wide}, "forest": {"depth": wide}})["tree"])
    ['depth']
    """
    seen: dict[str, list[BaseDistribution]] = {}
    for space in spaces.values():
        for key, distribution in space.items():
            seen.setdefault(key, []).append(distribution)
    torn = {key for key, distributions in seen.items() if any(other != distributions[0] for other in distributions)}
    return {
        choice: {f"{key} ({choice})" if key in torn else key: span for key, span in space.items()}
        for choice, space in spaces.items()
    }


def key_of(name: str) -> str:
    """Return the key of the override that a parameter of the study stands for.

    Examples
    --------
    >>> key_of("learner.depth (tree)")
    'learner.depth'
    """
    return name.partition(" (")[0]


def grid_values(key: str, distribution: BaseDistribution) -> Iterator[Any]:
    """Yield the values of a choice or of a range of whole numbers or of steps."""
    if isinstance(distribution, CategoricalDistribution):
        yield from distribution.choices
    elif isinstance(distribution, IntDistribution) and not distribution.log:
        yield from range(distribution.low, distribution.high + 1, distribution.step)
    elif isinstance(distribution, FloatDistribution) and distribution.step is not None:
        count = round((distribution.high - distribution.low) / distribution.step) + 1
        yield from (round(distribution.low + place * distribution.step, 12) for place in range(count))
    else:
        raise UsageError(f"sampler='grid' cannot work with {key}, which has no end of values: give choices or a range")


def _suggest(trial: Trial, key: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(key, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(key, distribution.low, distribution.high, step=distribution.step, log=distribution.log)


def overrides_of(values: Values) -> list[str]:
    """Return a trial's values as overrides.

    Examples
    --------
    >>> overrides_of({"lr": 0.1, "bias": True, "model": "tree", "cap": None})
    ['lr=0.1', 'bias=True', 'model=tree', 'cap=null']
    """
    return [f"{key}={value if isinstance(value, str) else Transformer.str(value)}" for key, value in values.items()]


def split(overrides: Sequence[Override]) -> tuple[dict[str, BaseDistribution], list[str]]:
    """Return what is searched, by key, and the overrides that are the same in every job.

    Parameters
    ----------
    overrides
        Of the configuration and of the command line; the parser of Hydra has read them.

    Raises
    ------
    UsageError
        A key is said twice, or its values cannot be searched.
    """
    searched: dict[str, BaseDistribution] = {}
    fixed: dict[str, str] = {}
    for override in overrides:
        key = override.get_key_element()
        if key in searched or key in fixed:
            raise UsageError(f"{key} is said twice: say it once")
        if override.is_sweep_override():
            searched[key] = distribution_of(override)
        else:
            fixed[key] = override.input_line or key
    return searched, list(fixed.values())


def distribution_of(override: Override) -> BaseDistribution:
    """Return what Optuna draws from for one override of Hydra's grammar.

    Examples
    --------
    >>> from hydra.core.override_parser.overrides_parser import OverridesParser
    >>> parse = OverridesParser.create().parse_override
    >>> distribution_of(parse("lr=tag(log,interval(1e-3,1))"))
    FloatDistribution(high=1.0, log=True, low=0.001, step=None)
    >>> distribution_of(parse("depth=range(1,10)"))
    IntDistribution(high=9, log=False, low=1, step=1)
    >>> distribution_of(parse("model=tree,linear"))
    CategoricalDistribution(choices=('tree', 'linear'))
    """
    said = override.value()
    key = override.get_key_element()
    tags = said.tags if isinstance(said, Sweep) else set()
    if strange := tags - TAGS:
        raise UsageError(f"{key}: the tag {sorted(strange)[0]!r} cannot work: give log, or no tag")
    if isinstance(said, IntervalSweep):
        return _interval(override, said, log="log" in tags)
    if isinstance(said, RangeSweep):
        return _range(override, said, log="log" in tags)
    if tags:
        raise UsageError(f"{_said(override)} cannot work: choices have no order, so leave the tag out")
    return _choice(override)


def _said(override: Override) -> str:
    return override.input_line or override.get_key_element()


def _interval(override: Override, said: IntervalSweep, *, log: bool) -> BaseDistribution:
    low, high = said.start, said.end
    assert low is not None
    assert high is not None
    _refuse_upside_down(override, low, high, log=log)
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _range(override: Override, said: RangeSweep, *, log: bool) -> BaseDistribution:
    values = sorted(replace(said, shuffle=False).range())
    if not values:
        raise UsageError(f"{_said(override)} holds no value: range(start,stop) ends before stop")
    low, high = values[0], values[-1]
    step = values[1] - low if len(values) > 1 else 1
    if log and step != 1:
        raise UsageError(f"{_said(override)} cannot work: a log range has steps of 1; give an interval")
    _refuse_upside_down(override, low, high, log=log)
    if isinstance(low, int):
        return IntDistribution(low, int(high), step=int(step), log=log)
    return FloatDistribution(low, high, step=None if log else float(f"{step:.12g}"), log=log)


def _refuse_upside_down(override: Override, low: float, high: float, *, log: bool) -> None:
    if low > high:
        raise UsageError(f"{_said(override)} cannot work: the first number must be the lower")
    if log and low <= 0:
        raise UsageError(f"{_said(override)} cannot work: a log scale starts above 0")


def _written(value: Any) -> Any:
    """Return a choice as the study keeps it: numbers as they are, all else as it is written in an override."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and (not WORD.fullmatch(value) or value.lower() in NO_TEXT):
        return QuotedString(value, Quote.single).with_quotes()
    return value if isinstance(value, str) else Transformer.str(value)


def _choice(override: Override) -> BaseDistribution:
    if isinstance(override._value, ChoiceSweep):
        override._value.shuffle = False  # the sampler draws; the study must have one order
    choices: list[Any] = list({repr(value): value for value in override.sweep_iterator(transformer=_written)}.values())
    if not choices:
        raise UsageError(f"{_said(override)} holds no value: give choices that there are")
    return CategoricalDistribution(choices)
