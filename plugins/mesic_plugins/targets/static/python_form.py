"""A program as Python: kernels that are called, the door, and packed constants."""

import ast
import base64
import zlib
from pathlib import Path

import numpy as np

from mesic_plugins.targets.program.program import TEXT_KERNELS
from mesic_plugins.targets.static.parts import parts_of

HOME = Path(__file__).parent
TYPES = {"I": ("i", np.int32), "R": ("B", np.uint8), "D": ("d", np.float64)}
UNPACK = '''\
def unpacked(code, text):
    """Return numbers that were packed: little-endian, deflated, in base 85."""
    found = array.array(code, zlib.decompress(base64.b85decode(text)))
    if sys.byteorder == "big":
        found.byteswap()
    return list(found)


def forest_nodes(*fields):
    """Return the nodes of trees, a tuple each."""
    return list(zip(*fields))
'''
NODE_FIELDS = ("slot", "limit", "left", "right")


def source(stamp, program, decision, classes, columns):
    """Return the Python file that answers."""
    kernels, answering, door = (parts_of(HOME / f"{name}.py") for name in ("kernels", "answering", "door"))
    own = _needed(program.kernels | {"run", "is_missing"}, kernels.named)
    imports = {*kernels.imports, *answering.imports, *door.imports, "import array", "import base64", "import sys"}
    lines = [
        f'"""{stamp.name} {stamp.version}: predict(row) answers; written by mesic, not by hand."""',
        "\n".join(sorted(imports - {"from typing import Any"}, key=lambda line: line.split()[1])),
        "\n".join((*kernels.constants, *answering.constants)),
        UNPACK.strip(),
        f"NAME, VERSION, BUNDLE = {stamp.name!r}, {stamp.version!r}, {stamp.bundle!r}",
        *(kernels.named[name] for name in kernels.named if name in own),
        *answering.named.values(),
        *door.named.values(),
        f"CLASSES = {tuple(classes)!r}",
        f"INPUTS = [\n{''.join(f'    {_input(column)},{chr(10)}' for column in columns)}]",
        f"PROGRAM = {_program(program)}",
        f"BLANKS = frozenset({columns[0].blanks!r})",
        f"TRUTHS = {dict(columns[0].truths)!r}",
        f"THRESHOLD, COSTS, LAST_DAY = {decision.threshold!r}, {_costs(decision)}, {stamp.last_day!r}",
        "MODEL = Model(\n    INPUTS, PROGRAM, CLASSES, blanks=BLANKS, truths=TRUTHS, threshold=THRESHOLD, costs=COSTS, "
        "last_day=LAST_DAY\n)\npredict = MODEL.predict",
        'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))',
    ]
    return "\n\n\n".join(lines) + "\n"


def _needed(names, kernels):
    """Return kernels, and what they call."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name in kernels and name not in found:
            found.add(name)
            waiting += [one.id for one in ast.walk(ast.parse(kernels[name])) if isinstance(one, ast.Name)]
    return found


def _program(program):
    """Return a program as Python text: kernel, whether it reads texts, its constants."""
    calls = []
    for call in program.calls:
        constants = "".join(f"{_constant(kind, value)}, " for kind, _, value in call.arguments)
        calls.append(f"    ({call.kernel}, {call.kernel in (*TEXT_KERNELS, 'mean')}, ({constants})),\n")
    return f"[\n{''.join(calls)}]"


def _constant(kind, value):
    if kind == "P":
        return f"[{', '.join(map(_program, value))}]"
    if kind == "N":
        fields = ", ".join(_packed("I", value[field]) for field in NODE_FIELDS)
        return f"forest_nodes({fields})"
    if kind == "S":
        return repr(list(value))
    return _packed(kind, value) if kind in TYPES else _number(value)


def _packed(kind, values):
    code, dtype = TYPES[kind]
    values = np.asarray(values)
    if values.size <= 8:
        return f"[{', '.join(_number(value) for value in values.tolist())}]"
    little = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    return f"unpacked({code!r}, {base64.b85encode(zlib.compress(little.tobytes(), 9)).decode()!r})"


def _number(value):
    """Return a number as Python reads it."""
    text = repr(value.item() if hasattr(value, "item") else value)
    return f"float({text!r})" if text in ("nan", "inf", "-inf") else text


def _costs(decision):
    return None if decision.costs is None else _packed("D", decision.costs.reshape(-1))


def _input(column):
    levels = {level: float(code) for code, level in enumerate(column.levels)}
    allowed = None if column.allowed is None else f"frozenset({sorted(column.allowed)!r})"
    limits = f"{_number(column.low)}, {_number(column.high)}"
    flags = f"{column.refuses_misfits}, {column.refuses_missing}"
    return f"Column({column.name!r}, {column.reading!r}, {column.cells!r}, {flags}, {limits}, {allowed}, {levels!r})"
