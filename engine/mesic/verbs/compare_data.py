"""What another version of the data does, everything else held fixed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesic.console import print_json, print_table, print_text, progress


def compare_data(a: str, b: str, threads: int | None, *, as_json: bool) -> int:
    """Compare two versions of the data; return the exit status."""
    from mesic.host.registry import installed
    from mesic.runs.data_effect import data_effect
    from mesic.runs.resources import available_cores, limited_threads

    threads = threads or available_cores()
    with limited_threads(threads), progress("mesic compare") as say:
        found = data_effect(Path(a), b, installed(), threads=threads, say=say)
    if as_json:
        print_json({"a": a, "b": b, **found.as_dict()})
        return 0
    _print(found.as_dict(), a, b)
    return 0


def _print(found: Mapping[str, Any], a: str, b: str) -> None:
    from mesic.report.words import score_parts
    from mesic.runs.data_effect import FACTORS

    changed = found["changed"]
    print_text(
        f"{a} -> {b}, everything but the data held fixed: {changed['added']:,} rows added, "
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
