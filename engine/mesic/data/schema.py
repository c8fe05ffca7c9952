"""The schema: what each column is, which part it plays, which rules it must keep.

``schema.yaml`` is inferred, can be edited, and is then enforced (``source.schema=schema.yaml``). ``kind`` and the
rules ``misfits``, ``missing``, ``range``, ``levels`` and ``unique`` bind; what stands under ``seen`` describes the data
it was inferred from.
"""

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from mesic.data.yaml_text import read_yaml
from mesic.errors import UsageError
from mesic.host.names import did_you_mean
from mesic.runs.files import write_text

Kind = Literal["number", "boolean", "category", "time", "id", "text", "constant"]
Role = Literal["feature", "target", "time", "group", "part", "weight", "key", "ignored"]
FORMAT = 1
IGNORED = "source.ignore names it"
RULES = ("misfits", "missing", "range", "levels", "unique")
TOLD = ("description", "unit", "owner", "upstream")
COST = "cost_us"
ENVELOPE = "envelope"  # under `seen`, in a bundle that answers within its envelope only: the rules that are of it
ROLES_OF_ONE = ("target", "time", "group", "part", "weight", "key")
HEADER = """\
# What each column is. Edit it and give it back with source.schema=THIS_FILE; it is then enforced.
#   kind:    number | boolean | category | time | id | text | constant
#   misfits: allowed | forbidden   cells that do not fit the kind; where allowed, they count as missing
#   missing: allowed | forbidden | the largest share of cells, such as 0.1
#   range:   [lowest, highest]     (numbers and times; null: no limit; optional)
#   levels:  [every, allowed, one] (categories; optional)
#   unique:  true | false          whether no two cells may be the same (optional)
#   available_at: before | after | a column of times: when a cell is known, seen from the prediction (optional)
#   description, unit, owner, upstream: texts; sensitive: true | false (optional)
#   cost_us: microseconds that it takes to get a cell (optional)
# What stands under `seen` only describes the data that this was inferred from.
"""


@dataclass(frozen=True)
class Column:
    """One column: what it is, its part, its rules, what was seen of it."""

    name: str
    kind: Kind
    role: Role = "feature"
    misfits: Literal["allowed", "forbidden"] = "allowed"
    missing: Literal["allowed", "forbidden"] | float = "allowed"
    range: tuple[float, float] | None = None
    levels: tuple[str, ...] | None = None
    unique: bool = False
    available_at: str = "before"
    description: str = ""
    unit: str = ""
    owner: str = ""
    upstream: str = ""
    sensitive: bool = False
    cost_us: float = 0.0
    seen: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the column as the record stores it."""
        rules = {name: rule for name, rule in rules_of(self).items() if name != "missing"}
        facts = {"name": self.name, "kind": self.kind, "role": self.role, "missing_rule": self.missing}
        return {**facts, **rules, **self.told, **self.seen, "why": self.why}

    @property
    def told(self) -> dict[str, Any]:
        """What people say of the column beside its rules, where they say anything."""
        said = {name: getattr(self, name) for name in (*TOLD, "sensitive", COST)}
        when = {} if self.available_at == "before" else {"available_at": self.available_at}
        return when | {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in the order in which they were found."""

    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return [column.name for column in self.columns]

    @property
    def features(self) -> list[Column]:
        """The columns that a learner may see."""
        return [column for column in self.columns if column.role == "feature"]

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the columns that ``source.ignore`` leaves out."""
        return tuple(column.name for column in self.columns if column.why == IGNORED)

    def with_column(self, changed: Column) -> "Schema":
        """Return a schema in which the column of that name is the given one."""
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))

    def with_sensitive(self, names: Sequence[str]) -> "Schema":
        """Return a schema in which these columns, too, say something of a person that must not decide.

        Raises
        ------
        UsageError
            One of them is no column.
        """
        if unknown := [name for name in names if name not in self]:
            near = did_you_mean(unknown[0], self.names)
            raise UsageError(f"policy.sensitive names {unknown[0]!r}, which is no column of the table{near}")
        told = [replace(column, sensitive=column.sensitive or column.name in names) for column in self.columns]
        return Schema(tuple(told))

    def save(self, path: Path) -> None:
        """Write ``schema.yaml``."""
        body = {"format": FORMAT, "columns": {column.name: _as_yaml(column) for column in self.columns}}
        text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=110)
        write_text(path, HEADER + text)


def rules_of(column: Column) -> dict[str, Any]:
    """Return the rules of a column as they are written, those left out that allow everything."""
    rules: dict[str, Any] = {"misfits": column.misfits} if column.misfits == "forbidden" else {}
    rules["missing"] = column.missing
    if column.range:
        rules["range"] = [_limit(column, limit) for limit in column.range]
    if column.levels:
        rules["levels"] = list(column.levels)
    return rules | ({"unique": True} if column.unique else {})


def rule_words(column: Column, rule: str) -> str:
    """Return a rule as the schema says it; levels are many, and only named.

    Examples
    --------
    >>> rule_words(Column("age", "number", range=(0.0, 120.0)), "range")
    'range: [0, 120]'
    """
    of = f", as in training ({ENVELOPE}=strict)" if rule in column.seen.get(ENVELOPE, ()) else ""
    if rule == "levels":
        return rule + of
    said = rules_of(column)[rule]
    shown = str(said).lower() if isinstance(said, bool) else str(said).replace("None", "null")
    return f"{rule}: {shown}{of}"


def _limit(column: Column, limit: float) -> Any:
    """Return an end of a range as it is written: a whole number as one, days as a date, no limit as null."""
    if math.isinf(limit):
        return None
    if column.kind == "time" and (moment := _moment(limit)) is not None:
        return moment
    return int(limit) if limit.is_integer() and abs(limit) < 1e15 else limit


def _moment(days: float) -> str | None:
    """Return days since 1970 as a date or time, or None where that would not give the same days again."""
    try:
        text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(days=days)).isoformat().removesuffix("T00:00:00")
    except OverflowError:
        return None
    return text if _days_of(text) == days else None


def _days_of(moment: str | datetime.date) -> float:
    """Return days since 1970 of a date or time.

    Raises
    ------
    ValueError
        The text is neither.
    """
    parsed = datetime.datetime.fromisoformat(str(moment))
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=datetime.UTC)
    return (aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) / datetime.timedelta(days=1)


def _as_yaml(column: Column) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": column.kind, "role": column.role, **rules_of(column), **column.told}
    if column.why:
        body["why"] = column.why
    return body | ({"seen": dict(column.seen)} if column.seen else {})


def load_schema(path: Path) -> Schema:
    """Read a ``schema.yaml``.

    Raises
    ------
    UsageError
        It cannot be read, is of a newer format, or says something that no schema can say.
    """
    try:
        body = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"source.schema={path} cannot be read: {error}") from error
    if not isinstance(body, dict) or not isinstance(body.get("columns"), dict):
        raise UsageError(f"source.schema={path} is no schema: give a file with 'format: 1' and 'columns:'")
    if body.get("format") != FORMAT:
        raise UsageError(f"source.schema={path} has format {body.get('format')!r}; this mesic reads {FORMAT}")
    problems = [p for name, facts in body["columns"].items() for p in _column_problems(name, facts)]
    if problems := [*problems, *_shared_roles(body["columns"]), *_strange_moments(body["columns"])]:
        raise UsageError(f"source.schema={path} cannot work:\n  " + "\n  ".join(problems))
    return Schema(tuple(_column(str(name), facts) for name, facts in body["columns"].items()))


def _shared_roles(columns: Mapping[Any, Any]) -> list[str]:
    holders: dict[str, list[str]] = {}
    for name, facts in columns.items():
        if isinstance(facts, dict) and facts.get("role") in ROLES_OF_ONE:
            holders.setdefault(facts["role"], []).append(str(name))
    return [
        f"columns {' and '.join(map(repr, names))} are {role} at once: one of them can be"
        for role, names in holders.items()
        if len(names) > 1
    ]


def _strange_moments(columns: Mapping[Any, Any]) -> list[str]:
    """Say which ``available_at`` names no moment: neither before nor after, nor a column of the schema."""
    said = {name: facts["available_at"] for name, facts in columns.items() if "available_at" in (facts or {})}
    known = {"before", "after", *columns}
    return [
        f"column {name!r}: available_at: {when!r} is no moment; give before, after or a column"
        f"{did_you_mean(str(when), [str(other) for other in known])}"
        for name, when in said.items()
        if isinstance(when, str) and when not in known
    ]


def _column_problems(name: Any, facts: Any) -> list[str]:
    if not _is_word(name):
        return [f"column {name!r} is no text: put the name in quotes, for YAML reads it as something else"]
    if not isinstance(facts, dict):
        return [f"column {name!r} is {facts!r}: give kind, role, missing"]
    known = {"kind", "role", *RULES, "available_at", *TOLD, "sensitive", COST, "why", "seen"}
    problems = [f"column {name!r} has no rule {key!r}{did_you_mean(str(key), known)}" for key in facts.keys() - known]
    for key, allowed in (
        ("kind", get_args(Kind)),
        ("role", get_args(Role)),
        ("misfits", ("allowed", "forbidden")),
    ):
        value = facts.get(key, allowed[0])
        if value not in allowed:
            near = did_you_mean(str(value), allowed)
            problems.append(f"column {name!r}: {key}: {value!r} cannot work; give {', '.join(allowed)}{near}")
    problems += [
        f"column {name!r}: {key}: {facts[key]!r} cannot work; give a text"
        for key in ("available_at", *TOLD)
        if not isinstance(facts.get(key, ""), str)
    ]
    problems += [
        f"column {name!r}: {key}: {facts[key]!r} cannot work; give true or false"
        for key in ("sensitive", "unique")
        if not isinstance(facts.get(key, False), bool)
    ]
    if not _is_cost(facts.get(COST, 0)):
        problems.append(f"column {name!r}: {COST}: {facts[COST]!r} cannot work; give microseconds from 0")
    missing = facts.get("missing", "allowed")
    if missing not in ("allowed", "forbidden") and not _is_share(missing):
        near = did_you_mean(str(missing), ("allowed", "forbidden"))
        wanted = "allowed, forbidden or a share of cells from 0 to 1"
        problems.append(f"column {name!r}: missing: {missing!r} cannot work; give {wanted}{near}")
    limits = facts.get("range")
    if limits is not None and not _is_range(limits, facts.get("kind")):
        problems.append(f"column {name!r}: range: {limits!r} cannot work; give [lowest, highest]")
    if not isinstance(facts.get("levels", []), list):
        problems.append(f"column {name!r}: levels: {facts['levels']!r} cannot work; give a list")
    elif strange := [level for level in facts.get("levels", []) if not _is_word(level)]:
        problems.append(f"column {name!r}: level {strange[0]!r} is no text: put levels like yes and no in quotes")
    return problems


def _is_word(value: Any) -> bool:
    """Return whether YAML left a word as it was written: it takes yes, no, on, off, null and dates for values."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _is_cost(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _is_range(limits: Any, kind: Any) -> bool:
    try:
        low, high = _range(limits, kind)
    except (TypeError, ValueError):
        return False
    return low <= high


def _range(limits: Any, kind: Any) -> tuple[float, float]:
    """Return the ends of a range as numbers: of times, days since 1970.

    Raises
    ------
    TypeError, ValueError
        It is no range.
    """
    low, high = [
        limit if isinstance(limit, (int, float)) or limit is None else _days_of(limit) if kind == "time" else None
        for limit in limits
    ]
    if isinstance(limits, str) or [low, high].count(None) != list(limits).count(None):
        raise TypeError(limits)
    return (-math.inf if low is None else float(low), math.inf if high is None else float(high))


def _column(name: str, facts: Mapping[str, Any]) -> Column:
    limits, levels = facts.get("range"), facts.get("levels")
    missing: Any = facts.get("missing", "allowed")
    return Column(
        name=name,
        kind=facts.get("kind", "number"),
        role=facts.get("role", "feature"),
        misfits=facts.get("misfits", "allowed"),
        missing=float(missing) if _is_share(missing) else missing,
        range=_range(limits, facts.get("kind")) if limits else None,
        levels=tuple(map(str, levels)) if levels else None,
        available_at=facts.get("available_at", "before"),
        unique=facts.get("unique", False),
        sensitive=facts.get("sensitive", False),
        cost_us=float(facts.get(COST, 0.0)),
        **{key: facts.get(key, "") for key in TOLD},
        seen=facts.get("seen", {}),
        why=facts.get("why", ""),
    )
