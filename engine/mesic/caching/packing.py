"""Values as JSON and arrays, and back: what a stage leaves, written without pickle.

Only the types of :data:`KNOWN` are made again, so that a file can ask for nothing else.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

KNOWN = {
    "BeforeLearner": "mesic.training.prepared",
    "Choice": "mesic.training.selection",
    "Column": "mesic.data.schema",
    "Dataset": "mesic.data.view",
    "Entry": "mesic.data.account",
    "Evaluation": "mesic.evaluation.view",
    "Finding": "mesic.findings",
    "Fitted": "mesic.training.fitted",
    "OutOfFold": "mesic.training.folds",
    "PortableStep": "mesic.bundle.step",
    "ReadRows": "mesic.runs.reading",
    "RowAccount": "mesic.data.account",
    "Schema": "mesic.data.schema",
    "Split": "mesic.partition.rows",
    "Took": "mesic.training.metering",
    "TrainingView": "mesic.data.view",
}
_KINDS = "biuf"
Arrays = dict[str, np.ndarray]


class NotPackable(Exception):
    """A value that cannot be written as JSON and arrays."""


def packed(value: Any) -> tuple[Any, Arrays]:
    """Return a value as JSON can hold it, and the arrays that it names.

    Raises
    ------
    NotPackable
        A part of it is of a type that is not known, or is a step that only skops describes.

    Examples
    --------
    >>> packed({"a": (1, np.arange(2))})
    ({'dict': [['a', {'tuple': [1, {'array': 'a0'}]}]]}, {'a0': array([0, 1])})
    """
    arrays: Arrays = {}
    return _pack(value, arrays), arrays


def unpacked(said: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the value that was packed.

    Examples
    --------
    >>> unpacked(*packed({"a": (1, np.arange(2))}))
    {'a': (1, array([0, 1]))}
    """
    if not isinstance(said, dict):
        return said
    ((form, inner),) = said.items()
    return _UNPACK[form](inner, arrays)


def _pack(value: Any, arrays: Arrays) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
        return value.item()
    if isinstance(value, bytes) and not value:
        return {"bytes": ""}
    for kind, pack in _PACK:
        if isinstance(value, kind):
            return pack(value, arrays)
    return _pack_other(value, arrays)


def _pack_other(value: Any, arrays: Arrays) -> Any:
    import pandas as pd
    import pyarrow as pa

    if isinstance(value, pd.DataFrame):
        return {"frame": _frame(value, arrays)}
    if isinstance(value, pa.Table):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as writer:
            writer.write_table(value)
        return {"table": _kept(np.frombuffer(sink.getvalue(), dtype=np.uint8), arrays)}
    name = type(value).__name__
    if KNOWN.get(name) != type(value).__module__:
        raise NotPackable(f"a value of type {name} has no written form")
    if name == "PortableStep" and value.blob:
        raise NotPackable("a step that only skops describes is not read from a cache")
    own = {field.name: _pack(getattr(value, field.name), arrays) for field in fields(value) if field.init}
    return {"of": [name, own]}


def _kept(array: np.ndarray, arrays: Arrays) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = array
    return name


def _array(value: np.ndarray, arrays: Arrays) -> Any:
    if value.dtype.kind in _KINDS:
        return {"array": _kept(value, arrays)}
    if value.dtype == object and value.ndim == 1:
        return {"objects": [_pack(item, arrays) for item in value.tolist()]}
    raise NotPackable(f"an array of {value.dtype} has no written form")


def _frame(frame: Any, arrays: Arrays) -> dict[str, Any]:
    import pandas as pd

    index = frame.index
    if isinstance(index, pd.RangeIndex):
        rows: Any = [index.start, index.stop, index.step]
    elif index.dtype.kind in "iu":
        rows = {"array": _kept(index.to_numpy(), arrays)}
    else:
        raise NotPackable(f"an index of {index.dtype} has no written form")
    names = [_pack(name, arrays) for name in frame.columns]
    if len(set(names)) < len(names):
        raise NotPackable("two columns of one name")
    return {"rows": rows, "names": names, "columns": [_column(frame[name], arrays) for name in frame.columns]}


def _column(column: Any, arrays: Arrays) -> Any:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = column.cat.categories
        kind = [str(levels.dtype), bool(column.cat.ordered)]
        return {"levels": [_pack(level, arrays) for level in levels], "kind": kind} | {
            "codes": _kept(column.cat.codes.to_numpy(), arrays)
        }
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in _KINDS:
        return {"array": _kept(column.to_numpy(), arrays)}
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        return {"values": [_pack(item, arrays) for item in column.tolist()], "kind": str(column.dtype)}
    raise NotPackable(f"a column of {column.dtype} has no written form")


def _unframe(said: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Any:
    import pandas as pd

    rows = said["rows"]
    index = pd.RangeIndex(*rows) if isinstance(rows, list) else pd.Index(unpacked(rows, arrays))
    columns = {name: _uncolumn(own, arrays) for name, own in zip(said["names"], said["columns"], strict=True)}
    made = pd.DataFrame(columns, index=pd.RangeIndex(len(index)), copy=False)
    return made.set_axis(index, axis=0)


def _uncolumn(said: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> Any:
    import pandas as pd

    if "array" in said:
        return arrays[said["array"]]
    if "codes" in said:
        kind, is_ordered = said["kind"]
        levels = pd.Index([unpacked(level, arrays) for level in said["levels"]], dtype=kind)
        return pd.Categorical.from_codes(arrays[said["codes"]], categories=levels, ordered=is_ordered)
    return pd.Series([unpacked(item, arrays) for item in said["values"]], dtype=said["kind"])


def _untable(name: str, arrays: Mapping[str, np.ndarray]) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(pa.py_buffer(arrays[name])).read_all()


def _unknown(said: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    name, own = said
    return _known(name)(**{key: unpacked(item, arrays) for key, item in own.items()})


@lru_cache(maxsize=len(KNOWN))
def _known(name: str) -> Any:
    return getattr(import_module(KNOWN[name]), name)


def _objects(said: list[Any], arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    made = np.empty(len(said), dtype=object)
    made[:] = [unpacked(item, arrays) for item in said]
    return made


_PACK: tuple[tuple[Any, Any], ...] = (
    (np.ndarray, _array),
    (tuple, lambda value, arrays: {"tuple": [_pack(item, arrays) for item in value]}),
    (list, lambda value, arrays: {"list": [_pack(item, arrays) for item in value]}),
    (frozenset, lambda value, arrays: {"set": [_pack(item, arrays) for item in sorted(value)]}),
    (dict, lambda value, arrays: {"dict": [[_pack(key, arrays), _pack(item, arrays)] for key, item in value.items()]}),
)
_UNPACK: Mapping[str, Any] = {
    "array": lambda name, arrays: arrays[name],
    "tuple": lambda said, arrays: tuple(unpacked(item, arrays) for item in said),
    "list": lambda said, arrays: [unpacked(item, arrays) for item in said],
    "set": lambda said, arrays: frozenset(unpacked(item, arrays) for item in said),
    "dict": lambda said, arrays: {unpacked(key, arrays): unpacked(item, arrays) for key, item in said},
    "bytes": lambda *_: b"",
    "objects": _objects,
    "frame": _unframe,
    "table": _untable,
    "of": _unknown,
}
