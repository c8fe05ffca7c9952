"""``mesic compare``: what another version of the data does, everything else held fixed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text, progress
from mesic.host.components import option


@dataclass
class CompareSettings:
    """The keys of ``mesic compare``."""

    a: str = option("???", "a finished run on the older version of the data")
    b: str = option("???", "the newer version: a table file, or a run of the same configuration")
    threads: int | None = option(None, "threads; null: the cores there are", low=1)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Compare two versions of the data; return the exit status."""
    settings = configured("compare", arguments, CompareSettings)
    if settings is None:
        return 0
    from mesic.host.registry import installed
    from mesic.runs.data_effect import data_effect
    from mesic.runs.resources import available_cores, limited_threads

    threads = settings.threads or available_cores()
    with limited_threads(threads), progress("mesic compare") as say:
        found = data_effect(Path(settings.a), settings.b, installed(), threads=threads, say=say)
    if as_json:
        print_json({"a": settings.a, "b": settings.b, **found.as_dict()})
        return 0
    _print(found.as_dict(), settings)
    return 0


def _print(found: Mapping[str, Any], settings: CompareSettings) -> None:
    from mesic.report.words import score_parts
    from mesic.runs.data_effect import FACTORS

    changed = found["changed"]
    print_text(
        f"{settings.a} -> {settings.b}, everything but the data held fixed: {changed['added']:,} rows added, "
        f"{changed['removed']:,} removed, {changed['labels']:,} labels and {changed['cells']:,} other cells changed\n"
    )
    names = [score["metric"] for score in found["scores"]["a"]][:4]
    rows = [
        [which, *("{} ({})".format(*score_parts(score)) for score in found["scores"][which][: len(names)])]
        for which in ("a", "b")
    ]
    print_table(["learned from", *names], rows, f"{found['test_rows']:,} test rows of a, with the targets of b")
    effects = {"all together": found["total"], **{FACTORS[name]: one for name, one in found["effects"].items()}}
    rows = [[name, f"{one['value']:+.4g}", *_ends(one)] for name, one in effects.items()]
    print_table(
        ["change", found["loss"], "interval", "p"], rows, f"Change of the mean {found['loss']}; below 0 is better"
    )


def _ends(one: Mapping[str, Any]) -> list[str]:
    if one["low"] is None or one["p"] is None:
        return ["unknown", "unknown"]
    return [f"{one['low']:+.4g} to {one['high']:+.4g}", f"{one['p']:.2g}"]
