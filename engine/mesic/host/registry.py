"""The registry: every component that the installed plugins offer, by kind and name.

Plugins are found by the entry-point group ``mesic`` and loaded one by one, so that a broken one stays a line in
``mesic list``. ``MESIC_PLUGINS=a,b`` loads only these distributions or entry points, ``MESIC_DISABLE_PLUGINS=c``
leaves these out. ``MESIC_PREFER=kind/name:distribution,...`` decides where two offer one name; ``plugins.prefer`` of
a configuration is handed on as this variable, so that the processes of a launcher know it, too.
"""

import os
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import metadata
from typing import Any

import pluggy

from mesic.errors import ComponentError
from mesic.host import hookspecs
from mesic.host.components import Component
from mesic.host.kinds import KINDS, Kind
from mesic.host.names import did_you_mean

GROUP = "mesic"
PREFERENCES = "MESIC_PREFER"


@dataclass(frozen=True)
class Provider:
    """Where a plugin comes from: entry point, the distribution that installed it, its version."""

    entry_point: str
    module: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded or asked, with its error."""

    provider: Provider
    error: str
    details: str = ""


@dataclass(frozen=True)
class Offer:
    """A component together with who offers it."""

    kind: Kind
    component: Component
    provider: Provider

    @property
    def address(self) -> str:
        """The name in lists: ``learner/lightgbm``."""
        return f"{self.kind.name}/{self.component.name}"


def _components(kind: Kind, returned: Iterable[Any]) -> list[Component]:
    components = list(returned)
    if strange := [item for item in components if not isinstance(item, Component)]:
        raise TypeError(f"{kind.hook} returned {strange[0]!r}, which is no mesic.Component")
    return components


@dataclass
class Registry:
    """All offers, read when first asked for.

    Parameters
    ----------
    manager
        Holds the loaded plugins.
    providers
        Where each loaded plugin comes from, by its name in the manager.
    broken
        Plugins that could not be loaded or asked.
    prefer
        Whose component to take where several offer one name: distribution by ``kind/name``.
    """

    manager: pluggy.PluginManager
    providers: dict[str, Provider]
    broken: list[BrokenPlugin] = field(default_factory=list)
    prefer: dict[str, str] = field(default_factory=dict)

    @cached_property
    def offers(self) -> dict[str, dict[str, list[Offer]]]:
        """Every offer, by kind and name; a list, since two plugins may offer one name."""
        found: dict[str, dict[str, list[Offer]]] = {name: {} for name in KINDS}
        for kind in KINDS.values():
            for offer in self._ask(kind):
                found[kind.name].setdefault(offer.component.name, []).append(offer)
        return found

    def _ask(self, kind: Kind) -> Iterator[Offer]:
        for implementation in getattr(self.manager.hook, kind.hook).get_hookimpls():
            provider = self.providers[implementation.plugin_name]
            try:
                components = _components(kind, implementation.function())
            except Exception as error:  # noqa: BLE001 - one broken plugin must not take the others along
                self.broken.append(_broken(provider, error))
                continue
            yield from (Offer(kind, component, provider) for component in components)

    def names(self, kind: str) -> list[str]:
        """Return the names offered for one kind, sorted."""
        return sorted(self.offers[kind])

    def find(self, kind: str, name: str, prefer: Mapping[str, str] | None = None) -> Offer:
        """Return the offer that a name stands for; `prefer` adds to the registry's preferences.

        Raises
        ------
        ComponentError
            No plugin offers the name, or several do and `prefer` does not decide.
        """
        offers = self.offers[kind].get(name, [])
        if wanted := {**self.prefer, **(prefer or {})}.get(f"{kind}/{name}"):
            offers = [offer for offer in offers if offer.provider.distribution == wanted]
        if len(offers) == 1:
            return offers[0]
        raise ComponentError(self._clash(offers) if offers else self._unknown(kind, name))

    def _clash(self, offers: list[Offer]) -> str:
        address = offers[0].address
        owners = " and ".join(sorted(str(offer.provider) for offer in offers))
        choice = offers[0].provider.distribution
        return f"{address} is offered by {owners}: say whose with '+plugins.prefer={{{address}: {choice}}}'"

    def _unknown(self, kind: str, name: str) -> str:
        names = self.names(kind)
        listed = f"installed: {', '.join(names)}" if names else "none is installed"
        text = f"no plugin {name!r} for {kind}=; {listed}{did_you_mean(name, names)}"
        if self.broken:
            broken = ", ".join(f"{plugin.provider} ({plugin.error})" for plugin in self.broken)
            text += f"; plugins that could not be loaded: {broken}"
        return text

    def __iter__(self) -> Iterator[Offer]:
        for names in self.offers.values():
            for _, offers in sorted(names.items()):
                yield from offers


def _broken(provider: Provider, error: BaseException) -> BrokenPlugin:
    return BrokenPlugin(provider, f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error)))


def build_manager() -> pluggy.PluginManager:
    """Return a fresh plugin manager that knows the hook specs and no plugin."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    return manager


def build_registry(entry_points: Iterable[metadata.EntryPoint] | None = None) -> Registry:
    """Return a fresh registry of the installed plugins, or of the given entry points."""
    registry = Registry(build_manager(), {}, prefer=_preferences())
    allowed, denied = _names("MESIC_PLUGINS"), _names("MESIC_DISABLE_PLUGINS") or set()
    known: dict[int, tuple[str, str]] = {}
    for entry_point in metadata.entry_points(group=GROUP) if entry_points is None else entry_points:
        provider = _provider(entry_point, known)
        names = {entry_point.name, provider.distribution}
        if (allowed is None or names & allowed) and not names & denied:
            _load(registry, entry_point, provider)
    return registry


@lru_cache(maxsize=1)
def installed() -> Registry:
    """Return the registry of this process; built once, from what is installed."""
    return build_registry()


def prefer(wanted: Mapping[str, str]) -> None:
    """Let this process, and those that it starts, take a component of this distribution where several offer it."""
    os.environ[PREFERENCES] = ",".join(f"{address}:{distribution}" for address, distribution in wanted.items())
    installed().prefer = dict(wanted)


def _preferences() -> dict[str, str]:
    pairs = (text.partition(":") for text in os.environ.get(PREFERENCES, "").split(",") if ":" in text)
    return {address.strip(): distribution.strip() for address, _, distribution in pairs}


def _names(variable: str) -> set[str] | None:
    if variable not in os.environ:
        return None
    return {name.strip() for name in os.environ[variable].split(",") if name.strip()}


def _provider(entry_point: metadata.EntryPoint, known: dict[int, tuple[str, str]]) -> Provider:
    distribution = entry_point.dist
    if id(distribution) not in known:  # name and version are parsed from a file at each access
        facts = (distribution.metadata["Name"], distribution.version) if distribution else ("unknown", "?")
        known[id(distribution)] = facts
    return Provider(entry_point.name, entry_point.value, *known[id(distribution)])


def _load(registry: Registry, entry_point: metadata.EntryPoint, provider: Provider) -> None:
    plugin_name = f"{provider.distribution}:{entry_point.name}"
    try:
        plugin = entry_point.load()
        registry.manager.register(plugin, plugin_name)
        registry.manager.check_pending()
    except Exception as error:  # noqa: BLE001 - one broken plugin must not take the others along
        registry.manager.unregister(name=plugin_name) if registry.manager.has_plugin(plugin_name) else None
        registry.broken.append(_broken(provider, error))
    else:
        registry.providers[plugin_name] = provider


def notify(registry: Registry, hook: str, **arguments: Any) -> list[BrokenPlugin]:
    """Tell every plugin of a moment; return those that failed to listen, which changes nothing else."""
    failed = []
    for implementation in getattr(registry.manager.hook, hook).get_hookimpls():
        wanted = {name: arguments[name] for name in implementation.argnames}
        try:
            implementation.function(**wanted)
        except Exception as error:  # noqa: BLE001 - a listener must not change the result
            failed.append(_broken(registry.providers[implementation.plugin_name], error))
    return failed
