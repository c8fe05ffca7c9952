"""The record: everything that is known of a run, rewritten after every stage, complete or absent."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mesic.config.settings import Intervals
from mesic.errors import CheckFailed, DataError, UsageError, message_of
from mesic.findings import Finding
from mesic.host.registry import Registry
from mesic.runs.environment import (
    code_digests,
    git_facts,
    platform_facts,
    plugin_facts,
    thread_facts,
    versions,
)
from mesic.runs.files import file_digest, write_json
from mesic.runs.resources import Clock, peak_mib
from mesic.runs.secrets import hidden, without_logins
from mesic.runs.timeline import now

FORMAT = 1
FILE = "record.json"
PAGE = "report.html"


class Record:
    """A run's record in the making.

    Parameters
    ----------
    folder
        The run's folder.
    facts
        What is known at the start.
    secrets
        What stands instead of each text that no record may hold.
    """

    def __init__(self, folder: Path, facts: Mapping[str, Any], secrets: Mapping[str, str] | None = None) -> None:
        self.folder, self.secrets = folder, secrets or {}
        self.clock = Clock.started()
        self.facts: dict[str, Any] = {
            "format": FORMAT,
            "status": "running",
            "exit_status": None,
            "error": None,
            **hidden(facts, self.secrets),
        }
        self.facts.setdefault("findings", [])

    def add(self, **facts: Any) -> None:
        """Add what a stage found out, and write the record."""
        self.facts.update(hidden(facts, self.secrets))
        self.save()

    def find(self, *findings: Finding) -> None:
        """Add findings; each is said once, with the reason where ``policy.accept`` gives one."""
        reasons = self.facts.get("config", {}).get("policy", {}).get("accept", {})
        known = {(finding["code"], finding["message"]) for finding in self.facts["findings"]}
        for finding in findings:
            if (finding.code, finding.message) not in known:
                known.add((finding.code, finding.message))
                accepted = str(reasons.get(finding.code) or "")
                told = hidden(finding.as_dict(), self.secrets)
                self.facts["findings"].append(told | {"accepted": accepted})

    def refuse_leaks(self) -> None:
        """Stop a run where a leak was found that is certain, or any under ``policy.leak=strict``.

        Raises
        ------
        CheckFailed
            All such leaks that were not accepted, each with what mends it.
        """
        leaks = self.leaks_that_stop()
        if leaks and self.facts["verb"] == "run":
            listed = [f"  {leak['code']}: {leak['message']}; to mend it: {leak['fix']}" for leak in leaks]
            accepted = f"or accept it, with the reason: '+policy.accept.{leaks[0]['code']}=REASON'"
            raise CheckFailed("\n".join(["the run would learn from a leak:", *listed, accepted]))

    def leaks_that_stop(self) -> list[dict[str, Any]]:
        """Return the leaks that stop a run."""
        is_strict = self.facts["config"]["policy"]["leak"] == "strict"
        return [
            finding
            for finding in self.facts["findings"]
            if finding["code"].startswith("LEAK-")
            and not finding["accepted"]
            and (is_strict or finding["severity"] == "block")
        ]

    def end(self, status: str, exit_status: int, error: BaseException | None = None) -> None:
        """Write how it ended."""
        named = {"type": type(error).__name__, "message": message_of(error)} if error else None
        self.facts["run"] |= {
            "ended": now(),
            "wall_s": round(self.clock.wall_s(), 3),
            "cpu_s": round(self.clock.cpu_s(), 3),
            "peak_mib": round(peak_mib()),
        }
        self.add(status=status, exit_status=exit_status, error=named)

    def save(self) -> None:
        """Write ``record.json``, all or nothing."""
        write_json(self.folder / FILE, self.facts)

    def digest_files(self) -> None:
        """Write down the digest of every file of the run but the record and what still grows."""
        growing = {FILE, PAGE, "timeline.jsonl", "run.log", "study.journal", "audit.jsonl"}
        self.facts["files"] = {
            path.relative_to(self.folder).as_posix(): file_digest(path)
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in growing and "stages" not in path.relative_to(self.folder).parts
        }


def circumstances(registry: Registry, threads: int) -> dict[str, Any]:
    """Return what a result depends on beside configuration and data."""
    return {
        "versions": versions(),
        "platform": platform_facts(),
        "threads": thread_facts(threads),
        "plugins": plugin_facts(registry),
        "code": code_digests(registry),
        "git": git_facts(Path.cwd()),
    }


def command() -> list[str]:
    """Return the command line that started this process, the program by its bare name."""
    return [Path(sys.argv[0]).name, *without_logins(sys.argv[1:])]


def read_record(folder: str | Path) -> dict[str, Any]:
    """Return a run's record.

    Raises
    ------
    UsageError
        The folder holds no run, or the record is of a newer format.
    DataError
        The record is no JSON.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise UsageError(f"run={folder} is no run: it has no {FILE}; give the folder that `mesic run` named")
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON: {error}") from error
    if record.get("format") != FORMAT:
        raise UsageError(f"run={folder} has format {record.get('format')!r}; this mesic reads {FORMAT}")
    level = (record.get("config") or {}).get("interval")
    if isinstance(level, (int, float)):  # the key once held nothing else
        record["config"]["interval"] = asdict(Intervals(level=level))
    return record
