"""Answers that are kept for rows that come again: bounded, and only of one bundle."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import perf_counter

REPEATS = 200


class AnswerCache:
    """The answers to the rows that were asked for last.

    Parameters
    ----------
    rows
        How many are kept; the one that was not asked for the longest goes first.

    Examples
    --------
    >>> cache = AnswerCache(1)
    >>> [cache.answer(row, lambda: [1.0]) for row in ("a", "a", "b", "a")]
    [[1.0], [1.0], [1.0], [1.0]]
    >>> cache.hits, cache.misses
    (1, 3)
    """

    def __init__(self, rows: int) -> None:
        self.rows, self.hits, self.misses = rows, 0, 0
        self._told = (0, 0)
        self._kept: OrderedDict[Hashable, list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def answer(self, row: Hashable, ask: Callable[[], list[float]]) -> list[float]:
        """Return the answer to a row; `ask` is called where it is not known."""
        kept = self._kept.get(row)
        if kept is not None:
            self.hits += 1
            self._kept.move_to_end(row)
            return kept
        self.misses += 1
        kept = self._kept[row] = ask()
        if len(self._kept) > self.rows:
            self._kept.popitem(last=False)
        return kept

    def forget(self) -> None:
        """Keep nothing, and count from zero."""
        self._kept.clear()
        self.hits, self.misses, self._told = 0, 0, (0, 0)

    def news(self) -> tuple[int, int]:
        """Return the hits and misses since it was last asked."""
        hits, misses = self.hits - self._told[0], self.misses - self._told[1]
        self._told = (self.hits, self.misses)
        return hits, misses


def break_even(ask: Callable[[], list[float]], key: Callable[[], Hashable]) -> float:
    """Return the share of rows that must come again for a cache to pay; above 1 it never does.

    A cache costs every row the making of its key, a look and, in a miss, an entry; it saves a hit the model's answer.
    Each is timed as the median of some hundred calls.
    """
    cache = AnswerCache(REPEATS)
    asking = _median(ask)
    answer = ask()
    looking = _median(lambda: cache.answer(key(), lambda: answer))
    return round(looking / asking, 3)


def _median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return sorted(times)[REPEATS // 2]
