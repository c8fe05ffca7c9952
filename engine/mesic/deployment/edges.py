"""Rows that break what is not exact: made of a bundle's own sealed rows, the same for the same bundle."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from mesic.bundle.bundle import Bundle
from mesic.bundle.inputs import Input
from mesic.deployment.landmarks import beside, landmarks
from mesic.deployment.target import Row

LEAST_ROWS, MOST_ROWS = 10_000, 60_000
EXTREMES = (
    *(0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-36, -1e-36, 1e-35, 1.00000001800250948e-35, -1.00000001800250948e-35),
    *(1.1e-35, 1e-300, 0.5, -1.0, 1.0, 2.0**24 + 1, 2.0**53, -(2.0**53) - 2, 3.5e38, -3.5e38, 1e300, -1e300),
    *(1.7976931348623157e308, -1.7976931348623157e308, float("inf"), -float("inf")),
)
ODD_TEXTS = ("", " ", "NA", "nan", "null", "none", "never seen", "Ünseen – ☃", "x" * 300, "0", "1", "true", "-1")
ODD_NUMBERS = ("3.5", " 3.5 ", "-7", "+.5", "5.", "1e3", "1E400", "-1e400", "1e-400", "inf", "0x10", "1_000", "1,5")
ODD_MOMENTS = (
    *("1970-01-01", "2024-02-29", "2023-02-29", "2024-2-3", "1999-12-31T23:59:59.5Z", "2024-01-05 10:20"),
    *(
        "2024-06-01T12:00:00+02:00",
        "2024/03/01",
        "12:30",
        "2024-01-01T10",
        "2024-01-01 10:20:30.25+0530",
        "23:59:60",
        "2024-13-01",
        "not a day",
    ),
)
SHARES = ("walk", "walk", "walk", "spelt", "blanks", "texts", "extremes", "types")
SECONDS_BESIDE = (0.0, -1.0, 1.0, -3_600.0, 3_600.0)
FIRST_DAY, LAST_DAY = -25_000.0, 80_000.0  # of moments that are walked past: years of four digits in every library


class EdgeRows:
    """Makes rows of what is sealed, by chance that only the bundle decides."""

    def __init__(self, bundle: Bundle, base: Sequence[Row]) -> None:
        self.inputs, self.base = bundle.inputs, base
        self.rng = np.random.default_rng(int(bundle.digest[:16], 16))
        self.walks = {name: self._shuffled(values) for name, values in landmarks(bundle).items()}

    def _shuffled(self, values: np.ndarray) -> np.ndarray:
        """Return values with their neighbours, and zero where there are none; in no order."""
        every = beside(values) if values.size else np.linspace(-2, 2, 64)
        return np.asarray(self.rng.permutation(every[np.isfinite(every)]))

    def rows(self, least: int = LEAST_ROWS) -> list[dict[str, Any]]:
        """Return `least` rows or as many as it takes to walk past every landmark, in columns of any order."""
        longest = max((walk.size for walk in self.walks.values()), default=0)
        count = int(np.clip(2 * longest + 100, least, MOST_ROWS))
        made = [self._row(number, SHARES[number % len(SHARES)]) for number in range(count)]
        return [self._disordered(row, number) for number, row in enumerate(made)]

    def _row(self, number: int, how: str) -> dict[str, Any]:
        row = dict(self.base[int(self.rng.integers(len(self.base)))])
        change: Callable[[Input, int, Any], Any] = getattr(self, f"_{how}")
        for place, own in enumerate(self.inputs):
            if how in ("walk", "spelt") or self.rng.random() < 0.3:
                row[own.name] = change(own, number // len(SHARES) * 4 + number % len(SHARES) + place, row[own.name])
        return row

    def _walk(self, own: Input, number: int, cell: Any) -> Any:
        if own.reading == "level" and own.levels:
            return self._one_of((cell, self._one_of(own.levels)))
        if own.reading == "boolean":
            return self._one_of((cell, 0.0, 1.0))
        if own.reading not in ("number", "time"):
            return cell
        walk = self.walks[own.name]
        value = float(walk[number % len(walk)])
        return value if own.reading == "number" else _moment(value, SECONDS_BESIDE[number % len(SECONDS_BESIDE)], cell)

    def _spelt(self, own: Input, number: int, cell: Any) -> Any:
        """Return a cell as a CSV has it: numbers are text."""
        value = self._walk(own, number, cell)
        return repr(value) if isinstance(value, float) else value

    def _blanks(self, own: Input, number: int, cell: Any) -> Any:  # noqa: ARG002 - as every change
        return None

    def _texts(self, own: Input, number: int, cell: Any) -> Any:  # noqa: ARG002
        if own.reading in ("level", "text"):
            return self._one_of((*ODD_TEXTS, *own.levels[:20], f" {cell} ", f"{cell}".upper()))
        return cell

    def _extremes(self, own: Input, number: int, cell: Any) -> Any:  # noqa: ARG002
        return self._one_of(EXTREMES) if own.reading in ("number", "boolean") else cell

    def _types(self, own: Input, number: int, cell: Any) -> Any:  # noqa: ARG002
        if own.reading == "time":
            return self._one_of((*ODD_MOMENTS, True))
        if own.reading in ("level", "text"):
            return self._one_of((True, False, 3.0, -0.0, 0.5, 1e16, 1e-7, 123456.789, -17.0))
        return self._one_of((*ODD_NUMBERS, *ODD_TEXTS, "yes", "F", "On", True, False, 1.0, 0.0))

    def _one_of(self, values: Sequence[Any]) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def _disordered(self, row: dict[str, Any], number: int) -> dict[str, Any]:
        """Return a row with its columns in another order; of a few a column is gone, some have one more."""
        names = list(row)
        if number % 97 == 5:
            del row[names[int(self.rng.integers(len(names)))]]
        if number % 89 == 3:
            row["a column that nobody knows"] = "something"
        names = list(row)
        return {names[place]: row[names[place]] for place in self.rng.permutation(len(names))}


def _moment(days: float, seconds: float, otherwise: Any) -> Any:
    """Return a moment some seconds beside a day as text, or something else where calendars end."""
    if not FIRST_DAY < days < LAST_DAY:
        return otherwise
    return (datetime(1970, 1, 1) + timedelta(days=days, seconds=seconds)).isoformat()
