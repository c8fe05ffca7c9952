"""Every promise of a component is put to the test, and those that are broken are named together."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mesic.errors import UsageError
from mesic.testing.component import ComponentContract
from mesic.testing.fitted import FittedContract
from mesic.testing.subjects import Subject
from mesic.testing.tables import Tables

PREFIX = "test_"


@dataclass(frozen=True)
class BrokenPromise:
    """A promise that a component does not keep.

    Parameters
    ----------
    component
        Its address, such as ``transformer/acme``.
    promise
        The name of the promise, without ``test_``.
    why
        What was seen, in one line.

    Examples
    --------
    >>> print(BrokenPromise("transformer/acme", "one_row_is_enough", "1 row gives 2"))
    transformer/acme: one row is enough: 1 row gives 2
    """

    component: str
    promise: str
    why: str

    def __str__(self) -> str:
        return f"{self.component}: {self.promise.replace('_', ' ')}: {self.why}"


def promises(suite: type[ComponentContract]) -> list[str]:
    """Return the names of a suite's promises, without ``test_``, sorted."""
    return [name.removeprefix(PREFIX) for name in dir(suite) if name.startswith(PREFIX)]


def suite_of(kind: str) -> type[ComponentContract]:
    """Return the contract suite of a kind.

    Examples
    --------
    >>> suite_of("selector").__name__
    'SelectorContract'
    """
    from mesic import testing

    suite: type[ComponentContract] = getattr(testing, f"{kind.capitalize()}Contract")
    return suite


def broken_promises(subject: Subject, tables: Tables | None = None) -> list[BrokenPromise]:
    """Put every promise of a component's kind to the test; neither pytest nor a test of one's own is needed.

    Parameters
    ----------
    subject
        The component.
    tables
        What to ask the promises on, such as :class:`SchemaTables`; by default tables that are made to be hard.

    Raises
    ------
    UsageError
        Python runs with ``-O``, which leaves the assertions out.

    Examples
    --------
    >>> from mesic.testing import installed
    >>> (scale,) = [transformer for transformer in installed("transformers") if transformer.name == "standardize"]
    >>> broken_promises(scale)
    []
    """
    if not __debug__:
        raise UsageError("promises are assertions, which python -O leaves out: start Python without -O")
    suite: Any = suite_of(subject.offer.kind.name)()
    if tables is not None and isinstance(suite, FittedContract):
        suite.tables = tables
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(_broken(suite, subject))


def _broken(suite: ComponentContract, subject: Subject) -> Iterator[BrokenPromise]:
    for promise in promises(type(suite)):
        try:
            getattr(suite, f"{PREFIX}{promise}")(subject)
        except Exception as error:  # noqa: BLE001 - a component may fail in any way, and the others are asked, too
            yield BrokenPromise(str(subject), promise, _in_one_line(error, subject))


def _in_one_line(error: Exception, subject: Subject) -> str:
    """Return the line in which the promise says what was broken; NumPy's assertions bury it among others."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in lines if str(subject) in line), " ".join(lines))
    said = said.removeprefix(str(subject)).lstrip(": ")
    return said if isinstance(error, AssertionError) and said else f"{type(error).__name__}: {said}"
