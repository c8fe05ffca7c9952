"""The row account: every row and cell that was dropped, coerced or set missing, with the reason."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One kind of thing that happened to rows or cells of one column."""

    stage: str
    column: str
    what: str
    why: str
    cells: int = 0
    rows: int = 0


@dataclass
class RowAccount:
    """Rows read, rows used, and everything in between; the sums are exact."""

    read: int = 0
    entries: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Book an entry, unless it is about nothing."""
        if entry.cells or entry.rows:
            self.entries.append(entry)

    def include(self, other: "RowAccount") -> None:
        """Add the account of rows that follow on these."""
        self.read += other.read
        self.entries += other.entries

    @property
    def used(self) -> int:
        """Rows that were neither dropped nor refused."""
        return self.read - sum(entry.rows for entry in self.entries)

    def as_dict(self) -> dict[str, Any]:
        """Return the account as the record stores it."""
        return {"read": self.read, "used": self.used, "entries": [asdict(entry) for entry in self.entries]}
