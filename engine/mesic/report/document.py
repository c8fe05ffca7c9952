"""The skeleton of every page: one self-contained HTML file with a header, a menu and sections."""

from collections.abc import Mapping

from mesic.report.blocks import Html, joined, tag
from mesic.report.interaction import LOOK, SCRIPT
from mesic.report.style import CSS
from mesic.report.words import safe


def document(title: str, header: Html, sections: Mapping[str, Html], made_by: str) -> str:
    """Return a page.

    Parameters
    ----------
    title
        Of the window.
    header
        What stands before the menu.
    sections
        Content by heading.
    made_by
        The last line.

    Examples
    --------
    >>> page = document("x", tag("h1", "A test"), {"Looks": tag("p", "none")}, "Made by hand.")
    >>> '<section id="looks"><h2>Looks</h2><p>none</p></section>' in page
    True
    """
    body = joined(_section(heading, content) for heading, content in sections.items())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{safe(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{CSS}{LOOK}</style></head>'
        '<body><a class="skip" href="#content">To the content</a><div class="page">'
        f'{header}<nav aria-label="Contents">{_menu(sections)}</nav>'
        f'<main id="content">{body}</main><footer>{tag("span", made_by)}</footer></div>'
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _menu(sections: Mapping[str, Html]) -> Html:
    entries = "".join(f'<li><a href="#{_anchor(heading)}">{safe(heading)}</a></li>' for heading in sections)
    return Html(f"<ol>{entries}</ol>")


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _section(heading: str, content: Html) -> Html:
    return Html(f'<section id="{_anchor(heading)}"><h2>{safe(heading)}</h2>{content}</section>')
