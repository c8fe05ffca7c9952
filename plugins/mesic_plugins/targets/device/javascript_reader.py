"""The JavaScript reader: kernels, reading of cells, files and updates in one module without dependencies."""

from pathlib import Path

HOME = Path(__file__).parent / "javascript"
PARTS = ("kernels", "cells", "reader", "updating")
PUBLIC = (
    *("open", "load", "update", "answerLine", "indexedDBStore", "memoryStore", "Model", "Broken", "Refused", "Expired"),
)
TITLE = "// Reads parameter files of mesic: open(content), load(store), update(store, content); docs/device.md.\n"


def module():
    """Return the text of an ES module; it is the same for every bundle."""
    return f"{TITLE}{_body()}\nexport {{ {', '.join(PUBLIC)} }};\n"


def script():
    """Return the text of a classic script, which leaves ``mesicDevice`` behind; CommonJS has it as its exports."""
    names = f"{{ {', '.join(PUBLIC)} }}"
    return (
        f'{TITLE}"use strict";\n(() => {{\n{_body()}\nconst mesicDevice = {names};\n'
        'if (typeof module === "object" && module.exports) module.exports = mesicDevice;\n'
        "else globalThis.mesicDevice = mesicDevice;\n})();\n"
    )


def program():
    """Return the text of the reader as a program of Node.js."""
    return (HOME / "cli.js").read_text(encoding="utf-8")


def _body():
    return "\n".join((HOME / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
