"""What pip must install where a server answers: the versions by which it was proven."""

from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def pinned(roots):
    """Return requirements, such as ``mesic[serve]``, and all that they need, each as it is installed here, sorted.

    Examples
    --------
    >>> [line.partition("==")[0] for line in pinned(["pluggy"])]
    ['pluggy']
    """
    found: dict[str, set[str]] = {}
    waiting = [Requirement(root) for root in roots]
    asked = set()
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if (name, frozenset(one.extras)) in asked:
            continue
        asked.add((name, frozenset(one.extras)))
        found.setdefault(name, set()).update(one.extras)
        waiting += [more for more in _needed(name) if _is_wanted(more, one.extras)]
    return [_line(name, extras) for name, extras in sorted(found.items()) if _version(name) is not None]


def pinned_only(names):
    """Return packages as they are installed here, and nothing that they need; those that are not are left out."""
    return [_line(name, ()) for name in sorted(names) if _version(name) is not None]


def _needed(name):
    try:
        return [Requirement(line) for line in requires(name) or ()]
    except PackageNotFoundError:
        return []


def _is_wanted(requirement, extras):
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _line(name, extras):
    chosen = f"[{','.join(sorted(extras))}]" if extras else ""
    return f"{name}{chosen}=={_version(name)}"
