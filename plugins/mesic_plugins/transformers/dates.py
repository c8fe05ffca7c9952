"""Make columns of the parts of dates."""

import numpy as np

from mesic import Matrix, PortableStep, SettingError, compile_pipeline
from mesic_plugins.transformers.portable import Learned, PortableTransformer, levels_left, rest, unused

PARTS = ("year", "month", "day", "weekday", "yearday", "hour", "minute", "second")
USUAL = ["year", "month", "day", "weekday", "hour"]


class Dates(PortableTransformer):
    """Give columns of times a column for each part of them that is not the same in all training rows.

    A time is days since 1970, UTC, as a run makes them of the columns that the schema calls ``time``. Missing cells
    stay missing in every part.

    Parameters
    ----------
    parts : list of str or None
        Of ``year``, ``month``, ``day`` (of the month, from 1), ``weekday`` (from 0, a Monday), ``yearday`` (from 1),
        ``hour``, ``minute``, ``second``; None for ``year``, ``month``, ``day``, ``weekday`` and ``hour``.
    circular : bool
        Whether parts other than the year are given as sine and cosine, so that December is beside January.
    keep : bool
        Whether the time itself stays.
    columns : list of str or None
        Names or patterns of the columns; None for those that the schema calls ``time``.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"when": [0.25, 31.5]})
    >>> Dates(columns=["when"]).fit_transform(X).to_dict("list")
    {'when': [0.25, 31.5], 'when: month': [1.0, 2.0], 'when: weekday': [3.0, 6.0], 'when: hour': [6.0, 12.0]}
    """

    def __init__(self, parts=None, circular=False, keep=True, columns=None):
        self.parts = parts
        self.circular = circular
        self.keep = keep
        self.columns = columns

    def fit(self, X, y=None, kinds=None):  # noqa: ARG002 - scikit-learn's signature
        """Learn from a data frame X of shape (n, p); `kinds` says what the schema calls its columns."""
        if strange := [part for part in self.parts or () if part not in PARTS]:
            raise SettingError("parts", strange[0], ", ".join(PARTS))
        return self._described(Matrix.from_frame(X), lambda matrix: self._learn(matrix, kinds or {}))

    def _learn(self, matrix, kinds):
        times = {name for name, kind in kinds.items() if kind == "time"}
        places = self._chosen(matrix, lambda name: name not in matrix.levels, "times", times.__contains__)
        keep = np.arange(len(matrix.names)) if self.keep else rest(matrix, places)
        asked = [(place, part) for place in places for part in self._asked()]
        values = compile_pipeline([_step([], asked, [str(number) for number in range(len(asked))])])(matrix)
        varied = [
            parts
            for parts, column in zip(asked, values.T, strict=True)
            if np.unique(column[~np.isnan(column)]).size > 1
        ]
        taken = {matrix.names[place] for place in keep}
        made = [unused(f"{matrix.names[place]}: {part}", taken) for place, part in varied]
        names = (*(matrix.names[place] for place in keep), *made)
        return Learned(_step(keep, varied, made), names, levels_left(matrix, []))

    def _asked(self):
        parts = USUAL if self.parts is None else self.parts
        if not self.circular:
            return list(parts)
        waves = [[part] if part == "year" else [f"{part} sine", f"{part} cosine"] for part in parts]
        return [name for own in waves for name in own]


def _step(keep, parts, names):
    params = {"parts": [[int(place), part] for place, part in parts], "names": list(names)}
    return PortableStep("dates", params, {"keep": np.asarray(keep, dtype=np.int64)})
