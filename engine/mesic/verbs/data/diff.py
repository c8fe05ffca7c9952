"""``mesic data diff``: what differs between two versions of a table, or of a schema."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text
from mesic.errors import UsageError
from mesic.host.components import option


@dataclass
class DiffSettings:
    """The keys of ``mesic data diff``."""

    a: str = option("???", "the older: a table file, the folder of a run or a check, or a schema file (.yaml)")
    b: str = option("???", "the newer")
    key: list[str] = option([], "columns that name a row; []: rows that say the same but for label and labeler")
    label: str | None = option(None, "column of labels; null: that of the run")
    labeler: str | None = option(None, "column that says who gave a label")
    interval: float = option(0.95, "one less the share of false discoveries among shifts", low=0.5, high=0.999)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Say what differs; return the exit status."""
    settings = configured("data diff", arguments, DiffSettings)
    if settings is None:
        return 0
    are_schemas = [Path(path).suffix in (".yaml", ".yml") for path in (settings.a, settings.b)]
    if all(are_schemas):
        return _diff_schemas(settings, as_json=as_json)
    if any(are_schemas):
        raise UsageError(f"a={settings.a} and b={settings.b} are a schema and a table: give two of one sort")
    from mesic.data.difference import difference
    from mesic.runs.versions import read_version

    old, new = read_version(settings.a, key="a"), read_version(settings.b, key="b")
    declared = {**old.declared, **new.declared}
    key = settings.key or [name for name in [declared.get("key")] if name]
    target = settings.label or declared.get("target")
    found = difference(old.table, new.table, key=key, target=target, labeler=settings.labeler, level=settings.interval)
    if as_json:
        print_json({"a": settings.a, "b": settings.b, "is_empty": found.is_empty, **found.as_dict()})
        return 0
    _print(found, settings, target)
    return 0


def _diff_schemas(settings: DiffSettings, *, as_json: bool) -> int:
    from mesic.data.schema import load_schema

    changes = list(schema_changes(load_schema(Path(settings.a)), load_schema(Path(settings.b))))
    if as_json:
        print_json({"a": settings.a, "b": settings.b, "is_empty": not changes, "columns": changes})
        return 0
    rows = [[change["column"], change["what"], str(change["was"]), str(change["now"])] for change in changes]
    if rows:
        print_table(["column", "what", "was", "is"], rows)
    else:
        print_text("both schemas say the same")
    return 0


def schema_changes(old: Any, new: Any) -> Iterator[dict[str, Any]]:
    """Yield what two schemas say differently, column by column; what was only seen binds nothing and is left out."""
    from mesic.data.schema import rules_of

    for name in dict.fromkeys([*old.names, *new.names]):
        if name not in old or name not in new:
            is_new = name not in old
            yield {
                "column": name,
                "what": "column",
                "was": None if is_new else "there",
                "now": "there" if is_new else None,
            }
            continue
        was, now = ({"kind": c.kind, "role": c.role, **rules_of(c), **c.told} for c in (old[name], new[name]))
        for what in dict.fromkeys([*was, *now]):
            if was.get(what) != now.get(what):
                yield {"column": name, "what": what, "was": was.get(what), "now": now.get(what)}


def _print(found: Any, settings: DiffSettings, target: str | None) -> None:
    if found.is_empty:
        order = "" if found.digests[0] == found.digests[1] else ", in another order"
        print_text(
            f"{settings.a} and {settings.b} say the same{order}: {found.rows[0]:,} rows, digest {found.digests[1][:12]}"
        )
        return
    by = f"by {' and '.join(found.by)}" if found.by else "by what they say, but for target and labeler"
    print_text(
        f"{settings.a} ({found.rows[0]:,} rows) -> {settings.b} ({found.rows[1]:,} rows), rows matched {by}:\n"
        f"  {found.added.size:,} rows added, {found.removed.size:,} removed, {found.common:,} in both"
    )
    if found.keys and found.added.size and found.removed.size:
        print_text(f"  key=[{found.keys[0]}] would tell rows that changed from rows that came and went")
    for what, names in (("added", found.added_columns), ("removed", found.removed_columns)):
        if names:
            print_text(f"  columns {what}: {', '.join(names)}")
    for name, (was, now) in found.kinds.items():
        print_text(f"  column {name!r} was read as {was}, and is as {now}")
    if found.cells:
        rows = [[c.column, f"{c.cells:,}", f"{c.share:.1%}", _examples(c)] for c in found.cells]
        print_table(["column", "cells", "of rows in both", "such as"], rows, "Changed cells")
    if any(one.changed for one in found.labels):
        rows = [
            [one.labeler or "all", f"{one.changed:,} of {one.rows:,}", ", ".join(map(_flip, one.flips))]
            for one in found.labels
        ]
        print_table(["labeler", "changed", "from -> to"], rows, f"Changed labels, {target}")
    for title, moved in (
        ("Distributions that differ", found.shifts),
        ("Distributions of the added rows that differ from the older version", found.added_shifts),
    ):
        if moved:
            print_text(title + ":\n" + "\n".join(f"  {shift}" for shift in moved))


def _examples(cells: Any) -> str:
    return ", ".join(f"{_said(e['was'])} -> {_said(e['now'])} (row {e['row_now']})" for e in cells.examples[:2])


def _flip(flip: Any) -> str:
    return f"{_said(flip['was'])} -> {_said(flip['now'])} ({flip['rows']:,})"


def _said(value: Any) -> str:
    return "missing" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
