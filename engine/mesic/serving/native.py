"""LightGBM through its C interface: no data frame, no scikit-learn, one thread, one row in microseconds."""

import ctypes
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mesic.bundle.booster_text import trees_only
from mesic.errors import ComponentError

FLOAT64, ROW_MAJOR, PREDICTION, ALL_ROUNDS = 1, 1, 0, -1
PARAMETERS = b"num_threads=1"
LIBRARIES = ("lib/lib_lightgbm.so", "lib/lib_lightgbm.dylib", "bin/lib_lightgbm.dylib", "bin/lib_lightgbm.dll")


class NativeBooster:
    """A LightGBM model that answers rows of numbers as ``lightgbm.Booster.predict`` does, to the last bit.

    Parameters
    ----------
    text
        The model in LightGBM's own words.
    row
        float64 of shape (1, p), C order, or None: an array that :meth:`answer_row` will read again and again. It is
        kept, not copied.

    Raises
    ------
    ComponentError
        LightGBM is not installed, or it cannot read the model.
    """

    def __init__(self, text: str, row: np.ndarray | None = None) -> None:
        self._library, self._handle, rounds = library(), ctypes.c_void_p(), ctypes.c_int()
        _call(
            self._library.LGBM_BoosterLoadModelFromString,
            ctypes.c_char_p(trees_only(text).encode()),
            ctypes.byref(rounds),
            ctypes.byref(self._handle),
        )
        width = ctypes.c_int()
        _call(self._library.LGBM_BoosterGetNumClasses, self._handle, ctypes.byref(width))
        self.width, self._row = width.value, row
        self._out, self._length = (ctypes.c_double * width.value)(), ctypes.c_int64()
        self._fast: Sequence[Any] = () if row is None else self._fast_call(row)

    def _fast_call(self, row: np.ndarray) -> Sequence[Any]:
        """Return the arguments of the call that answers the row; what it needs is set up once."""
        settings = ctypes.c_void_p()
        _call(
            self._library.LGBM_BoosterPredictForMatSingleRowFastInit,
            self._handle,
            ctypes.c_int(PREDICTION),
            ctypes.c_int(0),
            ctypes.c_int(ALL_ROUNDS),
            ctypes.c_int(FLOAT64),
            ctypes.c_int32(row.shape[1]),
            ctypes.c_char_p(PARAMETERS),
            ctypes.byref(settings),
        )
        data = ctypes.c_void_p(row.ctypes.data)
        return settings, data, ctypes.byref(self._length), ctypes.byref(self._out)

    def answer_row(self, row: np.ndarray) -> list[float]:
        """Return what the model says of one row, float64 of shape (1, p): one number a class, or one."""
        if row is not self._row:
            self._copy(row)
        if self._library.LGBM_BoosterPredictForMatSingleRowFast(*self._fast):
            raise ComponentError(f"LightGBM cannot answer a row: {_last_error(self._library)}")
        return self._out[:]

    def _copy(self, row: np.ndarray) -> None:
        if self._row is None:
            self._row = np.empty(row.shape)
            self._fast = self._fast_call(self._row)
        self._row[:] = row

    def answer(self, values: np.ndarray) -> np.ndarray:
        """Return what the model says of rows, float64 of shape (n, p): shape (n,), or (n, k) for several classes."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        out, length = np.empty(len(values) * self.width), ctypes.c_int64()
        if len(values):
            _call(
                self._library.LGBM_BoosterPredictForMat,
                self._handle,
                ctypes.c_void_p(values.ctypes.data),
                ctypes.c_int(FLOAT64),
                ctypes.c_int32(values.shape[0]),
                ctypes.c_int32(values.shape[1]),
                ctypes.c_int(ROW_MAJOR),
                ctypes.c_int(PREDICTION),
                ctypes.c_int(0),
                ctypes.c_int(ALL_ROUNDS),
                ctypes.c_char_p(PARAMETERS),
                ctypes.byref(length),
                ctypes.c_void_p(out.ctypes.data),
            )
        return out.reshape(-1, self.width) if self.width > 1 else out

    def __del__(self) -> None:
        if getattr(self, "_fast", None):
            self._library.LGBM_FastConfigFree(self._fast[0])
        if getattr(self, "_handle", None):
            self._library.LGBM_BoosterFree(self._handle)


@cache
def library() -> ctypes.PyDLL:
    """Return LightGBM's library, loaded once; its Python package, which imports scikit-learn, is not touched.

    Raises
    ------
    ComponentError
        It is not installed.
    """
    spec = find_spec("lightgbm")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for path in (Path(folder) / name for folder in folders for name in LIBRARIES):
        if path.is_file():
            loaded = ctypes.PyDLL(str(path))  # a call is shorter than letting go of the interpreter for it
            loaded.LGBM_GetLastError.restype = ctypes.c_char_p
            return loaded
    raise ComponentError("LightGBM's library is not found: pip install lightgbm")


def _call(function: Any, *arguments: object) -> None:
    if function(*arguments):
        raise ComponentError(f"LightGBM refuses the model: {_last_error(library())}")


def _last_error(loaded: ctypes.PyDLL) -> str:
    return bytes(loaded.LGBM_GetLastError()).decode(errors="replace")
