"""What a label says of an answer, as a reward: the higher, the better."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesic.errors import UsageError

SHARE = "p_"
Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """How a label becomes a reward.

    Parameters
    ----------
    name
        One of :data:`MEASURES`.
    classes
        Labels that a version knows; empty: the target is a number.
    low, high
        Range of the rewards; what a measure without an end says is cut off at `low`.
    costs
        Of each answer, by class, for ``cost``.

    Examples
    --------
    >>> answer = {"prediction": "yes", "p_no": 0.25, "p_yes": 0.75}
    >>> Measure("accuracy", ("no", "yes")).reward(answer, "no"), Measure("brier", ("no", "yes")).reward(answer, "yes")
    (0.0, 0.9375)
    >>> Measure("mae", (), -10.0, 0.0).reward({"prediction": 5.0}, 7)
    -2.0
    """

    name: str
    classes: tuple[str, ...]
    low: float = 0.0
    high: float = 1.0
    costs: Mapping[str, Mapping[str, float]] | None = None

    def refuse_strange(self) -> None:
        """Raise UsageError where it is none of the target, or costs are asked for that nobody said."""
        fitting = [name for name in MEASURES if (name in OF_NUMBERS) != bool(self.classes)]
        if self.name not in fitting:
            target = "classes" if self.classes else "a number"
            raise UsageError(
                f"labels.measure={self.name} cannot work, as the target is {target}: give one of {', '.join(fitting)}"
            )
        if self.name == "cost" and not self.costs:
            raise UsageError("labels.measure=cost cannot work: no run said costs=; say them in a run, or give another")

    def refuse_unfit(self) -> None:
        """Raise UsageError where its rewards lie outside of their range."""
        low, high = self._ends()
        if self.low > low or self.high < high:
            least = "-LARGEST" if self.name in WITHOUT_END else f"{low:g}"
            raise UsageError(
                f"rewards from {self.low:g} to {self.high:g} do not hold those of labels by {self.name}: deploy with "
                f"rollout.low={least} rollout.high={high:g}, or another labels.measure="
            )

    def _ends(self) -> tuple[float, float]:
        """Return the range that its rewards need; of those without an end some room below 0."""
        if self.name in ("accuracy", "brier"):
            return 0.0, 1.0
        if self.name == "cost":
            every = [cost for row in (self.costs or {}).values() for cost in row.values()]
            return -max(every), -min(every)
        return min(self.low, -1e-9), 0.0

    def label(self, said: object) -> str | float:
        """Return a label as the model knows it.

        Raises
        ------
        UsageError
            No version knows the class, or it is no number.
        """
        if not self.classes:
            return _number(said)
        from mesic.data.preparing import label_as_known

        label = label_as_known(said, self.classes) if isinstance(said, (str, int, float)) else ""
        if label not in self.classes:
            raise UsageError(f"label={str(said)[:60]!r} is no class that a version knows: {', '.join(self.classes)}")
        return label

    def reward(self, answer: Answer, said: object) -> float:
        """Return the reward of an answer whose truth is known.

        Parameters
        ----------
        answer
            ``prediction``, and ``p_<label>`` for classes.
        said
            The label, or the number.

        Raises
        ------
        UsageError
            It is no label, or the answer held no decision and this measure needs one.
        """
        label = self.label(said)
        if answer["prediction"] is None and self.name not in OF_SHARES:
            raise UsageError(f"the answer held no decision, of which {self.name} says nothing: send a reward")
        return max(self.low, MEASURES[self.name](self, answer, label))


def _number(said: object) -> float:
    try:
        number = math.nan if isinstance(said, bool) or not isinstance(said, (str, int, float)) else float(said)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"label={str(said)[:60]!r} is no number, as the target is")
    return number


def _accuracy(measure: Measure, answer: Answer, label: Any) -> float:  # noqa: ARG001 - as every measure
    return float(answer["prediction"] == label)


def _brier(measure: Measure, answer: Answer, label: Any) -> float:  # noqa: ARG001
    squares = math.fsum(share * share for name, share in answer.items() if name.startswith(SHARE))
    return 1 - (squares - 2 * float(answer.get(SHARE + label, 0.0)) + 1) / 2


def _log_loss(measure: Measure, answer: Answer, label: Any) -> float:  # noqa: ARG001
    from mesic.evaluation.losses import SMALLEST_PROBABILITY as LEAST

    return math.log(min(max(answer.get(SHARE + label, 0.0), LEAST), 1 - LEAST))


def _cost(measure: Measure, answer: Answer, label: Any) -> float:
    row = (measure.costs or {}).get(label, {})
    if answer["prediction"] not in row:
        raise UsageError(f"the costs do not say what {answer['prediction']!r} costs where {label!r} is right")
    return -row[answer["prediction"]]


def _mae(measure: Measure, answer: Answer, label: Any) -> float:  # noqa: ARG001
    return -abs(float(answer["prediction"]) - float(label))


def _mse(measure: Measure, answer: Answer, label: Any) -> float:  # noqa: ARG001
    return -(abs(float(answer["prediction"]) - float(label)) ** 2)


MEASURES: dict[str, Callable[[Measure, Answer, Any], float]] = {
    "accuracy": _accuracy,
    "brier": _brier,
    "log_loss": _log_loss,
    "cost": _cost,
    "mae": _mae,
    "mse": _mse,
}
OF_NUMBERS, OF_SHARES, WITHOUT_END = ("mae", "mse"), ("brier", "log_loss"), ("log_loss", "mae", "mse")


def usual(classes: Sequence[str]) -> str:
    """Return the measure where none is asked for."""
    return "accuracy" if classes else "mae"
