"""What every component promises, whatever its kind: what it declares is true and can be worked with."""

import functools
import inspect
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import Field, fields
from typing import Any, get_origin, get_type_hints

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mesic.config.schema_check import schema_problems
from mesic.config.sources import component_node
from mesic.errors import ComponentError, MesicError
from mesic.host.components import TASKS, Choice
from mesic.host.kinds import KINDS
from mesic.testing.subjects import Subject

_HEAVY = ("numpy", "pandas", "pyarrow", "scipy", "sklearn")
_ROLES = {"time", "group", "part", "weight", "key"}
_DECLARE = """
import importlib, json, sys
module, _, path = sys.argv[1].partition(":")
plugin = importlib.import_module(module)
for part in filter(None, path.split(".")):
    plugin = getattr(plugin, part)
for hook in json.loads(sys.argv[2]):
    list(getattr(plugin, hook, tuple)())
print(json.dumps(sorted(sys.modules)))
"""


class ComponentContract:
    """Promises of every component; the suite of a kind is a subclass that names its kind."""

    def __init_subclass__(cls, kind: str = "", **more: Any) -> None:
        """Let the argument of every promise bear the kind's name, as pytest parametrizes it."""
        super().__init_subclass__(**more)
        for name in dir(cls) if kind else ():
            if name.startswith("test_"):
                setattr(cls, name, _asked_by(kind, inspect.unwrap(getattr(cls, name))))

    def make(self, subject: Subject, task: str) -> Any:
        """Return the component as a run makes it."""
        return subject.made(task)

    def test_it_says_what_it_and_each_option_is(self, subject: Subject) -> None:
        """People read one line on the component and one on every option."""
        component = subject.component
        lines = {"summary": component.summary} | {
            option.name: option.metadata.get("help", "") for option in fields(component.options)
        }
        for name, line in lines.items():
            assert line.strip(), f"{subject}: {name} is not explained; declare it with option(default, help)"
            assert "\n" not in line, f"{subject}: {name} is explained in more than one line"

    def test_its_tasks_and_roles_are_known(self, subject: Subject) -> None:
        """A component serves a task at least, and needs no role that a column cannot have."""
        component = subject.component
        assert component.tasks, f"{subject} serves no task"
        assert set(component.tasks) <= set(TASKS), f"{subject} serves {component.tasks}; known: {TASKS}"
        assert component.roles <= _ROLES, f"{subject} needs {sorted(component.roles - _ROLES)}; known: {sorted(_ROLES)}"

    def test_its_options_are_typed_settings_with_defaults_that_work(self, subject: Subject) -> None:
        """Hydra can make a node of the options, and nothing is wrong with their defaults."""
        try:
            component_node(subject.component)
        except OmegaConfBaseException as error:
            raise AssertionError(f"{subject}: Hydra cannot hold its options: {error}") from error
        problems = _problems(subject, subject.options)
        assert not problems, f"{subject}: {'; '.join(problems)}"

    def test_a_value_that_cannot_work_is_refused_by_name(self, subject: Subject) -> None:
        """The message names the option, and what can be given."""
        hints = get_type_hints(subject.component.options)
        for option in fields(subject.component.options):
            for value, allowed in _forbidden(option, hints[option.name]):
                message = "; ".join(_problems(subject, {option.name: value}))
                assert option.name in message, f"{subject}: {option.name}={value!r} is not refused"
                assert allowed in message, f"{subject}: {message!r} does not say that {allowed} is allowed"

    def test_its_search_space_lies_within_its_options(self, subject: Subject) -> None:
        """Whatever a tuner proposes can be given."""
        for name, span in subject.component.space.items():
            values = span.values if isinstance(span, Choice) else (span.low, span.high)
            assert values, f"{subject}: nothing is searched for {name}"
            problems = [problem for value in values for problem in _problems(subject, {name: value})]
            assert not problems, f"{subject} is searched where it cannot work: {'; '.join(problems)}"
            assert span.complexity in (-1, 0, 1), f"{subject}: complexity of {name} is {span.complexity}, not -1, 0, 1"
            if not isinstance(span, Choice):
                assert span.low < span.high, f"{subject}: the search of {name} ends below {span.low}"
                assert span.low > 0 or not span.log, f"{subject}: {name} is searched by logarithm from {span.low}"

    def test_declaring_it_imports_nothing_heavy(self, subject: Subject) -> None:
        """``mesic --help`` asks every plugin what it offers and must not pay for NumPy."""
        heavy = set(_HEAVY) & _modules_after_declaring(subject.offer.provider.module)
        assert not heavy, f"{subject.offer.provider.module} imports {', '.join(sorted(heavy))} to declare {subject}"

    def test_it_can_be_made_and_pickled(self, subject: Subject) -> None:
        """Its target can be imported, takes its options, and survives the way to another process."""
        for task in subject.component.tasks:
            made = self.make(subject, task)
            again = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes of a moment ago
            assert type(again) is type(made), f"{subject} comes out of a pickle as {type(again).__name__}"


def _asked_by(kind: str, promise: Callable[[Any, Subject], None]) -> Callable[..., None]:
    """Return a promise whose argument is named as the kind."""

    @functools.wraps(promise)
    def asked(self: Any, *subject: Subject, **named: Subject) -> None:
        promise(self, *subject, *named.values())

    own, subject = inspect.signature(promise).parameters.values()
    asked.__signature__ = inspect.Signature([own, subject.replace(name=kind)])  # type: ignore[attr-defined]  # read by inspect
    return asked


def _problems(subject: Subject, values: dict[str, Any]) -> list[str]:
    return list(schema_problems(OmegaConf.create(values), subject.component.options, ""))


def _forbidden(option: "Field[Any]", hint: Any) -> Iterator[tuple[Any, str]]:
    """Yield values that an option declares not to take, each with a word that its refusal must hold."""
    facts = option.metadata
    low, high, choices = facts.get("low"), facts.get("high"), facts.get("choices")
    yield (5 if get_origin(hint) is dict else {"no": "value"}), "give"
    if low is not None:
        yield (low if facts.get("open_low") else low - 1), f"{low:g}"
    if high is not None:
        yield high + 1, f"{high:g}"
    if choices:
        yield "no such choice", str(choices[0])


@functools.lru_cache
def _modules_after_declaring(plugin: str) -> frozenset[str]:
    hooks = json.dumps([kind.hook for kind in KINDS.values()])
    done = subprocess.run([sys.executable, "-c", _DECLARE, plugin, hooks], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, f"{plugin} cannot declare what it offers: {done.stderr}"
    return frozenset(json.loads(done.stdout))


@contextmanager
def or_refusal(what: str) -> Iterator[None]:
    """Let the block work, or refuse in words that a user can act on."""
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        is_refusal = isinstance(error, (ValueError, MesicError)) and not isinstance(error, ComponentError)
        if not is_refusal or not str(error).strip():
            raise AssertionError(f"{what}: neither done nor refused in words, but {error!r}") from error
