"""What a target is asked for, and what it gives."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from mesic.bundle.bundle import Bundle
from mesic.errors import SettingError, UsageError

Row = Mapping[str, Any]
EPOCH = date(1970, 1, 1)
VERSION = re.compile(r"[\w .,:+@#()-]{1,100}")  # it stands in files of C, Python and others: no quotes, no newlines


@dataclass(frozen=True)
class Release:
    """What an artefact is called.

    Parameters
    ----------
    version
        Letters, digits, spaces and ``.,:+@#()_-``; it stands in the artefact and in each of its forms.
    bundle
        Digest of the bundle that it is made of.
    expires
        The last day on which it answers, UTC; None: it never expires.

    Examples
    --------
    >>> Release("2.1", "3f", date(1970, 1, 31)).last_day
    30
    """

    version: str
    bundle: str
    expires: date | None = None

    @property
    def last_day(self) -> int | None:
        """The last day as a number of days since 1970."""
        return None if self.expires is None else (self.expires - EPOCH).days


@dataclass(frozen=True)
class Built:
    """What a target says of what it built.

    Parameters
    ----------
    requirements
        What must be there where the artefact runs, a line each.
    cannot
        What the bundle can do and the artefact cannot, a line each.
    facts
        More that is worth knowing; what JSON can hold.
    """

    requirements: Sequence[str] = ()
    cannot: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Door(Protocol):
    """One way in which others ask an artefact; a process of its own answers.

    ``tolerance`` is by how much a score may differ from the bundle's: 0 where the same code runs.
    """

    tolerance: float

    def ask(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return an answer a row, in order: ``prediction`` and ``p_<label>``, or ``error`` where it is refused."""
        ...


class Target(Protocol):
    """Builds artefacts of a bundle, and knows their doors."""

    def build(self, bundle: Bundle, folder: Path, release: Release) -> Built:
        """Write the artefact into `folder`, which is empty, and nothing elsewhere."""
        ...

    def doors(self, folder: Path) -> Mapping[str, Door]:
        """Return every door of an artefact that lies in `folder`, by name; each is proven."""
        ...


def release_of(bundle: Bundle, version: str | None, expires: str | None, today: date) -> Release:
    """Return what an artefact is called; without a version it is called by its bundle.

    Raises
    ------
    UsageError
        ``expires`` is no day, or lies in the past; the version holds other letters than names of versions do.
    """
    called = bundle.digest[:12] if version is None else version
    if not isinstance(called, str):
        raise SettingError("version", called, f"a text: '{called}'")
    if not VERSION.fullmatch(called):
        raise UsageError(
            f"version={called[:200]!r} cannot work: give 1 to 100 letters, digits, spaces and . , : + @ # ( ) _ -"
        )
    if expires is None:
        return Release(called, bundle.digest)
    try:
        day = date.fromisoformat(str(expires))
    except ValueError:
        raise UsageError(f"expires={expires} cannot work: give a day such as 2027-01-31") from None
    if day < today:
        raise UsageError(f"expires={expires} cannot work: that day has passed; give one from {today.isoformat()} on")
    return Release(called, bundle.digest, day)
