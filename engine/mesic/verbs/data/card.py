"""``mesic data card``: a data set's card, from a run's record and what its owner says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.errors import CheckFailed
from mesic.host.components import option

MOST_SHOWN = 8


@dataclass
class CardSettings:
    """The keys of ``mesic data card``."""

    run: str = option("???", "the folder of a run or a check")
    out: str | None = option(None, "the card's folder; null: RUN/card")
    about: str | None = option(None, "what the owner says; null: about.yaml in the card's folder")
    strict: bool = option(False, "exit status 1 while a question is open; --strict says the same")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Draw a card; exit status 1 under ``strict`` while a question is open."""
    said = ["strict=true" if text == "--strict" else text for text in arguments]
    settings = configured("data card", said, CardSettings)
    if settings is None:
        return 0
    from mesic.card.folder import write_card
    from mesic.runs.record import read_record

    run = Path(settings.run)
    out = Path(settings.out) if settings.out else run / "card"
    about = Path(settings.about) if settings.about else None
    card = write_card(read_record(run), run, out, about)
    status = CheckFailed.exit_status if settings.strict and card["todo"] else 0
    if as_json:
        print_json({"card": str(out), "data": card["data"], "todo": card["todo"], "questions": _questions(card)})
        return status
    names = [name for name in ("card.md", "card.json", "croissant.json") if (out / name).exists()]
    print_text(f"{out}: {', '.join(names)}")
    questions = _questions(card)
    for question in questions[:MOST_SHOWN]:
        print_text(f"  TODO(owner): {question}")
    if questions:
        more = f"and {len(questions) - MOST_SHOWN} more; " if len(questions) > MOST_SHOWN else ""
        print_text(f"  {more}{len(questions)} open: answer them in {about or out / 'about.yaml'}")
    return status


def _questions(card: dict[str, Any]) -> list[str]:
    return [question for line in card["lines"].values() for question in line["todo"]]
