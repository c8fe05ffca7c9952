"""``mesic advise data``: are more rows worth it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text, progress, tell
from mesic.host.components import option

MOST_POINTS = 11


@dataclass
class AdviseDataSettings:
    """The keys of ``mesic advise data``."""

    run: str = option("???", "a finished run")
    rows: int | None = option(None, "how many more rows; null: several numbers", low=1, unit="rows")
    price: float | None = option(None, "of one row with its label", low=0)
    value: float | None = option(None, "of one unit of the metric, in the same money", low=0)
    by: str | None = option(None, "column whose values tell which rows help most; null: the classes")
    draws: int = option(3, "sets of rows that are drawn of each small size", low=1, high=50)
    out: str | None = option(None, "page to write, such as advice.html")
    threads: int | None = option(None, "threads; null: the cores there are", low=1)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Say what more data would bring; return the exit status."""
    settings = configured("advise data", arguments, AdviseDataSettings)
    if settings is None:
        return 0
    from mesic.advising.data import Asked, advise_data
    from mesic.host.registry import installed
    from mesic.runs.resources import available_cores, limited_threads

    threads = settings.threads or available_cores()
    asked = Asked(settings.rows, settings.price, settings.value, settings.by, settings.draws)
    with limited_threads(threads), progress("mesic advise data") as say:
        found = advise_data(Path(settings.run), asked, installed(), threads=threads, say=say).as_dict()
    if settings.out:
        from mesic.report.advice_page import render_advice
        from mesic.runs.files import write_text

        write_text(Path(settings.out), render_advice(found))
        tell(settings.out)
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 0


def _print(found: Mapping[str, Any]) -> None:
    from mesic.report.advice_words import advice_sentence
    from mesic.report.words import score_parts

    print_text(advice_sentence(found) + "\n")
    points = found["curve"][-MOST_POINTS:]
    rows = [[f"{point['rows']:,}", "{} ({})".format(*score_parts(point))] for point in points]
    print_table([f"rows that {found['learner']} learned from", f"{found['metric']}, out of fold"], rows)
    if found["offers"]:
        _print_offers(found)
    _print_slices(found)


def _print_offers(found: Mapping[str, Any]) -> None:
    from mesic.report.advice_words import offer_cells, offer_head

    rows = [offer_cells(offer) for offer in found["offers"]]
    by = f"by power laws from {found['law_from']:,} rows on"
    print_table(offer_head(found), rows, f"What more rows would bring to {found['now']:,}, {by}")


def _print_slices(found: Mapping[str, Any]) -> None:
    from mesic.report.advice_words import slice_cells

    rows = [slice_cells(one) for one in found["slices"]]
    title = f"Where {found['slices_more']:,} more rows like these would help most, by {found['slices_by']}"
    print_table(["", "rows scored", f"{found['loss']} now", "falls by"], rows, title)
