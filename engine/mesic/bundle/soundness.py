"""Whether a bundle that verifies can be used at all: who seals it anew can write whatever they like.

Digests say that a bundle is what somebody sealed, not who that was. Loading one must neither run code of theirs,
nor end the process, nor go on for ever.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mesic.bundle.booster_text import refuse_strange_booster
from mesic.bundle.portable import ANSWERS, ESTIMATORS, PortableStep
from mesic.errors import CheckFailed

KINDS: Mapping[str, type | tuple[type, ...]] = {
    "task": str,
    "target": str,
    "digest": str,
    "classes": list,
    "present": list,
    "steps": list,
    "files": dict,
}
MOST_SEALED_ROWS = 1_000_000


def plain_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it, sorted.

    Raises
    ------
    CheckFailed
        There is a link, or something that is neither file nor folder: it could lead anywhere, and never end.
    """
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            kind = "a link" if stat.S_ISLNK(mode) else "no plain file"
            raise CheckFailed(f"{folder} is refused: {os.fspath(path.relative_to(folder))!r} is {kind}: copy it whole")
        if stat.S_ISREG(mode):
            yield path


def refuse_strange_manifest(manifest: Mapping[str, Any]) -> None:
    """Raise ValueError where a manifest does not hold what it must, of the kind that it must be."""
    for name, kind in KINDS.items():
        if not isinstance(manifest.get(name), kind):
            raise ValueError(f"{name} is {manifest.get(name)!r:.60}")  # noqa: TRY004 - as all that is wrong with it
    classes, present = manifest["classes"], manifest["present"]
    if not all(isinstance(label, str) for label in classes) or len(set(classes)) != len(classes):
        raise ValueError("classes are no labels that differ")
    if present != sorted({place for place in present if type(place) is int and 0 <= place < len(classes)}):
        raise ValueError("present names classes that there are not")


def refuse_strange_steps(steps: tuple[PortableStep, ...], present: int) -> None:
    """Raise CheckFailed where steps could end the process, or never end, when they are run.

    Parameters
    ----------
    steps
        From raw columns to answers.
    present
        Number of classes that they answer for, 0 for regression.
    """
    if not steps or steps[0].op != "codes":
        raise CheckFailed("the pipeline does not begin with the step 'codes': run again")
    for step in steps:
        if step.op in {"mean", *ESTIMATORS, *ANSWERS} and step.params["classes"] != present:
            raise CheckFailed(f"step {step.op!r} answers for {step.params['classes']!r:.40} classes, not {present}")
    for step in (every for outer in steps for every in outer.every()):
        if step.op in LOOKS:
            LOOKS[step.op](step)


def refuse_many_rows(name: str, rows: int) -> None:
    """Raise CheckFailed where a sealed table tells more rows than any run seals: a small file can tell billions."""
    if rows > MOST_SEALED_ROWS:
        raise CheckFailed(f"{name} is refused: it tells {rows:,} rows, and a bundle seals {MOST_SEALED_ROWS:,} at most")


def _booster(step: PortableStep) -> None:
    classes = step.params["classes"]
    if type(classes) is not int:
        raise CheckFailed(f"a step 'lightgbm' answers for {classes!r:.40} classes: give a whole number")
    refuse_strange_booster(step.text, classes)


def _trees(step: PortableStep) -> None:
    """Look at the nodes: every one hangs below one other at most, so that no walk goes on for ever."""
    feature, root = step.arrays["feature"], step.arrays["root"]
    inner = np.flatnonzero(feature >= 0)
    below = np.concatenate([step.arrays["left"][inner], step.arrays["right"][inner]])
    hangs = np.concatenate([below, root])
    is_there = (hangs >= 0) & (hangs < feature.size)
    if not is_there.all() or np.unique(hangs).size != hangs.size:
        raise CheckFailed("the nodes of a step 'trees' are no trees: run again")


LOOKS: Mapping[str, Callable[[PortableStep], None]] = {"lightgbm": _booster, "trees": _trees}
