"""Every k-th row, from a random start; dangerous where the rows have a period, which is looked for."""

import numpy as np

from mesic import Finding, Sample, SettingError

NEIGHBOURS = 5
LEAST_ROWS_A_PHASE = 3
WORSE_THAN_CHANCE = 2.0
SURE = 1e-4


class Systematic:
    """Draw a random one of the first ``step`` rows, and every ``step``-th after it.

    Rows are taken in the order of ``source.time`` where it is declared, else as they stand. Where they have a period
    of about the step, all drawn rows are of one phase (all of them midnight), and the sample is far worse than one by
    chance. So the target and every column of numbers are looked at: if their means differ between starts more than
    those of random samples do, a finding says so and names a step nearby for which they do not.

    Parameters
    ----------
    step : int, default=10
        Every how many rows one is drawn, from 1; each stands for so many.

    Examples
    --------
    >>> from mesic import TrainingView
    >>> sample = Systematic(step=4).sample(TrainingView(None, np.arange(12.0)), np.random.default_rng(1))
    >>> np.diff(sample.index).tolist(), sample.weight.sum()
    ([4, 4], np.float64(12.0))
    """

    def __init__(self, step=10):
        self.step = step

    def sample(self, view, rng):
        """Return the drawn rows, with weights that add up to the number of all."""
        if self.step < 1:
            raise SettingError("step", self.step, "a whole number from 1")
        order = np.arange(len(view)) if view.time is None else np.argsort(view.time, kind="stable")
        start = int(rng.integers(min(self.step, len(view))))
        index = np.sort(order[start :: self.step])
        weight = np.full(index.size, len(view) / index.size)
        return Sample(index, weight, findings=tuple(self._findings(view, order)))

    def _findings(self, view, order):
        columns = {"the target": np.asarray(view.y, dtype=float)}
        if view.X is not None:
            numbers = view.X.select_dtypes("number")
            columns |= {f"column {str(name)!r}": numbers[name].to_numpy(float) for name in numbers}
        columns = {name: values[order] for name, values in columns.items()}
        excess = {name: _excess(values, self.step, SURE / len(columns)) for name, values in columns.items()}
        name, worst = max(excess.items(), key=lambda item: item[1])
        if worst <= WORSE_THAN_CHANCE:
            return
        near = sorted(range(max(2, self.step - NEIGHBOURS), self.step + NEIGHBOURS + 1), key=self._distance)
        better = [k for k in near if all(_excess(values, k, SURE) <= WORSE_THAN_CHANCE for values in columns.values())]
        instead = f"sampler.step={better[0]}" if better else "sampler=random"
        yield Finding(
            "PERIODIC-ORDER",
            "warning",
            f"the rows have a period: with step {self.step} the mean of {name} has {worst:.3g} times the variance of a "
            "random sample of that size",
            {"step": self.step, "variance_ratio": worst, "of": name},
            f"{instead}, or shuffle the rows",
        )

    def _distance(self, step):
        return abs(step - self.step), step


def _excess(values, step, level):
    """Return the variance of the mean over starts, over that of random samples; 0 where chance explains it."""
    from scipy import special

    known = ~np.isnan(values)
    phase = np.arange(values.size)[known] % step
    values = values[known]
    counts = np.bincount(phase, minlength=step)
    within = values.size - step
    if step < 2 or counts.min() < LEAST_ROWS_A_PHASE:
        return 0.0
    means = np.bincount(phase, values, minlength=step) / counts
    between_squares = float(counts @ (means - values.mean()) ** 2)
    within_squares = float(((values - means[phase]) ** 2).sum())
    if within_squares <= 0:
        return np.inf if between_squares > 0 else 0.0
    ratio = (between_squares / (step - 1)) / (within_squares / within)
    if special.fdtrc(step - 1, within, ratio) > level:
        return 0.0
    return float(between_squares / (step - 1) / values.var(ddof=1))
