"""Is more data worth it: a run's learning curve, what lies beyond it, what that costs, and which rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.advising.curve import FARTHEST
from mesic.advising.measuring import measure
from mesic.advising.slices import gains_by_slice, slices_of
from mesic.advising.worth import offers
from mesic.errors import SettingError, UsageError
from mesic.host.registry import Registry
from mesic.runs import plan
from mesic.runs.record import read_record
from mesic.runs.rereading import dataset_again, recipe_again, split_again

USUAL_MORE = 0.25  # of the training rows, where which rows help is asked


@dataclass(frozen=True)
class Asked:
    """What is asked about more data.

    Parameters
    ----------
    rows
        How many more; None: several numbers.
    price
        Of a row with its label; None: unknown.
    value
        Of one unit of the metric; None: unknown.
    by
        Column by whose values rows are told apart; None: by class, or by quarters of the target.
    draws
        Sets of rows that are drawn of each small size, from 1.
    """

    rows: int | None = None
    price: float | None = None
    value: float | None = None
    by: str | None = None
    draws: int = 3


@dataclass(frozen=True)
class DataAdvice:
    """What more data would bring.

    Parameters
    ----------
    run, learner, metric
        Of which run, which recipe, by what.
    greater_is_better
        Whether more of the metric is better.
    now, reach
        Rows that the model learns from, and the most of which anything is said.
    law_from
        The smallest size that a power law holds from; None where none does.
    curve
        A score with its interval a size.
    ahead
        Scores to expect beyond, with intervals; empty where nothing is said.
    refused
        Why nothing is said of more rows; empty where something is.
    offers
        A line a number of more rows.
    slices
        A line a slice: by how much its loss falls by ``slices_more`` more rows.
    slices_more, slices_by, loss
        More rows, what tells slices apart, and their loss.
    price, value
        As asked.
    """

    run: str
    learner: str
    metric: str
    greater_is_better: bool
    now: int
    reach: int
    law_from: int | None
    curve: Sequence[Mapping[str, Any]]
    ahead: Sequence[Mapping[str, Any]]
    refused: str
    offers: Sequence[Mapping[str, Any]]
    slices: Sequence[Mapping[str, Any]]
    slices_more: int
    slices_by: str
    loss: str
    price: float | None
    value: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return dict(self.__dict__)


def advise_data(
    folder: Path, asked: Asked, registry: Registry, *, threads: int, say: Callable[[str], None] = lambda _: None
) -> DataAdvice:
    """Fit a finished run's recipe on ever more of its training rows, and say what more of them would bring.

    The test part is not read: scores are out of fold.

    Parameters
    ----------
    folder
        Of the run.
    asked
        What is asked.
    registry
        Where names are looked up.
    threads
        Of the numeric libraries.
    say
        Told what is being done.

    Raises
    ------
    UsageError
        The run did not finish, or more rows are asked about than the curve reaches.
    DataError
        The source gives other rows now, or there are too few.
    """
    record = read_record(folder)
    if record.get("status") != "finished" or record.get("verb") != "run":
        raise UsageError(f"run={folder} is no finished run: give the folder of one that `mesic run` ended")
    dataset = dataset_again(folder, record, key="run")
    split = split_again(record, dataset)
    slices = slices_of(dataset, asked.by)
    config, now = record["config"], int(split.train.size)
    largest = round(sum(fit.size for fit, _ in split.folds) / len(split.folds))
    _refuse_beyond(asked.rows, now, int(FARTHEST * largest))
    recipe = recipe_again(folder, record, registry, threads)
    measured = measure(
        recipe, dataset, split.folds, draws=asked.draws, seed=config["seed"], by_time=split.by == "time", say=say
    )
    name, metric = next(iter(plan.metrics_of(registry, config, dataset.task).items()))
    curve = measured.curve(name, metric, level=config["interval"]["level"])
    more = asked.rows or max(1, round(USUAL_MORE * now))
    is_said = not curve.refusal
    loss = "squared error" if dataset.task == "regression" else "log loss"
    return DataAdvice(
        run=str(folder),
        learner=recipe.learner.name,
        metric=name,
        greater_is_better=metric.greater_is_better,
        now=now,
        reach=curve.reach,
        law_from=int(curve.sizes[curve.start]) if is_said and curve.start is not None else None,
        curve=curve.points(),
        ahead=[curve.expected(size) for size in _ahead(measured.sizes[-1], curve.reach)] if is_said else [],
        refused=curve.refusal,
        offers=offers(curve, now, asked.rows, asked.price, asked.value) if is_said else [],
        slices=gains_by_slice(measured, slices, loss, now=now, more=more, level=config["interval"]["level"]),
        slices_more=more,
        slices_by=asked.by or ("class" if dataset.classes else "quarters of the target"),
        loss=loss,
        price=asked.price,
        value=asked.value,
    )


def _refuse_beyond(rows: int | None, now: int, reach: int) -> None:
    if rows is not None and now + rows > reach:
        raise SettingError(
            "rows",
            rows,
            f"at most {max(0, reach - now):,}: of more than 8 times the rows that were fitted on nothing can be said",
        )


def _ahead(last: int, reach: int) -> list[int]:
    return [round(last * (reach / last) ** (step / 12)) for step in range(13)]
