"""``mesic data check``: what is wrong with a table, all at once."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from mesic.console import finding_lines, print_json, print_text, tell
from mesic.verbs.run import carried_out, exit_status, launched, summary


def main(arguments: list[str], *, as_json: bool) -> int:
    """Check a table; exit status 1 where a leak was found that stops a run."""
    done = launched("data_check", arguments, check_job)
    if done is None:
        return 0
    is_sweep, _, records = done
    if as_json:
        print_json({"checks": [_facts(r) for r in records]} if is_sweep else _facts(records[0]))
    else:
        for record in records:
            print_check(record)
    return max((exit_status(record) for record in records), default=1)


def check_job(config: DictConfig) -> None:
    """Check one table, in the folder that Hydra gave it."""
    carried_out("data check", config)


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    named = ("run", "status", "exit_status", "error", "data", "partition", "findings")
    return {name: value for name, value in summary(record).items() if name in named}


def print_check(record: Mapping[str, Any]) -> None:
    """Print what was found, what blocks first, and where everything lies."""
    if record["status"] != "finished":
        tell(f"the check did not finish: {record['run']['name']}/record.json says how far it came")
        return
    from mesic.report.words import headline

    data = record["data"]
    print_text(f"{data['rows']:,} rows and {len(data['columns'])} columns of {data['path']}. {headline(record)}\n")
    for line in finding_lines(record["findings"]):
        print_text(line)
    print_text(f"\n{record['run']['name']}: record.json, report.html, schema.yaml, partition.parquet")
