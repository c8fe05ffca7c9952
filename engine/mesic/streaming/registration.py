"""How a bundle is registered with a stream: which one, and with which options, in words that are checked."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mesic.deployment.target import Release
from mesic.errors import CheckFailed, ConfigError, UsageError
from mesic.host.building import build
from mesic.host.registry import installed
from mesic.serving.settings import ServeSettings
from mesic.streaming.settings import StreamOptions
from mesic.streaming.stream import Stream

FILE, BUNDLE, FORMAT = "stream.json", "bundle", 1


@dataclass(frozen=True)
class Registration:
    """A stream by name, and its options.

    Parameters
    ----------
    stream
        Its name.
    options
        All of them, the ones that every stream has among them.
    provider
        The distribution that offers it.

    Examples
    --------
    >>> told = Registration.of("stdin", {"id": "order"})
    >>> told.options["id"], told.shared().batch
    ('order', 512)
    >>> Registration.of("stdin", {"bacth": 3})
    Traceback (most recent call last):
    ...
    mesic.errors.ConfigError: 1 problem in the configuration:
      1. no key 'stream.bacth'; did you mean 'stream.batch'?
    """

    stream: str
    options: Mapping[str, Any]
    provider: str

    @classmethod
    def of(cls, stream: str, options: Mapping[str, Any], provider: str = "") -> "Registration":
        """Return a registration with every option, those that are not given at their defaults.

        Raises
        ------
        ConfigError
            An option is unknown or cannot work; all such are named.
        ComponentError
            No plugin offers the stream.
        """
        from mesic.config.problems import component_problems
        from mesic.config.sources import component_node

        offer = installed().find("stream", stream, {f"stream/{stream}": provider} if provider else None)
        known = {option.name for option in dataclasses.fields(offer.component.options)}
        problems = list(component_problems("stream", "stream", OmegaConf.create({"name": stream, **options})))
        if problems:
            raise ConfigError(problems)
        try:
            node: Any = OmegaConf.merge(component_node(offer.component), dict(options))
        except OmegaConfBaseException as error:
            raise ConfigError([f"stream: {str(error).splitlines()[0]}"]) from error
        lost = [name for name in known if OmegaConf.is_missing(node, name)]
        if lost:
            raise ConfigError([f"stream.{name} has no value: give stream.{name}=..." for name in sorted(lost)])
        plain: Any = OmegaConf.to_container(node, resolve=True)
        own = {name: plain[name] for name in plain if name in known}
        return cls(stream, own, offer.provider.distribution)

    def shared(self) -> StreamOptions:
        """Return the options that every stream has."""
        names = {option.name for option in dataclasses.fields(StreamOptions)}
        return StreamOptions(**{name: value for name, value in self.options.items() if name in names})

    def built(self) -> Stream:
        """Return the stream.

        Raises
        ------
        UsageError
            An option cannot work.
        """
        shared = {option.name for option in dataclasses.fields(StreamOptions)}
        own = {name: value for name, value in self.options.items() if name not in shared}
        stream: Stream = build(installed().find("stream", self.stream, self._prefer()), own)
        if self.shared().checkpoint is not None and not stream.resumes:
            raise UsageError(
                f"stream.checkpoint={self.shared().checkpoint} cannot work: stream={self.stream} keeps its place "
                f"itself, or has none; leave it out"
            )
        return stream

    def _prefer(self) -> dict[str, str]:
        return {f"stream/{self.stream}": self.provider}

    def save(self, folder: Path, release: Release, envelope: str = "open") -> None:
        """Write it into the folder of an artefact, beside a copy of the bundle that answers with this envelope."""
        expires = None if release.expires is None else release.expires.isoformat()
        told = {
            "format": FORMAT,
            "version": release.version,
            "expires": expires,
            "envelope": envelope,
            "registration": dataclasses.asdict(self),
        }
        (folder / FILE).write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def registered(folder: Path, instead: Registration | None = None) -> tuple[Registration, ServeSettings]:
    """Return what was registered in the folder of an artefact, and by what it is answered.

    Parameters
    ----------
    folder
        Holds ``stream.json`` and ``bundle``.
    instead
        A stream in place of the registered one.

    Raises
    ------
    UsageError
        There is none.
    CheckFailed
        It was altered, or another version of mesic wrote it.
    """
    path = folder / FILE
    if not path.is_file():
        raise UsageError(f"artefact={folder} has no {FILE}: give what `mesic deploy` wrote of target=stream or server")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        own = Registration(**told["registration"])
        answering = {name: told[name] for name in ("version", "expires", "envelope")} | {"unknown": "ignore"}
    except (ValueError, KeyError, TypeError) as error:
        raise CheckFailed(f"{path} cannot be read: {error}; deploy again") from error
    if told["format"] != FORMAT:
        raise CheckFailed(f"{path} cannot be read: another version of mesic wrote it; deploy again")
    return instead or own, ServeSettings(bundle=str(folder / BUNDLE), **answering)
