"""A card's folder: written all at once, sealed, never over what people wrote."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesic.card.about import FILE as ABOUT
from mesic.card.about import About, load_about, write_template
from mesic.card.croissant import croissant
from mesic.card.facts import FORMAT, card_lines, card_of, undescribed, unexplained
from mesic.card.markdown import markdown
from mesic.errors import CheckFailed, UsageError
from mesic.runs.files import file_digest, json_digest, write_json, write_text

CARD = "card.json"
PAGE = "card.md"
LINKED = "croissant.json"


def write_card(record: Mapping[str, Any], run: Path, out: Path, about: Path | None) -> dict[str, Any]:
    """Write ``card.json``, ``card.md`` and, for a file, ``croissant.json``; return the card.

    Parameters
    ----------
    record
        Of a run or a check.
    run
        Its folder.
    out
        Where to write. An ``about.yaml`` there is read where `about` is None; one to fill in is written if there is
        none.
    about
        What the owner says.

    Raises
    ------
    UsageError
        A file of the card was edited by hand, or what the owner says cannot be.
    """
    if (out / CARD).exists():
        refuse_edited(out)
    answers = about or out / ABOUT
    said = load_about(answers) if about or answers.exists() else About()
    card = card_of(record, card_lines(record, run, said))
    if about is None and not answers.exists():
        write_template(answers, undescribed(record, said), unexplained(record, said))
    write_text(out / PAGE, markdown(card))
    linked = croissant(card, out)
    if linked is not None:
        write_json(out / LINKED, linked)
    else:
        (out / LINKED).unlink(missing_ok=True)
    files = {name: file_digest(out / name) for name in (PAGE, LINKED) if (out / name).exists()}
    body = card | {"files": files}
    write_json(out / CARD, body | {"seal": json_digest(body)})
    return card


def refuse_edited(folder: Path) -> dict[str, Any]:
    """Return the card in a folder.

    Raises
    ------
    UsageError
        It cannot be read, is of a newer format, or it or a file of it was edited by hand.
    """
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
        seal = card.pop("seal", None)
        files = dict(card.get("files", {}))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"{folder / CARD} is no card: {error}; remove it, and draw the card again") from error
    if card.get("format") != FORMAT:
        raise UsageError(f"{folder / CARD} has format {card.get('format')!r}; this mesic reads {FORMAT}")
    edited = [CARD] if seal != json_digest(card) else []
    edited += [name for name, digest in files.items() if not _is(folder / name, digest)]
    if edited:
        raise UsageError(
            f"{folder / edited[0]} was edited by hand: what was written there would be lost; write it to "
            f"{folder / ABOUT} or schema.yaml, remove {edited[0]}, and draw the card again"
        )
    return card


def _is(path: Path, digest: str) -> bool:
    return not path.exists() or file_digest(path) == digest


def check_card(folder: Path) -> str:
    """Return what holds of a card.

    Raises
    ------
    CheckFailed
        The data are others now than those that it was drawn from.
    UsageError
        It was edited by hand.
    """
    from mesic.data.reading import read_table, type_table
    from mesic.host.registry import installed
    from mesic.runs.plan import source_of

    card = refuse_edited(folder)
    node = card["lines"]["splits"]["known"]["again"]["source"]
    source, declared = source_of(installed(), {"source": node, "plugins": {"prefer": {}}})
    typed = type_table(read_table(source), declared, declared.get("target") or source.target)
    if typed.digest != card["data"]:
        raise CheckFailed(
            f"card {folder} is stale: it was drawn from data of digest {card['data'][:12]}, and the source gives "
            f"{typed.digest[:12]} now ({typed.rows:,} rows): run again, and draw the card of that run"
        )
    todo = card["todo"]
    open_words = f"{todo} TODO(owner) open" if todo else "no question open"
    return f"as sealed, its data are as they were ({typed.rows:,} rows), {open_words}"
