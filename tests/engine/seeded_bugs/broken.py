"""Bugs as they are found in code that makes or chooses columns, each named for what is wrong."""

import time
from datetime import date

import numpy as np
import pandas as pd
from tests.engine.seeded_bugs.healthy import (
    AlikeByPlace,
    Bucketed,
    Centred,
    Coded,
    Filled,
    FirstFive,
    Framed,
    Hashed,
    Jittered,
    Marked,
    Scaled,
    Squared,
    TimeOfDay,
)


class SubtractsTheMeanOfTheBatch(Centred):
    def make(self, X):
        return (X - X.mean()).to_numpy()


class CarriesStateFromCallToCall(Centred):
    def make(self, X):
        if len(X):
            self.mean_ = 0.9 * self.mean_ + 0.1 * X.mean().to_numpy()
        return X.to_numpy() - self.mean_


class LeansOnTheRowBefore(Filled):
    def make(self, X):
        return super().make(X.ffill())


class TakesColumnsByTheirPlace(Centred):
    def transform(self, X):
        return X.to_numpy(np.float64) - self.mean_


class CountsInSinglePrecision(Scaled):
    def make(self, X):
        return super().make(X.astype(np.float32))


class OverflowsInTheTypeThatCame(Squared):
    def make(self, X):
        return np.square(X.to_numpy().clip(max=100))


class TakesMinusZeroForAnotherNumber(Bucketed):
    def bits(self, numbers):
        return np.ascontiguousarray(numbers).view(np.int64)


class ReadsTheClockOfItsTimeZone(TimeOfDay):
    def shift(self):
        return time.localtime(0).tm_gmtoff / 86_400


class HashesTextByPython(Hashed):
    def bucket(self, level):
        return hash(level) % 1024


class WritesIntoTheRows(Filled):
    def transform(self, X):
        for name, value in zip(self.feature_names_in_, self.value_, strict=True):
            X.loc[X[name].isna(), name] = value
        return X[list(self.feature_names_in_)]


class SortsTheTarget(Centred):
    def learn(self, X, y):
        super().learn(X, y)
        y.sort()


class DrawsFromTheGlobalGenerator(Jittered):
    def learn(self, X, y):
        super().learn(X, y)
        self.mean_ = self.mean_ + np.random.normal(0, 0.1, X.shape[1])


MEANS = {}


class CachesInTheModule(Centred):
    def learn(self, X, y):
        self.mean_ = MEANS.setdefault(X.shape, X.mean().to_numpy(np.float64))


class FailsAtANewLevel(Coded):
    def numbers(self, column, name):
        return [np.nan if pd.isna(level) else self.codes_[name][level] for level in column]


class NumbersTheLevelsOfTheBatch(Coded):
    def numbers(self, column, name):
        codes = column.cat.remove_unused_categories().cat.codes
        return codes.where(codes >= 0, np.nan)


class FailsWithoutARow(Centred):
    def make(self, X):
        assert X.iloc[0].notna().any
        return super().make(X)


class LearnsNothingFromOneRow(Scaled):
    def learn(self, X, y):
        super().learn(X, y)
        width = X.std().to_numpy()
        self.scale_ = np.where(width == 0, 1.0, width)


class FillsAnEmptyColumnWithInfinity(Filled):
    def learn(self, X, y):
        self.value_ = X.max().fillna(-np.inf).to_numpy(np.float64)


class DropsColumnsThatAreEmptyInTheBatch(Filled):
    def make(self, X):
        return super().make(X)[:, X.notna().to_numpy().any(axis=0)]


class NamesFewerColumnsThanItMakes(Marked):
    def get_feature_names_out(self, input_features=None):
        return self.feature_names_in_


class GivesANameTwice(Marked):
    def get_feature_names_out(self, input_features=None):
        return np.array([*self.feature_names_in_, *self.feature_names_in_])


class LosesTheIndex(Framed):
    def make(self, X):
        return super().make(X).reset_index(drop=True)


class SharesABuffer(Centred):
    def learn(self, X, y):
        super().learn(X, y)
        self.buffer_ = np.empty((500, X.shape[1]))

    def make(self, X):
        rows = self.buffer_[: len(X)]
        for place, name in enumerate(X):
            rows[:, place] = X[name]
            time.sleep(0)  # as reading a file or asking a service would, lets other threads have their turn
            rows[:, place] -= self.mean_[place]
        return rows.copy()


class LosesStateInAPickle(Scaled):
    def make(self, X):
        return (X.to_numpy(np.float64) - self.mean_) / getattr(self, "scale_", 1.0)

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "scale_"}


class FitsAndTransformsOtherwiseAtOnce(Scaled):
    def fit_transform(self, X, y=None):
        return ((X - X.mean()) / X.std().replace(0, 1)).to_numpy() if self.fit(X, y) else None


class SortsTheRows(Centred):
    def make(self, X):
        return super().make(X.sort_values(X.columns[0]))


class DropsRowsWithBlanks(Filled):
    def make(self, X):
        return super().make(X[X.iloc[:, 1].notna()])


class RemembersAnEarlierFit(Centred):
    def learn(self, X, y):
        before = getattr(self, "mean_", None)
        super().learn(X, y)
        self.mean_ = self.mean_ if before is None else (self.mean_ + before) / 2


class KeepsTheFirstOfASet(FirstFive):
    def kept(self, X, y):
        return list(set(X.columns))[:5]


class AlignsTheTargetByLabels(AlikeByPlace):
    def kept(self, X, y):
        return super(AlikeByPlace, self).kept(X, y)

    def target(self, X, y):
        return pd.Series(y)


class CountsYearsFromNow(Centred):
    def make(self, X):
        return date.today().year - X.to_numpy(np.float64)


class EncodesByItsOwnTarget(Coded):
    def codes_of(self, column, y):
        return {level: float(y[(column == level).to_numpy()].mean()) for level in column.dropna().unique()}
