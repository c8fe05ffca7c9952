"""The compiled kernel as Python calls it."""

import ctypes
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
        library = _library(path)
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


@cache
def _library(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(path))
        size = library.mesic_size_of_model()
    except (OSError, AttributeError) as error:
        raise NoLibrary(f"the compiled kernel cannot be loaded: {error}") from error
    if size != ctypes.sizeof(_Model):
        raise NoLibrary("the compiled kernel has another form")
    return library
