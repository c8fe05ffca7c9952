"""Parts of Python modules, of which files are put together that need nothing but the standard library."""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

FOR_TOOLS = re.compile(r"  # (noqa|fmt|type).*$", re.MULTILINE)


@dataclass(frozen=True)
class Parts:
    """What stands in a module: functions and classes by name, imports of the standard library, constants."""

    named: dict[str, str]
    imports: tuple[str, ...]
    constants: tuple[str, ...]


@lru_cache
def parts_of(path):
    """Return the parts of a module; what is written for tools, and imports of our own, are left out."""
    text = FOR_TOOLS.sub("", path.read_text(encoding="utf-8"))
    body = ast.parse(text).body[1:]
    named = {one.name: _whole(text, one) for one in body if hasattr(one, "name")}
    others = [(one, ast.get_source_segment(text, one) or "") for one in body if not hasattr(one, "name")]
    is_import = [isinstance(one, (ast.Import, ast.ImportFrom)) for one, _ in others]
    imports = tuple(line for (_, line), own in zip(others, is_import, strict=True) if own and "mesic" not in line)
    return Parts(named, imports, tuple(line for (_, line), own in zip(others, is_import, strict=True) if not own))


def _whole(text, one):
    """Return a function or class with its decorators."""
    first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : one.end_lineno])
