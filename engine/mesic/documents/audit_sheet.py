"""The audit sheet: what was asked for, who answered, what was waived, reviewed and found, and the digests of it all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesic.documents.document import (
    NOT_MEASURED,
    Block,
    Bullets,
    Document,
    Number,
    Section,
    Table,
    facts,
    name,
    said,
    text,
)
from mesic.documents.model_card import card_sections, waiver_table
from mesic.reviewing.policies import is_said

Record = Mapping[str, Any]
Lines = Sequence[Mapping[str, Any]]


def auditors_paper(record: Record, policy: Mapping[str, Any], log: Lines, timeline: Lines) -> Document:
    """Return the model card with the audit sheet behind it.

    Parameters
    ----------
    record
        Of the run.
    policy
        What people say, the policy file counted in.
    log
        Lines of ``audit.jsonl``.
    timeline
        Activities of the run; the work of people is told.
    """
    target = (record.get("data") or {}).get("target")
    run = record.get("run") or {}
    kicker = text(
        "Model card and audit sheet · ", str(run.get("name") or "a run"), f" · {str(run.get('started'))[:10]}"
    )
    sections = (*card_sections(record, policy), *sheet_sections(record, policy, log, timeline))
    version = (record.get("versions") or {}).get("mesic") or ""
    made = f"Made by mesic {version} from record.json, audit.jsonl, timeline.jsonl."
    return Document(f"{target or 'A model'}", kicker, sections, text(made))


def sheet_sections(record: Record, policy: Mapping[str, Any], log: Lines, timeline: Lines) -> Iterator[Section]:
    """Yield the sections of the sheet."""
    yield Section("Audit: what the policy asks for", tuple(_required(policy)))
    yield Section("Audit: reviews", tuple(_reviews(log)))
    yield Section("Audit: waivers that were used", tuple(_used(log)))
    yield Section("Audit: what was accepted in the run", tuple(_accepted(record)))
    yield Section("Audit: work of people", tuple(_work(timeline)))
    yield Section("Audit: digests", tuple(_digests(record)))


def _required(policy: Mapping[str, Any]) -> Iterator[Block]:
    asked = policy.get("require") or []
    if not asked:
        yield said("policy.require asks for nothing.")
        return
    rows = tuple((text(one), text("said" if is_said(policy, one) else "MISSING")) for one in asked)
    yield Table(("answer", "state"), rows)


def _reviews(log: Lines) -> Iterator[Block]:
    if not log:
        yield said("Nobody has reviewed the bundle yet: mesic check bundle=BUNDLE does.")
        return
    rows = [
        (
            text(str(line.get("time"))[:19].replace("T", " ")),
            text(line.get("who")),
            text(line.get("verdict")),
            text(_codes(line.get("blocking"))),
            text(_codes(line.get("waived"))),
            text(str(line.get("bundle"))[:12]),
        )
        for line in log
    ]
    yield Table(("when (UTC)", "by", "verdict", "blocked by", "waived", "bundle"), tuple(rows))


def _codes(objections: Any) -> str:
    return ", ".join(dict.fromkeys(str(one.get("code")) for one in objections or ())) or "nothing"


def _used(log: Lines) -> Iterator[Block]:
    used = [one["waiver"] for line in log for one in line.get("waived") or ()]
    different = list({tuple(sorted(waiver.items())): waiver for waiver in used}.values())
    yield waiver_table(different) if different else said("None was used.")


def _accepted(record: Record) -> Iterator[Block]:
    accepted = [one for one in record.get("findings") or [] if one.get("accepted")]
    if not accepted:
        yield said("Nothing was accepted.")
        return
    yield Bullets(tuple(text(name(one["code"]), f": {one['message']} Accepted: {one['accepted']}") for one in accepted))


def _work(timeline: Lines) -> Iterator[Block]:
    notes = [line for line in timeline if line.get("event") == "note"]
    if not notes:
        yield said("None was booked: mesic log run=RUN activity=... books it.")
        return
    rows = [tuple(text(str(note.get(key) or "")) for key in ("stage", "who", "hours", "cost")) for note in notes]
    yield Table(("what", "by", "hours", "cost"), tuple(rows))


def _digests(record: Record) -> Iterator[Block]:
    git = record.get("git") or {}
    digests = {key: value for key, value in (record.get("digests") or {}).items() if isinstance(value, str)}
    dirty = ", with changes that were not committed" if git.get("dirty") else ""
    files = record.get("files")
    yield facts(
        {
            "Status of the run": record.get("status"),
            "Configuration": record.get("config_digest"),
            "Rows of the test part": (record.get("test_part") or {}).get("digest"),
            **{f"Stage {key}": value for key, value in digests.items()},
            "Git commit": f"{git['commit']}{dirty}" if git.get("commit") else "not under git",
            "Files of the run": text(Number(f"{len(files):,}", "files", "how many")) if files else NOT_MEASURED,
            "Made again by": f"mesic reproduce run={(record.get('run') or {}).get('name')}",
        }
    )
