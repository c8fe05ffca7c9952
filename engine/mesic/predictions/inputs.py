"""Typed cells as the scorer took them; what a typed cell cannot say is kept as it was given."""

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from mesic.data.coercion import SECONDS_A_DAY
from mesic.errors import DataError
from mesic.predictions.layout import INPUT, KINDS, MOMENT
from mesic.serving.cells import Misfit, Reader, reader_of
from mesic.serving.release import Release
from mesic.serving.scorer import Row

Unsaid = dict[int, dict[str, Any]]
A_DAY = 1_000_000 * SECONDS_A_DAY
LATEST_DAY = 10**5  # microseconds of later days are no whole numbers of a float


def kinds_of(release: Release) -> dict[str, str]:
    """Return the kind of each field that a release reads, also of those that only say when others are known."""
    scorer, schema = release.scorer, release.bundle.schema
    kinds: dict[str, str] = {}
    for name in (*scorer.names, *release.bundle.moments):
        own = schema[name].kind
        plain = own if own in ("boolean", "time") else "number"
        kinds[name] = "text" if name in scorer.texts else "category" if name in scorer.levels else plain
    return kinds


def needs_rows(release: Release) -> bool:
    """Return whether columns are made of the rows as they were given, and not only of the scorer's numbers."""
    scorer, schema = release.scorer, release.bundle.schema
    if scorer.texts or scorer.clocked or set(release.bundle.moments) - set(scorer.names):
        return True
    return any(odd_codes(reader_of(schema[name]), levels) for name, levels in scorer.levels.items())


def odd_codes(read: Reader, levels: Sequence[str]) -> list[float]:
    """Return codes of levels that would not be read as themselves."""
    return [float(code) for code, level in enumerate(levels) if not reads_back(read, level)]


def reads_back(read: Reader, cell: Any) -> bool:
    """Return whether a typed cell, given again, is read as itself."""
    try:
        return cell is None or bool(read(cell) == cell)
    except Exception:  # noqa: BLE001 - whatever a reader makes of it, the cell as given is kept then
        return False


class Inputs:
    """Makes columns of cells.

    Parameters
    ----------
    release
        What read the cells.
    kinds
        Of each field.
    redacted
        Fields of which no cell is kept.
    """

    def __init__(self, release: Release, kinds: Mapping[str, str], redacted: Collection[str]) -> None:
        scorer, schema = release.scorer, release.bundle.schema
        self.names, self.kinds, self.redacted, self.levels = scorer.names, kinds, redacted, scorer.levels
        self._readers = {name: reader_of(schema[name]) for name in kinds}
        self._later = scorer.clocked
        self._aside = [name for name in kinds if name not in scorer.names]
        self._texts, learned = scorer.texts, {**dict.fromkeys(scorer.texts, ()), **scorer.levels}
        self._words = {name: pa.array(levels, pa.string()) for name, levels in learned.items()}
        self._odd = {name: odd_codes(self._readers[name], levels) for name, levels in learned.items()}

    def columns(self, taken: np.ndarray, rows: Mapping[int, Row]) -> tuple[dict[str, pa.Array], Unsaid]:
        """Return a column a field, and by row the cells of which the column cannot say all.

        Parameters
        ----------
        taken
            Numbers and codes of all rows, float64 of shape (n, p).
        rows
            By place, those of them that numbers do not tell, as they were given.
        """
        count, unsaid, found = len(taken), Unsaid(), {}
        for name, own in zip(self.names, np.ascontiguousarray(taken.T), strict=True):
            if name not in self.redacted:
                found[name] = self._column(name, own, rows, unsaid)
        for name in self._aside:
            if name not in self.redacted:
                found[name] = self._column(name, self._read_aside(name, rows, unsaid), rows, unsaid)
        return {
            f"{INPUT}{name}": found[name] if name in found else pa.nulls(count, KINDS[kind])
            for name, kind in self.kinds.items()
        }, unsaid

    def _column(self, name: str, own: np.ndarray, rows: Mapping[int, Row], unsaid: Unsaid) -> pa.Array:
        kind = self.kinds[name]
        if name in self._later and kind not in ("category", "text"):
            own = self._with_hidden(name, own, rows)
        if kind == "number":
            return pa.array(own, from_pandas=True)
        if kind == "boolean":
            return pa.array(own != 0, mask=np.isnan(own))
        if kind == "time":
            return self._times(name, own, unsaid)
        return self._words_of(name, own, rows, unsaid)

    def _read_aside(self, name: str, rows: Mapping[int, Row], unsaid: Unsaid) -> np.ndarray:
        """Return a time that a row may lack: that it was given, and is none, is another thing than that it was not.

        Where there are such times, all rows are kept.
        """
        own = np.full(len(rows), np.nan)
        for place, row in rows.items():
            if name in row:
                own[place] = self._read(name, row[name])
                if np.isnan(own[place]):
                    unsaid.setdefault(place, {})[name] = row[name]
        return own

    def _read(self, name: str, cell: Any) -> Any:
        try:
            return self._readers[name](cell)
        except (Misfit, DataError):
            return np.nan  # nobody had read it, as the row lacks the other time

    def _with_hidden(self, name: str, own: np.ndarray, rows: Mapping[int, Row]) -> np.ndarray:
        """Return numbers with those that the model did not see, as they were known too late."""
        hidden, own = np.flatnonzero(np.isnan(own)), own.copy()
        own[hidden] = [self._readers[name](rows[place][name]) for place in hidden.tolist()]
        return own

    def _times(self, name: str, own: np.ndarray, unsaid: Unsaid) -> pa.Array:
        """Return moments; those that microseconds do not say to the last bit are told as text, too."""
        is_there = ~np.isnan(own)
        is_near = is_there & (np.abs(own) < LATEST_DAY)
        moments = np.where(is_near, np.rint(np.where(is_near, own, 0) * A_DAY), 0).astype(np.int64)
        for place in np.flatnonzero(is_there & (~is_near | (_days(moments) != own))):
            unsaid.setdefault(int(place), {})[name] = moment_text(float(own[place]), self._readers[name])
        return pa.array(moments, mask=~is_near).cast(MOMENT)

    def _words_of(self, name: str, own: np.ndarray, rows: Mapping[int, Row], unsaid: Unsaid) -> pa.Array:
        """Return texts; a level that the model did not learn is a missing code and still a text here."""
        is_lost = np.isnan(own) | (name in self._texts)
        codes, read, words = np.where(is_lost, 0, own).astype(np.int32), self._readers[name], self._words[name]
        places = np.flatnonzero(is_lost).tolist()
        cells = [read(rows[place][name]) for place in places]
        new = {cell: code for code, cell in enumerate(dict.fromkeys(cells), len(words)) if cell is not None}
        odd = [place for place, cell in zip(places, cells, strict=True) if not reads_back(read, cell)]
        for place in (*odd, *np.flatnonzero(np.isin(own, self._odd[name])).tolist()):
            unsaid.setdefault(place, {})[name] = rows[place][name]
        for place, cell in zip(places, cells, strict=True):
            if cell is not None:
                codes[place], is_lost[place] = new[cell], False
        known = pa.concat_arrays([words, pa.array(list(dict.fromkeys(cells)), pa.string())])
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=is_lost), known).dictionary_decode()


def _days(moments: np.ndarray) -> np.ndarray:
    """Return microseconds since 1970 as days, by the sums with which a cell's text becomes days."""
    days, rest = np.divmod(moments, A_DAY)
    seconds, micro = np.divmod(rest, 1_000_000)
    found: np.ndarray = (days * SECONDS_A_DAY + seconds + micro / 1_000_000) / SECONDS_A_DAY
    return found


def moment_text(days: float, read: Reader) -> str:
    """Return a text that is read as a moment, to the last bit if there is one.

    Parameters
    ----------
    days
        Since 1970, UTC.
    read
        What reads a cell of the column.

    Examples
    --------
    >>> from mesic.data.schema import Column
    >>> read = reader_of(Column("since", "time"))
    >>> moment_text(read("9999-12-31"), read), moment_text(read("2024-01-31T00:00:00.123456789Z"), read)
    ('9999-12-31T00:00:00Z', '2024-01-31T00:00:00.123456001Z')
    """
    seconds = np.float64(days) * SECONDS_A_DAY
    near = [seconds, np.rint(seconds)]
    for side in (-np.inf, np.inf):
        step = seconds
        for _ in range(3):
            step = np.nextafter(step, side)
            near.append(step)
    texts = [_text_of(float(second)) for second in near]
    return next((text for text in texts if _is_read_as(text, days, read)), texts[0])


def _text_of(seconds: float) -> str:
    whole, nano = divmod(Fraction(seconds), 1)
    moment = np.datetime64(int(whole), "s")
    digits = f".{round(nano * 1_000_000_000):09d}" if nano else ""
    return f"{moment}{digits}Z"


def _is_read_as(text: str, days: float, read: Reader) -> bool:
    try:
        return bool(read(text) == days)
    except (Misfit, DataError):
        return False
