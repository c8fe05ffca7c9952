"""Declarations: what a plugin says of a component before anything heavy is imported."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
CLASSES: tuple[Task, ...] = ("binary", "multiclass")

TRAITS = {
    "categories": "reads category columns as they are",
    "missing": "reads missing values as they are",
    "unscaled": "does not care about the scale of columns",
    "weights": "takes row weights",
    "incremental": "learns from batches, one after the other",
    "deterministic": "same seed and threads, same bytes",
    "any_threads": "same seed, same bytes, with any number of threads",
    "concurrent": "can be fitted several times at once, in threads of one process",
    "glassbox": "can be read by a person",
    "rare_classes": "copes with a class that has one row",
    "fills": "leaves no missing cell in the columns that it rewrites",
    "scales": "brings the columns of numbers that it rewrites to one scale",
    "text": "makes columns of free text",
    "open_levels": "reads the letters of levels, also of those that no training row had",
    "validation": "asks validation rows and no test rows, so that what it says may be acted on",
    "adds": "leaves every column as it is, and adds others",
    "out_of_fold": "answers for the rows it was fitted on as for others, by fit_transform",
}


@dataclasses.dataclass(frozen=True)
class NoOptions:
    """The options of a component that has none."""


def option(
    default: Any,
    help: str,  # noqa: A002 - the word that users know from command lines
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] | None = None,
    unit: str = "",
    open_low: bool = False,
) -> Any:
    """Declare one typed option of a component, as a field of its options dataclass.

    Parameters
    ----------
    default
        The value when nothing is said.
    help
        One line for people.
    low, high
        Smallest and largest value that can work, both included (`low` excluded with `open_low`).
    choices
        The only values that can work.
    unit
        Unit of the value, such as ``"s"`` or ``"rows"``.
    """
    facts = {
        "help": help,
        "low": low,
        "high": high,
        "choices": choices,
        "unit": unit,
        "open_low": open_low,
    }
    if isinstance(default, (list, dict)):
        return dataclasses.field(default_factory=lambda: type(default)(default), metadata=facts)
    return dataclasses.field(default=default, metadata=facts)


@dataclasses.dataclass(frozen=True)
class Range:
    """A numeric option's search range, both ends included.

    ``complexity`` says which way the model grows more complex with the option: +1, -1, or 0 when it does not.
    ``when`` names another option and its value without which this one plays no part.
    """

    low: float
    high: float
    log: bool = False
    complexity: int = 0
    when: tuple[str, Any] | None = None


@dataclasses.dataclass(frozen=True)
class Choice:
    """An option's search values, without order; ``when`` as of a range."""

    values: tuple[Any, ...]
    complexity: int = 0
    when: tuple[str, Any] | None = None


@dataclasses.dataclass(frozen=True)
class Component:
    """A light, frozen declaration of something that can be named in the configuration.

    Parameters
    ----------
    name
        The name that users type, ``[a-z][a-z0-9_]*``.
    target
        ``"package.module:thing"``; imported on first use. Called with the options as keywords and, where its
        signature names them, with ``task``, ``seed`` (or ``random_state``) and ``threads`` (or ``n_jobs``).
    summary
        One line for people.
    options
        A dataclass whose fields are made by :func:`option`.
    tasks
        The tasks that it serves.
    traits
        Words from :data:`TRAITS`.
    space
        Default search space, by option.
    rounds
        The option that is the number of rounds, for a learner that grows by rounds and can watch the loss of other rows
        meanwhile (``eval_set``).
    shrinkage
        The option that says how large the step of a round is, where steps twice as large need about half of the rounds:
        in a search by seconds it is raised where a trial would take too many of them.
    portfolio
        Options that have done well on other tables, each a mapping from some options to values: tried before anything
        is proposed.
    roles
        Parts that a column must be declared to play (``source.time=...``) before it can work.
    reference
        Where the method was published.

    Raises
    ------
    ValueError
        A name, target, trait or search option that cannot work.

    Examples
    --------
    >>> Component("ridge", "acme.ridge:Ridge", "linear model with an L2 penalty").name
    'ridge'
    """

    name: str
    target: str
    summary: str
    options: type = NoOptions
    tasks: tuple[Task, ...] = TASKS
    traits: frozenset[str] = frozenset()
    space: Mapping[str, Range | Choice] = dataclasses.field(default_factory=dict)
    rounds: str = ""
    shrinkage: str = ""
    portfolio: tuple[Mapping[str, Any], ...] = ()
    roles: frozenset[str] = frozenset()
    reference: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"component name {self.name!r} cannot work: give [a-z][a-z0-9_]*")
        if not re.fullmatch(r"[\w.]+:[\w.]+", self.target):
            raise ValueError(f"target {self.target!r} of {self.name!r} cannot work: give 'package.module:thing'")
        if not dataclasses.is_dataclass(self.options):
            raise ValueError(f"options of {self.name!r} must be a dataclass, not {self.options!r}")
        object.__setattr__(self, "traits", frozenset(self.traits))
        if strange := self.traits - TRAITS.keys():
            raise ValueError(f"traits {sorted(strange)} of {self.name!r} are unknown; known: {sorted(TRAITS)}")
        named = [("search space", self.space), ("rounds", [self.rounds] if self.rounds else [])]
        named += [("shrinkage", [self.shrinkage] if self.shrinkage else [])]
        named += [("portfolio", options) for options in self.portfolio]
        for what, names in named:
            if strangers := set(names) - {field.name for field in dataclasses.fields(self.options)}:
                raise ValueError(f"{what} of {self.name!r} names {sorted(strangers)}, which are no options of it")


def flat(said: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what ``tuner.space`` says of each option, by its dotted name.

    Examples
    --------
    >>> list(flat({"C": [1, 2], "sampler": {"ratio": [0.5, 1.0]}}))
    [('C', [1, 2]), ('sampler.ratio', [0.5, 1.0])]
    """
    for name, value in said.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
