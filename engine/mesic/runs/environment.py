"""What a result depends on beside configuration and data: versions, platform, threads, code, git."""

import hashlib
import platform
import subprocess
import sys
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mesic.host.registry import Registry
from mesic.runs.resources import available_cores

LIBRARIES = (
    "mesic",
    "hydra-core",
    "omegaconf",
    "optuna",
    "pluggy",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "lightgbm",
)
MOST_DIFF_CHARACTERS = 200_000


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def environment_lock() -> list[str]:
    """Return every installed distribution as ``name==version``, sorted."""
    heads = (distribution.metadata for distribution in metadata.distributions())  # parsed anew at each access
    return sorted({f"{head['Name']}=={head['Version']}" for head in heads}, key=str.lower)


def platform_facts() -> dict[str, Any]:
    """Return system, machine and cores."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "python": sys.implementation.name,
        "cores": available_cores(),
    }


def thread_facts(limit: int) -> dict[str, Any]:
    """Return the thread limit and the native pools that it holds."""
    from threadpoolctl import threadpool_info

    pools = [{key: pool.get(key) for key in ("user_api", "internal_api", "version")} for pool in threadpool_info()]
    return {"limit": limit, "pools": pools}


@lru_cache(maxsize=64)
def package_digest(package: str) -> str:
    """Return the SHA-256 over the Python files of an installed package, by name and content."""
    spec = find_spec(package)
    total = hashlib.sha256()
    if spec is None or spec.origin is None:
        return total.hexdigest()
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if origin.name == "__init__.py" else [origin]
    for file in files:
        total.update(str(file.relative_to(origin.parent)).encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()


def plugin_facts(registry: Registry) -> list[dict[str, str]]:
    """Return every loaded plugin with its distribution, version and the digest of its code."""
    return [
        {
            "entry_point": provider.entry_point,
            "module": provider.module,
            "distribution": provider.distribution,
            "version": provider.version,
            "code": package_digest(provider.module.partition(":")[0].partition(".")[0]),
        }
        for _, provider in sorted(registry.providers.items())
    ]


def code_digests(registry: Registry) -> dict[str, str]:
    """Return the digest of the code of mesic and of every package that a plugin stands in."""
    packages = {provider.module.partition(":")[0].partition(".")[0] for provider in registry.providers.values()}
    return {package: package_digest(package) for package in sorted(packages | {"mesic"})}


def git_facts(folder: Path) -> dict[str, Any] | None:
    """Return commit, dirty flag and diff of the repository that holds `folder`; None outside of one."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    diff = _git(folder, "diff", "HEAD") or ""
    return {
        "commit": commit.strip(),
        "dirty": bool((_git(folder, "status", "--porcelain", "--untracked-files=no") or "").strip()),
        "diff": diff[:MOST_DIFF_CHARACTERS],
    }


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
