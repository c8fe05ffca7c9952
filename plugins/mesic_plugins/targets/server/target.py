"""A bundle as a folder from which a server answers."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import yaml

from mesic import Built, ComponentError, EventDoor, GrpcDoor, HttpDoor, SettingError, openapi_of, proto_of
from mesic_plugins.targets.server import pages, serverless
from mesic_plugins.targets.server.requirements import pinned

SETTINGS = "serve.yaml"
UNKNOWN = "ignore"  # fields that the schema does not know, as the bundle does
NEEDED = {"serve": ("httptools", "msgspec"), "grpc": ("httptools", "msgspec", "grpc", "grpc_health", "grpc_reflection")}


class Server:
    """The bundle, how it is served, its OpenAPI description, and what pip must install.

    Parameters
    ----------
    port : int
        On which it listens.
    grpc_port : int or None
        Port of gRPC, too.
    workers : int
        Processes that answer.
    dockerfile : bool
        Whether a Dockerfile is written.
    serverless : bool
        Whether a zip is written that answers events.
    wheels : list of str
        Files for pip.

    Raises
    ------
    SettingError
        A wheel is none.
    ComponentError
        The extra ``serve`` is not installed.
    """

    def __init__(self, *, port=8080, grpc_port=None, workers=1, dockerfile=False, serverless=False, wheels=()):
        self.port, self.grpc_port, self.workers = port, grpc_port, workers
        self.dockerfile, self.serverless = dockerfile, serverless
        self.wheels = [Path(wheel) for wheel in wheels]
        self.extra = "serve" if grpc_port is None else "grpc"
        if lost := [name for name in NEEDED[self.extra] if find_spec(name) is None]:
            raise ComponentError(f"target=server needs {' and '.join(lost)}: pip install 'mesic[{self.extra}]'")
        for wheel in self.wheels:
            if wheel.suffix != ".whl" or not wheel.is_file():
                raise SettingError("wheels", str(wheel), "files that end in .whl and are there")

    def build(self, bundle, folder, release):
        """Write the folder."""
        document = openapi_of(bundle, release.version, unknown=UNKNOWN)
        shutil.copytree(bundle.folder, folder / "bundle")
        _write(folder / "openapi.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        if self.grpc_port is not None:
            _write(folder / "predictor.proto", proto_of(bundle))
        _write(folder / SETTINGS, pages.settings(self._keys(bundle, release)))
        for wheel in self.wheels:
            (folder / "wheels").mkdir(exist_ok=True)
            shutil.copy(wheel, folder / "wheels" / wheel.name)
        others = _distributions(bundle)
        every = pinned([f"mesic[{self.extra}]", *others])
        _write(folder / "requirements.txt", pages.requirements(every, has_wheels=bool(self.wheels)))
        parts = [name for name in ("grpc_port", "dockerfile", "serverless") if getattr(self, name)]
        _write(folder / "README.md", pages.readme(release, self._keys(bundle, release), parts))
        if self.dockerfile:
            _write(folder / "Dockerfile", pages.dockerfile(self.port, self.grpc_port))
            _write(folder / ".dockerignore", pages.IGNORED)
        if self.serverless:
            self._write_zip(folder, serverless.requirements(every, others))
        return self._told()

    def _write_zip(self, folder, lines):
        serverless.write_zip(folder)
        said = "pip install --no-deps --target FOLDER -r THIS"
        text = pages.requirements(lines, has_wheels=bool(self.wheels), said=said)
        _write(folder / serverless.REQUIREMENTS, text)

    def _told(self):
        needs = [f"{pages.python()}, and what requirements.txt lists", "POSIX: Linux or macOS"]
        if self.dockerfile:
            needs.append("Dockerfile: an index, or target.wheels, from which pip installs mesic while it is built")
        if self.serverless:
            needs.append(f"{serverless.NAME}: {pages.python()}, libgomp, and what {serverless.REQUIREMENTS} lists")
        cannot = ["serverless.zip: be reloaded, or count over all of its copies"] if self.serverless else []
        return Built(needs, cannot)

    def _keys(self, bundle, release):
        last = release.expires and release.expires.isoformat()
        named = {"version": release.version, "expires": last}
        return {
            **named,
            "unknown": UNKNOWN,
            "envelope": bundle.envelope,
            "port": self.port,
            "grpc_port": self.grpc_port,
            "workers": self.workers,
        }

    def doors(self, folder):
        """Return the door: a server that is started from the folder."""
        keys = yaml.safe_load((folder / SETTINGS).read_text(encoding="utf-8"))
        keys |= {"bundle": str((folder / "bundle").resolve()), "workers": 1, "grpc_port": None}
        found: dict[str, object] = {"http": HttpDoor(keys)}
        if self.grpc_port is not None:
            found["grpc"] = GrpcDoor(keys)
        if self.serverless:
            found["serverless"] = EventDoor(folder / serverless.NAME, folder / serverless.REQUIREMENTS)
        return found


def _write(path, text):
    path.write_text(text, encoding="utf-8")


def _distributions(bundle):
    """Return the packages of which a step is made that has no portable description."""
    steps = [every for outer in bundle.fitted.steps for every in outer.every()]
    return sorted({step.params["distribution"] for step in steps if step.op == "skops"} - {"mesic"})
