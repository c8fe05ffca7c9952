"""From a name in the configuration to the thing itself."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mesic.errors import ComponentError, MesicError, SettingError, UsageError
from mesic.host.ranges import option_problems
from mesic.host.registry import Offer, installed

_CONTEXT = {
    "task": "task",
    "seed": "seed",
    "random_state": "seed",
    "threads": "threads",
    "n_jobs": "threads",
    "objectives": "objectives",
}


def load_target(offer: Offer) -> Any:
    """Import and return what a component's target names.

    Raises
    ------
    ComponentError
        The module or the thing in it cannot be imported.
    """
    module, _, path = offer.component.target.partition(":")
    try:
        thing: Any = import_module(module)
        for part in path.split("."):
            thing = getattr(thing, part)
    except Exception as error:
        raise ComponentError(
            f"{offer.address} of {offer.provider} is broken: {type(error).__name__}: {error}"
        ) from error
    return thing


def refuse_missing_module(offer: Offer) -> None:
    """Raise ComponentError where a component's module does not exist; the module itself is not imported."""
    module = offer.component.target.partition(":")[0]
    try:
        is_there = find_spec(module) is not None
    except ImportError:
        is_there = False
    if not is_there:
        raise ComponentError(f"{offer.address} of {offer.provider} is broken: there is no module {module!r}")


def takes_threads(offer: Offer) -> bool:
    """Return whether a component is told how many threads it may use, so that these are part of what it makes."""
    return any(_CONTEXT.get(name) == "threads" for name in inspect.signature(load_target(offer)).parameters)


def build(offer: Offer, options: Mapping[str, Any], **context: Any) -> Any:
    """Return the component, made with its options and with what it asks for of `context`.

    Parameters
    ----------
    offer
        What to build.
    options
        The options of the configuration, without ``name``.
    context
        ``task``, ``seed``, ``threads`` and ``objectives``; passed where the target names them (scikit-learn's
        ``random_state`` and ``n_jobs`` too).

    Raises
    ------
    UsageError
        An option lies outside its declared range.
    ComponentError
        The component cannot be imported or made.
    """
    if problems := list(option_problems(offer.component, options)):
        raise UsageError(f"{offer.address}: {'; '.join(problems)}")
    target = load_target(offer)
    accepted = inspect.signature(target).parameters
    extra = {
        parameter: context[fact]
        for parameter, fact in _CONTEXT.items()
        if fact in context and parameter in accepted and parameter not in options
    }
    try:
        return target(**options, **extra)
    except MesicError:
        raise
    except Exception as error:
        raise ComponentError(
            f"{offer.address} of {offer.provider} cannot be made: {type(error).__name__}: {error}"
        ) from error


def build_table(path: str, key: str) -> Any:
    """Return the source of a file that was named by a key of a verb.

    Raises
    ------
    SettingError
        There is no such file, or its suffix says nothing; told by the name of the key.
    """
    try:
        return build(installed().find("source", "table"), {"path": path})
    except SettingError as error:
        raise SettingError(key, path, error.allowed) from error
