"""Nothing that README.md and docs/ point to is missing."""

import re

import pytest
from tests.docs.pages import DOCS, ROOT, anchors, prose

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:engine|plugins|tests|docs|benchmarks)/[\w./-]*)`")


def broken_links(page):
    """Return every link of a page that leads nowhere, to a missing heading, or out of the repository."""
    broken = []
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        is_wrong = not target.exists() or (anchor and anchor not in anchors(target))
        broken += [link] if is_wrong else []
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_and_test_that_is_named_exists(page):
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    text = prose(page)
    lost = [name for name in NAMED.findall(text) if not (ROOT / name).exists()]
    lost += [
        name for name in re.findall(r"`(test_(?!predictions`|part`|uses`)\w+)`", text) if f"def {name}(" not in tests
    ]

    assert lost == []


def test_every_page_can_be_reached_from_the_index():
    reached = set()
    for index in (DOCS / "README.md", DOCS / "decisions" / "README.md"):
        reached |= {(index.parent / link).resolve() for link in LINK.findall(prose(index))} | {index.resolve()}

    assert {page for page in PAGES if page.is_relative_to(DOCS)} <= reached


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "b.md").write_text("# One\n```\n# no heading\n```\n")
    (tmp_path / "a.md").write_text("[x](b.md#one) [y](b.md#no-heading) [z](c.md) [w](#none)\n```\n[v](d.md)\n```\n")

    assert broken_links(tmp_path / "a.md") == ["b.md#no-heading", "c.md", "#none"]
