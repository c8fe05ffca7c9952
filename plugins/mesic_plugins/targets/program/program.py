"""A program: calls of kernels with their constants, and which class its scores mean."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

# What each kernel is handed behind the row that comes in, in this order, in every language:
# i a whole number, d a number, u a whole number of 64 bits without sign, I and D lists of them, R lists of ranks,
# S texts, N nodes of trees, P programs.
KERNELS = {
    # columns to columns
    "take": "I:places",
    "recode": "I:places I:start D:table",
    "fill": "D:value I:indicator",
    "scale": "I:places D:center D:divisor D:low D:high",
    "interpolate": "I:places I:start D:x D:y",
    "bins": "I:places I:start D:edges",
    "dates": "I:keep I:places I:parts I:start D:table",
    "products": "I:first I:second",
    "one_hot": "i:columns I:from_places I:to_places I:places I:start I:table",
    "lookup": "i:each I:keep I:places I:start D:table",
    "crosses": "I:first I:second D:factor I:start D:numbers",
    "hashed": "I:keep I:which i:buckets u:seed",
    "words": "I:keep I:which I:start S:known D:weight i:is_presence i:is_unit",
    "flush": "d:least",
    # columns to scores
    "constant": "D:value",
    "draw": "u:seed D:value",
    "linear": "I:places i:outputs D:coef D:intercept",
    "forest": "i:outputs i:each I:features I:start D:edges I:slots I:blanks I:set_features I:set_slots I:set_levels "
    "I:set_start R:set_rows I:root N:nodes D:value",
    "naive_bayes": "D:offset D:theta D:variance",
    "mean": "P:members D:share I:start I:present i:outputs",
    # scores to scores
    "divide": "d:by",
    "sigmoid": "d:slope",
    "softmax": "",
    "log_odds": "D:first D:second D:intercept",
    "isotonic": "I:start D:x D:y",
    "temperature": "d:power",
    "of_two": "",
    "shares": "",
    "spread": "i:outputs I:present",
}
TEXT_KERNELS = ("hashed", "words")  # they are handed the texts of the row, too
NODE = np.dtype([("slot", "i4"), ("limit", "i4"), ("left", "i4"), ("right", "i4")])


@dataclass(frozen=True)
class Call:
    """One kernel with its constants.

    Parameters
    ----------
    kernel
        A name of :data:`KERNELS`.
    width
        How many numbers come out.
    values
        The constants by name; those of the members of a mean are programs.
    """

    kernel: str
    width: int
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert [spec[2:] for spec in KERNELS[self.kernel].split()] == list(self.values), self.kernel

    @property
    def arguments(self) -> list[tuple[str, str, Any]]:
        """Type, name and value of each constant, in order."""
        return [(spec[0], spec[2:], self.values[spec[2:]]) for spec in KERNELS[self.kernel].split()]


@dataclass(frozen=True)
class Decision:
    """Which class is answered: the most probable, one from a threshold on, or the one that costs least."""

    threshold: float | None = None
    costs: np.ndarray | None = None


@dataclass(frozen=True)
class Program:
    """Calls in order, each of which is handed what came out of the one before.

    Parameters
    ----------
    width
        Columns that come in.
    calls
        In order.
    """

    width: int
    calls: tuple[Call, ...]

    @property
    def kernels(self) -> set[str]:
        """Names of all kernels that are called, also by members of a mean."""
        found = {call.kernel for call in self.calls}
        for call in self.calls:
            for member in call.values.get("members", ()):
                found |= member.kernels
        return found

    @property
    def outputs(self) -> int:
        """How many numbers come out at the end."""
        return self.calls[-1].width if self.calls else self.width

    @property
    def widest(self) -> int:
        """How many numbers are held at once at most."""
        return max([self.width, *(call.width for call in self.calls)])
