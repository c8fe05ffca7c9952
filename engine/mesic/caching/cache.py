"""A stage's result, taken from the cache where digests of all that it depends on are the same, or else made and kept.

A hit and a fresh result are one: what was made is given on as its written form says it.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar

from mesic.caching.code import SeenCode, code_behind
from mesic.caching.entries import read, written
from mesic.caching.folder import CacheFolder
from mesic.caching.packing import NotPackable, packed, unpacked
from mesic.findings import Finding
from mesic.host.registry import Registry
from mesic.own import KEY_BYTES, own_key, state_folder
from mesic.runs.environment import package_digest, platform_facts, versions
from mesic.runs.files import json_digest
from mesic.runs.resources import Clock
from mesic.training.part import Part

T = TypeVar("T")
FORMAT = 2
VARIABLE = "MESIC_CACHE"
DEFAULT = ".mesic/cache"
OFF = ("off", "0", "")
CHANCY = ("sampler", "transformer", "selector", "learner", "baseline")  # kinds that say whether they are deterministic


@dataclass(frozen=True)
class Use:
    """One result that was asked of the cache.

    Parameters
    ----------
    what
        Such as ``"partition"`` or ``"auditor twins"``.
    key
        Under which it is kept; empty where it is not.
    is_hit
        Whether it was there.
    seconds
        Of wall time that it took when it was made.
    why
        Why it is not kept; empty where it is.
    """

    what: str
    key: str
    is_hit: bool
    seconds: float
    why: str = ""

    def facts(self) -> dict[str, Any]:
        """Return it as the record holds it."""
        return {"what": self.what, "key": self.key, "cached": self.is_hit, "seconds": round(self.seconds, 4)} | (
            {"why": self.why} if self.why else {}
        )


@dataclass
class StageCache:
    """What was made once, for all runs that use a folder.

    Parameters
    ----------
    folder
        Where it is kept.
    registry
        Whose plugins describe what is fitted.
    threads
        Of the numeric libraries.
    secret
        Under which entries are sealed: what another user left there, or a stranger gave away, is not taken.
    """

    folder: CacheFolder
    registry: Registry
    threads: int
    secret: bytes = b""
    uses: list[Use] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_writable: bool = True

    def of(self, what: str, depends: Any, parts: Iterable[Part], make: Callable[[], T], took_s: float = 0.0) -> T:
        """Return what is kept of a stage, or what `make` returns.

        Parameters
        ----------
        what
            The name of the stage, or of a part of one.
        depends
            Digests of its inputs, its options and its seed; JSON-able.
        parts
            The components that do the work: each counts with its options and its code.
        make
            Does the work. None says that the result is kept under another key: that is no use of the cache.
        took_s
            Seconds that it has taken so far.
        """
        told = list(parts)
        codes = self._codes(told)
        if why := self._why_not(told, codes):
            return self._made(Use(what, "", is_hit=False, seconds=took_s, why=why), make)
        key = self.key(what, depends, told, codes)
        kept = self._loaded(key)
        if kept is not None:
            value: T = kept[1]
            self._book(Use(what, key, is_hit=True, seconds=kept[0]), value)
            return value
        return self._kept(Use(what, key, is_hit=False, seconds=took_s), codes, make)

    def told(self) -> tuple[list[Use], list[Finding]]:
        """Return what was used and found since this was last asked."""
        told = self.uses, self.findings
        self.uses, self.findings = [], []
        return told

    def key(self, what: str, depends: Any, parts: Sequence[Part], codes: Mapping[str, SeenCode | None]) -> str:
        """Return the digest of everything that a result depends on."""
        made = [
            [part.offer.address, str(part.offer.provider), dict(part.options), sorted(part.traits)] for part in parts
        ]
        needed = sorted({line for part in parts for line in _requirements(part.offer.provider.distribution)})
        code = sorted((name, seen.digest) for name, seen in codes.items() if seen is not None)
        return json_digest([FORMAT, what, depends, made, needed, code, _circumstances(), self.threads, self._whose()])

    def _whose(self) -> str:
        """Tell the keys of users who share a folder apart, or each would take what the others kept for damaged."""
        return hashlib.blake2b(b"mesic cache", digest_size=8, key=self.secret).hexdigest()

    def _codes(self, parts: Sequence[Part]) -> dict[str, SeenCode | None]:
        """Return the code of the components, of the plugins that offer them, and of who describes what is fitted."""
        found: dict[str, SeenCode | None] = {}
        for part in parts:
            hooks = part.offer.provider.module.partition(":")[0]
            own = hooks.partition(".")[0]
            for module in (part.offer.component.target.partition(":")[0], hooks):
                found[module] = code_behind(module, own)
        if any(part.offer.kind.name in CHANCY for part in parts):
            found |= {module: code_behind(module) for module in self._describers()}
        return found

    def _describers(self) -> set[str]:
        hooks = (self.registry.manager.hook.to_portable, self.registry.manager.hook.describe_complexity)
        return {found.function.__module__ for hook in hooks for found in hook.get_hookimpls()}

    def _why_not(self, parts: Sequence[Part], codes: Mapping[str, SeenCode | None]) -> str:
        for module, seen in codes.items():
            if seen is None:
                return f"the code of {module} cannot be seen"
            if not seen.is_what_runs():
                return f"the code of {module} has changed since this process started"
        for part in parts:
            if part.offer.kind.name in CHANCY and "deterministic" not in part.traits:
                return f"{part.offer.address} does not say that it is deterministic"
        return ""

    def _loaded(self, key: str) -> tuple[float, Any] | None:
        content = self.folder.load(key)
        if content is None:
            return None
        try:
            said, arrays = read(content, self.secret)
            return said["seconds"], unpacked(said["value"], arrays)
        except Exception:  # noqa: BLE001 - whatever a file says, a run makes it again
            self.folder.drop(key)
            message = f"an entry of the cache {self.folder.path} was damaged, or is not this user's, and was made again"
            self.findings.append(Finding("CACHE-DAMAGED", "info", message, {"key": key}, _FIX_DAMAGED))
            return None

    def _made(self, use: Use, make: Callable[[], T]) -> T:
        clock = Clock.started()
        value = make()
        self._book(replace(use, seconds=use.seconds + clock.wall_s()), value)
        return value

    def _book(self, use: Use, value: Any) -> None:
        if value is not None:
            self.uses.append(use)

    def _kept(self, use: Use, codes: Mapping[str, SeenCode | None], make: Callable[[], T]) -> T:
        clock = Clock.started()
        value = make()
        use = replace(use, seconds=use.seconds + clock.wall_s())
        try:
            said, arrays = packed(value)
        except NotPackable as error:
            self._book(replace(use, key="", why=str(error)), value)
            return value
        self._book(use, value)
        if all(seen is not None and seen.is_what_runs() for seen in codes.values()):
            self._save(use.key, {"seconds": use.seconds, "value": said}, arrays)
        again: T = unpacked(said, arrays)
        return again

    def _save(self, key: str, facts: Any, arrays: Mapping[str, Any]) -> None:
        if not self.is_writable:
            return
        try:
            self.folder.save(key, written(facts, arrays, self.secret))
        except OSError as error:
            self.is_writable = False
            message = f"the cache {self.folder.path} cannot be written ({error.strerror or error}): nothing is kept"
            fix = "make room, give another cache.folder=, or cache.enabled=false"
            self.findings.append(Finding("CACHE-UNWRITABLE", "warning", message, {}, fix))


_FIX_DAMAGED = "nothing; if it happens again, look after the disk"


def stage_cache(said: Mapping[str, Any] | None, registry: Registry, threads: int) -> StageCache | None:
    """Return the cache that a configuration asks for, or None.

    Parameters
    ----------
    said
        The node ``cache`` of the configuration; None: there is none.
    registry, threads
        Of the run.
    """
    place = os.environ.get(VARIABLE)
    if said is None or not said["enabled"] or (place is not None and place.lower() in OFF):
        return None
    folder = CacheFolder(Path(said["folder"] or place or DEFAULT), int(said["most_mib"] * 2**20))
    secret = own_key()
    if secret is not None:
        return StageCache(folder, registry, threads, secret)
    message = f"the key of the cache cannot be kept in {state_folder()}: nothing is taken from it, or kept"
    fix = "let XDG_STATE_HOME name a folder that can be written, or cache.enabled=false"
    finding = Finding("CACHE-UNWRITABLE", "warning", message, {}, fix)
    return StageCache(folder, registry, threads, token_bytes(KEY_BYTES), findings=[finding], is_writable=False)


def told_of(uses: Sequence[Use]) -> dict[str, Any] | None:
    """Return what a stage had of the cache, for its line of the timeline; None where it asked for nothing.

    Examples
    --------
    >>> told_of([Use("partition", "0af1", is_hit=True, seconds=2.0)])
    {'hits': 1, 'misses': 0, 'saved_s': 2.0}
    """
    if not uses:
        return None
    saved = sum(use.seconds for use in uses if use.is_hit)
    hits = sum(use.is_hit for use in uses)
    return {"hits": hits, "misses": len(uses) - hits, "saved_s": round(saved, 4)}


@lru_cache(maxsize=1)
def _circumstances() -> str:
    known = {name: platform_facts()[name] for name in ("system", "machine", "python")}
    return json_digest([versions(), known, package_digest("mesic")])


@lru_cache(maxsize=64)
def _requirements(distribution: str) -> tuple[str, ...]:
    """Return what a distribution requires, each with the version that is installed."""
    found: list[str] = []
    with suppress(metadata.PackageNotFoundError):
        for line in metadata.requires(distribution) or () if distribution != "mesic" else ():
            name = "".join(letter if letter.isalnum() or letter in "-_." else " " for letter in line).split()[0]
            with suppress(metadata.PackageNotFoundError):
                found.append(f"{name}=={metadata.version(name)}")
    return tuple(sorted(set(found)))
