"""A program as Python: kernels that are called, the door, and packed constants."""

import ast
import base64
import re
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from mesic_plugins.targets.program.program import TEXT_KERNELS

HOME = Path(__file__).parent
FOR_TOOLS = re.compile(r"  # (noqa|fmt|type).*$", re.MULTILINE)
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


@lru_cache
def functions(file):
    """Return the functions and classes of a Python file by name, and its imports."""
    text = FOR_TOOLS.sub("", (HOME / file).read_text(encoding="utf-8"))
    body = ast.parse(text).body
    named = {one.name: ast.get_source_segment(text, one) for one in body if hasattr(one, "name")}
    others = [ast.get_source_segment(text, one) or "" for one in body[1:] if not hasattr(one, "name")]
    return named, [line for line in others if line.startswith(("import", "from"))], others


def source(stamp, program, decision, classes, columns):
    """Return the Python file that answers."""
    kernels, imports, _ = functions("kernels.py")
    door, more, constants = functions("door.py")
    more = [line for line in more if "typing" not in line]
    every = sorted({*imports, *more, "import array", "import base64", "import sys"}, key=lambda line: line.split()[1])
    own = _needed(program.kernels | {"run", "is_missing"}, kernels)
    shared = [
        line
        for line in constants
        if not line.startswith(("import", "from")) and "NAME," not in line and ": Any = " not in line
    ]
    lines = [
        f'"""{stamp.name} {stamp.version}: predict(row) answers; written by mesic, not by hand."""',
        "\n".join(every),
        "\n".join(_constants_of_kernels() + shared),
        UNPACK.strip(),
        f"NAME, VERSION, BUNDLE, EXPIRES = {stamp.name!r}, {stamp.version!r}, {stamp.bundle!r}, {stamp.last_day!r}",
        f"CLASSES = {tuple(classes)!r}",
        f"BLANKS = frozenset({columns[0].blanks!r})",
        f"TRUTHS = {dict(columns[0].truths)!r}",
        f"THRESHOLD, COSTS = {decision.threshold!r}, {_costs(decision)}",
        f"INPUTS = [\n{''.join(f'    {_input(column)},{chr(10)}' for column in columns)}]",
        *(kernels[name] for name in kernels if name in own),
        *(text for name, text in door.items() if name not in ("run", "is_missing")),
        f"PROGRAM = {_program(program)}",
        'if __name__ == "__main__":\n    sys.exit(main(sys.argv[1:]))',
    ]
    return "\n\n\n".join(lines) + "\n"


def _constants_of_kernels():
    _, imports, others = functions("kernels.py")
    return [line for line in others if line not in imports and not line.startswith("BLANK ")]


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
    return f"({column.name!r}, {column.reading!r}, {column.cells!r}, {flags}, {limits}, {allowed}, {levels!r})"
