"""Count the words of text."""

from collections import Counter

import numpy as np

from mesic import Matrix, PortableStep, SettingError, words_of
from mesic_plugins.transformers.portable import Learned, PortableTransformer, levels_left, rest, unused

LEAST_WORDS = 3.0


class TextCounts(PortableTransformer):
    """Give each of the words that most training rows have a column that counts it; the text itself goes.

    Words are two letters or digits at least, in lower case. A missing cell holds none.

    Parameters
    ----------
    weighting : {"counts", "presence", "tfidf"}
        What is counted: how often a word occurs, whether it does, or how often, less for words of many rows, and
        each text to length 1.
    max_words : int
        Words a column at most, from 1.
    min_rows : int
        Rows that a word needs, from 1.
    columns : list of str or None
        Names or patterns of the columns of text; None for those that the schema calls ``text``, and where it says
        nothing, for category columns of three words a level or more.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"note": pd.Categorical(["late again", "never late", "again and again"])})
    >>> TextCounts(min_rows=2, columns=["note"]).fit_transform(X).to_dict("list")
    {'note: again': [1.0, 0.0, 2.0], 'note: late': [1.0, 1.0, 0.0]}
    """

    def __init__(self, weighting="counts", max_words=200, min_rows=5, columns=None):
        self.weighting = weighting
        self.max_words = max_words
        self.min_rows = min_rows
        self.columns = columns

    def fit(self, X, y=None, kinds=None):  # noqa: ARG002 - scikit-learn's signature
        """Learn from a data frame X of shape (n, p); `kinds` says what the schema calls its columns."""
        if self.weighting not in ("counts", "presence", "tfidf"):
            raise SettingError("weighting", self.weighting, "counts, presence or tfidf")
        if self.max_words < 1:
            raise SettingError("max_words", self.max_words, "a whole number from 1")
        return self._described(Matrix.from_frame(X), lambda matrix: self._learn(matrix, kinds or {}))

    def _learn(self, matrix, kinds):
        usual = {name for name in matrix.levels if _is_text(matrix, name, kinds)}
        places = self._chosen(matrix, matrix.levels.__contains__, "text", usual.__contains__)
        keep, self.texts_ = rest(matrix, places), tuple(matrix.names[place] for place in places)
        found = [self._words(matrix, place) for place in places]
        taken = {matrix.names[place] for place in keep}
        made = [
            unused(f"{name}: {word}", taken)
            for name, (words, _) in zip(self.texts_, found, strict=True)
            for word in words
        ]
        params = {
            "names": made,
            "words": [words for words, _ in found],
            "presence": self.weighting == "presence",
            "unit": self.weighting == "tfidf",
        }
        arrays = {
            "keep": keep,
            "places": np.array(places, dtype=np.int64),
            "start": np.cumsum([0, *(len(words) for words, _ in found)]),
            "weight": np.concatenate([np.empty(0), *(weight for _, weight in found)]),
        }
        names = (*(matrix.names[place] for place in keep), *made)
        return Learned(PortableStep("words", params, arrays), names, levels_left(matrix, places))

    def _words(self, matrix, place):
        """Return the words of a column in alphabetical order, and what each counts."""
        column, levels = matrix.values[:, place], matrix.levels[matrix.names[place]]
        times = np.bincount(column[~np.isnan(column)].astype(np.int64), minlength=len(levels))
        rows: Counter[str] = Counter()
        for level, count in zip(levels, times, strict=True):
            rows.update(dict.fromkeys(words_of(level), int(count)))
        often = [word for word in rows if rows[word] >= self.min_rows]
        kept = sorted(sorted(often, key=lambda word: (-rows[word], word))[: self.max_words])
        if self.weighting != "tfidf":
            return kept, np.ones(len(kept))
        held = np.array([rows[word] for word in kept], dtype=np.float64)
        return kept, np.log((1 + len(column)) / (1 + held)) + 1


def _is_text(matrix, name, kinds):
    if name in kinds:
        return kinds[name] == "text"
    levels = matrix.levels[name]
    return bool(levels) and np.mean([len(words_of(level)) for level in levels]) >= LEAST_WORDS
