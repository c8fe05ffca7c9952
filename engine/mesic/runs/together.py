"""Which rows of a run are drawn together when its scores are resampled: groups, else stretches of time."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mesic.evaluation.intervals import BLOCKS_OF_TIME
from mesic.evaluation.time_blocks import time_blocks
from mesic.runs.state import Experiment, part_of


@dataclass(frozen=True)
class Together:
    """Groups that metrics may read, or else blocks that only resampling looks at; neither where rows are independent.

    Parameters
    ----------
    groups, blocks
        Of each row, shape (n,), or None.
    """

    groups: np.ndarray | None = None
    blocks: np.ndarray | None = None

    def for_scores(self) -> dict[str, Any]:
        """Return it as functions of scores take it."""
        return {"groups": self.groups, "blocks": self.blocks}

    def for_losses(self) -> dict[str, Any]:
        """Return it as functions of paired losses take it."""
        if self.groups is None and self.blocks is not None:
            return {"groups": self.blocks, "unit": BLOCKS_OF_TIME}
        return {"groups": self.groups}


def together(run: Experiment, rows: np.ndarray, losses: np.ndarray) -> Together:
    """Return what keeps rows together: declared groups; where parts are in the order of time, stretches of it.

    Parameters
    ----------
    run
        Its dataset and partition.
    rows
        Row numbers, shape (n,).
    losses
        The model's on these rows, shape (n,); how long they remember each other decides the length of a stretch.
    """
    if run.dataset.groups is not None:
        return Together(part_of(run.dataset.groups, rows))
    if run.split.by != "time" or run.dataset.time is None:
        return Together()
    blocks = time_blocks(run.dataset.time[rows], losses)
    return Together(blocks=blocks) if np.unique(blocks).size < rows.size else Together()
