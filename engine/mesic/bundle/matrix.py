"""The one form in which columns travel between the steps of a pipeline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mesic.errors import DataError

Levels = Mapping[str, tuple[str, ...]]
EPOCH = pd.Timestamp(0, tz="UTC")


@dataclass(frozen=True, eq=False)
class Matrix:
    """Rows of numbers and category codes.

    Parameters
    ----------
    values
        float64 in C order, shape (n, p); NaN is missing. A category column holds codes 0..len(levels)-1 as
        floats, NaN for a missing cell or a level that was not seen in training.
    names
        Names of the columns, all different.
    levels
        Levels of each category column, in code order; a column that is not named here holds numbers.

    Raises
    ------
    ValueError
        The shape does not fit the names, or a name occurs twice.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [31.0, np.nan], "town": pd.Categorical(["Ulm", "Bonn"])})
    >>> matrix = Matrix.from_frame(frame)
    >>> matrix.values.tolist(), dict(matrix.levels)
    ([[31.0, 1.0], [nan, 0.0]], {'town': ('Bonn', 'Ulm')})
    >>> list(matrix.frame()["town"])
    ['Ulm', 'Bonn']
    """

    values: np.ndarray
    names: tuple[str, ...]
    levels: Levels = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.ascontiguousarray(self.values, dtype=np.float64))
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ValueError(f"values have shape {self.values.shape}, but there are {len(self.names)} names")
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"names of columns must differ: {sorted(self.names)}")

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> "Matrix":
        """Return numeric and ``category`` columns as a matrix, times as days since 1970; the index is left behind."""
        names = tuple(map(str, frame.columns))
        if all(dtype == np.float64 for dtype in frame.dtypes):
            return cls(np.array(frame.to_numpy(), order="C"), names)
        values = np.empty((len(frame), len(names)))
        levels = {}
        for place, name in enumerate(names):
            column = frame.iloc[:, place]
            if isinstance(column.dtype, pd.CategoricalDtype):
                levels[name] = tuple(map(str, column.cat.categories))
                codes = column.cat.codes.to_numpy()
                values[:, place] = np.where(codes < 0, np.nan, codes)
            elif pd.api.types.is_datetime64_any_dtype(column.dtype):
                values[:, place] = (pd.to_datetime(column, utc=True) - EPOCH) / pd.Timedelta(days=1)
            else:
                values[:, place] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return cls(values, names, levels)

    def frame(self) -> pd.DataFrame:
        """Return the columns as a data frame: float64, or ``category`` of text levels."""
        columns = {name: self._column(place, name) for place, name in enumerate(self.names)}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self)), columns=pd.Index(self.names))

    def _column(self, place: int, name: str) -> "np.ndarray | pd.Categorical":
        column = self.values[:, place]
        if name not in self.levels:
            return column.copy()
        codes = np.where(np.isnan(column), -1, column).astype(np.int64)
        return pd.Categorical.from_codes(codes, categories=pd.Index(self.levels[name], dtype=object))

    def take(self, places: Sequence[int]) -> "Matrix":
        """Return some columns, by place."""
        names = tuple(self.names[place] for place in places)
        levels = {name: self.levels[name] for name in names if name in self.levels}
        return Matrix(self.values[:, list(places)], names, levels)

    def with_columns(self, values: np.ndarray, names: Sequence[str], levels: Levels) -> "Matrix":
        """Return the columns, and behind them others: `values` (n, q) with their `names` and `levels`."""
        return Matrix(np.hstack([self.values, values]), (*self.names, *names), {**self.levels, **levels})

    def arranged(self, names: Sequence[str], levels: Levels, texts: Collection[str] = ()) -> "Matrix":
        """Return the columns `names` in that order, with codes that refer to `levels`.

        A cell whose level is not among `levels` becomes NaN; the columns `texts` keep whatever levels they have.
        Columns beyond `names` are left out.

        Raises
        ------
        DataError
            A column is missing, or holds numbers where levels are expected or levels where numbers are.
        """
        if self.names == tuple(names) and dict(self.levels) == dict(levels):
            return self
        places = self._places(names)
        values, known = self.values[:, places], dict(levels)
        for place, name in enumerate(names):
            own, wanted = self.levels.get(name), levels.get(name)
            if name in texts:
                wanted = known[name] = own or ()
            _check_kind(name, own, wanted)
            if own and own != wanted:
                values[:, place] = _recoded(values[:, place], own, wanted or ())
        return Matrix(values, tuple(names), known)

    def _places(self, names: Sequence[str]) -> list[int]:
        place_of = {name: place for place, name in enumerate(self.names)}
        if lost := [name for name in names if name not in place_of]:
            raise DataError(f"the data lack {len(lost)} needed columns: {', '.join(map(repr, lost))}")
        return [place_of[name] for name in names]


def _check_kind(name: str, own: tuple[str, ...] | None, wanted: tuple[str, ...] | None) -> None:
    if wanted is None and own:
        raise DataError(f"column {name!r} holds text, but the model learned numbers: give numbers")
    if wanted is not None and own is None:
        raise DataError(f"column {name!r} holds numbers, but the model learned levels: give text")


def _recoded(codes: np.ndarray, own: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    code_of = {level: float(code) for code, level in enumerate(wanted)}
    table = np.array([*(code_of.get(level, np.nan) for level in own), np.nan])
    return table[np.where(np.isnan(codes), len(own), codes).astype(np.int64)]
