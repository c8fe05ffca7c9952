"""One label of many: by majority, by Dawid and Skene's model, or by one labeler's word."""

from dataclasses import dataclass

import numpy as np

from mesic.errors import SettingError
from mesic.host.names import did_you_mean
from mesic.labels.ratings import Ratings

MOST_STEPS = 500
TOLERANCE = 1e-7
SINGLE = "single:"


@dataclass(frozen=True)
class Consensus:
    """What labelers together say of each item.

    Parameters
    ----------
    probability
        Of each class, shape (items, classes); rows add up to 1.
    accuracy
        Expected share of each labeler's labels that are the item's true class, shape (labelers,).
    aggregation
        How it was made.
    """

    probability: np.ndarray
    accuracy: np.ndarray
    aggregation: str

    @property
    def label(self) -> np.ndarray:
        """The most probable class of each item; of equal ones the first, shape (items,)."""
        return np.asarray(self.probability.argmax(axis=1))

    @property
    def certainty(self) -> np.ndarray:
        """Probability of the most probable class, shape (items,)."""
        return np.asarray(self.probability.max(axis=1))


def consensus(ratings: Ratings, aggregation: str = "dawid_skene") -> Consensus:
    """Return one label of many.

    Parameters
    ----------
    ratings
        Labels of several labelers.
    aggregation
        ``dawid_skene``, ``majority``, or ``single:`` and the name of a labeler.

    Raises
    ------
    SettingError
        There is no such aggregation or labeler.

    Examples
    --------
    >>> import pandas as pd
    >>> from mesic.labels.ratings import ratings_of
    >>> who = pd.Series(["x", "y", "z"] * 2)
    >>> found = ratings_of(pd.Series(list("aaabbb")), who, pd.Series(["no", "yes", "no", "yes", "yes", "yes"]))
    >>> consensus(found, "majority").label.tolist()
    [0, 1]
    """
    if aggregation == "majority":
        votes = ratings.votes
        shares = votes / votes.sum(axis=1, keepdims=True)
        return Consensus(shares, _share_like(ratings, shares.argmax(axis=1)), aggregation)
    if aggregation == "dawid_skene":
        return dawid_skene(ratings)
    name = aggregation.removeprefix(SINGLE)
    if not aggregation.startswith(SINGLE) or name not in ratings.labelers:
        near = did_you_mean(name, ratings.labelers)
        raise SettingError("aggregation", aggregation, f"dawid_skene, majority or single:LABELER{near}")
    own = ratings.labeler == ratings.labelers.index(name)
    share = ratings.votes / ratings.votes.sum(axis=1, keepdims=True)  # an item that the labeler left out
    share[ratings.item[own]] = np.eye(len(ratings.classes))[ratings.label[own]]
    return Consensus(share, _share_like(ratings, share.argmax(axis=1)), aggregation)


def _share_like(ratings: Ratings, label: np.ndarray) -> np.ndarray:
    right = (ratings.label == label[ratings.item]).astype(float)
    return _mean_by_labeler(ratings, right)


def _mean_by_labeler(ratings: Ratings, values: np.ndarray) -> np.ndarray:
    count = len(ratings.labelers)
    return np.bincount(ratings.labeler, values, minlength=count) / np.bincount(ratings.labeler, minlength=count)


def dawid_skene(ratings: Ratings) -> Consensus:
    """Return the consensus under a model in which each labeler confuses classes in a way of their own.

    Maximises the likelihood by expectation and maximisation from the shares of votes, with one label a class and
    labeler beforehand, spread as all labels are, so that a labeler of few labels is not believed too much.

    References
    ----------
    A. P. Dawid, A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM algorithm, Applied
    Statistics 28, 1979.
    """
    k, labelers = len(ratings.classes), len(ratings.labelers)
    votes = ratings.votes
    probability = votes / votes.sum(axis=1, keepdims=True)
    usual = votes.sum(axis=0) / votes.sum()
    for _ in range(MOST_STEPS):
        before = probability
        confusion = np.tile(usual, (labelers, k, 1))  # of labeler, true class, label
        for true in range(k):
            flat = ratings.labeler * k + ratings.label
            seen = np.bincount(flat, probability[ratings.item, true], minlength=labelers * k)
            confusion[:, true] += seen.reshape(labelers, k)
        confusion /= confusion.sum(axis=2, keepdims=True)
        share = probability.mean(axis=0)
        score = np.tile(np.log(np.maximum(share, 1e-300)), (len(ratings.items), 1))
        np.add.at(score, ratings.item, np.log(confusion[ratings.labeler, :, ratings.label]))
        probability = np.exp(score - score.max(axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        if np.abs(probability - before).max() < TOLERANCE:
            break
    accuracy = _mean_by_labeler(ratings, probability[ratings.item, ratings.label])
    return Consensus(probability, accuracy, "dawid_skene")
