"""A paper printed: one self-contained HTML page, Markdown, or JSON."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mesic.documents.document import Block, Bullets, Document, Name, Number, Paragraph, Piece, Section, Table, Text
from mesic.documents.look import CSS
from mesic.report.words import safe
from mesic.terminal import shown


def as_html(paper: Document, *, one_page: bool = False) -> str:
    """Return a page that needs no network.

    Parameters
    ----------
    paper
        The paper.
    one_page
        Whether it is set small, to be printed on one A4 page.
    """
    body = "".join(_section(section) for section in paper.sections)
    css = "sheet" if one_page else "long"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{safe(paper.title)} - mesic</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><style>{CSS}</style></head><body class="{css}"><main>'
        f'<header><p class="kicker">{_html(paper.kicker)}</p><h1>{safe(paper.title)}</h1></header>{body}'
        f"<footer><p>{_html(paper.footer)}</p></footer></main></body></html>\n"
    )


def _section(section: Section) -> str:
    return f"<section><h2>{safe(section.title)}</h2>{''.join(map(_block, section.blocks))}</section>"


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        look = f' class="{block.tone}"' if block.tone else ""
        return f"<p{look}>{_html(block.text)}</p>"
    if isinstance(block, Bullets):
        return f"<ul>{''.join(f'<li>{_html(item)}</li>' for item in block.items)}</ul>"
    head = "".join(f"<th>{safe(cell)}</th>" for cell in block.head)
    top = f"<thead><tr>{head}</tr></thead>" if any(block.head) else ""
    rows = "".join(
        f'<tr><th scope="row">{_html(row[0])}</th>{"".join(f"<td>{_html(cell)}</td>" for cell in row[1:])}</tr>'
        for row in block.rows
    )
    return f'<div class="scroll" tabindex="0"><table>{top}<tbody>{rows}</tbody></table></div>'


def _html(pieces: Text) -> str:
    return "".join(map(_html_piece, pieces))


def _html_piece(piece: Piece) -> str:
    if isinstance(piece, Number):
        where = f"record.json: {piece.path}" + ("" if piece.how == "as it is" else f", {piece.how}")
        named = f'data-path="{safe(piece.path)}" data-how="{safe(piece.how)}" title="{safe(where)}"'
        return f'<data value="{safe(piece.shown)}" {named}>{safe(piece.shown)}</data>'
    return f'<b class="name">{safe(piece)}</b>' if isinstance(piece, Name) else safe(piece)


def as_markdown(paper: Document, *, with_references: bool = False) -> str:
    """Return a paper as Markdown; with references, each number has a footnote that says where it stands."""
    notes: dict[str, int] = {}
    note = _footnotes(notes) if with_references else lambda _: ""
    lines = [f"# {_plain(paper.title)}", "", _markdown(paper.kicker, note), ""]
    for section in paper.sections:
        lines += [f"## {_plain(section.title)}", ""]
        lines += [line for block in section.blocks for line in (*_lines(block, note), "")]
    lines += [_markdown(paper.footer, note), ""]
    lines += [f"[^{number}]: record.json: {where}" for where, number in notes.items()]
    return shown("\n".join(lines).rstrip()) + "\n"


Note = Callable[[Number], str]


def _footnotes(notes: dict[str, int]) -> Note:
    def note(number: Number) -> str:
        where = f"`{number.path}`" + ("" if number.how == "as it is" else f", {number.how}")
        return f"[^{notes.setdefault(where, len(notes) + 1)}]"

    return note


def _lines(block: Block, note: Note) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _markdown(block.text, note)
    elif isinstance(block, Bullets):
        yield from (f"- {_markdown(item, note)}" for item in block.items)
    elif any(block.head):
        yield _row(map(_plain, block.head))
        yield f"|{'---|' * len(block.head)}"
        yield from (_row(_cell(cell, note) for cell in row) for row in block.rows)
    else:
        yield from (f"- {_markdown(row[0], note)}: {_cell(row[1], note)}" for row in block.rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(pieces: Text, note: Note) -> str:
    return _markdown(pieces, note).replace("|", "\\|")


def _markdown(pieces: Text, note: Note) -> str:
    return "".join(_markdown_piece(piece, note) for piece in pieces)


def _markdown_piece(piece: Piece, note: Note) -> str:
    if isinstance(piece, Number):
        return piece.shown + note(piece)
    return f"**{_plain(piece)}**" if isinstance(piece, Name) and piece.strip() else _plain(piece)


def _plain(words: str) -> str:
    return " ".join(words.split("\n")).replace("<", "&lt;")


def as_json(paper: Document) -> str:
    """Return a paper as JSON: the text of each block, and its numbers with their places."""
    body = {
        "title": paper.title,
        "kicker": _told(paper.kicker),
        "sections": [
            {"title": section.title, "blocks": [_block_facts(block) for block in section.blocks]}
            for section in paper.sections
        ],
        "footer": _told(paper.footer),
    }
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def _block_facts(block: Block) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "tone": block.tone, **_told(block.text)}
    if isinstance(block, Bullets):
        return {"kind": "list", "items": [_told(item) for item in block.items]}
    return {"kind": "table", "head": list(block.head), "rows": [[_told(cell) for cell in row] for row in block.rows]}


def _told(pieces: Text) -> Mapping[str, Any]:
    words = "".join(piece.shown if isinstance(piece, Number) else piece for piece in pieces)
    numbers = [vars(piece) for piece in pieces if isinstance(piece, Number)]
    return {"text": words, "numbers": numbers} if numbers else {"text": words}


def every_text(paper: Document) -> Iterator[Text]:
    """Yield every text of a paper, in order."""
    yield paper.kicker
    for section in paper.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                yield block.text
            elif isinstance(block, Bullets):
                yield from block.items
            elif isinstance(block, Table):
                yield from (cell for row in block.rows for cell in row)
    yield paper.footer
