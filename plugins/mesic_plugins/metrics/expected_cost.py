"""What mistakes cost."""

import numpy as np

from mesic import SettingError
from mesic_plugins.metrics.confusion import OfConfusion


class ExpectedCost(OfConfusion):
    """Mean cost of a row, in the unit of the costs.

    Parameters
    ----------
    false_positive, false_negative : float, default=1.0
        Cost of answering 1 for 0, and 0 for 1, from 0; for two classes.
    costs : list of list of float, optional
        For any number of classes: ``costs[i][j]`` is that of answering j for i. Replaces the other two.

    Raises
    ------
    SettingError
        Costs are no square table, or it is smaller than the number of classes.

    References
    ----------
    C. Elkan, The foundations of cost-sensitive learning, IJCAI 2001.

    Examples
    --------
    >>> ExpectedCost(false_negative=5).score(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]))
    1.5
    """

    name = "expected_cost"
    greater_is_better = False

    def __init__(self, false_positive=1.0, false_negative=1.0, costs=None):
        for setting, cost in (("false_positive", false_positive), ("false_negative", false_negative)):
            if not cost >= 0:
                raise SettingError(setting, cost, "a cost from 0")
        self.costs = _table([[0.0, false_positive], [false_negative, 0.0]] if costs is None else costs)
        self.bounds = (float(self.costs.min()), float(self.costs.max()))

    def classes(self, y, prediction):
        """Return the number of classes that have costs."""
        if (seen := super().classes(y, prediction)) > len(self.costs):
            raise SettingError("costs", self.costs.tolist(), f"one row and one column for each of {seen} classes")
        return len(self.costs)

    def of_table(self, table):
        """Return the mean cost."""
        return (table * self.costs).sum(axis=(-2, -1))


def _table(costs):
    try:
        table = np.array(costs, dtype=float)
    except (TypeError, ValueError) as error:
        raise SettingError(
            "costs", costs, "lists of numbers, one a class and all as long as there are classes"
        ) from error
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2 or not np.isfinite(table).all():
        raise SettingError("costs", costs, "lists of numbers, one a class and all as long as there are classes")
    return table
