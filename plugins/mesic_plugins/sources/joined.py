"""A table with columns of others beside it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic import DataError, Finding, SettingError
from mesic_plugins.sources.joining import matching_codes, moments, partners, partners_as_of
from mesic_plugins.sources.table import Table

MOST_SHOWN = 5
KEYS = ("path", "on", "as_of", "at", "cardinality", "unmatched", "prefix", "delimiter", "encoding")
CARDINALITIES = ("n:1", "1:1")


@dataclass(frozen=True)
class Join:
    """One table beside the first, as the configuration says it.

    Parameters
    ----------
    table : Table
        Where its rows lie.
    on : dict
        Key columns: name in the first table, name in this one.
    as_of : str or None
        Column of this table that says since when a row is known.
    at : str or None
        Column of the first table that says when a prediction is asked for.
    cardinality : str
        ``n:1``: a key stands in one row of this table at most; ``1:1``: and in one of the first.
    unmatched : str
        ``keep``: cells of rows without a partner are missing; ``refuse``: there may be none.
    prefix : str
        Stands before the names of its columns.
    """

    table: Table
    on: dict[str, str]
    as_of: str | None
    at: str | None
    cardinality: str
    unmatched: str
    prefix: str

    def columns(self):
        """Return its columns but the keys, by the name that they get."""
        return {f"{self.prefix}{name}": name for name in self.table.columns() if name not in self.on.values()}


class Joined:
    r"""A table file, and columns of other files beside it, each row with the one row of them that its keys name.

    Rows keep their order and number: none is lost, none doubled. With ``as_of`` a row meets the latest row that was
    known at its own time, so that nothing of later is beside it.

    Parameters
    ----------
    path : str
        The first table: its rows are the rows.
    joins : list of dict
        Each with ``path`` and ``on`` (a column, a list of them, or first name: other name), and perhaps ``as_of`` with
        ``at``, ``cardinality`` (``n:1``, ``1:1``), ``unmatched`` (``keep``, ``refuse``), ``prefix``, ``delimiter``,
        ``encoding``.
    delimiter, encoding
        Of the first table.

    Raises
    ------
    SettingError
        A join says what cannot be.
    DataError
        A key names several rows of a joined table, or times cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> rides, towns = Path(folder.name, "rides.csv"), Path(folder.name, "towns.csv")
    >>> _ = rides.write_text("town,km\nBern,3\nGraz,5\n"), towns.write_text("town,size\nGraz,300\nBern,130\n")
    >>> source = Joined(str(rides), [{"path": str(towns), "on": "town"}])
    >>> next(source.batches(10)).to_pylist()
    [{'town': 'Bern', 'km': 3, 'size': 130}, {'town': 'Graz', 'km': 5, 'size': 300}]
    >>> folder.cleanup()
    """

    target = None

    def __init__(self, path, joins=(), delimiter=None, encoding="utf8"):
        self.first = Table(path, delimiter, encoding)
        self.joins = [_join(number, dict(said)) for number, said in enumerate(joins)]
        self.findings = ()

    def columns(self):
        """Return the column names; only the heads of the files are read."""
        names = list(self.first.columns())
        for number, join in enumerate(self.joins):
            self._refuse_unknown(number, join, names)
            own = list(join.columns())
            twice = [name for name in own if name in names]
            if twice:
                wanted = f"a prefix: column {twice[0]!r} is in another table, too"
                raise SettingError(f"source.joins[{number}].prefix", join.prefix, wanted)
            names += own
        return names

    def fingerprint(self):
        """Return a text that changes with any byte of the files; no row is read."""
        return " ".join(table.fingerprint() for table in (self.first, *(join.table for join in self.joins)))

    def batches(self, rows):
        """Yield record batches of at most `rows` rows each."""
        self.columns()
        table, findings = _read(self.first), []
        for join in self.joins:
            table, found = _beside(table, join)
            findings += found
        self.findings = tuple(findings)
        return iter(table.combine_chunks().to_batches(max_chunksize=rows))

    def _refuse_unknown(self, number, join, names):
        wanted = [("on", name, names) for name in join.on]
        wanted += [("on", name, join.table.columns()) for name in join.on.values()]
        wanted += [("as_of", join.as_of, join.table.columns()), ("at", join.at, names)]
        for key, name, known in wanted:
            if name is not None and name not in known:
                raise SettingError(f"source.joins[{number}].{key}", name, f"one of {', '.join(known)}")


def _join(number, said):
    where = f"source.joins[{number}]"
    for key in said:
        if key not in KEYS:
            raise SettingError(f"{where}.{key}", said[key], f"one of these keys: {', '.join(KEYS)}")
    on = said.get("on")
    on = {on: on} if isinstance(on, str) else dict(on) if hasattr(on, "items") else {name: name for name in on or ()}
    if not on or "path" not in said:
        raise SettingError(where, said, "path=FILE and on=[KEY]")
    if (said.get("as_of") is None) != (said.get("at") is None):
        raise SettingError(where, said, "as_of, the joined table's column of times, and at, the first one's, together")
    for key, allowed in (("cardinality", CARDINALITIES), ("unmatched", ("keep", "refuse"))):
        if said.get(key, allowed[0]) not in allowed:
            raise SettingError(f"{where}.{key}", said[key], f"one of {', '.join(allowed)}")
    table = Table(said["path"], said.get("delimiter"), said.get("encoding", "utf8"))
    rules = (said.get("cardinality", "n:1"), said.get("unmatched", "keep"), said.get("prefix", ""))
    return Join(table, on, said.get("as_of"), said.get("at"), *rules)


def _read(source):
    return pa.Table.from_batches(source.batches(1 << 16))


def _beside(table, join):
    """Return the table with the columns of a joined one beside it, and what was found."""
    other = _read(join.table)
    left, right = matching_codes([table[name] for name in join.on], [other[name] for name in join.on.values()])
    later = np.zeros(left.size, dtype=bool)
    known = None if join.as_of is None else _times(other, join.as_of)
    _refuse_ambiguous(left, right, known, join, other)
    if known is None:
        found = partners(left, right)
    else:
        found, later = partners_as_of(left, _times(table, join.at), right, known)
    if join.cardinality == "1:1":
        _refuse_repeated(left, join, table)
    lost = found < 0
    if lost.any() and join.unmatched == "refuse":
        raise DataError(f"{_lost_words(lost & ~later, later, join)}, and unmatched: refuse allows none")
    index = pa.array(found, mask=lost)
    for name, own in join.columns().items():
        table = table.append_column(name, other[own].take(index))
    return table, [*_findings(lost, later, np.setdiff1d(np.arange(right.size), found).size, right.size, join)]


def _times(table, name):
    found = moments(table[name])
    wrong = found.isna().to_numpy() & ~np.asarray(table[name].is_null())
    if wrong.any():
        cell = table[name][int(wrong.argmax())].as_py()
        raise DataError(
            f"column {name!r} holds {cell!r} in row {wrong.argmax()}, which is no time: write 2024-01-31T12:00"
        )
    return found


def _refuse_ambiguous(left, right, known, join, other):
    """Refuse a key that names several rows of the joined table; say at once how many rows have no partner."""
    names = list(join.on.values())
    keys = pd.DataFrame({"key": right} if known is None else {"key": right, "moment": known})
    if said := _repeated(keys, right >= 0, other, names if known is None else [*names, join.as_of]):
        lost = int((~np.isin(left, right)).sum())
        mend = ", or say with as_of since when a row is known" if known is None else ""
        raise DataError(
            f"{said} of {join.table.path}: each must name one ({join.cardinality}){mend}; besides, {lost:,} of "
            f"{left.size:,} rows ({lost / left.size:.1%}) have no partner there"
        )


def _refuse_repeated(left, join, table):
    if said := _repeated(pd.DataFrame({"key": left}), left >= 0, table, list(join.on)):
        raise DataError(f"{said} of the first table: cardinality 1:1 allows one; n:1 allows several")


def _repeated(keys, is_known, table, names):
    """Say how many keys stand in several rows, and such as which; nothing where none does."""
    repeated = keys[is_known & keys.duplicated(keep=False).to_numpy()].drop_duplicates()
    if repeated.empty:
        return ""
    first = repeated.index[:MOST_SHOWN]
    shown = ", ".join("/".join(str(table[name][int(row)].as_py()) for name in names) for row in first)
    return f"{len(repeated):,} keys, such as {shown}, stand in several rows"


def _lost_words(lost, later, join):
    parts = []
    if lost.any():
        parts.append(
            f"{lost.sum():,} of {lost.size:,} rows ({lost.mean():.1%}) have no partner in {join.table.path} by "
            f"{', '.join(join.on)}"
        )
    if later.any():
        parts.append(
            f"{later.sum():,} of {later.size:,} rows ({later.mean():.1%}) have partners in {join.table.path} that were "
            f"known only after {join.at!r}"
        )
    return "; ".join(parts)


def _findings(lost, later, unused, rows, join):
    evidence = {"table": str(join.table.path), "on": list(join.on), "rows": int(lost.size)}
    none = np.zeros_like(lost)
    alone = lost & ~later
    if alone.any():
        named = {"without_partner": int(alone.sum()), "first_rows": np.flatnonzero(alone)[:MOST_SHOWN].tolist()}
        message = f"{_lost_words(alone, none, join)}; their cells are missing"
        yield Finding("JOIN-LOSS", "warning", message, evidence | named, "complete that table, or mend the keys")
    if later.any():
        named = {"known_later": int(later.sum()), "first_rows": np.flatnonzero(later)[:MOST_SHOWN].tolist()}
        message = f"{_lost_words(none, later, join)}; their cells are missing"
        yield Finding("JOIN-LATE", "info", message, evidence | named)
    if unused and join.as_of is None:
        message = f"{unused:,} of {rows:,} rows of {join.table.path} are nobody's partner"
        yield Finding("JOIN-UNUSED", "info", message, evidence | {"unused": int(unused), "of": int(rows)})
