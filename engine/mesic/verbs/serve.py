"""``mesic serve``: answer on demand with a bundle, over HTTP, or as a stream."""

import dataclasses
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.errors import ComponentError, UsageError
from mesic.serving.settings import ServeSettings

NEEDED = ("httptools", "msgspec")
OF_STREAMS = ("bundle", "artefact", "stream", "version", "expires", "unknown", "envelope", "log")
NEEDED_BY_GRPC = ("grpc", "grpc_health", "grpc_reflection")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Serve until told to stop, or answer a log again; return the exit status."""
    from mesic.serving.artefacts import said_by_artefact

    of_server = said_by_artefact(arguments)
    settings = configured("serve", [*of_server, *with_replay(arguments)], ServeSettings)
    if settings is None:
        return 0
    if lost := [name for name in NEEDED if find_spec(name) is None]:
        raise ComponentError(f"mesic serve needs {' and '.join(lost)}: pip install 'mesic[serve]'")
    if settings.replay:
        return _replay(settings, as_json=as_json)
    if not of_server and [settings.bundle, settings.artefact, settings.deployment].count(None) != 2:
        raise UsageError(
            "serve needs what answers: give one of bundle=RUN/bundle, deployment=DIR, artefact=DIR of target=server or "
            "stream"
        )
    if settings.deployment is not None:
        _refuse_beside_deployment(settings)
    if settings.stream is not None or (settings.artefact is not None and not of_server):
        return _flow(settings, as_json=as_json)
    settings.log.check(settings.workers)
    return _serve(settings, as_json=as_json)


def _refuse_beside_deployment(settings: ServeSettings) -> None:
    """Raise UsageError where a key was given that plays no part in a deployment."""
    given = [name for name in ("version", "artefact", "stream") if getattr(settings, name) is not None]
    if given:
        why = "its versions have the names that deploy gave them, and are asked one request at a time"
        raise UsageError(f"{', '.join(given)} cannot work with deployment=: {why}; leave it out")


def _serve(settings: ServeSettings, *, as_json: bool) -> int:
    if settings.grpc_port is not None and (lost := [name for name in NEEDED_BY_GRPC if find_spec(name) is None]):
        raise ComponentError(f"grpc_port= needs {' and '.join(lost)}: pip install 'mesic[grpc]'")

    from mesic.serving.supervisor import serve

    if settings.expires is not None:
        from mesic.serving.release import expiry

        expiry(settings.expires)

    def is_ready(address: str, rpc: str | None) -> None:
        what = {"bundle": settings.bundle} if settings.bundle else {"deployment": settings.deployment}
        if as_json:
            print_json({"address": address, "grpc": rpc, "workers": settings.workers, **what})
        else:
            beside = f", gRPC at {rpc}" if rpc else ""
            place = settings.bundle or settings.deployment
            print_text(f"serving {place} at {address} ({address}/docs){beside}; Ctrl-C ends")
        sys.stdout.flush()

    serve(settings, is_ready)
    return 0


def _flow(settings: ServeSettings, *, as_json: bool) -> int:
    """Let records flow; what comes out of stdout is the stream's, if it writes there."""
    from mesic.deployment.artefact import load_artefact
    from mesic.streaming.registration import Registration, registered
    from mesic.streaming.starting import let_flow

    _refuse_others(settings)
    said = dict(settings.stream or {})
    registration = Registration.of(said.pop("name"), said) if said else None
    if settings.artefact is not None:
        folder = load_artefact(settings.artefact).folder
        registration, of_artefact = registered(Path(folder), registration)
        settings = dataclasses.replace(of_artefact, log=settings.log)
    assert registration is not None
    if as_json and registration.built().writes_stdout:
        raise UsageError(f"--json cannot work with stream={registration.stream}: its answers stand on stdout")
    counts = let_flow(registration, settings)
    if as_json:
        print_json(counts)
    return 0


def _refuse_others(settings: ServeSettings) -> None:
    """Raise UsageError where a key was given that plays no part in a stream."""
    fields = [field for field in dataclasses.fields(settings) if field.name not in OF_STREAMS]
    given = [field.name for field in fields if getattr(settings, field.name) != _default(field)]
    if settings.artefact is not None:
        given += [name for name in ("version", "expires") if getattr(settings, name) is not None]
        given += ["unknown"] if settings.unknown != "refuse" else []
        given += ["envelope"] if settings.envelope != "open" else []
    settings.log.check(settings.workers)
    if settings.log.caller is not None:
        raise UsageError(
            f"log.caller={settings.log.caller} cannot work with a stream: records name no caller; leave it out"
        )
    if given:
        part = "is built into the artefact, or is of HTTP" if settings.artefact is not None else "is of HTTP"
        raise UsageError(f"{', '.join(given)} cannot work with a stream: it {part}; leave it out")


def _default(field: "dataclasses.Field[Any]") -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def with_replay(arguments: list[str]) -> list[str]:
    """Return arguments with ``--replay LOG ...`` and ``replay=LOG`` as the list that the key is.

    Examples
    --------
    >>> with_replay(["bundle=b", "--replay", "log/a.arrow", "log/b.arrow"])
    ['bundle=b', "replay=['log/a.arrow','log/b.arrow']"]
    """
    found, rest, is_path = [], [], False
    for text in arguments:
        name, given, value = text.partition("=")
        if name in ("--replay", "replay") and given and not value.startswith(("[", "${")):
            found.append(value)
        elif text == "--replay":
            is_path = True
            found.append("")
        elif is_path and not text.startswith("-") and (found[-1] == "" or "=" not in text):
            found[-1:] = [text] if found[-1] == "" else [found[-1], text]
        else:
            is_path = False
            rest.append(text)
    if "" in found:
        raise UsageError("--replay needs a log: give files or folders, such as --replay log")
    if not found:
        return rest
    quoted = ["'" + path.replace("\\", r"\\").replace("'", r"\'") + "'" for path in found]
    return [*rest, f"replay=[{','.join(quoted)}]"]


def _replay(settings: ServeSettings, *, as_json: bool) -> int:
    from mesic.console import progress
    from mesic.predictions.replaying import replay

    with progress("mesic serve --replay"):
        found = replay(settings)
    if as_json:
        print_json(found.as_dict())
    else:
        print_text("\n".join(found.lines()))
    return 0 if found.is_equal else 1
