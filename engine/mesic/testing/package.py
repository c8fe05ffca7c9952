"""``mesic check package=``: every component of a distribution keeps the promises of its kind."""

import re
from collections.abc import Sequence
from pathlib import Path

from mesic.console import progress
from mesic.errors import CheckFailed, ComponentError, UsageError
from mesic.host.building import load_target
from mesic.host.names import did_you_mean
from mesic.host.registry import Offer, Registry, installed
from mesic.testing.promises import broken_promises
from mesic.testing.schema_tables import SchemaTables
from mesic.testing.subjects import Subject
from mesic.testing.tables import Tables


def check_package(name: str, schema: Path | None = None) -> str:
    """Put every promise of every component that a distribution offers to the test, and say what was tested.

    Parameters
    ----------
    name
        Of the distribution, as pip knows it.
    schema
        A ``schema.yaml``: whatever is fitted is then tested on rows that it describes.

    Raises
    ------
    CheckFailed
        A promise is broken, or a plugin of the distribution could not be loaded; all are named.
    ComponentError
        No such distribution offers anything.
    UsageError
        The schema cannot be read.
    """
    tables = SchemaTables.read(schema) if schema else None
    offers, problems = _offered(installed(), name)
    subjects, left_out = _subjects(offers)
    with progress(f"checking {name}") as say:
        for subject in subjects:
            say(str(subject))
            problems += _broken(subject, tables)
    if problems:
        lines = [f"{_counted(len(problems), 'promise')} broken:", *problems, *left_out]
        raise CheckFailed("\n  ".join(lines), problems)
    return "; ".join([f"{_counted(len(subjects), 'component')} keep every promise", *left_out])


def _broken(subject: Subject, tables: Tables | None) -> list[str]:
    """Return the promises that a component breaks; the error alone where it cannot even be imported."""
    try:
        load_target(subject.offer)
    except ComponentError as error:
        return [str(error)]
    return [str(promise) for promise in broken_promises(subject, tables)]


def _offered(registry: Registry, name: str) -> tuple[list[Offer], list[str]]:
    """Return what a distribution offers, and which of its plugins are broken."""
    offers = [offer for offer in registry if _is_called(offer.provider.distribution, name)]
    broken = [plugin for plugin in registry.broken if _is_called(plugin.provider.distribution, name)]
    if not offers and not broken:
        known = sorted({offer.provider.distribution for offer in registry})
        raise ComponentError(
            f"no installed distribution {name!r} offers components; those that do: {', '.join(known)}"
            f"{did_you_mean(name, known)}"
        )
    return offers, [f"{plugin.provider} ({plugin.provider.entry_point}): {plugin.error}" for plugin in broken]


def _is_called(distribution: str, name: str) -> bool:
    """Return whether two names are one for pip, which takes no notice of case, dots, dashes and underscores."""
    left, right = (re.sub(r"[-_.]+", "-", text).lower() for text in (distribution, name))
    return left == right


def _subjects(offers: Sequence[Offer]) -> tuple[list[Subject], list[str]]:
    """Return what can be tested with default options, and what cannot."""
    subjects, left_out = [], []
    for offer in offers:
        try:
            subjects.append(Subject.with_defaults(offer))
        except UsageError as error:
            left_out.append(f"not tested: {error}")
    return subjects, left_out


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
