"""Targets: what becomes of a bundle where it answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, hookimpl, option


@dataclass
class StaticOptions:
    """Options of ``static``."""

    forms: list[str] = option(["c", "python"], "c, python: one file each, without dependencies", choices=None)
    executable: bool = option(False, "a program, too, that reads CSV or JSON lines; needs the system's C compiler")
    prefix: str = option("model", "what the files, and the names in C, begin with: letters, digits and _")
    compiler: str = option("cc", "C compiler by which C is proven, and the program made")


@dataclass
class DeviceOptions:
    """Options of ``device``."""

    forms: list[str] = option(["js", "python"], "readers of the file: js, python", choices=None)
    prefix: str = option("model", "what the file is called, PREFIX.mesic: letters, digits, _, . and -")
    serial: int = option(0, "number of the release: no device takes one below the one that it has", low=0)
    key: str | None = option(None, "a file with an Ed25519 private key, which signs; null: nobody signs")
    max_kib: float | None = option(None, "how large the file may be; null: any size", low=0, unit="KiB")
    engine: str = option(
        "auto",
        "what proves JavaScript: Node.js, a browser, both, whichever is there",
        choices=("auto", "node", "browser", "both"),
    )


@dataclass
class StreamOptions:
    """Options of ``stream``."""

    stream: str = option("stdin", "which stream it is registered with; see `mesic list stream`")
    options: dict[str, Any] = option({}, "options of that stream: {path: in.jsonl, output: out.jsonl, id: order}")


@dataclass
class OnnxOptions:
    """Options of ``onnx``."""

    prefix: str = option("model", "what the files begin with: letters, digits and _")


@dataclass
class ServerOptions:
    """Options of ``server``."""

    port: int = option(8080, "port on which it listens", low=0, high=65_535)
    grpc_port: int | None = option(None, "port of gRPC, too; null: none", low=0, high=65_535)
    workers: int = option(1, "processes that answer", low=1, high=256)
    dockerfile: bool = option(False, "a Dockerfile, too: two stages, no root, a check of its health")
    serverless: bool = option(False, "a zip, too, with a handler of events as AWS Lambda calls it")
    wheels: list[str] = option([], "files of mesic and plugins for pip, where no index has them", choices=None)


@hookimpl
def register_targets() -> Iterable[Component]:
    """Offer the built-in targets."""
    return (
        Component(
            "static",
            "mesic_plugins.targets.static:Static",
            "one file of C99 and one of Python, preprocessing included, without dependencies",
            StaticOptions,
            traits=frozenset({"deterministic"}),
        ),
        Component(
            "device",
            "mesic_plugins.targets.device:Device",
            "a signed parameter file and small readers of it, in JavaScript and Python, that take updates",
            DeviceOptions,
            traits=frozenset({"deterministic"}),
        ),
        Component(
            "stream",
            "mesic_plugins.targets.stream:Stream",
            "registered once with a stream of records, which then flow through it: stdin, a file, a socket, Kafka",
            StreamOptions,
            traits=frozenset({"deterministic"}),
        ),
        Component(
            "onnx",
            "mesic_plugins.targets.onnx:Onnx",
            "one file of ONNX, preprocessing included, and a Python file that reads cells for it",
            OnnxOptions,
            traits=frozenset({"deterministic"}),
        ),
        Component(
            "server",
            "mesic_plugins.targets.server:Server",
            "a folder from which mesic serve answers over HTTP, with what it needs listed",
            ServerOptions,
            traits=frozenset({"deterministic"}),
        ),
    )
