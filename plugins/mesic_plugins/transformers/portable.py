"""What transformers share: they are described as they are fitted, and the description does the work."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mesic import Finding, Matrix, SettingError, compile_pipeline


@dataclass(frozen=True)
class Learned:
    """What a transformer learned.

    Parameters
    ----------
    step
        Its description.
    names
        Of the columns that result.
    levels
        Of those that are categories.
    """

    step: object
    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]


class PortableTransformer(TransformerMixin, BaseEstimator):
    """A transformer whose result is that of its portable step.

    A subclass has the method ``_learn(matrix)``, which returns what was :class:`Learned`, and is made with ``columns``:
    names, or patterns such as ``BILL_*``, of what it rewrites; None for all that it can read.

    Attributes
    ----------
    step_ : PortableStep
        What was learned.
    texts_ : tuple of str
        The columns whose letters are read, so that levels that no training row had count too.
    findings_ : tuple of Finding
        What the user should know.
    """

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn's signature
        """Learn from a data frame X of shape (n, p)."""
        return self._described(Matrix.from_frame(X), self._learn)

    def _described(self, matrix, learn):
        """Keep what `learn` returns for a matrix."""
        self.findings_: tuple[Finding, ...] = ()
        self.texts_: tuple[str, ...] = ()
        learned = learn(matrix)
        self.step_, self.names_out_, self.levels_out_ = learned.step, learned.names, learned.levels
        self.feature_names_in_, self.levels_in_ = np.array(matrix.names, dtype=object), dict(matrix.levels)
        self.n_features_in_ = len(matrix.names)
        return self

    def transform(self, X):
        """Return a new data frame of the same rows; X stays as it is."""
        check_is_fitted(self)
        names, levels = tuple(self.feature_names_in_), self.levels_in_
        matrix = Matrix.from_frame(X).arranged(names, levels, self.texts_)
        values = compile_pipeline([self.step_])(matrix)
        return Matrix(values, self.names_out_, self.levels_out_).frame().set_axis(X.index)

    def get_feature_names_out(self, input_features=None):  # noqa: ARG002 - scikit-learn's signature
        """Return the names of the resulting columns."""
        check_is_fitted(self)
        return np.array(self.names_out_, dtype=object)

    def to_portable(self):
        """Return what was learned as a step of a pipeline."""
        check_is_fitted(self)
        return self.step_

    def _numbers(self, matrix):
        """Return the places of the columns of numbers that are rewritten."""
        return self._chosen(matrix, lambda name: name not in matrix.levels, "numbers")

    def _categories(self, matrix):
        """Return the places of the category columns that are rewritten."""
        return self._chosen(matrix, lambda name: name in matrix.levels, "levels")

    def _chosen(self, matrix, is_fit, what, usual=lambda _: True):
        """Return the places of what ``columns`` names; by default of all that fit and are usual.

        Raises
        ------
        SettingError
            An entry means no column, or one of another kind.
        """
        fit = [place for place, name in enumerate(matrix.names) if is_fit(name)]
        if self.columns is None:
            found = [place for place in fit if usual(matrix.names[place])]
            self._tell_if_none(found, what)
            return found
        meant = set()
        for pattern in self.columns:
            own = [name for name in matrix.names if name == pattern]
            own = own or [name for name in matrix.names if fnmatchcase(name, pattern)]
            meant |= set(own)
            if not own:
                raise SettingError("columns", pattern, f"names or patterns of these: {_listed(matrix.names)}")
            if pattern in own and not is_fit(pattern):
                raise SettingError("columns", pattern, f"columns of {what}: {_listed([matrix.names[p] for p in fit])}")
        return [place for place in fit if matrix.names[place] in meant]

    def _tell_if_none(self, found, what):
        """Let the user know of a transformer that has nothing to do."""
        if not found and not self.findings_:
            self.findings_ = (_nothing_to_do(type(self).__name__, what),)


def rest(matrix, places):
    """Return the places of the other columns."""
    return np.setdiff1d(np.arange(len(matrix.names)), places)


def levels_left(matrix, places):
    """Return the levels of the category columns that are not at some places."""
    gone = {matrix.names[place] for place in places}
    return {name: levels for name, levels in matrix.levels.items() if name not in gone}


def _listed(names):
    return ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")


def _nothing_to_do(transformer, what):
    message = f"{transformer} finds no column of {what} to rewrite"
    return Finding("NOTHING-TO-REWRITE", "info", message, {}, "leave it out, or name columns")


def unused(wanted, taken):
    """Return a name that is not among `taken`, as near to `wanted` as can be, and take it.

    Examples
    --------
    >>> unused("a=1", {"a=1", "b"})
    'a=1_'
    """
    while wanted in taken:
        wanted += "_"
    taken.add(wanted)
    return wanted
