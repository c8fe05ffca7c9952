"""The Python reader: kernels, reading of cells, signatures, files and updates in one module of the standard library."""

from pathlib import Path

from mesic_plugins.targets.static.parts import parts_of

HOME = Path(__file__).parent
STATIC = HOME.parent / "static"
DOOR = ("lines_of_json", "told", "refuse_constant", "lines_of_csv", "answer_lines", "day_of", "chained")
TITLE = '"""Reads parameter files of mesic: opened(content), load(folder), update(folder, content); docs/device.md."""'


def source():
    """Return the module's text; it is the same for every bundle."""
    kernels, answering = (parts_of(STATIC / f"{name}.py") for name in ("kernels", "answering"))
    own = [parts_of(HOME / f"{name}.py") for name in ("ed25519", "reader", "updating", "program")]
    door = parts_of(STATIC / "door.py")
    imports = {line for part in (kernels, answering, door, *own) for line in part.imports}
    lines = [
        TITLE,
        "\n".join(sorted(imports - {"from typing import Any"}, key=lambda line: (line.split()[1], line))),
        *_whole(kernels),
        *_whole(answering),
        *(door.named[name] for name in DOOR),
        *(text for part in own for text in _whole(part)),
        'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))',
    ]
    return "\n\n\n".join(lines).replace("getattr(own_kernels, name)", "globals()[name]") + "\n"


def _whole(part):
    """Return constants and functions; a constant that calls a function stands behind it."""
    late = [line for line in part.constants if line.startswith("BASE = ")]
    first = [line for line in part.constants if line not in late]
    return ["\n".join(first), *part.named.values(), *late]
