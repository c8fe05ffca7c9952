"""Which paper a reader gets, in which format."""

from pathlib import Path
from typing import Any

from mesic.documents.audit_sheet import auditors_paper
from mesic.documents.document import Document
from mesic.documents.model_card import model_card
from mesic.documents.owner import owners_page
from mesic.documents.printing import as_html, as_json, as_markdown
from mesic.report.page import render
from mesic.reviewing.audit_log import FILE, read_log
from mesic.reviewing.policies import load_policy, policy_in_force
from mesic.runs.record import read_record
from mesic.runs.timeline import read_timeline

NAMES = {"engineer": "report", "owner": "owner", "auditor": "auditor"}


def page_of(folder: Path, audience: str, form: str, policy: Path | None) -> str:
    """Return a run's page.

    Parameters
    ----------
    folder
        Of the run.
    audience
        ``"engineer"``: the report, or the model card where it is no HTML; ``"owner"``; ``"auditor"``.
    form
        ``"html"``, ``"md"`` or ``"json"``.
    policy
        A file that changes the policy of the run.

    Raises
    ------
    UsageError
        There is no run, or the policy cannot be read.
    DataError
        The record cannot be read, or the audit log was altered.
    """
    record = read_record(folder)
    if audience == "engineer" and form == "html":
        return render(record, read_timeline(folder))
    said = load_policy(policy) if policy else {}
    in_force = policy_in_force((record.get("config") or {}).get("policy") or {}, said)
    paper = _paper(folder, record, audience, in_force)
    if form == "html":
        return as_html(paper, one_page=audience == "owner")
    return as_json(paper) if form == "json" else as_markdown(paper, with_references=audience == "owner")


def _paper(folder: Path, record: dict[str, Any], audience: str, policy: dict[str, Any]) -> Document:
    if audience == "owner":
        return owners_page(record, policy)
    if audience == "engineer":
        return model_card(record, policy)
    return auditors_paper(record, policy, read_log(folder / FILE), read_timeline(folder))
