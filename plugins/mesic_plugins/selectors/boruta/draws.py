"""One draw after another of shadows, and what columns and shadows are worth in forests of both."""

import numpy as np
from scipy import sparse

from mesic_plugins.selectors.boruta.levels import ordered_levels

LEAST_SHADOWS = 100


class Draws:
    """Draws of shadows of some columns.

    Parameters
    ----------
    levels
        Of all columns.
    policy
        How cells are shuffled: see ``shadows``.
    forest
        What is grown.
    seed
        Of all draws.
    """

    def __init__(self, levels, policy, forest, seed):
        self.levels, self.policy, self.forest, self.seed = levels, policy, forest, seed
        keys = [levels.key(place) for place in range(levels.shape[1])]
        self.keys = [int(key, 16) for key in keys]
        self.order = np.array(sorted(range(len(keys)), key=lambda place: keys[place]), dtype=np.int64)

    def of(self, wanted, first, draws, forests, least=LEAST_SHADOWS):
        """Yield for each draw the worth of the wanted columns (p,) and of their shadows (m,), m at least `least`.

        Parameters
        ----------
        wanted
            Which columns, booleans of shape (p,); the worth of others is 0.
        first, draws
            Number of the first draw, and how many; a number gives the same draw always.
        forests
            Forests a draw, whose mean counts.
        """
        places = self.order[wanted[self.order]]
        is_category = np.array([place in self.levels.categories for place in places], dtype=bool)
        plain = places[~is_category]
        real = self.forest.columns(self.levels.cells[:, plain]) if plain.size else None
        copies = -(-least // places.size)
        for number in range(first, first + draws):
            rng = np.random.default_rng([self.seed, number])
            as_levels = self._encoder(rng)
            order = self.policy.order(rng)
            shuffled = [
                as_levels(place, self._shuffled(place, order, number, copy))
                for copy in range(copies)
                for place in places
            ]
            parts = [self.forest.columns(self._stacked(shuffled))]
            parts += [real] if real is not None else []
            if is_category.any():
                own = [as_levels(place, self.levels.column(place)) for place in places[is_category]]
                parts.append(self.forest.columns(self._stacked(own)))
            joined = self.forest.joined(*parts)
            seeds = rng.integers(2**31, size=forests)
            worth = np.mean([self.forest.importances(joined, seed) for seed in seeds], axis=0)
            found = np.zeros(self.levels.shape[1])
            found[np.concatenate([plain, places[is_category]])] = worth[len(shuffled) :]
            yield found, worth[: len(shuffled)]

    def _encoder(self, rng):
        """Return what makes levels of a draw's columns."""
        half = self.policy.halves(rng)
        target = self.forest.y
        if self.forest.classes > 2:
            target = rng.normal(size=self.forest.classes)[target]  # another direction among the classes each time
        target = np.asarray(target, dtype=np.float64)
        categories, weight = self.levels.categories, self.forest.weight
        return lambda place, column: ordered_levels(column, target, half, weight) if place in categories else column

    def _shuffled(self, place, order, number, copy):
        rng = np.random.default_rng([self.seed, number, copy, self.keys[place]])
        column = self.levels.column(place)
        return column[self.policy.places(order, column, rng)]

    def _stacked(self, columns):
        if sparse.issparse(self.levels.cells):
            return _stored(columns)
        return np.array(columns, dtype=np.uint8).T


def _stored(columns):
    rows = [np.flatnonzero(column) for column in columns]
    data = np.concatenate([column[own] for column, own in zip(columns, rows, strict=True)])
    ends = np.concatenate([[0], np.cumsum([own.size for own in rows])])
    return sparse.csc_array((data, np.concatenate(rows), ends), shape=(columns[0].size, len(columns)))
