"""The keys of labels that come later."""

from dataclasses import dataclass

from mesic.host.components import option

NAMES = ("accuracy", "brier", "log_loss", "cost", "mae", "mse")
ROWS, DAYS = 1_000_000, 30.0


@dataclass
class LabelOptions:
    """The keys ``labels.`` of ``mesic deploy``; each that is null stays as it was before."""

    measure: str | None = option(
        None, "what a label makes of an answer; at first accuracy, of numbers mae", choices=NAMES
    )
    rows: int | None = option(None, f"latest answers that are kept for labels, 0: none; at first {ROWS}", low=0)
    days: float | None = option(
        None, f"for which they are kept at most; at first {DAYS:g}", low=0, open_low=True, unit="days"
    )
