"""The compiled kernel as Python calls it."""

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from mesic.kernel.arrays import KernelArrays
from mesic.kernel.compiling import NoLibrary

_INTEGERS = ("width", "trees", "outputs", "each", "link", "slots", "columns", "lines")
_FLOATS = ("slope", "divisor", "least")
_ARRAYS = (
    *("slot_column", "slot_blank", "slot_edges", "slot_count", "above", "upto", "edges", "splits_above", "splits_upto"),
    *("level_column", "level_start", "level_code", "set_start", "set_splits", "sets", "set_inside", "splits_set"),
    *("tree_line", "tree_leaf", "leaf"),
)


class _Model(ctypes.Structure):
    """``model`` of the C source."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in _INTEGERS),
        *((name, ctypes.c_double) for name in _FLOATS),
        *((name, ctypes.c_void_p) for name in _ARRAYS),
    ]


class _Forest(ctypes.Structure):
    """``forest`` of the C source."""

    _fields_ = [
        *((name, ctypes.c_int32) for name in ("width", "trees", "outputs", "unused")),
        *((name, ctypes.c_void_p) for name in ("root", "nodes", "leaf")),
    ]


class Kernel:
    """A model that the compiled kernel answers; threads may share it.

    Parameters
    ----------
    path
        The compiled kernel.
    found
        The model.
    is_wide
        Whether vectors of 32 bytes are used; None: where the processor has them. Answers are the same.

    Raises
    ------
    NoLibrary
        The compiled kernel cannot be loaded.
    """

    def __init__(self, path: Path, found: KernelArrays, *, is_wide: bool | None = None) -> None:
        library = library_at(path)
        self._answer, self._found = library.mesic_answer, found
        self._is_wide = library.mesic_is_wide() if is_wide is None else int(is_wide)
        self.width, self.outputs = int(found.numbers["width"]), int(found.numbers["outputs"])
        pointers = {name: found.arrays[name].ctypes.data for name in _ARRAYS}
        self._model = _Model(**found.numbers, **pointers)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return what the model says of rows, shape (n, width): shape (n,), or (n, k) for several outputs."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != self.width:
            raise ValueError(f"rows have shape {values.shape}; the model has {self.width} columns")
        out = np.empty((len(values), self.outputs))
        status = self._answer(
            ctypes.byref(self._model),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_int64(len(values)),
            ctypes.c_void_p(out.ctypes.data),
            ctypes.c_int(self._is_wide),
        )
        if status:
            raise MemoryError("the kernel has no memory left")
        return out if self.outputs > 1 else out[:, 0]


class ForestKernel:
    """A forest that the compiled kernel answers; threads may share it.

    Parameters
    ----------
    path
        The compiled kernel.
    found
        What :func:`mesic.kernel.questions.forest_arrays` returns.

    Attributes
    ----------
    width
        Columns that rows need; those beyond are not looked at.

    Raises
    ------
    NoLibrary
        The compiled kernel cannot be loaded.
    """

    def __init__(self, path: Path, found: Mapping[str, np.ndarray]) -> None:
        self._answer, self._found = library_at(path).mesic_answer_forest, dict(found)
        self.width, self.outputs = int(found["nodes"]["asks"].max(initial=0) // 2) + 1, found["leaf"].shape[1]
        pointers = {name: array.ctypes.data for name, array in found.items()}
        self._forest = _Forest(width=self.width, trees=found["root"].size, outputs=self.outputs, **pointers)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of the leaves of rows, shape (n, at least width): shape (n, k)."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] < self.width:
            raise ValueError(f"rows have shape {values.shape}; the forest asks for {self.width} columns")
        out = np.empty((len(values), self.outputs))
        status = self._answer(
            ctypes.byref(self._forest),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_int64(len(values)),
            ctypes.c_int64(values.shape[1]),
            ctypes.c_void_p(out.ctypes.data),
        )
        if status:
            raise MemoryError("the kernel has no memory left")
        return out


@cache
def library_at(path: Path) -> ctypes.CDLL:
    """Return the compiled kernel, loaded once.

    Raises
    ------
    NoLibrary
        It cannot be loaded, or has another form.
    """
    try:
        library = ctypes.CDLL(str(path))
        sizes = library.mesic_size_of_model(), library.mesic_size_of_forest()
    except (OSError, AttributeError) as error:
        raise NoLibrary(f"the compiled kernel cannot be loaded: {error}") from error
    if sizes != (ctypes.sizeof(_Model), ctypes.sizeof(_Forest)):
        raise NoLibrary("the compiled kernel has another form")
    return library
