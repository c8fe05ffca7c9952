"""Constants in C: numbers as the shortest decimals that read back as they were, tables that are equal once."""

import math
from collections.abc import Iterable

import numpy as np

TYPES = {"I": "int", "D": "double", "R": "rank"}
PER_LINE = 12


def number(value):
    """Return a number as C reads it, whatever the locale.

    Examples
    --------
    >>> number(0.1), number(float("inf")), number(-0.0), number(2.0)
    ('0.1', 'INFINITY', '-0.0', '2.0')
    """
    value = float(value)
    if math.isnan(value):
        return "NAN"
    return f"{'-' if value < 0 else ''}INFINITY" if math.isinf(value) else repr(value)


def text(value):
    r"""Return a text as C reads it: bytes that are no plain letters as three octal digits.

    Examples
    --------
    >>> print(text('a "b"?'))
    "a \"b\"\077"
    """
    plain = set(range(32, 127)) - set(b'"\\?')
    escaped = {ord('"'): '\\"', ord("\\"): "\\\\"}
    return '"' + "".join(chr(b) if b in plain else escaped.get(b, f"\\{b:03o}") for b in value.encode()) + '"'


def listed(words: Iterable[str]):
    """Return words in braces, some on each line; C has no empty list."""
    words = list(words) or ["0"]
    lines = [", ".join(words[start : start + PER_LINE]) for start in range(0, len(words), PER_LINE)]
    return "{" + ",\n    ".join(lines) + "}"


class Tables:
    """Tables of constants under names; what says the same has one name."""

    def __init__(self):
        self.names, self.lines = {}, []

    def name_of(self, kind, values):
        """Return the name of a table of numbers, declared when it is first asked for."""
        values = np.asarray(values, dtype=np.float64 if kind == "D" else np.int64)
        written = [number(value) for value in values] if kind == "D" else [str(value) for value in values.tolist()]
        return self._declared(f"static const {TYPES[kind]}", listed(written))

    def nodes(self, values):
        """Return the name of a table of tree nodes."""
        written = [f"{{{slot}, {limit}, {{{left}, {right}}}}}" for slot, limit, left, right in values.tolist()]
        return self._declared("static const node", listed(written or ["{0, 0, {0, 0}}"]))

    def texts(self, values):
        """Return the name of a table of texts."""
        return self._declared("static const char *const", listed(map(text, values)))

    def members(self, names):
        """Return the name of a table of functions."""
        return self._declared("static const member", listed(names))

    def _declared(self, declaration, body):
        if (declaration, body) not in self.names:
            self.names[declaration, body] = f"table_{len(self.names)}"
            self.lines.append(f"{declaration} {self.names[declaration, body]}[] = {body};")
        return self.names[declaration, body]
