"""The columns of a row on its way through a pipeline: names, levels, and texts that are read letter by letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Columns:
    """What is known of the columns at some step.

    Parameters
    ----------
    names
        In order.
    levels
        Of the category columns.
    texts
        Place among the texts of the row of each column whose letters are read.
    """

    names: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    @classmethod
    def of_codes(cls, coded: Sequence[Mapping[str, object]]) -> "Columns":
        """Return the columns that a ``codes`` step describes."""
        texts = [str(one["name"]) for one in coded if one["kind"] == "text"]
        return cls(
            tuple(str(one["name"]) for one in coded),
            {str(one["name"]): tuple(one["levels"]) for one in coded if one["kind"] == "category"},  # type: ignore[arg-type]  # a list of text
            {name: place for place, name in enumerate(texts)},
        )

    def take(self, places: Sequence[int]) -> "Columns":
        """Return some columns, by place."""
        return self._kept(tuple(self.names[place] for place in places))

    def with_levels(self, levels: Mapping[str, tuple[str, ...]]) -> "Columns":
        """Return the same columns, of which exactly these have levels."""
        return Columns(self.names, levels, self.texts)

    def followed_by(self, names: Sequence[str], levels: Mapping[str, tuple[str, ...]] | None = None) -> "Columns":
        """Return the columns, and others behind them."""
        return Columns((*self.names, *names), {**self.levels, **(levels or {})}, self.texts)

    def renamed(self, names: Sequence[str], levels: Mapping[str, tuple[str, ...]]) -> "Columns":
        """Return columns that are all new but for those of the same name."""
        kept = {name: place for name, place in self.texts.items() if name in names and name not in levels}
        return Columns(tuple(names), levels, kept)

    def _kept(self, names: tuple[str, ...]) -> "Columns":
        levels = {name: self.levels[name] for name in names if name in self.levels}
        return Columns(names, levels, {name: self.texts[name] for name in names if name in self.texts})
