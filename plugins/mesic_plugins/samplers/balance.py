"""Classes of more equal weight: rows drawn again, rows left out, or rows that count differently."""

import numpy as np

from mesic import Sample, SettingError


class Oversample:
    """Show rows of small classes several times: each once, and then again by chance.

    Parameters
    ----------
    ratio : float, default=1
        Rows of each class, over those of the largest; classes that have more stay as they are.
    correct : bool, default=True
        Let each row count less the more often its class was drawn, so that classes keep their shares and
        probabilities stay right. Without it the learner sees classes as they were drawn.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> y = np.repeat([0, 1], [8, 2])
    >>> sample = Oversample(ratio=0.5).sample(TrainingView(None, y), np.random.default_rng(0))
    >>> np.bincount(y[sample.index]).tolist(), sample.weight.sum()
    ([8, 4], np.float64(10.0))
    """

    def __init__(self, ratio=1.0, correct=True):
        self.ratio, self.correct = ratio, correct

    def sample(self, view, rng):
        """Return all rows, those of small classes several times."""
        sizes = _class_sizes(view.y, self.ratio)
        wanted = np.maximum(sizes, np.ceil(self.ratio * sizes.max()).astype(int) * (sizes > 0))
        return _resampled(view.y, sizes, wanted, self.correct, rng)


class Undersample:
    """Leave out rows of large classes, by chance.

    Parameters
    ----------
    ratio : float, default=1
        Rows of the smallest class, over those of each other; classes that have fewer stay as they are.
    correct : bool, default=True
        Let each row count more the fewer of its class were drawn, so that classes keep their shares and
        probabilities stay right. Without it the learner sees classes as they were drawn.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> y = np.repeat([0, 1], [8, 2])
    >>> sample = Undersample(ratio=0.5).sample(TrainingView(None, y), np.random.default_rng(0))
    >>> np.bincount(y[sample.index]).tolist(), sample.weight.sum()
    ([4, 2], np.float64(10.0))
    """

    def __init__(self, ratio=1.0, correct=True):
        self.ratio, self.correct = ratio, correct

    def sample(self, view, rng):
        """Return the rows of small classes and some of the others."""
        sizes = _class_sizes(view.y, self.ratio)
        most = np.floor(sizes[sizes > 0].min() / self.ratio).astype(int)
        return _resampled(view.y, sizes, np.minimum(sizes, most), self.correct, rng)


class ClassWeights:
    """Show all rows; those of each class count as much as those of any other.

    Probabilities of such a model are those of a world in which the classes are equally frequent.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> ClassWeights().sample(TrainingView(None, np.array([0, 0, 0, 1])), np.random.default_rng(0)).weight.tolist()
    [0.6666666666666666, 0.6666666666666666, 0.6666666666666666, 2.0]
    """

    def sample(self, view, rng):  # noqa: ARG002 - as every sampler
        """Return all rows with weights that add up to the number of rows."""
        sizes = np.bincount(view.y)
        classes = (sizes > 0).sum()
        return Sample(np.arange(len(view)), (len(view) / (classes * np.maximum(sizes, 1)))[view.y])


def _class_sizes(y, ratio):
    if not 0 < ratio <= 1:
        raise SettingError("ratio", ratio, "a ratio above 0, to 1")
    return np.bincount(y)


def _resampled(y, sizes, wanted, correct, rng):
    pieces = []
    for code in np.flatnonzero(sizes):
        own = np.flatnonzero(y == code)
        again, some = divmod(wanted[code], own.size)
        pieces += [np.repeat(own, again), rng.choice(own, some, replace=False)]
    index = np.sort(np.concatenate(pieces))
    weight = sizes / np.maximum(wanted, 1) if correct else np.ones(sizes.size)
    return Sample(index, weight[y[index]])
