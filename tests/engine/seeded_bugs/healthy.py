"""Small transformers and selectors that keep every promise; each bug of `broken.py` was seeded into one of them."""

import zlib

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import SelectorMixin


class Extractor(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.learn(X, y)
        return self

    def transform(self, X):
        return self.make(X[list(self.feature_names_in_)])

    def get_feature_names_out(self, input_features=None):
        return self.feature_names_in_

    def learn(self, X, y):
        pass

    def make(self, X):
        raise NotImplementedError


class Centred(Extractor):
    def learn(self, X, y):
        self.mean_ = X.mean().to_numpy(np.float64)

    def make(self, X):
        return X.to_numpy(np.float64) - self.mean_


class Scaled(Centred):
    def learn(self, X, y):
        super().learn(X, y)
        width = X.to_numpy(np.float64).std(axis=0)
        self.scale_ = np.where(width > 0, width, 1.0)

    def make(self, X):
        return super().make(X) / self.scale_


class Jittered(Centred):
    def __init__(self, random_state=0):
        self.random_state = random_state

    def learn(self, X, y):
        super().learn(X, y)
        self.mean_ = self.mean_ + np.random.default_rng(self.random_state).normal(0, 0.1, X.shape[1])


class Squared(Extractor):
    def make(self, X):
        return np.square(np.clip(X.to_numpy(np.float64), -1e100, 1e100))


class Filled(Extractor):
    def learn(self, X, y):
        self.value_ = X.median().fillna(0).to_numpy(np.float64)

    def make(self, X):
        values = X.to_numpy(np.float64)
        return np.where(np.isnan(values), self.value_, values)


class Marked(Filled):
    def make(self, X):
        return np.hstack([super().make(X), X.isna().to_numpy(np.float64)])

    def get_feature_names_out(self, input_features=None):
        return np.array([*self.feature_names_in_, *(f"{name} is missing" for name in self.feature_names_in_)])


class Framed(Filled):
    def make(self, X):
        return pd.DataFrame(super().make(X), columns=list(self.feature_names_in_), index=X.index)


class TimeOfDay(Extractor):
    def make(self, X):
        return np.mod(X.to_numpy(np.float64) + self.shift(), 1) * 24

    def shift(self):
        return 0.0


class Bucketed(Extractor):
    """Equal numbers fall into one of some buckets."""

    def make(self, X):
        return self.bits(X.to_numpy(np.float64)) % 1021.0

    def bits(self, numbers):
        return (numbers + 0.0).view(np.int64)


class Levelled(Extractor):
    """Columns of levels become numbers, other columns stay."""

    def make(self, X):
        columns = [self.numbers(X[name], name) if X[name].dtype == "category" else X[name] for name in X]
        return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])

    def numbers(self, column, name):
        raise NotImplementedError


class Coded(Levelled):
    def learn(self, X, y):
        self.codes_ = {name: self.codes_of(X[name], y) for name in X if X[name].dtype == "category"}

    def codes_of(self, column, y):
        return {level: float(code) for code, level in enumerate(sorted(column.dropna().unique()))}

    def numbers(self, column, name):
        return [self.codes_[name].get(level, np.nan) for level in column]


class Hashed(Levelled):
    def numbers(self, column, name):
        return [np.nan if pd.isna(level) else self.bucket(level) for level in column]

    def bucket(self, level):
        return zlib.crc32(level.encode()) % 1024


class Chosen(SelectorMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        kept = self.kept(X, y)
        self.support_ = np.array([name in kept for name in X.columns], dtype=bool)
        return self

    def _get_support_mask(self):
        return self.support_

    def kept(self, X, y):
        raise NotImplementedError


class FirstFive(Chosen):
    def kept(self, X, y):
        return list(X.columns)[:5]


class Alike(Chosen):
    """The three columns that are most like the target, of those that vary."""

    def kept(self, X, y):
        varied = X.loc[:, X.nunique() > 1].astype(np.float64)
        likeness = varied.corrwith(self.target(X, y)).abs()
        return [*likeness.nlargest(3).index, X.columns[0]]

    def target(self, X, y):
        return pd.Series(y, index=X.index)


class AlikeByPlace(Alike):
    def kept(self, X, y):
        return super().kept(X.reset_index(drop=True), y)
