"""How installed components become Hydra options: a config source that writes each one when it is asked for.

Nothing is copied and nothing is registered up front: Hydra asks for ``learner/lightgbm``, and the node is made from
the component's options dataclass, typed. The user's own ``conf/`` stands before ours on the search path.
"""

import dataclasses
import os
from pathlib import Path
from typing import Any, get_type_hints

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.core.utils import setup_globals
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import Container, DictConfig, OmegaConf

from mesic.host.components import Component
from mesic.host.kinds import KINDS, Kind
from mesic.host.registry import installed

SEVERAL = "several/"
AUTO = ("lightgbm", "extra_trees", "linear")


def shipped_conf() -> Path:
    """Return the folder of our own configuration: inside the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parents[1] / "conf"


def user_conf() -> Path | None:
    """Return the folder whose files win over ours: ``MESIC_CONF``, or ``conf/`` of the current folder."""
    named = os.environ.get("MESIC_CONF")
    folder = Path(named if named is not None else "conf")
    if named == "" or not folder.is_dir() or folder.resolve() == shipped_conf():
        return None
    return folder.resolve()


def typed_options(component: Component) -> type:
    """Return the options dataclass of a component with the field ``name`` before its options."""
    hints = get_type_hints(component.options)
    fields: list[Any] = [("name", str, dataclasses.field(default=component.name))]
    for declared in dataclasses.fields(component.options):
        copy = dataclasses.field(default=declared.default, default_factory=declared.default_factory)
        fields.append((declared.name, hints[declared.name], copy))
    return dataclasses.make_dataclass(component.name, fields)


def component_node(component: Component) -> Container:
    """Return the typed configuration node of a component, as Hydra merges it."""
    node: DictConfig = OmegaConf.structured(typed_options(component))
    for key in node:
        inner = node._get_node(key)
        if isinstance(inner, DictConfig):
            OmegaConf.set_struct(inner, False)  # a mapping takes whatever keys the user gives
    return node


def package_of(kind: Kind, name: str) -> str:
    """Return where in the configuration a component's options stand: ``learner``, ``selector.boruta``.

    Examples
    --------
    >>> package_of(KINDS["learner"], "linear"), package_of(KINDS["learner"], "several/linear")
    ('learner', 'learner.linear')
    """
    own = name.removeprefix(SEVERAL)
    return f"{kind.name}.{own}" if kind.is_list or own != name else kind.name


def auto_node() -> Container:
    """Return the node of ``learner=auto``: the learners that are tried where nobody says which."""
    learners = installed()
    return OmegaConf.create({name: component_node(learners.find("learner", name).component) for name in AUTO})


class ComponentSource(ConfigSource):
    """The installed components as configuration options.

    Several learners stand beside each other where they are named ``several/NAME``, and so do those of ``auto``.
    """

    @staticmethod
    def scheme() -> str:
        """Return the scheme under which Hydra knows this source."""
        return "mesic"

    def available(self) -> bool:
        """Return True: there is always a registry."""
        return True

    def is_group(self, config_path: str) -> bool:
        """Return whether the path is a kind that has components."""
        return config_path == "" or config_path in KINDS

    def is_config(self, config_path: str) -> bool:
        """Return whether the path is an installed component."""
        kind, _, name = config_path.removesuffix(".yaml").partition("/")
        if kind == "learner":
            name = name.removeprefix(SEVERAL)
            return name == "auto" or name in installed().offers[kind]
        return kind in KINDS and name in installed().offers[kind]

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """List the components of a kind."""
        wants_groups = results_filter in (None, ObjectType.GROUP)
        if config_path == "":
            return sorted(KINDS) if wants_groups else []
        is_kind = config_path in KINDS and results_filter != ObjectType.GROUP
        names = installed().names(config_path) if is_kind else []
        return sorted([*names, "auto"]) if config_path == "learner" and is_kind else names

    def load_config(self, config_path: str) -> ConfigResult:
        """Make the node of one component."""
        kind_name, _, name = config_path.removesuffix(".yaml").partition("/")
        kind = KINDS[kind_name]
        if (kind_name, name) == ("learner", "auto"):
            return ConfigResult("mesic", f"{self.scheme()}://{config_path}", auto_node(), {"package": "learner"})
        offers = installed().offers[kind_name][name.removeprefix(SEVERAL)]
        preferred = installed().prefer.get(config_path.removesuffix(".yaml"))
        offer = next((offer for offer in offers if offer.provider.distribution == preferred), offers[0])
        return ConfigResult(
            provider=str(offer.provider),
            path=f"{self.scheme()}://{config_path}",
            config=component_node(offer.component),
            header={"package": package_of(kind, name)},
        )


class MesicSearchPath(SearchPathPlugin):
    """The user's conf folder first, ours next, the installed components last."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Put our places on Hydra's search path."""
        if folder := user_conf():
            search_path.prepend("yours", f"file://{folder}")
        search_path.append("mesic", f"file://{shipped_conf()}")
        search_path.append("plugins", "mesic://")


def register() -> None:
    """Make Hydra know both, in this process and in those that its launchers start."""
    setup_globals()
    plugins = Plugins.instance()
    plugins.register(ComponentSource)
    plugins.register(MesicSearchPath)
