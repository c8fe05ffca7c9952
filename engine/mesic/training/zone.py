"""The zone of solutions: the trials that cannot be told from the best, and what is taken from among them.

A trial is in the zone when its mean out-of-fold loss exceeds the best trial's by no more than luck alone would explain
(:mod:`~mesic.training.confidence`). What is taken from the zone loses besides at most a small share of the skill that
the best trial has over always predicting the same, which bounds the damage where the data can tell little. The gap
between training and validation loss is drawn, never used as a limit.

References
----------
A. Burkov, Machine Learning Engineering, 2020, chapter 5: the zone of solutions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mesic.config.settings import Zone as ZoneSettings
from mesic.training.confidence import excess_over, limit_of_one


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried.

    Parameters
    ----------
    number
        In the order of trying, from 0.
    params
        Options of the learner that were searched.
    losses
        Out-of-fold loss a row, shape (m,); the same rows for every trial. None when it failed.
    loss
        Their weighted mean, which the tuner hears; NaN when it failed.
    train_loss
        Mean loss on rows that the models were fitted on.
    fold_losses
        Mean loss a fold.
    complexity
        ``(size, unit)`` or None.
    fit_s
        Wall seconds of its fits and predictions.
    predict_us
        Wall microseconds that a row took.
    error
        What went wrong, or None.
    bias, variance
        What makes its squared error: bias and noise together, and variance; NaN where they were not estimated.
    is_screened
        Whether it was fitted in the first fold only, by plan.
    is_lost
        Whether it was clearly worse there than the best trial.
    of
        The trial whose options it tries again, in all folds; None for others.
    excess
        By how much it exceeds each of the constraints, 0 or less where it does not.
    is_out
        Whether it was clearly worse than the best trial on its first folds, and not fitted on the others; its loss is
        then what it would have been.
    """

    number: int
    params: Mapping[str, Any]
    losses: np.ndarray | None
    loss: float = float("nan")
    train_loss: float = float("nan")
    fold_losses: tuple[float, ...] = ()
    complexity: tuple[float, str] | None = None
    fit_s: float = 0.0
    predict_us: float = float("nan")
    error: str | None = None
    is_out: bool = False
    bias: float = float("nan")
    variance: float = float("nan")
    excess: Mapping[str, float] = field(default_factory=dict)
    is_screened: bool = False
    is_lost: bool = False
    of: int | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether it keeps to all constraints."""
        return all(value <= 0 for value in self.excess.values())

    def measure(self, name: str) -> float:
        """Return ``predict_us``, ``complexity`` or ``variance``; infinite where it is not known."""
        value = self.complexity[0] if name == "complexity" and self.complexity else getattr(self, name)
        return value if isinstance(value, float) and np.isfinite(value) else float("inf")

    @property
    def state(self) -> str:
        """How it ended: ``complete``, ``pruned`` or ``failed``."""
        return "pruned" if self.is_out else "failed" if self.losses is None else "complete"

    def as_dict(self) -> dict[str, Any]:
        """Return the trial as ``trials.jsonl`` stores it."""
        return {
            "number": self.number,
            "state": self.state,
            "params": dict(self.params),
            "loss": self.loss,
            "fold_losses": list(self.fold_losses),
            "train_loss": self.train_loss,
            "complexity": list(self.complexity) if self.complexity else None,
            "bias": self.bias,
            "variance": self.variance,
            **({"excess": dict(self.excess)} if self.excess else {}),
            **({"screened": True} if self.is_screened else {}),
            **({"lost": True} if self.is_lost else {}),
            **({} if self.of is None else {"of": self.of}),
            "error": self.error,
        }


def estimate_zone(
    trials: Sequence[Trial],
    baseline_loss: float,
    settings: ZoneSettings,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return the zone as ``zone.json`` stores it.

    Parameters
    ----------
    trials
        At least one of them complete.
    baseline_loss
        Mean out-of-fold loss of the zero rule on the same rows.
    settings
        ``zone.*`` of the configuration.
    weight, groups
        Of the rows, shape (m,) each, or None.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> base = rng.exponential(size=500)
    >>> trials = [Trial(n, {"C": n}, base + n, float(np.mean(base + n))) for n in (0, 1)]
    >>> estimate_zone(trials, 3.0, ZoneSettings())["members"]
    [0]
    """
    complete = [trial for trial in trials if trial.losses is not None and np.isfinite(trial.loss)]
    complete = [trial for trial in complete if trial.is_feasible] or complete
    best = min(complete, key=lambda trial: (trial.loss, trial.number))
    losses = [trial.losses for trial in complete if trial.losses is not None]
    assert best.losses is not None
    excess = excess_over(best.losses, losses, level=settings.level, weight=weight, groups=groups)
    allowed = settings.tolerance * max(baseline_loss - best.loss, 0.0)
    members = _those(complete, excess.cannot_be_told)
    takeable = _those(complete, excess.cannot_be_told & (excess.mean <= allowed))
    chosen, reason = choose(takeable, settings.prefer)
    unit = best.complexity[1] if best.complexity else None
    sizes = _limits([size for trial in members if (size := _size_in(trial, unit)) is not None])
    return {
        "best": best.number,
        "chosen": chosen.number,
        "reason": reason,
        "members": [trial.number for trial in members],
        "takeable": [trial.number for trial in takeable],
        "edges": _edges(members),
        "complexity": unit,
        "complexity_edges": sizes,
        "complexity_width": sizes[1] / sizes[0] if sizes and sizes[0] > 0 else None,
        "baseline_loss": baseline_loss,
        "level": settings.level,
        "standard_errors": max(float(np.median(excess.limit)), limit_of_one(settings.level)),
        "tolerance": allowed,
        "rule": (
            f"not told from the best trial by paired out-of-fold losses at level {settings.level:g}; what is taken "
            f"loses at most {settings.tolerance:.1%} of its skill over the zero rule"
        ),
        "trials": [_drawn(trial, unit, weight, members, takeable) for trial in complete],
        "pruned": [_pruned(trial, unit) for trial in trials if trial.is_out],
        "sides": {str(trial.number): side_of(trial, best) for trial in trials if _is_outside(trial, members)},
    }


def front_of(trials: Sequence[Trial], beside: Sequence[str]) -> list[int]:
    """Return the numbers of complete trials that no other beats in the loss and in all measures beside it.

    Examples
    --------
    >>> told = [(1.0, 9.0), (2.0, 3.0), (3.0, 4.0)]
    >>> trials = [Trial(n, {}, np.ones(1), loss, predict_us=us) for n, (loss, us) in enumerate(told)]
    >>> front_of(trials, ["predict_us"])
    [0, 1]
    """
    complete = [trial for trial in trials if trial.losses is not None]
    told = np.array([[trial.loss, *(trial.measure(name) for name in beside)] for trial in complete])
    beaten = [bool(((told <= own).all(axis=1) & (told < own).any(axis=1)).any()) for own in told]
    return [trial.number for trial, is_beaten in zip(complete, beaten, strict=True) if not is_beaten]


def _those(trials: Sequence[Trial], mask: np.ndarray) -> list[Trial]:
    return [trial for trial, is_meant in zip(trials, mask, strict=True) if is_meant]


def standard_error(values: np.ndarray, weight: np.ndarray | None) -> float:
    """Return that of the weighted mean of values, shape (n,)."""
    if values.size < 2:
        return 0.0
    share = np.full(values.size, 1 / values.size) if weight is None else weight / weight.sum()
    spread = values - np.sum(share * values)
    return float(np.sqrt(np.sum((share * spread) ** 2) * values.size / (values.size - 1)))


def paired_excess(losses: np.ndarray, others: np.ndarray, weight: np.ndarray | None = None) -> tuple[float, float]:
    """Return by how much losses exceed others of the same rows on average, and the standard error of that."""
    excess = losses - others
    return float(np.average(excess, weights=weight)), standard_error(excess, weight)


def choose(members: Sequence[Trial], prefer: str) -> tuple[Trial, str]:
    """Return one trial of the zone, and why.

    Parameters
    ----------
    members
        Of the zone, those that may be taken.
    prefer
        ``best``: the lowest loss; ``simplest``: the smallest complexity of those that tell it in the unit of the best;
        ``fastest``: the least time a row, to one
        digit, and of these the smallest; ``stable``: the least variance.
    """
    of = f"of {len(members)} in the zone that may be taken"
    best = min(members, key=lambda trial: (trial.loss, trial.number))
    if prefer == "simplest" and best.complexity is not None:
        chosen = min((t for t in members if t.complexity and t.complexity[1] == best.complexity[1]), key=_size)
        return chosen, f"the simplest {of}: {_size_text(chosen)}"
    if prefer == "fastest":
        chosen = min(members, key=lambda trial: (float(f"{trial.predict_us:.0e}"), _size(trial)))
        return chosen, f"the fastest {of}: {chosen.predict_us:.2g} us a row"
    known = [trial for trial in members if np.isfinite(trial.variance)]
    if prefer == "stable" and known:
        chosen = min(known, key=lambda trial: (trial.variance, trial.number))
        return chosen, f"the most stable {of}: another sample changes its answers by {chosen.variance:.3g} (squared)"
    return best, "the lowest out-of-fold loss"


def _size_in(trial: Trial, unit: str | None) -> float | None:
    return trial.complexity[0] if trial.complexity and trial.complexity[1] == unit else None


def _size(trial: Trial) -> tuple[float, int]:
    return (trial.complexity[0] if trial.complexity else np.inf), trial.number


def _size_text(trial: Trial) -> str:
    size, unit = trial.complexity or (np.nan, "")
    return f"{size:,.4g} {unit}"


def _edges(members: Sequence[Trial]) -> dict[str, Any]:
    names = dict.fromkeys(name for trial in members for name in trial.params)
    return {name: _limits([trial.params[name] for trial in members if name in trial.params]) for name in names}


def _limits(values: Sequence[Any]) -> list[Any] | None:
    if not values:
        return None
    is_number = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    return [min(values), max(values)] if is_number else sorted(set(values), key=str)


def _drawn(
    trial: Trial, unit: str | None, weight: np.ndarray | None, members: Sequence[Trial], takeable: Sequence[Trial]
) -> dict[str, Any]:
    assert trial.losses is not None
    return {
        "number": trial.number,
        "loss": trial.loss,
        "loss_se": standard_error(trial.losses, weight),
        "train_loss": trial.train_loss,
        "complexity": _size_in(trial, unit),
        "bias": trial.bias,
        "variance": trial.variance,
        "in_zone": any(member is trial for member in members),
        "takeable": any(member is trial for member in takeable),
        "params": dict(trial.params),
    }


def _pruned(trial: Trial, unit: str | None) -> dict[str, Any]:
    return {
        "number": trial.number,
        "loss": trial.loss,
        "train_loss": trial.train_loss,
        "complexity": _size_in(trial, unit),
        "params": dict(trial.params),
    }


def _is_outside(trial: Trial, members: Sequence[Trial]) -> bool:
    return trial.state != "failed" and all(member.number != trial.number for member in members)


def side_of(trial: Trial, best: Trial) -> str:
    """Return on which side of the zone a trial lies, ``bias`` or ``variance``: which has grown more against the best.

    Where these were not estimated, as for trials that were out of the race, the training loss tells: who does not even
    fit the training rows as well is too simple.

    Examples
    --------
    >>> best = Trial(0, {}, None, bias=0.10, variance=0.02)
    >>> side_of(Trial(1, {}, None, bias=0.15, variance=0.01), best), side_of(Trial(2, {}, None, train_loss=0.0), best)
    ('bias', 'variance')
    """
    more_bias, more_variance = trial.bias - best.bias, trial.variance - best.variance
    if np.isfinite(more_bias) and np.isfinite(more_variance):
        return "bias" if more_bias >= more_variance else "variance"
    return "bias" if trial.train_loss > best.train_loss else "variance"
