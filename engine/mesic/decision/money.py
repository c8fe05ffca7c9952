"""What answers cost: a table of costs by class and answer, money per 1,000 rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesic.errors import UsageError
from mesic.evaluation.metrics import Metric
from mesic.host.names import did_you_mean

PER = 1_000
OF_TWO = {"true_negative": (0, 0), "false_positive": (0, 1), "false_negative": (1, 0), "true_positive": (1, 1)}


def has_costs(said: Mapping[str, Any]) -> bool:
    """Return whether a configuration says what answers cost."""
    return bool(said.get("matrix")) or any(said.get(name) is not None for name in OF_TWO)


def cost_matrix(said: Mapping[str, Any], classes: Sequence[str]) -> np.ndarray | None:
    """Return what answers cost, shape (k, k), a row a class and a column an answer; None where nothing is said.

    Parameters
    ----------
    said
        The part ``costs`` of a configuration; what is not said costs nothing.
    classes
        Labels by code.

    Raises
    ------
    UsageError
        Costs of two classes are given for more, or a label is none.

    Examples
    --------
    >>> cost_matrix({"false_negative": 5.0, "false_positive": 1.0}, ("No", "Yes")).tolist()
    [[0.0, 1.0], [5.0, 0.0]]
    >>> cost_matrix({"matrix": {"b": {"a": 2.0, "c": 3}}}, ("a", "b", "c")).tolist()
    [[0.0, 0.0, 0.0], [2.0, 0.0, 3.0], [0.0, 0.0, 0.0]]
    """
    if not has_costs(said):
        return None
    table = np.zeros((len(classes), len(classes)))
    if said.get("matrix"):
        for label, row in said["matrix"].items():
            for answer, cost in row.items():
                table[_code(label, classes), _code(answer, classes)] = float(cost)
        return table
    named = [name for name in OF_TWO if said.get(name) is not None]
    if len(classes) != 2:
        instead = "give costs.matrix={CLASS: {ANSWER: COST}}"
        raise UsageError(f"costs.{named[0]} is of two classes, and here are {len(classes)}: {instead}")
    for name in named:
        table[OF_TWO[name]] = float(said[name])
    return table


def _code(label: Any, classes: Sequence[str]) -> int:
    if str(label) not in classes:
        near = did_you_mean(str(label), list(classes))
        raise UsageError(f"costs.matrix names {str(label)!r}, which is no class; classes: {', '.join(classes)}{near}")
    return classes.index(str(label))


class Money(Metric):
    """Mean cost of 1,000 rows, in the unit of the costs; below 0 they earn.

    Parameters
    ----------
    costs
        Shape (k, k), a row a class and a column an answer.

    References
    ----------
    C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.

    Examples
    --------
    >>> money = Money(np.array([[0.0, 1.0], [5.0, 0.0]]))
    >>> money.score(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]))
    1500.0
    """

    name = "money"
    greater_is_better = False
    needs = "label"

    def __init__(self, costs: np.ndarray) -> None:
        self.costs = costs
        self.bounds = (PER * float(costs.min()), PER * float(costs.max()))

    def cells(self, y: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, int]:
        """Return the cell ``k * class + answer`` of each row, and the number of cells."""
        return y * len(self.costs) + prediction, self.costs.size

    def value(self, means: np.ndarray) -> np.ndarray:
        """Return the cost of 1,000 rows from shares of the cells."""
        return np.asarray(PER * (means * self.costs.ravel()).sum(axis=-1))

    def each(self, y: np.ndarray, answered: np.ndarray) -> np.ndarray:
        """Return what each row cost, 1,000 times, shape (n,)."""
        return np.asarray(PER * self.costs[y, answered])
