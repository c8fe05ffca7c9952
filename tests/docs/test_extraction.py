"""The page of promises names each promise of the suites, and no other."""

import re

import pytest
from tests.docs.pages import DOCS

from mesic.testing import ComponentContract, SelectorContract, TransformerContract
from mesic.testing.promises import promises

PAGE = (DOCS / "extraction.md").read_text()


def told(*sections):
    """Return the promises in the tables of some sections."""
    parts = dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])
    return sorted(name for section in sections for name in re.findall(r"^\| `(\w+)` \|", parts[section], re.MULTILINE))


@pytest.mark.parametrize(
    ("suite", "own"),
    [
        (TransformerContract, "What transformers promise besides"),
        (SelectorContract, "What selectors promise besides"),
    ],
)
def test_the_page_tells_every_promise_of_extraction_code(suite, own):
    of_every_component = promises(ComponentContract)

    assert told("What both promise", own) == sorted(set(promises(suite)) - set(of_every_component))
