"""Read the pages: their blocks, headings, tables and links."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\S*)[ ]?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that its fence names, its text, the heading that it stands under."""

    language: str
    file: str
    text: str
    heading: str

    @property
    def lines(self):
        """Lines without comments; an empty line is none."""
        found = (re.sub(r"\s+#.*", "", line).strip() for line in self.text.splitlines())
        return [line for line in found if line]


def blocks(page, language=None):
    """Return every fenced block of a page, in order, or those of one language."""
    text = page.read_text()
    found = [Block(m[1], m[2], m[3], _heading_before(text, m.start())) for m in FENCE.finditer(text)]
    return [block for block in found if language in (None, block.language)]


def _heading_before(text, place):
    found = re.findall(r"^#+ (.*)$", FENCE.sub("", text[:place]), re.MULTILINE)
    return found[-1] if found else ""


def prose(page):
    """Return a page without its blocks."""
    return FENCE.sub("", page.read_text())


def anchors(page):
    """Return what a link may point to on a page, as GitHub makes it from headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def sections(page, level):
    """Return the text under each heading of a level, by heading; deeper headings and blocks are part of it."""
    found, name, is_block = {}, None, False
    for line in page.read_text().splitlines():
        is_block = is_block != line.startswith("```")
        heading = re.match(r"(#+) (.*)", "" if is_block else line)
        if heading and len(heading[1]) <= level:
            name = heading[2] if len(heading[1]) == level else None
            found |= {name: ""} if name else {}
        elif name:
            found[name] += line + "\n"
    return found


def tables(text):
    """Return every Markdown table of a text as a list of rows, each a list of cells; code marks are taken off."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]])
        elif rows:
            found.append([[bare(cell) for cell in row] for row in (rows[0], *rows[2:])])
            rows = []
    return found


def bare(cell):
    """Return a cell that is one piece of code without its marks."""
    return cell[1:-1] if re.fullmatch(r"`[^`]*`", cell) else cell
