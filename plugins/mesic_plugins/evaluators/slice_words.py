"""Slices as a person declares them: ``age``, ``sex & age``, ``age >= 90% & town = Ulm``."""

import re
from itertools import product

import numpy as np

from mesic import SettingError
from mesic_plugins.evaluators.cells import days_of, is_levels, kind_of
from mesic_plugins.evaluators.slicing import AND, MISSING, Level, Other, Range, Slice, cut, known_column

SIGNS = re.compile(r"\s*(>=|<=|!=|=|>|<)\s*")
QUOTED = re.compile(r'\s*"([^"]*)"')
GRAMMAR = "columns, such as sex, and conditions, such as 'age >= 65' or 'town = Ulm', joined by &"


def read_slice(text, names, setting):
    """Return what a declared slice says: pairs of a column and None, or of a sign and a text.

    Parameters
    ----------
    text : str
        As a person wrote it.
    names : iterable of str
        The columns that there are.
    setting : str
        The option's name, for its errors.

    Raises
    ------
    SettingError
        It names no column, or something follows that cannot be read.

    Examples
    --------
    >>> read_slice("sex & age >= 90%", ["sex", "age"], "slices.columns")
    [('sex', None), ('age', ('>=', '90%'))]
    """
    said, rest, longest_first = [], text, sorted(map(str, names), key=lambda name: (-len(name), name))
    while True:
        rest = rest.lstrip()
        name = next((name for name in longest_first if rest.startswith(name) and _ends(rest[len(name) :])), None)
        if name is None:
            raise SettingError(setting, text, _wanted(rest, longest_first))
        condition, rest = _condition(rest[len(name) :], text, setting)
        said.append((name, condition))
        if not rest.strip():
            return said
        rest = rest.strip().removeprefix("&")


def _ends(rest):
    return not rest.strip() or rest.lstrip().startswith("&") or SIGNS.match(rest) is not None


def _wanted(rest, names):
    from difflib import get_close_matches

    word = re.split(r"\s*(?:[&<>=!]|$)", rest, maxsplit=1)[0]
    near = get_close_matches(word, names, n=1)
    return f"{GRAMMAR}; {word!r} is no column" + (f", did you mean {near[0]!r}?" if near else "")


def _condition(rest, text, setting):
    sign = SIGNS.match(rest)
    if sign is None:
        return None, rest
    rest = rest[sign.end() :]
    quoted = QUOTED.match(rest)
    value, rest = (quoted[1], rest[quoted.end() :]) if quoted else _until_and(rest)
    if not value and not quoted:
        raise SettingError(setting, text, f"a value after {sign[1]!r}")
    return (sign[1], value), rest


def _until_and(rest):
    value, _, after = rest.partition(AND)
    return value.strip(), f"&{after}" if after else ""


def declared_slices(view, said, *, parts, setting):
    """Return the slices that a declared text stands for; a column alone stands for all its levels or ranges.

    Raises
    ------
    SettingError
        A condition does not fit its column.
    """
    choices = [
        cut(view, name, parts) if condition is None else [_made(view, name, *condition, setting=setting)]
        for name, condition in said
    ]
    return [Slice(conditions) for conditions in product(*choices)]


def _made(view, name, sign, text, *, setting):
    kind = kind_of(view, name)
    is_equal = sign in ("=", "!=")
    if is_equal and text == MISSING:
        return (Level if sign == "=" else Other)(name, None, kind)
    column = known_column(view, name)
    if is_levels(column):
        if not is_equal:
            raise SettingError(setting, f"{name} {sign} {text}", f"= or !=, for {name!r} holds levels, no numbers")
        return (Level if sign == "=" else Other)(name, text, kind)
    number = _number(text, column, kind)
    if number is None:
        raise SettingError(setting, f"{name} {sign} {text}", "a number, a share of the rows such as 90%, or a date")
    if is_equal:
        return (Level if sign == "=" else Other)(name, number, kind)
    above = float(np.nextafter(number, np.inf))
    ends = {">=": (number, np.inf), ">": (above, np.inf), "<": (-np.inf, number), "<=": (-np.inf, above)}
    return Range(name, *ends[sign], kind)


def _number(text, column, kind):
    try:
        if text.endswith("%"):
            return float(np.nanquantile(column.to_numpy(dtype=float), float(text[:-1]) / 100))
        return days_of(text) if kind == "time" else float(text)
    except ValueError:
        return None
