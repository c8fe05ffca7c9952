"""What acme offers to mesic; nothing heavy is imported here."""

from dataclasses import dataclass

from mesic import Component, Range, StreamOptions, hookimpl, option


@dataclass
class RidgeOptions:
    """Options of acme's ridge."""

    alpha: float = option(1.0, "strength of the penalty", low=0)


@dataclass
class SpreadOptions:
    """Options of acme's selector."""

    at_least: float = option(0.0, "smallest variance of a column", low=0)


@dataclass
class SpoolOptions(StreamOptions):
    """Options of acme's stream."""

    folder: str = option("spool", "folder of files, each a record")
    output: str = option("answers.jsonl", "file of answers")


@hookimpl
def register_learners():
    """Offer a learner straight from scikit-learn."""
    space = {"alpha": Range(0.01, 100, log=True, complexity=-1)}
    yield Component(
        "acme_ridge", "sklearn.linear_model:Ridge", "ridge regression", RidgeOptions, ("regression",), space=space
    )


@hookimpl
def register_selectors():
    """Offer a selector of our own."""
    yield Component("acme_spread", "acme_ml.spread:Spread", "columns that vary enough", SpreadOptions)


@hookimpl
def register_streams():
    """Offer a stream of our own."""
    yield Component("acme_spool", "acme_ml.spool:Spool", "files of a folder, each a record", SpoolOptions)
