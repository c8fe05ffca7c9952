"""A person opens the papers, and prints the owner's: one A4 page, nothing cut off, nothing fetched."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from mesic.documents.printing import as_html
from mesic.reviewing.policies import policy_in_force

browser = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("test_report_in_browser.py"))))
documents = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("test_documents.py"))))
samples = documents.samples

pytestmark = pytest.mark.skipif(browser.CHROMIUM is None, reason="no chromium is installed to open the papers with")
A4 = (595, 842)


def printed(folder, text):
    """Return the number of pages of a paper on paper, and the size of the first one in points."""
    (folder / "page.html").write_text(text, encoding="utf-8")
    pdf = folder / "page.pdf"
    said = [f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={pdf}"]
    browser.browse(*said, (folder / "page.html").as_uri())
    body = pdf.read_bytes()
    size = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", body)
    assert size
    return len(re.findall(rb"/Type /Page\b", body)), tuple(round(float(length)) for length in size.groups())


def crowded(task):
    """Return the page that says the most: long names, several slices, everything to worry about."""
    record = documents.with_all(getattr(samples, task)())
    long = "a rather long name of a thing that people speak of every day and more"
    record["data"] |= {"target": long, "classes": [long + label for label in record["data"]["classes"]]}
    slices = [documents.slice_row(f"{long} {place}", 0.3, 0.2) for place in range(6)]
    record["evaluations"]["slices"]["declared"] = slices
    codes = ("NO-BETTER-THAN-BASELINE", "ERROR-ABOVE-LIMIT", "LEAK-TIME", "OTHER")
    record["findings"] = [{"code": code, "severity": "block", "message": "x"} for code in codes]
    policy = documents.POLICY | dict.fromkeys(("author", "approver", "privacy_reviewer", "security_reviewer"), long)
    many = [f"column {number}" for number in range(20)]
    record["model"]["columns"] = many
    waivers = [waiver | {"who": long, "reason": long} for waiver in policy["waivers"] * 9]
    return documents.papers(record, policy | {"licence": None, "sensitive": many, "waivers": waivers})["owner"]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_page_of_the_owner_is_one_a4_page_when_printed(tmp_path, task):
    assert printed(tmp_path, as_html(crowded(task), one_page=True)) == (1, A4)


def test_the_page_of_the_owner_that_knows_nothing_is_one_page_too(tmp_path):
    paper = documents.papers({"format": 1}, policy_in_force({}, {}))["owner"]

    assert printed(tmp_path, as_html(paper, one_page=True)) == (1, A4)


@pytest.mark.parametrize("audience", ["owner", "engineer", "auditor"])
@pytest.mark.parametrize("width", [380, 1280])
def test_no_paper_sticks_out_at_any_width_and_nothing_is_fetched(tmp_path, audience, width):
    paper = documents.papers(documents.with_all(samples.binary()))[audience]
    seen = browser.open_page(tmp_path, as_html(paper, one_page=audience == "owner"), width=width)

    assert seen["needed"] <= seen["width"] == width
    assert seen["fetched"] == []


def test_papers_are_dark_in_the_dark(tmp_path):
    paper = as_html(documents.papers(documents.with_all(samples.binary()))["auditor"])
    light, dark = (browser.open_page(tmp_path, paper, scheme=scheme) for scheme in (browser.LIGHT, browser.DARK))

    assert browser.brightness(light["paper"]) > 240 > 80 > browser.brightness(light["ink"])
    assert browser.brightness(dark["paper"]) < 40 < 200 < browser.brightness(dark["ink"])
