"""The code that computes something: a module, and whatever it imports that is no installed library.

Imports are read from the source, also those inside of functions. A library in ``site-packages`` counts by its version,
the standard library by that of Python; what is installed as editable, or found by a path, counts by its content.
"""

import ast
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from mesic import _STARTED

_INSTALLED = {"site-packages", "dist-packages"}
_DISTRIBUTIONS = {"sklearn": "scikit-learn", "hydra": "hydra-core", "imblearn": "imbalanced-learn", "yaml": "PyYAML"}
_SUFFIXES = (".py", ".so", ".pyd")


@dataclass(frozen=True)
class SeenCode:
    """The code behind a module, as it was when it was first asked for.

    Parameters
    ----------
    digest
        SHA-256 over all files, by name and content.
    files
        Each file with the time of its last change and its size.
    """

    digest: str
    files: tuple[tuple[Path, int, int], ...]

    def is_what_runs(self) -> bool:
        """Return whether no file was changed since this process started: a module that is loaded stays as it was."""
        try:
            return all(_state(path) == (then, size) and then / 1e9 <= _STARTED for path, then, size in self.files)
        except OSError:
            return False


@lru_cache(maxsize=512)
def code_behind(module: str, own: str = "") -> SeenCode | None:
    """Return the code behind a module; None where a part of it has no file that could be read.

    Parameters
    ----------
    module
        Such as ``"acme.spread"``.
    own
        The package whose content counts also where it is installed; empty: that of the module.
    """
    total, files = hashlib.sha256(), []
    try:
        for name, path in _reached(module, own or module.partition(".")[0]):
            total.update(name.encode() + b"\0")
            if path is not None:
                total.update(hashlib.sha256(path.read_bytes()).digest())
                files.append((path, *_state(path)))
    except (OSError, LookupError, SyntaxError):
        return None
    return SeenCode(total.hexdigest(), tuple(files))


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _reached(module: str, own: str) -> list[tuple[str, Path | None]]:
    """Return every module that a module leads to, with its file; a library as ``name==version``, without one."""
    found: dict[str, Path | None] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if name in found or top in sys.stdlib_module_names or (top == "mesic" and top != own):
            continue
        if top != own and _is_library(top):
            found[_library(top)] = None
            continue
        path = _file_of(name)
        if path is None:
            if name == module:
                raise LookupError(name)
            continue
        found[name] = path
        if path.suffix == ".py":
            waiting += _imported(path, name)
        waiting += _parents(name)
    data = [(path.as_posix(), path) for path in _data_files(own)] if own in {n.partition(".")[0] for n in found} else []
    return sorted([*found.items(), *data], key=lambda pair: pair[0])


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


@lru_cache(maxsize=4096)
def _imported(path: Path, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_imports(path, name)))


def _imports(path: Path, name: str) -> Iterator[str]:
    """Yield the names that a file imports; of ``from a import b`` both ``a`` and ``a.b``, which may be a module."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
        elif _is_dynamic(node):
            yield from _whole_package(name.partition(".")[0])


def _is_dynamic(node: ast.AST) -> bool:
    """Return whether something is imported whose name stands in no import."""
    called = getattr(node, "func", None)
    return isinstance(called, ast.Name | ast.Attribute) and (
        getattr(called, "id", getattr(called, "attr", "")) in ("import_module", "__import__")
    )


@lru_cache(maxsize=64)
def _places(top: str) -> tuple[Path, ...]:
    """Return the file of a module, or the folders of a package; nothing where it cannot be found."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return ()
    if spec is None:
        return ()
    if spec.submodule_search_locations is not None:
        return tuple(map(Path, spec.submodule_search_locations))
    return (Path(spec.origin),) if spec.has_location and spec.origin else ()


def _file_of(name: str) -> Path | None:
    top, _, rest = name.partition(".")
    for place in _places(top):
        if place.is_file():
            return None if rest else place
        inside = place.joinpath(*rest.split(".")) if rest else place
        if (inside / "__init__.py").is_file():
            return inside / "__init__.py"
        if rest and inside.parent.is_dir():
            for path in sorted(inside.parent.glob(f"{inside.name}.*")):
                if path.suffix in _SUFFIXES:
                    return path
    return None


def _whole_package(top: str) -> Iterator[str]:
    for place in _places(top):
        for path in sorted(place.rglob("*.py")) if place.is_dir() else ():
            parts = path.relative_to(place).with_suffix("").parts
            yield ".".join([top, *(part for part in parts if part != "__init__")])


@lru_cache(maxsize=64)
def _data_files(top: str) -> tuple[Path, ...]:
    """Return the files of a package that are no Python: what its code reads, for all that is known."""
    folders = [place for place in _places(top) if place.is_dir()]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return tuple(sorted(path for path in files if path.suffix not in (*_SUFFIXES, ".pyc", ".pyi", ".typed")))


def _is_library(top: str) -> bool:
    return any(_INSTALLED & set(place.parts) for place in _places(top))


@lru_cache(maxsize=64)
def _library(top: str) -> str:
    """Return a library with its version.

    Raises
    ------
    LookupError
        Nothing is known of it.
    """
    known = _DISTRIBUTIONS.get(top, top)
    names = [known] if _version(known) else _distributions().get(top, [])
    if not names:
        raise LookupError(top)
    return ", ".join(f"{name}=={_version(name)}" for name in sorted(set(names)))


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    return {name: list(owners) for name, owners in metadata.packages_distributions().items()}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
