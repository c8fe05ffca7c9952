"""``mesic data schema``: infer what each column is and may hold, enforce it, accept what is new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import finding_lines, print_json, print_table, print_text, tell
from mesic.errors import DataError, SettingError, UsageError
from mesic.host.components import option


@dataclass
class SchemaSettings:
    """The keys of ``mesic data schema``."""

    source: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "the table, as of `mesic run`; source.schema=FILE enforces that one"}
    )
    out: str = option("schema.yaml", "where to write a schema that was inferred or widened; no file is overwritten")
    accept: list[str] = option([], "what may differ from source.schema: COLUMN.RULE, COLUMN, or * for everything")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Infer or enforce a schema; exit status 3 where the table breaks it."""
    settings = configured("data schema", arguments, SchemaSettings)
    if settings is None:
        return 0
    from mesic.data.reading import findings_of, read_table
    from mesic.data.schema import load_schema
    from mesic.host.registry import installed
    from mesic.runs.plan import source_of

    source, declared = source_of(installed(), {"source": settings.source, "plugins": {"prefer": {}}})
    path = declared["schema"]
    if settings.accept and path is None:
        raise UsageError("accept needs a schema that the table is held against: give source.schema=FILE")
    out = Path(settings.out)
    if (path is None or settings.accept) and out.exists():
        raise SettingError("out", settings.out, "a file that does not exist yet: what people wrote there would be lost")
    given = load_schema(Path(path)) if path else None
    table = read_table(source)
    for line in finding_lines([finding.as_dict() for finding in findings_of(source)]):
        tell(line)
    if given is None:
        return _infer(table, declared, declared["target"] or source.target, out, as_json=as_json)
    return _enforce(table, given, settings, as_json=as_json)


def _infer(table: Any, declared: Mapping[str, Any], target: str | None, out: Path, *, as_json: bool) -> int:
    from mesic.data.contract import propose
    from mesic.data.schema import rules_of

    schema = propose(table, declared, target)
    schema.save(out)
    if as_json:
        columns = [{"name": c.name, "kind": c.kind, "role": c.role, **rules_of(c)} for c in schema.columns]
        print_json({"schema": str(out), "rows": table.num_rows, "columns": columns})
        return 0
    print_table(
        ["column", "kind", "role", "misfits", "missing", "cells"],
        [[c.name, c.kind, c.role, c.misfits, str(c.missing), _cells(c)] for c in schema.columns],
    )
    print_text(f"{out}: edit it; source.schema={out} then enforces it, here and in `mesic run`")
    return 0


def _cells(column: Any) -> str:
    from mesic.data.schema import rules_of

    rules = rules_of(column)
    if "range" in rules:
        return "{} to {}".format(*rules["range"])
    said = ", ".join(rules["levels"]) if "levels" in rules else "all different" if column.unique else ""
    return column.why or said


def _enforce(table: Any, given: Any, settings: SchemaSettings, *, as_json: bool) -> int:
    from mesic.data.contract import judge, widened

    verdict = judge(table, given)
    left, written = verdict, None
    if settings.accept:
        schema = widened(verdict, settings.accept)
        left = judge(table, schema)
        if left.holds:
            schema.save(Path(settings.out))
            written = settings.out
    status = 0 if left.holds else DataError.exit_status
    findings = [finding.as_dict() for finding in left.findings]
    if as_json:
        broken = [problem.as_dict() for problem in left.broken]
        facts = {"schema": settings.source["schema"], "rows": table.num_rows, "holds": left.holds, "written": written}
        print_json(facts | {"broken": broken, "lost": list(left.lost), "extra": list(left.extra), "findings": findings})
        return status
    for name in left.lost:
        print_text(f"column {name!r} is not in the data")
    for problem in left.broken:
        print_text(str(problem))
    for line in finding_lines(findings):
        print_text(line)
    print_text(_verdict_words(left, table.num_rows, settings.source["schema"], written))
    return status


def _verdict_words(verdict: Any, rows: int, path: str, written: str | None) -> str:
    if not verdict.holds:
        wrong = len(verdict.broken) + len(verdict.lost)
        return (
            f"{rows:,} rows break {path} in {wrong} way{'s' * (wrong > 1)}: mend the table, edit the schema, or accept "
            "what is meant with 'accept=[COLUMN.RULE]' out=NEW.yaml"
        )
    return f"{written}: {path}, widened so that {rows:,} rows keep it" if written else f"{rows:,} rows keep {path}"
